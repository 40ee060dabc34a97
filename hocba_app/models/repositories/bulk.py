"""Many rows of one table in one statement: a signature changes six rows, and one object for each cost more than signing.

The statements name the session's own school themselves, in the key: nothing here can reach another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, insert, update
from sqlmodel import Session

from hocba_app.models.base import SchoolRow, new_id

_SCOPED = {"hocba_scope": True}


def add_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows at once; each gets the school and, without one, an id. Defaults of the model are not filled in.

    Raises:
        sqlalchemy.exc.IntegrityError: at once, for a row the table refuses.
    """
    values = [{"id": new_id(), **row, "school_id": _school(session)} for row in rows]
    if values:
        session.flush()  # rows that these refer to
        session.execute(insert(_table(model)), values, execution_options=_SCOPED)


def set_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Change rows at once by their ``id``; all name the same columns. Objects already loaded do not see it."""
    school_id = _school(session)
    values = [{f"to_{column}": value for column, value in row.items()} | {"of_school": school_id} for row in rows]
    if values:
        session.flush()
        columns = tuple(sorted(name.removeprefix("to_") for name in values[0] if name not in ("to_id", "of_school")))
        session.execute(_change(model, columns), values, execution_options=_SCOPED)


@cache
def _change(model: type[SchoolRow], columns: tuple[str, ...]) -> Any:
    table = _table(model)
    return (
        update(table)
        .where(table.c.school_id == bindparam("of_school"), table.c.id == bindparam("to_id"))
        .values({column: bindparam(f"to_{column}") for column in columns})
    )


def _table(model: type[SchoolRow]) -> Table:
    return model.__table__  # type: ignore[attr-defined] # SQLModel makes it


def _school(session: Session) -> str:
    school_id: str = session.info["school_id"]
    return school_id
