"""Filters, order and page of a list in the page's address: it can be kept, sent on and reloaded. A search is never in it:
it may be a pupil's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def address_of(path: str, filters: Mapping[str, str | int]) -> str:
    """The page's address with these filters, escaped whatever a filter holds; "" is left out.

    A first page is in it too: an address with nothing in it is the menu's, which opens a list anew.
    """
    return f"{path}?{urlencode({name: value for name, value in filters.items() if value != ''})}"


def page_in(query: Mapping[str, Any]) -> int:
    """The page that an address names; 1 for anything else."""
    number = str(query.get("page", ""))
    return int(number) if number.isdecimal() and len(number) < 6 and int(number) > 0 else 1
