"""The page "Ban giám hiệu": posts that lists propose, and accounts that wait for a second person."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.empty_state import empty_state
from hocba_app.components.fields import text_field
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.placeholder import placeholder
from hocba_app.components.shell import shell
from hocba_app.components.status_badge import status_badge
from hocba_app.state.leadership import AccountCard, LeadershipState, ProposalCard, SchoolCard
from hocba_app.state.shell import ShellState


def leadership() -> rx.Component:
    """Layout of ``/leadership``."""
    return shell(
        rx.cond(LeadershipState.problem != "", error_notice(LeadershipState.problem)),
        rx.cond(LeadershipState.done != "", notice(LeadershipState.done, tone="ok")),
        rx.cond(
            LeadershipState.loaded,
            rx.fragment(_school(), _posts(), _accounts(), _over()),
            placeholder("240px"),
        ),
        title=ShellState.leaders,
        active="/leadership",
        subtitle="Chức vụ trong "
        + ShellState.leaders
        + " theo dữ liệu đồng bộ hoặc tệp Excel chỉ có hiệu lực sau khi "
        + ShellState.head
        + " xác nhận.",
    )


def _posts() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Thay đổi chức vụ", class_name="panel-title"),
        rx.cond(
            LeadershipState.waiting.length() > 0,
            rx.el.div(rx.foreach(LeadershipState.waiting, _proposal), class_name="stack", aria_live="polite"),
            empty_state(
                "Không có thay đổi nào chờ xác nhận",
                "Khi đồng bộ hoặc nhập Excel đổi người trong " + ShellState.leaders + ", đề nghị sẽ hiện ở đây.",
                icon="user-check",
            ),
        ),
    )


def _school() -> rx.Component:
    return rx.cond(
        LeadershipState.school_changes.length() > 0,
        rx.el.section(
            rx.el.h2("Thông tin nhà trường", class_name="panel-title"),
            rx.el.p(
                "Tên, mã, mã số thuế, cấp học có hiệu lực từ ngày xác nhận. Hồ sơ đã đóng dấu giữ nguyên và vẫn hợp lệ; "
                "hồ sơ đang ký nên hủy chốt, chốt lại.",
                class_name="muted",
                style={"marginBottom": "12px"},
            ),
            rx.el.div(rx.foreach(LeadershipState.school_changes, _school_change), class_name="stack"),
        ),
    )


def _school_change(card: SchoolCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.foreach(card.changes, lambda text: rx.el.div(rx.el.b(text))),
                rx.el.div("Từ: ", card.proposed, class_name="small muted"),
                rx.cond(card.decided != "", rx.el.div("Trả lời: ", card.decided, class_name="small muted")),
                class_name="what",
            ),
            status_badge(card.tone, card.state_name),
            class_name="group",
        ),
        rx.cond(
            card.may_decide,
            rx.el.div(
                rx.cond(
                    LeadershipState.refusing == card.id,
                    _refusal(LeadershipState.refuse_school),
                    rx.el.div(
                        rx.el.button("Xác nhận", class_name="button", on_click=LeadershipState.confirm_school(card.id)),
                        rx.el.button("Từ chối", class_name="button soft", on_click=LeadershipState.ask_refuse(card.id)),
                        class_name="filters",
                    ),
                ),
                style={"marginTop": "12px"},
            ),
        ),
        class_name="panel",
    )


def _accounts() -> rx.Component:
    return rx.cond(
        LeadershipState.accounts.length() > 0,
        rx.el.section(
            rx.el.h2("Tài khoản chờ xác nhận", class_name="panel-title"),
            rx.el.p(
                "Mã kích hoạt của những tài khoản này do người khác cấp. Trước khi được xác nhận, tài khoản chưa ký và chưa duyệt được. "
                "Hãy hỏi trực tiếp chủ tài khoản rồi mới xác nhận.",
                class_name="muted",
                style={"marginBottom": "12px"},
            ),
            rx.el.div(rx.foreach(LeadershipState.accounts, _account), class_name="stack"),
        ),
    )


def _over() -> rx.Component:
    return rx.cond(
        LeadershipState.over.length() > 0,
        rx.el.section(
            rx.el.h2("Đã trả lời", class_name="panel-title"),
            rx.el.div(rx.foreach(LeadershipState.over, _proposal), class_name="stack"),
        ),
    )


def _proposal(card: ProposalCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(card.name),
                rx.el.div(card.change),
                rx.el.div("Từ: ", card.proposed, class_name="small muted"),
                rx.cond(card.decided != "", rx.el.div("Trả lời: ", card.decided, class_name="small muted")),
                class_name="what",
            ),
            status_badge(card.tone, card.state_name),
            class_name="group",
        ),
        rx.cond(card.obstacle != "", rx.el.div(notice(card.obstacle, tone="wait"), style={"marginTop": "10px"})),
        rx.cond(
            card.may_decide,
            rx.el.div(
                rx.cond(LeadershipState.refusing == card.id, _refusal(LeadershipState.refuse), _answer(card)),
                style={"marginTop": "12px"},
            ),
        ),
        class_name="panel",
    )


def _answer(card: ProposalCard) -> rx.Component:
    return rx.el.div(
        rx.cond(
            card.obstacle == "",
            rx.el.button("Xác nhận", class_name="button", on_click=LeadershipState.confirm(card.id)),
        ),
        rx.el.button("Từ chối", class_name="button soft", on_click=LeadershipState.ask_refuse(card.id)),
        class_name="filters",
    )


def _refusal(refuse: Any) -> rx.Component:
    return rx.el.div(
        text_field(
            "Lý do từ chối",
            id="reason",
            on_blur=LeadershipState.set_reason,
            max_length=300,
            auto_focus=True,
            auto_complete="off",
        ),
        rx.el.div(
            rx.el.button("Từ chối", class_name="button danger", on_click=refuse),
            rx.el.button("Quay lại", class_name="button soft", on_click=LeadershipState.not_now),
            class_name="filters",
        ),
        class_name="stack",
        role="alertdialog",
        aria_label="Lý do từ chối",
    )


def _account(card: AccountCard) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            rx.el.div(
                rx.el.b(card.name), rx.el.div("Mã do: ", card.given, class_name="small muted"), class_name="what"
            ),
            rx.cond(
                card.may_confirm,
                rx.el.button("Xác nhận chủ tài khoản", class_name="button", on_click=LeadershipState.vouch(card.id)),
            ),
            class_name="group",
        ),
        class_name="panel",
    )
