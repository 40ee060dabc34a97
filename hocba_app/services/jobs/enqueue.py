"""Asking for long work: a job row in the asker's own transaction, so that no request is ever lost between two commits."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from hocba_app.models import Job
from hocba_app.models.base import utc_now
from hocba_app.models.database_time import database_time
from hocba_app.models.job_signal import announce
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories.jobs import LIVE, live_job
from hocba_app.models.repositories.jobs import make_due as look_again
from hocba_app.services.audit.log import notify_all, notify_narrow
from hocba_app.services.jobs.kinds import kind_of

__all__ = ["LIVE", "ask_cancel", "enqueue", "live_job", "look_again"]


def enqueue(
    session: Session,
    kind: str,
    arguments: dict[str, Any],
    *,
    actor: str,
    total: int = 0,
    id: str | None = None,
    priority: Priority | None = None,
    after: float = 0.0,
) -> Job:
    """Add a job. The commit wakes a worker: nothing else has to be called.

    Args:
        session: the write session of the caller's transaction.
        kind: a kind of :data:`hocba_app.services.jobs.kinds.KINDS`.
        arguments: ids and options only: no personal data, nothing large.
        actor: account id of who asked.
        total: how many things there are to do, when known.
        id: the job's id where another row shares it (a batch).
        priority: who waits for it, where that is not its kind's.
        after: seconds from now, by the database's clock, before which it is not due.
    """
    known = kind_of(kind)
    job = Job(
        kind=kind,
        arguments=arguments,
        created_by=actor,
        total=total,
        priority=int(known.priority if priority is None else priority),
        computes=known.computes,
    )
    if id is not None:
        job.id = id
    job.wake_at = database_time(after)  # type: ignore[assignment] # an expression: the database's clock at the insert
    session.add(job)
    announce(session)
    (notify_narrow if known.quiet else notify_all)(session)
    return job


def ask_cancel(session: Session, job_id: str) -> None:
    """Ask a job to stop at its next safe point. What it has committed stays.

    A signing batch is not stopped like this: its request may be on a phone (`signing.signer_inbox.stop_waiting` takes it out of the queue).
    """
    job = session.get(Job, (session.info["school_id"], job_id), with_for_update=True)
    if job is not None and kind_of(job.kind).cancellable and job.state in LIVE:
        job.cancel_asked = True
        if job.state == "queued":
            job.state, job.ended_at = "cancelled", utc_now()
        session.add(job)
        notify_all(session)
