"""Pages of a list that is shown in parts."""

from __future__ import annotations


def page_count(total: int, size: int) -> int:
    """How many pages of ``size`` rows ``total`` rows take; an empty list has one."""
    return max(1, -(-total // size))


def page_within(page: int, total: int, size: int) -> int:
    """The page asked for, or the nearest there is; the first is 1."""
    return min(max(page, 1), page_count(total, size))
