"""What the page "Đồng bộ" shows, row by row."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import JOB, RESOURCE
from hocba_app.services.sync import commands, conflicts
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.sync_scope import scope_of_classes

_SUBMISSION = {"beginning_of_year": "Dữ liệu đầu năm", "results": "Kết quả học tập"}


_TERM = {"I": "học kì I", "II": "cả năm", "summer": "sau hè"}


_RUN_TONE = {"done": "ok", "failed": "problem", "cancelled": "wait"}


@dataclasses.dataclass
class SnapshotRow:
    """One submission at the sector database."""

    name: str
    number: int
    accepted_at: str
    state_name: str
    tone: str


@dataclasses.dataclass
class RunRow:
    """One run."""

    id: str
    at: str
    by: str
    scope: str
    """What was asked for: the whole school, or which data sets and classes."""
    state_name: str
    tone: str
    problem: str
    new: int
    changed: int
    gone: int
    refused: int


@dataclasses.dataclass
class ReportRow:
    """One row of a run's report."""

    resource: str
    label: str
    outcome: str
    tone: str
    field: str
    reason: str


@dataclasses.dataclass
class Fact:
    """One field of both sides of a conflict."""

    label: str
    ours: str
    incoming: str


@dataclasses.dataclass
class ConflictCard:
    """One record whose identity is in doubt."""

    id: str
    title: str
    reason: str
    facts: list[Fact]
    choices: list[SelectOption]
    decision: str


def snapshot_row(snapshot: commands.SectorSnapshot) -> SnapshotRow:
    name = _SUBMISSION.get(snapshot.kind, snapshot.kind)
    if snapshot.term:
        name += f", {_TERM.get(snapshot.term, snapshot.term)}"
    return SnapshotRow(
        name,
        snapshot.number,
        _instant(snapshot.accepted_at),
        "Đã đồng bộ" if snapshot.received else "Sẽ về khi đồng bộ",
        "ok" if snapshot.received else "todo",
    )


def conflict_card(conflict: conflicts.Conflict) -> ConflictCard:
    labels = dict.fromkeys((*conflict.ours.values, *conflict.incoming.values))
    return ConflictCard(
        conflict.id,
        f"{conflict.resource_title}: {conflict.label}",
        conflict.reason,
        [Fact(label, conflict.ours.values.get(label, ""), conflict.incoming.values.get(label, "")) for label in labels],
        [SelectOption(value, label) for value, label in conflict.choices.items()],
        conflicts.CHOICES.get(conflict.decision, ""),
    )


def _instant(text: str) -> str:
    try:
        return local_text(datetime.fromisoformat(text))
    except ValueError:
        return text


def run_row(run: commands.SyncRun) -> RunRow:
    counts = run.counts
    return RunRow(
        run.id,
        local_text(run.started_at),
        run.started_by,
        _scope(run),
        JOB.get(run.state, run.state),
        _RUN_TONE.get(run.state, "wait"),
        run.problem,
        counts["new"],
        counts["changed"],
        counts["gone"],
        counts["rejected"] + counts["conflict"],
    )


def _scope(run: commands.SyncRun) -> str:
    year = f", năm học {run.school_year}" if run.school_year else ""
    if not run.chosen_resources and not run.chosen_classes:
        return ("Tệp Excel" if run.from_file else "Cả trường") + year
    sets = ", ".join(RESOURCE.get(key, key) for key in run.chosen_resources) or "Mọi loại dữ liệu"
    return (f"{sets}, {scope_of_classes(run.chosen_classes)}" if run.chosen_classes else sets) + year


def changes_text(changes: list[dict[str, Any]]) -> str:
    """What changed, field by field."""
    return "; ".join(f"{change['label']}: {_shown(change['before'])} → {_shown(change['after'])}" for change in changes)


def _shown(value: Any) -> str:
    return "(trống)" if value in (None, "", []) else str(value)


def progress_text(run: commands.SyncRun) -> str:
    if run.waits_until is not None:
        return f"CSDL ngành chưa trả lời; tự thử lại lúc {local_text(run.waits_until)}, hoặc bấm Dừng rồi đồng bộ lại."
    return f"{run.progress}/{run.total} loại dữ liệu · {run.stage}" if run.stage else "Đang chờ bắt đầu…"
