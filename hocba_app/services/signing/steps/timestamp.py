"""``answered → stamped``: a time stamp for each signature, before it is embedded.

The token goes into the CMS, which the next signer's byte range covers: it cannot be added later. While the authority is
down the batch waits here with its leases; the answers are durable and nobody confirms again (core decision 4).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import BatchState, ItemState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, Evidence
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories.batch_state import moved_item
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.models.repositories.leases import release_leases
from hocba_app.pki import signer_certificate, tsa_client
from hocba_app.recordfile.manifest import CLAIM_EARLY_SECONDS, CLAIM_LIMIT_SECONDS
from hocba_app.services.audit.log import notify_narrow
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import AGAIN, Result
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.batch_transitions import end_batch, move_to, wait_for
from hocba_app.services.signing.integrations import timestamp_client, trust_roots

PERMANENT_CERTIFICATE_ERRORS = (
    ErrorCode.CERTIFICATE_REVOKED,
    ErrorCode.CERTIFICATE_EXPIRED,
    ErrorCode.CERTIFICATE_NOT_OWN,
)
"""What is wrong with a certificate for good. Anything else – no answer that counts, roots being changed, a clock – passes,
and what the signer confirmed is kept until it does."""
CHUNK_SIZE = 64
"""Answers stamped between two commits; the client asks for 16 tokens at a time."""


def stamp(work: Work) -> Result:
    """Check the certificate once more, then stamp what has no token yet."""
    try:
        evidence = _check_again(work)
    except HocbaError as error:
        if error.code in PERMANENT_CERTIFICATE_ERRORS or _is_useless(work):
            return end_batch(work, error)
        return wait_for(work, error.code)
    while True:
        with work.db.read(work.school_id) as session:
            batch = batch_rows.batch_row(session, work.job_id)
            certificate = base64.b64decode(batch.chain[0])
            items = batch_rows.item_rows(
                session, batch.id, ItemState.ANSWERED, "signature", "claimed_at", limit=CHUNK_SIZE
            )
        try:
            tokens = timestamp_client().tokens([item.signature or b"" for item in items])
        except HocbaError as error:
            if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE:
                return wait_for(work, error.code)
            raise
        with work.write() as session:
            batch = session.get_one(Batch, (work.school_id, work.job_id))
            waiting = {row.id for row in batch_rows.item_rows(session, batch.id, ItemState.ANSWERED)}
            stamped = [(item, token) for item, token in zip(items, tokens, strict=True) if item.id in waiting]
            _accept(session, batch, stamped, certificate)
            notify_narrow(session)
            if batch_rows.item_rows(session, batch.id, ItemState.ANSWERED, limit=1):
                continue
            session.add(evidence)
            batch.evidence_id = evidence.id
            session.add(batch)
            if batch_rows.item_rows(session, batch.id, ItemState.STAMPED, limit=1):
                move_to(session, batch, BatchState.STAMPED)
                return AGAIN
        return end_batch(work, None)


def _check_again(work: Work) -> Evidence:
    """Validity and revocation again at the answer: a certificate may have been revoked while the phone was asked."""
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        chain = [base64.b64decode(text) for text in batch.chain]
        owner = batch.owner
    evidence = signer_certificate.check_good(chain, trust_roots=trust_roots(), at=utc_now())
    return Evidence(owner=owner, content=evidence.dumps())


def _is_useless(work: Work) -> bool:
    """Whether a time stamp would come too late for what the manifests allow: then nothing is gained by waiting."""
    with work.db.read(work.school_id) as session:
        sent_at = batch_rows.batch_row(session, work.job_id).sent_at
    return sent_at is not None and utc_now() > sent_at + timedelta(seconds=CLAIM_LIMIT_SECONDS)


def _accept(session: Session, batch: Batch, stamped: Sequence[tuple[Any, bytes]], certificate: bytes) -> None:
    fitting = []
    for item, token in stamped:
        if token_fits(tsa_client.token_time(token), item.claimed_at or utc_now(), certificate):
            fitting.append(moved_item(item, ItemState.STAMPED, token=token))
            continue
        row = session.get_one(BatchItem, (batch.school_id, item.id))
        fail_item(session, batch, row, HocbaError(ErrorCode.ANSWER_VOID))
        release_leases(session, batch.id, [row.version_id])
    set_rows(session, BatchItem, fitting)


def token_fits(stamped: datetime, claimed: datetime, certificate: bytes) -> bool:
    """Whether a token is acceptable: inside the certificate's validity, not long before or after the claimed time."""
    begins, ends = signer_certificate.validity(certificate)
    early, late = timedelta(seconds=CLAIM_EARLY_SECONDS), timedelta(seconds=CLAIM_LIMIT_SECONDS)
    return begins <= stamped <= ends and claimed - early <= stamped <= claimed + late
