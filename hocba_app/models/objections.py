"""What signers report as wrong on a locked record ("Báo sai"): the record waits until it is corrected or answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from hocba_app.models.base import SchoolRow, UtcDateTime, belongs_to, utc_now


class RecordObjection(SchoolRow, table=True):
    """One report about one version of a record. While it is open nobody is asked to sign that record."""

    __tablename__ = "record_objection"
    __table_args__ = (
        belongs_to("document_id", "document"),
        belongs_to("version_id", "document_version"),
        belongs_to("raised_by", "account"),
        Index("ix_record_objection_state", "school_id", "state"),
        Index("ix_record_objection_document", "school_id", "document_id"),
    )
    document_id: str = Field(max_length=26)
    version_id: str = Field(max_length=26)  # what the reporter saw
    subject_code: str = Field(default="", max_length=40)  # "" when it is about no subject
    fact: str = Field(max_length=20)  # of domain.objections.FACTS
    reason: str = Field(max_length=500)
    state: str = Field(default="open", max_length=10)  # open | corrected | answered | withdrawn
    raised_by: str = Field(max_length=26)
    raised_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    answer: str = Field(default="", max_length=500)
    closed_by: str = Field(default="", max_length=26)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
