"""The wire protocol of MySign exactly as `docs/protocols.md` has it, server to server."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import time
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hocba_app.simulators.mysign.service import DONE, OPEN, WAITING, Service
from hocba_app.simulators.mysign.users import WRONG_PINS, certificate_of
from hocba_app.simulators.mysign.webhook import deliver

TOKEN_SECONDS = 3600
POLL_SECONDS = 0.1
_NAME = re.compile(r"[a-zA-Z0-9_\- ]*\Z")
_NAME_LIMIT = 100
_PROFILE = "adss:ras:profile:001"
_SHA256, _RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"
_TEXTS = {
    "1": "Success",
    "4000": "Waiting for user confirm",
    "6000": "User confirmed, signing",
    "4001": "Transaction timed out",
    "4002": "User rejected",
    "4004": "Signing failed",
    "4005": "No quota left",
    "13004": "Certificate expired or revoked",
    "50000": "Internal error",
}


class Refused(Exception):
    """An answer with ``error`` and ``error_description``."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.answer = JSONResponse({"error": code, "error_description": text}, status)


class Cut(Response):
    """No answer: the server ends the connection in the middle of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"65536")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


class Wire:
    """The four calls, and the webhook of ``async`` 3."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._tokens: dict[str, tuple[str, str, float]] = {}
        self._background: set[asyncio.Task[bool]] = set()

    def routes(self) -> list[Route]:
        """Where the calls are served."""
        base = "/vtss/service"
        return [
            Route(f"{base}/{path}", self._call(handler), methods=["POST"])
            for path, handler in (
                ("ras/v1/login", self.login),
                ("certificates/info", self.certificates),
                ("signHash", self.sign_hash),
                ("requests/status", self.status),
            )
        ]

    async def login(self, body: dict[str, Any], _request: Request) -> Response:
        """Client and user → a token of that one user."""
        client_id = self._client(body)
        if body.get("profile_id") != _PROFILE:
            raise Refused("59033", "Wrong profile", 401)
        user = self.service.users.find(str(body.get("user_id", "")))
        if user is None:
            raise Refused("58008", "Unknown user")
        if user["wrong_pins"] >= WRONG_PINS:
            raise Refused("59033", "Wrong user or password", 401)
        now = time.time()
        self._tokens = {token: entry for token, entry in self._tokens.items() if entry[2] > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = client_id, user["user_id"], now + TOKEN_SECONDS
        return JSONResponse(
            {"access_token": token, "refresh_token": "", "token_type": "Bearer", "expires_in": str(TOKEN_SECONDS)}
        )

    async def certificates(self, body: dict[str, Any], request: Request) -> Response:
        """The user's credentials with their chains."""
        self._client(body)
        _, user = self._bearer(request)
        asked = self.service.users.find(str(body.get("user_id", "")))
        if asked is None:
            raise Refused("58008", "Unknown user")
        if asked["user_id"] != user["user_id"]:
            raise Refused("59033", "Wrong user or password", 401)
        renew = self.service.users.renew
        if self.service.faults.take("certificate_changed"):
            user = await asyncio.to_thread(renew, user["user_id"])
        chain = body.get("certificates") == "chain"
        held = self.service.users.certificates(user)
        answer = JSONResponse([self._credential(each, chain=chain) for each in held])
        if self.service.faults.take("certificate_changed_after"):
            await asyncio.to_thread(renew, user["user_id"])
        return answer

    async def sign_hash(self, body: dict[str, Any], request: Request) -> Response:
        """N hashes, one confirmation on the phone."""
        client_id = self._client(body)
        _, user = self._bearer(request)
        held = {each["credential_id"]: each for each in self.service.users.certificates(user)}
        chosen = held.get(str(body.get("credentialID")))
        if chosen is None:
            raise Refused("invalid_request", "Unknown credentialID")
        mode = self._require_valid(body)
        transaction = await asyncio.to_thread(
            self.service.start, client_id, user, body["description"], body["documents"], body["hash"], chosen=chosen
        )
        if mode == 3:  # what was taken is delivered, whatever becomes of this call's answer
            self._keep(self._deliver(client_id, transaction))
        if self.service.faults.take("cut_after_taken"):
            return Cut()
        if self.service.faults.take("garbage_after_taken"):
            return Response("<html>Bad gateway</html>", media_type="text/html")
        if mode != 0:
            return JSONResponse({"transactionId": transaction})
        row = await self._ended(transaction)
        if row["status"] != DONE:
            raise Refused(row["status"], _TEXTS[row["status"]])
        return JSONResponse({"signatures": json.loads(row["signatures"])})

    async def status(self, body: dict[str, Any], request: Request) -> Response:
        """A transaction's state, with the signatures once it is done."""
        _, user = self._bearer(request)
        row = self.service.status(str(body.get("transactionId", "")))
        if row is None or row["user_id"] != user["user_id"]:
            raise Refused("4004", "Unknown transaction")
        faults, status = self.service.faults, row["status"]
        text = _TEXTS[status]
        if (fault := faults.take("status_code")) is not None:
            status, text = str(fault["status"]), _TEXTS.get(str(fault["status"]), "")
        elif status == WAITING and faults.take("zero_pending"):
            status = "0"
        signatures = json.loads(row["signatures"]) if status == DONE and row["signatures"] else []
        return JSONResponse(
            {
                "status": int(status) if faults.take("number_status") else status,
                "message": text,
                "signatures": signatures,
            }
        )

    # --- what the calls share ------------------------------------------------------------------------------------

    def _call(self, handler: Any) -> Any:
        """Faults first, then the body, then the call; a refusal becomes its answer."""

        async def endpoint(request: Request) -> Response:
            faults, path = self.service.faults, request.url.path
            if (fault := faults.take("slow", path)) is not None:
                await asyncio.sleep(float(fault["seconds"]))
            if (fault := faults.take("http", path)) is not None:
                headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
                return Response(status_code=int(fault["status"]), headers=headers)
            if (fault := faults.take("error", path)) is not None:
                return Refused(str(fault["error"]), "Fault", int(fault.get("status", 400))).answer
            if faults.take("cut", path):
                return Cut()
            try:
                body = await request.json()
                if not isinstance(body, dict):
                    raise Refused("invalid_request", "Not a JSON object")
                return await handler(body, request)
            except ValueError:
                return Refused("invalid_request", "Not JSON").answer
            except Refused as refused:
                return refused.answer

        return endpoint

    def _client(self, body: dict[str, Any]) -> str:
        client = self.service.client(str(body.get("client_id", "")))
        if client is None:
            raise Refused("58007", "Unknown client")
        if not secrets.compare_digest(str(body.get("client_secret", "")).encode(), client["client_secret"].encode()):
            raise Refused("86024", "Wrong client secret")
        return client["client_id"]

    def _bearer(self, request: Request) -> tuple[str, dict[str, Any]]:
        if self.service.faults.take("expire_tokens"):
            self._tokens.clear()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        client_id, user_id, ends = self._tokens.get(token, ("", "", 0.0))
        user = self.service.users.find(user_id) if ends > time.time() else None
        if user is None:
            raise Refused("invalid_token", "Access token missing or expired", 401)
        return client_id, user

    def _credential(self, user: dict[str, Any], *, chain: bool) -> dict[str, Any]:
        certificate = certificate_of(user)
        encoded = json.loads(user["chain"])
        return {
            "credential_id": user["credential_id"],
            "description": user["full_name"],
            "key": {"status": "enabled", "algo": [_RSA], "len": "2048", "curve": None},
            "cert": {
                "status": "valid" if self.service.users.certificate_usable(user) else "expired",
                "certificates": encoded if chain else encoded[:1],
                "issuerDN": certificate.issuer.rfc4514_string(),
                "serialNumber": f"{certificate.serial_number:x}",
                "subjectDN": _subject(certificate),
                "validFrom": _stamp(user["not_before"]),
                "validTo": _stamp(user["not_after"]),
            },
            "authMode": "implicit",
            "multisign": "2147483647",
            "scal": "2",
        }

    def _require_valid(self, body: dict[str, Any]) -> int:
        """The rules of signHash; gives ``async``."""
        documents, digests, mode = body.get("documents"), body.get("hash"), body.get("async", 0)
        if body.get("hashAlgo") != _SHA256 or body.get("signAlgo") != _RSA:
            raise Refused("invalid_request", "hashAlgo or signAlgo not supported")
        if not isinstance(documents, list) or not isinstance(digests, list) or not digests:
            raise Refused("invalid_request", "documents and hash are required")
        if not len(digests) == len(documents) == body.get("numSignatures"):
            raise Refused("invalid_request", "numSignatures, documents and hash differ")
        if len(digests) > self.service.limits.max_hashes:
            raise Refused("invalid_request", "Too many hashes")
        if not all(isinstance(item, dict) and item.get("document_id") for item in documents):
            raise Refused("invalid_request", "document_id is required")
        if not all(
            _is_name(name) for name in (body.get("description"), *(item.get("document_name") for item in documents))
        ):
            raise Refused("invalid_request", "document_name or description not allowed")
        if not all(_is_sha256(digest) for digest in digests):
            raise Refused("invalid_request", "hash is not a SHA-256")
        if str(mode) not in ("0", "1", "2", "3"):
            raise Refused("invalid_request", "async")
        return int(mode)

    async def _ended(self, transaction: str) -> dict[str, Any]:
        while True:
            row = self.service.status(transaction)
            assert row is not None
            if row["status"] not in OPEN:
                return row
            await asyncio.sleep(POLL_SECONDS)

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _deliver(self, client_id: str, transaction: str) -> bool:
        row = await self._ended(transaction)
        webhook = (self.service.client(client_id) or {}).get("webhook")
        if webhook is None or row["status"] != DONE:
            return False
        return await deliver(webhook, row, times=2 if self.service.faults.take("webhook_twice") else 1)


def _subject(certificate: Any) -> str:
    """As MySign writes it: the id's kind by name, ``UID=CMND:…,CN=…,L=…,C=VN``."""
    names = {"0.9.2342.19200300.100.1.1": "UID"}
    return ",".join(
        f"{names.get(attribute.oid.dotted_string, attribute.rfc4514_attribute_name)}={attribute.value}"
        for attribute in reversed(list(certificate.subject))
    )


def _is_name(encoded: object) -> bool:
    """Base64, under 100 characters, of letters, digits, ``_``, ``-`` and blanks."""
    if not isinstance(encoded, str) or len(encoded) >= _NAME_LIMIT:
        return False
    try:
        return _NAME.match(base64.b64decode(encoded, validate=True).decode("ascii")) is not None
    except ValueError:
        return False


def _is_sha256(encoded: object) -> bool:
    try:
        return isinstance(encoded, str) and len(base64.b64decode(encoded, validate=True)) == 32
    except ValueError:
        return False


def _stamp(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%Y%m%d%H%M%S+0000")
