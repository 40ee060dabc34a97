"""The opened group of the signing queue: each pupil's values as rows to sort, to leave out, to report."""

from __future__ import annotations

import dataclasses
import re
from abc import abstractmethod
from typing import Any

import reflex as rx

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.paging import page_count
from hocba_app.domain.vietnamese_collation import sort_name
from hocba_app.models import database
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.reading.queue_content import Content, group_content
from hocba_app.state.shared.guard import require_identity, requires_of_page
from hocba_app.state.shared.objection_mixin import ObjectionMixin, open_form
from hocba_app.state.shared.read_pool import in_thread

CONTENT_ROWS = 50
"""Of one page: a class's 45 fit on one."""
MAX_COLUMNS = 8
SHORT = 26
"""Letters; what is longer has a line of its own on a phone."""
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]+)?")


@dataclasses.dataclass
class Cell:
    """One value with the words of its column."""

    label: str
    text: str
    style: str
    """"long" for a sentence."""


@dataclasses.dataclass
class ColumnHead:
    """A column that sorts."""

    key: str
    label: str


@dataclasses.dataclass
class PupilLine:
    """One pupil, and one subject where the signer has several."""

    slot_id: str
    document_id: str
    subject: str
    code: str
    name: str
    href: str
    cells: list[Cell]
    notes: list[str]
    """What is odd, what is new since he signed, why it came back."""
    held: str
    """Why it cannot be signed now; "" when it can."""
    chosen: bool
    first: bool
    """The pupil's first line: the tick is here once."""


class GroupReading(ObjectionMixin, mixin=True):
    """Variables and handlers of ``components.group_content``. The page holds ``opened``, ``sort`` and ``descending``."""

    opened: str = ""
    lines: list[PupilLine] = []
    """One page of the opened group."""
    _all_lines: list[PupilLine] = []
    columns: list[ColumnHead] = []
    line_page: int = 1
    line_pages: int = 1
    line_total: int = 0
    to_look: int = 0
    """Lines with notes."""
    only_to_look: bool = False
    _left_out: dict[str, str] = {}
    """Slots left out by hand, each with its group."""

    @rx.event
    @requires_of_page()
    async def toggle_line(self, slot_id: str) -> None:
        """Leave a pupil out of what the next tap signs, or take him again."""
        line = next((line for line in self._all_lines if line.slot_id == slot_id), None)
        if line is None or line.held:
            return
        if slot_id in self._left_out:
            self._left_out = {slot: group for slot, group in self._left_out.items() if slot != slot_id}
        else:
            self._left_out = {**self._left_out, slot_id: self.opened}
        self._all_lines = [
            dataclasses.replace(each, chosen=not each.held and each.slot_id not in self._left_out)
            for each in self._all_lines
        ]
        show_lines(self, self.line_page)
        self._count()

    @rx.event
    @requires_of_page()
    async def toggle_only_to_look(self) -> None:
        """Only the lines with notes, or all."""
        self.only_to_look = not self.only_to_look
        show_lines(self, 1)

    @rx.event
    @requires_of_page()
    async def report_line(self, slot_id: str, subject: str) -> None:
        """Say what is wrong in one line."""
        line = next((line for line in self._all_lines if (line.slot_id, line.subject) == (slot_id, subject)), None)
        if line is not None:
            kind = self.opened.split("|")[1]
            subjects = [(subject, self._subject_name(subject))] if subject else []
            open_form(self, line.document_id, f"{line.name} ({line.code})", kind, subjects, subject)

    @rx.event
    @requires_of_page()
    async def previous_lines(self) -> None:
        show_lines(self, self.line_page - 1)

    @rx.event
    @requires_of_page()
    async def next_lines(self) -> None:
        show_lines(self, self.line_page + 1)

    @abstractmethod
    def _subject_name(self, code: str) -> str:
        """A subject in words."""

    @abstractmethod
    def _count(self) -> None:
        """What the buttons say depends on what is left out."""


async def read_group(state: GroupReading, who: Identity | None = None) -> None:
    """Read the opened group again."""
    who = who or await require_identity(state)
    stage, kind, year, class_id, codes = state.opened.split("|")
    found = await in_thread(
        group_content,
        database(),
        who,
        stage=stage,
        kind=kind,
        school_year=year,
        class_id=class_id,
        subjects=codes.split(",") if codes else [],
    )
    widest = max((row.values for row in found), key=len, default=())
    state.columns = [ColumnHead(f"c{number}", label) for number, (label, _) in enumerate(widest[:MAX_COLUMNS])]
    seen: set[str] = set()
    lines = []
    for row in found:
        lines.append(_line(row, state._left_out, first=row.slot_id not in seen))
        seen.add(row.slot_id)
    state._all_lines = lines
    state.to_look = sum(bool(line.notes) for line in lines)
    state.only_to_look = state.only_to_look and state.to_look > 0
    show_lines(state, state.line_page)


def show_lines(state: Any, page: int) -> None:
    """One page of the lines in the order asked for."""
    lines = [line for line in state._all_lines if line.notes] if state.only_to_look else list(state._all_lines)
    if state.sort in ("code", "name", "state") or state.sort.startswith("c"):
        lines.sort(key=lambda line: _order(line, state.sort), reverse=state.descending)
    state.line_total = len(lines)
    state.line_pages = page_count(len(lines), CONTENT_ROWS)
    state.line_page = min(max(1, page), state.line_pages)
    state.lines = lines[(state.line_page - 1) * CONTENT_ROWS : state.line_page * CONTENT_ROWS]


def _order(line: PupilLine, column: str) -> tuple[Any, ...]:
    last = (sort_name(line.name), line.code, line.subject)
    if column == "code":
        return (line.code, *last)
    if column == "name":
        return last
    if column == "state":
        return (not line.notes, *last)
    text = line.cells[number].text if (number := int(column[1:])) < len(line.cells) else ""
    marked = _NUMBER.fullmatch(text)
    return (0, float(text.replace(",", ".")), "", *last) if marked else (1, 0.0, text, *last)


def _line(row: Content, left_out: dict[str, str], *, first: bool) -> PupilLine:
    held = "" if row.ready else row.questioned or (HocbaError(row.reason).sentence if row.reason else "Chưa ký được.")
    notes = [*row.odd, *(f"Khác lần thầy cô đã ký: {what} {then} → {now}." for what, then, now in row.changed)]
    if row.returned:
        notes.append(row.returned)
    if held:
        notes.append(held)
    return PupilLine(
        slot_id=row.slot_id,
        document_id=row.document_id,
        subject=row.subject_code,
        code=row.student_code,
        name=row.student_name,
        href=f"/read/{row.document_id}?queue=1",
        cells=[Cell(label, text, "long" if len(text) > SHORT else "") for label, text in row.values[:MAX_COLUMNS]],
        notes=notes,
        held=held,
        chosen=not held and row.slot_id not in left_out,
        first=first,
    )
