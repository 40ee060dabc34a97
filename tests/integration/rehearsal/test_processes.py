"""Children of a command: ready lines, failures that say why, restarts, and nothing left behind however the parent dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hocba_app import processes
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.processes import Child, Family, require_disk, require_free_port

ROOT = Path(__file__).resolve().parents[3]


def until(condition: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(tmp_path / "logs")


def trust(family: Family, folder: Path, **more: bool) -> Child:
    return family.start("trust", "hocba_app.simulators.trust", "--data", str(folder / "trust"), **more)  # type: ignore[arg-type]


def test_a_child_says_when_it_is_ready_and_ends_with_its_family(family: Family, tmp_path: Path) -> None:
    with family:
        child = trust(family, tmp_path)
        assert child.ready_line(30)["service"] == "trust"
    assert child.process.returncode is not None and not alive(child.process.pid)


def test_a_child_that_fails_tells_why(family: Family) -> None:
    with family, pytest.raises(HocbaError) as refused:
        family.start("smas", "hocba_app.simulators.smas", "--data", "/dev/null", "--schools", "university").ready_line(
            30
        )
    assert refused.value.code is ErrorCode.CHILD_FAILED
    assert "university" in refused.value.sentence and "smas.log" in refused.value.sentence


def test_a_dead_worker_is_started_again_and_another_death_ends_the_command(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FIRST_RESTART", 0.1)
    with family:
        child = trust(family, tmp_path, keep=True)
        child.ready_line(30)
        first = child.process.pid
        os.kill(first, signal.SIGKILL)
        until(lambda: family.check() or (child.process.pid != first and child.process.poll() is None))
        assert child.ready_line(30)["service"] == "trust"
        child.keep = False
        os.kill(child.process.pid, signal.SIGKILL)
        with pytest.raises(HocbaError):
            until(lambda: family.check())


def test_a_worker_that_cannot_live_ends_the_command_with_its_reason(
    family: Family, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database that another version has upgraded, say: nobody waits half an hour for its jobs."""
    monkeypatch.setattr(processes, "FIRST_RESTART", 0.0)
    monkeypatch.setattr(processes, "MAX_RESTARTS", 2)
    with family:
        family.start("smas", "hocba_app.simulators.smas", "--data", "/dev/null", "--schools", "university", keep=True)
        with pytest.raises(HocbaError) as refused:
            until(lambda: family.check())
    assert refused.value.code is ErrorCode.CHILD_FAILED
    assert capsys.readouterr().err.count("university") == 2


_PARENT = """
import sys, time
from pathlib import Path
from hocba_app.processes import Family
family = Family(Path(sys.argv[1]) / "logs")
child = family.start("trust", "hocba_app.simulators.trust", "--data", sys.argv[1] + "/trust")
child.ready_line(30)
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    until(lambda: not alive(child))


def test_a_taken_port_and_a_full_disk_are_refused_in_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HocbaError) as refused:
            require_free_port(port)
    assert refused.value.code is ErrorCode.PORT_TAKEN and str(port) in refused.value.sentence
    with pytest.raises(HocbaError) as full:
        require_disk(tmp_path, 10**9)
    assert full.value.code is ErrorCode.DISK_FULL
