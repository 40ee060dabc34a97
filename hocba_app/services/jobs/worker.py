"""The worker process: durable workflows on DBOS, a heartbeat, and a sweep that takes over what others left.

DBOS only wakes a job; the job row is the truth (core decision 1). The executor's id is unique among live workers: it is
held by a lock for as long as the process lives, so a restarted worker gets its old id back and DBOS gives it its
unfinished workflows at once, while a second worker with that id cannot start.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID

from hocba_app.models import Database
from hocba_app.models.base import new_id
from hocba_app.services.jobs import claims as job_claims
from hocba_app.services.jobs.advance import Claims, advance
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.process_lock import ProcessLock, lock_first_free
from hocba_app.services.jobs.registry import MODULES
from hocba_app.services.jobs.wake import QUEUE, VERSION, WORKFLOW

log = structlog.get_logger()
HEARTBEAT_SECONDS = 5.0
SWEEP_SECONDS = 1.0
QUEUE_SECONDS = 0.5
"""Between two looks at DBOS's queue: each costs ten milliseconds, and the sweep looks too."""
CONCURRENT_JOBS = 32
"""A batch whose phone is asked keeps its place until the answer: fewer would make teachers wait for each other."""
DAILY_LOOK_SECONDS = 600.0


class Worker:
    """One worker process.

    Args:
        db: the product's database.
        jobs_url: DBOS's own database (its own file on SQLite, core decision 15).
        locks: folder of the lock files that make executor ids unique on this machine.
    """

    def __init__(self, db: Database, jobs_url: str, locks: Path) -> None:
        self.db = db
        self.stop = threading.Event()
        self.claims = Claims()
        self.lock: ProcessLock = lock_first_free(locks, "worker")
        self.id = self.lock.name
        config: DBOSConfig = {
            "name": "hocba",
            "system_database_url": jobs_url,
            "application_version": VERSION,
            "executor_id": self.id,
            "log_level": "WARNING",
            "enable_otlp": False,
            "notification_listener_polling_interval_sec": 0.5,
        }
        self.dbos = DBOS(config=config)

        @DBOS.step(name="advance")
        def advance_step(school_id: str, job_id: str) -> str:
            return advance(self.db, self.claims, school_id, job_id, self.id, self.stop)

        @DBOS.workflow(name=WORKFLOW)
        def run_job(school_id: str, job_id: str) -> str:
            return advance_step(school_id, job_id)

        self._run_job = run_job

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish the step in hand and leave the rest to others."""
        for module in MODULES:
            __import__(module)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=CONCURRENT_JOBS, polling_interval_sec=QUEUE_SECONDS)
        log.info("worker.started", worker=self.id)
        threads = [threading.Thread(target=loop, daemon=True) for loop in (self._beat, self._sweep, self._daily)]
        for thread in threads:
            thread.start()
        self.stop.wait()
        DBOS.destroy(workflow_completion_timeout_sec=20)
        self.lock.release()

    def run_until_signal(self) -> None:
        """:meth:`run`, stopped by SIGTERM or SIGINT. For the main thread of a process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.run()

    def _daily(self) -> None:
        """See to it that every school, a new one too, has its daily jobs."""
        while True:
            try:
                ensure_daily_jobs(self.db)
            except Exception:
                log.exception("worker.daily_failed")
            if self.stop.wait(DAILY_LOOK_SECONDS):
                return

    def _beat(self) -> None:
        while not self.stop.wait(HEARTBEAT_SECONDS):
            try:
                job_claims.beat(self.db, self.claims.all())
            except Exception:
                log.exception("worker.heartbeat_failed")  # the next beat tries again; 30 s of silence lose the claim

    def _sweep(self) -> None:
        """Start what nobody works on: lost wake-ups, postponed jobs that are due, jobs of a dead worker."""
        while not self.stop.wait(SWEEP_SECONDS):
            try:
                for school_id, job_id in job_claims.claimable(self.db, CONCURRENT_JOBS):
                    if not self.claims.holds(job_id):
                        with SetWorkflowID(f"{job_id}:{new_id()}"):
                            DBOS.start_workflow(self._run_job, school_id, job_id)
            except Exception:
                log.exception("worker.sweep_failed")
