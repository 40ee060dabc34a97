"""Answers of services outside end: by size and by time, headers included, over a real socket."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from hocba_app.bounded_http import AnswerTooLarge, BoundedClient, json_of
from hocba_app.pki.http_pool import KeptConnections, RequestFailed

PAUSE = 0.05


class Outside:
    """A server that answers each connection with pieces, a pause between two."""

    def __init__(self) -> None:
        self.pieces: list[bytes] | None = None
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    for piece in self.pieces or ():
                        connection.sendall(piece)
                        self.sent += len(piece)
                        time.sleep(PAUSE)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    yield server
    server.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def test_an_answer_that_goes_on_without_end_is_left(outside: Outside) -> None:
    outside.pieces = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 1000] * 500]
    with BoundedClient(timeout=5, most_bytes=10_000) as client, pytest.raises(AnswerTooLarge):
        client.get(outside.url)
    with BoundedClient(timeout=5) as client, pytest.raises(AnswerTooLarge):
        client.get(outside.url, extensions={"most_bytes": 2000})
    assert outside.sent < 200_000


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([HEAD % 1000, *[b"x"] * 1000], id="body"),
        pytest.param([b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 1000], id="headers"),
    ],
)
def test_an_answer_that_drips_ends_although_it_is_never_silent(outside: Outside, pieces: list[bytes]) -> None:
    outside.pieces = pieces
    with BoundedClient(timeout=5, total=0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.get(outside.url)
    assert outside.sent < sum(map(len, pieces)) / 2
    outside.sent = 0
    connections = KeptConnections(outside.url, timeout=0.5)
    with pytest.raises(RequestFailed):
        connections.post(b"", {})
    assert outside.sent < sum(map(len, pieces)) / 2


def test_the_total_is_of_the_call_not_of_the_client(outside: Outside) -> None:
    outside.pieces = [HEAD % 2 + b"ok"]
    with BoundedClient(timeout=5, total=1.0) as client:
        for _ in range(3):
            time.sleep(0.4)
            assert client.get(outside.url).text == "ok"


def test_a_compressed_answer_nobody_asked_for_is_not_unpacked(outside: Outside) -> None:
    packed = gzip.compress(b"0" * 1_000_000)
    outside.pieces = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + (HEAD % len(packed)).split(b"\r\n", 1)[1] + packed
    ]
    with BoundedClient(timeout=5, most_bytes=10_000) as client, pytest.raises(AnswerTooLarge):
        client.get(outside.url)


def test_brackets_without_end_are_no_json(outside: Outside) -> None:
    body = b"[" * 100_000
    outside.pieces = [HEAD % len(body) + body]
    with BoundedClient(timeout=5) as client:
        assert json_of(client.get(outside.url)) is None


def test_no_client_of_a_service_outside_is_made_beside_this_one() -> None:
    """One bounded reader for all: OCSP, lists, signing services, the sector database, doctor."""
    from pathlib import Path

    import hocba_app

    root = Path(hocba_app.__file__).parent
    own = {"bounded_http.py", "processes.py"}  # the second asks our own start-up page on loopback
    found = [
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if file.name not in own
        and not {"simulators", "rehearsal"} & set(file.relative_to(root).parts)
        and any(
            word in file.read_text()
            for word in ("httpx.Client(", "httpx.get(", "httpx.post(", "httpx.stream(", "urlopen(", "import requests")
        )
    ]
    assert found == []
