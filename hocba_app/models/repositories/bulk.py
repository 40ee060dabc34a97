"""Many rows of one table in one statement: a signature changes six rows, and one object for each cost more than signing.

The statements name the session's own school themselves, in the key: nothing here can reach another one. SQLite executes one
prepared statement for each row, in the process; for PostgreSQL each would be a message of its own, and is a row of one statement
with an array a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Connection, String, Table, bindparam, func, insert, select, update
from sqlmodel import AutoString, Session

from hocba_app.models.base import SchoolRow, new_id
from hocba_app.models.school_criterion import some_school


def add_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows at once; each gets the school and, without one, an id. Defaults of the model are not filled in.

    Raises:
        sqlalchemy.exc.IntegrityError: at once, for a row the table refuses.
    """
    values = [{"id": new_id(), **row, "school_id": _school(session)} for row in rows]
    if values:
        session.flush()  # rows that these refer to
        insert_rows(session.connection(), _table(model), values)


def set_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Change rows at once by their ``id``; all name the same columns. Objects already loaded do not see it."""
    values = list(rows)
    if values:
        session.flush()
        names, connection = tuple(sorted(values[0])), session.connection()
        school = {"of_school": _school(session)}
        if connection.dialect.name == "postgresql":
            connection.execute(_change_together(_table(model), names), school | _columns(names, values))
        else:
            given = [{f"to_{name}": row[name] for name in names} | school for row in values]
            connection.execute(_change_each(_table(model), names), given)


def empty_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """:func:`set_rows` for rows that lose most of their bytes.

    SQLite leaves a page to the row that once filled it, and a file of such pages is half air. Written anew, the row stands close to
    its neighbours and the page is free for whatever comes next. PostgreSQL writes every changed row anew by itself.
    """
    values = list(rows)
    connection = session.connection()
    if not values or connection.dialect.name != "sqlite":
        return set_rows(session, model, values)
    session.flush()
    given = [{f"to_{name}": value for name, value in row.items()} | {"of_school": _school(session)} for row in values]
    connection.execute(_write_anew(_table(model), tuple(sorted(values[0]))), given)


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert whole rows; all name the same columns."""
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        names = tuple(sorted(rows[0]))
        connection.execute(_insert_together(table, names), _columns(names, rows))
    else:
        connection.execute(_insert_each(table), list(rows))


def _columns(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {f"to_{name}": [row[name] for row in rows] for name in names}


@cache
def _insert_each(table: Table) -> Any:
    return insert(table)


@cache
def _insert_together(table: Table, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    return insert(table).from_select(list(names), select(*(given.c[name] for name in names)), include_defaults=False)


@cache
def _change_each(table: Table, names: tuple[str, ...]) -> Any:
    return (
        update(table)
        .where(table.c.school_id == bindparam("of_school"), table.c.id == bindparam("to_id"))
        .values({name: bindparam(f"to_{name}") for name in names if name != "id"})
    )


@cache
def _write_anew(table: Table, names: tuple[str, ...]) -> Any:
    anew = [
        bindparam(f"to_{column.name}", type_=column.type) if column.name in names else column
        for column in table.columns
    ]
    row = select(*anew).where(table.c.school_id == bindparam("of_school"), table.c.id == bindparam("to_id"))
    return insert(table).prefix_with("OR REPLACE").from_select(list(table.columns), row, include_defaults=False)


@cache
def _change_together(table: Table, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    return (
        update(table)
        .where(table.c.school_id == some_school(bindparam("of_school", type_=String())), table.c.id == given.c.id)
        .values({name: given.c[name] for name in names if name != "id"})
    )


def _given(table: Table, names: tuple[str, ...]) -> Any:
    """The rows as a table of their own, from an array for each column."""
    arrays = (bindparam(f"to_{name}", type_=ARRAY(_open(table.c[name].type), dimensions=1)) for name in names)
    return func.unnest(*arrays).table_valued(*names).render_derived(name="given")


def _open(kind: Any) -> Any:
    """The type without its length: a cast to it would cut off what the column itself refuses."""
    return String() if isinstance(kind, String | AutoString) else kind


def _table(model: type[SchoolRow]) -> Table:
    return model.__table__  # type: ignore[attr-defined] # SQLModel makes it


def _school(session: Session) -> str:
    school_id: str = session.info["school_id"]
    return school_id
