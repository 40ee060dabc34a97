"""Staff and pupils as last synced. Matched by the sector database's stable id, never by row or name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, utc_now


class Staff(SchoolRow, table=True):
    __table_args__ = (UniqueConstraint("school_id", "source_id"),)
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40, index=True)
    full_name: str = Field(max_length=200)
    id_number: str | None = Field(default=None, max_length=12)
    old_id_number: str | None = Field(default=None, max_length=9)
    position: str = Field(default="teacher", max_length=20)  # principal | vice_principal | teacher | clerk
    email: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=30)
    active: bool = Field(default=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Student(SchoolRow, table=True):
    """``details`` holds the personal page's fields (`domain.snapshot.Student`) that nothing queries."""

    __table_args__ = (UniqueConstraint("school_id", "source_id"),)
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40, index=True)
    full_name: str = Field(max_length=200)
    sort_name: str = Field(default="", max_length=200)  # given name first, as a class list is sorted
    birth_date: str = Field(default="", max_length=10)
    sex: str = Field(default="", max_length=10)
    id_number: str | None = Field(default=None, max_length=12)
    photo_sha256: str | None = Field(default=None, max_length=64)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    active: bool = Field(default=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
