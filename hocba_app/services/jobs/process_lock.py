"""A name that only one live process of this machine may carry: held by an operating-system lock, freed by its death."""

from __future__ import annotations

import platform
import secrets
from pathlib import Path

from filelock import FileLock, Timeout


class ProcessLock:
    """A held lock; ``name`` is the name it guards.

    ``identity`` is the name with a token of this folder: two machines that carry one host name guard two identities, and a
    process that locks the name again after a death has the identity of the dead.
    """

    def __init__(self, name: str, held: FileLock, folder: Path) -> None:
        self.name = name
        self._held = held
        token = folder / f"{name}.id"  # written by whoever holds the lock only
        if not token.exists() or not token.read_text().strip():
            token.write_text(secrets.token_hex(4))
        self.identity = f"{name}-{token.read_text().strip()}"

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
    return ProcessLock(name, lock, folder)


def lock_first_free(folder: Path, prefix: str) -> ProcessLock:
    """Lock the first free of ``<prefix>-0``, ``<prefix>-1``, …: a restarted process gets its old name back."""
    number = 0
    while True:
        if lock := lock_name(folder, f"{prefix}-{(platform.node() or 'host')[:40]}-{number}"):
            return lock
        number += 1
