"""Queries of a batch on its way: whether it may start, what it holds, what its documents are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import func, literal
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from hocba_app.models import (
    Batch,
    BatchItem,
    Document,
    DocumentVersion,
    Evidence,
    Lease,
    School,
    SigningKey,
    Slot,
    Student,
)
from hocba_app.models.repositories.prepared_queries import any_of, given, own_school, rows_of
from hocba_app.models.repositories.records import chunks

LIVE_ITEM = ("claimed", "prepared", "answered", "stamped")
BATCH_OVER = ("committed", "ended")
BATCH_BUSY = ("claimed", "prepared", "sending", "waiting", "answered", "stamped")
"""States in which a batch holds its documents and its key. Asked for by name, not as "not over": an index finds these few among
the batches of all years. A test holds them against the states that have a handler: one left out would free its documents."""
BATCH_LIVE = ("queued", *BATCH_BUSY)


def serialise(session: Session) -> None:
    """One transaction of a school at a time from here on: starting, splitting, closing, locking, unlocking.

    Each of them reads what others hold and then writes. On PostgreSQL two that read at once would both find it free: a
    phone asked twice, a version unlocked under a lease. (On SQLite every write transaction is alone anyway.) Taken
    before any other row but the job's own; rows that refer to the school may still be inserted meanwhile.
    """
    school_id = session.info["school_id"]
    session.exec(select(School.id).where(School.id == school_id).with_for_update(key_share=True)).one()


def batches_in(states: Sequence[str]) -> Any:
    """Ids of the school's batches in these states, for ``in_``: read first, by their index. A join would let SQLite read every
    item of every year and look at its batch."""
    return select(Batch.id).where(own_school(Batch), Batch.state.in_(states))  # type: ignore[attr-defined]


def held_versions(session: Session, version_ids: Sequence[str]) -> dict[str, str]:
    """Versions under a lease, each with the batch that holds it."""
    held: dict[str, str] = {}
    for chunk in chunks(version_ids):
        held.update((row.version_id, row.batch_id) for row in rows_of(session, _held_versions(), versions=chunk))
    return held


@cache
def _held_versions() -> Any:
    return select(Lease.version_id, Lease.batch_id).where(
        own_school(Lease),
        Lease.version_id.in_(any_of("versions")),
        Lease.released_at.is_(None),  # type: ignore[attr-defined, union-attr]
    )


def earlier_waiting(session: Session, batch: Batch) -> set[str]:
    """Versions that batches queued before this one wait for: they go first (core decision 8)."""
    return {row.version_id for row in rows_of(session, _earlier_waiting(), batch=batch.id, queued_at=batch.queued_at)}


@cache
def _earlier_waiting() -> Any:
    before = (Batch.queued_at < given("queued_at")) | (
        (Batch.queued_at == given("queued_at")) & (Batch.id < given("batch"))
    )
    queued = batches_in(("queued",)).where(Batch.id != given("batch"), before)
    return select(BatchItem.version_id).where(
        own_school(BatchItem),
        BatchItem.batch_id.in_(queued),
        BatchItem.state == "claimed",  # type: ignore[attr-defined]
    )


def earlier_batches(session: Session, batch: Batch, version_ids: set[str]) -> set[str]:
    """Queued batches before this one that want one of these versions."""
    found = rows_of(session, _queued_items())
    return {row.batch_id for row in found if row.queued_at < batch.queued_at and row.version_id in version_ids}


def waiting_for_end_of(session: Session, batch: Batch) -> list[str]:
    """Queued batches that the end of this one may set free: they want one of its documents, or its key."""
    queued = rows_of(session, _queued_items())
    versions = {row.version_id for row in rows_of(session, _versions_of_batch(), batch=batch.id)} if queued else set()
    return list({row.batch_id for row in queued if row.owner == batch.owner or row.version_id in versions})


@cache
def _queued_items() -> Any:
    return (
        select(BatchItem.batch_id, BatchItem.version_id, Batch.owner, Batch.queued_at)
        .join(Batch, (Batch.id == BatchItem.batch_id) & (Batch.school_id == BatchItem.school_id))
        .where(own_school(BatchItem), BatchItem.batch_id.in_(batches_in(("queued",))), BatchItem.state == "claimed")  # type: ignore[attr-defined]
    )


@cache
def _versions_of_batch() -> Any:
    return select(BatchItem.version_id).where(own_school(BatchItem), BatchItem.batch_id == given("batch"))


def active_batch_of(session: Session, owner: str, other_than: str = "") -> Batch | None:
    """The batch a key is confirming now: one at a time, so that the phone never shows two requests."""
    return session.exec(
        select(Batch)
        .where(Batch.owner == owner, Batch.state.in_(BATCH_BUSY), Batch.id != other_than)  # type: ignore[attr-defined]
        .limit(1)
    ).first()


def of_owner(session: Session, batch_ids: Iterable[str], owner: str) -> set[str]:
    """Of these batches, those that one key signs."""
    ids = sorted(batch_ids)
    if not ids:
        return set()
    return set(session.exec(select(Batch.id).where(col(Batch.id).in_(ids), Batch.owner == owner)).all())


def last_sent(session: Session, batch: Batch) -> Batch | None:
    """The batch of the same signer and key that ended last since this one was queued, of those that reached the service."""
    return session.exec(
        select(Batch)
        .where(
            Batch.owner == batch.owner,
            Batch.account_id == batch.account_id,
            Batch.id != batch.id,
            Batch.sent_at.is_not(None),
            Batch.ended_at > batch.queued_at,  # type: ignore[union-attr, operator]
        )
        .order_by(Batch.ended_at.desc())  # type: ignore[union-attr]
        .limit(1)
    ).first()


def batch_row(session: Session, batch_id: str) -> Any:
    """What a turn of a batch needs of its row, for reading only.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such batch in the school.
    """
    found = rows_of(session, _batch_row(), batch=batch_id)
    if not found:
        raise NoResultFound(batch_id)
    return found[0]


@cache
def _batch_row() -> Any:
    return select(
        Batch.id,
        Batch.account_id,
        Batch.staff_id,
        Batch.owner,
        Batch.stage,
        Batch.provider,
        Batch.provider_user,
        Batch.credential_id,
        Batch.chain,
        Batch.state,
        Batch.stop_waiting,
        Batch.retry_at,
        Batch.sent_at,
        Batch.window_ends_at,
        Batch.transaction_id,
        Batch.note,
        Batch.attempts,
        Batch.resends,
        Batch.evidence_id,
    ).where(own_school(Batch), Batch.id == given("batch"))  # type: ignore[call-overload]


def items_of(
    session: Session,
    batch_id: str,
    states: Iterable[str] | None = None,
    *,
    light: bool = False,
    limit: int | None = None,
) -> list[BatchItem]:
    """A batch's items in order.

    Args:
        states: only items in one of these.
        light: without the large columns, which are read when they are asked for.
        limit: at most so many.
    """
    query = select(BatchItem).where(BatchItem.batch_id == batch_id).order_by(BatchItem.position)
    if states is not None:
        query = query.where(BatchItem.state.in_(tuple(states)))  # type: ignore[attr-defined]
    if light:
        query = query.options(
            *(
                defer(column)
                for column in (BatchItem.prepared, BatchItem.attributes, BatchItem.signature, BatchItem.token)
            )
        )  # type: ignore[arg-type]
    if limit is not None:
        query = query.limit(limit)
    return list(session.exec(query).all())


def item_rows(session: Session, batch_id: str, state: str, *columns: str, limit: int | None = None) -> Sequence[Any]:
    """A batch's items in one state, in order, as plain rows: ``id``, ``state`` and the columns named. For reading only."""
    values = {"batch": batch_id, "state": state} | ({} if limit is None else {"most": limit})
    return rows_of(session, _item_rows(columns, limit is not None), **values)


@cache
def _item_rows(columns: tuple[str, ...], limited: bool) -> Any:
    query = (
        select(BatchItem.id, BatchItem.state, *(getattr(BatchItem, column) for column in columns))
        .where(own_school(BatchItem), BatchItem.batch_id == given("batch"), BatchItem.state == given("state"))
        .order_by(BatchItem.position)
    )
    return query.limit(given("most")) if limited else query


class SlotRow(NamedTuple):
    """A slot, as far as signing it needs."""

    id: str
    school_id: str
    version_id: str
    document_id: str
    field: str
    stage: str
    staff_id: str | None
    caption: list[str]
    signed_at: datetime | None
    signer_hash: str | None
    demand: dict[str, Any] | None
    reassignment: dict[str, Any] | None

    @property
    def signed(self) -> bool:
        """Whether the signature is there."""
        return self.signed_at is not None


class DocumentRow(NamedTuple):
    """A document, as far as signing it needs."""

    id: str
    kind: str
    state: str
    next_stage: str | None
    version_id: str | None
    class_id: str
    school_year: str
    student_id: str


class VersionRow(NamedTuple):
    """A version, as far as signing it needs."""

    id: str
    length: int
    sha256: str
    salt: str
    tip: str
    """Empty unless asked for."""


def due_context(
    session: Session, slot_ids: Sequence[str], *, with_tip: bool = False
) -> dict[str, tuple[SlotRow, DocumentRow, VersionRow]]:
    """By slot id what decides whether it may be signed (for reading only).

    Args:
        with_tip: the version's ``tip`` too, kilobytes each.
    """
    slot_end = len(SlotRow._fields)
    document_end = slot_end + len(DocumentRow._fields)
    found = {}
    for chunk in chunks(slot_ids):
        for row in rows_of(session, _due_context(with_tip), slots=chunk):
            slot, document, version = row[:slot_end], row[slot_end:document_end], row[document_end:]
            found[row[0]] = SlotRow(*slot), DocumentRow(*document), VersionRow(*version)
    return found


@cache
def _due_context(with_tip: bool) -> Any:
    columns = (
        *(getattr(Slot, name) for name in SlotRow._fields),
        *(getattr(Document, name) for name in DocumentRow._fields),
        DocumentVersion.id,
        DocumentVersion.length,
        DocumentVersion.sha256,
        DocumentVersion.salt,
        DocumentVersion.tip if with_tip else literal(""),
    )
    return (
        select(*columns)
        .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
        .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
        .where(own_school(Slot), Slot.id.in_(any_of("slots")))  # type: ignore[attr-defined]
    )


class FrozenSlotRow(NamedTuple):
    """A slot, as far as the question goes what its certificate must carry."""

    id: str
    version_id: str
    field: str
    stage: str
    staff_id: str | None
    signer_hash: str | None
    demand: dict[str, Any] | None
    reassignment: dict[str, Any] | None
    salt: str
    """Of its version."""


def frozen_slots(session: Session, slot_ids: Sequence[str]) -> dict[str, FrozenSlotRow]:
    """What some slots demand, by their ids (for reading only)."""
    found: dict[str, FrozenSlotRow] = {}
    for chunk in chunks(slot_ids):
        found.update({row[0]: FrozenSlotRow(*row) for row in rows_of(session, _frozen_slots(), slots=chunk)})
    return found


@cache
def _frozen_slots() -> Any:
    columns = (getattr(Slot, name) for name in FrozenSlotRow._fields[:-1])
    return (
        select(*columns, DocumentVersion.salt)  # type: ignore[call-overload]
        .join(DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id))
        .where(own_school(Slot), Slot.id.in_(any_of("slots")))  # type: ignore[attr-defined]
    )


def accepted_name(session: Session, owner: str) -> dict[str, Any] | None:
    """The principal's word for the name in the certificate of a key; None where he gave none."""
    return session.exec(select(SigningKey.accepted_name).where(SigningKey.owner == owner)).first()


def evidence_content(session: Session, evidence_id: str) -> bytes:
    """What was checked about a signer, as `signer_certificate.Evidence.dumps` wrote it."""
    return session.exec(select(Evidence.content).where(Evidence.id == evidence_id)).one()


def names_on_phone(session: Session, slot_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By slot id the kind of its document and the pupil's code: what the signer's phone shows."""
    found: dict[str, tuple[str, str]] = {}
    for chunk in chunks(slot_ids):
        found.update({row.id: (row.kind, row.code) for row in rows_of(session, _names_on_phone(), slots=chunk)})
    return found


@cache
def _names_on_phone() -> Any:
    return (
        select(Slot.id, Document.kind, Student.code)
        .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
        .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
        .where(own_school(Slot), Slot.id.in_(any_of("slots")))  # type: ignore[attr-defined]
    )


def failure_codes(session: Session, batch_id: str) -> list[str]:
    """The different reasons for which items of a batch failed."""
    return [row.error_code for row in rows_of(session, _failure_codes(), batch=batch_id) if row.error_code]


@cache
def _failure_codes() -> Any:
    return (
        select(BatchItem.error_code)
        .where(own_school(BatchItem), BatchItem.batch_id == given("batch"), BatchItem.state == "failed")
        .distinct()
    )


def live_items(session: Session, batch_id: str) -> int:
    """How many items of a batch are not over."""
    return int(rows_of(session, _live_items(), batch=batch_id)[0][0])


@cache
def _live_items() -> Any:
    return select(func.count()).where(
        own_school(BatchItem), BatchItem.batch_id == given("batch"), BatchItem.state.in_(LIVE_ITEM)
    )  # type: ignore[attr-defined]


def item_context(
    session: Session, items: Sequence[BatchItem]
) -> dict[str, tuple[Slot, Document, DocumentVersion, Student]]:
    """For each item id, the rows it signs; the versions without their snapshots."""
    context: dict[str, tuple[Slot, Document, DocumentVersion, Student]] = {}
    by_slot = {item.slot_id: item.id for item in items}
    for chunk in chunks(list(by_slot)):
        rows = session.exec(
            select(Slot, Document, DocumentVersion, Student)
            .join(Document, (Document.id == Slot.document_id) & (Document.school_id == Slot.school_id))
            .join(
                DocumentVersion, (DocumentVersion.id == Slot.version_id) & (DocumentVersion.school_id == Slot.school_id)
            )
            .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            .where(Slot.id.in_(chunk))  # type: ignore[attr-defined]
            .options(defer(DocumentVersion.snapshot))  # type: ignore[arg-type]
        ).all()
        context.update({by_slot[row[0].id]: (row[0], row[1], row[2], row[3]) for row in rows})
    return context


def lock_documents(session: Session, document_ids: Sequence[str]) -> dict[str, Any]:
    """Documents by id, as plain rows (:class:`DocumentRow`'s columns), locked in one order by everybody who locks several."""
    return {document.id: document for document in rows_of(session, _lock_documents(), documents=document_ids)}


@cache
def _lock_documents() -> Any:
    return (
        select(*(getattr(Document, name) for name in DocumentRow._fields))
        .where(own_school(Document), Document.id.in_(any_of("documents")))  # type: ignore[attr-defined]
        .order_by(Document.id)
        .with_for_update()
    )


def version_rows(session: Session, version_ids: Sequence[str], *, with_tip: bool = False) -> dict[str, Any]:
    """Versions by id, as plain rows without their snapshots.

    Args:
        with_tip: the ``tip`` too, kilobytes each.
    """
    return {version.id: version for version in rows_of(session, _version_rows(with_tip), versions=version_ids)}


@cache
def _version_rows(with_tip: bool) -> Any:
    columns = (
        DocumentVersion.id,
        DocumentVersion.document_id,
        DocumentVersion.number,
        DocumentVersion.revision_number,
        DocumentVersion.length,
        DocumentVersion.sha256,
        DocumentVersion.voided_at,
        *((DocumentVersion.tip,) if with_tip else ()),
    )
    return select(*columns).where(own_school(DocumentVersion), DocumentVersion.id.in_(any_of("versions")))  # type: ignore[attr-defined]


def slots_of_versions(session: Session, version_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Every slot of some versions in its order, as plain rows, locked."""
    slots: dict[str, list[Any]] = {}
    for slot in rows_of(session, _slots_of_versions(), versions=version_ids):
        slots.setdefault(slot.version_id, []).append(slot)
    return slots


@cache
def _slots_of_versions() -> Any:
    columns = (
        Slot.id,
        Slot.version_id,
        Slot.document_id,
        Slot.field,
        Slot.stage,
        Slot.staff_id,
        Slot.reassignment,
        col(Slot.signed_at).is_not(None).label("signed"),
    )
    return (
        select(*columns)  # type: ignore[call-overload]
        .where(own_school(Slot), Slot.version_id.in_(any_of("versions")))  # type: ignore[attr-defined]
        .order_by(Slot.version_id, Slot.position)
        .with_for_update()
    )
