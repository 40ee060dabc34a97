"""Queries of what a batch signs: slots, documents, versions as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import literal
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from hocba_app.models import (
    BatchItem,
    Document,
    DocumentVersion,
    Evidence,
    Revision,
    SigningKey,
    Slot,
    Student,
)
from hocba_app.models.repositories.prepared_queries import among, own_school, rows_of
from hocba_app.models.repositories.records import chunks


class SlotRow(NamedTuple):
    """A slot, as far as signing it needs."""

    id: str
    school_id: str
    version_id: str
    document_id: str
    field: str
    stage: str
    staff_id: str | None
    caption: list[str]
    signed_at: datetime | None
    signer_hash: str | None
    demand: dict[str, Any] | None
    reassignment: dict[str, Any] | None

    @property
    def signed(self) -> bool:
        """Whether the signature is there."""
        return self.signed_at is not None


class DocumentRow(NamedTuple):
    """A document, as far as signing it needs."""

    id: str
    kind: str
    state: str
    next_stage: str | None
    version_id: str | None
    class_id: str
    school_year: str
    student_id: str


class VersionRow(NamedTuple):
    """A version, as far as signing it needs."""

    id: str
    length: int
    sha256: str
    salt: str
    tip: str
    """Empty unless asked for."""


def due_context(
    session: Session, slot_ids: Sequence[str], *, with_tip: bool = False
) -> dict[str, tuple[SlotRow, DocumentRow, VersionRow]]:
    """By slot id what decides whether it may be signed (for reading only).

    Args:
        with_tip: the version's ``tip`` too, kilobytes each.
    """
    slot_end = len(SlotRow._fields)
    document_end = slot_end + len(DocumentRow._fields)
    found = {}
    for chunk in chunks(slot_ids):
        for row in rows_of(session, _due_context(with_tip), slots=chunk):
            slot, document, version = row[:slot_end], row[slot_end:document_end], row[document_end:]
            found[row[0]] = SlotRow(*slot), DocumentRow(*document), VersionRow(*version)
    return found


@cache
def _due_context(with_tip: bool) -> Any:
    columns = (
        *(getattr(Slot, name) for name in SlotRow._fields),
        *(getattr(Document, name) for name in DocumentRow._fields),
        DocumentVersion.id,
        DocumentVersion.length,
        DocumentVersion.sha256,
        DocumentVersion.salt,
        DocumentVersion.tip if with_tip else literal(""),
    )
    return (
        select(*columns)
        .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
        .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
        .where(own_school(Slot), among(col(Slot.id), "slots"))
    )


class FrozenSlotRow(NamedTuple):
    """A slot, as far as the question goes what its certificate must carry."""

    id: str
    version_id: str
    field: str
    stage: str
    staff_id: str | None
    signer_hash: str | None
    demand: dict[str, Any] | None
    reassignment: dict[str, Any] | None
    salt: str
    """Of its version."""


def frozen_slots(session: Session, slot_ids: Sequence[str]) -> dict[str, FrozenSlotRow]:
    """What some slots demand, by their ids (for reading only)."""
    found: dict[str, FrozenSlotRow] = {}
    for chunk in chunks(slot_ids):
        found.update({row[0]: FrozenSlotRow(*row) for row in rows_of(session, _frozen_slots(), slots=chunk)})
    return found


@cache
def _frozen_slots() -> Any:
    columns = (getattr(Slot, name) for name in FrozenSlotRow._fields[:-1])
    return (
        select(*columns, DocumentVersion.salt)  # type: ignore[call-overload] # SQLModel types four columns at most
        .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
        .where(own_school(Slot), among(col(Slot.id), "slots"))
    )


def grounds_at_lock(session: Session, version_ids: Sequence[str]) -> dict[str, str]:
    """By version the decision that its file names at the head's place; "" where it names none."""
    ground = DocumentVersion.snapshot["head"]["ground"].as_string()
    found: dict[str, str] = {}
    for chunk in chunks(version_ids):
        rows = session.exec(select(DocumentVersion.id, ground).where(col(DocumentVersion.id).in_(chunk)))
        found.update((version_id, number or "") for version_id, number in rows)
    return found


def accepted_name(session: Session, owner: str) -> dict[str, Any] | None:
    """The principal's word for the name in the certificate of a key; None where he gave none."""
    return session.exec(select(col(SigningKey.accepted_name)).where(SigningKey.owner == owner)).first()


def evidence_content(session: Session, evidence_id: str) -> bytes:
    """What was checked about a signer, as `signer_certificate.Evidence.dumps` wrote it."""
    return session.exec(select(Evidence.content).where(Evidence.id == evidence_id)).one()


def names_on_phone(session: Session, slot_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By slot id the kind of its document and the pupil's code: what the signer's phone shows."""
    found: dict[str, tuple[str, str]] = {}
    for chunk in chunks(slot_ids):
        found.update({row.id: (row.kind, row.code) for row in rows_of(session, _names_on_phone(), slots=chunk)})
    return found


@cache
def _names_on_phone() -> Any:
    return (
        select(Slot.id, Document.kind, Student.code)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
        .where(own_school(Slot), among(col(Slot.id), "slots"))
    )


def item_context(
    session: Session, items: Sequence[BatchItem]
) -> dict[str, tuple[Slot, Document, DocumentVersion, Student]]:
    """For each item id, the rows it signs; the versions without their snapshots."""
    context: dict[str, tuple[Slot, Document, DocumentVersion, Student]] = {}
    by_slot = {item.slot_id: item.id for item in items}
    for chunk in chunks(list(by_slot)):
        rows = session.exec(
            select(Slot, Document, DocumentVersion, Student)
            .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
            .join(
                DocumentVersion,
                (col(DocumentVersion.id) == Slot.version_id) & (col(DocumentVersion.school_id) == Slot.school_id),
            )
            .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
            .where(col(Slot.id).in_(chunk))
            .options(defer(DocumentVersion.snapshot))  # type: ignore[arg-type] # a column, which SQLModel types by its value
        ).all()
        context.update({by_slot[row[0].id]: (row[0], row[1], row[2], row[3]) for row in rows})
    return context


def lock_documents(session: Session, document_ids: Sequence[str]) -> dict[str, Any]:
    """Documents by id, as plain rows (:class:`DocumentRow`'s columns), locked in one order by everybody who locks several."""
    return {document.id: document for document in rows_of(session, _lock_documents(), documents=document_ids)}


@cache
def _lock_documents() -> Any:
    return (
        select(*(getattr(Document, name) for name in DocumentRow._fields))
        .where(own_school(Document), among(col(Document.id), "documents"))
        .order_by(Document.id)
        .with_for_update()
    )


def version_rows(session: Session, version_ids: Sequence[str], *, with_tip: bool = False) -> dict[str, Any]:
    """Versions by id, as plain rows without their snapshots.

    Args:
        with_tip: the ``tip`` too, kilobytes each.
    """
    return {version.id: version for version in rows_of(session, _version_rows(with_tip), versions=version_ids)}


@cache
def _version_rows(with_tip: bool) -> Any:
    columns = (
        DocumentVersion.id,
        DocumentVersion.document_id,
        DocumentVersion.number,
        DocumentVersion.revision_number,
        DocumentVersion.length,
        DocumentVersion.sha256,
        DocumentVersion.voided_at,
        *((DocumentVersion.tip,) if with_tip else ()),
    )
    return select(*columns).where(own_school(DocumentVersion), among(col(DocumentVersion.id), "versions"))


def slots_of_versions(session: Session, version_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Every slot of some versions in its order, as plain rows, locked."""
    slots: dict[str, list[Any]] = {}
    for slot in rows_of(session, _slots_of_versions(), versions=version_ids):
        slots.setdefault(slot.version_id, []).append(slot)
    return slots


@cache
def _slots_of_versions() -> Any:
    columns = (
        Slot.id,
        Slot.version_id,
        Slot.document_id,
        Slot.field,
        Slot.stage,
        Slot.staff_id,
        Slot.caption,
        Slot.reassignment,
        col(Slot.signed_at).is_not(None).label("signed"),
    )
    return (
        select(*columns)  # type: ignore[call-overload] # SQLModel types four columns at most
        .where(own_school(Slot), among(col(Slot.version_id), "versions"))
        .order_by(Slot.version_id, Slot.position)
        .with_for_update()
    )


def reassigned_slots(session: Session, version_ids: Sequence[str]) -> list[Slot]:
    """Slots for which the seal must vouch, by version and in their order."""
    query = select(Slot).where(col(Slot.version_id).in_(version_ids), col(Slot.reassignment).is_not(None))
    return list(session.exec(query.order_by(col(Slot.version_id), col(Slot.position))).all()) if version_ids else []


def archived_versions(session: Session, version_ids: Sequence[str]) -> set[str]:
    """Those of the versions that have archive data."""
    query = select(Revision.version_id).where(Revision.kind == "archive", col(Revision.version_id).in_(version_ids))
    return set(session.exec(query).all())


def evidence_of_versions(session: Session, version_ids: Sequence[str]) -> list[tuple[str, str, bytes]]:
    """By version, id and content of what was checked about its signers, each once."""
    query = (
        select(Slot.version_id, Evidence.id, Evidence.content)
        .join(Evidence, (col(Evidence.id) == Slot.evidence_id) & (col(Evidence.school_id) == Slot.school_id))
        .where(col(Slot.version_id).in_(version_ids))
        .distinct()
        .order_by(col(Slot.version_id), col(Evidence.id))
    )
    return [(version_id, evidence_id, content) for version_id, evidence_id, content in session.exec(query).all()]
