"""Queries of the signing queue: what waits for whom, and what already is in a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from hocba_app.domain.batch_lifecycle import BATCH_LIVE, LIVE_ITEM
from hocba_app.models import SEAL, BatchItem, Document, SchoolClass, Slot, Student, Subject
from hocba_app.models.repositories.batches import batches_in
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of
from hocba_app.models.repositories.records import chunks


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
    grade: int
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
    grade: int
    waiting: int
    busy: int
    """Of them, those that a batch already works on."""


def due_slots(
    session: Session, *, staff_id: str | None, stage: str | None = None, kind: str | None = None, class_id: str = ""
) -> list[DueSlot]:
    """Unsigned slots whose turn it is, in the order of classes and pupils.

    Args:
        staff_id: the assigned signer; None for the seal's slots.
        stage: only this stage.
        kind: only this kind of document.
        class_id: only this class; "" for every one.
    """
    columns: Any = (
        Slot.id,
        Slot.stage,
        Slot.rows,
        Slot.version_id,
        Document.id,
        Document.kind,
        Document.school_year,
        SchoolClass.id,
        SchoolClass.name,
        SchoolClass.grade,
        Student.id,
        Student.code,
        Student.full_name,
    )
    query = (
        _due(columns, staff_id, stage)
        .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
        .order_by(SchoolClass.grade, SchoolClass.name, Document.kind, Student.sort_name, Student.id)
    )
    if kind is not None:
        query = query.where(Document.kind == kind)
    if class_id:
        query = query.where(Document.class_id == class_id)
    return [DueSlot(*row) for row in session.exec(query).all()]


def due_groups(session: Session, staff_id: str) -> list[DueGroup]:
    """A person's own queue, counted: what his page shows of it, without a row for each record."""
    return [DueGroup(*row) for row in rows_of(session, _due_groups(), person=staff_id)]


class DueOfDocument(NamedTuple):
    """A person's unsigned slot in one document, with the group it is counted in."""

    stage: str
    subjects: list[str]
    kind: str
    school_year: str
    class_id: str
    document_id: str
    busy: int
    """1 when a batch already works on it."""


def due_in_documents(session: Session, staff_id: str, document_ids: Collection[str]) -> list[DueOfDocument]:
    """Of a person's queue what lies in these few documents."""
    if not document_ids:
        return []
    return [
        DueOfDocument(*row)
        for chunk in chunks(sorted(document_ids))
        for row in rows_of(session, _due_in_documents(), person=staff_id, documents=chunk)
    ]


@cache
def _due_in_documents() -> Any:
    columns = (Slot.stage, Slot.rows, Document.kind, Document.school_year, Document.class_id, Document.id, _busy())
    return _due(columns, given("person"), None).where(own_school(Slot), among(col(Document.id), "documents"))


def _busy() -> Any:
    busy = select(BatchItem.slot_id).where(
        own_school(BatchItem),
        col(BatchItem.batch_id).in_(batches_in(BATCH_LIVE)),
        col(BatchItem.state).in_(LIVE_ITEM),
    )
    return case((col(Slot.id).in_(busy), 1), else_=0)


@cache
def _due_groups() -> Any:
    group = (
        Slot.stage, Slot.rows, Document.kind, Document.school_year, SchoolClass.id, SchoolClass.name, SchoolClass.grade,
    )  # fmt: skip
    columns = (*group, func.count(), func.sum(_busy()))
    return (
        _due(columns, given("person"), None)
        .where(own_school(Slot))
        .group_by(*group)
        .order_by(SchoolClass.grade, SchoolClass.name, Document.kind, func.min(Slot.position))
    )


def _due(columns: Any, staff_id: Any, stage: str | None) -> Any:
    query = (
        select(*columns)
        .select_from(Slot)
        .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
        .join(SchoolClass, (SchoolClass.id == Document.class_id) & (SchoolClass.school_id == Document.school_id))
        .where(
            col(Slot.signed_at).is_(None),
            col(Document.version_id) == Slot.version_id,
            col(Document.next_stage) == Slot.stage,
        )
    )
    query = query.where(Slot.staff_id == staff_id)  # the seal's are nobody's, which an index finds, as everybody else's
    query = query.where(Slot.stage == SEAL) if staff_id is None else query
    return query.where(Slot.stage == stage) if stage is not None else query


def subject_names(session: Session) -> dict[str, str]:
    """Subject names by code: a queue shows words, slots hold codes."""
    return dict(session.exec(select(Subject.code, Subject.name)).all())


def slots_with_documents(session: Session, slot_ids: Sequence[str]) -> list[tuple[Slot, Document]]:
    """The slots asked for, each with its document, in the order asked."""
    found: dict[str, tuple[Slot, Document]] = {}
    for chunk in chunks(slot_ids):
        rows = session.exec(
            select(Slot, Document)
            .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
            .where(col(Slot.id).in_(chunk))
        ).all()
        found.update({slot.id: (slot, document) for slot, document in rows})
    return [found[slot_id] for slot_id in slot_ids if slot_id in found]


def slots_in_live_batches(session: Session) -> set[str]:
    """Slots of the school that a batch works on or waits for."""
    return {row.slot_id for row in rows_of(session, _slots_in_live_batches())}


@cache
def _slots_in_live_batches() -> Any:
    return select(BatchItem.slot_id).where(
        own_school(BatchItem),
        col(BatchItem.batch_id).in_(batches_in(BATCH_LIVE)),
        col(BatchItem.state).in_(LIVE_ITEM),
    )
