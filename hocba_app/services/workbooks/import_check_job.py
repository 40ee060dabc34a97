"""The job that reads a workbook and writes its preview: rows of a report, each with its cell; nothing of the school's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Job, Subject, SyncRow
from hocba_app.models.base import new_id
from hocba_app.models.repositories import find
from hocba_app.models.repositories import workbooks as stored
from hocba_app.models.repositories.sync import insert_rows
from hocba_app.services.audit.log import notify_all
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done
from hocba_app.services.sync.steps import Cancelled
from hocba_app.services.workbooks.import_plan import ABSENT, Plan, plan_of
from hocba_app.services.workbooks.sheet_rows import Column

KIND = "workbook_check"
QUESTION, REFUSED = "question", "rejected"
MAX_REFUSED = 5000
_CHUNK_SIZE = 100
"""Rows of one transaction: some hundredths of a second."""


@job(KIND)
def check_workbook(work: Work) -> Done:
    """Make the preview. Killed anywhere it is made anew from the beginning."""
    with suppress(Cancelled):
        _check(work)
    return Done()


def _check(work: Work) -> None:
    work.progress(0, 0, "Đọc tệp")
    with work.db.read(work.school_id) as session:
        row = stored.import_of(session, work.arguments["import"])
    if row is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp Excel đã tải lên")
    plan = plan_of(work.db, work.school_id, row)
    _forget(work, work.job_id)
    if before := work.arguments.get("before"):
        _forget(work, before)
    preview = list(_preview_rows(plan))
    for start in range(0, len(preview), _CHUNK_SIZE):
        if work.cancelled():
            raise Cancelled
        with work.write() as session:
            rows = [_row(session, work.job_id, values) for values in preview[start : start + _CHUNK_SIZE]]
            insert_rows(session, SyncRow, rows)
        work.progress(min(start + _CHUNK_SIZE, len(preview)), len(preview), "So với dữ liệu đang có")
    with work.db.read(work.school_id) as session:
        names = dict(find.columns_of(session, Subject.code, Subject.name))
    # The digest of thousands of rows takes as long as a step: nobody waits for it.
    found, outcomes = _found(plan, names), dict(Counter(values["outcome"] for values in preview))
    with work.write() as session:
        row = stored.import_of(session, work.arguments["import"], lock=True)
        if row is not None and row.check_job_id == work.job_id:
            row.found = found
            session.add(row)
        done = session.get_one(Job, (work.school_id, work.job_id))
        done.report = {"outcomes": outcomes}
        session.add(done)
        notify_all(session)


def _forget(work: Work, job_id: str) -> None:
    more = True
    while more:
        with work.write() as session:
            more = stored.forget_report(session, job_id, 2 * _CHUNK_SIZE) > 0


def _preview_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """Everything a person has to look at: what is wrong, what only he knows, then what would be written."""
    for problem in plan.problems[:MAX_REFUSED]:
        where = {"sheet": problem.sheet, "row": problem.row, "column": problem.column, "code": problem.code}
        yield {
            "resource": "workbook", "source_id": "", "label": f"{problem.sheet} {problem.cell}".strip(), "outcome": REFUSED,
            "field": problem.code, "reason": problem.reason, "details": where | {"value": _value(plan, problem.sheet, problem.cell)},
        }  # fmt: skip
    for question in plan.records.questions[:MAX_REFUSED]:
        problem = question.problem
        where = {"sheet": problem.sheet, "row": problem.row, "column": problem.column, "code": problem.code}
        yield {
            "resource": question.resource, "source_id": "", "label": f"{problem.sheet} {problem.cell}".strip(), "outcome": QUESTION,
            "field": question.kind, "reason": problem.reason, "details": where | {"key": question.key},
        }  # fmt: skip
    for planned in plan.outcomes.planned:
        details = {key: value for key, value in planned["details"].items() if key != "data"}
        yield planned | {"details": details}
    for source_id, label in plan.absent:
        yield {
            "resource": "students", "source_id": source_id, "label": label, "outcome": ABSENT, "field": None,
            "reason": "Có ở trường, không có trong tệp; giữ nguyên, không bị xóa.", "details": {},
        }  # fmt: skip


def _value(plan: Plan, sheet: str, cell: str) -> str:
    return plan.cells.get((sheet, cell), "")[:200]


def _row(session: Session, job_id: str, values: dict[str, Any]) -> dict[str, Any]:
    bounded = values | {
        "label": values["label"][:200],
        "reason": (values["reason"] or "")[:500] or None,
        "field": (values["field"] or "")[:60] or None,
    }
    return {"school_id": session.info["school_id"], "id": new_id(), "job_id": job_id} | bounded


def _found(plan: Plan, names: dict[str, str]) -> dict[str, Any]:
    """What the page shows above the rows; ``names`` of subjects by code."""
    return {
        "forms": sorted(plan.rows.forms),
        "columns": [_column(column) for column in plan.rows.columns],
        "unknown": len(plan.rows.unknown),
        "sheets": {key: len(entries) for key, entries in plan.rows.of.items()},
        "notes": [f"{note.sheet}: {note.reason}" for note in plan.rows.notes[:40]],
        "outcomes": dict(Counter(values["outcome"] for values in plan.outcomes.planned)),
        "refused": len(plan.problems),
        "questions": len(plan.records.questions),
        "absent": len(plan.absent),
        "digest": plan.digest,
        "subjects": names,
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "sheet": column.sheet,
        "letter": column.letter,
        "head": column.head,
        "target": column.target,
        "examples": list(column.examples),
        "remembered": column.remembered,
        "wide": column.wide,
    }
