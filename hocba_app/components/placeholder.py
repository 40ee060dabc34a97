"""The grey place of what is still being read. A drawn box: the library's skeleton is a script that every page would load."""

from __future__ import annotations

import reflex as rx


def placeholder(height: str) -> rx.Component:
    """A pulsing box.

    Args:
        height: CSS length of what will be there, so that the page does not jump.
    """
    return rx.el.div(class_name="placeholder", style={"height": height}, aria_hidden=True)
