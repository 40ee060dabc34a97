"""Queries on records of other schools."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import literal
from sqlmodel import Session, col, select

from hocba_app.models import AttachedRecord

LIVE = ("checking", "asking", "attached")
_CHECKING: Any = AttachedRecord.state == literal("checking", literal_execute=True)
"""In so many words: only then does a planner see that the index of them has the answer."""
_AGE = (col(AttachedRecord.uploaded_at), col(AttachedRecord.id))


def live_files(session: Session, student_id: str) -> set[str]:
    """SHA-256 of every file a pupil has, attached or on its way."""
    query = select(AttachedRecord.blob_sha256).where(
        AttachedRecord.student_id == student_id, col(AttachedRecord.state).in_(LIVE)
    )
    return set(session.exec(query).all())


def given_to(session: Session, student_id: str) -> list[AttachedRecord]:
    """Everything ever given for a pupil that was not refused, newest first."""
    query = select(AttachedRecord).where(AttachedRecord.student_id == student_id, AttachedRecord.state != "refused")
    return list(session.exec(query.order_by(*(column.desc() for column in _AGE))).all())


def attached_ids(session: Session, student_id: str) -> list[str]:
    """Ids of what is attached to a pupil now, in the order it came."""
    query = select(AttachedRecord.id).where(AttachedRecord.student_id == student_id, AttachedRecord.state == "attached")
    return list(session.exec(query.order_by(*_AGE)).all())


def still_attached(session: Session, ids: Collection[str]) -> list[AttachedRecord]:
    """Those of them that are attached now, in the order they came."""
    query = select(AttachedRecord).where(col(AttachedRecord.id).in_(sorted(ids)), AttachedRecord.state == "attached")
    return list(session.exec(query.order_by(*_AGE)).all())


def left_checking(session: Session) -> list[str]:
    """Ids of what still waits for its check, in the order it came."""
    return list(session.exec(select(AttachedRecord.id).where(_CHECKING).order_by(*_AGE)).all())
