"""``prepared → sending → waiting → answered``: one request to the signer's phone, and its answer made durable.

``signHash`` is not idempotent: ``sending`` is committed before the call, and a batch found in it without a transaction
is never sent again as it is (core decision 2). An answer is verified and stored before anything else is tried.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import ASKED, BatchState, ItemState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.phone_words import MAX_NAMES, phone_words
from hocba_app.domain.transitions import Cause
from hocba_app.domain.wording import KIND_SHORT
from hocba_app.models import Batch, BatchItem
from hocba_app.models.base import utc_now
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import batch_names
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.models.repositories.batch_state import move_batch, move_item, moved_item
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.models.repositories.signing_queue import subject_names
from hocba_app.pki import cms
from hocba_app.recordfile.manifest import CLAIM_LIMIT_SECONDS
from hocba_app.services.audit.log import Tells, notify_narrow, record
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import AGAIN, Result, RetryAfter
from hocba_app.services.signing.admission import drop_refused, fail_item
from hocba_app.services.signing.batch_transitions import end_batch, move_to, wait_for
from hocba_app.services.signing.integrations import provider_for
from hocba_app.services.signing.providers.provider import SigningProvider, SignRequest, SubmissionUnknown

GRACE = timedelta(seconds=30)
"""After the provider's window: clocks differ and answers travel. 120 s + 30 s is core decision 3's 150 s."""
MAX_REPREPARES = 1
"""How often a request lost on the way is prepared afresh before the signer is asked to start again."""
_ERROR_OF_STATE = {
    "timed_out": ErrorCode.SIGNING_TIMED_OUT,
    "rejected": ErrorCode.SIGNING_REJECTED,
    "failed": ErrorCode.SIGNING_FAILED,
    "quota": ErrorCode.SIGNING_QUOTA,
    "certificate": ErrorCode.SIGNING_CERTIFICATE,
    "internal": ErrorCode.SIGNING_FAILED,
}
FIRST_LOOKS, EARLY = 0.25, timedelta(seconds=10)
"""A signer who has the app open confirms within seconds, and his page says so at once: at first the service is asked
oftener than it needs to be later."""
MAX_SUBMIT_TRIES = 10
"""Tries to reach the service before the signer sees the failure: about six minutes of back-off. Nothing was taken meanwhile."""
USELESS_AFTER = timedelta(seconds=CLAIM_LIMIT_SECONDS)
"""An answer later than this is void by its own manifest: whatever the service says, nothing is lost by letting go."""
_TEMPORARY = (ErrorCode.PROVIDER_UNREACHABLE, ErrorCode.PROVIDER_BUSY)


def send(work: Work) -> Result:
    """Commit ``sending``, then call the provider once."""
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        provider = provider_for(session, batch.provider)
        items = batch_rows.item_rows(session, batch.id, ItemState.PREPARED, "slot_id", "attributes", "request_id")
        names = rows.names_on_phone(session, [item.slot_id for item in items])
        request = SignRequest(
            user=batch.provider_user,
            credential_id=batch.credential_id,
            hashes=tuple(cms.attributes_hash(item.attributes or b"") for item in items),
            document_ids=tuple(item.request_id or "" for item in items),
            document_names=tuple(f"{KIND_SHORT[names[item.slot_id][0]]} {names[item.slot_id][1]}" for item in items),
            description=_description(session, batch.id, len(items)),
        )
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        refused = drop_refused(session, batch, ItemState.PREPARED)
        if not refused:
            attempts = batch.attempts
            move_to(session, batch, BatchState.SENDING)
            batch.attempts = attempts
            batch.sent_at = utc_now()
            batch.window_ends_at = batch.sent_at + timedelta(seconds=provider.window_seconds) + GRACE
    if refused:
        return _without_refused(work)
    try:
        submitted = provider.start(request)
    except SubmissionUnknown:
        return _note(work, ErrorCode.SUBMISSION_UNKNOWN)
    except HocbaError as error:
        if error.code in _TEMPORARY:  # surely not taken: the same prepared revisions may be sent again
            with work.write() as session:
                batch = session.get_one(Batch, (work.school_id, work.job_id))
                if batch.state != BatchState.SENDING:
                    return AGAIN  # the webhook knows better
                tries = batch.attempts
                move_batch(session, batch, BatchState.PREPARED)
                batch.attempts = tries  # the same call again: its back-off goes on
            if tries + 1 >= MAX_SUBMIT_TRIES:
                return end_batch(work, error)
            return wait_for(work, error.code, at_least=float(str(error.params.get("seconds") or 0)))
        return end_batch(work, error)
    if submitted.signatures is not None:
        return keep_answers(work, provider, submitted.signatures)
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        if batch.state != BatchState.SENDING:
            return AGAIN  # the webhook was faster than the answer to the request
        batch.transaction_id = submitted.transaction_id
        move_to(session, batch, BatchState.WAITING)
        record(
            session,
            actor=batch.account_id,
            action=Action.BATCH_SENT,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
            data={"transaction": submitted.transaction_id, "hashes": len(request.hashes)},
        )
    return RetryAfter(min(FIRST_LOOKS, provider.poll_seconds))


def _description(session: Session, batch_id: str, total: int) -> str:
    """Class, subject and a few names: the signer knows on the phone what he confirms."""
    subjects = subject_names(session)
    about = [
        (row.kind, row.class_name, ", ".join(subjects.get(code, code) for code in row.subjects))
        for row in batch_names.about(session, [batch_id]).get(batch_id, ())
    ]
    return phone_words(about, total, batch_names.pupils_of_batch(session, batch_id, "prepared", MAX_NAMES))


def _without_refused(work: Work) -> Result:
    """Items have left the batch before the phone was asked: the rest is sent at the next turn, with hashes of its own."""
    with work.db.read(work.school_id) as session:
        left = batch_rows.live_items(session, work.job_id)
    return AGAIN if left else end_batch(work, None)


def recover_sending(work: Work) -> Result:
    """Found in ``sending``: the request may or may not be on the phone. Wait out its window, then prepare afresh."""
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        left = ((batch.window_ends_at or utc_now()) - utc_now()).total_seconds()
        resends, noted = batch.resends, batch.note
    if left > 0:
        if noted != ErrorCode.SUBMISSION_UNKNOWN.value:
            _note(work, ErrorCode.SUBMISSION_UNKNOWN)
        return RetryAfter(min(left, 2.0))
    if resends >= MAX_REPREPARES:
        return end_batch(work, HocbaError(ErrorCode.SUBMISSION_UNKNOWN), found=BatchState.SENDING)
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        if batch.state != BatchState.SENDING:
            return AGAIN  # the webhook has named the transaction
        for item in batch_rows.items_of(session, batch.id, (ItemState.PREPARED,)):
            item.prepared = item.attributes = item.request_id = None
            move_item(session, item, ItemState.CLAIMED)
        move_to(session, batch, BatchState.CLAIMED)
        batch.resends += 1
        batch.note = ErrorCode.SUBMISSION_UNKNOWN.value
        record(
            session,
            actor=batch.account_id,
            action=Action.BATCH_RESENT,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
        )
    return AGAIN


def poll(work: Work) -> Result:
    """Ask the provider for the transaction's state. Only its final status, or the window's end, ends the lease."""
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        provider = provider_for(session, batch.provider)
        user, transaction, ends = batch.provider_user, batch.transaction_id or "", batch.window_ends_at
        sent_at = batch.sent_at
        useless = sent_at is not None and utc_now() > sent_at + USELESS_AFTER
    try:
        status = provider.poll(user, transaction)
    except HocbaError as error:
        # Whatever was wrong with the question says nothing about the transaction: only its status ends it.
        if useless:
            return end_batch(work, HocbaError(ErrorCode.SIGNING_TIMED_OUT), found=BatchState.WAITING)
        return wait_for(work, ErrorCode.RESULT_UNKNOWN, at_least=float(str(error.params.get("seconds") or 0)))
    if status.state == "signed":
        return keep_answers(work, provider, status.signatures)
    if status.state in _ERROR_OF_STATE:
        return end_batch(work, HocbaError(_ERROR_OF_STATE[status.state]), found=BatchState.WAITING)
    if useless or (status.state != "signing" and ends is not None and utc_now() > ends):
        # Confirmed and being signed is not "not signed": such a transaction is waited for, past its window too.
        return end_batch(work, HocbaError(ErrorCode.SIGNING_TIMED_OUT), found=BatchState.WAITING)
    _show_state(work, status.state)
    early = sent_at is not None and utc_now() < sent_at + EARLY
    return RetryAfter(min(FIRST_LOOKS, provider.poll_seconds) if early else provider.poll_seconds, Priority.PHONE)


def keep_answers(work: Work, provider: SigningProvider, signatures: tuple[bytes, ...]) -> Result:
    """Verify each answer against the signer's certificate and its own document, then make it durable.

    A service that swaps two answers is put right where the mathematics says so; one made with another key is refused.
    """
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        certificate = base64.b64decode(batch.chain[0])
        user, credential = batch.provider_user, batch.credential_id
        items = batch_rows.item_rows(session, batch.id, ItemState.PREPARED, "attributes")
    fitting = match_answers(certificate, [item.attributes or b"" for item in items], signatures)
    problem = ErrorCode.SIGNATURE_WRONG
    if not any(fitting) and _was_renewed(provider, user, credential, certificate):
        problem = ErrorCode.CERTIFICATE_CHANGED
    with work.write(durable=True) as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        settle(session, batch, items, fitting, problem)
    return AGAIN


def settle(
    session: Session,
    batch: Batch,
    items: Sequence[Any],
    fitting: Sequence[bytes | None],
    problem: ErrorCode,
    by: Cause = Cause.WORKER,
) -> None:
    """Answers into the rows: each item is answered, or failed with ``problem``. What is settled already stays as it is.

    Args:
        items: what was sent, in order; rows with an ``id``.
        fitting: for each the signature that verifies, or None.
    """
    if batch.state not in ASKED:
        return  # the webhook was first
    waiting = {row.id: row for row in batch_rows.item_rows(session, batch.id, ItemState.PREPARED)}
    answered = []
    for item, signature in zip(items, fitting, strict=True):
        if item.id not in waiting:
            continue
        if signature is None:
            fail_item(session, batch, session.get_one(BatchItem, (batch.school_id, item.id)), HocbaError(problem))
            continue
        answered.append(moved_item(waiting[item.id], ItemState.ANSWERED, by, signature=signature))
    set_rows(session, BatchItem, answered)
    move_to(session, batch, BatchState.ANSWERED, by)
    record(
        session,
        actor=batch.account_id,
        action=Action.BATCH_ANSWERED,
        tells=Tells.CONCERNED,
        subject=f"batch:{batch.id}",
        data={"answers": len(fitting), "fitting": sum(signature is not None for signature in fitting)},
    )


def _was_renewed(provider: SigningProvider, user: str, credential_id: str, certificate: bytes) -> bool:
    """Whether the service now shows another certificate for this key: every further answer would be wrong too."""
    try:
        shown = [
            each.chain[0] for each in provider.credentials(user) if each.credential_id == credential_id and each.chain
        ]
    except HocbaError:
        return False
    return bool(shown) and certificate not in shown


def match_answers(certificate: bytes, attributes: list[bytes], signatures: tuple[bytes, ...]) -> list[bytes | None]:
    """Which answer belongs to which document.

    Args:
        certificate: the signer's, DER.
        attributes: what was signed, in the order sent.
        signatures: as returned.

    Returns:
        For each document the signature that verifies for it, or None.
    """
    fitting: list[bytes | None] = [
        signature if signature is not None and cms.verify_raw(certificate, attrs, signature) else None
        for attrs, signature in zip(attributes, [*signatures, *[None] * len(attributes)], strict=False)
    ]
    used = set(filter(None, fitting))
    strays = [signature for signature in signatures if signature not in used]
    for index, attrs in enumerate(attributes):
        if fitting[index] is None:
            fitting[index] = next((stray for stray in strays if cms.verify_raw(certificate, attrs, stray)), None)
    return fitting


def _note(work: Work, code: ErrorCode) -> RetryAfter:
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        batch.note = code.value
        session.add(batch)
        notify_narrow(session)
    return RetryAfter(2.0)


def _show_state(work: Work, state: str) -> None:
    """``signing`` means that the signer has confirmed: his page says so."""
    note = "confirmed" if state == "signing" else None
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
        if batch.note == note and batch.attempts == 0:
            return
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        batch.note, batch.attempts, batch.retry_at = note, 0, None
        session.add(batch)
        notify_narrow(session)
