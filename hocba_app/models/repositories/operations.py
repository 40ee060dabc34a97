"""Numbers of the whole installation, for the operator's monitoring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.domain.batch_lifecycle import BATCH_LIVE
from hocba_app.models import Batch, Job, LoginSession, SigningKey
from hocba_app.models.base import utc_now
from hocba_app.models.database import CROSS_SCHOOL


def live_jobs(session: Session, live: Sequence[str]) -> list[tuple[str, str, int]]:
    """Kind, state and number of the jobs that are not over."""
    return _rows(
        session, select(Job.kind, Job.state, func.count()).where(col(Job.state).in_(live)).group_by(Job.kind, Job.state)
    )


def failed_jobs(session: Session, since: datetime) -> int:
    """How many jobs failed for good."""
    query = select(func.count()).where(Job.state == "failed", col(Job.ended_at) >= since)
    return int(_rows(session, query)[0][0])


def failing_jobs(session: Session, live: Sequence[str]) -> list[tuple[str | None, int]]:
    """Jobs that are tried again, by the code of their last failure."""
    query = select(Job.error_code, func.count()).where(col(Job.state).in_(live), Job.failures > 0)
    return _rows(session, query.group_by(Job.error_code))


def live_batches(session: Session) -> list[tuple[str, int, datetime]]:
    """State, number and oldest beginning of the batches that are not over."""
    query = select(Batch.state, func.count(), func.min(Batch.created_at)).where(col(Batch.state).in_(BATCH_LIVE))
    return _rows(session, query.group_by(Batch.state))


def waiting_batches(session: Session) -> list[tuple[str | None, int]]:
    """Batches that wait for something outside, by what."""
    query = select(Batch.note, func.count()).where(col(Batch.state).in_(BATCH_LIVE), col(Batch.note).is_not(None))
    return _rows(session, query.group_by(Batch.note))


def certificates_ending(session: Session, before: datetime) -> int:
    """Signers' certificates that end before this time."""
    return int(_rows(session, select(func.count()).where(col(SigningKey.valid_to) < before))[0][0])


def live_sessions(session: Session) -> int:
    """Login sessions that are open."""
    query = select(func.count()).select_from(LoginSession)
    return int(
        _rows(session, query.where(col(LoginSession.revoked_at).is_(None), LoginSession.expires_at > utc_now()))[0][0]
    )


def _rows(session: Session, query: Any) -> list[Any]:
    return list(session.execute(query, execution_options=CROSS_SCHOOL).all())
