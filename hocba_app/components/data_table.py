"""A table with a sticky head, read in pages of the server's; the page's state keeps page, sort and filters in the URL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx


def data_table(
    heads: Sequence[Any], rows: Any, row: Callable[[Any], rx.Component], *, label: str, max_height: str = "70vh"
) -> rx.Component:
    """Heads, and one ``row(item)`` (a ``rx.el.tr``) for each item.

    Args:
        heads: texts, or ``rx.el.th`` components where a head needs more.
        rows: Var of a list.
        label: what the table is, for screen readers.
    """
    head_cells = [head if isinstance(head, rx.Component) else rx.el.th(head, scope="col") for head in heads]
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*head_cells)), rx.el.tbody(rx.foreach(rows, row)), class_name="grid-table"
        ),
        class_name="scroll", style={"maxHeight": max_height}, tab_index=0, role="region", aria_label=label,
    )


def sort_head(text: Any, *, active: Any, descending: Any, on_click: Any, **props: Any) -> rx.Component:
    """A head that sorts: says so to screen readers, works by keyboard."""
    arrow = rx.cond(active, rx.cond(descending, "▼", "▲"), "")
    order = rx.cond(active, rx.cond(descending, "descending", "ascending"), "none")
    return rx.el.th(rx.el.button(text, rx.el.span(arrow, aria_hidden=True), class_name="sort", on_click=on_click), scope="col", aria_sort=order, **props)


def pager(*, page: Any, pages: Any, total: Any, on_previous: Any, on_next: Any, noun: str = "dòng") -> rx.Component:
    """Which page of how many, and the two buttons."""
    return rx.el.div(
        rx.el.span(total, f" {noun} · trang ", page, "/", pages, class_name="muted"),
        rx.el.div(
            rx.el.button("Trang trước", class_name="button soft", on_click=on_previous, disabled=page <= 1),
            rx.el.button("Trang sau", class_name="button soft", on_click=on_next, disabled=page >= pages),
            style={"display": "flex", "gap": "8px"},
        ),
        class_name="pager",
    )
