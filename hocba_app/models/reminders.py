"""Who was asked to sign, by whom, and whether he has seen it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import SchoolRow, UtcDateTime, belongs_to, utc_now


class Reminder(SchoolRow, table=True):
    """One "Nhắc thầy cô": at most one a person, class and day, whoever reminds."""

    __table_args__ = (
        UniqueConstraint("school_id", "to_staff", "class_id", "day"),
        belongs_to("from_account", "account"),
        belongs_to("to_staff", "staff"),
        belongs_to("class_id", "school_class"),
    )
    from_account: str = Field(max_length=26)
    to_staff: str = Field(max_length=26)
    class_id: str = Field(max_length=26)
    day: str = Field(max_length=10)  # ISO date in Vietnam
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # dismissed by the reminded person
