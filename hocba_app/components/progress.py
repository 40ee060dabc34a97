"""How far something is."""

from __future__ import annotations

from typing import Any

import reflex as rx


def progress_bar(percent: Any, label: Any) -> rx.Component:
    """A bar with its words below.

    Args:
        percent: 0 to 100, number or Var.
        label: what is done of what.
    """
    width = rx.Var.create(percent).to_string() + "%"
    return rx.el.div(
        rx.el.div(
            rx.el.div(style={"width": width}),
            class_name="meter",
            role="progressbar",
            aria_valuenow=percent,
            aria_valuemin=0,
            aria_valuemax=100,
            aria_label=label,
        ),
        rx.el.span(label, class_name="small muted"),
        style={"marginTop": "10px", "width": "100%"},
    )


def announcement(text: Any) -> rx.Component:
    """What a screen reader says when it changes. It is always on the page: one that appears with its text stays silent."""
    return rx.el.div(text, class_name="unseen", role="status")
