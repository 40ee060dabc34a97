"""A workbook's way in, as people use it: given, looked at, put right, imported – or put aside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.paging import page_within
from hocba_app.domain.school_calendar import is_school_year, newest_year, school_year_of, today
from hocba_app.models import Database, School, WorkbookImport
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import sync as report
from hocba_app.models.repositories import workbooks as stored
from hocba_app.models.repositories.school_years import require_open
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.jobs.enqueue import ask_cancel, enqueue, live_job
from hocba_app.services.storage import blobs
from hocba_app.services.workbooks.excel_columns import SHEETS
from hocba_app.services.workbooks.excel_reading import CellProblem, read_workbook
from hocba_app.services.workbooks.import_check_job import KIND, MAX_REFUSED, QUESTION, REFUSED
from hocba_app.services.workbooks.import_job import SOURCE
from hocba_app.services.workbooks.import_views import IMPORTING, ImportView, PreviewRow, preview_row, shown, titled
from hocba_app.services.workbooks.problems_file import problems_csv
from hocba_app.services.workbooks.wide_columns import CODE, NAME, TRAITS, UNREAD, path_key
from hocba_app.services.workbooks.wide_values import known_target, title_of

_CELL = re.compile(r"[A-Z]{1,3}[1-9][0-9]{0,6}")
MAX_EDITS, MAX_EDIT = 2000, 4000


def give(db: Database, who: Identity, name: str, data: bytes, *, school_year: str | None = None) -> str:
    """Take a workbook and have its preview made. It is read once here: what cannot be read is not stored.

    Args:
        data: an .xlsx, .xls, .xlsb or .ods file.
        school_year: that its classes and results belong to; by default the school's current one.

    Returns:
        The id of the import.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT, FILE_TYPE, FILE_TOO_LARGE, FILE_TOO_COMPLEX, YEAR_CLOSED, BUSY.
        Abandoned: whoever asked has left; nothing was stored.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    with db.read(who.school_id) as session:
        school = session.get_one(School, who.school_id)
        year = school_year or school.current_year or school_year_of(today())
        if year > (newest := newest_year(school.current_year, school.sector_year)):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"năm học {year} chưa bắt đầu; mới nhất là {newest}")
        require_open(session, year)
    read_workbook(data)
    workbook = blobs.put(data)
    file_name = re.sub(r"[\x00-\x1f\x7f/\\]", "", name).strip()[-160:] or "tệp Excel"
    with db.write(who.school_id) as session:
        row = WorkbookImport(file_name=file_name, workbook=workbook, school_year=year, created_by=who.account_id)
        session.add(row)
        session.flush()
        _check_again(session, row, who)
        data_of = {"school_year": year, "workbook": workbook}
        record(
            session, actor=who.account_id, action=Action.SYNC_WORKBOOK_GIVEN, subject=f"import:{row.id}", data=data_of
        )
        return row.id


def view(db: Database, who: Identity, import_id: str) -> ImportView:
    """One workbook.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        row = _import(session, import_id)
        return shown(row, stored.jobs_of(session, [row]))


def views(db: Database, who: Identity, limit: int = 10) -> list[ImportView]:
    """The newest workbooks first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        rows = stored.imports(session, max(1, min(limit, 50)))
        jobs = stored.jobs_of(session, rows)
        return [shown(row, jobs) for row in rows]


def preview(
    db: Database, who: Identity, import_id: str, *, outcome: str, page: int = 1, size: int = 30
) -> tuple[list[PreviewRow], int, int]:
    """A page of the preview.

    Args:
        outcome: of :attr:`ImportView.counts`.
        page: from 1; past the end it is the last.

    Returns:
        Its rows, how many there are on all pages, and the page.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    size = max(1, min(size, 200))
    with db.read(who.school_id) as session:
        job_id = _import(session, import_id).check_job_id or ""
        total = report.report_count(session, job_id, outcome=outcome, resource=None)
        page = page_within(page, total, size)
        rows = report.report_rows(session, job_id, outcome=outcome, resource=None, offset=(page - 1) * size, limit=size)
        return [preview_row(row) for row in rows], total, page


def problems_file(db: Database, who: Identity, import_id: str) -> bytes:
    """Every wrong cell and open question of a preview as a file for a spreadsheet; no cell can act as a formula.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        row = _import(session, import_id)
        job_id = row.check_job_id or ""
        found = [
            preview_row(each)
            for outcome in (REFUSED, QUESTION)
            for each in report.report_rows(session, job_id, outcome=outcome, resource=None, offset=0, limit=MAX_REFUSED)
        ]
    return problems_csv([CellProblem(each.sheet, each.row, each.column, each.reason) for each in found])


def targets(db: Database, who: Identity, import_id: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a column may mean, in groups: (group, [(target, title)]).

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        names: dict[str, str] = _import(session, import_id).found.get("subjects", {})
    pupil = [CODE, NAME, "pupil/birth_date", "pupil/class_code"]
    subjects = [
        f"subject_results/{code}/{key}"
        for code in names
        for key in ("year", "term1", "term2", "test", "reassessed", "comment")
    ]
    summary = [f"results/{wanted.key}" for spec in SHEETS if spec.key == "results" for wanted in spec.fields if wanted.key != "student_code" and not wanted.key.startswith(("qualities", "general_", "specific_"))]  # fmt: skip
    summary.append("results/completed")
    traits = [f"traits/{group}/{name}" for group, names in TRAITS.items() for name in names]
    listed = [f"students/{wanted.key}" for spec in SHEETS if spec.key == "students" for wanted in spec.fields if wanted.key not in ("code", "full_name", "birth_date", "class_code")]  # fmt: skip
    groups = (("Học sinh", pupil), ("Kết quả môn học", subjects), ("Tổng kết", summary), ("Phẩm chất, năng lực", traits), ("Lý lịch", listed))  # fmt: skip
    return [
        ("", [(UNREAD, title_of(UNREAD))]),
        *((name, [(target, titled(target, names)) for target in found]) for name, found in groups),
    ]


def explain(db: Database, who: Identity, import_id: str, meanings: Mapping[tuple[str, str], str]) -> None:
    """Say what columns mean: remembered for the school by their heads, and the workbook is read anew.

    Args:
        meanings: (sheet, column letter) → target.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    if any(not known_target(target) for target in meanings.values()):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ý nghĩa của cột")
    with db.write(who.school_id) as session:
        row = _editable(session, import_id)
        # Where a sheet has several tables, a letter is that of the column nobody knows yet.
        known_first = sorted(row.found.get("columns", []), key=lambda column: not column["target"])
        columns = {(column["sheet"], column["letter"]): column["head"] for column in known_first}
        if not meanings or any(place not in columns for place in meanings):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="cột được chọn")
        said = {path_key(columns[place].split(" ▸ "))[:300]: target for place, target in meanings.items()}
        stored.remember(session, said, who.account_id)
        _check_again(session, row, who)
        subject = f"import:{row.id}"
        record(
            session, actor=who.account_id, action=Action.SYNC_COLUMNS_EXPLAINED, subject=subject, data={"heads": said}
        )


def put_right(
    db: Database,
    who: Identity,
    import_id: str,
    *,
    cells: Mapping[tuple[str, str], str] | None = None,
    left_out: Sequence[tuple[str, int]] = (),
    answers: Mapping[str, str] | None = None,
) -> None:
    """Type other values in place of cells, leave rows out, answer questions; the workbook is read anew, its file stays.

    Args:
        cells: (sheet, cell) → text; "" empties it.
        left_out: (sheet, row) not to be read.
        answers: to questions, by key: :data:`near_matches.SAME` or ``OTHER``.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    cells, answers = cells or {}, answers or {}
    wrong = (
        len(cells) + len(left_out) + len(answers) > MAX_EDITS
        or any(not _CELL.fullmatch(cell) or len(text) > MAX_EDIT for (_, cell), text in cells.items())
        or any(choice not in ("same", "other") or len(key) > 200 for key, choice in answers.items())
        or any(not 0 < number < 2_000_000 for _, number in left_out)
    )
    if wrong or not (cells or left_out or answers):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chỗ sửa trong tệp")
    with db.write(who.school_id) as session:
        row = _editable(session, import_id)
        corrections = {sheet: dict(found) for sheet, found in row.corrections.items()}
        for (sheet, cell), text in cells.items():
            corrections.setdefault(sheet, {})[cell] = text
        out = {sheet: set(numbers) for sheet, numbers in row.left_out.items()}
        for sheet, number in left_out:
            out.setdefault(sheet, set()).add(number)
        if sum(map(len, corrections.values())) + sum(map(len, out.values())) > MAX_EDITS:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="quá nhiều chỗ sửa; hãy sửa trong tệp rồi tải lại")
        row.corrections, row.answers = corrections, row.answers | dict(answers)
        row.left_out = {sheet: sorted(numbers) for sheet, numbers in out.items()}
        _check_again(session, row, who)
        where = sorted(f"{sheet}!{cell}" for sheet, cell in cells)[:50]
        data = {"cells": where, "rows": len(left_out), "answers": len(answers)}
        record(session, actor=who.account_id, action=Action.SYNC_WORKBOOK_EDITED, subject=f"import:{row.id}", data=data)


def look_again(db: Database, who: Identity, import_id: str) -> None:
    """Compare the workbook anew with what is here now.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    with db.write(who.school_id) as session:
        _check_again(session, _editable(session, import_id), who)


def start(db: Database, who: Identity, import_id: str, digest: str) -> str:
    """Import what was shown, as a job.

    Args:
        digest: :attr:`ImportView.digest` of the preview somebody looked at.

    Returns:
        The job's id: a run as :func:`commands.sync_runs` shows them.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, PREVIEW_OLD, YEAR_CLOSED, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    with db.write(who.school_id) as session:
        # The school's row is locked: two people who press the button at once get one run.
        session.get_one(School, who.school_id, with_for_update={"key_share": True})
        row = _import(session, import_id, lock=True)
        found = shown(row, stored.jobs_of(session, [row]))
        if found.state == IMPORTING:
            return found.import_job_id
        require_open(session, row.school_year)
        if live_job(session, "sync") is not None:
            raise HocbaError(ErrorCode.SYNC_RUNNING)
        if not found.ready or found.digest != digest:
            raise HocbaError(ErrorCode.PREVIEW_OLD)
        arguments = {
            "source": SOURCE, "school_year": row.school_year, "workbook": row.workbook, "import": row.id, "digest": digest,
        }  # fmt: skip
        job = enqueue(session, "sync", arguments, actor=who.account_id, total=found.writes)
        session.flush()
        row.import_job_id = job.id
        session.add(row)
        record(
            session,
            actor=who.account_id,
            action=Action.SYNC_IMPORT_STARTED,
            subject=f"job:{job.id}",
            data={"import": row.id},
        )
        return job.id


def drop(db: Database, who: Identity, import_id: str) -> None:
    """Put a workbook aside; a check that is under way stops. One that is being written is stopped first, by its own button.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, SYNC_RUNNING.
    """
    require(who, Right.SYNC)
    with db.write(who.school_id) as session:
        row = _editable(session, import_id)
        if row.check_job_id:
            ask_cancel(session, row.check_job_id)
        row.dropped_at = utc_now()
        session.add(row)
        notify_all(session)
        record(session, actor=who.account_id, action=Action.SYNC_WORKBOOK_DROPPED, subject=f"import:{row.id}")


def _import(session: Session, import_id: str, *, lock: bool = False) -> WorkbookImport:
    row = stored.import_of(session, import_id, lock=lock)
    if row is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp Excel đã tải lên")
    return row


def _editable(session: Session, import_id: str) -> WorkbookImport:
    row = _import(session, import_id, lock=True)
    if shown(row, stored.jobs_of(session, [row])).state == IMPORTING:
        raise HocbaError(ErrorCode.SYNC_RUNNING)
    return row


def _check_again(session: Session, row: WorkbookImport, who: Identity) -> None:
    """Have the preview made anew; an older check stops, and its rows go when the new one begins."""
    if row.check_job_id:
        ask_cancel(session, row.check_job_id)
    job = enqueue(session, KIND, {"import": row.id, "before": row.check_job_id}, actor=who.account_id)
    session.flush()
    row.check_job_id, row.import_job_id = job.id, None
    session.add(row)
