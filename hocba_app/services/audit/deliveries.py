"""Which file went to whom: into the school's log before its bytes leave."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from hocba_app.domain.audit_wording import Action
from hocba_app.models import Database
from hocba_app.services.audit.log import Tells, record

ONCE_IN_SECONDS = 600.0
"""A page shows the pictures of one upload by the dozen: one row for them within this time."""
_MAX_KEPT = 2_000


class _RecentPictures:
    """Pictures logged lately, by person and subject, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted_at: OrderedDict[tuple[str, ...], float] = OrderedDict()

    def first(self, key: tuple[str, ...]) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._noted_at.get(key, float("-inf")) < ONCE_IN_SECONDS:
                return False
            self._noted_at[key] = now
            self._noted_at.move_to_end(key)
            while len(self._noted_at) > _MAX_KEPT:
                self._noted_at.popitem(last=False)
            return True


_recent_pictures = _RecentPictures()


def delivered(db: Database, school_id: str, account_id: str, what: str, subject: str, *, picture: bool = False) -> None:
    """Note a delivery; where that fails nothing is delivered.

    Args:
        account_id: who gets it.
        what: kind of file, a key of ``audit_wording.FILES``.
        subject: ``<table>:<id>`` of what it shows.
        picture: one of many that a page shows at once.
    """
    if picture and not _recent_pictures.first((school_id, account_id, what, subject)):
        return
    with db.write(school_id) as session:
        record(
            session,
            actor=account_id,
            action=Action.FILE_DELIVERED,
            tells=Tells.NOBODY,
            subject=subject,
            data={"file": what},
        )
