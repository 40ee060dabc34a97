"""A status: icon, word and colour together."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.tones import tone_icon


def status_badge(tone: Any, text: Any) -> rx.Component:
    """A small badge.

    Args:
        tone: ``info``, ``todo``, ``wait``, ``ok`` or ``problem``; text or Var.
        text: the word.
    """
    name = f"badge {tone}" if isinstance(tone, str) else "badge " + tone.to(str)
    return rx.el.span(tone_icon(tone, size=14), text, class_name=name)
