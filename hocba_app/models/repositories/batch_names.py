"""What a batch is about, in the words of its signer: kinds, classes, subjects, a few names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.models import BatchItem, Document, SchoolClass, Slot, Student


class About(NamedTuple):
    """What of a batch lies in one class."""

    kind: str
    class_name: str
    subjects: list[str]
    records: int


def about(session: Session, batch_ids: Sequence[str]) -> dict[str, list[About]]:
    """By batch what it holds, counted by kind, class and subjects, in school order."""
    if not batch_ids:
        return {}
    group = (BatchItem.batch_id, Document.kind, SchoolClass.grade, SchoolClass.name, Slot.rows)
    rows = session.exec(
        select(*group, func.count())  # type: ignore[call-overload] # SQLModel types four columns at most
        .join(Slot, (col(Slot.id) == BatchItem.slot_id) & (col(Slot.school_id) == BatchItem.school_id))
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .where(col(BatchItem.batch_id).in_(list(batch_ids)))
        .group_by(*group)
        .order_by(Document.kind, SchoolClass.grade, SchoolClass.name)
    ).all()
    found: dict[str, list[About]] = {}
    for batch_id, kind, _grade, class_name, subjects, records in rows:
        found.setdefault(batch_id, []).append(About(kind, class_name, list(subjects or ()), records))
    return found


def pupils_of_batch(session: Session, batch_id: str, state: str, limit: int) -> list[str]:
    """The first pupils' names of a batch's items in one state."""
    first = select(BatchItem.slot_id).where(BatchItem.batch_id == batch_id, BatchItem.state == state)
    slots = session.exec(first.order_by(col(BatchItem.position)).limit(limit)).all()
    names = dict(
        session.exec(
            select(Slot.id, Student.full_name)
            .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
            .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
            .where(col(Slot.id).in_(slots))
        ).all()
    )
    return [names[slot_id] for slot_id in slots]
