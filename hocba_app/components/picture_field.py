"""Choosing pictures in a plain form, with a look at what was chosen before it is sent."""

from __future__ import annotations

from typing import Any

import reflex as rx


def picture_field(
    label: Any,
    *,
    id: str,
    name: str,
    hint: Any,
    multiple: bool = False,
    accept: str = "image/png,image/jpeg,image/webp,image/heic,image/heif,.heic,.heif",
) -> rx.Component:
    """A file input; up to twelve chosen pictures are shown under it, by the browser alone.

    Args:
        name: of the form's field.
        accept: what the browser offers; the server judges by itself.
    """
    return rx.el.div(
        rx.el.label(label, html_for=id),
        rx.el.input(
            id=id,
            name=name,
            type="file",
            multiple=multiple,
            accept=accept,
            required=True,
            custom_attrs={"data-show": f"{id}-chosen"},  # by assets/scripts/pages.js
        ),
        rx.el.small(hint, id=f"{id}-hint"),
        rx.el.div(id=f"{id}-chosen", class_name="chosen-pictures", aria_live="polite"),
        class_name="field",
    )
