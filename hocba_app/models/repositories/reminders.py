"""Queries of reminders: who is late in a class, who was reminded when."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.models import Account, Document, Reminder, SchoolClass, SigningAssignment, Slot, Staff
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of


def homeroom_class_ids(session: Session, staff_id: str) -> set[str]:
    """Classes whose homeroom teacher this person is, or for whom he signs as such."""
    queries = (
        select(SchoolClass.id).where(SchoolClass.homeroom_staff_id == staff_id, col(SchoolClass.active)),
        select(SigningAssignment.class_id).where(
            SigningAssignment.staff_id == staff_id, SigningAssignment.field == "homeroom"
        ),
    )
    return {class_id for query in queries for class_id in session.exec(query).all()}


def _due(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Slot)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .where(col(Slot.signed_at).is_(None), Document.version_id == Slot.version_id, Document.next_stage == Slot.stage)
    )


def late_in(session: Session, class_ids: Collection[str]) -> list[tuple[str, str, str, str, list[str], int]]:
    """``(class id, class name, staff id, name, subject codes, slots)``: what of the subjects of these classes is unsigned."""
    return [tuple(row) for row in rows_of(session, _late(), classes=sorted(class_ids))]


@cache
def _late() -> Any:
    group = (SchoolClass.id, SchoolClass.name, Staff.id, Staff.full_name, Slot.rows)
    # From the documents to their slots: without statistics SQLite would begin with every slot of the school.
    versions = select(Document.version_id).where(
        own_school(Document), Document.next_stage == "subject", among(col(Document.class_id), "classes")
    )
    return (
        _due(*group, func.count())
        .join(Staff, (col(Staff.id) == Slot.staff_id) & (col(Staff.school_id) == Slot.school_id))
        .where(own_school(Slot), Slot.stage == "subject", col(Slot.version_id).in_(versions))
        .group_by(*group, SchoolClass.grade)
        .order_by(SchoolClass.grade, SchoolClass.name, func.min(Slot.position), Staff.full_name)
    )


class LateInClass(NamedTuple):
    """How many records of a class wait for a person."""

    class_id: str
    class_name: str
    staff_id: str
    name: str
    records: int


def everybody_late(session: Session, school_year: str) -> list[LateInClass]:
    """For whom records of a year's classes wait now, by name and in school order."""
    group = (SchoolClass.id, SchoolClass.name, Staff.id, Staff.full_name)
    query = (
        _due(*group, func.count(func.distinct(Document.id)))
        .join(Staff, (col(Staff.id) == Slot.staff_id) & (col(Staff.school_id) == Slot.school_id))
        .where(SchoolClass.school_year == school_year)
        .group_by(*group, SchoolClass.grade)
        .order_by(Staff.full_name, Staff.id, SchoolClass.grade, SchoolClass.name)
    )
    return [LateInClass(*row) for row in session.exec(query).all()]


def due_by_class(session: Session, staff_id: str) -> list[tuple[str, str, int]]:
    """``(class id, name, records)`` that wait for a person, in school order."""
    query = (
        _due(SchoolClass.id, SchoolClass.name, func.count(func.distinct(Document.id)))
        .where(Slot.staff_id == staff_id)
        .group_by(SchoolClass.id, SchoolClass.name, SchoolClass.grade)
        .order_by(SchoolClass.grade, SchoolClass.name)
    )
    return [tuple(row) for row in session.exec(query).all()]


def due_documents(session: Session, staff_id: str, class_id: str, *, stage: str | None = None) -> int:
    """How many records of a class wait for this person.

    Args:
        stage: only this stage.
    """
    query = _due(Document.id).where(Slot.staff_id == staff_id, Document.class_id == class_id)
    if stage is not None:
        query = query.where(Slot.stage == stage)
    return len(set(session.exec(query).all()))


def sent_on(session: Session, day: str, class_ids: Collection[str]) -> set[tuple[str, str]]:
    """``(class, staff)`` reminded on a day."""
    query = select(Reminder.class_id, Reminder.to_staff).where(
        Reminder.day == day, col(Reminder.class_id).in_(class_ids)
    )
    return {(class_id, staff_id) for class_id, staff_id in session.exec(query).all()}


class Unseen(NamedTuple):
    """A reminder that a person has not dismissed."""

    id: str
    class_id: str
    class_name: str
    reminded_by: str


def unseen_of(session: Session, staff_id: str) -> list[Unseen]:
    """What a person was reminded of and has not dismissed, newest first."""
    return [Unseen(*row) for row in rows_of(session, _UNSEEN, person=staff_id)]


_UNSEEN = (
    select(Reminder.id, Reminder.class_id, SchoolClass.name, Account.full_name)
    .join(SchoolClass, (col(SchoolClass.id) == Reminder.class_id) & (col(SchoolClass.school_id) == Reminder.school_id))
    .join(Account, (col(Account.id) == Reminder.from_account) & (col(Account.school_id) == Reminder.school_id))
    .where(own_school(Reminder), Reminder.to_staff == given("person"), col(Reminder.seen_at).is_(None))
    .order_by(col(Reminder.created_at).desc())
)
