"""Screens that follow the truth by themselves: one reader a process, every waiting tab woken (core decision 18).

Workers bump a counter per school in the transaction of each change. One task of this process reads all counters every
half second and wakes the tabs of the schools that changed; a tab reloads its visible rows at most once a second. No tab
polls the database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

import structlog
from sqlmodel import select

from hocba_app.models import ChangeCounter, Database, database

log = structlog.get_logger()
LOOK_SECONDS = 0.5
CALM_SECONDS = 1.0
"""Shortest time between two reloads of one tab."""


class ChangeWatcher:
    """Wakes waiting tabs of a school when its counter moves."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, int] = {}
        self._moved: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._reader: asyncio.Task[None] | None = None

    def value(self, school_id: str) -> int:
        """The counter last seen for a school."""
        return self._seen.get(school_id, 0)

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

    async def _read(self) -> None:
        while True:
            try:
                counters = await asyncio.to_thread(self._counters)
            except Exception:
                log.exception("live.read_failed")
                counters = {}
            for school_id, value in counters.items():
                if self._seen.get(school_id) != value:
                    self._seen[school_id] = value
                    self._moved.pop(school_id, asyncio.Event()).set()
            await asyncio.sleep(LOOK_SECONDS)

    def _counters(self) -> dict[str, int]:
        with self._db.installation() as session:
            return {row.school_id: row.value for row in session.exec(select(ChangeCounter)).all()}


_watchers: dict[int, ChangeWatcher] = {}


def watcher() -> ChangeWatcher:
    """This process's watcher on the configured database, bound to the running event loop."""
    key = id(asyncio.get_running_loop())
    if key not in _watchers:
        _watchers[key] = ChangeWatcher(database())
    return _watchers[key]
