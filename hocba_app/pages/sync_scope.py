"""The choice above the button of the page "Đồng bộ": the whole school, or chosen data sets and classes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.fields import select_field, text_field
from hocba_app.components.notice import notice
from hocba_app.state.sync import SyncState
from hocba_app.state.sync_scope import ClassChip, GradeChips, ResourceChip, SyncScopeState


def scope() -> rx.Component:
    """Whole school or part; the part's data sets and classes, and in words what such a run does."""
    return rx.el.div(
        rx.el.div(
            rx.el.label("Năm học", html_for="year"),
            rx.el.select(
                rx.foreach(SyncScopeState.years, lambda year: rx.el.option(year, value=year)),
                id="year",
                value=SyncScopeState.year,
                on_change=SyncState.choose_year,
            ),
            class_name="field",
        ),
        select_field(
            "Phạm vi",
            [("whole", "Cả trường"), ("part", "Chọn loại dữ liệu, lớp")],
            id="scope",
            value=rx.cond(SyncScopeState.part, "part", "whole"),
            on_change=SyncScopeState.choose_part,
            hint=rx.cond(SyncScopeState.part, "", "Lấy mọi thay đổi của mọi lớp từ lần nộp mới nhất."),
        ),
        rx.cond(SyncScopeState.part, _part()),
        class_name="stack scope",
    )


def _part() -> rx.Component:
    return rx.el.div(
        rx.el.fieldset(
            rx.el.legend("Loại dữ liệu (không chọn là lấy mọi loại)"),
            rx.foreach(SyncScopeState.resources, _resource),
            class_name="chips",
        ),
        rx.cond(
            SyncScopeState.class_count > 0,
            rx.el.div(
                text_field(
                    "Lớp (không chọn là lấy mọi lớp)",
                    id="class-search",
                    type="search",
                    placeholder="Tìm lớp, ví dụ 7A",
                    value=SyncScopeState.search,
                    on_change=SyncScopeState.search_classes,
                    auto_complete="off",
                ),
                rx.foreach(SyncScopeState.grades, _grade),
                rx.cond(
                    SyncScopeState.grades.length() == 0, rx.el.p("Không có lớp nào tên như vậy.", class_name="muted")
                ),
                class_name="stack",
            ),
            rx.el.p("Chưa có lớp nào: lần đầu hãy đồng bộ cả trường.", class_name="muted"),
        ),
        rx.el.div(
            notice(SyncScopeState.explanation),
            rx.cond(
                SyncScopeState.nothing,
                rx.fragment(),
                rx.el.div(
                    rx.el.button("Bỏ chọn hết", type="button", class_name="button soft", on_click=SyncScopeState.clear)
                ),
            ),
            class_name="stack",
            aria_live="polite",
        ),
        class_name="stack",
    )


def _resource(chip: ResourceChip) -> rx.Component:
    return _chip(chip.name, chip.chosen, SyncScopeState.toggle_resource(chip.key))


def _grade(row: GradeChips) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Khối ", row.grade),
        _chip("Cả khối", row.all_chosen, SyncScopeState.toggle_grade(row.grade), "Cả khối " + row.grade.to_string()),
        rx.foreach(row.classes, _class),
        class_name="chips",
    )


def _class(chip: ClassChip) -> rx.Component:
    return _chip(chip.name, chip.chosen, SyncScopeState.toggle_class(chip.id))


def _chip(words: Any, chosen: Any, on_click: Any, label: Any = None) -> rx.Component:
    """A button that stays pressed: a tick besides the colour."""
    said = {} if label is None else {"aria_label": label}
    tick = rx.cond(chosen, rx.icon("check", size=16, aria_hidden=True))
    return rx.el.button(
        tick, words, type="button", class_name="button soft", aria_pressed=chosen, on_click=on_click, **said
    )
