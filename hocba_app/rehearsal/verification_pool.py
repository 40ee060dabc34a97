"""Whether the finished records hold: every file is verified while the year goes on, in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

from hocba_app.services import gc_tuning

CHUNK = 40
MAX_CONCURRENT = 2
FILES_OF_A_PUPIL = 3
NICENESS = 10
"""Verifying takes what processor time signing leaves; nobody waits for it."""


class _Processes:
    """Two processes for everybody in this one who has files judged: schools that play side by side do not bring two each."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._pool: ProcessPoolExecutor | None = None

    def begin(self) -> ProcessPoolExecutor:
        with self._lock:
            self._users += 1
            if self._pool is None:
                # Spawned: this process holds threads and database connections, which a fork would copy.
                self._pool = ProcessPoolExecutor(
                    MAX_CONCURRENT, mp_context=multiprocessing.get_context("spawn"), initializer=_get_ready
                )
                for _ in range(MAX_CONCURRENT):
                    self._pool.submit(len, "")  # each starts a process
            return self._pool

    def end(self) -> None:
        """They end with the last user."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._pool is not None:
                pool, self._pool = self._pool, None
                pool.shutdown(cancel_futures=True)


_processes = _Processes()


class Judges:
    """Two processes that verify files as they come: replay for all, pyHanko for a sample or for all.

    They start at once, so that they are ready when the first file is.

    Args:
        folder: what the paths are relative to.
        sample: folder names of the pupils whose files pyHanko judges as well.
        full: pyHanko judges every file.
    """

    def __init__(self, folder: Path, sample: set[str], *, full: bool) -> None:
        self._folder, self._sample, self._full = folder, sample, full
        self._plain: list[Path] = []
        self._second: dict[str, list[Path]] = {}
        self._running: list[Future[list[dict[str, str]]]] = []
        self.analysed = 0
        """Files that pyHanko judges."""
        self._pool = _processes.begin()

    def judge(self, path: Path) -> None:
        """One more file is there."""
        if self._full or path.parent.name in self._sample:
            # Few and large: each takes a sandbox of its own.
            group = "" if self._full else path.parent.name
            self._second.setdefault(group, []).append(path)
            if len(self._second[group]) == (CHUNK if self._full else FILES_OF_A_PUPIL):
                self._give(self._second.pop(group), analyse=True)
            return
        self._plain.append(path)
        if len(self._plain) == CHUNK:
            self._give(self._plain, analyse=False)
            self._plain = []

    def found(self) -> list[dict[str, str]]:
        """What is wrong (``file``, ``reason``); called when every file is there."""
        for first in range(0, len(self._plain), CHUNK // 2):
            self._give(self._plain[first : first + CHUNK // 2], analyse=False)
        for group in self._second.values():
            for first in range(0, len(group), FILES_OF_A_PUPIL):
                self._give(group[first : first + FILES_OF_A_PUPIL], analyse=True)
        self._plain, self._second = [], {}
        return [failure for each in self._running for failure in each.result()]

    def close(self) -> None:
        """The processes end unless another judges too; what has not begun is left."""
        for each in self._running:
            each.cancel()
        _processes.end()

    def _give(self, paths: Sequence[Path], *, analyse: bool) -> None:
        self.analysed += len(paths) if analyse else 0
        self._running.append(self._pool.submit(_judge_some, self._folder, paths, analyse=analyse))


def _get_ready() -> None:
    """What judging needs is loaded before it is needed."""
    os.nice(NICENESS)
    import_module("hocba_app.services.verification.verify")
    gc_tuning.settle()


def _judge_some(folder: Path, paths: Sequence[Path], *, analyse: bool) -> list[dict[str, str]]:
    """One process's share. Importable: it runs in a process of its own."""
    from hocba_app.pki.signer_certificate import certificates_of
    from hocba_app.services.verification.verify import issuers_beside, verify

    trust = folder / "trust" / "root.pem"
    roots = list(certificates_of(trust))
    files = [(str(path), (folder / path).read_bytes()) for path in paths]
    reports = verify(files, roots=roots, issuers=issuers_beside(trust), always_analyse=analyse)
    return [
        {"file": report.path, "reason": ", ".join(reason.code for reason in report.reasons) or report.verdict}
        for report in reports
        if (report.verdict, report.integrity, report.issued_here) != ("valid", "intact", True)
    ]
