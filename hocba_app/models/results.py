"""Year results and earlier years, as submitted; the shapes are those of `docs/smas-contract.md`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class StudentResult(SchoolRow, table=True):
    """One pupil's results of one school year. ``payload``: the contract's ``results`` record, subjects by code."""

    __tablename__ = "student_result"
    __table_args__ = (
        UniqueConstraint("school_id", "source_id"),
        UniqueConstraint("school_id", "student_id", "school_year"),
        belongs_to("student_id", "student"),
        belongs_to("class_id", "school_class"),
        Index("ix_student_result_year", "school_id", "school_year"),
    )
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    student_id: str = Field(max_length=26)
    class_id: str = Field(max_length=26, index=True)
    school_year: str = Field(max_length=9)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    mismatches: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    """Where our recomputation differs: ``[{"field", "submitted", "computed", "rule"}]``."""
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class HistoryEntry(SchoolRow, table=True):
    """One earlier school year of a pupil, for QTHT. ``payload``: the contract's ``history`` record."""

    __tablename__ = "history_entry"
    __table_args__ = (UniqueConstraint("school_id", "source_id"), belongs_to("student_id", "student"))
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    student_id: str = Field(max_length=26, index=True)
    school_year: str = Field(max_length=9)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    active: bool = Field(default=True)
