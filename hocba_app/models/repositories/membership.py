"""Where pupils belong (`domain.membership`), asked of the database: the one query behind lock, lists, print and counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col

from hocba_app.domain.membership import PRESENT, Membership
from hocba_app.models import Document, Enrolment, SchoolClass, Student
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of

_CHUNK = 400


def memberships(*criteria: ColumnElement[bool]) -> CTE:
    """One row a pupil and school year: ``enrolment_id, student_id, school_year, class_id, status, from_date, to_date, counts,
    present``. Where nothing counts any more, the last enrolment there was is taken, with ``counts`` false.

    For prepared queries: the school is named by :func:`own_school`.

    Args:
        criteria: on ``Enrolment``, such that all of a pupil's enrolments of a year are taken or none.
    """
    counting = and_(col(Enrolment.active), col(SchoolClass.active).is_not(None), col(Student.active).is_not(None))
    present = col(Enrolment.status).in_(PRESENT)
    best_first = (
        case((counting, 0), else_=1),
        case((present, 0), else_=1),
        func.coalesce(Enrolment.from_date, "").desc(),
        func.coalesce(Enrolment.to_date, "").desc(),
        col(Enrolment.id).desc(),
    )
    ranked = (
        core_select(
            col(Enrolment.id).label("enrolment_id"),
            col(Enrolment.student_id),
            col(Enrolment.school_year),
            col(Enrolment.class_id),
            col(Enrolment.status),
            col(Enrolment.from_date),
            col(Enrolment.to_date),
            counting.label("counts"),
            present.label("present"),
            func.row_number()
            .over(partition_by=(col(Enrolment.student_id), col(Enrolment.school_year)), order_by=best_first)
            .label("rank"),
        )
        # Outer joins by key, from the enrolments: each row's own class and pupil, however many others there were in other years.
        .outerjoin(
            SchoolClass,
            and_(own_school(SchoolClass), col(SchoolClass.id) == Enrolment.class_id, col(SchoolClass.active)),
        )
        .outerjoin(Student, and_(own_school(Student), col(Student.id) == Enrolment.student_id, col(Student.active)))
        .where(own_school(Enrolment), *criteria)
        .subquery("ranked")
    )
    # Worked out once: PostgreSQL takes so many conditions for a single row, and would do it again for every class.
    return (
        core_select(ranked)
        .where(ranked.c.rank == 1)
        .cte("membership")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def of_classes() -> ColumnElement[bool]:
    """The criterion for pupils who have something to do with the ``classes`` given, for :func:`memberships`."""
    return col(Enrolment.student_id).in_(
        core_select(col(Enrolment.student_id)).where(own_school(Enrolment), among(col(Enrolment.class_id), "classes"))
    )


def memberships_of(session: Session, student_ids: Iterable[str], school_year: str) -> dict[str, Membership]:
    """Each pupil's membership in a school year, by pupil; who belongs nowhere is not in it."""
    found: dict[str, Membership] = {}
    wanted = sorted(set(student_ids))
    for start in range(0, len(wanted), _CHUNK):
        for student_id, *values in rows_of(
            session, _memberships_of_pupils(), students=wanted[start : start + _CHUNK], year=school_year
        ):
            found[student_id] = Membership(*values)
    return found


def memberships_of_year(session: Session, school_year: str) -> dict[str, Membership]:
    """The membership of everybody who belongs to a class of the year, by pupil."""
    return {
        student_id: Membership(*values)
        for student_id, *values in rows_of(session, _memberships_of_year(), year=school_year)
    }


def memberships_of_pupil(session: Session, student_id: str) -> dict[str, Membership]:
    """A pupil's membership in every school year he belonged to, by year, the newest first."""
    found = {year: Membership(*values) for year, *values in rows_of(session, _all_memberships(), student=student_id)}
    return dict(sorted(found.items(), reverse=True))


def present_in(session: Session, class_id: str, school_year: str) -> list[str]:
    """Ids of the pupils who are in a class, in the order of the class list."""
    return [student_id for (student_id,) in rows_of(session, _present(), classes=[class_id], year=school_year)]


def present_per_class(session: Session, school_year: str) -> dict[str, int]:
    """How many pupils are in each class of the year, those who left the school excluded."""
    return {class_id: count for class_id, count in rows_of(session, _per_class(), year=school_year)}


def documents_per_class(session: Session, school_year: str, state: str) -> dict[str, int]:
    """How many documents in a state, of every kind and year, the pupils in each class of the year have."""
    return {
        class_id: count for class_id, count in rows_of(session, _documents_per_class(), year=school_year, state=state)
    }


def in_cancelled_classes(session: Session) -> set[str]:
    """Pupils with an enrolment in a class the source does not know any more."""
    return {student_id for (student_id,) in rows_of(session, _IN_CANCELLED_CLASSES)}


_IN_CANCELLED_CLASSES = core_select(col(Enrolment.student_id)).where(
    own_school(Enrolment),
    col(Enrolment.active),
    col(Enrolment.class_id).in_(
        core_select(col(SchoolClass.id)).where(own_school(SchoolClass), ~col(SchoolClass.active))
    ),
)


def _columns(member: CTE) -> Sequence[Any]:
    return member.c.enrolment_id, member.c.class_id, member.c.status, member.c.from_date, member.c.to_date


@cache
def _memberships_of_pupils() -> Any:
    member = memberships(among(col(Enrolment.student_id), "students"), col(Enrolment.school_year) == given("year"))
    return core_select(member.c.student_id, *_columns(member)).where(member.c.counts)


@cache
def _memberships_of_year() -> Any:
    member = memberships(col(Enrolment.school_year) == given("year"))
    return core_select(member.c.student_id, *_columns(member)).where(member.c.counts)


@cache
def _all_memberships() -> Any:
    member = memberships(col(Enrolment.student_id) == given("student"))
    return core_select(member.c.school_year, *_columns(member)).where(member.c.counts)


@cache
def _present() -> Any:
    member = memberships(of_classes(), col(Enrolment.school_year) == given("year"))
    return (
        core_select(member.c.student_id)
        .join(Student, and_(col(Student.id) == member.c.student_id, own_school(Student)))
        .where(member.c.counts, member.c.present, among(member.c.class_id, "classes"))
        .order_by(Student.sort_name, Student.code)
    )


@cache
def _per_class() -> Any:
    member = memberships(col(Enrolment.school_year) == given("year"))
    return (
        core_select(member.c.class_id, func.count())
        .where(member.c.counts, member.c.present)
        .group_by(member.c.class_id)
    )


@cache
def _documents_per_class() -> Any:
    member = memberships(col(Enrolment.school_year) == given("year"))
    return (
        core_select(member.c.class_id, func.count())
        .join(Document, and_(own_school(Document), col(Document.student_id) == member.c.student_id))
        .where(member.c.counts, member.c.present, col(Document.state) == given("state"))
        .group_by(member.c.class_id)
    )
