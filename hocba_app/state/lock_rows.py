"""What the page "Chốt" shows, row by row."""

from __future__ import annotations

import dataclasses

from hocba_app.domain.calendar import local_text
from hocba_app.domain.wording import JOB, KIND_SHORT
from hocba_app.services.overview.dashboard import ClassProgress
from hocba_app.services.records import lock_runs
from hocba_app.services.records.preview import LockRow

_RUN_TONE = {"done": "ok", "failed": "problem", "cancelled": "info"}


_OUTCOME = {"left_out": "Để riêng", "blocked": "Chưa chốt được", "failed": "Lỗi"}


@dataclasses.dataclass
class ClassRow:
    """One class to choose."""

    id: str
    name: str
    students: int
    locked: int
    percent: int
    all_locked: bool


@dataclasses.dataclass
class PupilRow:
    """One pupil of the class looked at."""

    id: str
    code: str
    name: str
    tone: str
    state_name: str
    chosen: bool
    fixed: bool
    """The checkbox cannot be changed: locked already, or blocked."""
    findings: list[str]
    changes: list[str]
    preview_href: str
    look: bool
    """Somebody should look at him."""
    needs_reason: bool
    """Is taken once a reason stands."""


@dataclasses.dataclass
class Passed:
    """One pupil a lock did not take."""

    code: str
    name: str
    outcome: str
    reason: str


@dataclasses.dataclass
class RunCard:
    """One lock."""

    id: str
    title: str
    detail: str
    tone: str
    state_name: str
    live: bool
    stopping: bool
    percent: int
    progress_text: str
    problem: str
    summary: str
    passed: list[Passed]


def state_of(row: LockRow) -> tuple[str, str]:
    if row.locked:
        return "ok", "Đã chốt"
    if row.needs_reason:
        wrong = any(finding.acceptable and finding.checkable for finding in row.findings)
        return "problem", "Khác cách tính lại" if wrong else "Không kiểm tra được"
    if not row.can_lock:
        return "problem", "Chưa chốt được"
    if row.left_out:
        return "wait", "Để riêng"
    return ("wait", "Nên xem lại") if row.findings or row.changed else ("todo", "Sẵn sàng chốt")


def class_row(progress: ClassProgress, kind: str) -> ClassRow:
    locked = sum(count for step, count in progress.steps[kind].items() if step != "open")
    whole = max(progress.students, locked)
    return ClassRow(
        id=progress.class_id,
        name=progress.name,
        students=whole,
        locked=locked,
        percent=round(100 * locked / whole) if whole else 0,
        all_locked=whole > 0 and locked >= whole,
    )


def run_card(run: lock_runs.LockRun) -> RunCard:
    counts = run.counts
    words = (
        ("locked", "đã chốt {}"),
        ("locked_before", "chốt từ trước {}"),
        ("left_out", "để riêng {}"),
        ("blocked", "chưa chốt được {}"),
        ("failed", "lỗi {}"),
    )
    missed = counts.get("blocked", 0) + counts.get("failed", 0)
    names = ", ".join(name for name in run.classes if name)
    return RunCard(
        id=run.id,
        title=f"{KIND_SHORT[run.kind]} · {names if len(names) < 80 else f'{len(run.classes)} lớp'}",
        detail=f"{local_text(run.started_at)} · {run.started_by}",
        tone="wait" if run.live or (missed and run.state == "done") else _RUN_TONE.get(run.state, "info"),
        state_name="Xong, còn học sinh chưa chốt" if missed and run.state == "done" else JOB[run.state],
        live=run.live,
        stopping=run.stopping,
        percent=round(100 * run.progress / run.total) if run.total else 0,
        progress_text=f"{run.progress}/{run.total} học sinh · {run.stage}" if run.total else "Đang chờ bắt đầu…",
        problem=run.problem,
        summary=" · ".join(text.format(counts[key]) for key, text in words if counts.get(key)),
        passed=[
            Passed(row.student_code, row.student_name, _OUTCOME[row.outcome], row.reason or "Đã chọn để riêng.")
            for row in run.not_locked
        ],
    )
