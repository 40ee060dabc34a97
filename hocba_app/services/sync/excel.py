"""Excel in and out: what a school exports from SMAS goes in by the same pipeline; checked whole before anything is written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.calendar import is_school_year, newest_year, school_year_of, today
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, School
from hocba_app.models.database_time import database_time
from hocba_app.models.repositories.school_years import require_open
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import changed, record
from hocba_app.services.jobs.claim import Claim, finish
from hocba_app.services.jobs.enqueue import live_job
from hocba_app.services.jobs.registry import Work
from hocba_app.services.storage import blobs
from hocba_app.services.sync.excel_check import outcomes_of
from hocba_app.services.sync.excel_columns import SHEETS
from hocba_app.services.sync.excel_export import export_tables
from hocba_app.services.sync.excel_reading import CellProblem, read_workbook
from hocba_app.services.sync.excel_records import RecordMaker
from hocba_app.services.sync.excel_rows import read_rows
from hocba_app.services.sync.excel_writing import write_workbook
from hocba_app.services.sync.import_job import write_records

MOST_PROBLEMS = 5000


@dataclass(frozen=True, slots=True)
class ExcelReport:
    """What became of an import: a run with its report, or every wrong cell and nothing written."""

    job_id: str | None
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[CellProblem] = field(default_factory=list)
    """What was read although people may not see it, and sheets that were not read."""


def import_workbook(db: Database, who: Identity, data: bytes, *, school_year: str | None = None) -> ExcelReport:
    """Bring in a workbook: staff, classes, subjects, pupils, assignments, results. Nothing is written if anything is wrong.

    All of it is checked first, without a write; then it is written in steps, so that nobody else waits for the whole. The
    run is a job that this process holds: is the process killed, a worker goes on with it.

    Args:
        data: an .xlsx, .xls, .xlsb or .ods file.
        school_year: that its classes and results belong to; by default the school's current one.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT, FILE_TYPE, FILE_TOO_LARGE, FILE_TOO_COMPLEX, YEAR_CLOSED, SYNC_RUNNING, BUSY.
        Abandoned: whoever asked has left; nothing was written.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    with db.read(who.school_id) as session:
        school = session.get_one(School, who.school_id)
    year = school_year or school.current_year or school_year_of(today())
    if year > (newest := newest_year(school.current_year, school.sector_year)):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"năm học {year} chưa bắt đầu; mới nhất là {newest}")
    rows = read_rows(read_workbook(data))
    if rows.problems:
        return ExcelReport(None, problems=rows.problems[:MOST_PROBLEMS], notes=rows.notes)
    with db.read(who.school_id) as session:
        require_open(session, year)
        records = RecordMaker(session, rows, year).make()
        asked = [question.problem for question in records.questions]
        problems = asked + records.problems + outcomes_of(session, records, year).problems
    if problems:
        return ExcelReport(None, problems=problems[:MOST_PROBLEMS], notes=rows.notes)
    claim = _begun(db, who, {"source": "excel", "school_year": year, "workbook": blobs.put(data)})
    counts = write_records(Work(db, claim, {"school_year": year}, who.account_id), records)
    finish(db, claim, "done")
    return ExcelReport(claim.job_id, counts, notes=rows.notes)


def _begun(db: Database, who: Identity, arguments: dict[str, Any]) -> Claim:
    """A run of this process's own; no sync begins beside it.

    Raises:
        HocbaError: SYNC_RUNNING.
    """
    with db.write(who.school_id) as session:
        session.get_one(School, who.school_id, with_for_update={"key_share": True})
        running = live_job(session, "sync")
        if running is not None and running.state == "running":
            raise HocbaError(ErrorCode.SYNC_RUNNING)
        job = Job(
            kind="sync",
            state="running",
            arguments=arguments,
            created_by=who.account_id,
            worker=f"import-{uuid.uuid4().hex[:12]}",
            attempt=1,
            computes=False,
        )
        job.heartbeat_at = database_time()  # type: ignore[assignment]
        session.add(job)
        session.flush()
        changed(session)
        return Claim(who.school_id, job.id, job.worker or "", job.attempt)


def template(who: Identity) -> bytes:
    """An empty workbook with every sheet and header; required columns carry a star.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    headers = (
        (spec.title, [f"{entry.header} *" if entry.required else entry.header for entry in spec.fields])
        for spec in SHEETS
    )
    return write_workbook([(title, header, ()) for title, header in headers])


def export_workbook(db: Database, who: Identity, *, school_year: str | None = None) -> bytes:
    """What is here of a school year, in the form that can be imported.

    Args:
        school_year: by default the school's current one.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    with db.write(who.school_id) as session:
        school = session.get_one(School, who.school_id)
        year = school_year or school.current_year or school_year_of(today())
        record(
            session,
            actor=who.account_id,
            action=Action.SYNC_EXPORTED,
            subject=f"school:{school.id}",
            data={"school_year": year},
        )
    with db.read(who.school_id) as session:
        return write_workbook(export_tables(session, year))
