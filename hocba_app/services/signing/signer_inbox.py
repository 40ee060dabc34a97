"""What waits for a signer, and his tap: starting, accepting, splitting and stopping batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import BATCH_OVER, BatchState, ItemState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, Database, Job
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing_queue as due_rows
from hocba_app.models.repositories.batch_state import add_items
from hocba_app.models.repositories.signers import key_of
from hocba_app.models.repositories.signing_authority import closed_documents
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.credentials import require_own_credentials
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import Tells, notify_all, record
from hocba_app.services.jobs.enqueue import enqueue, look_again
from hocba_app.services.signing.authority import Sealing, sealable_now

MAX_HASHES = 500
"""Hashes in one call of the provider, and so in one confirmation (core decision 8)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One slot that waits for the signer."""

    slot_id: str
    stage: str
    kind: str
    school_year: str
    class_id: str
    class_name: str
    grade: int
    subjects: tuple[str, ...]
    document_id: str
    version_id: str
    student_id: str
    student_code: str
    student_name: str
    ready: bool
    """May be signed now. False: in a batch already, or (seal) the pupil's other documents are not all signed."""
    reason: ErrorCode | None
    """Why not, when not ready."""


def confirmations(personal: int, seals: int) -> int:
    """How many times so many records are confirmed on the phone: the personal ones and the seal's are asked for apart.

    (One more where a signer has two slots in one record: the second follows the first by itself.)
    """
    return -(-personal // MAX_HASHES) + -(-seals // MAX_HASHES)


def my_queue(db: Database, who: Identity) -> list[Waiting]:
    """Everything that waits for this person (nothing, for an account without a person)."""
    with db.read(who.school_id) as session:
        return waiting_for(session, who)


def held_documents(session: Session) -> dict[str, ErrorCode]:
    """Documents that nobody may sign for the moment, and why; a few of a school's."""
    closed = closed_documents(session)
    return {
        **dict.fromkeys(closed.questioned, ErrorCode.RECORD_QUESTIONED),
        **dict.fromkeys(closed.unlocking, ErrorCode.UNLOCK_APPROVED),
    }


def waiting_for(
    session: Session, who: Identity, *, stage: str | None = None, kind: str | None = None, class_id: str = ""
) -> list[Waiting]:
    """Everything that waits for this person: his own slots, and the seal's when he is its operator.

    Args:
        stage: only this stage.
        kind: only this kind of document.
        class_id: only this class; "" for every one.
    """
    found: list[Waiting] = []
    if who.staff_id is not None and stage != SEAL:
        due = due_rows.due_slots(session, staff_id=who.staff_id, stage=stage, kind=kind, class_id=class_id)
        found += _waiting(session, due)
    if "seal_operator" in who.roles and stage in (None, SEAL):
        due = due_rows.due_slots(session, staff_id=None, kind=kind, class_id=class_id)
        found += _waiting(session, due, seal=True)
    return found


def _waiting(session: Session, due: list[due_rows.DueSlot], *, seal: bool = False) -> list[Waiting]:
    if not due:
        return []
    busy, held = due_rows.slots_in_live_batches(session), held_documents(session)
    documents = [Sealing(slot.document_id, slot.student_id, slot.school_year, slot.class_id) for slot in due]
    sealable = sealable_now(session, documents) if seal else frozenset()
    found = []
    for slot in due:
        reason = ErrorCode.DOCUMENT_BUSY if slot.slot_id in busy else held.get(slot.document_id)
        if reason is None and seal and slot.document_id not in sealable:
            reason = ErrorCode.NOT_SEALABLE
        found.append(
            Waiting(
                slot_id=slot.slot_id,
                stage=slot.stage,
                kind=slot.kind,
                school_year=slot.school_year,
                class_id=slot.class_id,
                class_name=slot.class_name,
                grade=slot.grade,
                subjects=tuple(slot.subjects),
                document_id=slot.document_id,
                version_id=slot.version_id,
                student_id=slot.student_id,
                student_code=slot.student_code,
                student_name=slot.student_name,
                ready=reason is None,
                reason=reason,
            )
        )
    return found


def start(db: Database, who: Identity, slot_ids: Sequence[str]) -> list[str]:
    """The signer's tap: one batch a confirmation, for everything chosen that may be signed now.

    Args:
        slot_ids: slots as offered by :func:`waiting_for`; those signed or taken meanwhile are left out.

    Returns:
        Ids of the batches, in the order they are signed in. More than one only above :data:`MAX_HASHES`, when seal and
        personal slots are mixed, or when he has several slots in one document.

    Raises:
        HocbaError: FORBIDDEN, CREDENTIALS_OPEN, SLOT_NOT_YOURS, SIGNER_NO_KEY, NOTHING_TO_DO.
    """
    require(who, Right.OWN_QUEUE)
    with db.write(who.school_id) as session:
        require_own_credentials(session, who)
        batch_rows.serialise(session)  # two taps at once must not become two requests for the same slots
        waiting = {item.slot_id: item for item in waiting_for(session, who)}
        unknown = [slot_id for slot_id in slot_ids if slot_id not in waiting]
        for slot, _ in due_rows.slots_with_documents(session, unknown):
            if slot.staff_id != who.staff_id and not (slot.stage == SEAL and "seal_operator" in who.roles):
                raise HocbaError(ErrorCode.SLOT_NOT_YOURS)
        chosen = [waiting[slot_id] for slot_id in dict.fromkeys(slot_ids) if slot_id in waiting]
        chosen = [item for item in chosen if item.ready]
        if not chosen:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        batches = []
        for owner, items in _by_key(who, chosen):
            for turn in _turns(items):
                for first in range(0, len(turn), MAX_HASHES):
                    batches.append(_create(session, who, owner, turn[first : first + MAX_HASHES]))
    return [batch.id for batch in batches]


def _by_key(who: Identity, chosen: list[Waiting]) -> list[tuple[str, list[Waiting]]]:
    personal = [item for item in chosen if item.stage != SEAL]
    seal = [item for item in chosen if item.stage == SEAL]
    if seal:
        require(who, Right.SEAL)
    return [(owner, items) for owner, items in ((who.staff_id or "", personal), (SEAL, seal)) if items]


def _turns(items: list[Waiting]) -> list[list[Waiting]]:
    """A signer's second slot in a document goes into a batch after the first one's: its signature covers that one, and two
    prepared revisions of one document would break each other."""
    turns: list[list[Waiting]] = []
    seen: dict[str, int] = {}
    for item in items:
        turn = seen.get(item.version_id, 0)
        seen[item.version_id] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(item)
    return turns


def _create(session: Session, who: Identity, owner: str, items: list[Waiting]) -> Batch:
    key = key_of(session, owner)
    if key is None or not key.provider_user or not key.credential_id or not key.chain:
        raise HocbaError(ErrorCode.SIGNER_NO_KEY)
    batch = Batch(
        staff_id=who.staff_id or "",
        account_id=who.account_id,
        stage=items[0].stage,
        owner=owner,
        provider=key.provider,
        provider_user=key.provider_user,
        credential_id=key.credential_id,
        chain=key.chain,
        total=len(items),
    )
    session.add(batch)
    session.flush()
    add_items(session, batch.id, [(item.slot_id, item.version_id) for item in items])
    enqueue(session, "batch", {}, actor=who.account_id, total=len(items), id=batch.id)
    record(
        session,
        actor=who.account_id,
        action=Action.BATCH_STARTED,
        tells=Tells.CONCERNED,
        subject=f"batch:{batch.id}",
        data={"stage": batch.stage, "slots": [item.slot_id for item in items]},
    )
    return batch


def _own_batch(session: Session, who: Identity, batch_id: str) -> Batch:
    batch = session.get(Batch, (who.school_id, batch_id))
    if batch is None or batch.account_id != who.account_id:
        raise HocbaError(ErrorCode.NOT_FOUND, what="lượt ký")
    return batch


def accept_turn(db: Database, who: Identity, batch_id: str) -> None:
    """The signer sees that it is his turn and taps: the request goes to his phone.

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.write(who.school_id) as session:
        require_own_credentials(session, who)
        _wake_job(session, batch_id)
        batch = _own_batch(session, who, batch_id)
        if batch.state == BatchState.QUEUED:
            # The offer stays noted: without it the next look would offer the same turn again, for ever.
            batch.accepted = True
            session.add(batch)
            notify_all(session)


_NOT_COPIED = {
    "id",
    "total",
    "committed",
    "failed",
    "error_code",
    "error_params",
    "note",
    "created_at",
    "queued_at",
    "offered_at",
    "accepted",
}


def split_free(db: Database, who: Identity, batch_id: str) -> str:
    """Sign at once what is free; the rest becomes a second batch that keeps its place in the queue.

    Returns:
        Id of the batch that may start now.

    Raises:
        HocbaError: NOT_FOUND, NOTHING_TO_DO when nothing of it is free or all is.
    """
    with db.write(who.school_id) as session:
        require_own_credentials(session, who)
        batch_rows.serialise(session)
        batch = _own_batch(session, who, batch_id)
        items = batch_rows.items_of(session, batch.id, (ItemState.CLAIMED,))
        taken = set(
            batch_rows.held_versions(session, [item.version_id for item in items])
        ) | batch_rows.earlier_waiting(session, batch)
        free = [item for item in items if item.version_id not in taken]
        if batch.state != BatchState.QUEUED or not free or len(free) == len(items):
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        first = Batch(
            # What has left the batch so far, and why, stays with the batch it was asked in: total = signed + failed + open in both.
            **batch.model_dump(exclude=_NOT_COPIED),
            total=len(free),
            queued_at=batch.queued_at,
        )
        session.add(first)
        session.flush()
        for item in free:
            item.batch_id = first.id
            session.add(item)
        batch.total -= len(free)
        session.add(batch)
        enqueue(session, "batch", {}, actor=who.account_id, total=len(free), id=first.id)
        record(
            session,
            actor=who.account_id,
            action=Action.BATCH_SPLIT,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
            data={"into": first.id},
        )
    return first.id


def stop_waiting(db: Database, who: Identity, batch_id: str) -> None:
    """The signer's "cancel". Before anything was sent the batch ends at once; after that the provider has no cancel
    call, so the page stops waiting and the lease stays until the transaction is over (core decision 3).

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.write(who.school_id) as session:
        _wake_job(session, batch_id)
        batch = _own_batch(session, who, batch_id)
        if batch.state in BATCH_OVER:
            return
        batch.stop_waiting = True
        session.add(batch)
        record(
            session,
            actor=who.account_id,
            action=Action.BATCH_STOP_ASKED,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
        )


def _wake_job(session: Session, batch_id: str) -> None:
    """The job row first, as every worker does: two orders of locking would be a deadlock on PostgreSQL."""
    job = session.get(Job, (session.info["school_id"], batch_id), with_for_update=True)
    if job is not None and job.state == "queued":
        look_again(session, "batch", [batch_id], priority=Priority.PERSON)
