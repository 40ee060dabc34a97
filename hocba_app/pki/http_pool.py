"""Small requests to one address over connections that stay open: 22,000 time stamps a year and school.

httpx takes three times as long for a request as the authority for its answer; what is needed here is one POST.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import time
import urllib.request
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpx

from hocba_app.process_scope import per_process

MAX_BYTES = 1024 * 1024
"""Of one answer: more is no answer of a service that we ask for kilobytes."""


class RequestFailed(Exception):
    """No answer, or none with status 200."""


class KeptConnections:
    """POST to one URL from any thread; a connection is used by one thread at a time and kept for the next.

    Args:
        url: http or https.
        timeout: seconds one request may take, with its whole answer.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        parts = urlsplit(url)
        self._secure, self._timeout = parts.scheme == "https", timeout
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._usable = parts.scheme in ("http", "https") and bool(self._host)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._named = parts.netloc.rpartition("@")[2]
        self._proxy = _proxy(parts.scheme, self._host)
        if self._proxy and not self._secure:
            self._target = f"http://{self._named}{self._target}"  # a proxy gets the whole address
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The body of the answer. The request is made again when a kept connection turns out to be closed: it must bear that.

        Raises:
            RequestFailed: the service is away, too slow, or answers with another status than 200; the URL is none of the web.
        """
        try:
            kept = self._idle.get_nowait()
        except queue.Empty:
            return self._ask(self._connection(), body, headers)
        try:
            return self._ask(kept, body, headers)
        except _Stale:
            return self._ask(self._connection(), body, headers)

    def close(self) -> None:
        """Close what is kept."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _ask(self, connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str]) -> bytes:
        fresh = connection.sock is None
        try:
            timed: Any = connection.sock
            if timed is None:
                connection.connect()
                timed = connection.sock = _TimedSocket(connection.sock)
            timed.until = time.monotonic() + self._timeout
            connection.request("POST", self._target, body, {"Host": self._named, **headers})
            answer = connection.getresponse()
            content = answer.read(MAX_BYTES + 1)
        except TimeoutError as error:
            connection.close()
            raise RequestFailed from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise (RequestFailed if fresh else _Stale) from error
        if answer.status != 200 or len(content) > MAX_BYTES:
            connection.close()
            raise RequestFailed(str(answer.status))
        if answer.will_close:
            connection.close()
        else:
            self._idle.put(connection)
        return content

    def _connection(self) -> http.client.HTTPConnection:
        if not self._usable:
            raise RequestFailed("address")
        host, port = self._proxy or (self._host, self._port)
        if not self._secure:
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=trusted_roots())
        if self._proxy:
            connection.set_tunnel(self._host, self._port)
        return connection


class _TimedSocket:
    """A connected socket whose reads end at one moment: a time-out of each read lets a byte every few seconds go on for ever."""

    def __init__(self, connected: Any) -> None:
        self._socket, self.until = connected, 0.0

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self._socket))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _TimedReader(io.RawIOBase):
    def __init__(self, clock: _TimedSocket, connected: socket.socket) -> None:
        self._clock, self._socket = clock, connected
        self._raw: Any = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._clock.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Stale(RequestFailed):
    """A kept connection was closed by the other side meanwhile."""


@per_process
def trusted_roots() -> SSLContext:
    """The roots httpx trusts, read once: reading them takes thirty milliseconds."""
    return httpx.create_ssl_context()


def _proxy(scheme: str, host: str) -> tuple[str, int] | None:
    """The proxy that the environment names for this address."""
    address = urllib.request.getproxies().get(scheme)
    if not address or urllib.request.proxy_bypass(host):
        return None
    parts = urlsplit(address if "//" in address else f"//{address}")
    return (parts.hostname, parts.port or 8080) if parts.hostname else None
