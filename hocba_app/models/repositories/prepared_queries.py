"""Queries made once: what every event of every screen asks costs more to put together than to answer.

A prepared query names its school itself (:func:`own_school` on one table, equal schools in every join), so that it can
do without the criteria that a session adds to each statement; the session says which school, never the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, bindparam
from sqlmodel import Session, col

from hocba_app.models.base import SchoolRow
from hocba_app.models.database import TenancyError
from hocba_app.models.school_criterion import among, some_school

__all__ = ["among", "changed_rows", "given", "own_school", "rows_of"]

_SCHOOL = "own_school"


def own_school(table: type[SchoolRow]) -> ColumnElement[bool]:
    """The criterion that the rows are those of the session's school."""
    return col(table.school_id) == some_school(bindparam(_SCHOOL, type_=String()))


def given(name: str) -> BindParameter[Any]:
    """A value that is given at each execution."""
    return bindparam(name)


def rows_of(session: Session, statement: Any, **values: Any) -> Sequence[Any]:
    """The rows of a prepared query in the session's school: columns, never objects. The session's loading of objects is left out,
    which takes as long as the query itself.

    Raises:
        TenancyError: the session has no school.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, {**values, _SCHOOL: _school(session)}).all()


def changed_rows(session: Session, statement: Any, **values: Any) -> int:
    """How many rows of the session's school a prepared UPDATE has changed. Objects already loaded do not see it.

    Raises:
        TenancyError: the session has no school.
    """
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, {**values, _SCHOOL: _school(session)}).rowcount


def _school(session: Session) -> str:
    school_id: str = session.info.get("school_id") or ""
    if not school_id:
        raise TenancyError("a school table was read without a school")
    return school_id
