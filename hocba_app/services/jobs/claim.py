"""Who works on a job: claims with an attempt number that fences off a worker thought dead (core decision 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.models import Database
from hocba_app.models.base import utc_now
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import jobs as rows
from hocba_app.services.audit.log import notify_all, notify_narrow
from hocba_app.services.jobs.kinds import kind_of

SILENT_AFTER = timedelta(seconds=rows.SILENT_SECONDS)


class ClaimLost(Exception):
    """Another worker took the job over: this one must stop without touching anything."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's hold on one job; ``attempt`` makes an older hold worthless."""

    school_id: str
    job_id: str
    worker: str
    attempt: int


def take(db: Database, school_id: str, job_id: str, worker: str) -> Claim | None:
    """:func:`take_some` for one job."""
    return next(iter(take_some(db, school_id, [job_id], worker)), None)


def take_some(db: Database, school_id: str, job_ids: Sequence[str], worker: str) -> list[Claim]:
    """Claim jobs of a school by compare-and-set, in one transaction.

    Returns:
        The claims; none for a job that is over, or whose other worker is heard of.
    """
    with db.write(school_id) as session:
        taken = rows.hold(session, job_ids, worker)
    return [Claim(school_id, job_id, worker, attempt) for job_id, attempt in taken]


def release_all_of(db: Database, worker: str) -> int:
    """Give back what a dead process of this identity had in hand. Called by whoever holds the identity's lock now.

    Returns:
        How many jobs are due again.
    """
    with db.installation(write=True) as session:
        return rows.release_all_of(session, worker)


def fence(session: Session, claim: Claim, **values: Any) -> None:
    """Inside a write transaction: prove that the claim is still ours, and say that we live.

    Args:
        values: columns of the job to set on the way (progress, stage).

    Raises:
        ClaimLost: another worker took over; the transaction must roll back.
    """
    if not rows.fence(session, claim.job_id, claim.worker, claim.attempt, **values):
        raise ClaimLost(claim.job_id)


@contextmanager
def fenced_write(db: Database, claim: Claim, *, durable: bool = False, **values: Any) -> Iterator[Session]:
    """A write transaction that commits only while the claim holds."""
    with db.write(claim.school_id, durable=durable) as session:
        fence(session, claim, **values)
        yield session


def finish(
    db: Database, claim: Claim, state: str, *, error_code: str | None = None, error_params: dict[str, Any] | None = None
) -> None:
    """Close the job as ``done``, ``failed`` or ``cancelled``."""
    with db.write(claim.school_id) as session:
        fence(session, claim, state=state, ended_at=utc_now(), error_code=error_code, error_params=error_params or {})
        quiet = kind_of(rows.kind_of(session, claim.job_id) or "").quiet
        (notify_narrow if quiet else notify_all)(session)


def postpone(db: Database, claim: Claim, seconds: float, **values: Any) -> None:
    """Give the job back, not to be claimed before so many seconds have passed by the database's clock; used while it waits for
    something outside, or has failed.

    Args:
        values: columns of the job to set on the way.
    """
    with db.write(claim.school_id) as session:
        fence(session, claim, state="queued", wake_in=seconds, **values)
        if "error_code" in values:
            notify_narrow(session)


def claimable(db: Database, limit: int = 50, *, computes: bool | None = None) -> list[tuple[str, str]]:
    """``(school_id, job_id)`` of jobs nobody works on and that are due, most urgent first.

    Args:
        computes: only kinds that keep a processor busy, or only others.
    """
    room = {(each, priority): limit for each in (False, True) if computes in (None, each) for priority in Priority}
    with db.installation() as session:
        found = rows.due(session, room)
    return [(each.school_id, each.job_id) for each in found[:limit]]


def beat(db: Database, claims: Sequence[Claim]) -> None:
    """Say for each claim that its worker lives. A lost claim is skipped: its next fenced write finds out. Waits for no row."""
    of_worker: dict[str, list[str]] = {}
    for claim in claims:
        of_worker.setdefault(claim.worker, []).append(claim.job_id)
    for worker, job_ids in of_worker.items():
        with db.installation(write=True) as session:
            rows.beat(session, worker, job_ids)
