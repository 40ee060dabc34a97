"""``claimed → prepared``: check the signer, then lay out one revision and one hash for each document."""

from __future__ import annotations

import base64
import secrets
from typing import Any, TypedDict

from sqlmodel import Session, col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, Evidence, School, SignatureImage, Slot, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.pki import cms, signer_certificate
from hocba_app.recordfile import appearance
from hocba_app.recordfile.append_state import Tip
from hocba_app.recordfile.incremental_hash import HashedFile
from hocba_app.recordfile.incremental_writer import Reassignment, SignatureRequest
from hocba_app.services.audit.log import progressed
from hocba_app.services.jobs.registry import Work
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.authority import authority_of
from hocba_app.services.signing.batch_transitions import end_batch, move_to, wait_for
from hocba_app.services.signing.integrations import token_size, trust_roots, writer
from hocba_app.services.signing.leases import release_leases
from hocba_app.services.storage.files import files_of

CHUNK = 50
"""Documents prepared in one transaction."""
CHECKS = 6
"""Tries to learn whether the certificate is revoked before the signer is told: about a minute. Nobody was asked to confirm yet."""


def prepare(work: Work) -> float | None:
    """Check certificate and person, then prepare every item that is still due."""
    try:
        evidence, chain = _check_signer(work)
    except HocbaError as error:
        if error.code is ErrorCode.REVOCATION_UNKNOWN and _tries(work) < CHECKS:
            return wait_for(work, error.code)
        end_batch(work, error)
        return None
    while (to_send := _prepare_some(work, chain, evidence)) is None:
        pass
    if to_send:
        return 0.0
    end_batch(work, None)
    return None


def _tries(work: Work) -> int:
    with work.db.read(work.school_id) as session:
        return rows.batch_row(session, work.job_id).attempts


def _all_prepared(session: Session, batch: Batch, evidence: Evidence) -> bool:
    """What was checked is kept with the batch; whether there is anything to send."""
    session.add(evidence)
    batch.evidence_id = evidence.id
    session.add(batch)
    to_send = bool(rows.item_rows(session, batch.id, "prepared", limit=1))
    if to_send:
        move_to(session, batch, "prepared")
    return to_send


def _check_signer(work: Work) -> tuple[Evidence, list[bytes]]:
    """The certificate is valid, not revoked, trusted, and carries the person's own id number, or the school's MST.

    Returns:
        The evidence to be kept with the signatures, and the chain, signer first.

    Raises:
        HocbaError: SIGNER_NO_KEY, SIGNER_NO_IMAGE, CERTIFICATE_*.
    """
    with work.db.read(work.school_id) as session:
        batch = rows.batch_row(session, work.job_id)
        chain = [base64.b64decode(text) for text in batch.chain]
        owner = batch.owner
        identity = signer_identity(session, owner)
        _image(session, owner)
    if not chain:
        raise HocbaError(ErrorCode.SIGNER_NO_KEY)
    evidence = signer_certificate.check_signer(chain, **identity, trust_roots=trust_roots(), at=utc_now())
    return Evidence(owner=owner, content=evidence.dumps()), chain


class SignerIdentity(TypedDict, total=False):
    """What a certificate's subject must carry, as `certificates.check_signer` takes it: one of the two."""

    id_numbers: tuple[str, ...]
    tax_code: str


def signer_identity(session: Session, owner: str) -> SignerIdentity:
    """What the certificate's subject must carry: ``id_numbers`` of the person, or ``tax_code`` of the school."""
    if owner == SEAL:
        return {"tax_code": session.get_one(School, session.info["school_id"]).tax_code}
    staff = session.get_one(Staff, (session.info["school_id"], owner))
    return {"id_numbers": tuple(number for number in (staff.id_number, staff.old_id_number) if number)}


def _image(session: Session, owner: str) -> bytes:
    row = session.exec(
        select(SignatureImage).where(SignatureImage.owner == owner).order_by(SignatureImage.created_at.desc()).limit(1)  # type: ignore[attr-defined]
    ).first()
    if row is None:
        raise HocbaError(ErrorCode.SIGNER_NO_IMAGE)
    return row.image


def _prepare_some(work: Work, chain: list[bytes], evidence: Evidence) -> bool | None:
    """Prepare up to :data:`CHUNK` items. The PDF work lies outside the transaction, its result in one.

    Returns:
        None while anything is left to prepare; then whether there is anything to send.
    """
    claimed_at, reserved = utc_now().replace(microsecond=0), cms.estimate_size(chain, token_size())
    with work.db.read(work.school_id) as session:
        batch = rows.batch_row(session, work.job_id)
        items = rows.item_rows(session, batch.id, "claimed", "slot_id", "version_id", limit=CHUNK)
        context = rows.due_context(session, [item.slot_id for item in items], with_tip=True)
        image = _image(session, batch.owner)
        name = session.get_one(Staff, (work.school_id, batch.owner)).full_name if batch.owner != SEAL else ""
        seals = [context[item.slot_id] for item in items] if batch.owner == SEAL else []
        authority = authority_of(session, batch, [document for _, document, _ in context.values()])
        reassigned = _reassignments(session, [version.id for *_, version in seals])
        files = files_of(session, [version for *_, version in context.values()])
        requests: list[tuple[Any, HashedFile, Tip, SignatureRequest] | tuple[Any, HocbaError]] = []
        for item in items:
            slot, document, version = context[item.slot_id]
            try:
                authority.require(slot, document)
                if isinstance(file := files[version.id], HocbaError):
                    raise file
                requests.append(
                    (
                        item,
                        file,
                        Tip.loads(version.tip),
                        SignatureRequest(
                            field=slot.field,
                            claimed_at=claimed_at,
                            appearance=_appearance(image, name, slot, claimed_at),
                            reserved=reserved,
                            reassigned=reassigned.get(version.id, ()),
                        ),
                    )
                )
            except HocbaError as error:
                requests.append((item, error))
    results = [_lay_out(*request, certificate=chain[0]) if len(request) == 4 else request for request in requests]
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        still = {row.id for row in rows.item_rows(session, batch.id, "claimed")}
        laid_out = []
        for item, result in results:
            if item.id not in still:
                continue
            if isinstance(result, HocbaError):
                fail_item(session, batch, session.get_one(BatchItem, (work.school_id, item.id)), result)
                release_leases(session, batch.id, [item.version_id])
                continue
            laid_out.append(
                {
                    "id": item.id, "prepared": result[0], "attributes": result[1], "request_id": secrets.token_hex(16),
                    "claimed_at": claimed_at, "state": "prepared",
                }
            )
        set_rows(session, BatchItem, laid_out)
        progressed(session)
        return None if rows.item_rows(session, batch.id, "claimed", limit=1) else _all_prepared(session, batch, evidence)


def _lay_out(
    item: Any, file: HashedFile, tip: Tip, request: SignatureRequest, *, certificate: bytes
) -> tuple[Any, tuple[bytes, bytes] | HocbaError]:
    try:
        prepared = writer().prepare(file, tip, request)
    except HocbaError as error:
        return item, error
    return item, (prepared.dumps(), cms.signed_attributes(prepared.digest, certificate))


def _appearance(image: bytes, name: str, slot: Any, claimed_at: object) -> appearance.Appearance:
    drawn = appearance.SealImage.loads(image) if slot.stage == SEAL else appearance.InkImage.loads(image)
    return appearance.Appearance(image=drawn, name=name, caption_lines=tuple(slot.caption), signed_at=claimed_at)  # type: ignore[arg-type]


def _reassignments(session: Session, version_ids: list[str]) -> dict[str, tuple[Reassignment, ...]]:
    """By version, the slots given to another person after locking: the seal vouches for them (core decision 9)."""
    if not version_ids:
        return {}
    slots = session.exec(
        select(Slot.version_id, Slot.field, Slot.reassignment)
        .where(Slot.version_id.in_(version_ids))  # type: ignore[attr-defined]
        .order_by(col(Slot.version_id), col(Slot.position))
    ).all()
    found: dict[str, tuple[Reassignment, ...]] = {}
    for version_id, field, given in slots:
        if given:
            reassignment = Reassignment(
                field=field, signer=given["signer_hash"], reason=given["reason"], delegation=given.get("delegation") or "",
            )
            found[version_id] = (*found.get(version_id, ()), reassignment)
    return found


