"""Rows of the page "Chốt học bạ", with texts ready to show."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import JOB, KIND_SHORT, amount
from hocba_app.services.overview.dashboard import ClassProgress
from hocba_app.services.records import lock_runs
from hocba_app.services.records.preview import LockPreview, LockRow

ALL = "all"
"""Every kind at once: one check, one act."""
_MANY = 5
"""Pupils from whom on a common finding is said once for all."""
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
class Preview:
    """The pages of one kind, as they will be signed."""

    label: str
    href: str


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
    previews: list[Preview]
    look: bool
    """Somebody should look at him."""
    needs_reason: bool
    """Is accepted once a reason is given."""
    reason: str
    """Of this pupil."""


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


@dataclasses.dataclass(frozen=True)
class Chosen:
    """What of a class was chosen by hand."""

    leave_out: Collection[str]
    include: Collection[str]
    reasons: Mapping[str, str]


def pupil_rows(previews: Sequence[LockPreview], chosen: Chosen) -> list[PupilRow]:
    """The pupils of a class looked at for one kind or for several, each once."""
    found: dict[str, list[tuple[LockPreview, LockRow]]] = {}
    for preview in previews:
        for row in preview.students:
            found.setdefault(row.student_id, []).append((preview, row))
    return [_pupil(of_pupil, chosen, several=len(previews) > 1) for of_pupil in found.values()]


def said_once(rows: Sequence[PupilRow]) -> tuple[list[str], list[PupilRow]]:
    """What is found at most of a class (its teacher's number, a signer who is missing) said once for all.

    Returns:
        the sentences with how many pupils each is about, and the rows without them.
    """
    counts = Counter(text for row in rows for text in row.findings)
    common = {text: count for text, count in counts.items() if count >= max(_MANY, len(rows) / 2)}
    shorter = [
        dataclasses.replace(row, findings=[text for text in row.findings if text not in common] or ["Như nêu chung."])
        if common.keys() & set(row.findings)
        else row
        for row in rows
    ]
    return [f"{count} em – {text}" for text, count in common.items()], shorter


def _pupil(of_pupil: Sequence[tuple[LockPreview, LockRow]], chosen: Chosen, *, several: bool) -> PupilRow:
    first = of_pupil[0][1]
    reason = chosen.reasons.get(first.student_id, "")
    todo = [row for _, row in of_pupil if not row.locked]
    needs_reason = any(row.needs_reason for row in todo)
    ready = any(row.can_lock for row in todo) or (needs_reason and bool(reason.strip()))
    left = any(row.left_out for row in todo)
    taken = ready and first.student_id not in chosen.leave_out and (not left or first.student_id in chosen.include)
    tone, words = _standing([(preview.kind, row) for preview, row in of_pupil])
    findings, changes = _texts(of_pupil, several)
    return PupilRow(
        id=first.student_id,
        code=first.student_code,
        name=first.student_name,
        tone=tone,
        state_name=words,
        chosen=taken,
        fixed=not ready,
        needs_reason=needs_reason,
        reason=reason,
        findings=findings,
        changes=changes,
        previews=[
            Preview(
                f"Xem {KIND_SHORT[preview.kind]}",
                f"/files/records/{row.document_id}"
                if row.locked
                else f"/files/previews/{preview.kind}/{preview.class_id}/{row.student_id}",
            )
            for preview, row in of_pupil
        ],
        look=bool(findings or changes),
    )


def _texts(of_pupil: Sequence[tuple[LockPreview, LockRow]], several: bool) -> tuple[list[str], list[str]]:
    """What to look at, and what is new: the same said of two kinds is said once, with both."""
    said: dict[str, list[str]] = {}
    changes = []
    for preview, row in of_pupil:
        if row.locked:
            continue
        for text in [*([row.left_out] if row.left_out else []), *(finding.text for finding in row.findings)]:
            said.setdefault(text, []).append(KIND_SHORT[preview.kind])
        changes += [f"{item.label}: {item.locked or '(trống)'} → {item.synced or '(trống)'}" for item in row.changed]
    return [f"{', '.join(kinds)}: {text}" if several else text for text, kinds in said.items()], changes


def _standing(of_pupil: Sequence[tuple[str, LockRow]]) -> tuple[str, str]:
    """The worst of his documents, and where they differ each state with its documents."""
    documents: dict[tuple[str, str], list[str]] = {}
    for kind, row in of_pupil:
        documents.setdefault(_state(row), []).append(KIND_SHORT[kind])
    worst = min(documents, key=lambda state: _WORST.index(state[0]))
    if len({words for _, words in documents}) == 1:
        return worst
    return worst[0], " · ".join(f"{', '.join(kinds)}: {words.lower()}" for (_, words), kinds in documents.items())


_WORST = ("problem", "wait", "todo", "ok")


def _state(row: LockRow) -> tuple[str, str]:
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


def class_row(progress: ClassProgress, kinds: Sequence[str]) -> ClassRow:
    """A class, counted over these kinds of documents."""
    locked = whole = 0
    for kind in kinds:
        of_kind = sum(count for step, count in progress.steps[kind].items() if step != "open")
        locked, whole = locked + of_kind, whole + max(progress.students, of_kind)
    return ClassRow(
        id=progress.class_id,
        name=progress.name,
        students=whole,
        locked=locked,
        percent=round(100 * locked / whole) if whole else 0,
        all_locked=whole > 0 and locked >= whole,
    )


def card(run: lock_runs.LockRun) -> RunCard:
    """A lock, going on or over."""
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
        progress_text=f"{amount(run.progress)}/{amount(run.total)} học sinh · {run.stage}"
        if run.total
        else "Đang chờ bắt đầu…",
        problem=run.problem,
        summary=" · ".join(text.format(amount(counts[key])) for key, text in words if counts.get(key)),
        passed=[
            Passed(row.student_code, row.student_name, _OUTCOME[row.outcome], row.reason or "Đã chọn để riêng.")
            for row in run.not_locked
        ],
    )
