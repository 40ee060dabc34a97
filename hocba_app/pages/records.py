"""The page "Học bạ": every record of the year, found by class, kind, step or name."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import Head, column_head, data_table, list_pager
from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import option, select_field, text_field
from hocba_app.components.link import link
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge, step_label
from hocba_app.components.unlock_form import unlock_form
from hocba_app.domain.wording import KIND
from hocba_app.services.records.record_list import STEPS
from hocba_app.state.records import RecordsState, Row


def records() -> rx.Component:
    """Layout of ``/records``."""
    return shell(
        rx.cond(RecordsState.problem != "", error_notice(RecordsState.problem)),
        rx.cond(RecordsState.done != "", notice(RecordsState.done, tone="ok")),
        rx.cond(
            RecordsState.loaded,
            rx.el.div(
                _filters(),
                rx.cond(
                    RecordsState.asking,
                    unlock_form(
                        RecordsState.selected.length(),
                        RecordsState.again,
                        reason=RecordsState.reason,
                        on_reason=RecordsState.set_reason,
                        on_send=RecordsState.send,
                        on_cancel=RecordsState.not_now,
                        needs_approval=RecordsState.needs_approval,
                    ),
                ),
                rx.cond(
                    RecordsState.rows.length() > 0,
                    _table(),
                    empty_state(
                        "Không có hồ sơ nào như vậy", "Hãy bỏ bớt bộ lọc, hoặc tìm bằng mã học sinh.", icon="book-open"
                    ),
                ),
                _chosen(),
                class_name="stack",
            ),
            placeholder("360px"),
        ),
        title="Học bạ",
        active="/records",
        subtitle="Bìa, quá trình học tập và kết quả học tập của từng học sinh.",
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.label("Năm học", html_for="year"),
            rx.el.select(
                rx.foreach(RecordsState.years, lambda year: rx.el.option(year, value=year)),
                id="year",
                value=RecordsState.year,
                on_change=RecordsState.set_year,
            ),
            class_name="field",
        ),
        rx.el.div(
            rx.el.label("Lớp", html_for="class"),
            rx.el.select(
                rx.el.option("Tất cả", value=""),
                rx.foreach(RecordsState.classes, option),
                id="class",
                value=RecordsState.class_id,
                on_change=lambda value: RecordsState.set_filter("class", value),
            ),
            class_name="field",
        ),
        select_field(
            "Loại hồ sơ",
            [("", "Tất cả"), *KIND.items()],
            id="kind",
            value=RecordsState.kind,
            on_change=lambda value: RecordsState.set_filter("kind", value),
        ),
        select_field(
            "Tình trạng",
            [("", "Tất cả"), *((step, step_label(step)) for step in STEPS)],
            id="state",
            value=RecordsState.step,
            on_change=lambda value: RecordsState.set_filter("state", value),
        ),
        select_field(
            "Cần làm lại",
            [("", "Tất cả"), ("1", "Đã chốt khác dữ liệu mới"), ("again", "Đã hủy chốt, chờ chốt lại")],
            id="stale",
            value=RecordsState.stale,
            on_change=lambda value: RecordsState.set_filter("stale", value),
        ),
        text_field(
            "Tìm học sinh",
            id="search",
            value=RecordsState.search,
            on_change=RecordsState.set_search.debounce(300),
            type="search",
            placeholder="Tên hoặc mã",
            auto_complete="off",
            max_length=100,
        ),
        rx.cond(
            RecordsState.class_id != "",
            rx.fragment(
                native_link(
                    "Bảng tổng hợp kết quả (Excel)",
                    href="/files/class-forms/summary/" + RecordsState.class_id,
                    class_name="button soft",
                ),
                native_link(
                    "Biểu mẫu của ngành (Excel)",
                    href="/files/class-forms/sector/" + RecordsState.class_id,
                    class_name="button soft",
                ),
            ),
        ),
        class_name="filters panel",
    )


def _head(text: str, column: str) -> Head:
    return column_head(RecordsState, text, column)


def _table() -> rx.Component:
    return rx.el.section(
        data_table(
            [
                rx.cond(RecordsState.may_ask, rx.el.th("Chọn", scope="col"), rx.fragment()),
                _head("Học sinh", "name"),
                _head("Mã HS", "code"),
                _head("Lớp", "class"),
                "Hồ sơ",
                _head("Tình trạng", "step"),
                "Đang chờ",
                _head("Cập nhật", "updated"),
            ],
            RecordsState.rows,
            _row,
            label="Danh sách học bạ",
        ),
        list_pager(RecordsState, "hồ sơ"),
    )


def _row(row: Row) -> rx.Component:
    return rx.el.tr(
        rx.cond(
            RecordsState.may_ask,
            rx.el.td(
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=RecordsState.selected.contains(row.document_id),
                        on_change=RecordsState.toggle(row.document_id).stop_propagation,
                        disabled=~row.may_choose,
                        aria_label="Chọn " + row.name + " " + row.kind,
                    ),
                    class_name="check-label",
                )
            ),
        ),
        rx.el.th(
            link(row.name, href=row.href),
            rx.cond(row.note != "", rx.el.span(" · " + row.note, class_name="small muted")),
            scope="row",
        ),
        rx.el.td(row.code),
        rx.el.td(row.class_name),
        rx.el.td(row.kind, class_name="brief"),
        rx.el.td(
            status_badge(row.tone, row.step_name),
            rx.cond(
                row.out_of_date, rx.el.div(status_badge("problem", "Khác dữ liệu mới"), style={"marginTop": "4px"})
            ),
            rx.cond(
                row.unlock_asked, rx.el.div(status_badge("wait", "Đang đề nghị hủy chốt"), style={"marginTop": "4px"})
            ),
        ),
        rx.el.td(row.waits_for, class_name="small"),
        rx.el.td(row.updated, class_name="small muted"),
    )


def _chosen() -> rx.Component:
    return rx.cond(
        RecordsState.may_ask,
        rx.el.div(
            rx.cond(
                (RecordsState.class_id != "") & (RecordsState.kind != ""),
                rx.el.button(
                    "Chọn mọi hồ sơ đã chốt của lớp", class_name="button soft", on_click=RecordsState.choose_class
                ),
            ),
            rx.cond(
                (RecordsState.selected.length() > 0) & ~RecordsState.asking,
                rx.fragment(
                    rx.el.button(
                        rx.icon("lock-open", size=18, aria_hidden=True),
                        "Hủy chốt " + RecordsState.selected.length().to_string() + " hồ sơ đã chọn",
                        class_name="button",
                        on_click=RecordsState.ask,
                    ),
                    rx.el.button("Bỏ chọn", class_name="button soft", on_click=RecordsState.clear),
                ),
            ),
            class_name="filters",
        ),
    )
