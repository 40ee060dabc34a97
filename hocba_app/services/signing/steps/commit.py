"""``stamped → committed``: the files first, then one transaction for a few documents (core decision 7).

A transaction takes some documents together: one for each cost thirteen milliseconds of ORM work, and 19,000 signatures a
year make that four minutes. Nothing is lost by it: each document's rows change together or not at all, and a repeated
turn writes the same files and finds the committed items committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import ItemState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, School
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.document_state import life_of
from hocba_app.models.repositories.leases import release_leases
from hocba_app.recordfile.incremental_hash import HashedFile
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import Done, Result
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.authority import authority_of
from hocba_app.services.signing.batch_transitions import close, end_batch, wait_for, wake_waiting
from hocba_app.services.signing.slot_demands import require_tax_code, seal_demand
from hocba_app.services.signing.steps.finished_file import Finished, finish_file, signer_of
from hocba_app.services.signing.steps.signature_rows import PAYLOAD, Signed, write_signatures
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import file_of

CHUNK = 45
"""Documents of one transaction: short enough that nobody waits for it."""
MAX_CONCURRENT_WRITES = 8
"""Files flushed to disk side by side."""


def commit(work: Work) -> Result:
    """Embed and commit every stamped item; end the batch when none is left."""
    over = False
    while not over:
        with work.db.read(work.school_id) as session:
            batch = batch_rows.batch_row(session, work.job_id)
            signer = signer_of(session, batch)
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
                finished[item.id] = finish_file(
                    item, slot, seals.get(slot.id), versions[item.version_id], files[item.id], signer
                )
            except HocbaError as error:
                if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                    return wait_for(work, error.code)
                finished[item.id] = error
        _store([each for each in finished.values() if isinstance(each, Finished)])
        over = _commit_some(work, [version.document_id for version in versions.values()], finished, last=last)
    return Done() if over else end_batch(work, None)


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


def _commit_some(
    work: Work, document_ids: list[str], finished: dict[str, Finished | HocbaError], *, last: bool
) -> bool:
    """Revision, slot, document, lease and audit of each together, or nothing. Repeating it finds the items committed.

    Args:
        last: nothing else of the batch is open: it ends in the same transaction.

    Returns:
        Whether the batch is over.
    """
    done: list[Signed] = []
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
                Signed(item, slot, version, life, result, authority.decision_for(documents[slot.document_id].kind))
            )
        write_signatures(session, batch, done)
        release_leases(session, batch.id, list(versions))
        if last:
            session.flush()
        waiting = close(session, batch, None) if last else []
    wake_waiting(work, waiting)
    return last


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
