"""``stamped → committed``: the files first, then one transaction for a few documents (core decision 7).

A transaction takes some documents together: one for each cost thirteen milliseconds of ORM work, and 19,000 signatures a
year make that four minutes. Nothing is lost by it: each document's rows change together or not at all, and a repeated
turn writes the same files and finds the committed items committed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, DocumentVersion, Revision, Slot
from hocba_app.models.repositories import signing as rows
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.queue import enqueue
from hocba_app.services.jobs.registry import Work
from hocba_app.services.records.life import life_of, save_life
from hocba_app.services.signing import cms, timestamps
from hocba_app.services.signing.closing import end_batch, wait_for
from hocba_app.services.signing.leases import release_leases
from hocba_app.services.signing.outside import timestamp_client, writer
from hocba_app.services.signing.stamping import token_fits
from hocba_app.services.signing.tip import Tip
from hocba_app.services.signing.turn import fail_item
from hocba_app.services.signing.writer import PreparedUpdate, tip_after
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import file_of, grown

CHUNK = 15
"""Documents of one transaction: short enough that nobody waits for it."""
AT_ONCE = 8
"""Files flushed to disk side by side."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One document's new revision, written to the store, not yet in the database."""

    update: bytes
    tip: Tip
    token: bytes
    """The time stamp that is inside."""
    file: bytes
    """What it is appended to."""
    base: tuple[int, str]
    """Length and SHA-256 of what was prepared on."""


def commit(work: Work) -> float | None:
    """Embed and commit every stamped item; end the batch when none is left."""
    while True:
        with work.db.read(work.school_id) as session:
            batch = session.get_one(Batch, (work.school_id, work.job_id))
            chain = [base64.b64decode(text) for text in batch.chain]
            items = rows.items_of(session, batch.id, ("stamped",), limit=CHUNK)
            versions = {item_id: row[2] for item_id, row in rows.item_context(session, items).items()}
            files = {item.id: _file(session, versions[item.id]) for item in items}
        if not items:
            break
        finished: dict[str, Finished | HocbaError] = {}
        for item in items:
            try:
                finished[item.id] = _embed(item, versions[item.id], files[item.id], chain)
            except HocbaError as error:
                if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                    return wait_for(work, error.code)
                finished[item.id] = error
        _store([each for each in finished.values() if isinstance(each, Finished)])
        _commit_some(work, [version.document_id for version in versions.values()], finished)
    end_batch(work, None)
    return None


def _file(session: Session, version: DocumentVersion) -> bytes | HocbaError:
    try:
        return file_of(session, version)
    except HocbaError as error:
        return error


def _store(finished: Sequence[Finished]) -> None:
    """Every file is on the disk before the database speaks of it; the disk is waited for once, not one by one."""
    if finished:
        with ThreadPoolExecutor(min(AT_ONCE, len(finished))) as pool:
            list(pool.map(lambda each: blobs.put(each.update), finished))


def _embed(item: BatchItem, version: DocumentVersion, file: bytes | HocbaError, chain: list[bytes]) -> Finished:
    if isinstance(file, HocbaError):
        raise file
    prepared = PreparedUpdate.loads(item.prepared or b"")
    token = item.token or b""
    try:
        update = writer().embed(prepared, cms.assemble(item.attributes or b"", item.signature or b"", cms.strip_root(chain), token))
    except HocbaError as error:
        if error.code is not ErrorCode.CMS_TOO_LARGE:
            raise
        # The authority sent more than reserved: ask without its certificate and carry that one in the CMS (decision 5).
        token = timestamp_client().tokens([item.signature or b""], certificate_required=False)[0]
        update = writer().embed(
            prepared,
            cms.assemble(
                item.attributes or b"", item.signature or b"", cms.strip_root(chain), token,
                extra_certificates=timestamps.certificates_in(item.token or b""),
            ),
        )
        if not token_fits(timestamps.token_time(token), item.claimed_at or timestamps.token_time(token), chain[0]):
            raise HocbaError(ErrorCode.ANSWER_VOID) from error
    tip = tip_after(Tip.loads(version.tip), file, prepared, update)
    return Finished(update, tip, token, file, (prepared.base_length, prepared.base_sha256))


def _commit_some(work: Work, document_ids: list[str], finished: dict[str, Finished | HocbaError]) -> None:
    """Revision, slot, document, lease and audit of each together, or nothing. Repeating it finds the items committed."""
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        items = [item for item in rows.items_of(session, batch.id, ("stamped",), light=True) if item.id in finished]
        # Locked: on PostgreSQL an unlock or a reassignment must not slip in between this look and the commit.
        documents = rows.lock_documents(session, document_ids)
        versions = rows.versions_with_slots(session, [item.version_id for item in items])
        leases = rows.held_versions(session, list(versions))
        done: list[Finished] = []
        for item in items:
            result = finished[item.id]
            version, slots = versions[item.version_id]
            slot = next(each for each in slots if each.id == item.slot_id)
            try:
                if isinstance(result, HocbaError):
                    raise result
                _require_unchanged(batch, slot, version, result.base)
                life = life_of(documents[slot.document_id], slots, leases.get(version.id)).sign(batch.id, slot.field)
            except HocbaError as error:
                fail_item(session, batch, item, error)
                continue
            _append_revision(session, version, result, kind="signature", slot_id=slot.id)
            slot.signed_at = timestamps.token_time(result.token)
            slot.revision_number, slot.evidence_id = version.revision_number, batch.evidence_id
            save_life(session, slot.document_id, life)
            item.state, batch.committed = "committed", batch.committed + 1
            item.prepared = item.attributes = item.signature = item.token = None
            session.add_all((slot, item, batch))
            if slot.stage == SEAL:
                enqueue_archive(session, batch)
            done.append(result)
            record(
                session, actor=batch.account_id, action="record.signed", subject=f"document:{slot.document_id}",
                data={"version": version.number, "slot": slot.field, "stage": slot.stage, "sha256": version.sha256, "batch": batch.id},
            )
        release_leases(session, batch.id, list(versions))
    for each in done:
        grown(each.file, each.update, each.tip.sha256)


def enqueue_archive(session: Session, batch: Batch) -> None:
    """One archive job a seal batch, in the first seal's transaction: no sealed record can miss it."""
    if batch.committed == 1:
        enqueue(session, "archive", {"batch": batch.id}, actor=batch.account_id, total=batch.total)


def _require_unchanged(batch: Batch, slot: Slot, version: DocumentVersion, base: tuple[int, str]) -> None:
    """Compare-and-set on what the signature covers.

    Raises:
        HocbaError: LEASE_LOST when the file or the version is not the one prepared on, SLOT_NOT_YOURS when the slot
            was given to another person meanwhile.
    """
    if version.voided_at is not None or (version.length, version.sha256) != base:
        raise HocbaError(ErrorCode.LEASE_LOST)
    if slot.stage != SEAL and slot.staff_id != batch.owner:
        raise HocbaError(ErrorCode.SLOT_NOT_YOURS)


def _append_revision(
    session: Session, version: DocumentVersion, finished: Finished, *, kind: str, slot_id: str | None
) -> None:
    version.revision_number += 1
    version.length, version.sha256, version.tip = finished.tip.length, finished.tip.sha256, finished.tip.dumps()
    session.add(version)
    session.add(
        Revision(
            version_id=version.id, number=version.revision_number, kind=kind, slot_id=slot_id,
            blob_sha256=hashlib.sha256(finished.update).hexdigest(), length=finished.tip.length, sha256=finished.tip.sha256,
        )
    )


def append_archive(session: Session, version: DocumentVersion, update: bytes, tip: Tip) -> None:
    """Add archive data (DSS, document time stamp) after the seal; the update is in the store already."""
    _append_revision(session, version, Finished(update, tip, b"", b"", (0, "")), kind="archive", slot_id=None)
