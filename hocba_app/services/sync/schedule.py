"""The daily sync: at a time the school chooses, by the clock of Vietnam. The choice lives in the school's row."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.models import Database, School
from hocba_app.models.base import utc_now
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories.accounts import lock_school
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.schools import operator
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import live_job, look_again
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import RetryAfter
from hocba_app.services.sync.commands import start_sync

KIND = "sync_daily"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WHEN_OFF = 6 * 3600.0
"""Seconds until a job without a time checks again."""


def schedule(db: Database, who: Identity) -> str | None:
    """The time of the daily sync, "02:30", or None while there is none.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        return session.get_one(School, who.school_id).daily_sync_at or None


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
        school = lock_school(session)
        # What was due before the choice is not made up for.
        school.daily_sync_at, school.daily_sync_since = at or "", now if at else None
        session.add(school)
        record(
            session,
            actor=who.account_id,
            action=Action.SYNC_SCHEDULED,
            subject=f"school:{who.school_id}",
            data={"at": at},
        )
    with db.write(who.school_id) as session:
        # The job looks at the new time and waits for it. Where there is none a worker makes one (`jobs.daily`).
        if (row := live_job(session, KIND)) is not None:
            look_again(session, KIND, [row.id])


@job(KIND)
def sync_daily(work: Work) -> RetryAfter:
    """Start the day's sync once its time has come; a time missed while no worker ran is made up for once."""
    with work.db.read(work.school_id) as session:
        school = session.get_one(School, work.school_id)
        at, since = school.daily_sync_at, school.daily_sync_since
    now = utc_now()
    if at and (since is None or since < _latest(at, now)):
        try:
            start_sync(work.db, operator(work.school_id), priority=Priority.NIGHTLY)
        except HocbaError as error:
            if error.code is not ErrorCode.YEAR_CLOSED:  # nobody waits for news of a closed year
                raise
        with work.write() as session:
            school = lock_school(session)
            if school.daily_sync_at == at:
                school.daily_sync_since = now
                session.add(school)
    return RetryAfter(_wait(at, now))


def _latest(at: str, now: datetime) -> datetime:
    """The last instant, now at the latest, at which the clock of Vietnam showed this time."""
    hour, minute = (int(part) for part in at.split(":"))
    found = now.astimezone(VIETNAM).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (found if found <= now else found - timedelta(days=1)).astimezone(UTC)


def _wait(at: str | None, now: datetime) -> float:
    """Seconds to the next turn."""
    return (_latest(at, now) + timedelta(days=1) - now).total_seconds() + 1 if at else _WHEN_OFF
