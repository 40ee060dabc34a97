"""Queries on what the store holds: versions, their revisions, photos, attached files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import DocumentState
from hocba_app.models import AttachedRecord, Document, DocumentVersion, Revision, Student

_REVISIONS = select(  # type: ignore[call-overload] # SQLModel types four columns at most
    Revision.id, Revision.version_id, Revision.number, Revision.blob_sha256, Revision.length, Revision.sha256
).order_by(Revision.version_id, col(Revision.number))


def version_ids(session: Session) -> list[str]:
    """Every version of the school."""
    return list(session.exec(select(DocumentVersion.id).order_by(DocumentVersion.id)).all())


def photos(session: Session) -> list[str]:
    """SHA-256 of every pupil's photo."""
    return sorted({item for item in session.exec(select(Student.photo_sha256)).all() if item})


def attached_files(session: Session) -> list[tuple[str, str]]:
    """Id and SHA-256 of every attached record, refused and detached ones too: they are evidence."""
    query = select(AttachedRecord.id, AttachedRecord.blob_sha256).order_by(AttachedRecord.id)
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
            (col(Document.version_id) == DocumentVersion.id) & (col(Document.school_id) == DocumentVersion.school_id),
        )
        .where(col(DocumentVersion.id).in_(sorted(versions)), Document.state == DocumentState.SEALED)
    )
    return {version_id: tax_code or "" for version_id, tax_code in session.exec(query).all()}


def revision_blobs(session: Session, version_id: str) -> list[tuple[str, str]]:
    """Of a version's signatures, the slot and what was appended."""
    query = select(Revision.slot_id, Revision.blob_sha256).where(
        Revision.version_id == version_id, col(Revision.slot_id).is_not(None)
    )
    return [(slot_id, blob) for slot_id, blob in session.exec(query).all() if slot_id is not None]
