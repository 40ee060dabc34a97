"""Editing one signing account: the account's name, the certificates found there, the test. Used by three pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.fields import select_field, text_field
from hocba_app.components.notice import error_notice, notice
from hocba_app.components.status_badge import status_badge
from hocba_app.state.shared.key_editing import CredentialRow, KeyEditing, KeyRow, ServiceRow


def key_editor(state: type[KeyEditing]) -> rx.Component:
    """Account field, buttons, and what came of them, for the page's state."""
    several = state.key_services.length() > 1
    return rx.el.div(
        rx.cond(state.key_problem != "", error_notice(state.key_problem)),
        rx.cond(state.key_done != "", notice(state.key_done, tone="ok")),
        rx.form(
            rx.cond(
                several,
                select_field(
                    "Dịch vụ ký số",
                    state.key_services,
                    id="provider",
                    default_value=state.key_provider,
                    key=state.key_owner + state.key_provider,
                    hint="Dịch vụ đã cấp chứng thư số.",
                ),
            ),
            text_field(
                "Tài khoản ký số",
                id="user",
                default_value=state.key_user,
                key=state.key_owner + state.key_user,
                auto_complete="off",
                auto_capitalize="none",
                spell_check=False,
                max_length=80,
                required=True,
                hint=rx.foreach(state.key_services, lambda service: _account(service, several)),
            ),
            rx.el.div(
                rx.el.button(
                    rx.icon("link", size=18, aria_hidden=True),
                    rx.cond(state.key_busy, "Đang hỏi dịch vụ ký số…", "Kết nối và kiểm tra"),
                    type="submit",
                    class_name="button",
                    disabled=state.key_busy,
                ),
                rx.el.button(
                    "Chọn chứng thư số",
                    type="button",
                    class_name="button soft",
                    on_click=state.fetch,
                    disabled=state.key_busy | (state.key_user == ""),
                ),
                style={"display": "flex", "flexWrap": "wrap", "gap": "8px"},
            ),
            on_submit=state.connect,
        ),
        rx.cond(
            state.credentials.length() > 0,
            rx.el.ul(
                rx.foreach(state.credentials, lambda row: _credential(state, row)),
                class_name="people",
                aria_label="Chứng thư số của tài khoản",
            ),
        ),
        class_name="stack",
    )


def _account(service: ServiceRow, several: Any) -> rx.Component:
    """What is typed at one service; its name where there are several."""
    return rx.el.span(rx.cond(several, service.label + ": ", ""), service.account, style={"display": "block"})


def _credential(state: Any, row: CredentialRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(row.name, class_name="name"),
        rx.el.dl(
            rx.el.dt("Số trong chứng thư số"),
            rx.el.dd(rx.cond(row.number != "", row.number, "không có")),
            rx.el.dt("Nơi cấp"),
            rx.el.dd(row.issuer),
            rx.el.dt("Số sê-ri"),
            rx.el.dd(row.serial),
            rx.el.dt("Hiệu lực"),
            rx.el.dd(row.validity),
            class_name="facts small",
        ),
        rx.el.div(
            rx.cond(row.own, status_badge("ok", "Đúng chủ"), status_badge("problem", "Không phải của người này")),
            rx.cond(row.trusted, status_badge("ok", "Tin cậy"), status_badge("problem", "Không tin cậy")),
            rx.cond(row.chosen, status_badge("info", "Đang dùng")),
            style={"display": "flex", "flexWrap": "wrap", "gap": "6px"},
        ),
        rx.cond(row.problem != "", rx.el.div(row.problem, class_name="small")),
        rx.el.button(
            "Dùng chứng thư số này",
            class_name="button soft",
            on_click=state.pick(row.id),
            disabled=state.key_busy | row.chosen | ~row.usable,
            aria_label="Dùng chứng thư số này: " + row.name + " số " + row.serial,
        ),
    )


def key_facts(row: KeyRow | Any) -> rx.Component:
    """The state of one account."""
    return rx.el.div(
        status_badge(row.tone, row.state_name),
        rx.cond(row.sentence != "", rx.el.p(row.sentence, style={"margin": "8px 0 0"})),
        rx.cond(
            row.user != "",
            rx.el.dl(
                rx.el.dt("Tài khoản ký số"),
                rx.el.dd(row.user, rx.el.div(row.service, class_name="small muted")),
                rx.cond(
                    row.certificate != "",
                    rx.fragment(
                        rx.el.dt("Chứng thư số"),
                        rx.el.dd(row.certificate, " ", rx.el.span(row.number, class_name="muted")),
                        rx.el.dt("Hiệu lực"),
                        rx.el.dd(row.validity, " (", row.days, ")"),
                        rx.el.dt("Số sê-ri"),
                        rx.el.dd(row.serial),
                    ),
                ),
                rx.el.dt("Kiểm tra lần cuối"),
                rx.el.dd(rx.cond(row.checked != "", row.checked, "chưa kiểm tra")),
                class_name="facts",
                style={"marginTop": "10px"},
            ),
        ),
    )
