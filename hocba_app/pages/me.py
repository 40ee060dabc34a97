"""The page "Mật khẩu": what everybody may do with his own account."""

from __future__ import annotations

import reflex as rx

from hocba_app.components.fields import new_password_fields, text_field
from hocba_app.components.native_form import native_form
from hocba_app.components.shell import shell
from hocba_app.state.shell import ShellState


def me() -> rx.Component:
    """Layout of ``/me``."""
    return shell(
        rx.cond(
            ShellState.letter_sent,
            rx.el.section(
                rx.el.h2("Xác nhận tài khoản"),
                rx.el.p("Nhập mã trong thư báo cấp lại mã kích hoạt.", class_name="muted"),
                native_form(
                    text_field(
                        "Mã xác nhận",
                        id="code",
                        auto_complete="one-time-code",
                        required=True,
                        auto_capitalize="characters",
                        spell_check=False,
                    ),
                    rx.el.button("Xác nhận", type="submit", class_name="button"),
                    action="/session/confirm",
                    method="post",
                ),
                class_name="panel",
                style={"maxWidth": "460px"},
            ),
        ),
        rx.el.section(
            rx.el.h2("Đổi mật khẩu"),
            rx.el.p("Các phiên đăng nhập khác của tài khoản này sẽ kết thúc.", class_name="muted"),
            native_form(
                rx.el.input(
                    type="hidden", name="username", value=ShellState.username, auto_complete="username", read_only=True
                ),
                text_field(
                    "Mật khẩu đang dùng", id="old", type="password", auto_complete="current-password", required=True
                ),
                *new_password_fields(),
                rx.el.button("Đổi mật khẩu", type="submit", class_name="button"),
                action="/session/password",
                method="post",
            ),
            class_name="panel",
            style={"maxWidth": "460px"},
        ),
        title="Mật khẩu",
        subtitle=ShellState.username,
        active="/me",
    )
