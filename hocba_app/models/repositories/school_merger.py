"""One school's rows become another's, table by table: Core statements over both schools, in the caller's one transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, exists, func, insert, literal, select, text, update
from sqlmodel import Session, SQLModel, col

from hocba_app.domain.batch_lifecycle import BATCH_OVER
from hocba_app.domain.leadership import LEADERS
from hocba_app.models import (
    SEAL,
    Account,
    Batch,
    Document,
    HandOutLink,
    Job,
    LeadershipProposal,
    Lease,
    LoginName,
    LoginSession,
    PublicCode,
    SigningSettings,
    Slot,
    Staff,
    Student,
    Subject,
    TeachingAssignment,
)
from hocba_app.models.base import SchoolRow, utc_now

_STAY = frozenset(
    ("audit_event", "job", "sync_cursor", "sync_row", "signing_settings", "year_closing", "school_change")
)
"""What happened at the school that ends stays in its own log and runs; its settings and closed years end with it."""
_OF_SEAL = ("signing_key", "signature_image")
"""The seal of a school that ends is nobody's."""
_DIRECTORIES: tuple[type[SQLModel], ...] = (PublicCode, HandOutLink, LoginName)
_ANY_SCHOOL = {"hocba_scope": True}


def busy(session: Session, *school_ids: str) -> bool:
    """Whether somebody signs, or a lock or sync runs, at one of these schools."""
    for found in (
        select(col(Lease.id)).where(col(Lease.school_id).in_(school_ids), col(Lease.released_at).is_(None)),
        select(col(Batch.id)).where(col(Batch.school_id).in_(school_ids), col(Batch.state).not_in(BATCH_OVER)),
        select(col(Job.id)).where(
            col(Job.school_id).in_(school_ids), col(Job.state) == "running", col(Job.kind).in_(("lock", "sync"))
        ),
    ):
        if _run(session, found.limit(1)).first() is not None:
            return True
    return False


def counts(session: Session, school_id: str) -> dict[str, int]:
    """Pupils, staff, records, and records that are not finished, of a school."""

    def number(table: type[Any], *criteria: Any) -> int:
        query = select(func.count()).select_from(table).where(table.school_id == school_id, *criteria)
        return int(_run(session, query).scalar_one())

    return {
        "students": number(Student),
        "staff": number(Staff),
        "documents": number(Document),
        "unfinished": number(Document, col(Document.state).not_in(("open", "sealed"))),
    }


def last_seal(session: Session, school_id: str) -> Any:
    """When the school last sealed a record; None for never."""
    return _run(
        session,
        select(func.max(col(Slot.signed_at))).where(col(Slot.school_id) == school_id, col(Slot.stage) == "seal"),
    ).scalar_one()


def move_rows(session: Session, old: str, new: str, code: str) -> None:
    """Everything that goes: rows keep their ids, so what names them goes on naming them.

    Args:
        code: of the school that ends; put before ids of the source and staff codes that both schools have.
    """
    _prepare(session, old)
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name in _moved()]
    for table in tables:
        _told_apart(session, table, "source_id", old, new, f"{code}:")
        if table.name == Staff.__tablename__:
            _told_apart(session, table, "code", old, new, f"{code}-")
        _come_back(session, table, old, new)
        columns = [column for column in table.columns if column.name != "school_id"]
        twin = table.alias()
        there = exists().where(twin.c.school_id == new, twin.c.id == table.c.id)
        rows = select(literal(new), *(as_it_goes(column) for column in columns)).where(
            table.c.school_id == old, *_goes(table), ~there
        )
        _run(session, insert(table).from_select(["school_id", *(column.name for column in columns)], rows))
    for directory in _DIRECTORIES:
        _run(session, update(directory).where(_school_of(directory) == old).values(school_id=new))
    for table in reversed(tables):
        _run(session, delete(table).where(table.c.school_id == old, *_goes(table)))
    _one_subject_a_code(session, new)


def _come_back(session: Session, table: Table, old: str, new: str) -> None:
    """What was shared when one was split off the other is there under one id: of two the one in use counts."""
    in_use = table.c.active if "active" in table.c else ~table.c.disabled if "disabled" in table.c else None
    if in_use is None:
        return
    twin = table.alias()
    its = twin.c.active if "active" in table.c else ~twin.c.disabled
    same = and_(twin.c.school_id == old, twin.c.id == table.c.id, its)
    kept = ("school_id", "id", "code", "source_id", "source_version")
    values = {
        column.name: select(twin.c[column.name]).where(same).scalar_subquery()
        for column in table.columns
        if column.name not in kept
    }
    _run(session, update(table).where(table.c.school_id == new, exists().where(same)).values(values))


def as_it_goes(column: Column[Any]) -> ColumnElement[Any]:
    """A column's value at the other school: its sector database counts versions of its own, so that none is known yet."""
    return literal(0).label(column.name) if column.name == "source_version" else column


def held_posts(session: Session, school_id: str) -> dict[str, str]:
    """Who leads a school: posts by staff id."""
    query = select(col(Staff.id), col(Staff.position)).where(
        col(Staff.school_id) == school_id, col(Staff.active), col(Staff.position).in_(LEADERS)
    )
    return {staff_id: position for staff_id, position in _run(session, query)}


def _prepare(session: Session, old: str) -> None:
    """Rights of the school that ends do not come along: posts and roles are given anew by who leads the one that stays."""
    own = (
        update(Staff).where(col(Staff.school_id) == old, col(Staff.position).in_(LEADERS)).values(position="teacher"),
        update(Account).where(col(Account.school_id) == old).values(granted_roles=[]),
        update(LeadershipProposal)
        .where(col(LeadershipProposal.school_id) == old, col(LeadershipProposal.state) == "open")
        .values(state="withdrawn", decided_at=utc_now()),
        update(SigningSettings)
        .where(col(SigningSettings.school_id) == old)
        .values(cover_signer_id=None, seal_operator_id=None),
        delete(LoginSession).where(col(LoginSession.school_id) == old),
    )
    for statement in own:
        _run(session, statement)


def _moved() -> set[str]:
    return {str(each.__tablename__) for each in SchoolRow.__subclasses__() if hasattr(each, "__table__")} - _STAY


def _goes(table: Table) -> list[ColumnElement[bool]]:
    return [table.c.owner != SEAL] if table.name in _OF_SEAL else []


def _school_of(directory: type[SQLModel]) -> Any:
    return directory.__table__.c.school_id  # type: ignore[attr-defined] # SQLModel makes it


def _told_apart(session: Session, table: Table, name: str, old: str, new: str, mark: str) -> None:
    """Both schools have a GV001, and their lists may number rows alike."""
    if name not in table.c:
        return
    other, column = table.alias(), table.c[name]
    taken = exists().where(other.c.school_id == new, other.c[name] == column)
    renamed = func.substr(literal(mark) + column, 1, column.type.length)  # type: ignore[attr-defined] # only strings are renamed
    _run(session, update(table).where(table.c.school_id == old, taken).values({name: renamed}))


def _one_subject_a_code(session: Session, school_id: str) -> None:
    """Both schools teach Toán: of two subjects with one code the older stays, and what names the other names it."""
    query = (
        select(col(Subject.id), col(Subject.code)).where(col(Subject.school_id) == school_id).order_by(col(Subject.id))
    )
    kept: dict[str, str] = {}
    for subject_id, code in _run(session, query).all():
        first = kept.setdefault(code, subject_id)
        if first != subject_id:
            of_other = (TeachingAssignment.school_id == school_id) & (TeachingAssignment.subject_id == subject_id)
            _run(session, update(TeachingAssignment).where(of_other).values(subject_id=first))
            _run(session, delete(Subject).where(col(Subject.school_id) == school_id, col(Subject.id) == subject_id))


def _run(session: Session, statement: Any) -> Any:
    return session.execute(statement, execution_options=_ANY_SCHOOL)


def see_every_school(session: Session) -> None:
    """For the rest of the transaction, past row-level security (PostgreSQL)."""
    if session.get_bind().dialect.name == "postgresql":
        _run(session, text("select set_config('hocba.school_id', '*', true)"))
