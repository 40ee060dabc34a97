"""The wire protocol of SmartCA exactly as `docs/protocols.md` has it; a person's certificate is SMARTCA, a school's ESEAL."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hocba_app.simulators.mysign.app import Administration, Phone
from hocba_app.simulators.mysign.service import CERTIFICATE, DONE, LAPSED, REJECTED, SIGNING, WAITING, Service
from hocba_app.simulators.mysign.users import certificate_of
from hocba_app.simulators.mysign.wire import Cut

BASE = "/sca/sp769/v1"
_MESSAGES = {
    DONE: "SUCCESS",
    WAITING: "sig_wait_for_user_confirm",
    SIGNING: "sig_wait_for_user_confirm",
    LAPSED: "EXPIRED",
    REJECTED: "REJECTED",
    CERTIFICATE: "CREDENTIAL_STATUS_INVALID",
}
_SHA256_HEX = re.compile(r"[0-9a-f]{64}\Z")
_TRANSACTION = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")


class Refused(Exception):
    """An answer with a status of the service's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = _answer(status, message)


class SmartCaWire:
    """Three calls; the client's id and secret of the service are ``sp_id`` and ``sp_password``."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """Where the calls are served."""
        return [
            Route(f"{BASE}/{path}", self._call(handler), methods=["POST"])
            for path, handler in (
                ("credentials/get_certificate", self.certificates),
                ("signatures/sign", self.sign),
                ("signatures/sign/{transaction}/status", self.status),
            )
        ]

    async def certificates(self, body: dict[str, Any], _request: Request) -> Response:
        """The user's certificates with their chains."""
        self._client(body)
        user = self._user(body)
        return _answer(
            200, "Success", {"user_certificates": [self._certificate(user, str(body.get("transaction_id", "")))]}
        )

    async def sign(self, body: dict[str, Any], _request: Request) -> Response:
        """N hashes, one confirmation on the phone, under the caller's own transaction id."""
        client_id = self._client(body)
        user = self._user(body)
        files, transaction = body.get("sign_files"), str(body.get("transaction_id", ""))
        if str(body.get("serial_number", "")) not in ("", _serial(user)):
            raise Refused(400, "CREDENTIAL_NOT_MATCH_IDENTITY")
        if not self.service.users.certificate_usable(user):
            raise Refused(403, "CREDENTIAL_STATUS_INVALID")
        if (
            not _TRANSACTION.match(transaction)
            or not isinstance(files, list)
            or not 0 < len(files) <= self.service.limits.max_hashes
        ):
            raise Refused(400, "BAD_REQUEST")
        if not all(_is_file(item) for item in files) or len({item["doc_id"] for item in files}) != len(files):
            raise Refused(400, "SIGNATURE_DATA_REQUEST_INVALID_FORMAT")
        documents = [{"document_id": item["doc_id"], "document_name": _base64(item["doc_id"])} for item in files]
        digests = [base64.b64encode(bytes.fromhex(item["data_to_be_signed"])).decode() for item in files]
        try:
            await asyncio.to_thread(
                self.service.start,
                client_id,
                user,
                _base64(str(body.get("transaction_desc", ""))),
                documents,
                digests,
                transaction,
            )
        except sqlite3.IntegrityError as error:
            raise Refused(400, "TRANSACTION_EXIST") from error
        if self.service.faults.take("cut_after_taken"):
            return Cut()
        if self.service.faults.take("garbage_after_taken"):
            return Response("<html>Bad gateway</html>", media_type="text/html")
        return _answer(
            200, "sig_wait_for_user_confirm", {"transaction_id": transaction, "tran_code": secrets.token_hex(16)}
        )

    async def status(self, _body: dict[str, Any], request: Request) -> Response:
        """A transaction's state, with the signatures once it is done – in no order that could be relied on."""
        row = self.service.status(request.path_params["transaction"])
        if row is None:
            raise Refused(400, "SIGNATURE_TRANSACTION_NOT_FOUND")
        made = json.loads(row["signatures"]) if row["status"] == DONE and row["signatures"] else []
        signatures = [
            {"doc_id": item["document_id"], "signature_value": signature, "timestamp_signature": None}
            for item, signature in zip(json.loads(row["documents"]), made, strict=False)
        ]
        secrets.SystemRandom().shuffle(signatures)
        return _answer(
            200, _MESSAGES.get(row["status"], "FAILED"), {"transaction_id": row["id"], "signatures": signatures}
        )

    def _call(
        self, handler: Callable[[dict[str, Any], Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Faults first, then the body, then the call; a refusal becomes its answer."""

        async def endpoint(request: Request) -> Response:
            faults, path = self.service.faults, request.url.path
            if (fault := faults.take("http", path)) is not None:
                headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
                return Response(status_code=int(fault["status"]), headers=headers)
            if faults.take("cut", path):
                return Cut()
            try:
                body = await request.json()
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return _answer(400, "BAD_REQUEST")
            try:
                return await handler(body, request)
            except Refused as refused:
                return refused.answer

        return endpoint

    def _client(self, body: dict[str, Any]) -> str:
        client = self.service.client(str(body.get("sp_id", "")))
        if client is None or not secrets.compare_digest(
            str(body.get("sp_password", "")).encode(), client["client_secret"].encode()
        ):
            raise Refused(401, "SP_CREDENTIAL_INVALID")
        return client["client_id"]

    def _user(self, body: dict[str, Any]) -> dict[str, Any]:
        user = self.service.users.find(str(body.get("user_id", "")))
        if user is None:
            raise Refused(400, "CREDENTIAL_NOT_EXIST")
        return user

    def _certificate(self, user: dict[str, Any], transaction: str) -> dict[str, Any]:
        own, authority, root = json.loads(user["chain"])
        certificate = certificate_of(user)
        kind = "ESEAL" if user["kind"] == "organisation" else "SMARTCA"
        return {
            "service_type": kind,
            "service_name": kind,
            "cert_id": user["credential_id"],
            "cert_status": "Đang hoạt động" if self.service.users.certificate_usable(user) else "Hết hạn",
            "serial_number": _serial(user),
            "cert_subject": certificate.subject.rfc4514_string(),
            "cert_valid_from": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
            "cert_valid_to": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
            "cert_data": own,
            "chain_data": {"ca_cert": authority, "root_cert": root},
            "transaction_id": transaction,
        }


def create_app(service: Service) -> Starlette:
    """The ASGI application of one service, with the same phone and provisioning as the MySign simulator's."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    return Starlette(
        routes=[*SmartCaWire(service).routes(), *Phone(service).routes(), *Administration(service).routes()],
        lifespan=lifespan,
    )


def _answer(status: int, message: str, data: dict[str, Any] | None = None) -> JSONResponse:
    return JSONResponse({"status_code": status, "message": message, "data": data}, status)


def _serial(user: dict[str, Any]) -> str:
    return f"{certificate_of(user).serial_number:x}"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("ascii", "replace")).decode()


def _is_file(item: object) -> bool:
    return (
        isinstance(item, dict)
        and item.get("sign_type") == "hash"
        and bool(item.get("file_type"))
        and isinstance(item.get("doc_id"), str)
        and item["doc_id"] != ""
        and isinstance(item.get("data_to_be_signed"), str)
        and _SHA256_HEX.match(item["data_to_be_signed"]) is not None
    )
