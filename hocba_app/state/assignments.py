"""Who signs what: the matrix of classes and subjects, the gaps before a lock, and the signer's change."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Callable
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.glossary import PAGE
from hocba_app.models import School, database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import assignments, undo_assignment
from hocba_app.services.signers.assignments import Cell, ClassRow, Gap, Matrix
from hocba_app.services.signers.key_owner import Choice, choices
from hocba_app.services.signers.readiness_gaps import GapGroup, grouped
from hocba_app.services.signers.reassignment import Moved
from hocba_app.state.shared import undoing
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.form_texts import form_texts
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.undoing import Undoing

_YEAR = re.compile(r"\d{4}-\d{4}")
_PAGE_BUTTON = PAGE | {"/assignments": "Chọn người ký"}
_NOBODY = {"nobody": "Chưa có người", "left": "đã nghỉ", "no_id_number": "thiếu số định danh"}


@dataclasses.dataclass
class GapRow:
    """One thing to mend."""

    whom: str
    classes: str
    text: str
    lines: list[str]
    """Everybody, where it concerns several; folded."""
    tone: str
    severity_name: str
    href: str
    button: str


@dataclasses.dataclass
class Place:
    """One place to sign in one class."""

    key: str
    """``<class id>|<field>``."""
    text: str
    note: str
    tone: str
    label: str
    """Class, subject and person, for screen readers."""


@dataclasses.dataclass
class Column:
    """A subject of one class, or its homeroom teacher."""

    label: str
    places: list[Place]


@dataclasses.dataclass
class MatrixRow:
    """One class."""

    name: str
    missing: int
    """Places with nobody, or with somebody who cannot sign."""
    columns: list[Column]


@dataclasses.dataclass
class Opened:
    """The place that is looked at."""

    key: str = ""
    title: str = ""
    by_smas: str = ""
    assigned: str = ""
    reason: str = ""
    staff_id: str = ""
    waiting: int = 0
    waiting_for_other: int = 0
    together: str = ""
    """Names of other subjects in the same field on records that are locked."""


class AssignmentsState(Undoing, rx.State):
    """The page "Phân công ký"."""

    _undo_rights: ClassVar[tuple[Right, ...]] = (Right.ASSIGNMENTS,)

    loaded: bool = False
    year: str = ""
    years: list[SelectOption] = []
    gaps: list[GapRow] = []
    blocking: int = 0
    warnings: int = 0
    heads: list[str] = []
    rows: list[MatrixRow] = []
    classes: int = 0
    only_gaps: bool = False
    people: list[SelectOption] = []
    opened: Opened = Opened()

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def load(self) -> None:
        """Show the truth; it changes by hand, so nothing is followed. ``?year=`` chooses another year than the current one."""
        wanted = str(self.router.url.query_parameters.get("year", ""))
        self.year = wanted if _YEAR.fullmatch(wanted) else ""
        self.problem, self.done, self.opened = "", "", Opened()
        undoing.on_load(self)
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def show_year(self, year: str) -> None:
        self.year, self.opened = (str(year) if _YEAR.fullmatch(str(year)) else ""), Opened()
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def show_gaps(self, only: bool) -> None:
        """Only classes where somebody is missing."""
        self.only_gaps = bool(only)
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def open_place(self, key: str) -> None:
        """Look at one place; the same again closes it."""
        self.problem, self.done = "", ""
        if self.opened.key == key:
            self.opened = Opened()
            return
        self.opened = Opened(key=str(key))
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def close(self) -> None:
        self.opened = Opened()

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def save(self, form: dict[str, Any]) -> None:
        """Assign the person; reassign what is locked already, where asked."""
        who = await require_identity(self)
        given = form_texts(form)
        staff_id, reason, to_move, together = (
            given.get(name, "") for name in ("staff_id", "reason", "locked", "together")
        )
        await self._change(who, lambda place: _assign(who, place, staff_id, reason, bool(to_move), bool(together)))

    @rx.event
    @requires(Right.ASSIGNMENTS)
    async def clear(self) -> None:
        """Let SMAS decide again."""
        who = await require_identity(self)
        await self._change(who, lambda place: _unassign(who, place))

    async def _change(self, who: Identity, change: Callable[[tuple[str, str]], _Changed]) -> None:
        class_id, _, field = self.opened.key.partition("|")
        self.problem, self.done = "", ""
        undoing.withdraw(self)
        before = await asyncio.to_thread(undo_assignment.assigned_now, database(), who, class_id, field)
        with refusal_shown(self):
            changed = await asyncio.to_thread(change, (class_id, field))
            self.problem, moved = changed.problem, [list(entry) for entry in changed.moved]
            now = await asyncio.to_thread(undo_assignment.assigned_now, database(), who, class_id, field)
            if now != before or moved:
                undoing.offer(
                    self,
                    f"{self.opened.title}: {changed.said}",
                    "assignment",
                    class_id,
                    field,
                    list(now),
                    list(before),
                    moved,
                )
            else:
                self.done = changed.said
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        matrix, gaps, people = await asyncio.to_thread(_read, who, self.year)
        self.year = matrix.school_year
        self.years = [
            SelectOption(year, year) for year in sorted({*matrix.years, matrix.school_year} - {""}, reverse=True)
        ]
        self.gaps = [_gap_row(group) for group in grouped(gaps)]
        self.blocking = sum(gap.severity == "blocking" for gap in gaps)
        self.warnings = len(gaps) - self.blocking
        self.heads = [name for _, name in matrix.subjects] + (["GVCN"] if matrix.classes else [])
        self.classes = len(matrix.classes)
        shown = [row for row in matrix.classes if not self.only_gaps or any(cell.problem for cell in row.cells())]
        self.rows = [_matrix_row(row, matrix.subjects) for row in shown]
        self.people = [SelectOption(choice.staff_id, f"{choice.name} ({choice.code})") for choice in people]
        if self.opened.key:
            together = await asyncio.to_thread(_together, who, matrix, self.opened.key)
            self.opened = dataclasses.replace(_opened(matrix, self.opened.key), together=together)
        self.loaded = True


def _read(who: Identity, year: str) -> tuple[Matrix, list[Gap], list[Choice]]:
    db = database()
    if not year:
        with db.installation() as session:
            year = session.get_one(School, who.school_id).current_year
    return *assignments.matrix_and_gaps(db, who, year), choices(db, who)


def _together(who: Identity, matrix: Matrix, key: str) -> str:
    """Names of the subjects whose rows would go along on locked records."""
    class_id, _, field = key.partition("|")
    names = dict(matrix.subjects)
    return ", ".join(names.get(code, code) for code in assignments.other_rows(database(), who, class_id, field))


def _gap_row(group: GapGroup) -> GapRow:
    blocking = group.severity == "blocking"
    lines = list(dict.fromkeys(" · ".join(filter(None, (gap.whom, _listed(gap.classes)))) for gap in group.gaps))
    one, *others = lines
    return GapRow(
        f"{len(lines)} người" if others and all(gap.staff_id for gap in group.gaps) else _some(group),
        "" if others else one.partition(" · ")[2],
        group.text,
        lines if others else [],
        "problem" if blocking else "wait",
        "Phải làm" if blocking else "Nên làm sớm",
        "" if group.page == "/assignments" else group.page,
        _PAGE_BUTTON.get(group.page, "Mở"),
    )


def _some(group: GapGroup) -> str:
    names = list(dict.fromkeys(gap.whom for gap in group.gaps))
    return ", ".join(names[:3]) + (f" và {len(names) - 3} chỗ khác" if len(names) > 3 else "")


def _listed(classes: tuple[str, ...]) -> str:
    """Class names, at most eight."""
    if not classes:
        return ""
    more = f" và {len(classes) - 8} lớp khác" if len(classes) > 8 else ""
    return f"Lớp {', '.join(classes[:8])}{more}"


def _matrix_row(row: ClassRow, subjects: list[tuple[str, str]]) -> MatrixRow:
    columns = [
        Column(name, [_place(row, name, cell) for cell in row.subjects.get(code, [])]) for code, name in subjects
    ]
    missing = sum(bool(cell.problem) for cell in row.cells())
    return MatrixRow(row.name, missing, [*columns, Column("GVCN", [_place(row, "GVCN", row.homeroom)])])


def _place(row: ClassRow, subject: str, cell: Cell) -> Place:
    notes = []
    if cell.assigned:
        notes.append("phân công ký")
    if cell.under_homeroom:
        notes.append("ký ở ô GVCN")
    if cell.problem in ("left", "no_id_number"):
        notes.append(_NOBODY[cell.problem])
    if cell.waiting_for_other:
        notes.append(f"{cell.waiting_for_other} hồ sơ chờ người khác")
    text = cell.name or _NOBODY["nobody"]
    tone = "nobody" if cell.problem else "assigned" if cell.assigned or cell.waiting_for_other else ""
    note = ", ".join(notes)
    return Place(
        f"{cell.class_id}|{cell.field}",
        text,
        note,
        tone,
        f"Lớp {row.name}, {subject}: {text}{', ' + note if note else ''}. Đổi người ký",
    )


def _opened(matrix: Matrix, key: str) -> Opened:
    class_id, _, field = key.partition("|")
    names = dict(matrix.subjects)
    for row in matrix.classes:
        for cell in row.cells():
            if row.class_id == class_id and cell.field == field:
                subject = (
                    names.get(cell.subject_code, cell.subject_code) if cell.subject_code else "Giáo viên chủ nhiệm"
                )
                return Opened(
                    key,
                    f"Lớp {row.name} · {subject}",
                    cell.by_smas_name or "chưa có",
                    cell.assigned_name,
                    cell.reason,
                    cell.assigned or "",
                    cell.waiting,
                    cell.waiting_for_other,
                )
    return Opened()


@dataclasses.dataclass(frozen=True)
class _Changed:
    """What a change of the signer did."""

    said: str
    moved: tuple[Moved, ...] = ()
    problem: str = ""


def _assign(
    who: Identity, place: tuple[str, str], staff_id: str, reason: str, to_move: bool, together: bool
) -> _Changed:
    db = database()
    left = assignments.assign(db, who, *place, staff_id, reason)
    said = "đã lưu người ký, áp dụng cho các hồ sơ chốt từ bây giờ."
    if not to_move:
        return _Changed(f"{said} Còn {left} hồ sơ đã chốt đang chờ người cũ." if left else said)
    try:
        # Also to the same person: his number or name may not be those the locked records demand.
        moved = assignments.reassign_slots(
            db, who, assignments.ClassField(*place), staff_id, reason, with_other_rows=together
        )
    except HocbaError as error:  # the assignment is made: it can be undone
        return _Changed(said, problem="" if error.code is ErrorCode.NOTHING_TO_DO else error.sentence)
    return _Changed(_moved(moved), moved.moved)


def _unassign(who: Identity, place: tuple[str, str]) -> _Changed:
    assignments.unassign(database(), who, *place)
    return _Changed("đã bỏ phân công ký; người ký theo dữ liệu SMAS.")


def _moved(moved: assignments.Reassigned) -> str:
    text = f"đã lưu người ký và chuyển {moved.changed} hồ sơ đã chốt chưa ký."
    if moved.busy:
        text += f" {moved.busy} hồ sơ đang có lượt ký chờ xác nhận: hãy lưu lại lần nữa sau khoảng 2 phút."
    if moved.shared:
        text += f" {moved.shared} hồ sơ giữ nguyên vì số ô ký sẽ thay đổi; muốn đổi phải hủy chốt."
    if moved.together:
        text += (
            f" {moved.together} hồ sơ giữ nguyên vì ô ký đã chốt gồm cả môn khác của giáo viên ấy: chọn chuyển cả các môn chung ô,"
            " hoặc hủy chốt rồi chốt lại để mỗi người ký môn của mình."
        )
    return text
