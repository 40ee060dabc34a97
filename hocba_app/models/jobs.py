"""Long work as rows: who is on it, how far it is, and what it reported."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import Index, SmallInteger, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, utc_now


class Priority(IntEnum):
    """Who waits for a job. The smaller one is begun first, and may take places that the others leave free."""

    PERSON = 0
    """Somebody looks at the page."""
    PHONE = 1
    """Somebody looks at his phone; the job only asks how far he is."""
    LATER = 2
    """It follows from what people did; nobody waits for it."""
    NIGHTLY = 3
    """It comes back every day by itself."""


_LIVE, _FAILED = text("ended_at is null"), text("state = 'failed'")
_QUEUED, _RUNNING, _OVER = text("state = 'queued'"), text("state = 'running'"), text("ended_at is not null")


class Job(SchoolRow, table=True):
    """A piece of long work. ``worker``, ``attempt`` and ``heartbeat_at`` fence it (core decision 1).

    Each index holds the rows of one question that every worker asks: what is due, who has fallen silent, what may go.
    """

    __table_args__ = (
        Index(
            "ix_job_due", "computes", "priority", "wake_at", "school_id", sqlite_where=_QUEUED, postgresql_where=_QUEUED
        ),
        Index("ix_job_held", "heartbeat_at", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_job_over", "ended_at", sqlite_where=_OVER, postgresql_where=_OVER),
        Index("ix_job_live", "school_id", "kind", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_job_failed", "school_id", "ended_at", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_job_kind", "school_id", "kind", "created_at"),
    )
    kind: str = Field(max_length=20)  # sync | lock | images | batch | …
    state: str = Field(default="queued", max_length=10)  # queued | running | done | failed | cancelled
    priority: int = Field(default=Priority.PERSON, sa_type=SmallInteger)
    computes: bool = Field(default=True)  # it keeps a processor busy; others wait for people and services
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
    wake_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)  # due from then on; of a queued job
    failures: int = Field(default=0)  # in a row, of a job that is tried again; ``error_code`` says why
    well_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the last turn of a daily job that went well
    created_by: str = Field(default="", max_length=26)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
