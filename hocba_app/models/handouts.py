"""Records handed out by a link: to whom, until when, and whether somebody closed it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class HandOut(SchoolRow, table=True):
    """A link to certain versions of one pupil's documents. Kept for ever: who was given what is part of the record."""

    __tablename__ = "hand_out"
    __table_args__ = (belongs_to("student_id", "student"), Index("ix_hand_out_student", "school_id", "student_id"))
    student_id: str = Field(max_length=26)
    version_ids: list[str] = Field(default_factory=list, sa_type=Json)  # as they were when the link was made
    attached_ids: list[str] = Field(default_factory=list, sa_type=Json)  # records of other schools, attached then
    recipient: str = Field(max_length=200)  # whom the school gave it to, in its own words
    pin_hash: str = Field(max_length=200)
    failures: int = Field(default=0)  # wrong PINs since the link was made; too many close it
    downloads: int = Field(default=0)
    last_download_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    created_by: str = Field(max_length=26)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = Field(default=None, max_length=26)  # "" when too many wrong PINs closed it


class HandOutLink(SQLModel, table=True):
    """Directory of the installation: the secret in a link's address (hashed) names a hand-out of one school."""

    __tablename__ = "hand_out_link"
    token_sha256: str = Field(primary_key=True, max_length=64)
    school_id: str = Field(foreign_key="school.id", max_length=26)
    hand_out_id: str = Field(max_length=26)
