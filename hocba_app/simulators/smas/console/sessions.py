"""Who is logged in to the console. Sessions live in memory; a restart ends them."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass

COOKIE = "smas"
_IDLE = 4 * 3600.0
_TRIES, _WINDOW = 8, 60.0
"""Wrong passwords a school and minute."""


@dataclass(slots=True)
class Session:
    """One login."""

    school: str
    staff_id: str
    """"" is the school's administrator."""
    seen: float
    flash: str = ""
    """Said once on the next page."""


class Sessions:
    """The sessions that are open; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}
        self._wrong: dict[str, list[float]] = {}

    def open(self, school: str, staff_id: str) -> str:
        """A new session; gives its cookie."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            now = time.monotonic()
            self._open = {key: session for key, session in self._open.items() if now - session.seen < _IDLE}
            self._open[token] = Session(school, staff_id, now)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a cookie."""
        with self._lock:
            session = self._open.get(token)
            if session is None or time.monotonic() - session.seen > _IDLE:
                return None
            session.seen = time.monotonic()
            return session

    def close(self, token: str) -> None:
        """Log out."""
        with self._lock:
            self._open.pop(token, None)

    def end_of(self, school: str, staff_id: str) -> None:
        """Log a person out everywhere: his password was reset."""
        with self._lock:
            self._open = {
                key: session
                for key, session in self._open.items()
                if (session.school, session.staff_id) != (school, staff_id)
            }

    def may_try(self, school: str) -> bool:
        """Whether another password may be tried now."""
        with self._lock:
            recent = [at for at in self._wrong.get(school, []) if time.monotonic() - at < _WINDOW]
            self._wrong = {key: times for key, times in self._wrong.items() if key != school or recent}
            return len(recent) < _TRIES

    def tried(self, school: str) -> None:
        """A wrong password was given."""
        with self._lock:
            recent = [at for at in self._wrong.get(school, []) if time.monotonic() - at < _WINDOW]
            self._wrong[school[:40]] = [*recent, time.monotonic()]
            if len(self._wrong) > 10_000:
                self._wrong.pop(next(iter(self._wrong)))
