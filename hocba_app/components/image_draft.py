"""One uploaded image before it is stored: as it came, as it will be drawn, what counts today; turned, stronger, lighter."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.notice import error_notice

_STRENGTHS = (("light", "Nét mờ"), ("normal", "Bình thường"), ("strong", "Bỏ vết bẩn, dòng kẻ"))


def image_draft(state: Any, what: Any) -> rx.Component:
    """The panel; nothing while no upload is looked at.

    Args:
        state: class of the page's state, a :class:`hocba_app.state.image_draft_mixin.Drafting`.
        what: what it will be, as a heading.
    """
    draft = state.draft
    return rx.cond(
        draft.slip != "",
        rx.el.section(
            rx.el.h2("Xem trước: ", what),
            rx.el.p("Chưa lưu. So ảnh gốc với ảnh sau xử lý rồi bấm Dùng ảnh này.", class_name="muted said"),
            rx.el.div(
                _figure("Ảnh gốc", rx.el.img(src=draft.before, alt="Ảnh gốc vừa tải lên", class_name="ink large")),
                _figure(
                    "Sau xử lý",
                    rx.cond(
                        draft.after != "", rx.el.img(src=draft.after, alt="Ảnh sau xử lý", class_name="ink large"), rx.el.div(error_notice(draft.problem)),
                    ),
                ),
                rx.cond(draft.now != "", _figure("Đang dùng", rx.el.img(src=draft.now, alt="Ảnh đang dùng", class_name="ink large"))),
                class_name="compare",
            ),
            rx.el.div(
                rx.el.fieldset(
                    rx.el.legend("Lấy nét"),
                    *[
                        rx.el.button(
                            words, type="button", class_name="button soft", on_click=state.set_strength(name), aria_pressed=draft.strength == name,
                        )
                        for name, words in _STRENGTHS
                    ],
                ),
                rx.el.button(rx.icon("rotate-cw", size=18, aria_hidden=True), "Xoay", type="button", class_name="button soft", on_click=state.turn_draft),
                class_name="filters",
            ),
            rx.el.div(
                rx.el.button("Dùng ảnh này", type="button", class_name="button", on_click=state.use_draft, disabled=draft.after == ""),
                rx.el.button("Bỏ, không lưu", type="button", class_name="button soft", on_click=state.leave_draft), class_name="filters",
                style={"marginTop": "14px"},
            ),
            class_name="panel draft", tab_index=-1, custom_attrs={"data-reveal": "1"}, aria_label="Xem trước ảnh", key=draft.slip,
            style={"scrollMarginTop": "72px"},
        ),
    )


def _figure(words: str, picture: rx.Component) -> rx.Component:
    return rx.el.figure(rx.el.figcaption(words), picture)
