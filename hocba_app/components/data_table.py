"""A table with a sticky head, read in pages of the server's; on a phone each row becomes a card with its labels, and a long table
becomes a list whose lines open one by one.

A table never scrolls inside the page: it is as high as its rows, and the page scrolls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from hocba_app.components.count import count


@dataclass(frozen=True, slots=True)
class Head:
    """A head cell that is more than a word."""

    component: rx.Component
    label: str
    """Its words, beside the value on a phone."""


def data_table(
    heads: Sequence[str | rx.Component | Head],
    rows: Any,
    row: Callable[[Any], rx.Component],
    *,
    label: str,
    cards: bool = True,
    fold: bool = True,
) -> rx.Component:
    """Heads, and one ``row(item)`` (a ``rx.el.tr``) for each item.

    Args:
        heads: texts; components or :class:`Head` where a head needs more.
        rows: Var of a list.
        label: what the table is, for screen readers.
        cards: whether rows become cards on a narrow screen; False scrolls sideways (a table read across, as a heat map).
        fold: whether cards of a long table show only their head, tick, badge and cells of class ``brief`` until they are opened.
    """
    made = [_head(head) for head in heads]
    name = "cards-" + hashlib.sha256("|".join(head.label for head in made).encode()).hexdigest()[:8]
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*[head.component for head in made])),
        rx.el.tbody(rx.foreach(rows, folding(row) if fold and cards else row)),
        class_name=f"grid-table cards {name}{' fold' if fold else ''}" if cards else "grid-table",
    )
    return rx.el.div(
        *([rx.el.style(_labels(name, [head.label for head in made]))] if cards else []),
        table,
        class_name="scroll" if cards else "scroll sideways",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def folding(row: Callable[[Any], rx.Component]) -> Callable[[Any], rx.Component]:
    """The row with a button in its head that opens and closes it (``assets/scripts/pages.js``); seen only where a table is folded."""

    def with_button(item: Any) -> rx.Component:
        made = row(item)
        head = next((cell for cell in made.children if getattr(cell, "tag", "") == "th"), None)
        if head is not None:
            head.children.append(
                rx.el.button(
                    rx.el.span("▾", aria_hidden=True),
                    type="button",
                    class_name="unfold",
                    aria_label="Xem đủ dòng",
                    aria_expanded="false",
                )
            )
        return made

    return with_button


def sort_head(text: str, *, active: Any, descending: Any, on_click: Any, **props: Any) -> Head:
    """A head that sorts: says so to screen readers, works by keyboard."""
    arrow = rx.cond(active, rx.cond(descending, "▼", "▲"), "")
    order = rx.cond(active, rx.cond(descending, "descending", "ascending"), "none")
    button = rx.el.button(text, rx.el.span(arrow, aria_hidden=True), class_name="sort", on_click=on_click)
    return Head(rx.el.th(button, scope="col", aria_sort=order, **props), text)


def column_head(state: Any, text: str, column: str) -> Head:
    """A head that sorts a page's list by one of its columns.

    Args:
        state: class of the page's state, a :class:`hocba_app.state.shared.sorting.Sorting`.
    """
    return sort_head(text, active=state.sort == column, descending=state.descending, on_click=state.set_sort(column))


def pager(*, page: Any, pages: Any, total: Any, on_previous: Any, on_next: Any, noun: str = "dòng") -> rx.Component:
    """Which page of how many, and the two buttons."""
    return rx.el.div(
        rx.el.span(count(total), f" {noun} · trang ", page, "/", pages, class_name="muted"),
        rx.el.div(
            rx.el.button("Trang trước", class_name="button soft", on_click=on_previous, disabled=page <= 1),
            rx.el.button("Trang sau", class_name="button soft", on_click=on_next, disabled=page >= pages),
            style={"display": "flex", "gap": "8px"},
        ),
        class_name="pager",
    )


def list_pager(state: Any, noun: str = "dòng") -> rx.Component:
    """:func:`pager` of a page's own list.

    Args:
        state: class of the page's state, a :class:`hocba_app.state.shared.paging.Paging`.
    """
    return pager(
        page=state.page,
        pages=state.pages,
        total=state.total,
        on_previous=state.previous,
        on_next=state.next,
        noun=noun,
    )


def _head(head: str | rx.Component | Head) -> Head:
    if isinstance(head, Head):
        return head
    if isinstance(head, str):
        return Head(rx.el.th(head, scope="col"), head)
    return Head(head, "")


def _labels(name: str, labels: Sequence[str]) -> str:
    """Each cell's label on a narrow screen, from the table's own heads."""
    rules = [
        f".{name} tbody td:nth-child({number}) {{ --label: 39%; }} "
        f'.{name} tbody td:nth-child({number})::before {{ content: "{label}"; }}'
        for number, label in enumerate(labels, 1)
        if label and '"' not in label and "<" not in label
    ]
    return "@media (max-width: 640px) { " + " ".join(rules) + " }"
