"""Excel in and out: what a school exports from SMAS goes in by the same pipeline, whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.calendar import is_school_year, newest_year, school_year_of, today
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, School, SyncRow
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.activation import ensure_staff_accounts
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.csv_cells import plain_cell
from hocba_app.services.jobs.enqueue import live_job
from hocba_app.services.sync.apply import Applier
from hocba_app.services.sync.excel_columns import SHEETS
from hocba_app.services.sync.excel_export import export_tables
from hocba_app.services.sync.excel_reading import CellProblem, read_workbook
from hocba_app.services.sync.excel_records import RecordMaker, Records
from hocba_app.services.sync.excel_rows import Rows, read_rows
from hocba_app.services.sync.excel_writing import write_workbook
from hocba_app.services.sync.fetch import Collected
from hocba_app.services.sync.mapping import known
from hocba_app.services.sync.sync_job import (
    RESOURCES,
    merged_report,
    recomputation,
    recompute_again,
    refresh_after,
    subject_kinds,
)

MOST_PROBLEMS = 5000


@dataclass(frozen=True, slots=True)
class ExcelReport:
    """What became of an import: a run with its report, or every wrong cell and nothing written."""

    job_id: str | None
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


class _Refused(Exception):
    def __init__(self, problems: list[CellProblem]) -> None:
        super().__init__("refused")
        self.problems = problems


def import_workbook(db: Database, who: Identity, data: bytes, *, school_year: str | None = None) -> ExcelReport:
    """Bring in a workbook: staff, classes, subjects, pupils, assignments, results. Nothing is written if anything is wrong.

    Args:
        data: an .xlsx file.
        school_year: that its classes and results belong to; by default the school's current one.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT, FILE_TYPE, FILE_TOO_LARGE, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    rows = read_rows(read_workbook(data))
    if rows.problems:
        return ExcelReport(None, problems=rows.problems[:MOST_PROBLEMS])
    try:
        with db.write(who.school_id) as session:
            school = session.get_one(School, who.school_id, with_for_update={"key_share": True})
            running = live_job(session, "sync")
            if running is not None and running.state == "running":
                raise HocbaError(ErrorCode.SYNC_RUNNING)
            year = school_year or school.current_year or school_year_of(today())
            if year > (newest := newest_year(school.current_year, school.sector_year)):
                raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"năm học {year} chưa bắt đầu; mới nhất là {newest}")
            report = _write(session, who, rows, year)
            if year > school.current_year and report.job_id is not None:
                school.current_year = year  # as when a newer year comes from the sector
                session.add(school)
            return report
    except _Refused as refused:
        return ExcelReport(None, problems=refused.problems[:MOST_PROBLEMS])


def _write(session: Session, who: Identity, rows: Rows, year: str) -> ExcelReport:
    records = RecordMaker(session, rows, year).make()
    problems = list(records.problems)
    job = Job(kind="sync", state="done", arguments={"source": "excel", "school_year": year}, created_by=who.account_id, ended_at=utc_now())
    session.add(job)
    session.flush()
    report: dict[str, Any] = {"source": "excel"}
    total: dict[str, int] = {}
    refused: set[str] = set()
    for resource in (name for name in RESOURCES if name in records.of):
        prepare = recomputation(known(session, resource, year), subject_kinds(session)) if resource == "results" else None
        with Collected(resource) as found:
            found.add(records.of[resource], prepare)
            applied = Applier(session, job.id, found, year, borrowed=True).run()
        problems += _refusals(session, job.id, resource, records, refused)
        if resource == "staff":
            ensure_staff_accounts(session, actor=who.account_id)
        if resource == "subjects" and applied.changed_ids:
            recompute_again(session)
        stale = refresh_after(session, resource, applied)
        report = merged_report(report, resource, dict(applied.counts), None, stale)
        for outcome, count in applied.counts.items():
            total[outcome] = total.get(outcome, 0) + count
    if problems:
        raise _Refused(problems)
    job.report, job.progress, job.total = report, len(records.of), len(records.of)
    session.add(job)
    record(session, actor=who.account_id, action="sync.imported", subject=f"job:{job.id}", data={"school_year": year} | total)
    return ExcelReport(job.id, total)


def _refusals(session: Session, job_id: str, resource: str, records: Records, refused: set[str]) -> list[CellProblem]:
    """Refused records as problems of their cells; one that only lacks another refused one says nothing new.

    Args:
        refused: ids refused so far; those of this data set are added.
    """
    rows = session.exec(
        select(SyncRow).where(
            SyncRow.job_id == job_id, SyncRow.resource == resource, col(SyncRow.outcome).in_(("rejected", "conflict"))
        ).order_by(col(SyncRow.id))
    ).all()
    given = {row["id"]: row["data"] for row in records.of[resource]}
    # Only a reference can name another record; what else a refused field holds may be a list.
    own = [row for row in rows if str(given[row.source_id].get(row.field or "")) not in refused]
    refused |= {row.source_id for row in rows}
    return [records.problem(resource, row.source_id, row.field or "", row.reason or "") for row in own]


def template(who: Identity) -> bytes:
    """An empty workbook with every sheet and header; required columns carry a star.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    headers = ((spec.title, [f"{entry.header} *" if entry.required else entry.header for entry in spec.fields]) for spec in SHEETS)
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
        record(session, actor=who.account_id, action="sync.exported", subject=f"school:{school.id}", data={"school_year": year})
    with db.read(who.school_id) as session:
        return write_workbook(export_tables(session, year))


def problems_csv(problems: Sequence[CellProblem]) -> bytes:
    """The wrong cells as a file for a spreadsheet; no cell can act as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("Trang tính", "Dòng", "Cột", "Lý do"))
    writer.writerows(_lines(problems))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _lines(problems: Sequence[CellProblem]) -> Iterator[list[str]]:
    for problem in problems:
        yield [plain_cell(problem.sheet), str(problem.row or ""), problem.column, plain_cell(problem.reason)]
