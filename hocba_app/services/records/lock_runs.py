"""How the locks of a school go: running ones with their progress, ended ones with whom they did not take and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.models import Database, Job, SchoolClass, Student
from hocba_app.models.repositories import find
from hocba_app.models.repositories.audit import account_names
from hocba_app.models.repositories.job_history import newest_jobs
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.enqueue import LIVE, ask_cancel


@dataclass(frozen=True, slots=True)
class NotLocked:
    """One pupil a lock passed over."""

    student_code: str
    student_name: str
    outcome: str
    """``left_out``, ``blocked`` or ``failed``."""
    reason: str


@dataclass(frozen=True, slots=True)
class LockRun:
    """One lock, of one kind, for one class or several."""

    id: str
    kind: str
    classes: tuple[str, ...]
    state: str
    progress: int
    total: int
    stage: str
    started_at: datetime
    started_by: str
    stopping: bool
    problem: str
    counts: Mapping[str, int]
    """By outcome: ``locked``, ``locked_before``, ``left_out``, ``blocked``, ``failed``."""
    not_locked: tuple[NotLocked, ...]

    @property
    def live(self) -> bool:
        """Whether it is not over."""
        return self.state in LIVE


def lock_runs(db: Database, who: Identity, *, limit: int = 9) -> list[LockRun]:
    """The newest locks.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LOCK)
    with db.read(who.school_id) as session:
        jobs = newest_jobs(session, "lock", limit)
        names = account_names(session)
        classes = dict(find.columns_of(session, SchoolClass.id, SchoolClass.name))
        return [_run(session, job, names, classes) for job in jobs]


def cancel_lock(db: Database, who: Identity, job_id: str) -> None:
    """Stop a lock after the pupils in hand; what it has locked stays locked.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.LOCK)
    with db.write(who.school_id) as session:
        job = session.get(Job, (who.school_id, job_id))
        if job is None or job.kind != "lock":
            raise HocbaError(ErrorCode.NOT_FOUND, what="lượt chốt")
        ask_cancel(session, job_id)


def _run(session: Session, job: Job, names: Mapping[str, str], classes: Mapping[str, str]) -> LockRun:
    rows: list[dict[str, str]] = job.report.get("students", [])
    passed: list[dict[str, str]] = [row for row in rows if row["outcome"] in ("left_out", "blocked", "failed")]
    students = find.by_ids(session, Student, {row["student"] for row in passed})
    return LockRun(
        id=job.id,
        kind=job.arguments["kind"],
        classes=tuple(classes.get(item, "") for item in job.arguments["class_ids"]),
        state=job.state,
        progress=job.progress,
        total=job.total,
        stage=job.stage,
        started_at=job.created_at,
        started_by=names.get(job.created_by, ""),
        stopping=job.cancel_asked and job.state in LIVE,
        problem=_sentence(job.error_code, job.error_params),
        counts=Counter(row["outcome"] for row in rows),
        not_locked=tuple(
            NotLocked(
                students[row["student"]].code, students[row["student"]].full_name, row["outcome"], row.get("reason", "")
            )
            for row in passed
            if row["student"] in students
        ),
    )


def _sentence(code: str | None, params: dict[str, Any]) -> str:
    known = {item.value: item for item in SENTENCES}
    return HocbaError(known[code], **params).sentence if code in known else ""
