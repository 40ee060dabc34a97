"""With what each person signs, and who signs where the synced data leave it open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, UtcDateTime, belongs_to, utc_now

SEAL = "seal"
"""Owner key of the school's seal in :class:`SignatureImage` and :class:`SigningKey`; a person's key is his staff id."""


class SignatureImage(SchoolRow, table=True):
    """The normalised signature image of a person, or of the seal. The newest row of an owner counts."""

    __tablename__ = "signature_image"
    __table_args__ = (Index("ix_signature_image_of_owner", "school_id", "owner"),)
    owner: str = Field(max_length=26)  # a staff id, or SEAL
    sha256: str = Field(max_length=64)
    image: bytes = Field(sa_type=LargeBinary)  # `signing.appearance.InkImage.dumps()`, about 1.4 KB
    preview_png: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    created_by: str = Field(max_length=26)


class SigningKey(SchoolRow, table=True):
    """A signer's account at the signing service and the certificate chosen there. The seal has one of its own."""

    __tablename__ = "signing_key"
    __table_args__ = (UniqueConstraint("school_id", "owner"),)
    owner: str = Field(max_length=26)  # a staff id, or SEAL
    provider: str = Field(default="mysign", max_length=20)
    provider_user: str = Field(default="", max_length=80)
    credential_id: str | None = Field(default=None, max_length=120)
    chain: list[str] = Field(default_factory=list, sa_type=Json)  # base64 DER, signer first
    subject: str | None = Field(default=None, max_length=500)
    serial_number: str | None = Field(default=None, max_length=80)
    valid_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    valid_to: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    problem: str | None = Field(default=None, max_length=40)  # ErrorCode of the last check, None when it passed
    accepted_name: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """The principal's word for a certificate under another name: ``{"certificate", "person", "reason"}``, both names as written."""


class SigningSettings(SchoolRow, table=True):
    """One row a school: who signs covers, who seals [videos 22.1, 22.3]."""

    __tablename__ = "signing_settings"
    __table_args__ = (
        UniqueConstraint("school_id"),
        belongs_to("cover_signer_id", "staff"),
        belongs_to("seal_operator_id", "staff"),
    )
    cover_signer_id: str | None = Field(default=None, max_length=26)  # None: the principal
    seal_operator_id: str | None = Field(default=None, max_length=26)


class Delegation(SchoolRow, table=True):
    """Ký thay, quyền, phụ trách: a vice-principal signs in the head's place, between two dates, by a decision."""

    __table_args__ = (belongs_to("deputy_id", "staff"),)
    deputy_id: str = Field(max_length=26)
    capacity: str = Field(default="deputy", max_length=10)  # `domain.signing_titles.CAPACITIES`
    kinds: list[str] = Field(default_factory=list, sa_type=Json)  # "history", "results"; "cover" too of an acting head
    from_date: str = Field(max_length=10)
    to_date: str = Field(max_length=10)
    decision_number: str = Field(max_length=80)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class SigningAssignment(SchoolRow, table=True):
    """Who signs a row of a class where the teaching assignment leaves a gap, or instead of an absent teacher."""

    __tablename__ = "signing_assignment"
    __table_args__ = (
        UniqueConstraint("school_id", "class_id", "field"),
        belongs_to("class_id", "school_class"),
        belongs_to("staff_id", "staff"),
    )
    class_id: str = Field(max_length=26)
    field: str = Field(max_length=80)  # the slot's field: "s.<subject>.<n>" or "homeroom"
    staff_id: str = Field(max_length=26)
    reason: str = Field(default="", max_length=300)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
