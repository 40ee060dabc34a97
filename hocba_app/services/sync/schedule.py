"""The daily sync: at a time the school chooses, by the clock of Vietnam. The choice lives in the school's daily job row."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from hocba_app.domain.calendar import VIETNAM
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.accounts import lock_school
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.schools import operator
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue, live_job
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.sync.commands import start_sync

KIND = "sync_daily"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WHEN_OFF = 6 * 3600.0
"""Seconds until a job without a time looks again."""


def schedule(db: Database, who: Identity) -> str | None:
    """The time of the daily sync, "02:30", or None while there is none.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        row = live_job(session, KIND)
        return row.arguments.get("at") if row is not None else None


def set_schedule(db: Database, who: Identity, at: str | None) -> None:
    """Sync every day at a time, or no longer.

    Args:
        at: "HH:MM" by the clock of Vietnam; None for no daily sync.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.SYNC)
    if at is not None and _TIME.fullmatch(at) is None:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="giờ đồng bộ phải có dạng 02:30")
    now = utc_now()
    with db.write(who.school_id) as session:
        lock_school(session)
        row = _row(session)
        # What was due before the choice is not made up for.
        row.arguments = {"at": at, "since": now.isoformat()} if at else {}
        row.wake_at = now + timedelta(seconds=_wait(at, now))
        session.add(row)
        record(session, actor=who.account_id, action="sync.scheduled", subject=f"job:{row.id}", data={"at": at})


def _row(session: Session) -> Job:
    return live_job(session, KIND) or enqueue(session, KIND, {}, actor="")


@job(KIND)
def sync_daily(work: Work) -> float:
    """Start the day's sync once its time has come; a time missed while no worker ran is made up for once."""
    with work.db.read(work.school_id) as session:
        arguments = session.get_one(Job, (work.school_id, work.job_id)).arguments  # not those of the start: they may have changed
    at, now = arguments.get("at"), utc_now()
    if at and datetime.fromisoformat(arguments["since"]) < _latest(at, now):
        start_sync(work.db, operator(work.school_id))
        with work.write() as session:
            row = session.get_one(Job, (work.school_id, work.job_id))
            if row.arguments.get("at") == at:
                row.arguments = {"at": at, "since": now.isoformat()}
                session.add(row)
    return _wait(at, now)


def _latest(at: str, now: datetime) -> datetime:
    """The last instant, now at the latest, at which the clock of Vietnam showed this time."""
    hour, minute = (int(part) for part in at.split(":"))
    found = now.astimezone(VIETNAM).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (found if found <= now else found - timedelta(days=1)).astimezone(UTC)


def _wait(at: str | None, now: datetime) -> float:
    """Seconds to the next turn."""
    return (_latest(at, now) + timedelta(days=1) - now).total_seconds() + 1 if at else _WHEN_OFF
