"""Signing batches: the rows are the truth, workflows only wake them (core decisions 1–8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now


class Batch(SchoolRow, table=True):
    """One confirmation on one signer's phone. Its worker holds the job row of the same id (`models.jobs`)."""

    __table_args__ = (
        belongs_to("staff_id", "staff"),
        Index("ix_batch_state", "school_id", "state"),
        Index("ix_batch_account", "school_id", "account_id", "created_at"),
    )
    staff_id: str = Field(max_length=26, index=True)  # who confirms; for the seal its operator
    account_id: str = Field(max_length=26)
    stage: str = Field(max_length=10)
    owner: str = Field(max_length=26)  # whose key: a staff id, or "seal"
    state: str = Field(default="queued", max_length=10)
    """queued → claimed → prepared → sending → waiting → answered → stamped → committed | ended"""
    provider: str = Field(default="mysign", max_length=20)
    provider_user: str = Field(default="", max_length=80)
    credential_id: str = Field(default="", max_length=120)
    chain: list[str] = Field(default_factory=list, sa_type=Json)
    transaction_id: str | None = Field(default=None, max_length=120)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    window_ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stop_waiting: bool = Field(default=False)  # the signer's "cancel": MySign has none, the lease stays to the end
    total: int = Field(default=0)
    committed: int = Field(default=0)
    failed: int = Field(default=0)
    error_code: str | None = Field(default=None, max_length=40)
    error_params: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note: str | None = Field(default=None, max_length=40)  # ErrorCode of what it waits for now (time stamp, provider)
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resends: int = Field(default=0)  # requests prepared afresh because the first was lost on the way
    attempts: int = Field(default=0)  # of the present state's outside call
    evidence_id: str | None = Field(default=None, max_length=26)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    queued_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    offered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # its turn came; the signer taps to start
    accepted: bool = Field(default=True)  # the signer's tap is still valid: the batch may start by itself when free
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BatchItem(SchoolRow, table=True):
    """One slot of a batch. The large columns are emptied once the revision is committed (core decision 6)."""

    __tablename__ = "batch_item"
    __table_args__ = (
        UniqueConstraint("school_id", "batch_id", "slot_id"),
        belongs_to("batch_id", "batch"),
        belongs_to("slot_id", "slot"),
        belongs_to("version_id", "document_version"),
    )
    batch_id: str = Field(max_length=26, index=True)
    slot_id: str = Field(max_length=26, index=True)
    version_id: str = Field(max_length=26)
    position: int = Field(default=0)
    state: str = Field(default="claimed", max_length=10)  # claimed | prepared | answered | stamped | committed | failed
    request_id: str | None = Field(default=None, max_length=40)  # `document_id` at the provider: random, per prepare
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # /M, fixed at prepare
    prepared: bytes | None = Field(default=None, sa_type=LargeBinary)
    attributes: bytes | None = Field(default=None, sa_type=LargeBinary)
    signature: bytes | None = Field(default=None, sa_type=LargeBinary)
    token: bytes | None = Field(default=None, sa_type=LargeBinary)
    error_code: str | None = Field(default=None, max_length=40)
    error_params: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Lease(SchoolRow, table=True):
    """From prepare to commit one document version belongs to one batch: two prepared revisions would break each other."""

    __table_args__ = (
        belongs_to("version_id", "document_version"),
        belongs_to("batch_id", "batch"),
        Index(
            "uq_lease_held",
            "school_id",
            "version_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )
    version_id: str = Field(max_length=26)
    batch_id: str = Field(max_length=26, index=True)
    taken_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Evidence(SchoolRow, table=True):
    """What was checked about a signer's certificate (Circular 15/2025/TT-BKHCN): kept with the signature for ever."""

    owner: str = Field(max_length=26)
    content: bytes = Field(sa_type=LargeBinary)  # `signing.certificates.Evidence.dumps()`
    checked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class LateAnswer(SchoolRow, table=True):
    """An answer that came after its document was unlocked or its batch ended: kept as evidence, never embedded."""

    __tablename__ = "late_answer"
    batch_id: str = Field(max_length=26)
    slot_id: str | None = Field(default=None, max_length=26)
    attributes: bytes | None = Field(default=None, sa_type=LargeBinary)
    signature: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
