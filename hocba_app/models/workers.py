"""Which workers were heard of lately: an idle one holds no job that would tell."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from hocba_app.models.base import UtcDateTime


class WorkerSeen(SQLModel, table=True):
    """One worker of the installation; its row goes when it stops, or a day after it was last heard of."""

    __tablename__ = "worker_seen"
    id: str = Field(primary_key=True, max_length=120)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    """By the database's clock."""
