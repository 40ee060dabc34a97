"""The connection to PostgreSQL is lost in the midst of a commit: nobody knows whether it was done, and nothing is done twice."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import select as sql_select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, Database
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs import runner
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.signing import signer_inbox
from hocba_app.state.shared.failures import refusal_of
from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, lock, start, waiting
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("db", ["postgresql"], indirect=True)]
COMMIT = b"COMMIT\x00"
ONE_TURN = threading.Event()
ONE_TURN.set()


class Cable:
    """Between this process and the server; it breaks at one commit in six, of looks too: no two runs of a turn alike.

    Args:
        heard: the server does what it was asked, and its answer is lost; otherwise it never hears of it.
    """

    def __init__(self, host: str, port: int, *, heard: bool) -> None:
        self._server, self._heard = (host, port), heard
        self._chance, self.broken = random.Random(7), 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._server)
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is client and COMMIT in data and self._breaks():
                        if self._heard:
                            server.sendall(data)
                            server.recv(65536)
                        return
                    (server if end is client else client).sendall(data)

    def _breaks(self) -> bool:
        breaks = self._chance.random() < 1 / 6
        self.broken += breaks
        return breaks


@pytest.fixture(params=[True, False], ids=["done", "not done"])
def cable(small: SmallSchool, request: pytest.FixtureRequest) -> Iterator[tuple[Cable, SmallSchool]]:
    """The school as a process sees it whose connections break."""
    url = make_url(small.db.url)
    made = Cable(url.host or "127.0.0.1", url.port or 5432, heard=request.param)
    far = Database(url.set(host="127.0.0.1", port=made.port).render_as_string(hide_password=False))
    yield made, replace(small, db=far)
    far.dispose()
    made.close()


def test_a_batch_whose_commits_are_lost(
    cable: tuple[Cable, SmallSchool],
    small: SmallSchool,
    outside: tuple[Rig, str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The signer confirms once, every signature is kept once, the log's chain holds."""
    broken, far = cable
    monkeypatch.setattr(runner, "DATABASE_PAUSE", 0.05)
    lock(small, "results")
    job_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    deadline = time.monotonic() + 120
    while batch(small, job_id).state not in ("committed", "ended"):
        assert time.monotonic() < deadline, "never over"
        with suppress(OperationalError):  # as the worker's look does
            runner.advance(far.db, runner.RunningJobs(), small.school_id, job_id, "w0", ONE_TURN)
    phone.join()
    done = batch(small, job_id)
    assert (done.state, done.committed, done.failed, done.resends) == ("committed", 2, 0, 0)
    assert held_leases(small) == 0 and outside[0].pending(small.users["TOAN"]) == [] and broken.broken > 2
    with small.db.read(small.school_id) as session:
        assert verify_chain(session) == [] and compare(session) == []


def test_a_press_whose_commit_is_lost(cable: tuple[Cable, SmallSchool], small: SmallSchool) -> None:
    """The person reads a sentence and presses again: one batch, whether the first press was done or not."""
    lock(small, "results")
    _, far = cable
    slots = [item.slot_id for item in waiting(small, "TOAN")]
    read = []
    for _ in range(20):
        try:
            signer_inbox.start(far.db, small.people["TOAN"], slots)
        except (OperationalError, HocbaError) as error:
            read.append(refusal_of(error).code)
    with small.db.read(small.school_id) as session:
        assert len(session.exec(sql_select(Batch.id)).all()) == 1
    assert ErrorCode.NOTHING_TO_DO in read and set(read) <= {ErrorCode.NOTHING_TO_DO, ErrorCode.SERVICE_PAUSED}
