"""What a page says when there is nothing, and what will make it fill."""

from __future__ import annotations

from typing import Any

import reflex as rx


def empty_state(title: Any, text: Any, *, icon: str, action: rx.Component | None = None) -> rx.Component:
    """An icon, a title, a sentence, and where it helps a button."""
    return rx.el.div(
        rx.icon(icon, size=36, aria_hidden=True),
        rx.el.b(title),
        rx.el.span(text),
        *([action] if action else []),
        class_name="panel empty",
    )
