"""What protects every request: a limit on bodies, counted and timed while they arrive; what a proxy said; careful headers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from starlette.responses import PlainTextResponse

from hocba_app.logs import socket_refused
from hocba_app.settings import settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MEGABYTE = 1024 * 1024
LIMITS = (("/uploads/", 210 * MEGABYTE), ("/verify", 55 * MEGABYTE))
ELSE = MEGABYTE
SILENT_SECONDS, GRACE_SECONDS, LEAST_PER_SECOND = 20.0, 30.0, 8 * 1024
"""A body may pause so long; and after the grace it must have come at this rate, which the slowest phone line has."""
_GONE = {"type": "http.disconnect"}
"""What the application receives for a refused body: the client is gone."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
_DOCUMENT_HEADERS = (
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (
        b"content-security-policy",
        # Reflex starts its pages with inline scripts; everything else comes from this site only.
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        b"connect-src 'self' ws: wss:; frame-ancestors 'self'; form-action 'self'; base-uri 'self'; object-src 'self'",
    ),
)


_PARTS = (
    b"text/javascript",
    b"application/javascript",
    b"text/css",
    b"font/",
    b"image/png",
    b"image/x-icon",
    b"image/vnd.m",
)
"""Types that no browser opens as a document: half a kilobyte of policy on each of twenty parts of a page says nothing."""


class BodyLimit:
    """Refuse a body over its path's limit with 413: by its announced length, or as soon as it has grown over it; a body that
    drips with 408: it would hold what it is read into for hours."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self.app(scope, receive, send)
            return
        limit = next((size for prefix, size in LIMITS if scope["path"].startswith(prefix)), ELSE)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        refusal = PlainTextResponse(f"Tệp lớn hơn {limit // MEGABYTE} MB. Hãy chọn tệp nhỏ hơn rồi gửi lại.", 413)
        if not announced.isdigit() or int(announced) > limit:
            await refusal(scope, receive, send)
            return
        seen, started, whole, refused = 0, False, False, False
        begun = time.monotonic()

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen, whole, refused, refusal
            if refused:
                return dict(_GONE)
            if whole:
                return await receive()  # nothing of the body is to come: this waits for the client to leave
            left = max(GRACE_SECONDS, seen / LEAST_PER_SECOND) - (time.monotonic() - begun)
            try:
                message = await asyncio.wait_for(receive(), min(SILENT_SECONDS, max(left, 0.0)))
            except TimeoutError:
                refused = True
                refusal = PlainTextResponse(
                    "Tệp gửi lên quá chậm nên hệ thống đã dừng nhận. Hãy kiểm tra đường truyền rồi gửi lại.", 408
                )
                return dict(_GONE)
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if seen > limit:
                refused = True
                return dict(_GONE)
            return message

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if refused and not started:
                return  # the application's own words for a body that broke off; ours follow
            started = True
            await send(message)

        await self.app(scope, counted, noted)
        if refused and not started:
            await refusal(scope, receive, send)


class SocketEnd:
    """A message that the framework cannot even take apart ends its own connection: one line in the log, not a traceback a stranger
    can have as often as he likes. The browser connects again."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # whatever a stranger's bytes do to the framework's parser
            socket_refused(type(error).__name__)
            with suppress(Exception):  # closed already
                await send({"type": "websocket.close", "code": 1007})


class BehindProxy:
    """What the proxy in front knows and we do not: that the browser speaks TLS.

    Redirects to ourselves are relative: neither the scheme nor the host that a request names can get into one. HEAD is
    answered as GET without its body, by every route.
    """

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = scope["headers"]
        if settings().trusted_proxies and (said := _last(headers, b"x-forwarded-proto")) in ("http", "https"):
            scope = {**scope, "scheme": said if scope["type"] == "http" else said.replace("http", "ws")}
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}
        host = _last(headers, b"host")

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, _relative(value, host) if name.lower() == b"location" else value)
                    for name, value in message["headers"]
                ]
                if scope["scheme"] == "https" or settings().public_url.startswith("https://"):
                    message["headers"].append(_HSTS)
            elif head:  # a part of the body, or the path of the file that is one
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
            await send(message)

        await self.app(scope, receive, sent)


def _last(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    """What the nearest proxy said; a client's own lines come before it."""
    values = [value.decode("latin-1") for name, value in headers if name == wanted]
    return values[-1].rpartition(",")[2].strip() if values else ""


def _relative(location: bytes, host: str) -> bytes:
    target = urlsplit(location.decode("latin-1"))
    if not target.netloc or target.netloc != host or target.scheme not in ("http", "https", ""):
        return location
    path = "/" + target.path.lstrip("/")  # two slashes would name another host
    return urlunsplit(("", "", path, target.query, target.fragment)).encode("latin-1")


class SecurityHeaders:
    """Headers on every answer, those for documents where one could be opened; an answer's own value stays."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower(): value for name, value in message["headers"]}
                part = present.get(b"content-type", b"").lower().startswith(_PARTS)
                wanted = _HEADERS if part else (*_HEADERS, *_DOCUMENT_HEADERS)
                message["headers"] = [*message["headers"], *(pair for pair in wanted if pair[0] not in present)]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
