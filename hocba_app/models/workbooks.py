"""Workbooks on their way in: what a person has still to look at, and what the school has said about foreign heads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class WorkbookImport(SchoolRow, table=True):
    """One workbook, from its upload to its import. Its preview is the report (``sync_row``) of its newest check."""

    __tablename__ = "workbook_import"
    __table_args__ = (
        belongs_to("check_job_id", "job"),
        belongs_to("import_job_id", "job"),
        Index("ix_workbook_import_created", "school_id", "created_at"),
    )
    file_name: str = Field(max_length=160)
    workbook: str = Field(max_length=64)  # SHA-256 in the store
    school_year: str = Field(max_length=9)
    corrections: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=Json)
    """Sheet → cell ("C5") → what somebody typed in its place."""
    left_out: dict[str, list[int]] = Field(default_factory=dict, sa_type=Json)
    """Sheet → rows that are not to be read."""
    answers: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    """To questions about near matches (`near_matches.Question.key`)."""
    found: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    """What the newest check understood: form, columns, counts, digest. Empty until it is done."""
    check_job_id: str | None = Field(default=None, max_length=26)
    import_job_id: str | None = Field(default=None, max_length=26)
    created_by: str = Field(default="", max_length=26)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    dropped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WorkbookHead(SchoolRow, table=True):
    """What a column with these heads means at this school, as somebody said once."""

    __tablename__ = "workbook_head"
    __table_args__ = (UniqueConstraint("school_id", "head"),)
    head: str = Field(max_length=300)  # `wide_columns.path_key`
    target: str = Field(max_length=160)  # of `wide_columns`; "-" is not read
    set_by: str = Field(default="", max_length=26)
    set_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
