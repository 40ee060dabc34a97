"""Queries of what records say: the frozen snapshots that a signer reads before he signs, of one class at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.models import Document, DocumentVersion, Slot, Student
from hocba_app.models.repositories.records import chunks


def snapshots(session: Session, version_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What these versions froze, by their ids."""
    found: dict[str, dict[str, Any]] = {}
    for chunk in chunks(version_ids):
        found.update(
            session.exec(
                select(col(DocumentVersion.id), col(DocumentVersion.snapshot)).where(col(DocumentVersion.id).in_(chunk))
            ).all()
        )
    return found


def signed_before(session: Session, document_ids: Sequence[str], staff_id: str | None) -> dict[str, dict[str, Any]]:
    """By document, what the last void version said in which this person's signature was; None asks for the seal's."""
    found: dict[str, dict[str, Any]] = {}
    for chunk in chunks(document_ids):
        rows = session.exec(
            select(col(DocumentVersion.document_id), col(DocumentVersion.snapshot))
            .join(
                Slot, (col(Slot.version_id) == DocumentVersion.id) & (col(Slot.school_id) == DocumentVersion.school_id)
            )
            .where(
                col(DocumentVersion.document_id).in_(chunk),
                col(DocumentVersion.voided_at).is_not(None),
                col(Slot.signed_at).is_not(None),
                Slot.staff_id == staff_id,
                *([Slot.stage == "seal"] if staff_id is None else []),
            )
            .order_by(col(DocumentVersion.number))
        ).all()
        found.update(rows)
    return found


def void_reasons(session: Session, document_ids: Sequence[str]) -> dict[str, str]:
    """By document, why its last void version was unlocked."""
    found: dict[str, str] = {}
    for chunk in chunks(document_ids):
        rows = session.exec(
            select(DocumentVersion.document_id, DocumentVersion.void_reason)
            .where(col(DocumentVersion.document_id).in_(chunk), col(DocumentVersion.voided_at).is_not(None))
            .order_by(col(DocumentVersion.number))
        ).all()
        found.update((document_id, reason or "") for document_id, reason in rows)
    return found


def class_documents(session: Session, kind: str, school_year: str, class_id: str) -> list[tuple[str, str]]:
    """``(document id, pupil's name)`` of a class's locked documents of one kind, in the order of its pupils."""
    rows = session.exec(
        select(Document.id, Student.full_name)
        .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
        .where(
            Document.kind == kind,
            Document.school_year == school_year,
            Document.class_id == class_id,
            col(Document.version_id).is_not(None),
        )
        .order_by(col(Student.sort_name), col(Student.id))
    ).all()
    return [(document_id, name) for document_id, name in rows]
