"""What a process keeps for its life, registered where it is made and closed in one place: settings, connections, pools, caches.

A function of nothing but its arguments caches with ``functools``. What also depends on settings, a file, the database or
another service is registered here, so that a process ends in order and a test leaves nothing to the next one.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import _lru_cache_wrapper, cache
from typing import Any, TypeVar

Made = TypeVar("Made")
Close = TypeVar("Close", bound=Callable[[], object])

_closers: list[Callable[[], object]] = []


def on_close(close: Close) -> Close:
    """Have :func:`close_process_scope` call this each time; usable as a decorator."""
    _closers.append(close)
    return close


def per_process(make: Callable[..., Made]) -> _lru_cache_wrapper[Made]:
    """``functools.cache`` that :func:`close_process_scope` empties."""
    kept = cache(make)
    on_close(kept.cache_clear)
    return kept


def per_process_open(close: Callable[[Any], object]) -> Callable[[Callable[..., Made]], _lru_cache_wrapper[Made]]:
    """:func:`per_process` for what has to be closed: ``close`` is called with everything that was made."""

    def decorate(make: Callable[..., Made]) -> _lru_cache_wrapper[Made]:
        opened: list[Made] = []

        def noted(*arguments: Any) -> Made:
            opened.append(make(*arguments))
            return opened[-1]

        @on_close
        def close_all() -> None:
            while opened:
                close(opened.pop())

        return per_process(noted)

    return decorate


@atexit.register
def close_process_scope() -> None:
    """Close and forget everything registered, at the latest at the process's end; one that goes on starts afresh.

    In reverse order of registration. Imports run downward, so whoever uses a thing is closed before it.
    """
    for close in reversed(_closers):
        close()
