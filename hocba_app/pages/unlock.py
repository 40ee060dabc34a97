"""The page "Hủy chốt": what is asked, what it costs, yes or no."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.data_table import data_table
from hocba_app.components.empty_state import empty_state
from hocba_app.components.link import link
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.components.unlock_form import again_row
from hocba_app.state.unlock import RecordLine, RequestCard, UnlockState


def unlock() -> rx.Component:
    """Layout of ``/unlock``."""
    return shell(
        rx.cond(UnlockState.problem != "", error_notice(UnlockState.problem)),
        rx.cond(UnlockState.done != "", notice(UnlockState.done, tone="ok")),
        rx.cond(
            UnlockState.loaded,
            rx.fragment(
                rx.cond(
                    UnlockState.waiting.length() > 0,
                    rx.el.div(rx.foreach(UnlockState.waiting, _card), class_name="stack", aria_live="polite"),
                    empty_state(
                        "Không có đề nghị nào đang chờ",
                        "Đề nghị hủy chốt gửi từ trang Học bạ sẽ hiện ở đây.",
                        icon="lock-open",
                    ),
                ),
                rx.cond(
                    UnlockState.over.length() > 0,
                    rx.el.section(
                        rx.el.h2("Đã xong", class_name="panel-title"),
                        rx.el.div(rx.foreach(UnlockState.over, _card), class_name="stack"),
                    ),
                ),
            ),
            placeholder("240px"),
        ),
        title="Hủy chốt",
        active="/unlock",
        subtitle="Hủy chốt để sửa và ký lại từ đầu. Chữ ký cũ được giữ làm bằng chứng, không bao giờ bị xóa.",
        actions=link("Chọn hồ sơ để hủy chốt", href="/records", class_name="button soft"),
    )


def _card(card: RequestCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(card.title),
                rx.el.div("Lý do: ", card.reason),
                rx.el.div("Đề nghị: ", card.asked, class_name="small muted"),
                rx.cond(card.decided != "", rx.el.div("Trả lời: ", card.decided, class_name="small muted")),
                class_name="what",
            ),
            status_badge(card.tone, card.state_name),
            class_name="group",
        ),
        rx.cond(card.waiting != "", rx.el.div(notice(card.waiting, tone="wait"), style={"marginTop": "10px"})),
        rx.cond(card.may_decide | card.may_withdraw, _answer(card)),
        rx.el.details(
            rx.el.summary("Danh sách hồ sơ"),
            rx.el.ul(rx.foreach(card.records, _record), style={"margin": "8px 0 0", "paddingLeft": "20px"}),
            style={"marginTop": "10px"},
        ),
        class_name="panel",
    )


def _answer(card: RequestCard) -> rx.Component:
    return rx.el.div(
        notice(card.price, tone="wait"),
        rx.cond(
            card.again.length() > 0,
            data_table(
                ["Người ký", "Bước", "Số hồ sơ ký lại"],
                card.again,
                again_row,
                label="Người phải ký lại",
            ),
        ),
        rx.cond(
            UnlockState.confirming == card.id,
            rx.el.div(
                rx.el.b("Hủy chốt và để mọi người ký lại từ đầu?"),
                rx.el.button(
                    "Hủy chốt", class_name="button danger", on_click=UnlockState.approve(card.id), auto_focus=True
                ),
                rx.el.button("Quay lại", class_name="button soft", on_click=UnlockState.not_now),
                class_name="filters",
                role="alertdialog",
                aria_label="Xác nhận hủy chốt",
            ),
            rx.el.div(
                rx.cond(
                    card.may_decide,
                    rx.fragment(
                        rx.el.button("Duyệt hủy chốt", class_name="button", on_click=UnlockState.ask_approve(card.id)),
                        rx.el.button("Từ chối", class_name="button soft", on_click=UnlockState.refuse(card.id)),
                    ),
                ),
                rx.cond(
                    card.may_withdraw,
                    rx.el.button("Rút đề nghị", class_name="button soft", on_click=UnlockState.withdraw(card.id)),
                ),
                class_name="filters",
            ),
        ),
        class_name="stack",
        style={"marginTop": "12px"},
    )


def _record(row: RecordLine) -> rx.Component:
    return rx.el.li(link(row.name, href=row.href), rx.el.span(" ", row.detail, class_name="small muted"))
