"""Queries of what is reported as wrong on records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.models import Account, Document, RecordObjection, SchoolClass, Slot, Student
from hocba_app.models.repositories.records import chunks


class ObjectionLine(NamedTuple):
    """A report with the record it is about and who made it."""

    objection: RecordObjection
    document: Document
    student: Student
    school_class: SchoolClass
    reporter: str


def _lines() -> Any:
    return (
        select(RecordObjection, Document, Student, SchoolClass, Account.full_name)  # type: ignore[call-overload] # SQLModel types four columns at most
        .join(
            Document,
            (col(Document.id) == RecordObjection.document_id) & (col(Document.school_id) == RecordObjection.school_id),
        )
        .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .join(
            Account,
            (col(Account.id) == RecordObjection.raised_by) & (col(Account.school_id) == RecordObjection.school_id),
        )
    )


def _concerning(query: Any, class_ids: Collection[str] | None, account_id: str) -> Any:
    """Of these classes, or raised by this account; of the whole school where ``class_ids`` is None."""
    if class_ids is None:
        return query
    return query.where(col(Document.class_id).in_(sorted(class_ids)) | (col(RecordObjection.raised_by) == account_id))


def objection_lines(
    session: Session,
    *,
    open_ones: bool,
    class_ids: Collection[str] | None,
    account_id: str,
    offset: int = 0,
    limit: int = 30,
) -> list[ObjectionLine]:
    """Reports, the oldest open one or the newest closed one first.

    Args:
        class_ids: only about records of these classes, and the account's own; None for the whole school.
    """
    query = _concerning(_lines(), class_ids, account_id)
    query = (
        query.where(RecordObjection.state == "open").order_by(RecordObjection.raised_at, RecordObjection.id)
        if open_ones
        else query.where(RecordObjection.state != "open").order_by(
            col(RecordObjection.closed_at).desc(), col(RecordObjection.id).desc()
        )
    )
    return [ObjectionLine(*row) for row in session.exec(query.offset(offset).limit(limit)).all()]


def count_objections(session: Session, *, open_ones: bool, class_ids: Collection[str] | None, account_id: str) -> int:
    """How many :func:`objection_lines` there are."""
    query = select(func.count()).select_from(RecordObjection)
    if class_ids is not None:
        query = query.join(
            Document,
            (col(Document.id) == RecordObjection.document_id) & (col(Document.school_id) == RecordObjection.school_id),
        )
    query = query.where(RecordObjection.state == "open" if open_ones else RecordObjection.state != "open")
    return int(session.exec(_concerning(query, class_ids, account_id)).one())


def objections_of(session: Session, document_ids: Sequence[str]) -> list[RecordObjection]:
    """Every report about these documents, oldest first."""
    found: list[RecordObjection] = []
    for chunk in chunks(document_ids):
        found += session.exec(
            select(RecordObjection)
            .where(col(RecordObjection.document_id).in_(chunk))
            .order_by(col(RecordObjection.raised_at), col(RecordObjection.id))
        ).all()
    return found


def has_slot(session: Session, version_id: str, staff_id: str | None) -> bool:
    """Whether this person signs in this version; None asks for the seal's slot."""
    query = select(Slot.id).where(Slot.version_id == version_id, Slot.staff_id == staff_id)
    if staff_id is None:
        query = query.where(Slot.stage == "seal")
    return session.exec(query.limit(1)).first() is not None
