"""Counting queries of the dashboard: how many records are at which step, and for whom they wait."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select

from hocba_app.models import Document, DocumentVersion, SchoolClass, Slot, Staff


def classes_of_year(session: Session, school_year: str, class_ids: Sequence[str] | None = None) -> list[SchoolClass]:
    """The year's classes in school order; only those given when a list is given."""
    query = select(SchoolClass).where(col(SchoolClass.school_year) == school_year, col(SchoolClass.active).is_(True))
    if class_ids is not None:
        query = query.where(col(SchoolClass.id).in_(list(class_ids)))
    return list(session.exec(query.order_by(col(SchoolClass.grade), col(SchoolClass.name))).all())


def waiting_people(session: Session, school_year: str) -> list[tuple[str, str, str, str, str, int]]:
    """``(staff id, name, stage, class id, class name, slots)``: for whom signatures wait now, most first."""
    rows = session.exec(
        select(  # type: ignore[call-overload] # SQLModel types four columns at most
            col(Slot.staff_id), col(Slot.stage), col(SchoolClass.id), col(SchoolClass.name), func.count()
        )
        .select_from(SchoolClass)
        .join(Document, (col(Document.class_id) == SchoolClass.id) & (col(Document.school_id) == SchoolClass.school_id))
        .join(Slot, (col(Slot.version_id) == Document.version_id) & (col(Slot.school_id) == Document.school_id))
        .where(
            col(SchoolClass.school_year) == school_year,
            col(Slot.signed_at).is_(None),
            col(Slot.staff_id).is_not(None),
            col(Document.next_stage) == Slot.stage,
        )
        .group_by(col(Slot.staff_id), col(Slot.stage), col(SchoolClass.id), col(SchoolClass.name))
    ).all()
    names = _names(session, {row[0] for row in rows})
    found = [(staff_id, names[staff_id], *waiting) for staff_id, *waiting in rows]
    return sorted(found, key=lambda row: (-row[5], row[1]))


def _names(session: Session, staff_ids: Collection[str]) -> dict[str, str]:
    """By person his name. Asked apart: in a join of four tables SQLite reads every school's staff to know whom it may leave out."""
    return dict(session.exec(select(Staff.id, Staff.full_name).where(col(Staff.id).in_(sorted(staff_ids)))).all())


def signed_per_person(session: Session, school_year: str) -> list[tuple[str, str, int, int]]:
    """``(staff id, name, slots, signed)`` over the current versions of the year's records, who is furthest behind first."""
    rows = session.exec(
        select(col(Slot.staff_id), func.count(), func.count(col(Slot.signed_at)))
        .select_from(SchoolClass)
        .join(Document, (col(Document.class_id) == SchoolClass.id) & (col(Document.school_id) == SchoolClass.school_id))
        .join(Slot, (col(Slot.version_id) == Document.version_id) & (col(Slot.school_id) == Document.school_id))
        .where(col(SchoolClass.school_year) == school_year, col(Slot.staff_id).is_not(None))
        .group_by(col(Slot.staff_id))
    ).all()
    counted = {staff_id or "": (slots, signed) for staff_id, slots, signed in rows}
    found = [(staff_id, name, *counted[staff_id]) for staff_id, name in _names(session, counted).items()]
    return sorted(found, key=lambda row: (row[3] - row[2], row[1]))


def signed_per_day(session: Session, school_year: str) -> list[tuple[str, int]]:
    """``(ISO date in Vietnam, signatures)`` of the year's records, oldest first."""
    if session.get_bind().dialect.name == "sqlite":
        day = func.date(Slot.signed_at, literal_column("'+7 hours'"))
    else:
        day = func.date(func.timezone(literal_column("'Asia/Ho_Chi_Minh'"), Slot.signed_at))
    rows = session.exec(
        select(day, func.count())
        .select_from(SchoolClass)
        .join(Document, (col(Document.class_id) == SchoolClass.id) & (col(Document.school_id) == SchoolClass.school_id))
        .join(
            DocumentVersion,
            (col(DocumentVersion.document_id) == Document.id) & (col(DocumentVersion.school_id) == Document.school_id),
        )
        .join(Slot, (col(Slot.version_id) == DocumentVersion.id) & (col(Slot.school_id) == DocumentVersion.school_id))
        .where(col(SchoolClass.school_year) == school_year, col(Slot.signed_at).is_not(None))
        .group_by(day)
        .order_by(day)
    ).all()
    return [(str(date), count) for date, count in rows]
