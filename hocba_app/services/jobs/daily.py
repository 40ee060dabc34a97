"""What workers do for the queue itself: every school has its daily jobs, and rows that nobody asks for any more go.

A daily job is one row a school and kind, which never ends but waits for its next day. What it does is found from the state of
the data, and its settings live with the school: a row that is lost is made anew.
"""

from __future__ import annotations

import structlog

from hocba_app.models import Database
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import jobs as rows
from hocba_app.models.repositories.accounts import lock_school_if_free
from hocba_app.services.jobs.enqueue import enqueue, live_job
from hocba_app.services.jobs.kinds import DAILY, KINDS

log = structlog.get_logger()
DELETE_CHUNK = 500
"""Rows of one transaction: others write in between."""


def ensure_daily_jobs(db: Database) -> int:
    """Give every school its daily jobs; those it has stay, and a school that has them all is not written to.

    Returns:
        How many were added.
    """
    with db.installation() as session:
        schools = rows.schools_without(session, DAILY)
    added = 0
    for school_id in schools:
        try:
            added += _ensure(db, school_id)
        except Exception:
            # One school's trouble is not the next one's; tried again soon.
            log.exception("daily.not_ensured", school=school_id)
    return added


def _ensure(db: Database, school_id: str) -> int:
    added = 0
    with db.write(school_id) as session:
        if not lock_school_if_free(
            session
        ):  # two workers that start together; held by anybody else, the next look comes to it
            return 0
        for kind in DAILY:
            if live_job(session, kind) is None:
                enqueue(session, kind, {}, actor="")
                added += 1
    return added


def delete_old_jobs(db: Database) -> int:
    """Delete rows of jobs that are over and that no history shows (`kinds.Kind.kept`), a few hundred a transaction.

    Returns:
        How many.
    """
    now, deleted = utc_now(), 0
    for kept in {kind.kept for kind in KINDS.values() if kind.kept is not None}:
        kinds = [name for name, kind in KINDS.items() if kind.kept == kept]
        while True:
            with db.installation(write=True) as session:
                gone = rows.delete_over(session, kinds, now - kept, DELETE_CHUNK)
            deleted += gone
            if gone < DELETE_CHUNK:
                break
    return deleted
