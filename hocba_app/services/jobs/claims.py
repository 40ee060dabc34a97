"""Who works on a job: claims with an attempt number that fences off a worker thought dead (core decision 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, select

from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.services.audit.log import changed, progressed
from hocba_app.services.jobs.queue import LIVE, QUIET

SILENT_AFTER = timedelta(seconds=30)
"""A job whose worker has not been heard of for this long may be taken over."""


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
    """Claim a job by compare-and-set.

    A job of this very worker may be claimed again at once: its id is held by a lock, so an earlier process of that id
    is dead.

    Returns:
        The claim, or None when the job is over, or another worker is heard of.
    """
    now = utc_now()
    with db.write(school_id) as session:
        # Locked: two workers that read the same row on PostgreSQL would both find it free.
        job = session.get(Job, (school_id, job_id), with_for_update=True)
        if job is None or job.state not in LIVE:
            return None
        heard = job.heartbeat_at is not None and job.heartbeat_at > now - SILENT_AFTER
        if job.state == "running" and job.worker != worker and heard:
            return None
        job.state, job.worker, job.attempt, job.heartbeat_at = "running", worker, job.attempt + 1, now
        session.add(job)
        return Claim(school_id, job_id, worker, job.attempt)


def fence(session: Session, claim: Claim, **values: Any) -> None:
    """Inside a write transaction: prove that the claim is still ours, and say that we live.

    Args:
        values: columns of the job to set on the way (progress, stage).

    Raises:
        ClaimLost: another worker took over; the transaction must roll back.
    """
    held = session.execute(
        update(Job)
        .where(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.worker == claim.worker, Job.state == "running")
        .values(heartbeat_at=utc_now(), **values),
        execution_options={"synchronize_session": False},
    )
    if held.rowcount != 1:
        raise ClaimLost(claim.job_id)


@contextmanager
def fenced_write(db: Database, claim: Claim, *, durable: bool = False, **values: Any) -> Iterator[Session]:
    """A write transaction that commits only while the claim holds."""
    with db.write(claim.school_id, durable=durable) as session:
        fence(session, claim, **values)
        yield session


def finish(db: Database, claim: Claim, state: str, *, error_code: str | None = None, error_params: dict[str, Any] | None = None) -> None:
    """Close the job as ``done``, ``failed`` or ``cancelled``."""
    with db.write(claim.school_id) as session:
        fence(
            session, claim, state=state, ended_at=utc_now(), error_code=error_code, error_params=error_params or {}
        )
        kind = session.exec(select(Job.kind).where(Job.id == claim.job_id)).first()
        (progressed if kind in QUIET else changed)(session)


def postpone(db: Database, claim: Claim, until: datetime) -> None:
    """Give the job back, not to be claimed before ``until``; used while it waits for something outside."""
    with db.write(claim.school_id) as session:
        fence(session, claim, state="queued", wake_at=until)


def claimable(db: Database, limit: int = 50) -> list[tuple[str, str]]:
    """``(school_id, job_id)`` of jobs nobody works on and that are due: the sweep's list, oldest first."""
    now = utc_now()
    with db.installation() as session:
        rows = session.execute(
            select(Job.school_id, Job.id)
            .where(
                Job.state.in_(LIVE),  # type: ignore[attr-defined]
                or_(Job.wake_at.is_(None), Job.wake_at <= now),  # type: ignore[union-attr, operator]
                or_(Job.state == "queued", Job.heartbeat_at < now - SILENT_AFTER),  # type: ignore[operator]
            )
            .order_by(Job.created_at)
            .limit(limit),
            execution_options=CROSS_SCHOOL,
        ).all()
    return [(school_id, job_id) for school_id, job_id in rows]


def beat(db: Database, claims: list[Claim]) -> None:
    """Say for each claim that its worker lives. A lost claim is skipped: its next fenced write finds out."""
    for claim in claims:
        with db.write(claim.school_id) as session:
            session.execute(
                update(Job)
                .where(Job.id == claim.job_id, Job.attempt == claim.attempt, Job.worker == claim.worker)
                .values(heartbeat_at=utc_now()),
                execution_options={"synchronize_session": False},
            )
