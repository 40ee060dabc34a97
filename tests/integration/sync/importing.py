"""A workbook given, looked at and imported in one go, as a clerk does who finds nothing to put right."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, WorkbookImport
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.workbooks import imports
from hocba_app.services.workbooks.excel_reading import CellProblem


@dataclass(frozen=True, slots=True)
class ExcelReport:
    """What became of it: a run with its counts, or every wrong cell and open question, and nothing written."""

    job_id: str | None
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


def import_workbook(db: Database, who: Identity, data: bytes, *, school_year: str | None = None) -> ExcelReport:
    """Raises HocbaError when it could not be given, read or written."""
    import_id = imports.give(db, who, "truong.xlsx", data, school_year=school_year)
    with db.read(who.school_id) as session:
        check = session.get_one(WorkbookImport, (who.school_id, import_id)).check_job_id
    worked(db, who, str(check))
    found = imports.view(db, who, import_id)
    wrong = [
        CellProblem(row.sheet, row.row, row.column, row.reason, row.code)
        for outcome in ("question", "rejected")
        for page in range(1, 2 + found.counts[outcome] // 200)
        for row in imports.preview(db, who, import_id, outcome=outcome, page=page, size=200)[0]
    ][: found.counts["question"] + found.counts["rejected"]]
    if wrong or not found.writes:
        return ExcelReport(None, problems=wrong)
    job_id = imports.start(db, who, import_id, found.digest)
    report = worked(db, who, job_id).report
    counts: dict[str, int] = {}
    for each in report["resources"].values():
        for outcome, count in each.items():
            counts[outcome] = counts.get(outcome, 0) + count
    return ExcelReport(job_id, {outcome: count for outcome, count in counts.items() if count})


def worked(db: Database, who: Identity, job_id: str) -> Job:
    """The job, done by a worker.

    Raises:
        HocbaError: it failed.
    """
    advance(db, RunningJobs(), who.school_id, job_id, "test-worker", threading.Event())
    with db.read(who.school_id) as session:
        job = session.exec(select(Job).where(Job.id == job_id)).one()
    if job.state == "failed":
        raise HocbaError(ErrorCode(job.error_code), **job.error_params)
    return job
