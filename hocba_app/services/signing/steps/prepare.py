"""``claimed → prepared``: check the signer, then lay out one revision and one hash for each document."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import BatchState, ItemState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, Evidence, School, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.batch_state import moved_item
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.models.repositories.leases import release_leases
from hocba_app.models.repositories.signers import newest_image
from hocba_app.pki import cms, signer_certificate
from hocba_app.recordfile import appearance
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.incremental_hash import HashedFile
from hocba_app.recordfile.incremental_writer import SignatureRequest
from hocba_app.recordfile.signature_font import signature_face
from hocba_app.services.audit.log import notify_narrow
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import AGAIN, Result
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.authority import authority_of
from hocba_app.services.signing.batch_transitions import end_batch, move_to, wait_for
from hocba_app.services.signing.integrations import token_size, trust_roots, writer
from hocba_app.services.signing.self_check import require_sealable
from hocba_app.services.signing.slot_demands import require_fit, require_seal_fit, seal_demand, vouched_by_version
from hocba_app.services.storage.files import current_file, files_of

CHUNK = 50
"""Documents prepared in one transaction."""
CHECKS = 6
"""Tries to learn whether the certificate is revoked before the signer sees the failure: about a minute. Nobody was asked to confirm yet."""


class _Left(Enum):
    """What of a batch is left to do here."""

    TO_PREPARE = auto()
    TO_SEND = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class _Due:
    """One item that this certificate may sign."""

    file: HashedFile
    tip: AppendState
    request: SignatureRequest
    whole: bytes | None
    """For the seal: the record, which is judged first."""


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """One item, prepared."""

    prepared: bytes
    attributes: bytes


def prepare(work: Work) -> Result:
    """Check the certificate, then prepare every item that is still due and whose slot demands this certificate."""
    try:
        evidence, chain = _check_signer(work)
    except HocbaError as error:
        if error.code is ErrorCode.REVOCATION_UNKNOWN and _tries(work) < CHECKS:
            return wait_for(work, error.code)
        return end_batch(work, error)
    refused: list[HocbaError] = []
    while (left := _prepare_some(work, chain, evidence, refused)) is _Left.TO_PREPARE:
        pass
    if left is _Left.TO_SEND:
        return AGAIN
    # One reason for all of them is the batch's reason, raised where revocation is asked for.
    return end_batch(work, refused[0] if len({error.code for error in refused}) == 1 else None)


def _tries(work: Work) -> int:
    with work.db.read(work.school_id) as session:
        return batch_rows.batch_row(session, work.job_id).attempts


def _all_prepared(session: Session, batch: Batch, evidence: Evidence) -> _Left:
    """What was checked is kept with the batch."""
    session.add(evidence)
    batch.evidence_id = evidence.id
    session.add(batch)
    to_send = bool(batch_rows.item_rows(session, batch.id, ItemState.PREPARED, limit=1))
    if to_send:
        move_to(session, batch, BatchState.PREPARED)
    return _Left.TO_SEND if to_send else _Left.NOTHING


def _check_signer(work: Work) -> tuple[Evidence, list[bytes]]:
    """The certificate is valid, not revoked and trusted. Whether it is the one a slot demands is asked of each slot.

    Returns:
        The evidence to be kept with the signatures, and the chain, signer first.

    Raises:
        HocbaError: SIGNER_NO_KEY, SIGNER_NO_IMAGE, CERTIFICATE_*.
    """
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        chain = [base64.b64decode(text) for text in batch.chain]
        owner = batch.owner
        _image(session, owner)
    if not chain:
        raise HocbaError(ErrorCode.SIGNER_NO_KEY)
    evidence = signer_certificate.check_good(chain, trust_roots=trust_roots(), at=utc_now())
    return Evidence(owner=owner, content=evidence.dumps()), chain


def _image(session: Session, owner: str) -> bytes:
    row = newest_image(session, owner)
    if row is None:
        raise HocbaError(ErrorCode.SIGNER_NO_IMAGE)
    return row.image


def _prepare_some(work: Work, chain: list[bytes], evidence: Evidence, refused: list[HocbaError]) -> _Left:
    """Prepare up to :data:`CHUNK` items. The PDF work lies outside the transaction, its result in one.

    Args:
        refused: grows by why items could not be prepared.
    """
    claimed_at, reserved = utc_now().replace(microsecond=0), cms.estimate_size(chain, token_size())
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        items = batch_rows.item_rows(session, batch.id, ItemState.CLAIMED, "slot_id", "version_id", limit=CHUNK)
        context = rows.due_context(session, [item.slot_id for item in items], with_tip=True)
        image = _image(session, batch.owner)
        name = session.get_one(Staff, (work.school_id, batch.owner)).full_name if batch.owner != SEAL else ""
        seals = [context[item.slot_id] for item in items] if batch.owner == SEAL else []
        authority = authority_of(session, batch, [document for _, document, _ in context.values()])
        vouched = vouched_by_version(session, [version.id for *_, version in seals])
        school, accepted = session.get_one(School, work.school_id), rows.accepted_name(session, batch.owner)
        files = files_of(session, [version for *_, version in context.values()])
        requests: list[tuple[Any, _Due | HocbaError]] = []
        for item in items:
            slot, document, version = context[item.slot_id]
            whole = None
            try:
                authority.require(slot, document)
                if slot.stage == SEAL:
                    require_seal_fit(seal_demand(session, slot), school, version.salt, chain[0])
                    whole = current_file(session, version.id)
                else:
                    require_fit(slot, version.salt, chain[0], accepted)
                if isinstance(file := files[version.id], HocbaError):
                    raise file
                tip = AppendState.loads(version.tip)
                request = SignatureRequest(
                    field=slot.field,
                    claimed_at=claimed_at,
                    appearance=_appearance(image, name, slot, claimed_at, tip.writer),
                    reserved=reserved,
                    vouched=vouched.get(version.id, {}),
                )
                requests.append((item, _Due(file, tip, request, whole)))
            except HocbaError as error:
                requests.append((item, error))
    results = [(item, _lay_out(due, chain[0]) if isinstance(due, _Due) else due) for item, due in requests]
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        still = {row.id for row in batch_rows.item_rows(session, batch.id, "claimed")}
        laid_out = []
        for item, result in results:
            if item.id not in still:
                continue
            if isinstance(result, HocbaError):
                refused.append(result)
                fail_item(session, batch, session.get_one(BatchItem, (work.school_id, item.id)), result)
                release_leases(session, batch.id, [item.version_id])
                continue
            laid_out.append(
                moved_item(
                    item,
                    ItemState.PREPARED,
                    prepared=result.prepared,
                    attributes=result.attributes,
                    request_id=secrets.token_hex(16),
                    claimed_at=claimed_at,
                )
            )
        set_rows(session, BatchItem, laid_out)
        notify_narrow(session)
        return (
            _Left.TO_PREPARE
            if batch_rows.item_rows(session, batch.id, ItemState.CLAIMED, limit=1)
            else _all_prepared(session, batch, evidence)
        )


def _lay_out(due: _Due, certificate: bytes) -> _LaidOut | HocbaError:
    try:
        if due.whole is not None:
            require_sealable(due.whole, due.request.vouched)
        prepared = writer().prepare(due.file, due.tip, due.request)
    except HocbaError as error:
        return error
    return _LaidOut(prepared.dumps(), cms.signed_attributes(prepared.digest, certificate))


def _appearance(image: bytes, name: str, slot: Any, claimed_at: datetime, writer_version: int) -> appearance.Appearance:
    drawn = appearance.SealImage.loads(image) if slot.stage == SEAL else appearance.InkImage.loads(image)
    shown = signature_face(writer_version).drawable(name)
    return appearance.Appearance(image=drawn, name=shown, caption_lines=tuple(slot.caption), signed_at=claimed_at)
