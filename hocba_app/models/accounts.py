"""Accounts, login sessions, one-time codes and the login throttle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class Account(SchoolRow, table=True):
    """One person's account. Being homeroom or subject teacher, principal or seal operator follows from other data."""

    __table_args__ = (
        UniqueConstraint("school_id", "username"),
        UniqueConstraint("school_id", "staff_id"),
        belongs_to("staff_id", "staff"),
    )
    username: str = Field(max_length=80)
    staff_id: str | None = Field(default=None, max_length=26)
    full_name: str = Field(default="", max_length=200)
    email: str | None = Field(default=None, max_length=200)
    granted_roles: list[str] = Field(default_factory=list, sa_type=Json)  # "admin", "management"
    password_hash: str | None = Field(default=None, max_length=200)  # None until the one-time code is used
    disabled: bool = Field(default=False)
    code_hash: str | None = Field(default=None, max_length=64)  # SHA-256 of the unused one-time code
    code_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    credentials_by: str = Field(default="", max_length=26)
    """Account of whoever may know how to log in here besides the owner, because he gave out the code it was opened with."""
    credentials_open: bool = Field(default=False)
    """Nobody but the owner of ``credentials_by`` vouches yet that this is its owner: the account decides and signs nothing."""
    credentials_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner_code_hash: str | None = Field(
        default=None, max_length=64
    )  # SHA-256 of what was mailed to the owner to confirm with
    email_since: datetime | None = Field(default=None, sa_type=UtcDateTime)  # None: since the account was made
    preferences: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class LoginName(SQLModel, table=True):
    """Directory of the installation: which school and account a login name belongs to."""

    __tablename__ = "login_name"
    name: str = Field(primary_key=True, max_length=80)  # lower case
    school_id: str = Field(foreign_key="school.id", max_length=26)
    account_id: str = Field(max_length=26)


class LoginSession(SQLModel, table=True):
    """A session the server can revoke; the cookie holds the token, the table only its SHA-256."""

    __tablename__ = "login_session"
    token_sha256: str = Field(primary_key=True, max_length=64)
    school_id: str = Field(foreign_key="school.id", max_length=26)
    account_id: str = Field(max_length=26, index=True)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginThrottle(SQLModel, table=True):
    """Failures per login name and per address (both hashed): kept in the database so that restarts do not reset it."""

    __tablename__ = "login_throttle"
    key_sha256: str = Field(primary_key=True, max_length=64)
    failures: int = Field(default=0)
    window_started_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
