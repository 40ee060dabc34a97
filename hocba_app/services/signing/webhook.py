"""What a signing service tells us by itself : that a transaction is done, and its signatures.

Everything said here is hostile until the mathematics says otherwise: a signature counts only when it verifies against the
signer's certificate and the very attributes prepared here, so a forged delivery can do nothing but be refused or be kept
as an answer that came too late. The worker goes on asking all the while; whoever comes first settles the batch.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import ASKED, CONFIRMED, BatchState, ItemState
from hocba_app.domain.clock import utc_now
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.transitions import Cause
from hocba_app.models import Batch, BatchItem, Database, Job, LateAnswer, School
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import find
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.credential_cipher import decrypt, encrypt
from hocba_app.services.signing.batch_transitions import move_to
from hocba_app.services.signing.providers.provider import Delivery, Webhook
from hocba_app.services.signing.steps.confirm import match_answers, settle

TOKEN_SECONDS = 3600
MAX_SIGNATURE = 2048


def authenticate(db: Database, hook: Webhook, body: object) -> dict[str, Any]:
    """The service logs in with the school's client id and secret and gets a token for an hour.

    Args:
        hook: of the service that calls.
        body: the JSON of its request, from anybody.

    Returns:
        The JSON of our answer.

    Raises:
        HocbaError: LOGIN_FAILED, SECRET_KEY_MISSING.
    """
    client_id, secret = hook.login(body if isinstance(body, dict) else {})
    if not client_id:
        raise HocbaError(ErrorCode.LOGIN_FAILED)
    of_client, of_secret = hook.school_columns
    wanted: dict[str, Any] = {of_client: client_id}
    with db.installation() as session:
        schools = find.all_of(session, School, **wanted)
    for school in schools:
        stored = decrypt(getattr(school, of_secret))
        if stored and secrets.compare_digest(stored.encode(), secret.encode()):
            token = encrypt(f"{hook.name}-webhook|{school.id}|{int(utc_now().timestamp()) + TOKEN_SECONDS}")
            return hook.token_answer(token, TOKEN_SECONDS)
    raise HocbaError(ErrorCode.LOGIN_FAILED)


def deliver(db: Database, hook: Webhook, token: str, body: object) -> dict[str, Any]:
    """One done transaction.

    Args:
        token: as :func:`authenticate` gave it.
        body: the JSON of the delivery. The same one may come any number of times.

    Returns:
        The JSON of our answer: that we have it, whether it was of use or not.

    Raises:
        HocbaError: NOT_SIGNED_IN, INVALID_INPUT.
    """
    school_id = _school_of(hook, token)
    try:
        delivery = hook.read(body)
    except (TypeError, KeyError, ValueError) as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="kết quả ký") from error
    if any(not 0 < len(signature) <= MAX_SIGNATURE for signature in delivery.signatures.values()):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chữ ký")
    with db.write(school_id, durable=True) as session:
        found = _batch_of(session, delivery)
        if found is None:
            return dict(hook.taken)  # nothing of ours: a batch of an installation restored from a backup, or noise
        batch_id, late = found
        session.get(Job, (school_id, batch_id), with_for_update=True)  # the worker's own lock: one of us at a time
        batch = session.get_one(Batch, (school_id, batch_id), with_for_update=True)
        if not late and batch.state in ASKED:
            _settle(session, batch, delivery)
        elif batch.state not in CONFIRMED:
            _keep_late(session, batch, delivery)
    return dict(hook.taken)


def _school_of(hook: Webhook, token: str) -> str:
    try:
        purpose, school_id, ends = decrypt(token).split("|")
    except (HocbaError, ValueError) as error:
        raise HocbaError(ErrorCode.NOT_SIGNED_IN) from error
    if purpose != f"{hook.name}-webhook" or int(ends) < utc_now().timestamp():
        raise HocbaError(ErrorCode.NOT_SIGNED_IN)
    return school_id


def _batch_of(session: Session, delivery: Delivery) -> tuple[str, bool] | None:
    """The batch, and whether the delivery is of a request that is void by now.

    By its transaction, or – the request was lost on the way here and has no transaction known – by the random ids of the
    prepared updates, which name exactly one request.
    """
    batch = find.first_of(session, Batch, transaction_id=delivery.transaction)
    if batch is not None:
        return batch.id, False
    wanted = next(iter(delivery.signatures), None)
    item = find.first_of(session, BatchItem, request_id=wanted) if wanted is not None else None
    return (item.batch_id, item.state != ItemState.PREPARED) if item is not None else None


def _settle(session: Session, batch: Batch, delivery: Delivery) -> None:
    if batch.transaction_id is None:
        batch.transaction_id = delivery.transaction
        move_to(session, batch, BatchState.WAITING, Cause.SERVICE)
        record(
            session,
            actor=batch.account_id,
            action=Action.BATCH_SENT,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
            data={"transaction": delivery.transaction, "by": "webhook"},
        )
    if not delivery.signed:
        return  # a refusal is asked for by the worker: only the service's own status ends a lease
    items = batch_rows.items_of(session, batch.id, (ItemState.PREPARED,))
    ordered = tuple(delivery.signatures.get(item.request_id or "", b"") for item in items)
    fitting = match_answers(base64.b64decode(batch.chain[0]), [item.attributes or b"" for item in items], ordered)
    if all(fitting):  # anything less is left to the worker, who can ask the service why
        settle(session, batch, items, fitting, ErrorCode.SIGNATURE_WRONG, Cause.SERVICE)


def _keep_late(session: Session, batch: Batch, delivery: Delivery) -> None:
    """Signatures of a request that is over are evidence, once each (workflow rule 5)."""
    kept = set(find.columns_of(session, LateAnswer.signature, batch_id=batch.id))
    slots = {item.request_id: item.slot_id for item in batch_rows.items_of(session, batch.id, light=True)}
    new = [
        (document_id, signature)
        for document_id, signature in delivery.signatures.items()
        if signature not in kept and document_id in slots
    ]
    for document_id, signature in new:
        session.add(LateAnswer(batch_id=batch.id, slot_id=slots[document_id], signature=signature))
    if new:
        record(
            session,
            actor="",
            action=Action.BATCH_ANSWERED_LATE,
            tells=Tells.CONCERNED,
            subject=f"batch:{batch.id}",
            data={"answers": len(new)},
        )
