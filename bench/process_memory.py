"""How much memory a process and its children hold, read from Linux's /proc."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path


class MemoryWatch:
    """The largest resident size of a process, and of its fork server with all children, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self._most = self._children = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self._most = max(self._most, resident(self._pid))
            self._children = max(self._children, sum(_own(child) for child in _descendants(self._pid)))

    def stop(self) -> tuple[int, int]:
        self._over.set()
        self._thread.join()
        return self._most, self._children


def resident(pid: int) -> int:
    """A process's resident size in MiB."""
    return _field(f"/proc/{pid}/status", "VmRSS:")


def _own(pid: int) -> int:
    """What is this process's alone: what forks share is not counted twice."""
    with suppress(OSError):
        return _field(f"/proc/{pid}/smaps_rollup", "Pss:")
    return 0


def _field(path: str, name: str) -> int:
    with suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) // 1024
    return 0


def children_of(pid: int) -> list[int]:
    """The process ids of its children."""
    with suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def _descendants(pid: int) -> list[int]:
    children = children_of(pid)
    return children + [each for child in children for each in _descendants(child)]


def command(pid: int) -> str:
    """Its command line, "" when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""
