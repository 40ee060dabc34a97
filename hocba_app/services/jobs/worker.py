"""The worker process: durable workflows on DBOS, a heartbeat, and a look for due jobs that nobody works on.

The job row is the truth and asks for itself (core decision 1, docs/decisions/job-pickup.md): no message can be lost. The executor's id is unique among live workers: it is
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
from hocba_app.models.connections import PATIENCE_OPTIONS, connect_arguments
from hocba_app.models.schema_check import database_file
from hocba_app.private_files import private_file, private_folder
from hocba_app.services import gc_tuning
from hocba_app.services.jobs import claim as job_claims
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.process_lock import ProcessLock, lock_first_free
from hocba_app.services.jobs.registry import MODULES
from hocba_app.services.jobs.runner import Claims, advance, advance_claimed

log = structlog.get_logger()
HEARTBEAT_SECONDS = 5.0
LOOK_SECONDS, LOOK_SECONDS_A_JOB = 0.1, 0.01
"""Between two looks for due jobs, and how much later for each job in hand: of two workers the less busy one looks first."""
AT_ONCE = 4
"""Jobs taken at one look: the next ones may be the other worker's."""
CONCURRENT_JOBS = 32
"""A batch whose phone is asked keeps its place until the answer: fewer would make teachers wait for each other."""
COMPUTING_JOBS = 3
"""Locking, printing, checking and the like: more at a time would end no sooner and make every signer wait."""
DAILY_LOOK_SECONDS = 600.0
WORKFLOW, VERSION = "run_job", "1"
"""The workflow's version, fixed: DBOS's default is a hash of the source, which strands workflows at every deployment."""


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
        if file := database_file(jobs_url):
            private_file(private_folder(file.parent) / file.name)
        config: DBOSConfig = {
            "name": "hocba",
            "system_database_url": jobs_url,
            "application_version": VERSION,
            "executor_id": self.id,
            "log_level": "WARNING",
            "enable_otlp": False,
            "notification_listener_polling_interval_sec": 0.5,
            "db_engine_kwargs": {}
            if file
            else {"connect_args": connect_arguments(sqlite=False) | {"options": PATIENCE_OPTIONS}},
        }
        self.dbos = DBOS(config=config)

        @DBOS.step(name="advance")
        def advance_step(school_id: str, job_id: str, attempt: int) -> str:
            claim = self.claims.held(job_id)
            if claim is not None and claim.attempt == attempt:
                return advance_claimed(self.db, self.claims, claim, self.stop)
            # Recovered by DBOS: the claim it was started with died with its process.
            return advance(self.db, self.claims, school_id, job_id, self.id, self.stop)

        @DBOS.workflow(name=WORKFLOW)
        def run_job(school_id: str, job_id: str, attempt: int = 0) -> str:
            return advance_step(school_id, job_id, attempt)

        self._run_job = run_job

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish the step in hand and leave the rest to others."""
        for module in MODULES:
            __import__(module)
        DBOS.launch()
        gc_tuning.settle()
        log.info("worker.started", worker=self.id)
        threads = [threading.Thread(target=loop, daemon=True) for loop in (self._beat, self._look, self._daily)]
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

    def _look(self) -> None:
        """Start what is due and nobody works on: new jobs, postponed ones, jobs of a dead worker."""
        while not self.stop.wait(LOOK_SECONDS + LOOK_SECONDS_A_JOB * self.claims.count()):
            try:
                for school_id, job_ids in self._due().items():
                    self._take(school_id, job_ids)
            except Exception:
                log.exception("worker.look_failed")

    def _due(self) -> dict[str, list[str]]:
        """By school the due jobs that this worker has room for, reserved."""
        due: dict[str, list[str]] = {}
        room = {
            True: min(AT_ONCE, CONCURRENT_JOBS - self.claims.count()),
            False: COMPUTING_JOBS - self.claims.computing(),
        }
        for waiting, free in room.items():
            for school_id, job_id in job_claims.claimable(self.db, free, waiting=waiting) if free > 0 else ():
                if self.claims.reserve(job_id, computes=not waiting):
                    due.setdefault(school_id, []).append(job_id)
        return due

    def _take(self, school_id: str, job_ids: list[str]) -> None:
        """Claim reserved jobs and start a workflow for each that is ours now."""
        waiting = dict.fromkeys(job_ids)
        try:
            for claim in job_claims.take_some(self.db, school_id, job_ids, self.id):
                self.claims.add(claim)
                with SetWorkflowID(f"{claim.job_id}:{new_id()}"):
                    DBOS.start_workflow(self._run_job, school_id, claim.job_id, claim.attempt)
                del waiting[claim.job_id]
        finally:
            for job_id in waiting:  # another worker was first; or no workflow: its claim falls silent and is taken over
                self.claims.drop(job_id)
