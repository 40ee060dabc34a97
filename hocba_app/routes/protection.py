"""What protects every request: a limit on bodies, counted while they arrive, and the headers of a careful site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from starlette.responses import PlainTextResponse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MEGABYTE = 1024 * 1024
LIMITS = (("/uploads/", 210 * MEGABYTE), ("/verify", 55 * MEGABYTE))
ELSE = MEGABYTE

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (
        b"content-security-policy",
        # Reflex starts its pages with inline scripts; everything else comes from this site only.
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        b"connect-src 'self' ws: wss:; frame-ancestors 'self'; form-action 'self'; base-uri 'self'; object-src 'self'",
    ),
)


class BodyLimit:
    """Refuse a body over its path's limit with 413: by its announced length, or as soon as it has grown over it."""

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
        seen, started = 0, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLarge
            return message

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if seen > limit and not started:
                return  # the application's own words for a body that broke off; ours follow
            started = True
            await send(message)

        with suppress(_TooLarge):
            await self.app(scope, counted, noted)
        if seen > limit and not started:
            await refusal(scope, receive, send)


class _TooLarge(Exception):
    pass


class SecurityHeaders:
    """Headers on every answer; an answer's own value of the same header stays."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in present)]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
