"""An S3 server (moto's) in this process, and in front of it a proxy that fails as networks and services do."""

from __future__ import annotations

import http.client
import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.server import ThreadedMotoServer

from hocba_app.settings import Settings

BUCKET = "records"


@dataclass
class FaultyS3:
    """The proxy's address, what it does to the next requests, and what it has seen."""

    url: str
    faults: list[str] = field(default_factory=list)
    """Of the next requests, one each: ``500``, ``503``, ``507``, ``403``, ``slow`` (half a second), ``cut`` (the request is lost half-way), ``deaf``
    (it is done, but the answer is lost); ``ok`` lets one pass."""
    always: str = ""
    """The fault of every request when ``faults`` is empty."""
    unlisted: set[str] = field(default_factory=set)
    """Keys that lists do not show yet."""
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers (lower case) of every request."""

    def settings(self, prefix: str = "school/records", **more: Any) -> Settings:
        """Settings of an installation whose documents lie here."""
        given = {
            "documents_url": f"s3://{BUCKET}/{prefix}",
            "s3_endpoint": self.url,
            "s3_key_id": "key",
            "s3_secret": "secret",
        }
        return Settings(_env_file=None, **(given | more))

    def next_fault(self) -> str:
        return self.faults.pop(0) if self.faults else self.always


_CODES = {"500": "InternalError", "503": "SlowDown", "507": "XMinioStorageFull", "403": "AccessDenied"}


@contextmanager
def faulty_s3() -> Iterator[FaultyS3]:
    """Serve while inside; the bucket is there and empty."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    behind = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    behind.start()
    host, port = behind.get_host_and_port()
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _handler(host, port))
    proxy.daemon_threads = True
    proxy.control = FaultyS3(f"http://127.0.0.1:{proxy.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    connection = http.client.HTTPConnection(host, port)
    connection.request("PUT", f"/{BUCKET}")
    connection.getresponse().read()
    connection.close()
    try:
        yield proxy.control  # type: ignore[attr-defined]
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
        behind.stop()


def _handler(host: str, port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server: Any

        def _any(self) -> None:
            control: FaultyS3 = self.server.control
            fault = control.next_fault()
            control.seen.append((self.command, self.path, {key.lower(): value for key, value in self.headers.items()}))
            length = int(self.headers.get("content-length") or 0)
            if fault == "cut":
                self.rfile.read(length // 2)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            if fault == "slow":
                time.sleep(0.5)
            if fault in _CODES:
                self._answer(int(fault), {}, f"<Error><Code>{_CODES[fault]}</Code></Error>".encode())
                return
            connection = http.client.HTTPConnection(host, port)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            found = connection.getresponse()
            content, headers, status = found.read(), dict(found.getheaders()), found.status
            connection.close()
            if fault == "deaf":
                self.close_connection = True
                return
            if "list-type" in self.path:
                for key in control.unlisted:
                    content = re.sub(
                        b"<Contents>(?:(?!</Contents>).)*?" + key.encode() + b".*?</Contents>", b"", content, flags=re.S
                    )
            self._answer(status, headers, content)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                if key.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                    self.send_header(key, value)
            given = {key.lower(): value for key, value in headers.items()}
            length = given.get("content-length", "0") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _any

        def log_message(self, *_: Any) -> None:
            return

    return Handler
