"""How a worker hears at once of a job that became due: LISTEN/NOTIFY on PostgreSQL, the time of a file beside SQLite's.

A signal may be lost (a pooler in between, a connection that broke): whoever waits looks after a while all the same.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time

import psycopg
import structlog
from sqlalchemy import event, text
from sqlmodel import Session

from hocba_app.models.connections import KEEPALIVE
from hocba_app.models.database import Database

log = structlog.get_logger()
CHANNEL = "hocba_jobs"
CHANGE_SECONDS = 0.05
"""Between two glances at the file's time; each costs some microseconds. SQLite's own counter of changes would wake every worker
at every commit, whatever it was about: a twelfth of their time when a school signs."""
RECONNECT_SECONDS = 2.0
_NOTIFY = text(f"select pg_notify('{CHANNEL}', '')")
_ANNOUNCED = "jobs_announced"


def announce(session: Session) -> None:
    """Wake the workers when this transaction commits."""
    if session.info.get(_ANNOUNCED):
        return
    session.info[_ANNOUNCED] = True
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_NOTIFY)
    else:
        event.listen(session, "after_commit", _touch)


def _touch(session: Session) -> None:
    database = session.get_bind().engine.url.database
    if not database:  # in memory: nobody else is here
        return
    file = _signal_file(database)
    with contextlib.suppress(OSError):  # workers look after a while all the same
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        now = time.time_ns()
        os.utime(file, ns=(now, now))


def _signal_file(database: str) -> str:
    return f"{database}-jobs"


class JobSignal:
    """Of one worker. :meth:`wait` belongs to one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._seen = 0
        if not db.is_sqlite:
            threading.Thread(target=self._listen, name="job-signal", daemon=True).start()

    def ring(self) -> None:
        """Wake the waiting thread of this process."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Return when a job may have become due, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while not self._closed.is_set() and (left := deadline - time.monotonic()) > 0:
            if self._rung.wait(min(left, CHANGE_SECONDS) if self._db.is_sqlite else left) or self._touched():
                break
        self._rung.clear()

    def close(self) -> None:
        """End the waiting and the listening."""
        self._closed.set()
        self._rung.set()

    def _touched(self) -> bool:
        """Whether somebody has announced a job since the last look."""
        if not self._db.is_sqlite:
            return False
        try:
            stamp = os.stat(_signal_file(self._db.engine.url.database or "")).st_mtime_ns
        except OSError:
            return False  # nothing was ever announced
        changed, self._seen = stamp != self._seen, stamp
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
