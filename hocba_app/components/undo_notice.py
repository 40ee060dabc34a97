"""What was just done, with "Hoàn tác": over the page's lower edge, so that nothing moves; until it is closed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.tones import tone_icon


def undo_notice(state: Any) -> rx.Component:
    """The offer of a page's state.

    It stays until it is closed, taken, or another act follows: no clock runs against who reads slowly. Read out when it
    appears; Ctrl+Z outside a text field takes it (assets/scripts/pages.js).

    Args:
        state: class of the page's state, a :class:`hocba_app.state.shared.undoing.Undoing`.
    """
    return rx.el.div(
        rx.cond(
            state.undo_text != "",
            rx.el.div(
                tone_icon("ok", size=20),
                rx.el.div(state.undo_text, class_name="body"),
                rx.el.button(
                    "Hoàn tác",
                    class_name="button soft",
                    on_click=state.undo,
                    type="button",
                    aria_keyshortcuts="Control+Z",
                    custom_attrs={"data-undo": "1"},
                ),
                rx.el.button(
                    "Đóng",
                    class_name="button soft",
                    on_click=state.keep_done,
                    type="button",
                    aria_label="Đóng thông báo",
                ),
                class_name="notice ok",
            ),
        ),
        class_name="undo",
        role="status",
        aria_live="polite",
    )
