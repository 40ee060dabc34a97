"""One record as text: read on a phone without a PDF viewer, turned over with previous and next."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.link import link
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.objection_form import objection_form
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.state.reading import FactLine, FactSection, ReadingState


def reading() -> rx.Component:
    """Layout of ``/read/<document>``."""
    return shell(
        rx.cond(ReadingState.problem != "", error_notice(ReadingState.problem)),
        rx.cond(ReadingState.done != "", rx.el.div(notice(ReadingState.done, tone="ok"), role="status")),
        rx.cond(
            ReadingState.loaded,
            rx.cond(
                ReadingState.found,
                rx.fragment(
                    rx.cond(ReadingState.questioned != "", notice(ReadingState.questioned, tone="wait")),
                    rx.cond(ReadingState.returned != "", notice(ReadingState.returned, tone="info")),
                    objection_form(ReadingState),
                    rx.foreach(ReadingState.sections, _section),
                    _turn(),
                ),
            ),
            placeholder("420px"),
        ),
        title=ReadingState.title,
        subtitle=ReadingState.subtitle,
        active="/sign",
        actions=rx.el.div(
            link("Quay lại", href=ReadingState.back_href, class_name="button soft"),
            native_link(
                "Bản PDF",
                href="/files/records/" + ReadingState.shown_id,
                target="_blank",
                class_name="button soft",
            ),
            class_name="filters",
        ),
    )


def _turn() -> rx.Component:
    """Under the thumb: the one before, the one after, and saying that something is wrong."""
    return rx.el.nav(
        _to("Trước", ReadingState.previous_href, "chevron-left"),
        rx.el.span(ReadingState.place, class_name="muted", aria_live="polite"),
        rx.cond(
            ReadingState.may_report,
            rx.el.button(
                rx.icon("flag", size=18, aria_hidden=True),
                "Báo sai",
                class_name="button soft",
                on_click=ReadingState.object_to_this,
            ),
        ),
        _to("Sau", ReadingState.next_href, "chevron-right"),
        class_name="turn",
        aria_label="Các hồ sơ",
    )


def _to(words: str, href: Any, icon: str) -> rx.Component:
    shown = [rx.icon(icon, size=18, aria_hidden=True), words]
    if icon == "chevron-right":
        shown.reverse()
    return rx.cond(
        href != "",
        link(*shown, href=href, class_name="button soft"),
        rx.el.span(*shown, class_name="button soft off", aria_hidden=True),
    )


def _section(section: FactSection) -> rx.Component:
    return rx.el.section(
        rx.el.h2(section.title),
        rx.el.dl(rx.foreach(section.lines, _line), class_name="facts reading"),
        class_name="panel",
    )


def _line(line: FactLine) -> rx.Component:
    return rx.fragment(
        rx.el.dt(line.label),
        rx.el.dd(line.text, rx.foreach(line.notes, lambda note: rx.el.div(note, class_name="small note"))),
    )
