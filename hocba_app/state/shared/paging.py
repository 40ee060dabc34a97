"""A list in pages, on whatever screen: the page shown, the one before and the one after."""

from __future__ import annotations

from abc import abstractmethod

import reflex as rx
from reflex.event import EventSpec

from hocba_app.state.shared.guard import PageRights, requires_of_page


class Paging(PageRights, mixin=True):
    """Variables and handlers of ``components.data_table.list_pager``."""

    page: int = 1
    pages: int = 1
    total: int = 0
    """Rows of all pages."""

    @rx.event
    @requires_of_page()
    async def previous(self) -> EventSpec | None:
        return await self._go(max(1, self.page - 1))

    @rx.event
    @requires_of_page()
    async def next(self) -> EventSpec | None:
        return await self._go(min(self.pages, self.page + 1))

    @abstractmethod
    async def _go(self, page: int) -> EventSpec | None:
        """Show this page of the list, and send the browser to its address."""
