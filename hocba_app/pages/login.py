"""The pages before the session: log in, first password, and what a wrong address says."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.fields import new_password_fields, text_field
from hocba_app.components.link import link
from hocba_app.components.native_form import native_form, native_link
from hocba_app.components.shell import route_notice
from hocba_app.state.shell import ShellState


def login() -> rx.Component:
    """Layout of ``/login``."""
    return _frame(
        "Học bạ điện tử",
        "Đăng nhập bằng tài khoản nhà trường cấp.",
        native_form(
            _username(),
            text_field("Mật khẩu", id="password", type="password", auto_complete="current-password", required=True),
            rx.el.input(type="hidden", name="next", value=ShellState.next_path),
            rx.el.button("Đăng nhập", type="submit", class_name="button wide"),
            action="/session",
            method="post",
        ),
        link("Lần đầu đăng nhập: dùng mã kích hoạt", href="/activate"),
        native_link("Kiểm tra một học bạ (không cần tài khoản)", href="/verify"),
    )


def _username() -> rx.Component:
    return text_field(
        "Tên đăng nhập",
        id="username",
        auto_complete="username",
        required=True,
        auto_capitalize="none",
        spell_check=False,
        auto_focus=True,
    )


def activate() -> rx.Component:
    """Layout of ``/activate``."""
    return _frame(
        "Kích hoạt tài khoản",
        "Nhập mã một lần trên phiếu nhà trường phát (hoặc trong thư), rồi tự đặt mật khẩu.",
        native_form(
            _username(),
            text_field(
                "Mã kích hoạt",
                id="code",
                auto_complete="one-time-code",
                required=True,
                auto_capitalize="characters",
                spell_check=False,
            ),
            *new_password_fields(),
            rx.el.button("Kích hoạt", type="submit", class_name="button wide"),
            action="/session/activate",
            method="post",
        ),
        link("Về trang đăng nhập", href="/login"),
    )


def forbidden() -> rx.Component:
    """Layout of ``/forbidden``."""
    return _frame(
        "Không có quyền mở trang này",
        "Tài khoản của thầy cô không có quyền với trang vừa chọn. Nếu cần, hãy liên hệ quản trị của trường.",
        link("Về trang Tổng quan", href="/"),
        native_link("Đăng nhập bằng tài khoản khác", href="/login"),
    )


def missing() -> rx.Component:
    """Layout of an address that does not exist."""
    return _frame("Không có trang này", "Địa chỉ vừa mở không đúng hoặc đã đổi.", link("Về trang Tổng quan", href="/"))


def _frame(title: str, sentence: str, *children: Any) -> rx.Component:
    main, *links = children
    return rx.el.div(
        rx.el.main(
            rx.el.h1(title),
            rx.el.p(sentence, class_name="muted", style={"margin": "0 0 16px"}),
            route_notice(),
            rx.el.div(main, class_name="panel", style={"marginTop": "12px"}),
            rx.el.div(*links, class_name="stack", style={"marginTop": "16px", "gap": "12px"}),
        ),
        class_name="auth",
    )
