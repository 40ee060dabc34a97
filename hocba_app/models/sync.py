"""How far each data set has come, and what every run brought."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class SyncCursor(SchoolRow, table=True):
    """Committed together with the data set it describes, so a killed run repeats or skips nothing."""

    __tablename__ = "sync_cursor"
    __table_args__ = (UniqueConstraint("school_id", "resource", "school_year"),)
    resource: str = Field(max_length=40)
    school_year: str = Field(max_length=9)
    cursor: str = Field(default="", max_length=200)
    snapshot: int | None = Field(default=None)
    pending: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    """Records refused so far, as they came: tried again by every run until they go in or a newer version replaces them."""
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SyncRow(SchoolRow, table=True):
    """One row of a run's report: what was new, changed, gone, or rejected and why."""

    __tablename__ = "sync_row"
    __table_args__ = (belongs_to("job_id", "job"),)
    job_id: str = Field(max_length=26, index=True)
    resource: str = Field(max_length=40)
    source_id: str = Field(max_length=64)
    label: str = Field(default="", max_length=200)
    outcome: str = Field(max_length=12)  # new | changed | gone | rejected | conflict
    field: str | None = Field(default=None, max_length=60)
    reason: str | None = Field(default=None, max_length=500)
    details: dict[str, Any] | None = Field(default=None, sa_type=Json)
