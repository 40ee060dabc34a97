"""``stamped → committed``: the files first, then one transaction for a few documents (core decision 7).

A transaction takes some documents together: one for each cost thirteen milliseconds of ORM work, and 19,000 signatures a
year make that four minutes. Nothing is lost by it: each document's rows change together or not at all, and a repeated
turn writes the same files and finds the committed items committed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import ItemState
from hocba_app.domain.document_lifecycle import DocumentLife
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, Document, School, Slot
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.batch_state import moved_item
from hocba_app.models.repositories.bulk import empty_rows, set_rows
from hocba_app.models.repositories.document_state import life_of, life_values
from hocba_app.models.repositories.leases import release_leases
from hocba_app.pki import cms, signer_certificate, tsa_client
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.demands import SealDemand, Vouched
from hocba_app.recordfile.incremental_hash import HashedFile
from hocba_app.recordfile.incremental_writer import PreparedUpdate, tip_after
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import Done, Result
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.authority import authority_of
from hocba_app.services.signing.batch_transitions import close, end_batch, wait_for, wake_waiting
from hocba_app.services.signing.integrations import timestamp_client, writer
from hocba_app.services.signing.revisions import append_revisions
from hocba_app.services.signing.self_check import require_acceptable
from hocba_app.services.signing.slot_demands import (
    locked_demand,
    require_fit,
    require_tax_code,
    seal_demand,
    vouched_as_json,
    vouched_of,
)
from hocba_app.services.signing.steps.timestamp import token_fits
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import file_of
from hocba_app.verification.own_record import NewSignature

CHUNK = 45
"""Documents of one transaction: short enough that nobody waits for it."""
PAYLOAD = ("prepared", "attributes", "signature", "token")
MAX_CONCURRENT_WRITES = 8
"""Files flushed to disk side by side."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One document's new revision, written to the store, not yet in the database."""

    update: bytes
    tip: AppendState
    token: bytes
    """The time stamp that is inside."""
    base: tuple[int, str]
    """Length and SHA-256 of what was prepared on."""
    seal: SealDemand | None = None
    """For the school's seal: what the file demands of it."""
    vouched: Vouched | None = None
    """What the seal must vouch for from now on: the principal has accepted the name in the certificate."""


@dataclass(frozen=True, slots=True)
class _Signer:
    """With what a batch signs, and what is known of it."""

    chain: list[bytes]
    accepted: dict[str, Any] | None
    """`SigningKey.accepted_name`."""
    evidence: dict[str, Sequence[bytes]]
    """What was checked at the answer; it will be kept with the signatures."""


def commit(work: Work) -> Result:
    """Embed and commit every stamped item; end the batch when none is left."""
    over = False
    while not over:
        with work.db.read(work.school_id) as session:
            batch = batch_rows.batch_row(session, work.job_id)
            signer = _signer(session, batch)
            items = batch_rows.item_rows(
                session, batch.id, ItemState.STAMPED, "slot_id", "version_id", "claimed_at", *PAYLOAD, limit=CHUNK
            )
            frozen = rows.frozen_slots(session, [item.slot_id for item in items])
            seals = {slot_id: seal_demand(session, slot) for slot_id, slot in frozen.items() if slot.stage == SEAL}
            versions = rows.version_rows(session, [item.version_id for item in items], with_tip=True)
            files = {item.id: _file(session, versions[item.version_id]) for item in items}
            last = batch_rows.live_items(session, batch.id) == len(items)
        if not items:
            break
        finished: dict[str, Finished | HocbaError] = {}
        for item in items:
            try:
                slot = frozen[item.slot_id]
                finished[item.id] = _embed(
                    item, slot, seals.get(slot.id), versions[item.version_id], files[item.id], signer
                )
            except HocbaError as error:
                if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                    return wait_for(work, error.code)
                finished[item.id] = error
        _store([each for each in finished.values() if isinstance(each, Finished)])
        over = _commit_some(work, [version.document_id for version in versions.values()], finished, last=last)
    return Done() if over else end_batch(work, None)


def _signer(session: Session, batch: Any) -> _Signer:
    checked = signer_certificate.Evidence.loads(rows.evidence_content(session, batch.evidence_id))
    return _Signer(
        [base64.b64decode(text) for text in batch.chain],
        rows.accepted_name(session, batch.owner),
        {"Certs": checked.chain, "OCSPs": checked.ocsps, "CRLs": checked.crls},
    )


def _file(session: Session, version: Any) -> HashedFile | HocbaError:
    try:
        return file_of(session, version)
    except HocbaError as error:
        return error


def _store(finished: Sequence[Finished]) -> None:
    """Every file is on the disk before the database speaks of it; the disk is waited for once, not one by one."""
    if finished:
        with ThreadPoolExecutor(min(MAX_CONCURRENT_WRITES, len(finished))) as pool:
            list(pool.map(lambda each: blobs.put(each.update), finished))


def _embed(
    item: Any,
    slot: rows.FrozenSlotRow,
    seal: SealDemand | None,
    version: Any,
    file: HashedFile | HocbaError,
    signer: _Signer,
) -> Finished:
    """The finished update of one item, judged as a verifier will judge it."""
    if isinstance(file, HocbaError):
        raise file
    prepared = PreparedUpdate.loads(item.prepared or b"")
    token = item.token or b""
    chain = signer.chain
    vouched = None if seal is not None else require_fit(slot, slot.salt, chain[0], signer.accepted)
    signed = cms.assemble(item.attributes or b"", item.signature or b"", cms.strip_root(chain), token)
    try:
        update = writer().embed(prepared, signed)
    except HocbaError as error:
        if error.code is not ErrorCode.CMS_TOO_LARGE:
            raise
        # The authority sent more than reserved: ask without its certificate and carry that one in the CMS (decision 5).
        token = timestamp_client().tokens([item.signature or b""], certificate_required=False)[0]
        signed = cms.assemble(
            item.attributes or b"",
            item.signature or b"",
            cms.strip_root(chain),
            token,
            extra_certificates=tsa_client.certificates_in(item.token or b""),
        )
        update = writer().embed(prepared, signed)
        if not token_fits(tsa_client.token_time(token), item.claimed_at or tsa_client.token_time(token), chain[0]):
            raise HocbaError(ErrorCode.ANSWER_VOID) from error
    require_acceptable(
        NewSignature(
            field=prepared.field,
            salt=slot.salt,
            demand=seal or locked_demand(slot),
            vouched=vouched or vouched_of(slot),
            claimed=item.claimed_at,
            stamped=tsa_client.token_time(token),
            digest=prepared.digest,
            cms=signed,
            certificate=chain[0],
            evidence=signer.evidence,
        )
    )
    tip = tip_after(AppendState.loads(version.tip), file, prepared, update)
    return Finished(update, tip, token, (prepared.base_length, prepared.base_sha256), seal, vouched)


def _commit_some(
    work: Work, document_ids: list[str], finished: dict[str, Finished | HocbaError], *, last: bool
) -> bool:
    """Revision, slot, document, lease and audit of each together, or nothing. Repeating it finds the items committed.

    Args:
        last: nothing else of the batch is open: it ends in the same transaction.

    Returns:
        Whether the batch is over.
    """
    done: list[_Signed] = []
    with work.write() as session:
        batch_rows.serialise(
            session
        )  # before any other row, as everybody who closes: nothing that decides who may sign changes meanwhile
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        school = session.get_one(School, work.school_id, populate_existing=True)
        items = [
            item
            for item in batch_rows.item_rows(session, batch.id, ItemState.STAMPED, "slot_id", "version_id")
            if item.id in finished
        ]
        # Locked: on PostgreSQL an unlock or a reassignment must not slip in between this look and the commit.
        documents = rows.lock_documents(session, document_ids)
        versions = rows.version_rows(session, [item.version_id for item in items])
        all_slots = rows.slots_of_versions(session, list(versions))
        leases = batch_rows.held_versions(session, list(versions))
        authority = authority_of(session, batch, list(documents.values()))
        for item in items:
            result, version, slots = finished[item.id], versions[item.version_id], all_slots[item.version_id]
            slot = next(each for each in slots if each.id == item.slot_id)
            try:
                if isinstance(result, HocbaError):
                    raise result
                _require_unchanged(batch, slot, version, result.base)
                authority.require(slot, documents[slot.document_id], confirmed=True)
                if result.seal is not None:
                    require_tax_code(result.seal, school)
                life = life_of(documents[slot.document_id], slots, leases.get(version.id)).sign(batch.id, slot.field)
            except HocbaError as error:
                fail_item(session, batch, session.get_one(BatchItem, (work.school_id, item.id)), error)
                continue
            done.append(
                _Signed(item, slot, version, life, result, authority.decision_for(documents[slot.document_id].kind))
            )
        _write_down(session, batch, done)
        release_leases(session, batch.id, list(versions))
        if last:
            session.flush()
        waiting = close(session, batch, None) if last else []
    wake_waiting(work, waiting)
    return last


@dataclass(frozen=True, slots=True)
class _Signed:
    """One signature that is accepted, with the rows it was judged by."""

    item: Any
    slot: Any
    version: Any
    life: DocumentLife
    result: Finished
    decision: str
    """Number of the decision he signs by, for the principal's slot."""


def _write_down(session: Session, batch: Batch, done: Sequence[_Signed]) -> None:
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


def _restated(session: Session, done: Sequence[_Signed]) -> list[dict[str, Any]]:
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


def _by_another_decision(session: Session, done: Sequence[_Signed]) -> dict[str, tuple[rows.FrozenSlotRow, str]]:
    """Slots as locked, signed by a decision that is not the one their file names, with its number."""
    as_locked = {
        each.slot.id: (each.version.id, each.decision)
        for each in done
        if each.decision and each.slot.stage == "principal" and not each.slot.reassignment and not each.result.vouched
    }
    grounds = rows.grounds_at_lock(session, [version_id for version_id, _ in as_locked.values()])
    others = {slot_id: number for slot_id, (version_id, number) in as_locked.items() if grounds[version_id] != number}
    return {slot_id: (slot, others[slot_id]) for slot_id, slot in rows.frozen_slots(session, list(others)).items()}


def _require_unchanged(batch: Batch, slot: Any, version: Any, base: tuple[int, str]) -> None:
    """Compare-and-set on what the signature covers.

    Raises:
        HocbaError: LEASE_LOST when the file or the version is not the one prepared on, SLOT_NOT_YOURS when the slot
            was given to another person meanwhile.
    """
    if version.voided_at is not None or (version.length, version.sha256) != base:
        raise HocbaError(ErrorCode.LEASE_LOST)
    if slot.stage != SEAL and slot.staff_id != batch.owner:
        raise HocbaError(ErrorCode.SLOT_NOT_YOURS)
