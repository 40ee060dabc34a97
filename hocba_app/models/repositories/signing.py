"""Queries of the signing queue: what waits for whom, which batch may start, what a batch holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import case, func, update
from sqlalchemy.orm import Bundle, defer
from sqlmodel import Session, select

from hocba_app.models import (
    Batch,
    BatchItem,
    Delegation,
    Document,
    DocumentVersion,
    Lease,
    School,
    SchoolClass,
    Slot,
    Student,
    Subject,
)
from hocba_app.models.repositories.prepared import given, own_school, rows_of

LIVE_ITEM = ("claimed", "prepared", "answered", "stamped")
BATCH_OVER = ("committed", "ended")


def serialise(session: Session) -> None:
    """One transaction of a school at a time from here on: starting, splitting, closing, locking, unlocking.

    Each of them reads what others hold and then writes. On PostgreSQL two that read at once would both find it free: a
    phone asked twice, a version unlocked under a lease. (On SQLite every write transaction is alone anyway.) Taken
    before any other row but the job's own; rows that refer to the school may still be inserted meanwhile.
    """
    school_id = session.info["school_id"]
    session.exec(select(School.id).where(School.id == school_id).with_for_update(key_share=True)).one()


class DueSlot(NamedTuple):
    """An unsigned slot whose turn it is, with whose it is: columns, not rows, for there are thousands of them."""

    slot_id: str
    stage: str
    subjects: list[str]
    version_id: str
    document_id: str
    kind: str
    school_year: str
    class_id: str
    class_name: str
    student_id: str
    student_code: str
    student_name: str


class DueGroup(NamedTuple):
    """How many slots of one class, kind, stage and subject wait for a person."""

    stage: str
    subjects: list[str]
    kind: str
    school_year: str
    class_id: str
    class_name: str
    waiting: int
    busy: int
    """Of them, those that a batch already works on."""


def due_slots(session: Session, *, staff_id: str | None, stage: str | None = None) -> list[DueSlot]:
    """Unsigned slots whose turn it is, in the order of classes and pupils.

    Args:
        staff_id: the assigned signer; None for the seal's slots.
        stage: only this stage.
    """
    columns: Any = (
        Slot.id, Slot.stage, Slot.rows, Slot.version_id, Document.id, Document.kind, Document.school_year,
        SchoolClass.id, SchoolClass.name, Student.id, Student.code, Student.full_name,
    )
    query = (
        _due(columns, staff_id, stage)
        .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
        .order_by(SchoolClass.grade, SchoolClass.name, Document.kind, Student.sort_name, Student.id)
    )
    return [DueSlot(*row) for row in session.exec(query).all()]


def due_groups(session: Session, staff_id: str) -> list[DueGroup]:
    """A person's own queue, counted: what his page shows of it, without a row for each record."""
    return [DueGroup(*row) for row in rows_of(session, _due_groups(), person=staff_id)]


@cache
def _due_groups() -> Any:
    busy = (
        select(BatchItem.slot_id)
        .join(Batch, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
        .where(own_school(Batch), Batch.state.not_in(BATCH_OVER), BatchItem.state.in_(LIVE_ITEM))  # type: ignore[attr-defined]
    )
    group = (Slot.stage, Slot.rows, Document.kind, Document.school_year, SchoolClass.id, SchoolClass.name)
    columns = (*group, func.count(), func.sum(case((Slot.id.in_(busy), 1), else_=0)))  # type: ignore[attr-defined]
    return (
        _due(columns, given("person"), None)
        .where(own_school(Slot))
        .group_by(*group, SchoolClass.grade)
        .order_by(SchoolClass.grade, SchoolClass.name, Document.kind, func.min(Slot.position))
    )


def _due(columns: Any, staff_id: Any, stage: str | None) -> Any:
    query = (
        select(*columns)
        .select_from(Slot)
        .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
        .join(SchoolClass, (SchoolClass.id == Document.class_id) & (SchoolClass.school_id == Document.school_id))
        .where(Slot.signed_at.is_(None), Document.version_id == Slot.version_id, Document.next_stage == Slot.stage)  # type: ignore[union-attr]
    )
    query = query.where(Slot.stage == "seal") if staff_id is None else query.where(Slot.staff_id == staff_id)
    return query.where(Slot.stage == stage) if stage is not None else query


def subject_names(session: Session) -> dict[str, str]:
    """Subject names by code: a queue shows words, slots hold codes."""
    return dict(session.exec(select(Subject.code, Subject.name)).all())


def slots_with_documents(session: Session, slot_ids: Sequence[str]) -> list[tuple[Slot, Document]]:
    """The slots asked for, each with its document, in the order asked."""
    found: dict[str, tuple[Slot, Document]] = {}
    for chunk in _chunks(slot_ids):
        rows = session.exec(
            select(Slot, Document)
            .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
            .where(Slot.id.in_(chunk))  # type: ignore[attr-defined]
        ).all()
        found.update({slot.id: (slot, document) for slot, document in rows})
    return [found[slot_id] for slot_id in slot_ids if slot_id in found]


def slots_in_live_batches(session: Session, slot_ids: Sequence[str]) -> set[str]:
    """Which of these slots a batch already works on."""
    held: set[str] = set()
    for chunk in _chunks(slot_ids):
        held.update(
            session.exec(
                select(BatchItem.slot_id)
                .join(Batch, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
                .where(
                    BatchItem.slot_id.in_(chunk),  # type: ignore[attr-defined]
                    BatchItem.state.in_(LIVE_ITEM),  # type: ignore[attr-defined]
                    Batch.state.not_in(BATCH_OVER),  # type: ignore[attr-defined]
                )
            ).all()
        )
    return held


def document_states(session: Session, student_ids: Sequence[str], school_year: str) -> dict[str, dict[str, str]]:
    """Per pupil, the state of his cover and of the year's history and results (for workflow rule 4)."""
    states: dict[str, dict[str, str]] = {}
    for chunk in _chunks(student_ids):
        rows = session.exec(
            select(Document.student_id, Document.kind, Document.state).where(
                Document.student_id.in_(chunk),  # type: ignore[attr-defined]
                Document.school_year.in_(("", school_year)),  # type: ignore[attr-defined]
            )
        ).all()
        for student_id, kind, state in rows:
            states.setdefault(student_id, {})[kind] = state
    return states


def held_versions(session: Session, version_ids: Sequence[str]) -> dict[str, str]:
    """Versions under a lease, each with the batch that holds it."""
    held: dict[str, str] = {}
    for chunk in _chunks(version_ids):
        held.update(
            session.exec(
                select(Lease.version_id, Lease.batch_id).where(
                    Lease.version_id.in_(chunk), Lease.released_at.is_(None)  # type: ignore[attr-defined, union-attr]
                )
            ).all()
        )
    return held


def earlier_waiting(session: Session, batch: Batch) -> set[str]:
    """Versions that batches queued before this one wait for: they go first (core decision 8)."""
    return set(
        session.exec(
            select(BatchItem.version_id)
            .join(Batch, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
            .where(
                Batch.state == "queued",
                Batch.id != batch.id,
                (Batch.queued_at < batch.queued_at) | ((Batch.queued_at == batch.queued_at) & (Batch.id < batch.id)),
                BatchItem.state == "claimed",
            )
        ).all()
    )


def earlier_batches(session: Session, batch: Batch, version_ids: set[str]) -> set[str]:
    """Queued batches before this one that want one of these versions."""
    found = session.exec(
        select(Batch.id, BatchItem.version_id)
        .join(BatchItem, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
        .where(Batch.state == "queued", Batch.queued_at < batch.queued_at, BatchItem.state == "claimed")
    ).all()
    return {batch_id for batch_id, version_id in found if version_id in version_ids}


def waiting_for_end_of(session: Session, batch: Batch) -> list[str]:
    """Queued batches that the end of this one may set free: they want one of its documents, or its key."""
    versions = set(session.exec(select(BatchItem.version_id).where(BatchItem.batch_id == batch.id)).all())
    found = session.exec(
        select(Batch.id, Batch.owner, BatchItem.version_id)
        .join(BatchItem, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
        .where(Batch.state == "queued", BatchItem.state == "claimed")
    ).all()
    return list({batch_id for batch_id, owner, version_id in found if owner == batch.owner or version_id in versions})


def delegations_of(session: Session, staff_id: str) -> list[Delegation]:
    """A deputy's delegations that were not revoked, whatever their dates."""
    return list(
        session.exec(select(Delegation).where(Delegation.deputy_id == staff_id, Delegation.revoked_at.is_(None))).all()  # type: ignore[union-attr]
    )


def active_batch_of(session: Session, owner: str, other_than: str = "") -> Batch | None:
    """The batch a key is confirming now: one at a time, so that the phone never shows two requests."""
    return session.exec(
        select(Batch)
        .where(Batch.owner == owner, Batch.state.not_in((*BATCH_OVER, "queued")), Batch.id != other_than)  # type: ignore[attr-defined]
        .limit(1)
    ).first()


def last_sent(session: Session, batch: Batch) -> Batch | None:
    """The batch of the same signer and key that ended last since this one was queued, of those that reached the service."""
    return session.exec(
        select(Batch)
        .where(
            Batch.owner == batch.owner, Batch.account_id == batch.account_id, Batch.id != batch.id,
            Batch.sent_at.is_not(None), Batch.ended_at > batch.queued_at,  # type: ignore[union-attr, operator]
        )
        .order_by(Batch.ended_at.desc())  # type: ignore[union-attr]
        .limit(1)
    ).first()


def items_of(
    session: Session, batch_id: str, states: Iterable[str] | None = None, *, light: bool = False, limit: int | None = None
) -> list[BatchItem]:
    """A batch's items in order.

    Args:
        states: only items in one of these.
        light: without the large columns, which are read when they are asked for.
        limit: at most so many.
    """
    query = select(BatchItem).where(BatchItem.batch_id == batch_id).order_by(BatchItem.position)
    if states is not None:
        query = query.where(BatchItem.state.in_(tuple(states)))  # type: ignore[attr-defined]
    if light:
        query = query.options(*(defer(column) for column in (BatchItem.prepared, BatchItem.attributes, BatchItem.signature, BatchItem.token)))  # type: ignore[arg-type]
    if limit is not None:
        query = query.limit(limit)
    return list(session.exec(query).all())


def item_rows(session: Session, batch_id: str, state: str, *columns: str, limit: int | None = None) -> list[Any]:
    """A batch's items in one state, in order, as plain rows: ``id``, ``state`` and the columns named. For reading only."""
    query = select(BatchItem.id, BatchItem.state, *(getattr(BatchItem, column) for column in columns)).where(
        BatchItem.batch_id == batch_id, BatchItem.state == state
    )
    query = query.order_by(BatchItem.position)
    return list(session.exec(query.limit(limit) if limit is not None else query).all())


def due_context(session: Session, slot_ids: Sequence[str], *, with_tip: bool = False) -> dict[str, tuple[Any, Any, Any]]:
    """By slot id what decides whether it may be signed, as plain rows: slot, document, version (for reading only).

    Args:
        with_tip: the version's ``tip`` too, kilobytes each.
    """
    found: dict[str, tuple[Any, Any, Any]] = {}
    slot = Bundle(
        "slot", Slot.id, Slot.school_id, Slot.version_id, Slot.document_id, Slot.field, Slot.stage, Slot.staff_id, Slot.caption, Slot.signed_at
    )
    document = Bundle(
        "document", Document.id, Document.kind, Document.state, Document.next_stage, Document.version_id, Document.class_id,
        Document.school_year, Document.student_id,
    )
    version = Bundle("version", DocumentVersion.id, DocumentVersion.length, DocumentVersion.sha256, *((DocumentVersion.tip,) if with_tip else ()))
    for chunk in _chunks(slot_ids):
        rows = session.exec(
            select(slot, document, version)
            .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
            .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
            .where(Slot.id.in_(chunk))  # type: ignore[attr-defined]
        ).all()
        found.update({row[0].id: (row[0], row[1], row[2]) for row in rows})
    return found


def names_on_phone(session: Session, slot_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By slot id the kind of its document and the pupil's code: what the signer's phone shows."""
    found: dict[str, tuple[str, str]] = {}
    for chunk in _chunks(slot_ids):
        rows = session.exec(
            select(Slot.id, Document.kind, Student.code)
            .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
            .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            .where(Slot.id.in_(chunk))  # type: ignore[attr-defined]
        ).all()
        found.update({slot_id: (kind, code) for slot_id, kind, code in rows})
    return found


def count_items(session: Session, batch_id: str) -> dict[str, int]:
    """How many items of a batch stand in each state."""
    return dict(
        session.exec(
            select(BatchItem.state, func.count()).where(BatchItem.batch_id == batch_id).group_by(BatchItem.state)
        ).all()
    )


def item_context(session: Session, items: Sequence[BatchItem]) -> dict[str, tuple[Slot, Document, DocumentVersion, Student]]:
    """For each item id, the rows it signs; the versions without their snapshots."""
    context: dict[str, tuple[Slot, Document, DocumentVersion, Student]] = {}
    by_slot = {item.slot_id: item.id for item in items}
    for chunk in _chunks(list(by_slot)):
        rows = session.exec(
            select(Slot, Document, DocumentVersion, Student)
            .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
            .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
            .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            .where(Slot.id.in_(chunk))  # type: ignore[attr-defined]
            .options(defer(DocumentVersion.snapshot))  # type: ignore[arg-type]
        ).all()
        context.update({by_slot[row[0].id]: (row[0], row[1], row[2], row[3]) for row in rows})
    return context


def lock_documents(session: Session, document_ids: Sequence[str]) -> dict[str, Any]:
    """Kind and state of documents by id, as plain rows, locked in one order by everybody who locks several."""
    found = session.exec(
        select(Document.id, Document.kind, Document.state)
        .where(Document.id.in_(document_ids))  # type: ignore[attr-defined]
        .order_by(Document.id)
        .with_for_update()
    ).all()
    return {document.id: document for document in found}


def version_rows(session: Session, version_ids: Sequence[str]) -> dict[str, Any]:
    """Versions by id, as plain rows without their snapshots."""
    found = session.exec(
        select(
            DocumentVersion.id, DocumentVersion.document_id, DocumentVersion.number, DocumentVersion.revision_number, DocumentVersion.length,
            DocumentVersion.sha256, DocumentVersion.voided_at, DocumentVersion.tip,
        ).where(DocumentVersion.id.in_(version_ids))  # type: ignore[attr-defined, call-overload]
    ).all()
    return {version.id: version for version in found}


def slots_of_versions(session: Session, version_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Every slot of some versions in its order, as plain rows, locked."""
    slots: dict[str, list[Any]] = {}
    query = select(Slot.id, Slot.version_id, Slot.document_id, Slot.field, Slot.stage, Slot.staff_id, Slot.signed_at).where(  # type: ignore[call-overload]
        Slot.version_id.in_(version_ids)  # type: ignore[attr-defined]
    )
    for slot in session.exec(query.order_by(Slot.version_id, Slot.position).with_for_update()).all():
        slots.setdefault(slot.version_id, []).append(slot)
    return slots


def drop_payload(session: Session, item_id: str) -> None:
    """Empty the large columns of an item that is over (core decision 6)."""
    session.execute(
        update(BatchItem)
        .where(BatchItem.id == item_id)
        .values(prepared=None, attributes=None, signature=None, token=None),
        execution_options={"synchronize_session": False},
    )


def _chunks(ids: Sequence[str], size: int = 400) -> Iterable[Sequence[str]]:
    """SQLite bounds the number of parameters of a statement."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
