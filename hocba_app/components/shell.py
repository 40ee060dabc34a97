"""The frame of every signed-in page: school and person on top, the menu beside (behind a button on a phone)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.link import link
from hocba_app.components.native_form import native_form, native_link
from hocba_app.components.tones import tone_icon
from hocba_app.domain.glossary import PAGE
from hocba_app.state.shell import ShellState

MENU: tuple[tuple[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]], ...] = (
    (
        "",
        (
            ("/", PAGE["/"], "layout-dashboard", ("dashboard",)),
            ("/sign", PAGE["/sign"], "pen-line", ("own_queue",)),
            ("/records", PAGE["/records"], "book-open", ("records_read",)),
        ),
    ),
    (
        "Làm học bạ",
        (
            ("/sync", PAGE["/sync"], "refresh-cw", ("sync",)),
            ("/lock", PAGE["/lock"], "lock", ("lock",)),
            ("/unlock", PAGE["/unlock"], "lock-open", ("unlock_ask", "unlock_approve")),
            ("/objections", PAGE["/objections"], "flag", ("records_read", "own_queue")),
            ("/print", PAGE["/print"], "printer", ("print",)),
            ("/years", PAGE["/years"], "calendar", ("lock",)),
        ),
    ),
    (
        "Người ký",
        (
            ("/assignments", PAGE["/assignments"], "users", ("assignments",)),
            ("/signature-images", PAGE["/signature-images"], "stamp", ("signature_images",)),
            ("/signing-accounts", PAGE["/signing-accounts"], "smartphone", ("signing_accounts",)),
            ("/signing-settings", PAGE["/signing-settings"], "settings-2", ("cover_signer",)),
        ),
    ),
    (
        "Quản trị",
        (
            ("/accounts", PAGE["/accounts"], "user-cog", ("accounts_read",)),
            ("/leadership", PAGE["/leadership"], "user-check", ("leadership_read",)),
            ("/audit", PAGE["/audit"], "scroll-text", ("audit_read",)),
        ),
    ),
    (
        "Của tôi",
        (
            ("/my-signature", PAGE["/my-signature"], "signature", ("own_signature",)),
            ("/me", PAGE["/me"], "key-round", ("dashboard",)),
        ),
    ),
)
"""Groups of ``(path, words, icon, any of these rights)``."""


def shell(
    *children: rx.Component, title: Any, subtitle: Any = "", active: str = "", actions: rx.Component | None = None
) -> rx.Component:
    """A page.

    Args:
        title: the one ``h1``.
        subtitle: a sentence under it.
        active: the menu entry this page belongs to.
        actions: buttons beside the title.
    """
    return rx.el.div(
        rx.el.a("Tới nội dung chính", href="#main", class_name="skip"),
        rx.el.header(
            rx.el.details(
                rx.el.summary(
                    rx.icon("menu", size=24, aria_hidden=True),
                    rx.cond(
                        ShellState.waiting > 0, rx.el.span(ShellState.waiting, class_name="count", aria_hidden=True)
                    ),
                    aria_label=rx.cond(
                        ShellState.waiting > 0,
                        "Mở danh mục, " + ShellState.waiting.to_string() + " việc chờ",
                        "Mở danh mục",
                    ),
                ),
                _navigation(active),
                class_name="drawer",
                # A new page closes the menu: the element is made anew for each.
                key=f"drawer-{active}",
            ),
            link("Học bạ điện tử", href="/", class_name="brand"),
            rx.el.div(
                rx.el.b(ShellState.name),
                rx.el.small(ShellState.roles),
                class_name="who",
                custom_attrs={"data-who": ShellState.username},
            ),
            class_name="topbar",
        ),
        rx.el.aside(_navigation(active), class_name="side"),
        rx.el.main(
            rx.el.div(
                rx.el.div(rx.el.h1(title), rx.el.p(subtitle)), *([actions] if actions else []), class_name="page-head"
            ),
            rx.el.div(route_notice(), _unconfirmed(), *children, class_name="stack"),
            id="main",
            class_name="content",
            tab_index=-1,
        ),
        class_name="frame",
    )


def route_notice() -> rx.Component:
    """What the last form said: done, or why not."""
    return rx.cond(
        ShellState.notice != "",
        rx.el.div(
            rx.cond(ShellState.notice_is_problem, tone_icon("problem", size=20), tone_icon("ok", size=20)),
            rx.el.div(ShellState.notice, class_name="body"),
            rx.el.button("Đóng", class_name="button soft", on_click=ShellState.dismiss),
            class_name=rx.cond(ShellState.notice_is_problem, "notice problem", "notice ok"),
            role="alert",
        ),
    )


def _unconfirmed() -> rx.Component:
    """On every page, until somebody vouches: the owner must learn that another gave out his code."""
    return rx.cond(
        ShellState.unconfirmed != "",
        rx.el.div(
            tone_icon("wait", size=20),
            rx.el.div(
                ShellState.unconfirmed,
                rx.cond(ShellState.letter_sent, rx.el.div(link("Nhập mã xác nhận trong thư", href="/me"))),
                class_name="body",
            ),
            class_name="notice wait",
            role="status",
        ),
    )


def _menu(active: str) -> list[rx.Component]:
    parts: list[rx.Component] = []
    for heading, entries in MENU:
        rights = sorted({right for *_, needed in entries for right in needed})
        if heading:
            parts.append(rx.cond(_any_right(rights), rx.el.h2(heading)))
        parts += [
            rx.cond(_any_right(needed), _entry(path, words, icon, path == active))
            for path, words, icon, needed in entries
        ]
    return parts


def _entry(path: str, words: str, icon: str, current: bool) -> rx.Component:
    mark = {"aria_current": "page"} if current else {}
    called: Any = ShellState.leaders if path == "/leadership" else words
    return link(
        rx.icon(icon, size=18, aria_hidden=True),
        called,
        rx.cond(
            ShellState.badges.contains(path),
            rx.el.span(ShellState.badges[path], rx.el.span(" việc chờ", class_name="unseen"), class_name="count"),
        ),
        href=path,
        custom_attrs=mark,
    )


def _navigation(active: str) -> rx.Component:
    """The entries scroll; who uses the page and the way out stay in sight below them."""
    return rx.el.nav(
        rx.el.div(*_menu(active), class_name="entries"), _leave(), class_name="menu", aria_label="Danh mục"
    )


def _any_right(rights: Any) -> Any:
    first, *others = rights
    held = ShellState.rights.contains(first)
    for right in others:
        held = held | ShellState.rights.contains(right)
    return held


def _leave() -> rx.Component:
    """Nothing before the menu is known: what is below it would jump."""
    return rx.cond(
        ShellState.school != "",
        rx.el.div(
            rx.el.h2(ShellState.school),
            native_link(rx.icon("badge-check", size=18, aria_hidden=True), "Kiểm tra học bạ", href="/verify"),
            native_form(
                rx.el.button(
                    rx.icon("log-out", size=18, aria_hidden=True),
                    "Đăng xuất",
                    type="submit",
                    class_name="button soft wide",
                ),
                action="/session/end",
                method="post",
                class_name="leave",
            ),
        ),
    )
