"""``async`` 3: authenticate to the relying party, then post the result; tried again if it does not answer."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any

import httpx

TRIES, PAUSE = 3, 1.0


async def deliver(webhook: dict[str, str], row: dict[str, Any], *, times: int = 1) -> bool:
    """Post one done transaction.

    Args:
        webhook: ``token_url``, ``result_url``, ``client_id``, ``client_secret`` (the relying party's, for us).
        row: the transaction.
        times: how often the result is posted; more than once is a fault for tests.

    Returns:
        Whether the relying party said that it has it.
    """
    async with httpx.AsyncClient(timeout=10) as client:
        for attempt in range(TRIES):
            try:
                accepted = False
                for _ in range(times):
                    accepted = await _post(client, webhook, row)
                if accepted:
                    return True
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                pass  # whatever the relying party answers instead, it is asked again
            await asyncio.sleep(PAUSE * (attempt + 1))
    return False


async def _post(client: httpx.AsyncClient, webhook: dict[str, str], row: dict[str, Any]) -> bool:
    login = await client.post(
        webhook["token_url"],
        json={
            "grant_type": "client_credentials",
            "client_id": webhook["client_id"],
            "client_secret": webhook["client_secret"],
        },
    )
    token = login.json()["data"]["access_token"]
    documents, signatures = json.loads(row["documents"]), json.loads(row["signatures"])
    answer = await client.post(
        webhook["result_url"],
        headers={"Authorization": f"Bearer {token}"},
        json={
            "meta_data": {
                "request_id": secrets.token_hex(16),
                "transaction_id": row["id"],
                "description": "Success",
                "status": row["status"],
            },
            "data": {
                "action_timestamp": int(row["signed"] * 1000),
                "signature_timestamp": int(time.time() * 1000),
                "results": [
                    {"document_id": item["document_id"], "signature": signature}
                    for item, signature in zip(documents, signatures, strict=False)
                ],
            },
        },
    )
    return answer.json().get("status_code") == "00"
