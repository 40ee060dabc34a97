"""The database's clock in statements: of several machines each has its own, and one that is wrong must not declare the others dead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, literal, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from hocba_app.models.base import UtcDateTime


class _DatabaseTime(FunctionElement[datetime]):
    """``clauses`` holds seconds to add."""

    type = UtcDateTime()
    inherit_cache = True


class _SecondsSince(FunctionElement[float]):
    """``clauses`` holds the instant."""

    type = Float()
    inherit_cache = True


def database_time(seconds: float | ColumnElement[Any] = 0) -> ColumnElement[datetime]:
    """The instant a statement begins, by the database's clock.

    Args:
        seconds: later by so many; negative for earlier. A number, or one given at each execution.
    """
    later = type_coerce(seconds, Float()) if isinstance(seconds, ColumnElement) else literal(float(seconds), Float())
    return _DatabaseTime(later)


def seconds_since(instant: ColumnElement[Any]) -> ColumnElement[float]:
    """How long ago an instant was, by the database's clock."""
    return _SecondsSince(instant)


@compiles(_DatabaseTime, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(statement_timestamp() + {compiler.process(element.clauses, **options)} * interval '1 second')"


@compiles(_DatabaseTime, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    """In the form SQLAlchemy stores instants in, to milliseconds."""
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({compiler.process(element.clauses, **options)}) || ' seconds')"


@compiles(_SecondsSince, "postgresql")
def _since_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"extract(epoch from statement_timestamp() - {compiler.process(element.clauses, **options)})"


@compiles(_SecondsSince, "sqlite")
def _since_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"((julianday('now') - julianday({compiler.process(element.clauses, **options)})) * 86400.0)"
