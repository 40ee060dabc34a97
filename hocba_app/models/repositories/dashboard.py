"""Counting queries of the dashboard: how many records are at which step, and for whom they wait."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select

from hocba_app.models import Document, SchoolClass, Slot, Staff


def classes_of_year(session: Session, school_year: str, class_ids: Sequence[str] | None = None) -> list[SchoolClass]:
    """The year's classes in school order; only those given when a list is given."""
    query = select(SchoolClass).where(col(SchoolClass.school_year) == school_year, col(SchoolClass.active).is_(True))
    if class_ids is not None:
        query = query.where(col(SchoolClass.id).in_(list(class_ids)))
    return list(session.exec(query.order_by(col(SchoolClass.grade), col(SchoolClass.name))).all())


def waiting_people(session: Session, school_year: str) -> list[tuple[str, str, str, str, str, int]]:
    """``(staff id, name, stage, class id, class name, slots)``: for whom signatures wait now, most first."""
    query = (
        select(  # type: ignore[call-overload] # SQLModel types four columns at most
            col(Staff.id),
            col(Staff.full_name),
            col(Slot.stage),
            col(SchoolClass.id),
            col(SchoolClass.name),
            func.count(),
        )
        .select_from(Slot)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .join(Staff, (col(Staff.id) == Slot.staff_id) & (col(Staff.school_id) == Slot.school_id))
        .where(
            col(SchoolClass.school_year) == school_year,
            col(Slot.signed_at).is_(None),
            col(Document.version_id) == Slot.version_id,
            col(Document.next_stage) == Slot.stage,
        )
        .group_by(col(Staff.id), col(Staff.full_name), col(Slot.stage), col(SchoolClass.id), col(SchoolClass.name))
        .order_by(func.count().desc(), Staff.full_name)
    )
    return [tuple(row) for row in session.exec(query).all()]


def signed_per_person(session: Session, school_year: str) -> list[tuple[str, str, int, int]]:
    """``(staff id, name, slots, signed)`` over the current versions of the year's records, who is furthest behind first."""
    left = func.count() - func.count(col(Slot.signed_at))
    rows = session.exec(
        select(col(Staff.id), col(Staff.full_name), func.count(), func.count(col(Slot.signed_at)))
        .select_from(Slot)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .join(Staff, (col(Staff.id) == Slot.staff_id) & (col(Staff.school_id) == Slot.school_id))
        .where(col(SchoolClass.school_year) == school_year, col(Document.version_id) == Slot.version_id)
        .group_by(col(Staff.id), col(Staff.full_name))
        .order_by(left.desc(), Staff.full_name)
    ).all()
    return [tuple(row) for row in rows]  # type: ignore[misc] # a row is a tuple of its columns


def signed_per_day(session: Session, school_year: str) -> list[tuple[str, int]]:
    """``(ISO date in Vietnam, signatures)`` of the year's records, oldest first."""
    if session.get_bind().dialect.name == "sqlite":
        day = func.date(Slot.signed_at, literal_column("'+7 hours'"))
    else:
        day = func.date(func.timezone(literal_column("'Asia/Ho_Chi_Minh'"), Slot.signed_at))
    rows = session.exec(
        select(day, func.count())
        .select_from(Slot)
        .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .where(col(SchoolClass.school_year) == school_year, col(Slot.signed_at).is_not(None))
        .group_by(day)
        .order_by(day)
    ).all()
    return [(str(date), count) for date, count in rows]
