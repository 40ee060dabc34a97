"""Work that comes back every day: one job row a school and kind, which never ends but waits for its next day.

What it does is found from the state of the data, and its settings live with the school: a row that is lost is made anew.
"""

from __future__ import annotations

import structlog
from sqlmodel import select

from hocba_app.models import Database, School
from hocba_app.models.repositories.accounts import lock_school
from hocba_app.services.jobs.enqueue import enqueue, live_job

log = structlog.get_logger()
KINDS = ("anchor", "integrity", "packet_sweep", "recheck_daily", "renewal", "sync_daily")
"""Each one's function returns the seconds to its next turn and never None. A turn that fails is tried again (`jobs.retry`)."""


def ensure_daily_jobs(db: Database) -> int:
    """Give every school its daily jobs; those it has stay. Called when a worker starts.

    Returns:
        How many were added.
    """
    with db.installation() as session:
        schools = session.exec(select(School.id)).all()
    added = 0
    for school_id in schools:
        try:
            added += _ensure(db, school_id)
        except Exception:
            log.exception(
                "daily.not_ensured", school=school_id
            )  # one school's trouble is not the next one's; tried again soon
    return added


def _ensure(db: Database, school_id: str) -> int:
    added = 0
    with db.write(school_id) as session:
        lock_school(session)  # two workers that start together
        for kind in KINDS:
            if live_job(session, kind) is None:
                enqueue(session, kind, {}, actor="")
                added += 1
    return added
