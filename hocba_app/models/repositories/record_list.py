"""The list of records: one line for each pupil of a year and kind of document, whether it is there yet or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Subquery, and_, case, func, literal, or_, union_all
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import KINDS, STEPS
from hocba_app.domain.levels import LAST_GRADES
from hocba_app.models import Document, Enrolment, SchoolClass, Slot, Staff, Student, UnlockRequest
from hocba_app.models.repositories.membership import memberships, of_classes
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of
from hocba_app.models.repositories.records import chunks

SORTS = ("class", "name", "code", "step", "updated")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines of the list. None means "whatever", an empty collection "none"."""

    school_year: str
    class_ids: Collection[str] | None = None
    kinds: Sequence[str] = KINDS
    step: str = ""
    """``open``, a stage that is waited for, or ``sealed``; "" for any."""
    document_ids: Collection[str] | None = None
    student_ids: Collection[str] | None = None


class Line(NamedTuple):
    """One pupil and kind of document. Columns, not rows: the database sorts all of them to give one page."""

    student_id: str
    code: str
    name: str
    class_id: str
    class_name: str
    enrolment_status: str
    kind: str
    document_id: str | None
    """None, as all that follows, while there is no document."""
    state: str | None
    next_stage: str | None
    version_id: str | None
    version_number: int | None
    out_of_date: list[dict[str, Any]] | None
    updated_at: datetime | None


def count_lines(session: Session, wanted: Wanted) -> int:
    """How many lines there are."""
    return int(rows_of(session, _count(_shape(wanted)), **_values(wanted))[0][0])


def lines(session: Session, wanted: Wanted, *, sort: str, descending: bool, offset: int, limit: int) -> list[Line]:
    """One page of lines.

    Args:
        sort: one of :data:`SORTS`; ``step`` is the order of a document's life.
    """
    query = _lines(_shape(wanted), sort, descending)
    return [Line(*row) for row in rows_of(session, query, first=offset, most=limit, **_values(wanted))]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a query of lines is put together from; the values are given when it runs."""

    kinds: tuple[str, ...]
    step: str
    by_class: bool
    by_document: bool
    by_student: bool


def _shape(wanted: Wanted) -> _Shape:
    return _Shape(
        tuple(wanted.kinds),
        wanted.step,
        wanted.class_ids is not None,
        wanted.document_ids is not None,
        wanted.student_ids is not None,
    )


def _values(wanted: Wanted) -> dict[str, Any]:
    lists = {"classes": wanted.class_ids, "documents": wanted.document_ids, "students": wanted.student_ids}
    return {"year": wanted.school_year} | {name: sorted(ids) for name, ids in lists.items() if ids is not None}


@lru_cache(maxsize=256)
def _count(shape: _Shape) -> Any:
    return _narrowed(core_select(func.count()), shape, _members(shape), _kinds(shape.kinds))


@lru_cache(maxsize=256)
def _lines(shape: _Shape, sort: str, descending: bool) -> Any:
    member, kinds = _members(shape), _kinds(shape.kinds)
    columns: Any = (
        Student.id,
        Student.code,
        Student.full_name,
        SchoolClass.id,
        SchoolClass.name,
        member.c.status,
        kinds.c.kind,
        Document.id,
        Document.state,
        Document.next_stage,
        Document.version_id,
        Document.version_number,
        Document.out_of_date,
        Document.updated_at,
    )
    step = case(*((_at_step(name), number) for number, name in enumerate(STEPS)), else_=len(STEPS))
    by_class, by_name = [col(SchoolClass.grade), col(SchoolClass.name)], [col(Student.sort_name), col(Student.id)]
    first: Any = {
        "class": by_class,
        "name": by_name,
        "code": [col(Student.code)],
        "step": [step],
        "updated": [col(Document.id).is_(None), col(Document.updated_at)],
    }[sort]
    turned = [column.desc() if descending else column.asc() for column in first]
    query = _narrowed(core_select(*columns), shape, member, kinds).order_by(
        *turned, *by_class, *by_name, kinds.c.position
    )
    return query.offset(given("first")).limit(given("most"))


def _kinds(kinds: Sequence[str]) -> Subquery:
    """The kinds asked for, as a small table to cross the pupils with."""
    parts = [
        core_select(literal(kind).label("kind"), literal(number).label("position")) for number, kind in enumerate(kinds)
    ]
    return union_all(*parts).subquery("kinds") if len(parts) > 1 else parts[0].subquery("kinds")


def _at_step(step: str) -> Any:
    if step == "open":
        return or_(col(Document.id).is_(None), col(Document.state) == "open")
    if step == "sealed":
        return Document.state == "sealed"
    return Document.next_stage == step


def _narrowed(query: Any, shape: _Shape, member: CTE, kinds: Subquery) -> Any:
    query = (
        query.select_from(member)
        .join(Student, and_(col(Student.id) == member.c.student_id, own_school(Student)))
        .join(SchoolClass, and_(col(SchoolClass.id) == member.c.class_id, own_school(SchoolClass)))
        .join(kinds, literal(True))
        .outerjoin(Document, _document_of(member, kinds))
        .where(_listed(member))
    )
    for asked, column, name in (
        (shape.by_class, member.c.class_id, "classes"),
        (shape.by_document, Document.id, "documents"),
        (shape.by_student, Student.id, "students"),
    ):
        if asked:
            query = query.where(among(col(column), name))
    return query.where(_at_step(shape.step)) if shape.step else query


def _document_of(member: CTE, kinds: Subquery) -> Any:
    return and_(
        own_school(Document),
        col(Document.student_id) == member.c.student_id,
        col(Document.kind) == kinds.c.kind,
        col(Document.school_year) == case((kinds.c.kind == "cover", ""), else_=member.c.school_year),
        col(Document.level) == case((kinds.c.kind == "cover", level_of_class()), else_=""),
    )


def level_of_class() -> ColumnElement[str]:
    """:func:`domain.levels.level_of_grade` of a class, for queries."""
    return case(*((col(SchoolClass.grade) <= last, level) for level, last in LAST_GRADES.items()), else_=literal(""))


def _listed(member: CTE) -> Any:
    """Who belongs nowhere any more stays in sight with the documents he has."""
    return or_(member.c.counts, col(Document.id).is_not(None))


def _members(shape: _Shape | None = None) -> CTE:
    criteria = [col(Enrolment.school_year) == given("year")]
    if shape is not None and shape.by_student:
        criteria.append(among(col(Enrolment.student_id), "students"))
    elif shape is not None and shape.by_class:
        criteria.append(of_classes())
    return memberships(*criteria)


@lru_cache(maxsize=1)
def _by_step() -> Any:
    member, kinds = _members(), _kinds(KINDS)
    due = and_(member.c.counts, member.c.present)
    columns = (member.c.class_id, kinds.c.kind, col(Document.state), col(Document.next_stage), due)
    query = (
        core_select(*columns, func.count())
        .select_from(member)
        .join(SchoolClass, and_(col(SchoolClass.id) == member.c.class_id, own_school(SchoolClass)))
        .join(kinds, literal(True))
        .outerjoin(Document, _document_of(member, kinds))
    )
    return query.where(_listed(member)).group_by(*columns)


def counts_by_step(session: Session, school_year: str) -> list[tuple[str, str, str | None, str | None, bool, int]]:
    """``(class, kind, state, next stage, whether the pupil is in the class, lines)``: the lines of the list, counted."""
    return [tuple(row) for row in rows_of(session, _by_step(), year=school_year)]


def details_of_year(session: Session, school_year: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """``(student id, full name, details)`` of the pupils enrolled in a year, for the check of their letters."""
    enrolled = select(Enrolment.student_id).where(Enrolment.school_year == school_year)
    query = select(Student.id, Student.full_name, Student.details).where(
        col(Student.active), col(Student.id).in_(enrolled)
    )
    return [(student_id, name, details) for student_id, name, details in session.exec(query).all()]


def names_of_year(session: Session, school_year: str) -> list[tuple[str, str, str]]:
    """``(student id, code, full name)`` of everybody enrolled in a year, for the search."""
    query = (
        select(Student.id, Student.code, Student.full_name)
        .join(Enrolment, and_(col(Enrolment.student_id) == Student.id, col(Enrolment.school_id) == Student.school_id))
        .where(Enrolment.school_year == school_year)
        .distinct()
    )
    return [(student_id, code, name) for student_id, code, name in session.exec(query).all()]


def noted_as_changed(session: Session, school_year: str) -> list[tuple[str, str, str, list[dict[str, Any]]]]:
    """``(document id, pupil, class at the lock, differences)`` of the year's documents, and of all covers, where newer data differ."""
    query = select(col(Document.id), col(Document.student_id), col(Document.class_id), col(Document.out_of_date)).where(
        col(Document.out_of_date).is_not(None), col(Document.school_year).in_(("", school_year))
    )
    return [
        (document_id, student_id, class_id, noted or [])
        for document_id, student_id, class_id, noted in session.exec(query).all()
    ]


_WAITS_FOR = (
    select(Slot.version_id, Staff.full_name)
    .join(Document, and_(col(Document.id) == Slot.document_id, col(Document.school_id) == Slot.school_id))
    .join(Staff, and_(col(Staff.id) == Slot.staff_id, col(Staff.school_id) == Slot.school_id))
    .where(
        own_school(Slot),
        among(col(Slot.version_id), "versions"),
        col(Slot.signed_at).is_(None),
        Document.next_stage == Slot.stage,
    )
    .order_by(col(Slot.position))
)


def waits_for(session: Session, version_ids: Sequence[str]) -> dict[str, list[str]]:
    """Names of those whose signature each version waits for now, by version; the seal has no name."""
    found: dict[str, list[str]] = {}
    for chunk in chunks(version_ids):
        for version_id, name in rows_of(session, _WAITS_FOR, versions=list(chunk)):
            found.setdefault(version_id, []).append(name)
    return found


def waiting_documents(request: UnlockRequest) -> list[str]:
    """The documents a request still covers: all while nobody answered, those under a confirmation after that."""
    return request.document_ids if request.state == "asked" else request.remaining_ids


_OPEN_UNLOCKS = select(UnlockRequest.state, UnlockRequest.document_ids, UnlockRequest.remaining_ids).where(
    own_school(UnlockRequest), col(UnlockRequest.state).in_(("asked", "approved"))
)


def unlocks_asked(session: Session) -> set[str]:
    """Every document for which an unlock is asked, or approved and waiting for a confirmation to end."""
    rows = rows_of(session, _OPEN_UNLOCKS)
    return {
        document_id
        for state, documents, remaining in rows
        for document_id in (documents if state == "asked" else remaining)
    }


def open_unlocks(session: Session) -> list[UnlockRequest]:
    """Requests that wait for an answer, or for a confirmation to end."""
    query = (
        select(UnlockRequest)
        .where(col(UnlockRequest.state).in_(("asked", "approved")))
        .order_by(col(UnlockRequest.requested_at))
    )
    return list(session.exec(query).all())


def unlock_requests(session: Session, limit: int) -> list[UnlockRequest]:
    """The newest requests to unlock, whatever became of them."""
    return list(session.exec(select(UnlockRequest).order_by(col(UnlockRequest.requested_at).desc()).limit(limit)).all())


def lines_of_documents(
    session: Session, document_ids: Sequence[str]
) -> dict[str, tuple[Document, Student, SchoolClass]]:
    """Documents with whose and of which class they are, by id; ids that are none of this school are not in it."""
    found: dict[str, tuple[Document, Student, SchoolClass]] = {}
    for chunk in chunks(document_ids):
        query = (
            select(Document, Student, SchoolClass)
            .join(Student, and_(col(Student.id) == Document.student_id, col(Student.school_id) == Document.school_id))
            .join(
                SchoolClass,
                and_(col(SchoolClass.id) == Document.class_id, col(SchoolClass.school_id) == Document.school_id),
            )
            .where(col(Document.id).in_(chunk))
        )
        found.update({row[0].id: (row[0], row[1], row[2]) for row in session.exec(query).all()})
    return found


def signed_slots(session: Session, version_ids: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """``(version id, stage, signer's name)`` of every signature in these versions; the seal has no name."""
    found: list[tuple[str, str, str | None]] = []
    for chunk in chunks(version_ids):
        query = (
            select(Slot.version_id, Slot.stage, Staff.full_name)
            .outerjoin(Staff, and_(col(Staff.id) == Slot.staff_id, col(Staff.school_id) == Slot.school_id))
            .where(col(Slot.version_id).in_(chunk), col(Slot.signed_at).is_not(None))
        )
        found += [(version_id, stage, name) for version_id, stage, name in session.exec(query).all()]
    return found


def school_years(session: Session) -> list[str]:
    """Every school year there is a class of, newest first."""
    return sorted(set(session.exec(select(SchoolClass.school_year).distinct()).all()), reverse=True)
