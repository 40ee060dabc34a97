"""A search belongs to the list it was made in: kept while that list is turned, left and come back to; dropped wherever else the page
is opened from, so that nobody misses rows because of words typed yesterday. It never stands in the address: it may be a name."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

import reflex as rx
from reflex.event import EventSpec

from hocba_app.state.shared.guard import requires_of_page
from hocba_app.state.shared.paging import Paging


class Searching(Paging, mixin=True):
    """The words, and the address they were typed at."""

    search: str = ""
    _searched_at: tuple[str, frozenset[tuple[str, str]]] | None = None

    @rx.event
    @requires_of_page()
    async def set_search(self, search: str) -> EventSpec | None:
        """Only rows with these words; which columns are searched is the page's service's."""
        self.search = str(search)[:100]
        return await self._go(1)


def _place(path: str, query: Iterable[tuple[str, str]]) -> tuple[str, frozenset[tuple[str, str]]]:
    return path.rstrip("/") or "/", frozenset((name, str(value)) for name, value in query)


def keep_search(state: Searching) -> None:
    """At a page's load: the search stays where it was made. An address with nothing in it is the menu's: it opens the list anew."""
    url = state.router.url
    here = _place(str(url.path), url.query_parameters.items())
    if not here[1] or here != state._searched_at:
        state.search = ""


def go_to(state: Searching, address: str) -> EventSpec | None:
    """Send the browser to the list's address, the search with it; None where it stands there already."""
    parts, url = urlsplit(address), state.router.url
    there = _place(parts.path, parse_qsl(parts.query))
    state._searched_at = there
    return None if there == _place(str(url.path), url.query_parameters.items()) else rx.redirect(address, replace=True)
