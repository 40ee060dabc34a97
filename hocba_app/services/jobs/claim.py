"""Who works on a job: claims with an attempt number that fences off a worker thought dead (core decision 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, select

from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.models.database_time import database_time
from hocba_app.models.repositories.prepared_queries import changed_rows, given, own_school
from hocba_app.services.audit.log import changed, progressed
from hocba_app.services.jobs.enqueue import LIVE, QUIET, WAITING

SILENT_AFTER = timedelta(seconds=30)
"""A job whose worker has not been heard of for this long, by the database's clock, may be taken over."""
_SILENT_SECONDS = int(SILENT_AFTER.total_seconds())


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

    A job of this very worker may be claimed again at once: its id is held by a lock, so an earlier process of that id
    is dead.

    Returns:
        The claims; none for a job that is over, or whose other worker is heard of.
    """
    with db.write(school_id) as session:
        # Locked: two workers that read the same row on PostgreSQL would both find it free. A row that somebody holds is
        # left for the next look, for whoever waits here looks after no other job.
        jobs = session.exec(
            select(Job, database_time())
            .where(Job.id.in_(job_ids), Job.state.in_(LIVE))
            .order_by(Job.id)  # type: ignore[attr-defined]
            .with_for_update(of=Job, skip_locked=True)  # type: ignore[call-overload]
        ).all()
        taken = []
        for job, now in jobs:
            heard = job.heartbeat_at is not None and job.heartbeat_at > now - SILENT_AFTER
            if job.state == "running" and job.worker != worker and heard:
                continue
            job.state, job.worker, job.attempt, job.heartbeat_at = "running", worker, job.attempt + 1, now
            session.add(job)
            taken.append(Claim(school_id, job.id, worker, job.attempt))
    return taken


def release_all_of(db: Database, worker: str) -> int:
    """Give back what a dead process of this id had in hand. Called by whoever holds the id's lock now.

    Returns:
        How many jobs are due again.
    """
    with db.installation(write=True) as session:
        return session.connection().execute(_RELEASE, {"held_by": worker}).rowcount


_RELEASE = (
    update(Job)
    .where(Job.state == "running", Job.worker == given("held_by"))  # type: ignore[arg-type]
    .values(state="queued", wake_at=database_time())
)
"""The attempt stays: whoever claims the job next counts it up, and an old hold proves nothing on a row that is not running."""


def fence(session: Session, claim: Claim, **values: Any) -> None:
    """Inside a write transaction: prove that the claim is still ours, and say that we live.

    Args:
        values: columns of the job to set on the way (progress, stage).

    Raises:
        ClaimLost: another worker took over; the transaction must roll back.
    """
    given_values = {f"to_{column}": value for column, value in values.items()}
    if changed_rows(session, _held(tuple(sorted(given_values))), **_of(claim), **given_values) != 1:
        raise ClaimLost(claim.job_id)


def _of(claim: Claim) -> dict[str, Any]:
    return {"job": claim.job_id, "held_attempt": claim.attempt, "held_by": claim.worker}


@cache
def _held(columns: tuple[str, ...]) -> Any:
    values = {column.removeprefix("to_"): given(column) for column in columns}
    return update(Job).where(*_holding()).values({"heartbeat_at": database_time(), **values})


@cache
def _beating() -> Any:
    """A row that is locked is left out: whoever holds it is alive, or will be fenced off."""
    free = select(Job.id).where(*_holding()).with_for_update(skip_locked=True)
    return update(Job).where(own_school(Job), Job.id.in_(free)).values(heartbeat_at=database_time())  # type: ignore[attr-defined]


def _holding() -> tuple[Any, ...]:
    return (
        own_school(Job),
        Job.id == given("job"),
        Job.attempt == given("held_attempt"),
        Job.worker == given("held_by"),
        Job.state == "running",
    )


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
        kind = session.exec(select(Job.kind).where(Job.id == claim.job_id)).first()
        (progressed if kind in QUIET else changed)(session)


def postpone(db: Database, claim: Claim, until: datetime, **values: Any) -> None:
    """Give the job back, not to be claimed before ``until``; used while it waits for something outside, or has failed.

    Args:
        values: columns of the job to set on the way.
    """
    with db.write(claim.school_id) as session:
        fence(session, claim, state="queued", wake_at=until, **values)


def claimable(db: Database, limit: int = 50, *, waiting: bool | None = None) -> list[tuple[str, str]]:
    """``(school_id, job_id)`` of jobs nobody works on and that are due, oldest first.

    Args:
        waiting: only kinds of `queue.WAITING`, or only others.
    """
    values = {"now": utc_now(), "most": limit}
    with db.installation() as session:
        rows = session.connection().execute(_claimable(waiting), values).all()
    return [(school_id, job_id) for school_id, job_id in rows]


@cache
def _claimable(waiting: bool | None) -> Any:
    """Of all schools, and put together once: every worker asks it ten times a second."""
    due = select(Job.school_id, Job.id).where(
        Job.state.in_(LIVE),  # type: ignore[attr-defined]
        or_(Job.wake_at.is_(None), Job.wake_at <= given("now")),  # type: ignore[union-attr, operator]
        or_(Job.state == "queued", Job.heartbeat_at < database_time(-_SILENT_SECONDS)),  # type: ignore[operator]
    )
    if waiting is not None:
        among = Job.kind.in_(WAITING)  # type: ignore[attr-defined]
        due = due.where(among if waiting else ~among)
    return due.order_by(Job.created_at).limit(given("most"))


def beat(db: Database, claims: list[Claim]) -> None:
    """Say for each claim that its worker lives. A lost claim is skipped: its next fenced write finds out. Waits for no row."""
    schools: dict[str, list[Claim]] = {}
    for claim in claims:
        schools.setdefault(claim.school_id, []).append(claim)
    for school_id, held in schools.items():
        with db.write(school_id) as session:
            for claim in held:
                changed_rows(session, _beating(), **_of(claim))
