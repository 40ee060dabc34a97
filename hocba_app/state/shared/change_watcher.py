"""Screens that follow the truth by themselves: one reader a process, every waiting tab woken (core decision 18).

Workers bump a counter per school in the transaction of each change. One task of this process reads all counters every
half second, finds out what moved in the schools that changed, once for all their tabs, and wakes them; a tab reloads its
visible rows only when the change concerns them, at most once a second. No tab polls the database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from hocba_app.models import Database, database
from hocba_app.process_scope import on_close
from hocba_app.services.cache import school_cache
from hocba_app.services.change_feed import change_feed
from hocba_app.services.change_feed.change_feed import ChangeSet, Counters
from hocba_app.state.shared.read_pool import in_thread

log = structlog.get_logger()
LOOK_SECONDS = 0.5
CALM_SECONDS = 1.0
"""Shortest time between two reloads of one tab."""
REMEMBERED = 240
"""Looks at a school of which it is known what moved; who missed more than these reloads whatever moved."""
RELOAD_BACKOFF = 3.0
"""After one tab was reloaded because of others' changes, the next waits this many times as long as that took: people who
tap something are answered in between, whatever goes on in the school."""


class ChangeWatcher:
    """Wakes waiting tabs of a school when its counter moves, and tells them what did."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, Counters] = {}
        self._moves: defaultdict[str, deque[tuple[int, ChangeSet]]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._moved: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._reader: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    def value(self, school_id: str) -> int:
        """The counter last seen for a school."""
        seen = self._seen.get(school_id)
        return seen.value if seen is not None else 0

    async def moved(self, school_id: str, since: int, patience: float) -> int:
        """Wait until the counter differs from ``since`` or ``patience`` seconds have passed; the counter as it is."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        if self.value(school_id) == since:
            try:
                async with asyncio.timeout(patience):
                    await self._moved[school_id].wait()
            except TimeoutError:
                pass
        return self.value(school_id)

    def moves(self, school_id: str, since: int) -> list[ChangeSet]:
        """What moved after the counter was at ``since``; "anything" where that is not known."""
        known = self._moves[school_id]
        if not known or since < known[0][0]:
            return [ChangeSet(wide=True)]
        return [what for before, what in known if before >= since]

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[None]:
        """Inside, one tab is reloaded; one after the other with a rest between, so that the loop stays free."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            began = clock()
            yield
            await asyncio.sleep(min(RELOAD_BACKOFF * (clock() - began), CALM_SECONDS))

    async def _read(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("live.read_failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        counters = await in_thread(school_cache.read_counters, self._db)
        for school_id, now in counters.items():
            before = self._seen.get(school_id)
            if before == now:
                continue
            if before is not None:
                what = (
                    await in_thread(change_feed.changes_between, self._db, school_id, before, now)
                    if school_id in self._moved
                    else ChangeSet(wide=True)
                )
                self._moves[school_id].append((before.value, what))
            self._seen[school_id] = now
            self._moved.pop(school_id, asyncio.Event()).set()


_watchers: dict[int, ChangeWatcher] = {}
on_close(_watchers.clear)


def watcher() -> ChangeWatcher:
    """This process's watcher on the configured database, bound to the running event loop."""
    key = id(asyncio.get_running_loop())
    if key not in _watchers:
        _watchers[key] = ChangeWatcher(database())
    return _watchers[key]
