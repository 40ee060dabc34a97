"""The installation itself: one row, made by a migration, that its store of documents answers to."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from hocba_app.models.base import UtcDateTime, new_id


class Installation(SQLModel, table=True):
    """What the database and the store of its documents have in common (`services.storage.identity`)."""

    id: int = Field(default=1, primary_key=True)
    mark: str = Field(default_factory=new_id, max_length=26)
    store_marked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a store first carried the mark; from then on a place without it is not the store."""
