"""A name that only one live process of this machine may carry: held by an operating-system lock, freed by its death."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

if os.name == "nt":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class ProcessLock:
    """A held lock; ``name`` is the name it guards."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self._file = file

    def release(self) -> None:
        self._file.close()


def lock_name(folder: Path, name: str) -> ProcessLock | None:
    """Lock one name, or None when a live process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / f"{name}.lock").open("ab")
    if _try_lock(file):
        return ProcessLock(name, file)
    file.close()
    return None


def lock_first_free(folder: Path, prefix: str) -> ProcessLock:
    """Lock the first free of ``<prefix>-0``, ``<prefix>-1``, …: a restarted process gets its old name back."""
    number = 0
    while True:
        if lock := lock_name(folder, f"{prefix}-{os.uname().nodename if hasattr(os, 'uname') else 'host'}-{number}"):
            return lock
        number += 1
