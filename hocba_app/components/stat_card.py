"""One number and what it counts."""

from __future__ import annotations

from typing import Any

import reflex as rx


def stat_card(label: Any, value: Any) -> rx.Component:
    """A card with a large number."""
    return rx.el.div(rx.el.b(value), rx.el.span(label), class_name="panel stat")
