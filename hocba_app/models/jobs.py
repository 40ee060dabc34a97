"""Long work as rows: who is on it, how far it is, and what it reported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, utc_now


class Job(SchoolRow, table=True):
    """A piece of long work. ``worker``, ``attempt`` and ``heartbeat_at`` fence it (core decision 1)."""

    __table_args__ = (
        Index("ix_job_live", "state", "heartbeat_at"),
        Index("ix_job_kind", "school_id", "kind", "created_at"),
    )
    kind: str = Field(max_length=20)  # sync | lock | images | batch | …
    state: str = Field(default="queued", max_length=10)  # queued | running | done | failed | cancelled
    arguments: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    stage: str = Field(default="", max_length=80)
    progress: int = Field(default=0)
    total: int = Field(default=0)
    report: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    error_code: str | None = Field(default=None, max_length=40)
    error_params: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    cancel_asked: bool = Field(default=False)
    worker: str | None = Field(default=None, max_length=80)
    attempt: int = Field(default=0)
    heartbeat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wake_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # not before: backoff, queue
    failures: int = Field(default=0)  # in a row, of a job that is tried again; ``error_code`` says why
    well_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the last turn of a daily job that went well
    created_by: str = Field(default="", max_length=26)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
