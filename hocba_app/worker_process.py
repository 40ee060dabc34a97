"""The worker as a service: it says that it lives, and answers whoever watches it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import structlog

from hocba_app.models import Database
from hocba_app.models.repositories import workers
from hocba_app.services.jobs.worker import Worker
from hocba_app.services.maintenance.readiness import KeptReadiness
from hocba_app.services.metrics import CONTENT_TYPE, as_text
from hocba_app.settings import settings

log = structlog.get_logger()
SAID_SECONDS = 10.0


def work(db: Database) -> None:
    """Work until SIGTERM or SIGINT."""
    worker = Worker(db, Path(settings().locks_dir))
    with present(db, worker.id), answering(db, settings().worker_port):
        worker.run_until_signal()


@contextmanager
def present(db: Database, worker: str) -> Iterator[None]:
    """Say every few seconds that a worker lives, and at the end that it is gone."""
    over = threading.Event()

    def say() -> None:
        while True:
            try:
                with db.installation(write=True) as session:
                    workers.seen(session, worker)
            except Exception as error:
                log.warning("worker.not_said", reason=type(error).__name__)
            if over.wait(SAID_SECONDS):
                return

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        try:
            with db.installation(write=True) as session:
                workers.gone(session, worker)
        except Exception as error:  # a minute later it counts as gone
            log.warning("worker.not_said", reason=type(error).__name__)


@contextmanager
def answering(db: Database, port: int) -> Iterator[int]:
    """``/healthz``, ``/readyz`` and ``/metrics`` on this machine's loopback address.

    Args:
        port: 0 for none.
    """
    if not port:
        yield 0
        return
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(db))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(db: Database) -> type[BaseHTTPRequestHandler]:
    kept = KeptReadiness()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(200, "text/plain", "ok")
            elif self.path == "/readyz":
                found = kept.get(db)
                self._answer(200 if found.ready else 503, "application/json", json.dumps(found.as_json()))
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE, as_text(db))
            else:
                self._answer(404, "text/plain", "")

        def _answer(self, status: int, kind: str, body: str) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler
