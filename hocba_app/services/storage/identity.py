"""Whether the store is the one this database belongs to (docs/decisions/0035-documents-store.md).

A documents folder whose disk is not mounted is an empty folder: every file would seem lost, every new one would be written where
nobody finds it. So database and store carry the same mark, and without it nothing is read or written.
"""

from __future__ import annotations

import json
import threading
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Database, Installation
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import installation as rows
from hocba_app.process_scope import on_close
from hocba_app.services.storage import store as stores
from hocba_app.services.storage.store import Store

log = structlog.get_logger()
MARK = "store-mark.json"
_LOOKED_FOR = 5
"""Files of which one must lie in a store that is marked for the first time, when the database names any."""
_AGAIN_SECONDS = 10.0
_MAX_END_SECONDS = 5.0
"""A process that ends does not wait longer for a store that does not answer."""


class StoreGuard:
    """Compares a store's mark with the database's; what was seen is believed as long as the mark's file is the same one.

    Args:
        store: the place.
        db: whose documents it holds.
    """

    def __init__(self, store: Store, db: Database) -> None:
        self.store, self._db = store, db
        self._seen: object = None
        self._lock = threading.Lock()

    def require(self) -> None:
        """Refuse a store that is not there or not ours.

        Raises:
            StoreUnavailable.
        """
        stamp = self.store.stamp(MARK)
        if stamp is None or stamp != self._seen:
            with self._lock:
                self._compare()
                self._seen = stamp

    def claim(self) -> None:
        """:meth:`require`, and mark a store that this database has never marked. Never inside a write transaction.

        Raises:
            StoreUnavailable.
        """
        with self._db.installation() as session:
            row = rows.installation_row(session)
            blobs = rows.newest_blobs(session, _LOOKED_FOR)
        if row is None:
            with self._db.installation(write=True) as session:
                session.add(row := Installation())
        if row.store_marked_at is None:
            if read_mark(self.store) is None:
                if blobs and not any(self.store.exists(blob_name(sha256)) for sha256 in blobs):
                    raise StoreUnavailable(HocbaError(ErrorCode.STORE_AWAY, place=self.store.place))
                write_mark(self.store, row.mark)
            self._compare(row)
            with self._db.installation(write=True) as session:
                rows.set_marked(session, utc_now())
        self.require()

    def is_moving(self) -> bool:
        """Whether a move out of this store was cut short: it is to be run again."""
        with self._db.installation() as session:
            row = rows.installation_row(session)
        said = read_mark(self.store) or {}
        return bool(row and said.get("moved_to") and said.get("installation") == row.mark)

    def _compare(self, row: Installation | None = None) -> None:
        said = read_mark(self.store)
        if said is None:
            raise StoreUnavailable(HocbaError(ErrorCode.STORE_AWAY, place=self.store.place))
        if row is None:
            with self._db.installation() as session:
                row = rows.installation_row(session)
        if moved := said.get("moved_to"):
            raise _other(self.store, f"; kho đã được chuyển sang {moved}")
        if row is None or said.get("installation") != row.mark:
            raise _other(self.store, "")


_guard: StoreGuard | None = None
"""None until a process has said which database it works on: tools that read one file need none."""


class _Claiming(threading.Thread):
    """Asks again until the store can be claimed."""

    def __init__(self, guard: StoreGuard) -> None:
        super().__init__(daemon=True)
        self._guarded, self.over = guard, threading.Event()

    def run(self) -> None:
        while not self.over.wait(_AGAIN_SECONDS) and not _claimed(self._guarded):
            pass


_claiming: _Claiming | None = None


def adopt(db: Database) -> None:
    """From now on this process reads and writes documents only where the database's mark is. A store that cannot be asked now is
    asked again until it can; meanwhile everything that needs it waits."""
    global _guard, _claiming
    forget()
    _guard = guard = StoreGuard(stores.configured(), db)
    if not _claimed(guard):
        _claiming = _Claiming(guard)
        _claiming.start()


@on_close
def forget() -> None:
    """Take :func:`adopt` back."""
    global _guard, _claiming
    if _claiming is not None:
        _claiming.over.set()
        _claiming.join(_MAX_END_SECONDS)
    _guard = _claiming = None


def require_ours() -> None:
    """Refuse to go on without the store of this database.

    Raises:
        StoreUnavailable.
    """
    if _guard is not None:
        _guard.require()


def trouble() -> str:
    """What is wrong with the store, as a sentence; "" when it is there and ours, or nothing was adopted."""
    try:
        require_ours()
    except StoreUnavailable as error:
        return error.sentence
    return ""


def blob_name(sha256: str) -> str:
    """Name of a blob in a store: two levels of folders keep each one small."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def read_mark(store: Store) -> dict[str, Any] | None:
    """What a store says whose it is; None when it says nothing. A mark nobody can read is another's.

    Raises:
        StoreUnavailable.
    """
    try:
        said = json.loads(store.read(MARK))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    except OSError as error:  # a disk or network folder that answers with an error
        raise StoreUnavailable(HocbaError(ErrorCode.STORE_AWAY, place=store.place)) from error
    return said if isinstance(said, dict) else {}


def write_mark(store: Store, mark: str, **more: str) -> None:
    """Mark a store.

    Args:
        more: ``moved_to``, where its content is now, or ``comes_from``, the mark of the store it was carried from.
    """
    said = {"installation": mark, **more}
    store.write(MARK, json.dumps(said).encode(), replace=True)


def _claimed(guard: StoreGuard) -> bool:
    try:
        guard.claim()
    except (StoreUnavailable, DBAPIError, OSError) as error:
        log.error("store.not_ours", reason=str(error), place=guard.store.place)
        return False
    return True


def _other(store: Store, detail: str) -> StoreUnavailable:
    return StoreUnavailable(HocbaError(ErrorCode.STORE_OTHER, place=store.place, detail=detail))
