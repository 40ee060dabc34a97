"""The wire protocol of MySign exactly as `mysign-api.md` has it, server to server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import time
from datetime import datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hocba_app.simulators.mysign.service import CERTIFICATE, DONE, QUOTA, SIGNING, WAITING, Service

_NAME = re.compile(r"[a-zA-Z0-9_\- ]*\Z")
_SHA256, _RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"
_TEXTS = {
    DONE: "Success", WAITING: "Waiting for user confirm", SIGNING: "Signing", "4001": "Time out", "4002": "User rejected",
    "4004": "Failed", QUOTA: "No quota left", CERTIFICATE: "Certificate expired or revoked", "50000": "Internal error",
}


class Wire:
    """The four calls, and the webhook of ``async`` 3."""

    def __init__(self, service: Service, webhook: dict[str, str] | None = None) -> None:
        self.service = service
        self.webhook = webhook
        self._tokens: dict[str, tuple[str, float]] = {}
        self._background: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Where the calls are served."""
        base = "/vtss/service"
        return [
            Route(f"{base}/ras/v1/login", self.login, methods=["POST"]),
            Route(f"{base}/certificates/info", self.certificates, methods=["POST"]),
            Route(f"{base}/signHash", self.sign_hash, methods=["POST"]),
            Route(f"{base}/requests/status", self.status, methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        """Client and user → a token of that one user."""
        body, refusal = await self._opened(request)
        if refusal is not None:
            return refusal
        user = self.service.user(str(body.get("user_id", "")))
        if user is None:
            return _error("58008", "Unknown user", 401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (user["user_id"], time.time() + 3600)
        return JSONResponse({"access_token": token, "refresh_token": "", "token_type": "Bearer", "expires_in": "3600"})

    async def certificates(self, request: Request) -> Response:
        """The user's credentials with their chains."""
        body, refusal = await self._opened(request)
        user = self._user(request)
        if refusal is not None:
            return refusal
        if user is None or user["user_id"] != body.get("user_id"):
            return _error("59033", "Wrong user or password", 401)
        if self.service.take_fault("certificate_changed"):
            user = await asyncio.to_thread(self.service.renew_certificate, user["user_id"])
        expired = self.service.expired(user)
        chain = json.loads(user["chain"])
        return JSONResponse(
            [
                {
                    "credential_id": user["credential_id"], "description": user["full_name"],
                    "key": {"status": "enabled", "algo": [_RSA], "len": "2048", "curve": None},
                    "cert": {
                        "status": "expired" if expired else "valid", "certificates": chain, "issuerDN": "CN=Viettel-CA,C=VN",
                        "serialNumber": user["credential_id"], "subjectDN": f"UID={user['uid']},CN={user['full_name']},C=VN",
                        "validFrom": _stamp(user["not_before"]), "validTo": _stamp(user["not_after"]),
                    },
                    "authMode": "implicit", "multisign": "2147483647", "scal": "2",
                }
            ]
        )

    async def sign_hash(self, request: Request) -> Response:
        """N hashes, one confirmation on the phone."""
        body, refusal = await self._opened(request)
        if refusal is not None:
            return refusal
        user = self._user(request)
        if user is None:
            return _error("59033", "Wrong user or password", 401)
        problem = self._problem(user, body)
        if problem is not None:
            return problem
        mode = int(body.get("async", 0))
        transaction = self.service.start(user, body["description"], body["documents"], body["hash"], webhook=mode == 3)
        if self.service.take_fault("cut_after_taken"):
            raise ConnectionAbortedError  # the server closes the connection without an answer
        if mode == 3:
            self._keep(self._deliver(transaction))
        if mode != 0:
            return JSONResponse({"transactionId": transaction})
        row = await self._wait(transaction)
        if row["status"] == DONE:
            return JSONResponse({"signatures": json.loads(row["signatures"])})
        return _error(row["status"], _TEXTS[row["status"]], 200)

    async def status(self, request: Request) -> Response:
        """How a transaction stands, with the signatures once it is done."""
        body, refusal = await self._opened(request, client=False)
        if refusal is not None:
            return refusal
        user = self._user(request)
        if user is None:
            return _error("59033", "Wrong user or password", 401)
        if (fault := self.service.take_fault("status_code")) is not None:
            return JSONResponse({"status": fault["status"], "message": _TEXTS.get(str(fault["status"]), ""), "signatures": []})
        row = self.service.status(str(body.get("transactionId", "")))
        if row is None or row["user_id"] != user["user_id"]:
            return _error("4004", "Unknown transaction", 200)
        status = "0" if row["status"] == WAITING and self.service.take_fault("zero_pending") else row["status"]
        signatures = json.loads(row["signatures"]) if row["signatures"] else []
        return JSONResponse({"status": status, "message": _TEXTS[row["status"]], "signatures": signatures})

    # --- what the calls share ------------------------------------------------------------------------------------

    async def _opened(self, request: Request, *, client: bool = True) -> tuple[dict[str, Any], Response | None]:
        """The body, or a refusal: faults first, then the relying party's credentials."""
        path = request.url.path
        if (fault := self.service.take_fault("slow", path)) is not None:
            await asyncio.sleep(float(fault["seconds"]))
        if (fault := self.service.take_fault("http", path)) is not None:
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
            return {}, Response(status_code=int(fault["status"]), headers=headers)
        if self.service.take_fault("cut", path):
            raise ConnectionAbortedError
        try:
            body = await request.json()
        except ValueError:
            return {}, _error("400", "Not JSON", 400)
        if client and body.get("client_id") != self.service.client["client_id"]:
            return {}, _error("58007", "Unknown client", 400)
        if client and not secrets.compare_digest(str(body.get("client_secret", "")), self.service.client["client_secret"]):
            return {}, _error("86024", "Wrong secret", 400)
        return body, None

    def _user(self, request: Request) -> dict[str, Any] | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        user_id, ends = self._tokens.get(token, ("", 0.0))
        if self.service.take_fault("expire_tokens"):
            self._tokens.clear()
            return None
        return self.service.user(user_id) if ends > time.time() else None

    def _problem(self, user: dict[str, Any], body: dict[str, Any]) -> Response | None:
        documents, digests = body.get("documents") or [], body.get("hash") or []
        names = [body.get("description", ""), *(item.get("document_name", "") for item in documents)]
        if body.get("credentialID") != user["credential_id"]:
            return _error("400", "Unknown credentialID", 400)
        if body.get("hashAlgo") != _SHA256 or body.get("signAlgo") != _RSA:
            return _error("400", "Algorithm not supported", 400)
        if not digests or not len(digests) == len(documents) == body.get("numSignatures"):
            return _error("400", "numSignatures, documents and hash differ", 400)
        if len(digests) > self.service.limits.max_hashes:
            return _error("400", "Too many hashes", 400)
        if not all(_is_name(name) for name in names):
            return _error("400", "Invalid document_name or description", 400)
        if any(len(base64.b64decode(text)) != 32 for text in digests):
            return _error("400", "hash is not SHA-256", 400)
        if self.service.expired(user):
            return _error(CERTIFICATE, _TEXTS[CERTIFICATE], 200)
        if self.service.signed_today(user["user_id"]) + len(digests) > self.service.limits.per_day or self.service.take_fault("quota"):
            return _error(QUOTA, _TEXTS[QUOTA], 200)
        return None

    async def _wait(self, transaction: str) -> dict[str, Any]:
        while True:
            row = self.service.status(transaction)
            assert row is not None
            if row["status"] not in (WAITING, SIGNING):
                return row
            await asyncio.sleep(0.2)

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _deliver(self, transaction: str) -> None:
        """``async`` 3: authenticate to the relying party, then post the result."""
        row = await self._wait(transaction)
        if self.webhook is None or row["status"] != DONE:
            return
        async with httpx.AsyncClient(timeout=10) as client:
            login = await client.post(
                f"{self.webhook['url']}/token",
                json={"grant_type": "client_credentials", "client_id": self.webhook["client_id"], "client_secret": self.webhook["client_secret"]},
            )
            token = login.json()["data"]["access_token"]
            now = int(time.time() * 1000)
            signatures = json.loads(row["signatures"])
            results = [
                {"document_id": item["document_id"], "signature": signature}
                for item, signature in zip(json.loads(row["documents"]), signatures, strict=True)
            ]
            await client.post(
                f"{self.webhook['url']}/result", headers={"Authorization": f"Bearer {token}"},
                json={
                    "meta_data": {"request_id": transaction, "transaction_id": transaction, "description": "", "status": "1"},
                    "data": {"action_timestamp": now, "signature_timestamp": now, "results": results},
                },
            )


def _is_name(encoded: str) -> bool:
    try:
        text = base64.b64decode(encoded, validate=True).decode("ascii")
    except ValueError:
        return False
    return len(encoded) < 100 and _NAME.match(text) is not None


def _error(code: str, text: str, status: int) -> Response:
    return JSONResponse({"error": code, "error_description": text}, status_code=status)


def _stamp(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%Y%m%d%H%M%S+0000")
