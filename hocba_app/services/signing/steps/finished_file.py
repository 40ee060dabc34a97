"""The finished file of one signature: the CMS assembled, put into the file, judged as a verifier will judge it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.repositories import signing as rows
from hocba_app.pki import cms, signer_certificate, tsa_client
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.demands import SealDemand, Vouched
from hocba_app.recordfile.incremental_hash import HashedFile
from hocba_app.recordfile.incremental_writer import PreparedUpdate, tip_after
from hocba_app.services.signing.integrations import timestamp_client, writer
from hocba_app.services.signing.self_check import require_acceptable
from hocba_app.services.signing.slot_demands import (
    locked_demand,
    require_fit,
    vouched_of,
)
from hocba_app.services.signing.steps.timestamp import token_fits
from hocba_app.verification.own_record import NewSignature


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
class Signer:
    """With what a batch signs, and what is known of it."""

    chain: list[bytes]
    accepted: dict[str, Any] | None
    """`SigningKey.accepted_name`."""
    evidence: dict[str, Sequence[bytes]]
    """What was checked at the answer; it will be kept with the signatures."""


def signer_of(session: Session, batch: Any) -> Signer:
    """With what a batch signs: the certificates and the evidence of its confirmation."""
    checked = signer_certificate.Evidence.loads(rows.evidence_content(session, batch.evidence_id))
    return Signer(
        [base64.b64decode(text) for text in batch.chain],
        rows.accepted_name(session, batch.owner),
        {"Certs": checked.chain, "OCSPs": checked.ocsps, "CRLs": checked.crls},
    )


def finish_file(
    item: Any,
    slot: rows.FrozenSlotRow,
    seal: SealDemand | None,
    version: Any,
    file: HashedFile | HocbaError,
    signer: Signer,
) -> Finished:
    """The finished update of one item, judged as a verifier will judge it.

    Args:
        seal: what the file demands of the school's seal; None for a person's signature.
        file: the version's file, or why it cannot be read.

    Raises:
        HocbaError: TIMESTAMP_UNAVAILABLE, ANSWER_VOID, CMS_TOO_LARGE; what the self check refuses.
    """
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
