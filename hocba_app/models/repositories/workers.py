"""Queries on the workers of the installation."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.models.database_time import database_time
from hocba_app.models.jobs import Job
from hocba_app.models.workers import WorkerSeen

FORGOTTEN_SECONDS = 24 * 3600


def seen(session: Session, worker: str) -> None:
    """Say that a worker lives; rows of workers that are gone for good go."""
    if not session.execute(  # type: ignore[attr-defined] # an update's result has it
        update(WorkerSeen).where(col(WorkerSeen.id) == worker).values(seen_at=database_time())
    ).rowcount:
        session.add(WorkerSeen(id=worker, seen_at=session.execute(select(database_time())).scalar_one()))
    session.execute(delete(WorkerSeen).where(col(WorkerSeen.seen_at) < database_time(-FORGOTTEN_SECONDS)))


def gone(session: Session, worker: str) -> None:
    """Take a worker's row away: it was asked to stop."""
    session.execute(delete(WorkerSeen).where(col(WorkerSeen.id) == worker))


def heard_of(session: Session, seconds: int) -> int:
    """How many workers were heard of within so many seconds."""
    return session.execute(
        select(func.count()).select_from(WorkerSeen).where(col(WorkerSeen.seen_at) > database_time(-seconds))
    ).scalar_one()


def ever_worked(session: Session) -> bool:
    """Whether a worker of this installation was ever heard of, or began a job: before that nothing of theirs can be late."""
    begun = select(col(Job.id)).where(col(Job.attempt) > 0).limit(1)
    return (
        session.execute(select(col(WorkerSeen.id)).limit(1)).first() is not None
        or session.execute(begun, execution_options=CROSS_SCHOOL).first() is not None
    )
