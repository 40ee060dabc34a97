"""A fair write lock for one SQLite file, across threads and processes.

SQLite lets a waiting writer sleep and retry, up to a tenth of a second between two tries; a process that writes again at once
wins every time, the others starve and end with "database is locked". Here a writer first takes a lock within its process, then
two lock files among processes: holding the first makes it next in line, the second lets it write. A process that has just written
must take the first file again, so processes alternate.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

LOCK_TIMEOUT_SECONDS = 10.0
"""After that the writer goes on without the lock and leaves the decision to SQLite: the holder may be a stopped process."""
POLL_SECONDS = 0.004
"""Between two looks at the files; one thread of a process looks. A look is 0.07 ms of processor time: at a millisecond, two busy
workers spent a twentieth of it on looking."""


class SqliteWriteLock:
    """The line of writers to one database.

    Args:
        database: path of the file; "" for one in memory, which no other process writes to.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._threads = _InOrder()
        self._depth = 0
        self._next, self._turn = _lock(f"{self._database}-next"), _lock(f"{self._database}-turn")

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the turn inside; a transaction within one's own transaction waits for nobody."""
        if os.getpid() != self._process:  # forked: a lock that another thread of the parent held is nobody's here
            self._begin()
        until = time.monotonic() + LOCK_TIMEOUT_SECONDS
        if not self._threads.acquire(timeout=LOCK_TIMEOUT_SECONDS):
            yield
            return
        self._depth += 1
        ahead = self._depth == 1 and self._ahead_of_processes(until)
        try:
            yield
        finally:
            if ahead:
                self._turn.release()
            self._depth -= 1
            self._threads.release()

    def _ahead_of_processes(self, until: float) -> bool:
        """Take the turn among processes; False when there is none to have."""
        if not self._database:
            return False
        try:
            with self._next.acquire(timeout=max(0.0, until - time.monotonic())):
                self._turn.acquire(timeout=max(0.0, until - time.monotonic()))
        except OSError:  # out of patience; or no folder, or none to write to: SQLite says so itself
            return False
        return True


class _InOrder:
    """A re-entrant lock that threads get in the order they asked: who writes again at once does not overtake who waits."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._owner, self._depth = 0, 0

    def acquire(self, timeout: float) -> bool:
        """Whether this thread has it, within ``timeout`` seconds."""
        me, called = threading.get_ident(), threading.Lock()
        with self._mutex:
            if self._owner in (0, me):
                self._owner, self._depth = me, self._depth + 1
                return True
            called.acquire()
            self._waiting.append((me, called))
        if called.acquire(timeout=timeout):
            return True
        with self._mutex:
            if (me, called) not in self._waiting:
                return True  # it was handed over at the last moment
            self._waiting.remove((me, called))
            return False

    def release(self) -> None:
        """Hand it to who has waited longest."""
        with self._mutex:
            self._depth -= 1
            if self._depth:
                return
            if not self._waiting:
                self._owner = 0
                return
            self._owner, called = self._waiting.popleft()
            self._depth = 1
            called.release()


def _lock(path: str) -> FileLock:
    return FileLock(path, mode=0o600, thread_local=False, poll_interval=POLL_SECONDS)
