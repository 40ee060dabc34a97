"""When a queued batch may start: its documents free, nobody before it waiting for one of them, its key idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import BatchState, ItemState
from hocba_app.domain.errors import HocbaError
from hocba_app.models import Batch, BatchItem, LateAnswer
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.batch_state import move_batch, move_item
from hocba_app.models.repositories.leases import release_leases, take_leases
from hocba_app.services.signing.authority import authority_of

STILL_THERE = timedelta(seconds=20)
"""A signer whose turn comes this soon after his tap is still looking at the page: the request goes out by itself."""
OFFER_TIMEOUT = timedelta(minutes=3)
"""An offer not taken in this time sends the batch to the end of the queue, so that it blocks nobody."""


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """A queued batch's position."""

    ahead: int
    """Other people's batches that must end first."""
    seconds: int
    """Expected wait: a confirmation takes about a minute."""
    your_turn: bool
    after_own: bool
    """The signer's own earlier batch goes first: more records than one confirmation takes, or two slots in the same ones."""


class Admission(StrEnum):
    """What became of a queued batch's wish to start."""

    ADMITTED = "admitted"
    WAITS = "waits"
    EMPTY = "empty"
    """Nothing of it may be signed any more: the caller ends it."""


def try_admit(session: Session, batch: Batch) -> Admission:
    """Claim every document of a queued batch in this transaction, or leave it queued. Starts of a school are serialised.

    Slots signed, voided or given to another meanwhile leave the batch with the reason. A turn that comes long after the
    tap is offered first: a request to a phone in a bag would lapse.
    """
    batch_rows.serialise(session)
    if drop_refused(session, batch, ItemState.CLAIMED):
        session.flush()
    items = batch_rows.item_rows(session, batch.id, ItemState.CLAIMED, "version_id")
    if not items:
        return Admission.EMPTY
    if not _is_free(session, batch, items):
        return Admission.WAITS
    now = utc_now()
    if batch.offered_at is not None and not batch.accepted and now - batch.offered_at > OFFER_TIMEOUT:
        batch.queued_at, batch.offered_at = now, None
        session.add(batch)
        return Admission.WAITS
    if batch.offered_at is None and not _still_there(session, batch, now):
        batch.offered_at, batch.accepted = now, False
        session.add(batch)
        return Admission.WAITS
    if not batch.accepted:
        return Admission.WAITS
    take_leases(session, batch.id, [item.version_id for item in items])
    batch.offered_at = None
    move_batch(session, batch, BatchState.CLAIMED)
    return Admission.ADMITTED


def queue_position(session: Session, batch: Batch) -> QueuePosition:
    """The place of a queued batch and its expected wait, for its signer's page."""
    items = batch_rows.items_of(session, batch.id, (ItemState.CLAIMED,))
    versions = {item.version_id for item in items}
    before = set(batch_rows.held_versions(session, sorted(versions)).values())
    before |= batch_rows.earlier_batches(session, batch, versions)
    if active := batch_rows.active_batch_of(session, batch.owner, batch.id):
        before.add(active.id)
    # His own earlier batches are no queue: this one goes out by itself when he has confirmed them.
    own = batch_rows.of_owner(session, before, batch.owner)
    ahead = len(before - own)
    return QueuePosition(
        ahead=ahead,
        seconds=60 * ahead,
        your_turn=batch.offered_at is not None and not batch.accepted,
        after_own=bool(own),
    )


def _still_there(session: Session, batch: Batch, now: datetime) -> bool:
    """Whether the signer looks at his phone now: he has just tapped, or just confirmed the batch before this one. One that
    he rejected, or let lapse, says that he does not want the next unasked."""
    before = batch_rows.last_sent(session, batch)
    if before is None or before.ended_at is None or before.window_ends_at is None:
        return now - batch.queued_at <= STILL_THERE
    # Its commit may have waited for a time stamp long after he put the phone away: the window says when he confirmed.
    return before.committed > 0 and now - before.ended_at <= STILL_THERE and now <= before.window_ends_at


def _is_free(session: Session, batch: Batch, items: Sequence[Any]) -> bool:
    versions = [item.version_id for item in items]
    if batch_rows.active_batch_of(session, batch.owner, batch.id) is not None:
        return False
    return not batch_rows.held_versions(session, versions) and not batch_rows.earlier_waiting(
        session, batch
    ).intersection(versions)


def drop_refused(session: Session, batch: Batch, state: ItemState) -> int:
    """Fail every item in this state that the batch's signer may not sign now, with the reason.

    Returns:
        How many.
    """
    items = batch_rows.item_rows(session, batch.id, state, "slot_id", "version_id")
    due = rows.due_context(session, [item.slot_id for item in items])
    authority = authority_of(session, batch, [document for _, document, _ in due.values()])
    dropped = []
    for item in items:
        slot, document, _ = due[item.slot_id]
        try:
            authority.require(slot, document)
        except HocbaError as error:
            fail_item(session, batch, session.get_one(BatchItem, (batch.school_id, item.id)), error)
            dropped.append(item.version_id)
    if dropped and state is not ItemState.CLAIMED:
        release_leases(session, batch.id, dropped)
    return len(dropped)


def fail_item(session: Session, batch: Batch, item: BatchItem, error: HocbaError) -> None:
    """Close one item with its reason; the slot waits again for its signer.

    An answer that can no longer be embedded is evidence and is kept (workflow rule 5).
    """
    if item.signature:
        session.add(
            LateAnswer(batch_id=batch.id, slot_id=item.slot_id, attributes=item.attributes, signature=item.signature)
        )
    move_item(session, item, ItemState.FAILED)
    item.error_code = error.code.value
    item.error_params = {key: str(value) for key, value in error.params.items()}
    item.prepared = item.attributes = item.signature = item.token = None
    batch.failed += 1
    session.add(batch)
