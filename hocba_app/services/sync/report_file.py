"""A run's report: its rows as people read them, and as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.vietnamese_collation import sort_name, sort_title
from hocba_app.domain.wording import OUTCOME, RESOURCE
from hocba_app.models import Database, SyncRow
from hocba_app.models.repositories import sync as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.csv_cells import plain_cell
from hocba_app.services.sync.diff import LABELS

_HEADER = ("Tập dữ liệu", "Mã bản ghi", "Tên", "Kết quả", "Mục", "Lý do, thay đổi")
_CHUNK_SIZE = 1000
REPORT_SORTS = ("order", "resource", "label", "outcome", "field")
_AFTER_THE_NAME = re.compile(r" – | \(")
_OF_PEOPLE = ("staff", "students", "photos", "enrolments", "history", "results")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One record of a report."""

    id: str
    resource: str
    resource_title: str
    source_id: str
    label: str
    outcome: str
    outcome_title: str
    field: str
    field_title: str
    """The field in the school's words."""
    reason: str
    changes: list[dict[str, Any]]
    """What changed: ``[{"field", "label", "before", "after"}]``."""


def report_row(row: SyncRow) -> ReportRow:
    """A stored row as people read it."""
    details = row.details or {}
    return ReportRow(
        row.id,
        row.resource,
        RESOURCE.get(row.resource, row.resource),
        row.source_id,
        row.label,
        row.outcome,
        OUTCOME.get(row.outcome, row.outcome),
        row.field or "",
        _words(row.field),
        row.reason or "",
        details.get("changes") or [],
    )


def label_order(row: tuple[str, str, str]) -> tuple[str, str, str]:
    """Sort key of ``(id, resource, label)`` by its label: people by given name, then by their code or class; then by id."""
    id, resource, label = row
    name, *more = _AFTER_THE_NAME.split(label, 1)
    return sort_name(name) if resource in _OF_PEOPLE else sort_title(name), sort_title("".join(more)), id


def _words(path: str | None) -> str:
    """A field's path in the school's words."""
    return ", ".join(LABELS.get(part, part) for part in path.split(".")) if path else ""


def report_csv(db: Database, who: Identity, job_id: str) -> bytes:
    """The whole report, UTF-8 with a mark so that spreadsheets read Vietnamese; no cell can act as a formula.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(_HEADER)
    last = ""
    with db.read(who.school_id) as session:
        if rows.run(session, job_id) is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lần đồng bộ")
        while found := rows.rows_after(session, job_id, last, _CHUNK_SIZE):
            last = found[-1].id
            for row in map(report_row, found):
                cells = (row.resource_title, row.source_id, row.label, row.outcome_title, row.field, row.reason)
                writer.writerow([plain_cell(cell) for cell in cells])
            session.expunge_all()
    return b"\xef\xbb\xbf" + text.getvalue().encode()
