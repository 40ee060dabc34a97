"""Kinds of jobs and the functions that do them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlmodel import Session

from hocba_app.models import Database, Job
from hocba_app.models.repositories.jobs import people_served
from hocba_app.services.audit.log import notify_all, notify_narrow
from hocba_app.services.jobs.claim import Claim, fenced_write
from hocba_app.services.jobs.results import Result

MODULES = (
    "hocba_app.services.accounts.reset_letter",
    "hocba_app.services.records.lock",
    "hocba_app.services.sync.sync_job",
    "hocba_app.services.sync.schedule",
    "hocba_app.services.workbooks.import_check_job",
    "hocba_app.services.workbooks.import_job",
    "hocba_app.services.signers.image_store",
    "hocba_app.services.signing.batch",
    "hocba_app.services.signing.archive_job",
    "hocba_app.services.signing.archive_renewal_job",
    "hocba_app.services.signing.reminders",
    "hocba_app.services.signers.key_check_job",
    "hocba_app.services.signers.connect_all",
    "hocba_app.services.printing.print_job",
    "hocba_app.services.attached.checking",
    "hocba_app.services.maintenance.audit_anchor",
    "hocba_app.services.maintenance.nightly_verification",
)
"""Modules that declare jobs; a worker imports them all before it starts."""
MAX_PAUSES = 10
"""Seconds that one slice of the night's work waits for people's: on the busiest day it still ends."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a job's function is given. It may be killed at any instruction and run again from its start."""

    db: Database
    claim: Claim
    arguments: dict[str, Any]
    actor: str

    @property
    def school_id(self) -> str:
        return self.claim.school_id

    @property
    def job_id(self) -> str:
        return self.claim.job_id

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        """A write transaction that commits only while no other worker took the job over.

        Raises:
            ClaimLost: at once, before anything is written.
        """
        with fenced_write(self.db, self.claim, durable=durable) as session:
            yield session

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Show how far the job is; watching pages reload."""
        with fenced_write(self.db, self.claim, progress=done, total=total, stage=stage) as session:
            notify_narrow(session)

    def report(self, values: dict[str, Any]) -> None:
        """Merge into the job's report. Plain JSON, no personal data."""
        with self.write() as session:
            job = session.get_one(Job, (self.school_id, self.job_id))
            job.report = {**job.report, **values}
            session.add(job)
            notify_all(session)

    def make_way(self) -> None:
        """Between two slices of the night's work: wait while people's jobs are in hand, for a time."""
        for _ in range(MAX_PAUSES):
            with self.db.installation() as session:
                if not people_served(session, besides=self.job_id):
                    return
            time.sleep(1.0)

    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        with self.db.read(self.school_id) as session:
            return session.get_one(Job, (self.school_id, self.job_id)).cancel_asked


JobFunction = Callable[[Work], Result]
_FUNCTIONS: dict[str, JobFunction] = {}


def job(kind: str) -> Callable[[JobFunction], JobFunction]:
    """Declare the function for a kind. It says whether it is done or when to call it again."""

    def declare(function: JobFunction) -> JobFunction:
        _FUNCTIONS[kind] = function
        return function

    return declare


def function_of(kind: str) -> JobFunction:
    """The function for a kind.

    Raises:
        KeyError: no module of :data:`MODULES` declares it.
    """
    if kind not in _FUNCTIONS:
        for module in MODULES:
            import_module(module)
    return _FUNCTIONS[kind]
