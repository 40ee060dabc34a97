"""Families get a record as soon as it is archived, and it is verified as they get it, while others are still signed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from hocba_app.models import Database
from hocba_app.rehearsal.export import Export
from hocba_app.rehearsal.records import ends_of_list
from hocba_app.rehearsal.timings import Stages
from hocba_app.rehearsal.verification_pool import Judges

LOOK_SECONDS = 2.0


class HandingOver:
    """Exports and verifies from the first archived record to the last.

    Args:
        year: whose first and last pupil pyHanko judges as well.
        folder: of the rehearsal.
        root: the simulators' root certificate, PEM.
        full: pyHanko judges every file.
    """

    def __init__(self, db: Database, school_id: str, year: str, folder: Path, root: Path, *, full: bool) -> None:
        self._began = time.monotonic()
        self._judges = Judges(folder, ends_of_list(db, school_id, year), full=full)
        self._export = Export(db, school_id, folder, root, self._judges.judge)
        self._over = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="families")
        self._running: Future[None] = self._thread.submit(self._as_they_come)

    def _as_they_come(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._export.write_archived()

    def finish(self, stages: Stages) -> tuple[list[Path], list[dict[str, str]], int]:
        """Hand over what is left, changed ones again, and wait for every verdict.

        Returns:
            Every file, relative to the folder; what is wrong (``file``, ``reason``); how many files pyHanko judged.
        """
        self._over.set()
        self._running.result()
        self._export.write_all()
        paths = self._export.paths
        stages.add("export", len(paths), self._export.seconds)
        wrong = self._judges.found()
        stages.add("verify", len(paths), time.monotonic() - self._began)
        return paths, wrong, self._judges.analysed

    def close(self) -> None:
        """Nothing of it runs on."""
        self._over.set()
        self._thread.shutdown(cancel_futures=True)
        self._judges.close()
