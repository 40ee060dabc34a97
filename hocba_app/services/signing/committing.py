"""``stamped → committed``: document by document, the file first, then one transaction (core decision 7)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, Document, DocumentVersion, Revision, Slot
from hocba_app.models.repositories import signing as rows
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.queue import enqueue
from hocba_app.services.jobs.registry import Work
from hocba_app.services.records.life import load_life, save_life
from hocba_app.services.signing import cms, timestamps
from hocba_app.services.signing.closing import end_batch, wait_for
from hocba_app.services.signing.leases import release_leases
from hocba_app.services.signing.outside import timestamp_client, writer
from hocba_app.services.signing.stamping import token_fits
from hocba_app.services.signing.tip import Tip
from hocba_app.services.signing.turn import fail_item
from hocba_app.services.signing.writer import PreparedUpdate, tip_after
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import current_file


@dataclass(frozen=True, slots=True)
class Finished:
    """One document's new revision, written to the store, not yet in the database."""

    blob: str
    length: int
    sha256: str
    tip: Tip
    token: bytes
    """The time stamp that is inside."""


def commit(work: Work) -> float | None:
    """Embed and commit every stamped item; end the batch when none is left."""
    with work.db.read(work.school_id) as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        chain = [base64.b64decode(text) for text in batch.chain]
        items = rows.items_of(session, batch.id, ("stamped",))
        versions = {item_id: row[2] for item_id, row in rows.item_context(session, items).items()}
    for item in items:
        try:
            with work.db.read(work.school_id) as session:
                file = current_file(session, item.version_id)
            finished = _embed(item, versions[item.id], file, chain)
        except HocbaError as error:
            if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                return wait_for(work, error.code)
            _fail(work, item, error)
            continue
        _commit_one(work, item, versions[item.id].document_id, finished)
    end_batch(work, None)
    return None


def _embed(item: BatchItem, version: DocumentVersion, file: bytes, chain: list[bytes]) -> Finished:
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
    return Finished(blob=blobs.put(update), length=version.length + len(update), sha256=tip.sha256, tip=tip, token=token)


def _commit_one(work: Work, item: BatchItem, document_id: str, finished: Finished) -> None:
    """Revision, slot, document, lease and audit together, or nothing. Repeating it finds the item committed."""
    with work.write() as session:
        row = session.get_one(BatchItem, (work.school_id, item.id))
        if row.state != "stamped":
            return
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        # Locked: on PostgreSQL an unlock or a reassignment must not slip in between this look and the commit.
        session.get_one(Document, (work.school_id, document_id), with_for_update=True)
        version = session.get_one(DocumentVersion, (work.school_id, item.version_id))
        slot = session.get_one(Slot, (work.school_id, item.slot_id), with_for_update=True)
        try:
            _require_unchanged(batch, slot, version, PreparedUpdate.loads(row.prepared or b""))
            life = load_life(session, slot.document_id).sign(batch.id, slot.field)
        except HocbaError as error:
            fail_item(session, batch, row, error)
            release_leases(session, batch.id, [row.version_id])
            return
        _append_revision(session, version, finished, kind="signature", slot_id=slot.id)
        slot.signed_at = timestamps.token_time(finished.token)
        slot.revision_number, slot.evidence_id = version.revision_number, batch.evidence_id
        session.add(slot)
        release_leases(session, batch.id, [version.id])
        session.flush()
        save_life(session, slot.document_id, life)
        row.state, batch.committed = "committed", batch.committed + 1
        row.prepared = row.attributes = row.signature = row.token = None
        session.add(row)
        session.add(batch)
        if slot.stage == SEAL:
            enqueue_archive(session, batch)
        record(
            session, actor=batch.account_id, action="record.signed", subject=f"document:{slot.document_id}",
            data={"version": version.number, "slot": slot.field, "stage": slot.stage, "sha256": version.sha256, "batch": batch.id},
        )


def enqueue_archive(session: Session, batch: Batch) -> None:
    """One archive job a seal batch, in the first seal's transaction: no sealed record can miss it."""
    if batch.committed == 1:
        enqueue(session, "archive", {"batch": batch.id}, actor=batch.account_id, total=batch.total)


def _require_unchanged(batch: Batch, slot: Slot, version: DocumentVersion, prepared: PreparedUpdate) -> None:
    """Compare-and-set on what the signature covers.

    Raises:
        HocbaError: LEASE_LOST when the file or the version is not the one prepared on, SLOT_NOT_YOURS when the slot
            was given to another person meanwhile.
    """
    if version.voided_at is not None or (version.length, version.sha256) != (prepared.base_length, prepared.base_sha256):
        raise HocbaError(ErrorCode.LEASE_LOST)
    if slot.stage != SEAL and slot.staff_id != batch.owner:
        raise HocbaError(ErrorCode.SLOT_NOT_YOURS)


def _append_revision(
    session: Session, version: DocumentVersion, finished: Finished, *, kind: str, slot_id: str | None
) -> None:
    version.revision_number += 1
    version.length, version.sha256, version.tip = finished.length, finished.sha256, finished.tip.dumps()
    session.add(version)
    session.add(
        Revision(
            version_id=version.id, number=version.revision_number, kind=kind, slot_id=slot_id,
            blob_sha256=finished.blob, length=finished.length, sha256=finished.sha256,
        )
    )


def append_archive(session: Session, version: DocumentVersion, update: bytes, tip: Tip) -> None:
    """Add archive data (DSS, document time stamp) after the seal; the update is in the store already."""
    finished = Finished(hashlib.sha256(update).hexdigest(), version.length + len(update), tip.sha256, tip, b"")
    _append_revision(session, version, finished, kind="archive", slot_id=None)


def _fail(work: Work, item: BatchItem, error: HocbaError) -> None:
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        row = session.get_one(BatchItem, (work.school_id, item.id))
        fail_item(session, batch, row, error)
        release_leases(session, batch.id, [row.version_id])
