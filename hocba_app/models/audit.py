"""The audit log: one hash chain a school."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from hocba_app.models.base import Json, SchoolRow, UtcDateTime


class AuditEvent(SchoolRow, table=True):
    """One change. ``hash`` covers every column and the hash before it; ``seq`` comes from the head (core decision 16)."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("uq_audit_seq", "school_id", "seq", unique=True),
        Index("ix_audit_subject", "school_id", "subject"),
    )
    seq: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(default="", max_length=26)  # account id; "" for the system
    action: str = Field(max_length=60)
    subject: str = Field(default="", max_length=80)  # "<table>:<id>"
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The chain's end. Locked last in every transaction that appends (core decision 16)."""

    __tablename__ = "audit_head"
    school_id: str = Field(primary_key=True, foreign_key="school.id", max_length=26)
    seq: int = Field(default=0, sa_type=BigInteger)
    hash: str = Field(default="", max_length=64)
    anchors: int = Field(default=0)
    """How many anchors were made (`services.maintenance.audit_anchor`); 0 while they were not yet counted."""
    anchor_sha256: str = Field(default="", max_length=64)
    """Of the newest anchor's file."""
