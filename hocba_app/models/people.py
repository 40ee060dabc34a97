"""Staff and pupils as last synced. Matched by the sector database's stable id, never by row or name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now

_PRINCIPAL_NOW = text("position = 'principal' and active")
_WAITS = text("state = 'open'")


class Staff(SchoolRow, table=True):
    """``position`` and ``active`` are what counts here: a post of the leadership is not taken from a list of staff, it is
    proposed (:class:`LeadershipProposal`)."""

    __table_args__ = (
        UniqueConstraint("school_id", "source_id"),
        Index("ix_staff_of_code", "school_id", "code"),
        Index(
            "uq_staff_principal", "school_id", unique=True, sqlite_where=_PRINCIPAL_NOW, postgresql_where=_PRINCIPAL_NOW
        ),
    )
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40)
    full_name: str = Field(max_length=200)
    id_number: str | None = Field(default=None, max_length=12)
    old_id_number: str | None = Field(default=None, max_length=9)
    position: str = Field(default="teacher", max_length=20)  # principal | vice_principal | teacher | clerk
    email: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=30)
    active: bool = Field(default=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class LeadershipProposal(SchoolRow, table=True):
    """What a list of staff says of somebody's post in the leadership, until somebody with the greater right answers."""

    __tablename__ = "leadership_proposal"
    __table_args__ = (
        belongs_to("staff_id", "staff"),
        Index(
            "uq_leadership_proposal_open",
            "school_id",
            "staff_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
    )
    staff_id: str = Field(max_length=26)
    before: str = Field(max_length=20)  # `domain.leadership`: a position, or "left"
    proposed: str = Field(max_length=20)
    proposed_by: str = Field(default="", max_length=26)  # account of whoever synced or imported; "" for the schedule
    proposed_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    state: str = Field(default="open", max_length=10)  # open | confirmed | refused | withdrawn
    decided_by: str | None = Field(default=None, max_length=26)  # "" for the operator
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=300)


class Student(SchoolRow, table=True):
    """``details`` holds the personal page's fields (`domain.snapshot.Student`) that nothing queries."""

    __table_args__ = (UniqueConstraint("school_id", "source_id"), Index("ix_student_of_code", "school_id", "code"))
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40)
    full_name: str = Field(max_length=200)
    sort_name: str = Field(default="", max_length=200)  # given name first, as a class list is sorted
    birth_date: str = Field(default="", max_length=10)
    sex: str = Field(default="", max_length=10)
    id_number: str | None = Field(default=None, max_length=12)
    photo_sha256: str | None = Field(default=None, max_length=64)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    active: bool = Field(default=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
