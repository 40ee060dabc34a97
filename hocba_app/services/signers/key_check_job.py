"""Testing every key of a school at once, so that an expired or revoked certificate is found before the day of signing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.models import SEAL, Database, Job, SigningKey
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signers as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.enqueue import enqueue, live_job
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.signers.keys import recheck

HOUR = 4
"""Of the night, in Vietnam."""
AGAIN_SECONDS = 30.0
GIVE_UP_AFTER = timedelta(hours=1)
_SERVICE_DOWN = (ErrorCode.PROVIDER_UNREACHABLE, ErrorCode.PROVIDER_BUSY)


def start_recheck(db: Database, who: Identity) -> str:
    """Test all keys in a job; one at a time a school.

    Returns:
        Id of the job, which may be one that runs already.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    with db.write(who.school_id) as session:
        running = live_job(session, "recheck_keys")
        if running is not None:
            return running.id
        row = enqueue(session, "recheck_keys", {}, actor=who.account_id)
        job_id = row.id
    return job_id


def recheck_progress(db: Database, who: Identity) -> tuple[int, int] | None:
    """Keys tested and to be tested while the job runs; None when it does not.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    with db.read(who.school_id) as session:
        running = live_job(session, "recheck_keys")
        return (running.progress, running.total) if running is not None else None


@job("recheck_keys")
def recheck_keys(work: Work) -> Result:
    """Test every key that has an account. Killed, it goes on with those not yet tested since the job was asked for."""
    with work.db.read(work.school_id) as session:
        asked_at = session.get_one(Job, (work.school_id, work.job_id)).created_at
    return _test_all(work, asked_at)


@job("recheck_daily")
def recheck_daily(work: Work) -> RetryAfter:
    """The same every night, for as long as the school is there: what it finds is listed among the gaps in the morning."""
    with work.db.read(work.school_id) as session:
        kept = session.get_one(Job, (work.school_id, work.job_id)).report.get("round", "")
    if not kept:
        kept = utc_now().isoformat()
        work.report({"round": kept})
    again = _test_all(work, datetime.fromisoformat(kept))
    if isinstance(again, RetryAfter):
        return again
    work.report({"round": ""})
    return RetryAfter(_seconds_to_next(utc_now()))


def _seconds_to_next(now: datetime) -> float:
    local = now.astimezone(VIETNAM)
    due = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return ((due if due > local else due + timedelta(days=1)) - local).total_seconds()


def _test_all(work: Work, since: datetime) -> Result:
    """Test every key not tested since then, and report.

    Returns:
        When to ask a service again that is down; done when all is tested or the service stayed down too long.
    """
    keys = _read_keys(work)
    left = [key.owner for key in keys if key.checked_at is None or key.checked_at < since]
    refused: dict[str, int] = {}
    for number, owner in enumerate(left, 1):
        if work.cancelled():
            break
        try:
            recheck(work.db, work.school_id, owner, actor=work.actor)
        except HocbaError as error:
            if error.code in _SERVICE_DOWN and utc_now() - since < GIVE_UP_AFTER:
                return RetryAfter(AGAIN_SECONDS)
            refused[error.code.value] = refused.get(error.code.value, 0) + 1
            if error.code in _SERVICE_DOWN:
                break
        work.progress(len(keys) - len(left) + number, len(keys), "Kiểm tra chứng thư số")
    keys = _read_keys(work)
    work.report(
        {
            "keys": len(keys),
            "tested": sum(1 for key in keys if key.checked_at is not None and key.checked_at >= since),
            "problems": sum(1 for key in keys if key.problem),
            "refused": refused,
        }
    )
    return Done()


def _read_keys(work: Work) -> list[SigningKey]:
    with work.db.read(work.school_id) as session:
        return _keys(session)


def _keys(session: Session) -> list[SigningKey]:
    """The seal's key and those of people on the staff list, where an account was entered."""
    signers = {SEAL, *(staff.id for staff in rows.staff_of(session))}
    return [key for key in rows.keys(session).values() if key.provider_user and key.owner in signers]
