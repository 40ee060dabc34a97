"""School years a school has closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, utc_now

_CLOSED = text("reopened_at is null")


class YearClosing(SchoolRow, table=True):
    """A year was closed: nothing of it is locked, unlocked or brought in again until somebody opens it with a reason."""

    __tablename__ = "year_closing"
    __table_args__ = (
        Index(
            "uq_year_closing", "school_id", "school_year", unique=True, sqlite_where=_CLOSED, postgresql_where=_CLOSED
        ),
    )
    school_year: str = Field(max_length=9)
    closed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    closed_by: str = Field(max_length=26)  # account
    reason: str = Field(default="", max_length=500)  # why, where something was still open
    left_open: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # what was open then: `OpenItems`
    reopened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reopened_by: str | None = Field(default=None, max_length=26)
    reopen_reason: str = Field(default="", max_length=500)
