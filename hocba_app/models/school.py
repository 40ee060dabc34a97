"""Schools of the installation, and the counter that tells browsers something changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from hocba_app.models.base import UtcDateTime, new_id, utc_now


class School(SQLModel, table=True):
    """One school. Credentials to outside systems are encrypted under ``HOCBA_SECRET_KEY``."""

    id: str = Field(default_factory=new_id, primary_key=True, max_length=26)
    code: str = Field(unique=True, max_length=32)
    name: str = Field(max_length=200)
    level: str = Field(default="lower_secondary", max_length=60)
    """What it teaches, several joined by "+" (`domain.levels`); a document's level is its grade's."""
    head_office: str = Field(default="principal", max_length=10)
    """What its head is called: `domain.signing_titles.OFFICES`."""
    commune: str = Field(default="", max_length=120)
    province: str = Field(default="", max_length=120)
    department: str = Field(default="", max_length=200)
    tax_code: str = Field(default="", max_length=20)
    current_year: str = Field(default="", max_length=9)
    sector_year: str = Field(default="", max_length=9)
    """The newest school year the sector database has submissions of, as last seen; "" when none is newer than ours."""
    smas_client_id: str = Field(default="", max_length=200)
    smas_secret_encrypted: str = Field(default="", max_length=1000)
    mysign_client_id: str = Field(default="", max_length=200)
    mysign_secret_encrypted: str = Field(default="", max_length=1000)
    daily_sync_at: str = Field(default="", max_length=5)  # "02:30" by the clock of Vietnam; "": no daily sync
    daily_sync_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the last daily sync was started, or its time chosen: what was due before is not made up for."""
    merged_into: str = Field(default="", max_length=26)
    """The school this one went into; "" while it is there. What is left here is its log."""
    split_from: str = Field(default="", max_length=26)
    """The school it was split off: records made there came along, what tells of them stayed in that one's log."""
    ended_on: str = Field(default="", max_length=10)  # ISO, the last day anything was sealed in its name
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class ChangeCounter(SQLModel, table=True):
    """Bumped in the transaction of every change people watch; web processes read it (core decision 18)."""

    __tablename__ = "change_counter"
    school_id: str = Field(primary_key=True, foreign_key="school.id", max_length=26)
    value: int = Field(default=0, sa_type=BigInteger)
    wide: int = Field(default=0, sa_type=BigInteger)
    """``value`` at the last change that was more than a batch or a record's signature going on (`audit.changes`)."""
