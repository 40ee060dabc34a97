"""Queries on what the store holds: versions, their revisions, photos, attached files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import DocumentState
from hocba_app.models import AttachedRecord, Document, DocumentVersion, Enrolment, Revision, School, Student

_REVISIONS = select(  # type: ignore[call-overload] # SQLModel types four columns at most
    Revision.id, Revision.version_id, Revision.number, Revision.blob_sha256, Revision.length, Revision.sha256
).order_by(Revision.version_id, col(Revision.number))


RECORDS_A_PUPIL = 3
"""Of a year: cover, history, results."""
MIN_A_NIGHT = 100


def a_nights_share(session: Session, most: int) -> int:
    """How much of the past a night looks at: as much as this year makes, so that a night costs as much as this year's work and fifty
    years have their turn in fifty nights.

    Args:
        most: whatever the school's size.
    """
    year = session.get_one(School, session.info["school_id"]).current_year
    pupils = session.exec(select(func.count()).select_from(Enrolment).where(Enrolment.school_year == year)).one()
    return min(most, max(MIN_A_NIGHT, RECORDS_A_PUPIL * pupils))


def versions_after(session: Session, after: str, limit: int) -> list[str]:
    """Versions of the school behind one, in the order they were made."""
    query = select(DocumentVersion.id).where(DocumentVersion.id > after).order_by(DocumentVersion.id).limit(limit)
    return list(session.exec(query).all())


def appended_after(session: Session, after: str, limit: int) -> list[tuple[str, str]]:
    """``(revision, version)`` of what was appended behind a revision, in the order it was made."""
    query = select(Revision.id, Revision.version_id).where(Revision.id > after).order_by(Revision.id).limit(limit)
    return [(revision_id, version_id) for revision_id, version_id in session.exec(query).all()]


def photos_after(session: Session, after: str, limit: int) -> list[tuple[str, str | None]]:
    """``(pupil, SHA-256 of his photo)`` behind a pupil; None for whoever has none."""
    query = select(Student.id, Student.photo_sha256).where(Student.id > after).order_by(Student.id).limit(limit)
    return [(student_id, sha256) for student_id, sha256 in session.exec(query).all()]


def attached_after(session: Session, after: str, limit: int) -> list[tuple[str, str]]:
    """Id and SHA-256 of attached records behind one, refused and detached ones too: they are evidence."""
    query = select(AttachedRecord.id, AttachedRecord.blob_sha256)
    query = query.where(AttachedRecord.id > after).order_by(AttachedRecord.id).limit(limit)
    return [(attached_id, sha256) for attached_id, sha256 in session.exec(query).all()]


def has_files(session: Session) -> bool:
    """Whether the school has anything in the store."""
    return any(session.exec(select(each).limit(1)).first() is not None for each in (Revision.id, AttachedRecord.id))


def revisions_of(session: Session, versions: Collection[str], up_to: int | None = None) -> dict[str, list[Any]]:
    """Revisions of these versions in their order: ``id``, ``number``, ``blob_sha256``, ``length``, ``sha256``.

    Args:
        up_to: none with a higher number.
    """
    found: dict[str, list[Any]] = {}
    query = _REVISIONS.where(col(Revision.version_id).in_(sorted(versions)))
    if up_to is not None:
        query = query.where(Revision.number <= up_to)
    for row in session.exec(query).all() if versions else ():
        found.setdefault(row.version_id, []).append(row)
    return found


def sealed_versions(session: Session, versions: Collection[str]) -> dict[str, str]:
    """Those of the versions that are current and sealed, with the tax code their school had then; "" where none is noted."""
    query = (
        select(DocumentVersion.id, DocumentVersion.snapshot["school"]["tax_code"].as_string())
        .join(
            Document,
            (col(Document.id) == DocumentVersion.document_id) & (col(Document.school_id) == DocumentVersion.school_id),
        )
        .where(
            col(DocumentVersion.id).in_(sorted(versions)),
            col(Document.version_id) == DocumentVersion.id,
            Document.state == DocumentState.SEALED,
        )
    )
    return {version_id: tax_code or "" for version_id, tax_code in session.exec(query).all()}


def revision_blobs(session: Session, version_id: str) -> list[tuple[str, str]]:
    """Of a version's signatures, the slot and what was appended."""
    query = select(Revision.slot_id, Revision.blob_sha256).where(
        Revision.version_id == version_id, col(Revision.slot_id).is_not(None)
    )
    return [(slot_id, blob) for slot_id, blob in session.exec(query).all() if slot_id is not None]
