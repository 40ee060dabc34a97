"""One connection for many requests, another when it was closed, and no answer but a whole one with status 200."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hocba_app.pki.http_pool import MAX_BYTES, KeptConnections, RequestFailed


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.callers.append(self.client_address)  # type: ignore[attr-defined]
        answer = b"x" * (MAX_BYTES + 1) if body == b"large" else self.path.encode() + b" " + body
        self.send_response(503 if body == b"away" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if body == b"bye":
            self.close_connection = True  # without having said so: the client finds out at its next request

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as made:
        made.callers = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def connections(server: ThreadingHTTPServer) -> Iterator[KeptConnections]:
    made = KeptConnections(f"http://127.0.0.1:{server.server_port}/tsa?a=1", timeout=30)
    yield made
    made.close()


def test_a_connection_is_kept(server: ThreadingHTTPServer, connections: KeptConnections) -> None:
    assert [connections.post(body, {}) for body in (b"1", b"2", b"3")] == [b"/tsa?a=1 1", b"/tsa?a=1 2", b"/tsa?a=1 3"]
    assert len(set(server.callers)) == 1  # type: ignore[attr-defined]


def test_one_that_the_server_closed_is_replaced(server: ThreadingHTTPServer, connections: KeptConnections) -> None:
    connections.post(b"bye", {})
    assert connections.post(b"again", {}) == b"/tsa?a=1 again"
    assert len(set(server.callers)) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"away", b"large"])
def test_what_is_no_answer(connections: KeptConnections, body: bytes) -> None:
    with pytest.raises(RequestFailed):
        connections.post(body, {})
    assert connections.post(b"next", {}) == b"/tsa?a=1 next"


def test_nobody_listens(server: ThreadingHTTPServer) -> None:
    port = server.server_port
    server.server_close()
    gone = KeptConnections(f"http://127.0.0.1:{port}/", timeout=30)
    with pytest.raises(RequestFailed):
        gone.post(b"1", {})
    gone.close()


@pytest.mark.parametrize("url", ["", "ftp://example.vn/", "/tsa"])
def test_only_addresses_of_the_web(url: str) -> None:
    with pytest.raises(RequestFailed):
        KeptConnections(url, timeout=1).post(b"1", {})


def test_the_proxy_of_the_environment_is_told_the_whole_address(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("no_proxy", "")
    behind = KeptConnections("http://tsa.example.vn/tsa", timeout=30)
    assert behind.post(b"1", {}) == b"http://tsa.example.vn/tsa 1"
    behind.close()
