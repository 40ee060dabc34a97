"""What every table shares: ids, times in UTC, JSON, and the school a row belongs to."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKeyConstraint, column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from hocba_app.domain.clock import utc_now as utc_now

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Two letters at a time: a first sync makes 20,000 ids."""
_SHIFTS = range(120, -1, -10)

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON column on both databases; Python None is SQL NULL."""


class _Last:
    """The newest id of this process; ids of one millisecond follow one another, a random step apart."""

    number = 0
    lock = threading.Lock()


os.register_at_fork(after_in_child=lambda: setattr(_Last, "lock", threading.Lock()))  # another thread may have held it


def new_id() -> str:
    """A fresh 26-character id that sorts by creation time (48 bits of milliseconds, 80 random bits).

    Within a process the order is strict: rows made in one go are read in the order they were made.
    """
    now = int(utc_now().timestamp() * 1000)
    with _Last.lock:
        if _Last.number >> 80 == now:
            number = _Last.number + 1 + int.from_bytes(os.urandom(4))
        else:
            number = now << 80 | int.from_bytes(os.urandom(10))
        _Last.number = number
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant on every database; SQLite keeps no zone, so it is added again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class OfSchool:
    """Marks the tables of a school, so that one criterion reaches them all (`database._scope_to_school`)."""


class SchoolRow(SQLModel, OfSchool):
    """A row of one school. Keys begin with the school, so no key of one school can name a row of another."""

    school_id: str = Field(default="", foreign_key="school.id", primary_key=True, max_length=26)
    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)


class _SchoolColumn:
    """SQLAlchemy evaluates a criterion on the marker class first; tables have their own mapped attribute."""

    def __get__(self, _instance: object, _owner: type) -> Any:
        return column("school_id")


def tables_complete() -> None:
    """Called once, after the last table is declared: an attribute here earlier would hide the tables' own columns."""
    OfSchool.school_id = _SchoolColumn()  # type: ignore[attr-defined] # read by SQLAlchemy only


def belongs_to(column: str, table: str) -> ForeignKeyConstraint:
    """A composite foreign key ``(school_id, column) → table(school_id, id)``: never across schools."""
    return ForeignKeyConstraint(["school_id", column], [f"{table}.school_id", f"{table}.id"])
