"""A workbook on its way in as a page shows it: its step, how its columns were understood, what would be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.models import Job, WorkbookImport
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.workbooks.import_check_job import QUESTION, REFUSED
from hocba_app.services.workbooks.near_matches import CHOICES
from hocba_app.services.workbooks.wide_values import title_of

CHECKING, COLUMNS, PREVIEW, IMPORTING, DONE, STOPPED, FAILED = (
    "checking", "columns", "preview", "importing", "done", "stopped", "failed",
)  # fmt: skip
"""The step of a workbook: read now; a person must say what columns mean; to be looked at; written now; written; writing was
stopped on the way; it could not be read."""


@dataclass(frozen=True, slots=True)
class ImportView:
    """One workbook and its step."""

    id: str
    state: str
    file_name: str
    school_year: str
    created_at: datetime
    columns: list[dict[str, Any]] = field(default_factory=list)
    """``sheet``, ``letter``, ``head``, ``target``, ``title``, ``examples``, ``remembered``, ``wide``."""
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """Rows by outcome: new, changed, gone, rejected, question, absent."""
    digest: str = ""
    """Of what would be written; :func:`start` wants it back."""
    stage: str = ""
    progress: int = 0
    total: int = 0
    import_job_id: str = ""
    problem: str = ""
    """Why reading or writing ended, as a sentence."""

    @property
    def ready(self) -> bool:
        """Whether it may be imported as it is."""
        open_points = self.counts.get(REFUSED, 0) + self.counts.get(QUESTION, 0)
        return self.state == PREVIEW and not open_points and self.writes > 0

    @property
    def writes(self) -> int:
        """How many records would be written."""
        return sum(self.counts.get(outcome, 0) for outcome in ("new", "changed", "gone"))


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of a preview."""

    id: str
    outcome: str
    resource: str
    label: str
    cell: str
    sheet: str
    row: int
    column: str
    value: str
    reason: str
    changes: list[dict[str, Any]]
    code: str = ""
    """For programs (docs/workbook.md), of a refused cell or a question."""
    key: str = ""
    """Of a question."""
    choices: dict[str, str] = field(default_factory=dict)
    matched: str = ""
    """Of a row without a code: whose it is and by what that is known."""


def shown(row: WorkbookImport, jobs: Mapping[str, Job]) -> ImportView:
    """A stored workbook as people see it."""
    check, run = jobs.get(row.check_job_id or ""), jobs.get(row.import_job_id or "")
    found = row.found if check is not None and check.state == "done" else {}
    counts = dict(found.get("outcomes", {})) | {
        REFUSED: found.get("refused", 0), QUESTION: found.get("questions", 0), "absent": found.get("absent", 0),
    }  # fmt: skip
    state, job = _state(check, run, found)
    names = found.get("subjects", {})
    return ImportView(
        row.id,
        state,
        row.file_name,
        row.school_year,
        row.created_at,
        [column | {"title": titled(column["target"], names)} for column in found.get("columns", [])],
        found.get("notes", []),
        counts,
        found.get("digest", ""),
        job.stage if job is not None else "",
        job.progress if job is not None else 0,
        job.total if job is not None else 0,
        row.import_job_id or "",
        _problem(job),
    )


def _state(check: Job | None, run: Job | None, found: Mapping[str, Any]) -> tuple[str, Job | None]:
    if run is not None and run.state in LIVE:
        return IMPORTING, run
    if run is not None and run.state == "done":
        return DONE, run
    if check is None or check.state in LIVE:
        return CHECKING, check
    if check.state != "done":
        return FAILED, check
    if found.get("unknown"):
        return COLUMNS, None
    return (STOPPED, run) if run is not None else (PREVIEW, None)


def _problem(job: Job | None) -> str:
    if job is None or job.state != "failed" or job.error_code is None:
        return ""
    try:
        return HocbaError(ErrorCode(job.error_code), **job.error_params).sentence
    except ValueError:
        return SENTENCES[ErrorCode.INTERNAL]


def titled(target: str, names: Mapping[str, str]) -> str:
    kind, _, rest = target.partition("/")
    code, _, key = rest.rpartition("/")
    return title_of(f"{kind}/{names.get(code, code)}/{key}" if kind == "subject_results" and code else target)


def preview_row(row: Any) -> PreviewRow:
    details = row.details or {}
    column, number = details.get("column", ""), details.get("row") or 0
    return PreviewRow(
        row.id,
        row.outcome,
        row.resource,
        row.label,
        f"{column}{number or ''}",
        details.get("sheet", ""),
        number,
        column,
        details.get("value", ""),
        row.reason or "",
        details.get("changes") or [],
        details.get("code", ""),
        details.get("key", ""),
        CHOICES.get(row.field or "", {}) if row.outcome == QUESTION else {},
        details.get("matched", ""),
    )
