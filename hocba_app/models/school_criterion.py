"""The school, and lists of values, in statements – as PostgreSQL's planner needs to be told them.

Named as a plain value, a school that joined since the tables were last counted is a value the planner has never seen: it takes it
to have one row, and joins everything the school has with everything. Told only that it is *some* school, it takes the average one.
A list as one array is one statement however long it is: it is planned once, and not anew for each length.

SQLite plans by the sizes it is told (:mod:`hocba_app.models.sqlite_statistics`) and is given plain values.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _SomeSchool(FunctionElement[str]):
    """``clauses`` holds the school's id."""

    type = String()
    inherit_cache = True


class _Among(FunctionElement[bool]):
    """``clauses`` holds a column and the parameter with the list."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """It is a comparison already: as "… = 1", SQLite would not look for it in an index."""
        return self


def some_school(school_id: ColumnElement[Any]) -> ColumnElement[str]:
    """A school that a plan is not made for.

    Args:
        school_id: a bound parameter.
    """
    return _SomeSchool(school_id)


def among(column: Any, name: str) -> ColumnElement[Any]:
    """The criterion that a column of words has one of the values of a list given at each execution.

    Args:
        name: of the parameter.
    """
    return _Among(column, bindparam(name, expanding=True, type_=String()))


@compiles(_SomeSchool)
def _plain(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses.clauses[0], **options))


@compiles(_SomeSchool, "postgresql")
def _unknown(element: Any, compiler: Any, **options: Any) -> str:
    return f"(SELECT {compiler.process(element.clauses.clauses[0], **options)})"


@compiles(_Among)
def _in_list(element: Any, compiler: Any, **options: Any) -> str:
    column, values = element.clauses.clauses
    return str(compiler.process(column.in_(values), **options))


@compiles(_Among, "postgresql")
def _in_array(element: Any, compiler: Any, **options: Any) -> str:
    column, values = element.clauses.clauses
    array = bindparam(values.key, type_=ARRAY(String()))
    return f"{compiler.process(column, **options)} = ANY ({compiler.process(array, **options)})"
