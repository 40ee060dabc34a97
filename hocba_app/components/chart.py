"""Stacked bars in plain HTML: no chart library on any page, numbers readable by everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx


def stacked_bars(rows: Any, legend: Sequence[tuple[Any, str]]) -> rx.Component:
    """One bar a row.

    Args:
        rows: Var of rows with ``name`` and ``parts``; a part has ``label``, ``text``, ``percent`` (of the bar) and
            ``shade`` (a Radix colour).
        legend: ``(label, shade)`` of every part there can be.
    """
    return rx.el.div(
        rx.foreach(rows, _bar),
        rx.el.div(
            *[rx.el.span(rx.el.i(style={"background": f"var(--{shade}-6)"}), label) for label, shade in legend],
            class_name="legend",
        ),
        class_name="bars",
    )


def _bar(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.b(row.name),
        rx.el.div(rx.foreach(row.parts, _part), class_name="track", role="img", aria_label=row.summary),
        class_name="row",
    )


def _part(part: Any) -> rx.Component:
    return rx.el.div(
        part.text,
        class_name="part",
        title=part.label + ": " + part.text,
        style={
            "width": part.percent.to_string() + "%",
            "background": "var(--" + part.shade + "-6)",
            "color": "var(--" + part.shade + "-12)",
        },
    )
