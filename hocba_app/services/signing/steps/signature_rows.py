"""What a committed signature changes: its slot and document, the version that grew, the item, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import ItemState
from hocba_app.domain.document_lifecycle import DocumentLife
from hocba_app.models import SEAL, Batch, BatchItem, Document, Slot
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.batch_state import moved_item
from hocba_app.models.repositories.bulk import empty_rows, set_rows
from hocba_app.models.repositories.document_state import life_values
from hocba_app.pki import tsa_client
from hocba_app.recordfile.demands import Vouched
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.signing.revisions import append_revisions
from hocba_app.services.signing.slot_demands import (
    locked_demand,
    vouched_as_json,
)
from hocba_app.services.signing.steps.finished_file import Finished

PAYLOAD = ("prepared", "attributes", "signature", "token")
"""Columns of an item that hold its signature until the file does."""


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that is accepted, with the rows it was judged by."""

    item: Any
    slot: Any
    version: Any
    life: DocumentLife
    result: Finished
    decision: str
    """Number of the decision he signs by, for the principal's slot."""


def write_signatures(session: Session, batch: Batch, done: Sequence[Signed]) -> None:
    """Write accepted signatures down, in the caller's transaction."""
    append_revisions(
        session, [(each.version, each.result.update, each.result.tip, each.slot.id) for each in done], kind="signature"
    )
    set_rows(
        session,
        Slot,
        (
            {
                "id": each.slot.id,
                "signed_at": tsa_client.token_time(each.result.token),
                "revision_number": each.version.revision_number + 1,
                "evidence_id": batch.evidence_id,
            }
            for each in done
        ),
    )
    set_rows(session, Slot, _restated(session, done))
    set_rows(session, Document, ({"id": each.version.document_id, **life_values(each.life)} for each in done))
    empty_rows(
        session,
        BatchItem,
        (moved_item(each.item, ItemState.COMMITTED, **dict.fromkeys(PAYLOAD)) for each in done),
    )
    if batch.stage == SEAL and done and batch.committed == 0:
        # One archive job a seal batch, in the first seals' transaction: no sealed record can miss it.
        enqueue(session, "archive", {"batch": batch.id}, actor=batch.account_id, total=batch.total)
    batch.committed += len(done)
    session.add(batch)
    for each in done:
        record(
            session,
            actor=batch.account_id,
            action=Action.RECORD_SIGNED,
            tells=Tells.CONCERNED,
            subject=f"document:{each.version.document_id}",
            data={
                "version": each.version.number,
                "slot": each.slot.field,
                "stage": each.slot.stage,
                "sha256": each.result.tip.sha256,
                "batch": batch.id,
            }
            | ({"name_accepted": each.result.vouched.name_reason} if each.result.vouched is not None else {}),
        )


def _restated(session: Session, done: Sequence[Signed]) -> list[dict[str, Any]]:
    """What the seal will say of a slot, where the signature changes it: a name the principal accepted; the decision that covers the
    signature, not one that was in force when the record was locked or the slot given to another."""
    changed = [
        {"id": slot_id, "reassignment": vouched_as_json(Vouched(locked_demand(slot), delegation=number))}
        for slot_id, (slot, number) in _by_another_decision(session, done).items()
    ]
    for each in done:
        given = vouched_as_json(each.result.vouched) if each.result.vouched is not None else each.slot.reassignment
        if given and each.slot.stage == "principal" and given.get("delegation", "") != each.decision:
            given = {**given, "delegation": each.decision}
        if given != each.slot.reassignment:
            changed.append({"id": each.slot.id, "reassignment": given})
    return changed


def _by_another_decision(session: Session, done: Sequence[Signed]) -> dict[str, tuple[rows.FrozenSlotRow, str]]:
    """Slots as locked, signed by a decision that is not the one their file names, with its number."""
    as_locked = {
        each.slot.id: (each.version.id, each.decision)
        for each in done
        if each.decision and each.slot.stage == "principal" and not each.slot.reassignment and not each.result.vouched
    }
    grounds = rows.grounds_at_lock(session, [version_id for version_id, _ in as_locked.values()])
    others = {slot_id: number for slot_id, (version_id, number) in as_locked.items() if grounds[version_id] != number}
    return {slot_id: (slot, others[slot_id]) for slot_id, slot in rows.frozen_slots(session, list(others)).items()}
