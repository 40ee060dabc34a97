"""Whether a process can serve now: everything it needs, asked within seconds, whatever is wrong with it.

For the load balancer, for scripts, and for the page that must say in a sentence why nothing happens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Database
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import workers
from hocba_app.models.repositories.jobs import backlog
from hocba_app.models.schema_check import known_revisions
from hocba_app.services.maintenance.room import without_room
from hocba_app.services.storage import identity
from hocba_app.settings import settings

SEEN_SECONDS = 60
"""A worker says every ten seconds that it lives."""
QUEUE_SECONDS = 300
"""A job that is due and was not begun for so long: there are too few workers, or none."""
REDIS_SECONDS = 2.0
KEPT_SECONDS = 2.0
"""An answer is good for so long: nobody makes work by asking."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a process needs."""

    name: str
    """``database``, ``schema``, ``store``, ``redis``, ``room``, ``worker``, ``queue``."""
    ok: bool
    needed: bool
    """Without it this process cannot serve; otherwise somebody should look, and it serves on."""
    sentence: str = ""
    """What a person should know; "" when it is well."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All of them."""

    parts: tuple[Part, ...]

    @property
    def ready(self) -> bool:
        return all(part.ok for part in self.parts if part.needed)

    def as_json(self) -> dict[str, Any]:
        """For anybody who asks: no place, no address, no school."""
        said = next((part.sentence for part in self.parts if not part.ok), "")
        return {
            "ready": self.ready,
            "parts": {part.name: "ok" if part.ok else "failing" for part in self.parts},
            "sentence": said,
        }


def readiness(db: Database) -> Readiness:
    """Ask everything, in an order in which the first failure names the cause."""
    parts: list[Part] = []
    for name, needed, check in (
        ("database", True, _database),
        ("schema", True, _schema),
        ("store", True, _store),
        ("redis", True, _redis),
        ("room", False, _room),
        ("worker", False, _worker),
        ("queue", False, _queue),
    ):
        if name != "redis" and parts and not parts[0].ok:
            continue  # it can only say the same again
        sentence = _sentence_of(check, db)
        parts.append(Part(name, not sentence, needed, sentence))
    return Readiness(tuple(parts))


class KeptReadiness:
    """:func:`readiness`, asked at most every :data:`KEPT_SECONDS`, by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[float, Readiness] | None = None

    def get(self, db: Database) -> Readiness:
        """The answer of a moment ago, or a new one."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > KEPT_SECONDS:
                self._kept = time.monotonic(), readiness(db)
            return self._kept[1]


def _sentence_of(check: Callable[[Database], str], db: Database) -> str:
    try:
        return check(db)
    except DBAPIError:
        return HocbaError(ErrorCode.SERVICE_PAUSED).sentence
    except StoreUnavailable:
        return "Máy chủ đang chạy nhưng kho hồ sơ chưa sẵn sàng. Không có gì bị mất; việc đang chờ sẽ tự chạy tiếp khi kho trở lại."
    except HocbaError as error:
        return error.sentence


def _database(db: Database) -> str:
    with db.installation(write=not db.is_sqlite) as session:  # on SQLite that would wait for whoever writes
        connection = session.connection()
        if db.is_sqlite or connection.exec_driver_sql("show transaction_read_only").scalar_one() == "off":
            return ""
    return HocbaError(ErrorCode.SERVICE_PAUSED).sentence


def _schema(db: Database) -> str:
    with db.installation() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    if current == known_revisions()[0]:
        return ""
    return "Máy chủ đang được nâng cấp. Hãy thử lại sau ít phút."


def _store(_db: Database) -> str:
    identity.require_ours()
    return ""


def _redis(_db: Database) -> str:
    url = settings().redis_url
    if not url:
        return ""
    try:
        with redis.Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "Máy chủ đang chạy nhưng chưa mở được màn hình (thiếu Redis). Không có gì bị mất; hãy thử lại sau ít phút, nếu vẫn vậy thì báo người quản trị hệ thống."
    return ""


def _room(db: Database) -> str:
    if without_room(settings(), db):
        return "Máy chủ sắp hết hoặc đã hết chỗ lưu. Không có gì bị mất; hãy báo người quản trị hệ thống dọn chỗ."
    return ""


def _worker(db: Database) -> str:
    with db.installation() as session:
        return (
            ""
            if workers.heard_of(session, SEEN_SECONDS)
            else "Việc cần xử lý lâu (đồng bộ, chốt, ký, in) đang chờ: chưa có tiến trình xử lý nào chạy."
        )


def _queue(db: Database) -> str:
    with db.installation() as session:
        age = oldest_due(session)
    return "" if age < QUEUE_SECONDS else f"Việc cần xử lý đang chờ lâu: việc cũ nhất đã chờ {int(age // 60)} phút."


def oldest_due(session: Session) -> float:
    """Seconds since the oldest job that nobody has begun was due; 0 for none. The night's work may wait for people's."""
    return max((each.oldest_seconds for each in backlog(session) if each.priority < Priority.NIGHTLY), default=0.0)
