"""One icon a tone, so that no status speaks by colour alone."""

from __future__ import annotations

from typing import Any

import reflex as rx

ICONS = {"info": "info", "todo": "pen-line", "wait": "clock", "ok": "circle-check", "problem": "triangle-alert"}


def tone_icon(tone: Any, *, size: int = 16) -> rx.Component:
    """The icon of a tone given as text or as a Var."""
    if isinstance(tone, str):
        return rx.icon(ICONS[tone], size=size, aria_hidden=True)
    icons = [(name, rx.icon(icon, size=size, aria_hidden=True)) for name, icon in ICONS.items()]
    return rx.match(tone, *icons, rx.icon(ICONS["info"], size=size, aria_hidden=True))
