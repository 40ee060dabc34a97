"""Queries on what became of background jobs, for people and for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal
from sqlmodel import Session, col, select

from hocba_app.models import Job
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.models.database_time import database_time


def newest_jobs(session: Session, kind: str, limit: int) -> list[Job]:
    """The school's newest jobs of a kind, newest first."""
    query = select(Job).where(Job.kind == kind).order_by(col(Job.created_at).desc(), col(Job.id).desc()).limit(limit)
    return list(session.exec(query).all())


def failed_since(session: Session, since: datetime) -> list[Job]:
    """Jobs of the school that failed for good, the last first."""
    failed = Job.state == literal("failed", literal_execute=True)  # in so many words, for the partial index
    query = select(Job).where(failed, col(Job.ended_at) >= since).order_by(col(Job.ended_at).desc())
    return list(session.exec(query).all())


def retried(session: Session, live: Sequence[str]) -> list[Job]:
    """Jobs of the school that failed and try again, newest first.

    Args:
        live: states of a job that is not over.
    """
    query = (
        select(Job)
        .where(col(Job.ended_at).is_(None), col(Job.state).in_(live), Job.failures > 0)
        .order_by(col(Job.created_at).desc())
    )
    return list(session.exec(query).all())


def running_job(session: Session, kind: str) -> str | None:
    """Id of a job of the school that is at work now, held until the transaction ends."""
    query = select(Job.id).where(Job.kind == kind, Job.state == "running").with_for_update()
    return session.exec(query).first()


def reports_of(session: Session, kinds: Sequence[str], live: Sequence[str]) -> list[dict[str, Any]]:
    """What the jobs of these kinds that are not over have reported, of every school."""
    query = select(col(Job.report)).where(
        col(Job.ended_at).is_(None), col(Job.kind).in_(kinds), col(Job.state).in_(live)
    )
    return list(session.exec(query, execution_options=CROSS_SCHOOL).all())


def idle_jobs(session: Session, silent: timedelta) -> int:
    """Jobs of every school that nobody works on: their worker fell silent, or none has come in twice this time.

    Args:
        silent: how long a worker may say nothing.
    """
    seconds = int(silent.total_seconds())
    heard = col(Job.heartbeat_at)
    running, queued = Job.state == "running", Job.state == "queued"
    working = _count(session, running, heard > database_time(-seconds))
    stuck = _count(session, running, heard < database_time(-2 * seconds))
    waiting = _count(session, queued, col(Job.wake_at) < database_time(-2 * seconds))
    return stuck + (0 if working else waiting)  # a worker that is busy comes to them


def _count(session: Session, *where: Any) -> int:
    query = select(func.count()).select_from(Job).where(*where)
    return session.execute(query, execution_options=CROSS_SCHOOL).scalar_one()
