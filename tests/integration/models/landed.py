"""The shapes revision 0001 had on the days it landed, before it was frozen; a database of each is somewhere.

``landed/<dialect>.sql`` holds every statement once, with the first and the last shape that has it. Made from the repository's
history (``git log --follow migrations/versions/0001_first_schema.py``) with Alembic's ``--sql``; nothing in it ever changes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, text
from sqlalchemy.dialects.sqlite import JSON

SHAPES = (1, 2, 3, 4, 5, 6)
"""1 is 2441793; then f0c6f05, 971b2aa, 1a1a4e5, 86ac17e; 6 is 9000b9c, the frozen one. (7287639, the very first, never ran.)"""
SCHOOL, ROW = "school", "row"


def build(engine: Engine, shape: int) -> dict[str, dict[str, Any]]:
    """Make a database as the given shape of 0001 made it, with a row in every table.

    Returns:
        By table the row, as the database gives it back.
    """
    with engine.begin() as connection:
        for statement in _statements(engine.dialect.name, shape):
            connection.exec_driver_sql(statement)
        return _filled(connection)


def rows(connection: Connection, tables: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is in these tables now: one row each."""
    return {name: dict(connection.exec_driver_sql(f"select * from {name}").mappings().one()) for name in tables}


def _statements(dialect: str, shape: int) -> list[str]:
    script = (Path(__file__).parent / "landed" / f"{dialect}.sql").read_text(encoding="utf-8")
    found = re.findall(r"^-- (\d)\.\.(\d)\n(.*?);\n(?=-- |\Z)", script, re.DOTALL | re.MULTILINE)
    return [statement for first, last, statement in found if int(first) <= shape <= int(last)]


def _filled(connection: Connection) -> dict[str, dict[str, Any]]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("select set_config('hocba.school_id', '*', true)"))
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        connection.execute(table.insert().values({column.name: _value(table, column) for column in table.columns}))
    return rows(connection, {table.name: {} for table in tables})


def _value(table: Table, column: Any) -> Any:
    if column.name == "school_id" or (table.name == "school" and column.name == "id"):
        return SCHOOL
    if column.name == "id" or column.foreign_keys:
        return ROW
    kind = column.type
    if isinstance(kind, JSON) or type(kind).__name__ == "JSONB":
        return {"kept": table.name}
    return {str: "x", int: 7, bool: True, bytes: b"kept", float: 7.0}.get(
        kind.python_type, datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
    )
