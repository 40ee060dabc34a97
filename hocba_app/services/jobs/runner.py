"""One turn of one job: claim, call its function, close or postpone."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.domain.head_words import speak
from hocba_app.domain.school_calendar import today
from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.head_words import head_words_today
from hocba_app.services.cache import school_cache
from hocba_app.services.jobs.claim import Claim, ClaimLost, finish, postpone, take
from hocba_app.services.jobs.kinds import kind_of
from hocba_app.services.jobs.registry import Work, function_of
from hocba_app.services.jobs.results import Done, GiveUp, RetryAfter, Turn
from hocba_app.services.jobs.retry import after_failure
from hocba_app.services.jobs.running_jobs import RunningJobs

__all__ = ["RunningJobs", "advance", "advance_claimed"]
log = structlog.get_logger()
MAX_STAY = 3.0
"""Seconds a job may ask to wait and still keep its claim; longer waits give the job back."""

DATABASE_PAUSE = 5.0
"""Seconds until a job is tried again whose database did not answer."""
STORE_PAUSE = 15.0
"""The same for the store of documents: a folder that is not mounted, a bucket that does not answer."""


def advance(
    db: Database, running: RunningJobs, school_id: str, job_id: str, worker: str, stop: threading.Event
) -> Turn:
    """Claim a job and :func:`advance_claimed`.

    Returns:
        As that one; ``HELD`` also when somebody else works on it, or there is nothing to do.
    """
    if not running.reserve(job_id):
        return Turn.HELD  # another thread of this process is at it
    try:
        claim = take(db, school_id, job_id, worker)
    except BaseException:
        running.drop(job_id)
        raise
    if claim is None:
        running.drop(job_id)
        return Turn.HELD
    running.add(claim)
    return advance_claimed(db, running, claim, stop)


def advance_claimed(db: Database, running: RunningJobs, claim: Claim, stop: threading.Event) -> Turn:
    """Work on a claimed job until it is over, postponed, taken over, or the process is asked to stop.

    Args:
        running: where the claim is, until this returns.

    Returns:
        ``HELD`` when it was taken over.
    """
    try:
        return _run(db, claim, stop)
    except ClaimLost:
        log.warning("job.claim_lost", job=claim.job_id, worker=claim.worker)
        return Turn.HELD
    finally:
        running.drop(claim.job_id)


def _run(db: Database, claim: Claim, stop: threading.Event) -> Turn:
    with db.read(claim.school_id) as session:
        row = session.get_one(Job, (claim.school_id, claim.job_id))
    speak(school_cache.memoize_per_school(db, claim.school_id, ("words", today().isoformat()), head_words_today))
    work = Work(db, claim, row.arguments, row.created_by)
    while True:
        try:
            result = function_of(row.kind)(work)
        except ClaimLost:
            raise
        except (OperationalError, InterfaceError) as error:
            # The database was busy or gone for a moment: every job may be run again from its start.
            log.warning("job.database_unreachable", job=claim.job_id, kind=row.kind, reason=type(error.orig).__name__)
            return _give_back(db, claim)
        except StoreUnavailable as error:
            log.warning("job.store_unavailable", job=claim.job_id, kind=row.kind, reason=error.refusal.code.value)
            return _give_back(db, claim, STORE_PAUSE, error.refusal)
        except HocbaError as error:
            if error.code is ErrorCode.BUSY:  # this machine's places are taken: nothing is wrong with what was asked
                log.info("job.no_room", job=claim.job_id, kind=row.kind)
                return _give_back(db, claim)
            log.info("job.failed", job=claim.job_id, kind=row.kind, code=error.code.value)
            return _failed(db, claim, row, error.code.value, _plain(error.params), refused=True)
        except Exception:
            reference = uuid.uuid4().hex[:8]
            log.exception("job.defect", job=claim.job_id, kind=row.kind, reference=reference)
            return _failed(db, claim, row, ErrorCode.INTERNAL.value, {"reference": reference}, refused=False)
        if isinstance(result, Done):
            finish(db, claim, "cancelled" if work.cancelled() else "done")
            return Turn.ENDED
        if result.seconds > MAX_STAY or stop.is_set():
            _put_off(db, claim, row, result)
            return Turn.POSTPONED
        stop.wait(result.seconds)


def _put_off(db: Database, claim: Claim, row: Job, result: RetryAfter) -> None:
    """The turn went well: earlier failures are over, and a daily job has done its day's work."""
    well: dict[str, Any] = (
        {"failures": 0, "error_code": None, "error_params": {}} if row.failures or row.error_code else {}
    )
    if (known := kind_of(row.kind)).daily:  # somebody may have asked for this turn
        well |= {"well_at": utc_now(), "priority": int(known.priority)}
    if result.priority is not None:
        well["priority"] = int(result.priority)
    postpone(db, claim, result.seconds, **well)


def _failed(db: Database, claim: Claim, row: Job, code: str, params: dict[str, object], *, refused: bool) -> Turn:
    failures = row.failures + 1
    then = after_failure(row.kind, failures, refused=refused)
    if isinstance(then, GiveUp):
        finish(db, claim, "failed", error_code=code, error_params=params)
        return Turn.ENDED
    postpone(db, claim, then.seconds, failures=failures, error_code=code, error_params=params)
    return Turn.POSTPONED


def _give_back(db: Database, claim: Claim, pause: float = DATABASE_PAUSE, waits_for: HocbaError | None = None) -> Turn:
    said = {"error_code": waits_for.code.value, "error_params": _plain(waits_for.params)} if waits_for else {}
    try:
        postpone(db, claim, pause, **said)
    except (OperationalError, InterfaceError):
        return Turn.HELD  # still gone: the claim falls silent and is taken over
    return Turn.POSTPONED


def _plain(params: dict[str, object]) -> dict[str, object]:
    return {
        key: value if isinstance(value, str | int | bool) or value is None else str(value)
        for key, value in params.items()
    }
