"""What a signing service tells us by itself (MySign's ``async`` 3): that a transaction is done, and its signatures.

Everything said here is hostile until the mathematics says otherwise: a signature counts only when it verifies against the
signer's certificate and the very attributes prepared here, so a forged delivery can do nothing but be refused or be kept
as an answer that came too late. The worker goes on asking all the while; whoever comes first settles the batch.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, Database, Job, LateAnswer, School
from hocba_app.models.repositories import signing as rows
from hocba_app.services.audit.log import record
from hocba_app.services.credential_cipher import decrypt, encrypt
from hocba_app.services.signing.batch_transitions import move_to
from hocba_app.services.signing.steps.confirm import match_answers, settle

TOKEN_SECONDS = 3600
MAX_RESULTS, MAX_SIGNATURE = 2000, 2048
_PURPOSE = "mysign-webhook"
_ACCEPTED = {"status_code": "00", "message": "Success"}


@dataclass(frozen=True, slots=True)
class _Delivery:
    transaction: str
    status: str
    signatures: dict[str, bytes]
    """By the document id given with the request."""


def authenticate(db: Database, body: object) -> dict[str, Any]:
    """The service logs in with the school's client id and secret and gets a token for an hour.

    Args:
        body: the JSON of its request, from anybody.

    Returns:
        The JSON of our answer.

    Raises:
        HocbaError: LOGIN_FAILED, SECRET_KEY_MISSING.
    """
    values = body if isinstance(body, dict) else {}
    client_id, secret = str(values.get("client_id") or ""), str(values.get("client_secret") or "")
    if values.get("grant_type") != "client_credentials" or not client_id:
        raise HocbaError(ErrorCode.LOGIN_FAILED)
    with db.installation() as session:
        schools = session.exec(select(School).where(School.mysign_client_id == client_id)).all()
    for school in schools:
        stored = decrypt(school.mysign_secret_encrypted)
        if stored and secrets.compare_digest(stored.encode(), secret.encode()):
            token = encrypt(f"{_PURPOSE}|{school.id}|{int(time.time()) + TOKEN_SECONDS}")
            return {
                **_ACCEPTED,
                "data": {
                    "access_token": token,
                    "token_type": "Bearer",
                    "expires_in": TOKEN_SECONDS,
                    "consented_on": int(time.time()),
                },
            }
    raise HocbaError(ErrorCode.LOGIN_FAILED)


def deliver(db: Database, token: str, body: object) -> dict[str, Any]:
    """One done transaction.

    Args:
        token: as :func:`authenticate` gave it.
        body: the JSON of the delivery. The same one may come any number of times.

    Returns:
        The JSON of our answer: that we have it, whether it was of use or not.

    Raises:
        HocbaError: NOT_SIGNED_IN, INVALID_INPUT.
    """
    school_id = _school_of(token)
    delivery = _read(body)
    with db.write(school_id, durable=True) as session:
        found = _batch_of(session, delivery)
        if found is None:
            return dict(_ACCEPTED)  # nothing of ours: a batch of an installation restored from a backup, or noise
        batch_id, late = found
        session.get(Job, (school_id, batch_id), with_for_update=True)  # the worker's own lock: one of us at a time
        batch = session.get_one(Batch, (school_id, batch_id), with_for_update=True)
        if not late and batch.state in ("sending", "waiting"):
            _settle(session, batch, delivery)
        elif batch.state not in ("answered", "stamped", "committed"):
            _keep_late(session, batch, delivery)
    return dict(_ACCEPTED)


def _school_of(token: str) -> str:
    try:
        purpose, school_id, ends = decrypt(token).split("|")
    except (HocbaError, ValueError) as error:
        raise HocbaError(ErrorCode.NOT_SIGNED_IN) from error
    if purpose != _PURPOSE or int(ends) < time.time():
        raise HocbaError(ErrorCode.NOT_SIGNED_IN)
    return school_id


def _read(body: object) -> _Delivery:
    try:
        meta, results = body["meta_data"], body["data"]["results"]  # type: ignore[index]
        transaction, status = str(meta["transaction_id"]), str(meta["status"])
        if not isinstance(results, list) or len(results) > MAX_RESULTS or not 0 < len(transaction) <= 120:
            raise ValueError("results")
        signatures = {str(item["document_id"])[:80]: base64.b64decode(str(item["signature"])) for item in results}
    except (TypeError, KeyError, ValueError) as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="kết quả ký") from error
    if any(not 0 < len(signature) <= MAX_SIGNATURE for signature in signatures.values()):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chữ ký")
    return _Delivery(transaction, status, signatures)


def _batch_of(session: Session, delivery: _Delivery) -> tuple[str, bool] | None:
    """The batch, and whether the delivery is of a request that is void by now.

    By its transaction, or – the request was lost on the way here and has no transaction known – by the random ids of the
    prepared updates, which name exactly one request.
    """
    batch = session.exec(select(Batch).where(Batch.transaction_id == delivery.transaction)).first()
    if batch is not None:
        return batch.id, False
    wanted = list(delivery.signatures)[:1]
    item = session.exec(select(BatchItem).where(BatchItem.request_id.in_(wanted))).first()  # type: ignore[union-attr]
    return (item.batch_id, item.state != "prepared") if item is not None else None


def _settle(session: Session, batch: Batch, delivery: _Delivery) -> None:
    if batch.transaction_id is None:
        batch.transaction_id = delivery.transaction
        move_to(session, batch, "waiting")
        record(
            session,
            actor=batch.account_id,
            action="batch.sent",
            subject=f"batch:{batch.id}",
            data={"transaction": delivery.transaction, "by": "webhook"},
        )
    if delivery.status != "1":
        return  # a refusal is asked for by the worker: only the service's own status ends a lease
    items = rows.items_of(session, batch.id, ("prepared",))
    ordered = tuple(delivery.signatures.get(item.request_id or "", b"") for item in items)
    fitting = match_answers(base64.b64decode(batch.chain[0]), [item.attributes or b"" for item in items], ordered)
    if all(fitting):  # anything less is left to the worker, who can ask the service why
        settle(session, batch, items, fitting, ErrorCode.SIGNATURE_WRONG)


def _keep_late(session: Session, batch: Batch, delivery: _Delivery) -> None:
    """Signatures of a request that is over are evidence, once each (workflow rule 5)."""
    kept = {row.signature for row in session.exec(select(LateAnswer).where(LateAnswer.batch_id == batch.id)).all()}
    slots = {item.request_id: item.slot_id for item in rows.items_of(session, batch.id, light=True)}
    new = [
        (document_id, signature)
        for document_id, signature in delivery.signatures.items()
        if signature not in kept and document_id in slots
    ]
    for document_id, signature in new:
        session.add(LateAnswer(batch_id=batch.id, slot_id=slots[document_id], signature=signature))
    if new:
        record(session, actor="", action="batch.answered_late", subject=f"batch:{batch.id}", data={"answers": len(new)})
