"""How a worker hears at once of a job that became due: LISTEN/NOTIFY on PostgreSQL, the file's change counter on SQLite.

A signal may be lost (a pooler in between, a connection that broke): whoever waits looks after a while all the same.
"""

from __future__ import annotations

import sqlite3
import threading
import time

import psycopg
import structlog
from sqlalchemy import text
from sqlmodel import Session

from hocba_app.models.connections import KEEPALIVE
from hocba_app.models.database import Database

log = structlog.get_logger()
CHANNEL = "hocba_jobs"
CHANGE_SECONDS = 0.05
"""Between two glances at SQLite's counter; each costs some microseconds."""
RECONNECT_SECONDS = 2.0
_NOTIFY = text(f"select pg_notify('{CHANNEL}', '')")
_ANNOUNCED = "jobs_announced"


def announce(session: Session) -> None:
    """Wake the workers when this transaction commits. SQLite's workers see the commit itself."""
    if session.get_bind().dialect.name == "postgresql" and not session.info.get(_ANNOUNCED):
        session.info[_ANNOUNCED] = True
        session.connection().execute(_NOTIFY)


class JobSignal:
    """Of one worker. :meth:`wait` belongs to one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._counter: sqlite3.Connection | None = None
        self._seen = -1
        if not db.is_sqlite:
            threading.Thread(target=self._listen, name="job-signal", daemon=True).start()

    def ring(self) -> None:
        """Wake the waiting thread of this process."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Return when a job may have become due, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while not self._closed.is_set() and (left := deadline - time.monotonic()) > 0:
            if self._rung.wait(min(left, CHANGE_SECONDS) if self._db.is_sqlite else left) or self._file_changed():
                break
        self._rung.clear()

    def close(self) -> None:
        """End the waiting and the listening."""
        self._closed.set()
        self._rung.set()

    def _file_changed(self) -> bool:
        """Whether any other connection has committed since the last look."""
        if not self._db.is_sqlite:
            return False
        if self._counter is None:
            self._counter = sqlite3.connect(self._db.engine.url.database or "", isolation_level=None)
        try:
            (version,) = self._counter.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return True  # busy or being restored: the look itself will say
        changed, self._seen = version != self._seen, version
        return changed

    def _listen(self) -> None:
        engine = self._db.engine
        arguments, options = engine.dialect.create_connect_args(engine.url)
        while not self._closed.is_set():
            try:
                with psycopg.connect(*arguments, **{**options, **KEEPALIVE, "autocommit": True}) as connection:
                    connection.execute(f"listen {CHANNEL}")
                    self.ring()  # for what was announced before
                    while not self._closed.is_set():
                        if any(True for _ in connection.notifies(timeout=30.0, stop_after=1)):
                            self.ring()
                        else:
                            connection.execute("select 1")  # a connection that is gone without a word
            except psycopg.Error as error:
                log.warning("job_signal.lost", reason=type(error).__name__)
                self._closed.wait(RECONNECT_SECONDS)
