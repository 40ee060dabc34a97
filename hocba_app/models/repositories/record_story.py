"""Queries of one record's page: its versions, their slots, who is named in them, what was checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from hocba_app.models import Account, DocumentVersion, Evidence, Lease, Slot, Staff
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of


class Version(NamedTuple):
    """A version without its snapshot."""

    id: str
    number: int
    code: str
    locked_at: datetime
    locked_by: str
    voided_at: datetime | None
    void_reason: str | None
    sha256: str
    length: int


class StorySlot(NamedTuple):
    """A slot as the page shows it."""

    version_id: str
    field: str
    stage: str
    subjects: list[str]
    staff_id: str | None
    caption: list[str]
    signed_at: datetime | None
    reassignment: dict[str, Any] | None
    evidence_id: str | None


_version_columns: Any = tuple(getattr(DocumentVersion, name) for name in Version._fields)
_VERSIONS = (
    select(*_version_columns)
    .where(own_school(DocumentVersion), DocumentVersion.document_id == given("document"))
    .order_by(col(DocumentVersion.number).desc())
)
_slot_columns: Any = (
    Slot.version_id,
    Slot.field,
    Slot.stage,
    Slot.rows,
    Slot.staff_id,
    Slot.caption,
    Slot.signed_at,
    Slot.reassignment,
    Slot.evidence_id,
)
# By version: there is an index, and none by document.
_SLOTS = select(*_slot_columns).where(own_school(Slot), among(col(Slot.version_id), "versions")).order_by(Slot.position)
_STAFF = select(Staff.id, Staff.full_name).where(own_school(Staff), among(col(Staff.id), "ids"))
_ACCOUNTS = select(Account.id, Account.full_name).where(own_school(Account), among(col(Account.id), "ids"))
_HELD = select(Lease.id).where(
    own_school(Lease), Lease.version_id == given("version"), col(Lease.released_at).is_(None)
)


def versions_of(session: Session, document_id: str) -> list[Version]:
    """Every version of a document, newest first."""
    return [Version(*row) for row in rows_of(session, _VERSIONS, document=document_id)]


def slots_of(session: Session, version_ids: Sequence[str]) -> list[StorySlot]:
    """Every slot of these versions, in their order."""
    return [StorySlot(*row) for row in rows_of(session, _SLOTS, versions=list(version_ids))] if version_ids else []


def staff_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Names of members of staff by id."""
    return {staff_id: name for staff_id, name in rows_of(session, _STAFF, ids=sorted(ids))} if ids else {}


def account_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Names of accounts by id."""
    return {account_id: name for account_id, name in rows_of(session, _ACCOUNTS, ids=sorted(ids))} if ids else {}


def is_held(session: Session, version_id: str | None) -> bool:
    """Whether a confirmation on a phone holds a version."""
    return version_id is not None and bool(rows_of(session, _HELD, version=version_id))


def snapshot_of(session: Session, version_id: str) -> dict[str, Any]:
    """What a version froze."""
    return session.exec(select(col(DocumentVersion.snapshot)).where(DocumentVersion.id == version_id)).one()


def evidence(session: Session, ids: Sequence[str]) -> Sequence[Evidence]:
    """What was checked about signers' certificates."""
    return session.exec(select(Evidence).where(col(Evidence.id).in_(ids))).all() if ids else ()
