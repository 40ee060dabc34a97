"""Real worker processes: killed with SIGKILL in mid-batch, followed by another, restarted, or two at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocba_app.models import Job
from hocba_app.services.records.lock import start_lock
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, start
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

ROOT = Path(__file__).resolve().parents[3]


_WORKER = """
from hocba_app import models, startup
startup.installation = models.database  # the tables of a test are made without migrations, which the command would refuse
from hocba_app.cli import app
app(["worker"])
"""


class Workers:
    """Worker processes a test starts and kills."""

    def __init__(self, small: SmallSchool, folder: Path) -> None:
        self.environment = {**os.environ, "HOCBA_DATABASE_URL": small.db.url, "HOCBA_LOCKS_DIR": str(folder / "locks")}
        self.log = (folder / "worker.log").open("wb")
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, root: Path = ROOT) -> subprocess.Popen[bytes]:
        """A worker on the sources under ``root``."""
        environment = {**self.environment, "PYTHONPATH": str(root)}
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER], cwd=root, env=environment, stdout=self.log, stderr=self.log
        )
        self.running.append(process)
        return process

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()
        self.log.close()


@pytest.fixture
def workers(small: SmallSchool, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(small, tmp_path)
    yield made
    made.close()


def await_state(small: SmallSchool, batch_id: str, *states: str, seconds: float = 180) -> str:
    deadline = time.monotonic() + seconds
    while (state := batch(small, batch_id).state) not in states:
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state


def locked(small: SmallSchool) -> None:
    job_id = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    deadline = time.monotonic() + 180
    while True:
        with small.db.read(small.school_id) as session:
            if session.get_one(Job, (small.school_id, job_id)).state == "done":
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_killed_while_the_phone_is_asked_and_restarted(
    small: SmallSchool, outside: tuple[Rig, str, Path], workers: Workers
) -> None:
    first = workers.start()
    locked(small)
    batch_id = start(small, "TOAN")
    await_state(small, batch_id, "waiting")
    first.send_signal(signal.SIGKILL)
    first.wait()
    confirm_on_phone(small, outside[0], "TOAN")
    workers.start()
    assert await_state(small, batch_id, "committed", "ended") == "committed"
    assert (batch(small, batch_id).committed, held_leases(small)) == (2, 0)


def test_killed_for_good_and_taken_over_by_the_other(
    small: SmallSchool, outside: tuple[Rig, str, Path], workers: Workers
) -> None:
    processes = [workers.start(), workers.start()]
    locked(small)
    batch_id = start(small, "TOAN")
    await_state(small, batch_id, "waiting")
    with small.db.read(small.school_id) as session:
        holder = session.get_one(Job, (small.school_id, batch_id)).worker or ""
    names = [f"{path.stem}-{path.read_text()}" for path in Path(workers.environment["HOCBA_LOCKS_DIR"]).glob("*.id")]
    assert len(names) == 2 and holder in names, "each live worker has an id of its own"
    for process in processes:  # neither may act while the phone confirms
        process.send_signal(signal.SIGSTOP)
    confirm_on_phone(small, outside[0], "TOAN")
    processes[0].kill()
    processes[1].send_signal(signal.SIGCONT)
    assert await_state(small, batch_id, "committed", "ended") == "committed"
    assert (batch(small, batch_id).committed, held_leases(small)) == (2, 0)


def test_killed_and_restarted_on_other_sources(
    small: SmallSchool, outside: tuple[Rig, str, Path], workers: Workers, tmp_path: Path
) -> None:
    """A deployment between kill and restart: what the older sources began, the newer ones end."""
    first = workers.start()
    locked(small)
    batch_id = start(small, "TOAN")
    await_state(small, batch_id, "waiting")
    first.send_signal(signal.SIGKILL)
    first.wait()
    newer = tmp_path / "newer"
    shutil.copytree(ROOT / "hocba_app", newer / "hocba_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "assets" / "fonts", newer / "assets" / "fonts")
    for module in ("services/jobs/worker.py", "services/signing/batch.py"):
        with (newer / "hocba_app" / module).open("a", encoding="utf-8") as file:
            file.write("\n\ndef _new_in_this_release() -> None:\n    pass\n")
    confirm_on_phone(small, outside[0], "TOAN")
    workers.start(newer)
    assert await_state(small, batch_id, "committed", "ended") == "committed"
    assert (batch(small, batch_id).committed, held_leases(small)) == (2, 0)


def test_a_second_worker_starts_in_mid_step(
    small: SmallSchool, outside: tuple[Rig, str, Path], workers: Workers
) -> None:
    workers.start()
    locked(small)
    batch_id = start(small, "TOAN")
    await_state(small, batch_id, "waiting")
    for _ in range(2):
        workers.start()
    time.sleep(3)
    user = small.users["TOAN"]
    assert len(outside[0].pending(user)) == 1, "one request on the phone, however many workers there are"
    confirm_on_phone(small, outside[0], "TOAN")
    assert await_state(small, batch_id, "committed", "ended") == "committed"
    assert (batch(small, batch_id).committed, batch(small, batch_id).resends, held_leases(small)) == (2, 0, 0)
    assert outside[0].pending(user) == []
