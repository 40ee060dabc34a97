"""Trouble on demand, so that the sync's behaviour in it can be tested.

A fault is a JSON object at ``/_faults``: ``kind``, ``times`` (1 by default, null: until cleared), ``path`` (a prefix of the
calls it strikes) and the kind's own values. It wraps the application: the service itself knows nothing of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hocba_app.simulators.smas.sector import first_page
from hocba_app.simulators.waiting_faults import WaitingFaults

KINDS = {
    "slow": "`seconds` before the call is looked at",
    "status": "`status` as HTTP status, `retry_after` seconds optional; the call is not looked at",
    "cut": "the connection is cut in the middle of the answer",
    "duplicate_page": "a page of a list is followed by itself",
    "expire_tokens": "every access token is forgotten just before the call",
}


class Faults(WaitingFaults):
    """The faults of this service."""

    def add(self, fault: Any) -> None:
        """Let a fault strike.

        Raises:
            ValueError: of no kind there is, or with values it cannot have.
        """
        if not isinstance(fault, dict) or fault.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        times = fault.get("times", 1)
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError("times is a number from 1, or null")
        if fault["kind"] == "status" and (type(fault.get("status")) is not int or not 400 <= fault["status"] <= 599):
            raise ValueError("status is an HTTP status from 400 to 599")
        if fault["kind"] == "slow" and (
            type(fault.get("seconds")) not in (int, float) or not 0 <= fault["seconds"] <= 600
        ):
            raise ValueError("seconds is a number from 0 to 600")
        self._add({**fault, "times": times, "path": str(fault.get("path") or "/")})

    def take(self, path: str) -> list[dict[str, Any]]:
        """The faults that strike a call: the first of each kind, used up by one."""
        struck: dict[str, dict[str, Any]] = {}
        with self._lock:
            for fault in list(self._waiting):
                if fault["kind"] not in struck and path.startswith(fault["path"]):
                    struck[fault["kind"]] = self._use(fault)
        return list(struck.values())


class FaultyService:
    """The application with its faults.

    Args:
        app: the application.
        faults: that may wait.
        expire_tokens: forgets every token.
    """

    def __init__(self, app: ASGIApp, faults: Faults, expire_tokens: Callable[[], None]) -> None:
        self._app, self._faults, self._expire = app, faults, expire_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            await self._app(scope, receive, send)
            return
        faults = {fault["kind"]: fault for fault in self._faults.take(scope["path"])}
        if "slow" in faults:
            await asyncio.sleep(faults["slow"]["seconds"])
        if "expire_tokens" in faults:
            self._expire()
        if "status" in faults:
            await _refuse(faults["status"], send)
        elif "cut" in faults:
            await _cut(self._app, scope, receive, send)
        elif "duplicate_page" in faults:
            await _twice(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _refuse(fault: dict[str, Any], send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    if fault.get("retry_after") is not None:
        headers.append((b"retry-after", str(fault["retry_after"]).encode()))
    await send({"type": "http.response.start", "status": fault["status"], "headers": headers})
    await send({"type": "http.response.body", "body": b'{"error":"fault"}'})


async def _collected(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    start: list[Message] = []
    parts: list[bytes] = []

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, collect)
    return start[0], b"".join(parts)


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Half of what the content length promises; the server closes the connection on the error."""
    start, body = await _collected(app, scope, receive)
    await send(start)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    raise ConnectionAbortedError


async def _twice(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """The page names itself as the one that follows. The first has no cursor of its own: one is made."""
    start, body = await _collected(app, scope, receive)
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    page = json.loads(body) if start["status"] == 200 else {}
    if "next_page" in page:
        page["next_page"] = query.get("page") or first_page(
            page["snapshot"], query.get("since", ""), query.get("school_year", "")
        )
        page.pop("cursor", None)
        body = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
        start["headers"] = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        start["headers"].append((b"content-length", str(len(body)).encode()))
    await send(start)
    await send({"type": "http.response.body", "body": body})
