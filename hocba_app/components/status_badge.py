"""A status: icon, word and colour together; and what a step of a record is called."""

from __future__ import annotations

from typing import Any

import reflex as rx

from hocba_app.components.tones import tone_icon
from hocba_app.domain.wording import STEP, step_of_head
from hocba_app.state.shell import ShellState


def status_badge(tone: Any, text: Any) -> rx.Component:
    """A small badge.

    Args:
        tone: ``info``, ``todo``, ``wait``, ``ok`` or ``problem``; text or Var.
        text: the word.
    """
    name = f"badge {tone}" if isinstance(tone, str) else "badge " + tone.to(str)
    return rx.el.span(tone_icon(tone, size=14), text, class_name=name)


def step_label(step: str) -> Any:
    """A document's state, with the school's own word for its head."""
    return step_of_head(ShellState.head) if step == "principal" else STEP[step]
