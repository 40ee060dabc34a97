"""Asking for long work: a job row in the asker's own transaction, so that no request is ever lost between two commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, select

from hocba_app.models import Job
from hocba_app.models.base import utc_now
from hocba_app.services.audit.log import changed, progressed

LIVE = ("queued", "running")
"""States of a job that is not over."""
NEVER_CANCELLED = ("batch",)
"""Kinds whose rows say themselves when they may end."""
WAITING = ("batch", "archive", "reminder_mail", "sync", "sync_daily")
"""Kinds that wait for people and services most of their time: a worker holds many of them."""
QUIET = ("batch", "archive")
"""Kinds that only their batch's signer watches: their beginning and end are no news to the rest of the school."""


def enqueue(
    session: Session, kind: str, arguments: dict[str, Any], *, actor: str, total: int = 0, id: str | None = None
) -> Job:
    """Add a job. A worker finds it within a tenth of a second of the commit: nobody has to be told.

    Args:
        session: the write session of the caller's transaction.
        kind: a kind registered with :func:`hocba_app.services.jobs.registry.job`.
        arguments: ids and options only: no personal data, nothing large.
        actor: account id of who asked.
        total: how many things there are to do, when known.
        id: the job's id where another row shares it (a batch).
    """
    job = Job(kind=kind, arguments=arguments, created_by=actor, total=total)
    if id is not None:
        job.id = id
    session.add(job)
    (progressed if kind in QUIET else changed)(session)
    return job


def ask_cancel(session: Session, job_id: str) -> None:
    """Ask a job to stop at its next safe point. What it has committed stays.

    A signing batch is not stopped like this: its request may be on a phone (`signing.queue.stop_waiting` knows).
    """
    job = session.get(Job, (session.info["school_id"], job_id), with_for_update=True)
    if job is not None and job.kind not in NEVER_CANCELLED and job.state in LIVE:
        job.cancel_asked = True
        if job.state == "queued":
            job.state, job.ended_at = "cancelled", utc_now()
        session.add(job)
        changed(session)


def look_again(session: Session, kind: str, job_ids: Sequence[str]) -> None:
    """What these postponed jobs of one kind wait for may have come: they are due now.

    In a transaction of its own: a worker holds its job's row first of all, so whoever holds anything else must not
    wait for one.
    """
    session.execute(
        update(Job).where(Job.kind == kind, Job.state == "queued", Job.id.in_(job_ids)).values(wake_at=utc_now()),  # type: ignore[attr-defined]
        execution_options={"synchronize_session": False},
    )


def live_job(session: Session, kind: str) -> Job | None:
    """The newest job of this kind that is not over."""
    return session.exec(
        select(Job).where(Job.kind == kind, Job.state.in_(LIVE)).order_by(Job.created_at.desc()).limit(1)  # type: ignore[attr-defined]
    ).first()
