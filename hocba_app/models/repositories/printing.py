"""Queries of what is printed and handed out: finished documents, their versions, their signers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import DocumentState
from hocba_app.models import Document, DocumentVersion, Evidence, Slot

FINISHED = DocumentState.SEALED


def finished_counts(session: Session, student_ids: Collection[str]) -> dict[str, int]:
    """How many finished documents each of these pupils has; those without are not in it."""
    query = select(Document.student_id, func.count()).where(
        Document.state == FINISHED, col(Document.student_id).in_(student_ids)
    )
    return dict(session.exec(query.group_by(Document.student_id)).all())


def finished_of_pupils(
    session: Session, student_ids: Sequence[str], kinds: Sequence[str]
) -> list[tuple[Document, DocumentVersion]]:
    """Finished documents of these pupils and kinds with their current versions, by school year."""
    query = _finished().where(col(Document.student_id).in_(student_ids), col(Document.kind).in_(kinds))
    return [(document, version) for document, version in session.exec(query.order_by(Document.school_year)).all()]


def finished_versions(session: Session, version_ids: Sequence[str]) -> list[tuple[Document, DocumentVersion]]:
    """Those of the versions that are current and finished, with their documents."""
    query = _finished().where(col(DocumentVersion.id).in_(version_ids))
    return [(document, version) for document, version in session.exec(query).all()]


def replaced_versions(session: Session, version_ids: Collection[str]) -> set[str]:
    """Those of the versions that were unlocked since they were sealed."""
    wanted = set(version_ids)
    current = select(Document.version_id).where(col(Document.version_id).in_(wanted), Document.state == FINISHED)
    return wanted - {found for found in session.exec(current).all() if found}


def last_year(session: Session, student_id: str) -> str:
    """The newest school year there are documents of: a pupil may have left years ago."""
    return session.exec(select(func.max(Document.school_year)).where(Document.student_id == student_id)).one() or ""


def signers_with_evidence(session: Session, version_id: str) -> list[tuple[Slot, Evidence]]:
    """Signed slots of a version with what was checked about each signer, in the order of signing."""
    query = (
        select(Slot, Evidence)
        .join(Evidence, (col(Evidence.id) == col(Slot.evidence_id)) & (col(Evidence.school_id) == col(Slot.school_id)))
        .where(Slot.version_id == version_id)
        .order_by(col(Slot.signed_at), col(Slot.position))
    )
    return [(slot, evidence) for slot, evidence in session.exec(query).all()]


def _finished() -> Any:
    return (
        select(Document, DocumentVersion)
        .join(
            DocumentVersion,
            (col(DocumentVersion.id) == col(Document.version_id))
            & (col(DocumentVersion.school_id) == col(Document.school_id)),
        )
        .where(Document.state == FINISHED)
    )
