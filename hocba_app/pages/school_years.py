"""The page "Năm học": every year of the school, what is open in it, and closing it."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import text_field
from hocba_app.components.native_form import native_link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.school_years import Fact, SchoolYearsState, YearCard


def school_years() -> rx.Component:
    """Layout of ``/years``."""
    return shell(
        rx.cond(SchoolYearsState.problem != "", error_notice(SchoolYearsState.problem)),
        rx.cond(SchoolYearsState.done != "", notice(SchoolYearsState.done, tone="ok")),
        rx.cond(
            SchoolYearsState.loaded,
            rx.cond(
                SchoolYearsState.years.length() > 0,
                rx.el.div(rx.foreach(SchoolYearsState.years, _year), class_name="stack", aria_live="polite"),
                empty_state("Chưa có năm học nào", "Đồng bộ dữ liệu đầu năm trước.", icon="calendar"),
            ),
            placeholder("240px"),
        ),
        title="Năm học",
        active="/years",
        subtitle="Hồ sơ năm trước còn dở vẫn chốt, ký, đóng dấu như thường. Xong việc thì khóa sổ năm học.",
    )


def _year(card: YearCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.h2("Năm học ", card.year, class_name="panel-title", style={"margin": "0"}),
                rx.cond(card.closed, rx.el.div("Khóa sổ: ", card.closed_text, class_name="small muted")),
                class_name="what",
            ),
            status_badge(card.tone, card.state_name),
            class_name="group",
        ),
        rx.el.dl(rx.foreach(card.facts, _fact), class_name="facts", style={"marginTop": "10px"}),
        rx.cond(
            (card.open_items.length() > 0) & ~card.closed,
            rx.el.ul(rx.foreach(card.open_items, lambda text: rx.el.li(text)), class_name="small"),
        ),
        rx.cond(SchoolYearsState.asking == card.year, _confirm(card), _actions(card)),
        class_name="panel",
        id="year-" + card.year,
    )


def _fact(fact: Fact) -> rx.Component:
    return rx.el.div(rx.el.dt(fact.label), rx.el.dd(fact.value), style={"display": "contents"})


def _actions(card: YearCard) -> rx.Component:
    return rx.el.div(
        native_link("Xem học bạ", href="/records?year=" + card.year, class_name="button soft"),
        rx.cond(~card.closed, native_link("Chốt học bạ", href="/lock?year=" + card.year, class_name="button soft")),
        native_link("In học bạ", href="/print?year=" + card.year, class_name="button soft"),
        rx.cond(
            card.closed,
            rx.cond(
                SchoolYearsState.may_reopen,
                rx.el.button("Mở lại năm học", class_name="button soft", on_click=SchoolYearsState.ask(card.year)),
            ),
            rx.el.button("Khóa sổ năm học", class_name="button soft", on_click=SchoolYearsState.ask(card.year)),
        ),
        class_name="filters",
        style={"marginTop": "12px"},
    )


def _confirm(card: YearCard) -> rx.Component:
    return rx.el.div(
        rx.cond(
            card.closed,
            notice("Mở lại rồi thì lại chốt, hủy chốt và đồng bộ được năm học này. Cần nêu lý do.", tone="wait"),
            rx.cond(
                card.blocking,
                notice("Chưa khóa sổ được: hãy ký và đóng dấu cho xong, hoặc hủy chốt những hồ sơ trên.", tone="wait"),
                rx.cond(
                    card.needs_reason,
                    notice("Còn việc chưa xong ở trên. Khóa sổ mà để lại thì cần nêu lý do.", tone="wait"),
                    notice("Khóa sổ rồi thì không chốt, hủy chốt hay đồng bộ năm học này nữa.", tone="info"),
                ),
            ),
        ),
        rx.cond(
            card.closed | (card.needs_reason & ~card.blocking),
            text_field("Lý do", id="reason", on_blur=SchoolYearsState.set_reason, max_length=500, auto_complete="off"),
        ),
        rx.el.div(
            rx.cond(
                card.closed,
                rx.el.button("Mở lại", class_name="button", on_click=SchoolYearsState.reopen),
                rx.cond(~card.blocking, rx.el.button("Khóa sổ", class_name="button", on_click=SchoolYearsState.close)),
            ),
            rx.el.button("Quay lại", class_name="button soft", on_click=SchoolYearsState.not_now),
            class_name="filters",
        ),
        class_name="stack",
        role="alertdialog",
        aria_label="Năm học " + card.year,
        style={"marginTop": "12px"},
    )
