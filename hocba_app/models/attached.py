"""Records from other schools, attached to a pupil: the files stay as they came, whatever becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now

_LIVE = text("state in ('checking', 'asking', 'attached')")
_CHECKING = text("state = 'checking'")


class AttachedRecord(SchoolRow, table=True):
    """One file. Rows and files are never deleted: a refused or detached one keeps who did it and why."""

    __tablename__ = "attached_record"
    __table_args__ = (
        belongs_to("student_id", "student"),
        Index("ix_attached_record_student", "school_id", "student_id"),
        Index("ix_attached_checking", "school_id", "state", sqlite_where=_CHECKING, postgresql_where=_CHECKING),
        # The same file is attached to a pupil once at a time.
        Index(
            "uq_attached_record_live",
            "school_id",
            "student_id",
            "blob_sha256",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )
    student_id: str = Field(max_length=26)
    file_name: str = Field(max_length=200)  # as the sender called it; shown, never used as a path
    package: str = Field(default="", max_length=200)  # the archive it came in; "" when it came alone
    blob_sha256: str = Field(max_length=64)
    length: int
    state: str = Field(
        default="checking", max_length=10
    )  # checking | asking (somebody must decide) | attached | refused | detached
    verdict: str = Field(default="", max_length=14)  # valid | invalid | indeterminate; "" while checking
    report: dict[str, Any] = Field(
        default_factory=dict, sa_type=Json
    )  # `verification.report.FileReport`, as it was then
    doubts: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)  # `domain.same_pupil.Doubt`
    uploaded_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    uploaded_by: str = Field(max_length=26)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accept_reason: str = Field(
        default="", max_length=500
    )  # why it is attached although the check does not call it valid
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # refused or detached
    ended_by: str | None = Field(default=None, max_length=26)
    end_reason: str = Field(default="", max_length=500)
