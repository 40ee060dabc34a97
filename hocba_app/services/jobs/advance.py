"""One turn of one job: claim, call its function, close or postpone. What the durable workflow calls as its only step."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.claims import Claim, ClaimLost, finish, postpone, take
from hocba_app.services.jobs.registry import Work, function_of

log = structlog.get_logger()
LONGEST_STAY = 3.0
"""Seconds a job may ask to wait and still keep its claim; longer waits give the job back to the sweep."""

DATABASE_PAUSE = 5.0
"""Seconds until a job is tried again whose database did not answer."""


class Claims:
    """The jobs this process works on: at most one thread a job, and what the heartbeat speaks for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Claim | None] = {}

    def reserve(self, job_id: str) -> bool:
        """Keep a job for this thread. A second thread of the process would take the first one's claim away."""
        with self._lock:
            if job_id in self._held:
                return False
            self._held[job_id] = None
            return True

    def add(self, claim: Claim) -> None:
        with self._lock:
            self._held[claim.job_id] = claim

    def drop(self, job_id: str) -> None:
        with self._lock:
            self._held.pop(job_id, None)

    def holds(self, job_id: str) -> bool:
        with self._lock:
            return job_id in self._held

    def all(self) -> list[Claim]:
        with self._lock:
            return [claim for claim in self._held.values() if claim is not None]


def advance(db: Database, claims: Claims, school_id: str, job_id: str, worker: str, stop: threading.Event) -> str:
    """Work on a job until it is over, postponed, taken over, or the process is asked to stop.

    Returns:
        ``ended``, ``postponed``, ``held`` (somebody else works on it, or nothing to do) or ``stopped``.
    """
    if not claims.reserve(job_id):
        return "held"  # a second wake-up of the same job in this process
    try:
        claim = take(db, school_id, job_id, worker)
        if claim is None:
            return "held"
        claims.add(claim)
        return _run(db, claim, stop)
    except ClaimLost:
        log.warning("job.claim_lost", job=job_id, worker=worker)
        return "held"
    finally:
        claims.drop(job_id)


def _run(db: Database, claim: Claim, stop: threading.Event) -> str:
    with db.read(claim.school_id) as session:
        row = session.get_one(Job, (claim.school_id, claim.job_id))
    work = Work(db, claim, row.arguments, row.created_by)
    while True:
        try:
            again = function_of(row.kind)(work)
        except ClaimLost:
            raise
        except (OperationalError, InterfaceError) as error:
            # The database was busy or gone for a moment: every job may be run again from its start.
            log.warning("job.database_unreachable", job=claim.job_id, kind=row.kind, reason=type(error.orig).__name__)
            return _give_back(db, claim)
        except HocbaError as error:
            log.info("job.failed", job=claim.job_id, kind=row.kind, code=error.code.value)
            finish(db, claim, "failed", error_code=error.code.value, error_params=_plain(error.params))
            return "ended"
        except Exception:
            reference = uuid.uuid4().hex[:8]
            log.exception("job.defect", job=claim.job_id, kind=row.kind, reference=reference)
            finish(db, claim, "failed", error_code=ErrorCode.INTERNAL.value, error_params={"reference": reference})
            return "ended"
        if again is None:
            finish(db, claim, "cancelled" if work.cancelled() else "done")
            return "ended"
        if again > LONGEST_STAY or stop.is_set():
            postpone(db, claim, utc_now() + timedelta(seconds=again))
            return "postponed"
        stop.wait(again)


def _give_back(db: Database, claim: Claim) -> str:
    try:
        postpone(db, claim, utc_now() + timedelta(seconds=DATABASE_PAUSE))
    except (OperationalError, InterfaceError):
        return "held"  # still gone: the claim falls silent and is taken over
    return "postponed"


def _plain(params: dict[str, object]) -> dict[str, object]:
    return {key: value if isinstance(value, str | int | bool) or value is None else str(value) for key, value in params.items()}
