"""Child processes of one command: started in order, watched, stopped in reverse order, never left behind.

``python -m hocba_app.processes PARENT MODULE ARGUMENT…`` is how a child starts: it asks the kernel to be ended with its
parent (Linux), then becomes the module.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hocba_app.domain.errors import ErrorCode, HocbaError

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 25.0
"""A worker may need this long to finish the step in hand."""
FIRST_RESTART, MAX_RESTART = 1.0, 30.0
MAX_RESTARTS = 6
"""In a row: what dies again at once so often will not live by being started a seventh time."""
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One running process.

    Args:
        name: for messages, and of its log file.
        arguments: module and its arguments.
        environment: set on top of ours.
        keep: started again when it dies.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    keep: bool
    log: Path
    output: Path
    """Its standard output; simulators say one JSON line there when they are ready."""
    process: subprocess.Popen[bytes] = field(init=False)
    watched: bool = True
    """By its family; False when somebody else looks after it."""
    started: float = 0.0
    restarts: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        command = [sys.executable, "-m", "hocba_app.processes", str(os.getpid()), *self.arguments]
        environment = {**os.environ, **self.environment, "PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"}
        with self.log.open("ab") as log, self.output.open("wb") as output:
            # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )
        self.started, self.restart_at = time.monotonic(), None

    def ready_line(self, seconds: float) -> dict[str, Any]:
        """The one JSON line it prints when it is ready.

        Raises:
            HocbaError: CHILD_FAILED when it ends or says nothing in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            line, newline, _ = self.output.read_bytes().partition(b"\n")
            if newline:
                return dict(json.loads(line))
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise self.failure()

    def failure(self) -> HocbaError:
        """What to say when it did not do what it should: the end of its log tells why."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if self.log.exists() else []
        return HocbaError(
            ErrorCode.CHILD_FAILED,
            name=self.name,
            log=self.log,
            last=lines[-1] if lines else "",
            status=self.process.poll(),
        )

    def stop(self) -> None:
        """SIGTERM, then after :data:`STOP_SECONDS` SIGKILL for it and whatever it started."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._kill_group()
        self.process.wait()

    def cpu_seconds(self) -> float:
        """Processor time it has used so far; 0 where the system does not tell (not Linux) or it has ended."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        except (OSError, ValueError):
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mebibytes(self) -> float:
        """The most memory it has held so far; 0 where :meth:`cpu_seconds` is."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0.0
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    def _kill_group(self) -> None:
        if hasattr(os, "killpg"):
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()


class Family:
    """The children of one command. Use as a context manager, from the main thread: a child lives as long as its thread.

    Args:
        folder: where the log files go.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.children: list[Child] = []

    def __enter__(self) -> Family:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self, name: str, *arguments: str, environment: Mapping[str, str] | None = None, keep: bool = False
    ) -> Child:
        """Start ``python -m <arguments>``.

        Args:
            keep: start it again, with growing pauses, whenever it dies while :meth:`watch` runs.
        """
        child = Child(
            name, arguments, environment or {}, keep, self.folder / f"{name}.log", self.folder / f"{name}.out"
        )
        child.log.unlink(missing_ok=True)
        child.start()
        self.children.append(child)
        return child

    def check(self) -> None:
        """Look at every child once: a dead one that is kept is started again.

        Raises:
            HocbaError: CHILD_FAILED when one that is not kept has died, or one that is kept cannot live.
        """
        now = time.monotonic()
        for child in self.children:
            if child.process.poll() is None or not child.watched:
                continue
            if not child.keep:
                raise child.failure()
            if child.restart_at is None:
                lived = now - child.started
                child.restarts = 0 if lived > 2 * MAX_RESTART else child.restarts + 1
                if child.restarts > MAX_RESTARTS:
                    raise child.failure()
                pause = min(MAX_RESTART, FIRST_RESTART * 2 ** max(child.restarts - 1, 0))
                child.restart_at = now + pause
                say(f"{child.failure().sentence} Khởi động lại sau {pause:.0f} giây. / Restarting in {pause:.0f} s.")
            elif now >= child.restart_at:
                child.start()

    def watch(self, stop: threading.Event) -> None:
        """:meth:`check` until asked to stop. Errors as there."""
        while not stop.wait(0.5):
            self.check()

    def close(self) -> None:
        """Stop every child, the last started first; workers, which do not need each other, at once."""
        for child in self.children:
            if child.keep and child.process.poll() is None:
                child.process.terminate()
        while self.children:
            self.children.pop().stop()


def say(text: str) -> None:
    """A line on standard error: standard output belongs to the command's result."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set while inside; a second signal interrupts at once."""
    stop = threading.Event()

    def asked(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_free_port(port: int, option: str = "HOCBA_PORT") -> None:
    """Refuse a taken port before anything is started for it.

    Args:
        option: how another one is chosen, for the message.

    Raises:
        HocbaError: PORT_TAKEN.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise HocbaError(ErrorCode.PORT_TAKEN, port=port, option=option) from error


def require_disk(folder: Path, megabytes: int) -> None:
    """Refuse to begin where the disk has less room than the work needs.

    Raises:
        HocbaError: DISK_FULL.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < megabytes * 1024 * 1024:
        raise HocbaError(ErrorCode.DISK_FULL, megabytes=megabytes, folder=folder)


def await_http(url: str, child: Child, seconds: float) -> None:
    """Wait until a child answers at ``url``.

    Raises:
        HocbaError: CHILD_FAILED.
    """
    deadline = time.monotonic() + seconds
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline and child.process.poll() is None:
            try:
                if client.get(url).status_code < 500:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
    raise child.failure()


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent dies however it dies (Linux); ends at once when it is dead already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))


def _become(parent: str, module: str, *arguments: str) -> None:
    die_with_parent(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _become(*sys.argv[1:])
