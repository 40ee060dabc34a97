"""Rows by what is asked for most: equal columns, ids, names. The session adds its school to each statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, col, select

from hocba_app.models.base import SchoolRow
from hocba_app.models.repositories.records import chunks

Row = TypeVar("Row", bound=SQLModel)
OwnRow = TypeVar("OwnRow", bound=SchoolRow)


def all_of(session: Session, model: type[Row], *order: Any, limit: int | None = None, **equal: Any) -> list[Row]:
    """Every row whose columns have these values.

    Args:
        order: columns to sort by.
    """
    query = select(model).filter_by(**equal).order_by(*order)
    return list(session.exec(query if limit is None else query.limit(limit)).all())


def first_of(session: Session, model: type[Row], *order: Any, **equal: Any) -> Row | None:
    """The first of :func:`all_of`; None when there is none."""
    return next(iter(all_of(session, model, *order, limit=1, **equal)), None)


def by_ids(session: Session, model: type[OwnRow], ids: Collection[str]) -> dict[str, OwnRow]:
    """The rows with these ids that there are, by id."""
    found: dict[str, OwnRow] = {}
    for chunk in chunks(sorted(ids)):
        found.update((row.id, row) for row in session.exec(select(model).where(col(model.id).in_(chunk))).all())
    return found


def columns_of(session: Session, *columns: Any, **equal: Any) -> list[Any]:
    """Columns of one table, for the rows whose columns have these values: tuples, or values where it is one column."""
    return list(session.exec(select(*columns).filter_by(**equal)).all())
