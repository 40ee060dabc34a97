"""What a school was called, under which code and tax code, from when to when: its identity is ours, these are dated facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, utc_now

_WAITS = text("state = 'open'")


class SchoolChange(SchoolRow, table=True):
    """A change of the facts a school is known by (`domain.school_facts`): proposed by a sync, or entered by the operator."""

    __tablename__ = "school_change"
    __table_args__ = (
        Index("uq_school_change_open", "school_id", unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS),
    )
    state: str = Field(default="open", max_length=10)  # open | confirmed | refused | withdrawn
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # every fact as it was; of an open one as it is
    after: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # the facts that change
    effective: str = Field(default="", max_length=10)  # ISO, the first day of what is new; "" while open
    decision: str = Field(default="", max_length=120)  # the decision it goes by: "2606/QĐ-UBND"
    proposed_by: str = Field(
        default="", max_length=26
    )  # account of whoever synced; "" for the schedule and the operator
    proposed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=26)  # "" for the operator
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=300)  # of a refusal
