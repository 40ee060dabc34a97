"""How MySign speaks when it calls us (its ``async`` 3)."""

from __future__ import annotations

import base64
from typing import Any

from hocba_app.domain.clock import utc_now
from hocba_app.services.signing.providers.provider import Delivery, Webhook

SCHOOL_COLUMNS = ("mysign_client_id", "mysign_secret_encrypted")
MAX_RESULTS = 2000
_ACCEPTED = {"status_code": "00", "message": "Success"}


def _login(body: dict[str, Any]) -> tuple[str, str]:
    if body.get("grant_type") != "client_credentials":
        return "", ""
    return str(body.get("client_id") or ""), str(body.get("client_secret") or "")


def _token_answer(token: str, seconds: int) -> dict[str, Any]:
    data = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": seconds,
        "consented_on": int(utc_now().timestamp()),
    }
    return {**_ACCEPTED, "data": data}


def _read(body: Any) -> Delivery:
    meta, results = body["meta_data"], body["data"]["results"]
    transaction = str(meta["transaction_id"])
    if not isinstance(results, list) or len(results) > MAX_RESULTS or not 0 < len(transaction) <= 120:
        raise ValueError("results")
    signatures = {str(item["document_id"])[:80]: base64.b64decode(str(item["signature"])) for item in results}
    return Delivery(transaction, str(meta["status"]) == "1", signatures)


WEBHOOK = Webhook(
    name="mysign",
    school_columns=SCHOOL_COLUMNS,
    login=_login,
    token_answer=_token_answer,
    read=_read,
    taken=_ACCEPTED,
)
