"""The one HTTP client of this product: every answer has a largest size and a last moment, whatever the other side sends.

httpx limits the silence between two bytes, not the whole: a service that sends a byte every ten seconds holds a worker for
days, one that sends without end fills its memory. Here both are bounded, headers included.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from hocba_app.outside_calls import count

MEGABYTE = 1024 * 1024
MAX_BYTES = 4 * MEGABYTE
"""Of an answer, where the caller names no other limit."""
MAX_FACTOR = 2.0
"""All of a call may take this many times the time-out of one read."""


class AnswerTooLarge(httpx.ReadError):
    """The answer is larger than the caller takes, or compressed although nobody asked for that."""


class BoundedClient(httpx.Client):
    """An httpx client whose calls end: by an answer within its limits, or by an ``httpx.HTTPError``.

    Args:
        most_bytes: of one answer's body. A call may name another with ``extensions={"most_bytes": n}``.
        total: seconds a call may take from its first byte sent to its last byte read; None takes twice the read time-out.
            A call with a time-out of its own gets twice that.
        service: its name in the monitoring (`outside_calls.count`).
        options: as for :class:`httpx.Client`.

    Raises:
        AnswerTooLarge: by every call.
        httpx.ReadTimeout: by every call that takes longer than ``total``.
    """

    def __init__(
        self, *, most_bytes: int = MAX_BYTES, total: float | None = None, service: str = "other", **options: Any
    ) -> None:
        # No compression: a small answer must not unpack into a large one.
        headers = {"Accept-Encoding": "identity"} | dict(options.pop("headers", None) or {})
        super().__init__(headers=headers, **options)
        self._most_bytes, self._total, self._service = most_bytes, total, service
        for transport in (self._transport, *self._mounts.values()):
            if isinstance(transport, httpx.HTTPTransport):
                # httpx has no public way to a backend of one's own; a test with a dripping server holds this line.
                transport._pool._network_backend = _Backend()

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """As httpx's; an answer that is not streamed is read within the limits."""
        read_timeout = (request.extensions.get("timeout") or {}).get("read")
        total = self._total if self._total is not None else read_timeout and read_timeout * MAX_FACTOR
        before = getattr(_clock, "until", None)
        _clock.until = time.monotonic() + total if total else None
        try:
            try:
                answer = super().send(request, stream=True, **options)
            except httpx.HTTPError:
                count(self._service, None)
                raise
            count(self._service, answer.status_code)
            if stream:
                return answer
            try:
                return self._read(answer, int(request.extensions.get("most_bytes", self._most_bytes)))
            finally:
                answer.close()
        finally:
            _clock.until = before

    def _read(self, answer: httpx.Response, most_bytes: int) -> httpx.Response:
        if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise AnswerTooLarge("compressed", request=answer.request)
        if answer.is_stream_consumed:  # a transport that had it whole
            return answer
        return httpx.Response(
            answer.status_code,
            headers=[(name, value) for name, value in answer.headers.raw if name.lower() != b"transfer-encoding"],
            content=within(answer.iter_raw(), most_bytes, answer.request),
            request=answer.request,
            history=answer.history,
        )


def json_of(answer: httpx.Response) -> Any:
    """The body, or None where it is no JSON: a gateway's page, half an answer, or brackets without end."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def within(pieces: Iterable[bytes], most_bytes: int, request: httpx.Request) -> bytes:
    """The pieces of a body as one.

    Raises:
        AnswerTooLarge: they are more than ``most_bytes``.
    """
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > most_bytes:
            raise AnswerTooLarge(f"more than {most_bytes} bytes", request=request)
    return bytes(body)


_clock = threading.local()
"""``until``: when the call that this thread is making has to end. A synchronous call stays on its thread."""


def _left(timeout: float | None) -> float | None:
    until = getattr(_clock, "until", None)
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole call took too long")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection that gives each read and write no more time than its call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(host, port, _left(timeout), local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_unix_socket(path, _left(timeout), socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
