"""One uploaded image before it is stored: as it came, as it will be drawn, what counts today; turned, stronger, lighter."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.notice import error_notice

_SIDES = (("left", "Trái"), ("right", "Phải"), ("top", "Trên"), ("bottom", "Dưới"))
_STRENGTHS = (("light", "Nét mờ"), ("normal", "Bình thường"), ("strong", "Bỏ vết bẩn, dòng kẻ"))


def image_draft(state: Any, what: Any) -> rx.Component:
    """The panel; nothing while no upload is looked at.

    Args:
        state: class of the page's state, a :class:`hocba_app.state.shared.image_draft_mixin.Drafting`.
        what: what it will be, as a heading.
    """
    draft = state.draft
    return rx.cond(
        draft.slip != "",
        rx.el.section(
            rx.el.h2("Xem trước: ", what),
            rx.el.p("Chưa lưu. So ảnh gốc với ảnh sau xử lý rồi bấm Dùng ảnh này.", class_name="muted said"),
            rx.el.div(
                _figure("Ảnh gốc", _framed(draft)),
                _figure(
                    "Sau xử lý",
                    rx.cond(
                        draft.after != "",
                        rx.el.img(src=draft.after, alt="Ảnh sau xử lý", class_name="ink large"),
                        rx.el.div(error_notice(draft.problem)),
                    ),
                ),
                rx.cond(
                    draft.now != "",
                    _figure("Đang dùng", rx.el.img(src=draft.now, alt="Ảnh đang dùng", class_name="ink large")),
                ),
                class_name="compare",
            ),
            rx.el.div(
                rx.el.fieldset(
                    rx.el.legend("Lấy nét"),
                    *[
                        rx.el.button(
                            words,
                            type="button",
                            class_name="button soft",
                            on_click=state.set_strength(name),
                            aria_pressed=draft.strength == name,
                        )
                        for name, words in _STRENGTHS
                    ],
                ),
                rx.el.button(
                    rx.icon("rotate-cw", size=18, aria_hidden=True),
                    "Xoay",
                    type="button",
                    class_name="button soft",
                    on_click=state.turn_draft,
                ),
                class_name="filters",
            ),
            _cutting(state, draft),
            rx.el.div(
                rx.el.button(
                    "Dùng ảnh này",
                    type="button",
                    class_name="button",
                    on_click=state.use_draft,
                    disabled=draft.after == "",
                ),
                rx.el.button("Bỏ, không lưu", type="button", class_name="button soft", on_click=state.leave_draft),
                class_name="filters",
                style={"marginTop": "14px"},
            ),
            class_name="panel draft",
            tab_index=-1,
            custom_attrs={"data-reveal": "1"},
            aria_label="Xem trước ảnh",
            key=draft.slip,
            style={"scrollMarginTop": "72px"},
        ),
    )


def _framed(draft: Any) -> rx.Component:
    """The upload with the frame that is kept drawn on it; what lies outside is shaded, not hidden."""
    return rx.el.div(
        rx.el.img(src=draft.before, alt="Ảnh gốc vừa tải lên", class_name="ink large"),
        rx.el.div(
            class_name="kept",
            aria_hidden=True,
            style={
                "left": draft.left.to_string() + "%",
                "top": draft.top.to_string() + "%",
                "right": draft.right.to_string() + "%",
                "bottom": draft.bottom.to_string() + "%",
            },
        ),
        class_name="framed",
    )


def _cutting(state: Any, draft: Any) -> rx.Component:
    """Four sliders, by finger or arrow keys, for a photo in which the signature is not found by itself."""
    return rx.el.details(
        rx.el.summary("Cắt bớt ảnh (khi lẫn mép bàn, chữ in…)"),
        rx.el.p(
            "Kéo từng thanh để bỏ phần thừa ở mỗi phía; khung trên ảnh gốc là phần được giữ lại.",
            class_name="muted said",
        ),
        rx.el.div(
            *[
                rx.el.label(
                    rx.el.span(words),
                    rx.el.input(
                        type="range",
                        min=0,
                        max=80,
                        step=1,
                        default_value=getattr(draft, side).to_string(),
                        name=f"cut-{side}",
                        on_change=lambda value, side=side: state.cut_draft(side, value).debounce(250),
                        key=f"{side}-" + draft.frame_key.to_string(),
                    ),
                )
                for side, words in _SIDES
            ],
            rx.el.button("Giữ cả ảnh", type="button", class_name="button soft", on_click=state.uncut_draft),
            class_name="cutting",
        ),
    )


def _figure(words: str, picture: rx.Component) -> rx.Component:
    return rx.el.figure(rx.el.figcaption(words), picture)
