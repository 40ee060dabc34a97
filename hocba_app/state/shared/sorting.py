"""The order of a list, on whatever page: by a click on a column's head, kept in the page's address."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.state.shared.guard import PageRights, requires_of_page


class Sorting(PageRights, mixin=True):
    """Variables and the handler of ``components.data_table.column_head``. A page names its columns."""

    sort: str = ""
    """One of the page's columns."""
    descending: bool = False

    _sorts: ClassVar[tuple[str, ...]]
    """Columns as the page's service names them; the first is the order of an address that names none."""

    @rx.event
    @requires_of_page()
    async def set_sort(self, sort: str) -> EventSpec | None:
        """By this column; again the other way round."""
        if sort not in self._sorts:
            return None
        self.descending = self.sort == sort and not self.descending
        self.sort = sort
        return await self._in_order()

    async def _in_order(self) -> EventSpec | None:
        """Show the list's first page in its new order."""
        return await self._go(1)

    @abstractmethod
    async def _go(self, page: int) -> EventSpec | None:
        """Show this page of the list, and send the browser to its address."""


def read_order(state: Sorting, query: Mapping[str, Any]) -> None:
    """The order that an address names; the page's first column for anything else."""
    wanted = str(query.get("sort", ""))
    known = wanted.removeprefix("-") in state._sorts
    state.sort = wanted.removeprefix("-") if known else state._sorts[0]
    state.descending = known and wanted.startswith("-")


def unsorted(state: Sorting) -> None:
    """The order of an address that names none."""
    state.sort, state.descending = state._sorts[0], False


def order_of(state: Sorting) -> str:
    """The order as services and addresses take it: the column, with "-" before it from the end."""
    return ("-" if state.descending else "") + (state.sort or state._sorts[0])


def order_in_address(state: Sorting) -> str:
    """:func:`order_of`, "" for the order that needs no mention."""
    return "" if (order := order_of(state)) == state._sorts[0] else order
