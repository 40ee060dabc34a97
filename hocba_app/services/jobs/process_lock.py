"""A name that only one live process of this machine may carry: held by an operating-system lock, freed by its death."""

from __future__ import annotations

import platform
from pathlib import Path

from filelock import FileLock, Timeout


class ProcessLock:
    """A held lock; ``name`` is the name it guards."""

    def __init__(self, name: str, held: FileLock) -> None:
        self.name = name
        self._held = held

    def release(self) -> None:
        self._held.release()


def lock_name(folder: Path, name: str) -> ProcessLock | None:
    """Lock one name, or None when a live process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock", blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return ProcessLock(name, lock)


def lock_first_free(folder: Path, prefix: str) -> ProcessLock:
    """Lock the first free of ``<prefix>-0``, ``<prefix>-1``, …: a restarted process gets its old name back."""
    number = 0
    while True:
        if lock := lock_name(folder, f"{prefix}-{platform.node() or 'host'}-{number}"):
            return lock
        number += 1
