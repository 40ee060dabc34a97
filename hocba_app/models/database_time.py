"""The database's clock in statements: of several machines each has its own, and one that is wrong must not declare the others dead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from hocba_app.models.base import UtcDateTime


class _DatabaseTime(FunctionElement[datetime]):
    """``clauses`` holds seconds to add."""

    type = UtcDateTime()
    inherit_cache = True


def database_time(seconds: int = 0) -> ColumnElement[datetime]:
    """The instant a statement begins, by the database's clock.

    Args:
        seconds: later by so many; negative for earlier.
    """
    return _DatabaseTime(literal(seconds, Integer()))


@compiles(_DatabaseTime, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(statement_timestamp() + {compiler.process(element.clauses, **options)} * interval '1 second')"


@compiles(_DatabaseTime, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    """In the form SQLAlchemy stores instants in, to milliseconds."""
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({compiler.process(element.clauses, **options)}) || ' seconds')"
