"""When a queued batch may start: its documents free, nobody before it waiting for one of them, its key idle."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from hocba_app.domain.calendar import today
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.lifecycle import may_seal
from hocba_app.models import SEAL, Batch, BatchItem, LateAnswer, SchoolClass, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories import signing_queue as due_rows
from hocba_app.services.signing.leases import take_leases

STILL_THERE = timedelta(seconds=20)
"""A signer whose turn comes this soon after his tap is still looking at the page: the request goes out by itself."""
OFFER_STANDS = timedelta(minutes=3)
"""An offer not taken in this time sends the batch to the end of the queue, so that it blocks nobody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a queued batch stands."""

    ahead: int
    """Batches that must end first."""
    seconds: int
    """Expected wait: a confirmation takes about a minute."""
    your_turn: bool
    after_own: bool
    """The signer's own batch on the same documents goes first: he has two slots in them."""


def try_start(session: Session, batch: Batch) -> bool:
    """Claim every document of a queued batch in this transaction, or leave it queued. Starts of a school are serialised.

    Slots signed, voided or given to another meanwhile leave the batch with the reason. A turn that comes long after the
    tap is offered first: a request to a phone in a bag would lapse.

    Returns:
        True when the batch is now ``claimed`` (or over, when nothing of it is left).
    """
    rows.serialise(session)
    _drop_undue(session, batch)
    items = rows.item_rows(session, batch.id, "claimed", "version_id")
    if not items:
        batch.state, batch.ended_at = "ended", utc_now()
        batch.error_code = batch.error_code or ErrorCode.NOTHING_TO_DO.value
        session.add(batch)
        return True
    if not _is_free(session, batch, items):
        return False
    now = utc_now()
    if batch.offered_at is not None and not batch.accepted and now - batch.offered_at > OFFER_STANDS:
        batch.queued_at, batch.offered_at = now, None
        session.add(batch)
        return False
    if batch.offered_at is None and not _still_there(session, batch, now):
        batch.offered_at, batch.accepted = now, False
        session.add(batch)
        return False
    if not batch.accepted:
        return False
    take_leases(session, batch.id, [item.version_id for item in items])
    batch.state, batch.offered_at = "claimed", None
    session.add(batch)
    return True


def place_of(session: Session, batch: Batch) -> Place:
    """The place of a queued batch and its expected wait, for its signer's page."""
    items = rows.items_of(session, batch.id, ("claimed",))
    versions = {item.version_id for item in items}
    holders = set(rows.held_versions(session, sorted(versions)).values())
    after_own = False
    if active := rows.active_batch_of(session, batch.owner, batch.id):
        after_own = active.id in holders
        holders.add(active.id)
    earlier = rows.earlier_batches(session, batch, versions)
    ahead = len(holders | earlier)
    return Place(ahead=ahead, seconds=60 * ahead, your_turn=batch.offered_at is not None and not batch.accepted, after_own=after_own)


def _still_there(session: Session, batch: Batch, now: datetime) -> bool:
    """Whether the signer looks at his phone now: he has just tapped, or just confirmed the batch before this one. One that
    he rejected, or let lapse, says that he does not want the next unasked."""
    before = rows.last_sent(session, batch)
    if before is None or before.ended_at is None or before.window_ends_at is None:
        return now - batch.queued_at <= STILL_THERE
    # Its commit may have waited for a time stamp long after he put the phone away: the window says when he confirmed.
    return before.committed > 0 and now - before.ended_at <= STILL_THERE and now <= before.window_ends_at


def _is_free(session: Session, batch: Batch, items: Sequence[Any]) -> bool:
    versions = [item.version_id for item in items]
    if rows.active_batch_of(session, batch.owner, batch.id) is not None:
        return False
    return not rows.held_versions(session, versions) and not rows.earlier_waiting(session, batch).intersection(versions)


def _drop_undue(session: Session, batch: Batch) -> None:
    items = rows.item_rows(session, batch.id, "claimed", "slot_id")
    due = rows.due_context(session, [item.slot_id for item in items])
    sealable = sealable_now(session, [document for _, document, _ in due.values()]) if batch.owner == SEAL else frozenset()
    for item in items:
        slot, document, _ = due[item.slot_id]
        try:
            require_due(session, batch, slot, document, sealable)
        except HocbaError as error:
            fail_item(session, batch, session.get_one(BatchItem, (batch.school_id, item.id)), error)


def require_due(session: Session, batch: Batch, slot: Any, document: Any, sealable: Collection[str] = ()) -> None:
    """Refuse a slot that is not this batch's to sign now. Order is judged here and at commit, not on the screen.

    Args:
        slot: a row, whole or of `repositories.signing.due_context`, as is ``document``.
        sealable: for the seal, ids of documents that :func:`sealable_now` has found ready.

    Raises:
        HocbaError: NOT_LOCKED, SLOT_SIGNED, OUT_OF_ORDER, SLOT_NOT_YOURS, NOT_SEALABLE, DELEGATION_OVER.
    """
    if document.version_id != slot.version_id or document.state == "open":
        raise HocbaError(ErrorCode.NOT_LOCKED)
    if slot.signed_at is not None:
        raise HocbaError(ErrorCode.SLOT_SIGNED)
    if document.next_stage != slot.stage:
        raise HocbaError(ErrorCode.OUT_OF_ORDER)
    if slot.stage == SEAL:
        if batch.owner != SEAL:
            raise HocbaError(ErrorCode.SLOT_NOT_YOURS)
        if document.id not in sealable:
            raise HocbaError(ErrorCode.NOT_SEALABLE)
        return
    if slot.staff_id != batch.owner:
        raise HocbaError(ErrorCode.SLOT_NOT_YOURS)
    if slot.stage == "principal" and document.kind != "cover":
        _require_principal_or_deputy(session, slot.staff_id, document.kind)


class Sealing(NamedTuple):
    """A document as the question of its sealing needs it."""

    id: str
    student_id: str
    school_year: str
    class_id: str


def sealable_now(session: Session, documents: Sequence[Any]) -> frozenset[str]:
    """Ids of those whose pupil's cover, history and results are all signed (workflow rule 4).

    For a cover the year is that of the class it was locked in.
    """
    classes = {class_id: session.get_one(SchoolClass, (session.info["school_id"], class_id)) for class_id in {each.class_id for each in documents}}
    years = {document.id: document.school_year or classes[document.class_id].school_year for document in documents}
    students: dict[str, set[str]] = {}
    for document in documents:
        students.setdefault(years[document.id], set()).add(document.student_id)
    states = {year: due_rows.document_states(session, sorted(wanted), year) for year, wanted in students.items()}
    found = []
    for document in documents:
        state = states[years[document.id]].get(document.student_id, {})
        if may_seal(state.get("cover"), state.get("history"), state.get("results")):
            found.append(document.id)
    return frozenset(found)


def _require_principal_or_deputy(session: Session, staff_id: str, kind: str) -> None:
    """A deputy signs only within his delegation (Decree 30/2020/NĐ-CP): its kinds, its dates, not revoked.

    One answer serves a whole session: it judges one batch at one moment.
    """
    judged: dict[tuple[str, str], bool] = session.info.setdefault("may_sign_as_principal", {})
    if (staff_id, kind) not in judged:
        judged[staff_id, kind] = _may_sign_as_principal(session, staff_id, kind)
    if not judged[staff_id, kind]:
        raise HocbaError(ErrorCode.DELEGATION_OVER)


def _may_sign_as_principal(session: Session, staff_id: str, kind: str) -> bool:
    if session.get_one(Staff, (session.info["school_id"], staff_id)).position == "principal":
        return True
    day = today().isoformat()
    return any(
        kind in delegation.kinds and delegation.from_date <= day <= delegation.to_date for delegation in due_rows.delegations_of(session, staff_id)
    )


def fail_item(session: Session, batch: Batch, item: BatchItem, error: HocbaError) -> None:
    """Close one item with its reason; the slot waits again for its signer.

    An answer that can no longer be embedded is evidence and is kept (workflow rule 5).
    """
    if item.signature:
        session.add(
            LateAnswer(batch_id=batch.id, slot_id=item.slot_id, attributes=item.attributes, signature=item.signature)
        )
    item.state, item.error_code = "failed", error.code.value
    item.error_params = {key: str(value) for key, value in error.params.items()}
    item.prepared = item.attributes = item.signature = item.token = None
    batch.failed += 1
    session.add(item)
    session.add(batch)

