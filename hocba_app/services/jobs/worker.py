"""The worker process: a thread for each job in hand, a heartbeat, and a look for due jobs that nobody works on.

The job row is the truth and asks for itself (core decision 1, docs/decisions/0033-job-engine.md): no message can be lost. The
worker's id is unique among live workers: it is held by a lock for as long as the process lives, so a restarted worker gets
its old id back and with it the jobs that its earlier life had in hand, while a second worker with that id cannot start.
"""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import structlog

from hocba_app.models import Database
from hocba_app.models.job_signal import JobSignal
from hocba_app.models.postgresql_statistics import count_grown
from hocba_app.models.repositories import jobs as rows
from hocba_app.services import gc_tuning
from hocba_app.services.jobs import claim as job_claims
from hocba_app.services.jobs.claim import Claim
from hocba_app.services.jobs.daily import delete_old_jobs, ensure_daily_jobs
from hocba_app.services.jobs.process_lock import ProcessLock, lock_first_free
from hocba_app.services.jobs.registry import MODULES
from hocba_app.services.jobs.runner import advance_claimed
from hocba_app.services.jobs.running_jobs import RunningJobs

log = structlog.get_logger()
HEARTBEAT_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""Between two looks for due jobs when no signal comes: for postponed jobs, silent workers, and signals that were lost."""
LOOK_SECONDS_A_JOB = 0.01
"""How much later for each job in hand: of two workers the less busy one looks first."""
CLAIM_SIZE = 4
"""Jobs of a class taken at one look: the next ones may be the other worker's."""
HOUSEKEEPING_SECONDS = 600.0
COUNT_SECONDS = 5.0
LAST_SECONDS = 20.0
"""For the jobs in hand of a worker that is asked to stop. What is not done by then is taken over by another, or by its next life."""


class Worker:
    """One worker process.

    Args:
        db: the product's database.
        locks: folder of the lock files that make workers' ids unique on this machine.
    """

    def __init__(self, db: Database, locks: Path) -> None:
        self.db = db
        self.stop = threading.Event()
        self.running = RunningJobs()
        self.signal = JobSignal(db)
        self.lock: ProcessLock = lock_first_free(locks, "worker")
        self.id = self.lock.identity

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish the turns in hand and leave the rest to others."""
        for module in MODULES:
            __import__(module)
        job_claims.release_all_of(self.db, self.id)
        gc_tuning.settle()
        log.info("worker.started", worker=self.id)
        for loop in (self._beat, self._look, self._keep_house, self._count):
            threading.Thread(target=loop, daemon=True).start()
        self.stop.wait()
        deadline = time.monotonic() + LAST_SECONDS
        while self.running.count() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.signal.close()
        self.lock.release()

    def run_until_signal(self) -> None:
        """:meth:`run`, stopped by SIGTERM or SIGINT. For the main thread of a process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.run()

    def _keep_house(self) -> None:
        """See to it that every school, a new one too, has its daily jobs, and that old rows go."""
        while True:
            for work in (ensure_daily_jobs, delete_old_jobs):
                try:
                    work(self.db)
                except Exception:
                    log.exception("worker.housekeeping_failed", work=work.__name__)
            if self.stop.wait(HOUSEKEEPING_SECONDS):
                return

    def _beat(self) -> None:
        while not self.stop.wait(HEARTBEAT_SECONDS):
            try:
                job_claims.beat(self.db, self.running.all())
            except Exception:
                log.exception("worker.heartbeat_failed")  # the next beat tries again; 30 s of silence lose the claim

    def _count(self) -> None:
        """See to it that the database knows how large its tables are; a large one that grows slowly it counts itself."""
        while not self.stop.wait(COUNT_SECONDS):
            try:
                count_grown(self.db.engine)
            except Exception as error:
                log.warning("worker.not_counted", reason=type(error).__name__)

    def _look(self) -> None:
        """Start what is due and nobody works on: new jobs, postponed ones, jobs of a dead worker."""
        while not self.stop.is_set():
            self.signal.wait(LOOK_SECONDS)
            if self.stop.wait(LOOK_SECONDS_A_JOB * self.running.count()):
                return
            try:
                due = self._due()
            except Exception:
                log.exception("worker.look_failed")
                continue
            taken = 0
            for school_id, job_ids in due.items():
                try:
                    taken += self._take(school_id, job_ids)
                except Exception:  # one school's trouble is not the next one's, whose jobs are reserved
                    log.exception("worker.take_failed", school=school_id)
            if taken:
                self.signal.ring()  # there may be more

    def _due(self) -> dict[str, list[str]]:
        """By school the due jobs that this worker has room for, reserved."""
        due: dict[str, list[str]] = {}
        if room := self.running.room(CLAIM_SIZE):
            with self.db.installation() as session:
                found = rows.due(session, room, self.running.crowded())
            for each in found:
                if self.running.reserve_due(each):
                    due.setdefault(each.school_id, []).append(each.job_id)
        return due

    def _take(self, school_id: str, job_ids: list[str]) -> int:
        """Claim reserved jobs and start a thread for each that is ours now. Returns how many are."""
        reserved = dict.fromkeys(job_ids)
        try:
            for claim in job_claims.take_some(self.db, school_id, job_ids, self.id):
                self.running.add(claim)
                # Not of a pool: its threads would keep a stopped process alive until the last of them has ended.
                threading.Thread(target=self._advance, args=(claim,), name=claim.job_id, daemon=True).start()
                del reserved[claim.job_id]
        finally:
            for job_id in reserved:  # another worker was first; or no thread: its claim falls silent and is taken over
                self.running.drop(job_id)
        return len(job_ids) - len(reserved)

    def _advance(self, claim: Claim) -> None:
        try:
            advance_claimed(self.db, self.running, claim, self.stop)
        except Exception:
            log.exception("worker.turn_failed", job=claim.job_id)  # its claim falls silent and is taken over
        finally:
            self.signal.ring()  # a place is free
