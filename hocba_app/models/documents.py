"""Documents, their versions, slots and file revisions, and requests to unlock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now

_CHANGED, _UNSEALED, _FAILED = text("out_of_date is not null"), text("state <> 'sealed'"), text("archive_failures > 0")


class Document(SchoolRow, table=True):
    """A pupil's cover of a level, or one school year's history or results. ``state`` changes only through `domain.document_lifecycle`."""

    __table_args__ = (
        UniqueConstraint("school_id", "student_id", "kind", "school_year", "level", name="uq_document_of_pupil"),
        belongs_to("student_id", "student"),
        belongs_to("class_id", "school_class"),
        Index("ix_document_waiting", "school_id", "next_stage", "kind", "class_id"),
        Index("ix_document_archive", "school_id", "state", "archived_at"),
        Index("ix_document_class", "school_id", "class_id"),
        Index("ix_document_year", "school_id", "school_year"),
        Index("ix_document_changed", "school_id", "school_year", sqlite_where=_CHANGED, postgresql_where=_CHANGED),
        Index("ix_document_look", "school_id", "state", "archive_look_at"),
        Index(
            "ix_document_failed",
            "school_id",
            "state",
            "archive_look_at",
            sqlite_where=_FAILED,
            postgresql_where=_FAILED,
        ),
        Index(
            "ix_document_unsealed",
            "school_id",
            "state",
            "school_year",
            sqlite_where=_UNSEALED,
            postgresql_where=_UNSEALED,
        ),
    )
    student_id: str = Field(max_length=26)
    class_id: str = Field(max_length=26)  # the class at the last lock: how people look for it
    kind: str = Field(max_length=8)  # cover | history | results
    school_year: str = Field(default="", max_length=9)  # "" for the cover, which belongs to no year
    level: str = Field(default="", max_length=20)
    """Of a cover: each level has a record, and a cover, of its own (`domain.levels`); "" for what belongs to a year."""
    state: str = Field(default="open", max_length=8)  # open | locked | signing | signed | sealed
    next_stage: str | None = Field(default=None, max_length=10)  # stage that may sign now; None when open or sealed
    version_id: str | None = Field(default=None, max_length=26)  # the current version; None while open
    version_number: int = Field(default=0)  # of the last version made
    out_of_date: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)
    """Fields in which newer synced data differ: ``[{"path", "label", "locked", "synced", "essential"}]``."""
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Of the current version: when its last archive stamp was added. A sealed document without is to be archived."""
    archive_look_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # the sweep looked at it then, or is not to before
    archive_failures: int = Field(default=0)  # in a row
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class DocumentVersion(SchoolRow, table=True):
    """A frozen snapshot and its file. Never deleted; a void version is evidence."""

    __tablename__ = "document_version"
    __table_args__ = (
        UniqueConstraint("school_id", "document_id", "number"),
        belongs_to("document_id", "document"),
    )
    document_id: str = Field(max_length=26)
    number: int
    snapshot: dict[str, Any] = Field(sa_type=Json)
    snapshot_sha256: str = Field(max_length=64)
    salt: str = Field(max_length=64)
    code: str = Field(max_length=20)
    class_id: str = Field(max_length=26)
    length: int = Field(default=0)  # bytes of the current file
    sha256: str = Field(default="", max_length=64)  # of the current file
    tip: str = Field(default="")  # `signing.tip.AppendState.dumps()` of the current file
    revision_number: int = Field(default=0)
    locked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    locked_by: str = Field(default="", max_length=26)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    void_reason: str | None = Field(default=None, max_length=500)


class Slot(SchoolRow, table=True):
    """(document version, stage, person): one signature. A change of signer before he signs changes this row only."""

    __table_args__ = (
        UniqueConstraint("school_id", "version_id", "field"),
        belongs_to("version_id", "document_version"),
        belongs_to("document_id", "document"),
        belongs_to("staff_id", "staff"),
        Index("ix_slot_person", "school_id", "staff_id", "signed_at"),
    )
    version_id: str = Field(max_length=26)
    document_id: str = Field(max_length=26)
    field: str = Field(max_length=80)
    stage: str = Field(max_length=10)  # subject | homeroom | principal | seal
    rows: list[str] = Field(default_factory=list, sa_type=Json)
    position: int = Field(default=0)
    staff_id: str | None = Field(default=None, max_length=26)  # None: the seal, which the operator sets
    signer_hash: str | None = Field(default=None, max_length=64)  # of a version locked in manifest format 1; None since
    demand: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """What the certificate must carry, as the manifest has it: `demands.Demand`, or for the seal ``{"tax_code", "name"}``."""
    reassignment: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """What the seal vouches for instead: ``{"reason", "delegation", "name_reason", "demand"}`` (`demands.Vouched`)."""
    caption: list[str] = Field(default_factory=list, sa_type=Json)  # "KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the time stamp's time
    revision_number: int | None = Field(default=None)
    evidence_id: str | None = Field(default=None, max_length=26)

    @property
    def signed(self) -> bool:
        """Whether the signature is there."""
        return self.signed_at is not None


class Revision(SchoolRow, table=True):
    """One state of a version's file: a prefix of the current file (core decision 13)."""

    __table_args__ = (
        UniqueConstraint("school_id", "version_id", "number"),
        belongs_to("version_id", "document_version"),
    )
    version_id: str = Field(max_length=26)
    number: int  # 0 is the base
    kind: str = Field(max_length=10)  # base | signature | archive
    slot_id: str | None = Field(default=None, max_length=26)
    blob_sha256: str = Field(max_length=64)  # what was appended, content-addressed
    length: int  # of the whole file with this revision
    sha256: str = Field(max_length=64)  # of the whole file with this revision
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class PublicCode(SQLModel, table=True):
    """Directory of the installation: the code printed on each page names one version."""

    __tablename__ = "public_code"
    code: str = Field(primary_key=True, max_length=20)
    school_id: str = Field(foreign_key="school.id", max_length=26)
    version_id: str = Field(max_length=26)


class UnlockRequest(SchoolRow, table=True):
    """Step one of unlocking; the principal's answer is step two (workflow rule 5)."""

    __tablename__ = "unlock_request"
    __table_args__ = (
        belongs_to("requested_by", "account"),
        Index("ix_unlock_open", "school_id", "state"),
    )
    document_ids: list[str] = Field(default_factory=list, sa_type=Json)
    reason: str = Field(max_length=500)
    state: str = Field(default="asked", max_length=10)  # asked | approved | refused | withdrawn | done
    requested_by: str = Field(max_length=26)
    requested_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=26)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remaining_ids: list[str] = Field(default_factory=list, sa_type=Json)
    """Approved, but a confirmation is pending on them: unlocked when it ends."""
