"""A sentence in a box: what to do, what is waited for, what went well, what went wrong."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.tones import tone_icon


def notice(content: Any, *, tone: str = "info") -> rx.Component:
    """A box with an icon.

    Args:
        content: a sentence or components.
        tone: ``info``, ``todo``, ``wait``, ``ok`` or ``problem``.
    """
    body = rx.el.div(content, class_name="body")
    live = {"role": "alert"} if tone == "problem" else {}
    return rx.el.div(tone_icon(tone, size=20), body, class_name=f"notice {tone}", **live)


def error_notice(sentence: Any) -> rx.Component:
    """What happened and what to do next; read out by screen readers at once."""
    return notice(sentence, tone="problem")
