"""Queries of what changed: counters, the audit events between two looks, whom a signature brings work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.batch_lifecycle import BATCH_OVER
from hocba_app.models import AuditEvent, AuditHead, Batch, BatchItem, ChangeCounter, Document, Slot
from hocba_app.models.repositories.records import chunks


def counters(session: Session) -> list[tuple[str, int, int, int]]:
    """``(school, changes, last wide change, last audit event)`` of every school; an installation session."""
    query = select(ChangeCounter.school_id, ChangeCounter.value, ChangeCounter.wide, AuditHead.seq).outerjoin(
        AuditHead, col(AuditHead.school_id) == ChangeCounter.school_id
    )
    return [(school_id, value, wide, seq or 0) for school_id, value, wide, seq in session.exec(query).all()]


def events_between(session: Session, after: int, up_to: int) -> list[tuple[str, str, str, dict[str, Any]]]:
    """``(actor, action, subject, data)`` of the audit events after one and up to another."""
    query = select(AuditEvent.actor, AuditEvent.action, AuditEvent.subject, AuditEvent.data).where(
        AuditEvent.seq > after, AuditEvent.seq <= up_to
    )
    return [tuple(row) for row in session.exec(query).all()]  # type: ignore[misc] # a row is a tuple of its columns


def accounts_of_live_batches(session: Session) -> set[str]:
    """Who has a batch going on."""
    return set(session.exec(select(Batch.account_id).where(col(Batch.state).not_in(BATCH_OVER)).distinct()).all())


def documents_of_batches(session: Session, batch_ids: Sequence[str]) -> set[str]:
    """Every document of these batches."""
    query = (
        select(Slot.document_id)
        .join(BatchItem, (col(BatchItem.slot_id) == Slot.id) & (col(BatchItem.school_id) == Slot.school_id))
        .where(col(BatchItem.batch_id).in_(batch_ids))
        .distinct()
    )
    return set(session.exec(query).all()) if batch_ids else set()


def steps_of(session: Session, document_ids: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """``(document, class, stage waited for)``."""
    found: list[tuple[str, str, str | None]] = []
    for chunk in chunks(document_ids):
        query = select(Document.id, Document.class_id, Document.next_stage).where(col(Document.id).in_(chunk))
        found += [(document_id, class_id, stage) for document_id, class_id, stage in session.exec(query).all()]
    return found


def signers_due(session: Session, document_ids: Sequence[str]) -> set[str]:
    """Members of staff whose signature these documents wait for now."""
    found: set[str] = set()
    for chunk in chunks(document_ids):
        query = (
            select(Slot.staff_id)
            .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
            .where(
                col(Slot.document_id).in_(chunk),
                Document.version_id == Slot.version_id,
                Document.next_stage == Slot.stage,
                col(Slot.signed_at).is_(None),
            )
            .distinct()
        )
        found.update(staff_id for staff_id in session.exec(query).all() if staff_id is not None)
    return found
