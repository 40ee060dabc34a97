"""Whose turn it is to write to a SQLite file: threads and processes, one after the other, nobody left out.

SQLite lets a waiting writer sleep and try again, up to a tenth of a second between two tries; whoever writes again at once
wins every time, the others idle beside a free processor and end with "database is locked". Here a writer waits for his
turn first: within the process for a lock, among processes for two files. Who holds the first is the next; who had the
turn must become the next again before he can have it back, so that processes take turns.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10.0
"""Seconds of waiting; after that the writer tries without a turn, and SQLite has the last word (a process may be stopped)."""
LOOK_SECONDS = 0.001
"""Between two looks at the files; one thread of a process looks."""


class WriteTurn:
    """The line of writers to one database.

    Args:
        database: path of the file; "" for one in memory, which no other process writes to.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._threads = threading.RLock()
        self._depth = 0
        self._files: tuple[int, int] | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the turn inside; a transaction within one's own transaction waits for nobody."""
        if os.getpid() != self._process:  # forked: a lock that another thread of the parent held is nobody's here
            self._begin()
        until = time.monotonic() + PATIENCE
        if not self._threads.acquire(timeout=PATIENCE):
            yield
            return
        self._depth += 1
        turn = self._ahead_of_processes(until) if self._depth == 1 else None
        try:
            yield
        finally:
            if turn is not None:
                fcntl.flock(turn, fcntl.LOCK_UN)
            self._depth -= 1
            self._threads.release()

    def _ahead_of_processes(self, until: float) -> int | None:
        """The descriptor by which the turn is held; None when there is none to have."""
        if (files := self._opened()) is None:
            return None
        following, turn = files
        if not _locked(following, until):
            return None
        try:
            return turn if _locked(turn, until) else None
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)

    def _opened(self) -> tuple[int, int] | None:
        if self._files is None and self._database:
            try:
                self._files = _open(f"{self._database}-next"), _open(f"{self._database}-turn")
            except OSError:  # no folder, or none to write to: SQLite says so itself
                return None
        return self._files

    def close(self) -> None:
        """Give the descriptors back; they are opened again when needed."""
        if self._process == os.getpid() and self._files is not None:
            with self._threads:
                for descriptor in self._files or ():
                    os.close(descriptor)
                self._files = None


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_SECONDS)
        else:
            return True
