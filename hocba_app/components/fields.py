"""Labelled inputs of plain HTML: 44 px high, 16 px letters (a phone does not zoom in), the label always there."""

from __future__ import annotations

from typing import Any

import reflex as rx


def text_field(label: Any, *, id: str, hint: Any = None, **props: Any) -> rx.Component:
    """A labelled input; ``props`` go to the input."""
    return _field(label, id, hint, rx.el.input(id=id, **({"name": id} | props)))


def text_area(label: Any, *, id: str, hint: Any = None, **props: Any) -> rx.Component:
    """A labelled text area; ``props`` go to it."""
    return _field(label, id, hint, rx.el.textarea(id=id, **({"name": id} | props)))


def select_field(label: Any, options: Any, *, id: str, hint: Any = None, **props: Any) -> rx.Component:
    """A labelled native select: the phone shows its own picker.

    Args:
        options: a list of ``(value, text)``, or a Var of rows with ``value`` and ``label``.
    """
    if isinstance(options, list):
        made = [rx.el.option(text, value=value) for value, text in options]
    else:
        made = [rx.foreach(options, option)]
    return _field(label, id, hint, rx.el.select(*made, id=id, **({"name": id} | props)))


def option(row: Any) -> rx.Component:
    """One entry of a select: a row with ``value`` and ``label``."""
    return rx.el.option(row.label, value=row.value)


def new_password_fields() -> tuple[rx.Component, rx.Component]:
    """A new password, typed twice."""
    common = {"type": "password", "auto_complete": "new-password", "required": True}
    hint = "Ít nhất 10 ký tự, không trùng tên đăng nhập. Nên dùng một câu ngắn dễ nhớ."
    return (
        text_field("Mật khẩu mới", id="password", min_length=10, hint=hint, **common),
        text_field("Nhập lại mật khẩu mới", id="again", **common),
    )


def _field(label: Any, id: str, hint: Any, control: rx.Component) -> rx.Component:
    said = [rx.el.small(hint, id=f"{id}-hint")] if hint is not None else []
    return rx.el.div(rx.el.label(label, html_for=id), control, *said, class_name="field")
