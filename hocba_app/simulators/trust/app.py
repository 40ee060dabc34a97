"""The trust service over HTTP: time stamps, OCSP, revocation lists, issuers' certificates."""

from __future__ import annotations

import asyncio
import base64
import binascii
from datetime import datetime
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hocba_app.simulators.trust import der, timestamp
from hocba_app.simulators.trust.authority import Authority, Pair
from hocba_app.simulators.trust.faults import TrustFaults
from hocba_app.simulators.trust.revocation import TRY_LATER, RevocationService, serial_asked
from hocba_app.simulators.trust.timestamp import TimestampUnit

MAX_REQUEST = 64 * 1024
"""Bytes; a time-stamp or OCSP request has a few hundred."""


class TrustService:
    """The service's endpoints and their state.

    Args:
        authority: the hierarchy it answers for.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.faults = TrustFaults()
        self._unit_pair, self._unit = authority.tsa, self._unit_of(authority.tsa)
        self._revocation = RevocationService(authority)

    def _unit_of(self, pair: Pair) -> TimestampUnit:
        return TimestampUnit(pair.key, pair.certificate, self.authority.ca.certificate)

    # --- time stamps ---------------------------------------------------------------------------------------------

    async def answer_timestamp(self, body: bytes) -> tuple[int, bytes]:
        """HTTP status and body for a ``TimeStampReq``."""
        faults = self.faults
        fault = faults.next_tsa()
        if faults.tsa_delay:
            await asyncio.sleep(faults.tsa_delay)
        if fault == "down":
            return 503, b"time-stamp authority unavailable"
        if fault == "garbage":
            return 200, b"<html>maintenance</html>"
        if fault == "refuse":
            return 200, timestamp.refusal(timestamp.TIME_NOT_AVAILABLE, "the clock is being set")
        if fault in ("wrong_imprint", "no_nonce"):
            body = _spoilt(body, fault)
        if (pair := self.authority.tsa) is not self._unit_pair:  # the unit has ended and another follows it
            self._unit_pair, self._unit = pair, self._unit_of(pair)
        return 200, self._unit.respond(body, clock_offset=faults.tsa_clock_offset)

    # --- revocation ----------------------------------------------------------------------------------------------

    async def ocsp(self, request: Request) -> Response:
        if request.method == "POST":
            body = await request.body()
        else:
            try:
                body = base64.b64decode(unquote(request.path_params["encoded"]), validate=True)
            except (binascii.Error, ValueError):
                body = b""
        if self.faults.ocsp_delay:
            await asyncio.sleep(self.faults.ocsp_delay)
        fault = self._ocsp_fault(body)
        if fault == "down":
            return Response(status_code=503)
        content = {"try_later": TRY_LATER, "garbage": b"?"}.get(fault) or self._revocation.respond(body, fault=fault)
        return Response(content, media_type="application/ocsp-response")

    def _ocsp_fault(self, body: bytes) -> str:
        """The fault for a request."""
        if self.faults.ocsp_of and serial_asked(body) != int(self.faults.ocsp_of, 16):
            return "ok"
        return self.faults.ocsp

    async def crl(self, request: Request) -> Response:
        if self.faults.crl == "down":
            return Response(status_code=503)
        issuer = request.path_params["issuer"]
        if issuer not in ("root", "ca"):
            return Response(status_code=404)
        content = b"?" if self.faults.crl == "garbage" else self._revocation.revocation_list(issuer)
        return Response(content, media_type="application/pkix-crl")

    async def issuer_certificate(self, request: Request) -> Response:
        pair = {"root": self.authority.root, "ca": self.authority.ca}.get(request.path_params["issuer"])
        if pair is None:
            return Response(status_code=404)
        return Response(pair.der, media_type="application/pkix-cert")

    async def pem(self, request: Request) -> Response:
        file = "root.pem" if request.url.path == "/root.pem" else "chain.pem"
        return Response((self.authority.folder / file).read_bytes(), media_type="application/x-pem-file")

    # --- control -------------------------------------------------------------------------------------------------

    async def set_faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults = TrustFaults()
        elif request.method in ("PUT", "POST"):
            try:
                self.faults = TrustFaults.of(await request.json())
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self.faults.as_dict())

    async def revoke(self, request: Request) -> Response:
        """``{serial: hex, reason?, at?}`` revokes; with DELETE the certificate is good again."""
        try:
            values = await request.json()
            serial = int(values["serial"], 16)
            if request.method == "DELETE":
                self.authority.reinstate(serial)
            else:
                at = datetime.fromisoformat(values["at"]) if values.get("at") else None
                self.authority.revoke(serial, reason=values.get("reason", "unspecified"), at=at)
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse({"serial": values["serial"]})

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "trust"})

    def app(self) -> ASGIApp:
        """The ASGI application. ``/tsa`` goes past the router: it is asked 22,000 times a year and school."""
        router = Starlette(
            routes=[
                Route("/ocsp", self.ocsp, methods=["POST"]),
                Route("/ocsp/{encoded:path}", self.ocsp, methods=["GET"]),
                Route("/crl/{issuer}.crl", self.crl),
                Route("/certificates/{issuer}.cer", self.issuer_certificate),
                Route("/root.pem", self.pem),
                Route("/chain.pem", self.pem),
                Route("/_faults", self.set_faults, methods=["GET", "PUT", "POST", "DELETE"]),
                Route("/_revoke", self.revoke, methods=["POST", "DELETE"]),
                Route("/healthz", self.health),
            ]
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == "/tsa" and scope["method"] == "POST":
                await _timestamp(self, receive, send)
            else:
                await router(scope, receive, send)

        return app


def _spoilt(body: bytes, fault: str) -> bytes:
    """The request as a faulty authority would have understood it."""
    try:
        asked = timestamp.parse_request(body)
    except timestamp.Refused:
        return body
    imprint = timestamp.random_imprint() if fault == "wrong_imprint" else asked.imprint
    nonce = b"" if fault == "no_nonce" else asked.nonce
    wanted = der.tlv(der.BOOLEAN, b"\xff") if asked.certificate_required else b""
    return der.tlv(der.SEQUENCE, der.integer(1), imprint, nonce, wanted)


def create_app(authority: Authority) -> ASGIApp:
    """The ASGI application of one authority."""
    return TrustService(authority).app()


async def _timestamp(service: TrustService, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if len(body) > MAX_REQUEST:
            status, answer = 413, b""
            break
        if not message.get("more_body"):
            status, answer = await service.answer_timestamp(body)
            break
    kind = b"application/timestamp-reply" if status == 200 else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
