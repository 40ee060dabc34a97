"""The page "Nhập từ Excel": what a workbook would change, what is wrong in it, what its columns mean; then the import."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import IMPORT_OUTCOME, IMPORT_STATE, RESOURCE
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync import commands
from hocba_app.services.workbooks import import_views, imports
from hocba_app.services.workbooks.wide_columns import UNREAD
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching

PAGE_ROWS = 20
_TONES = {
    "done": "ok",
    "preview": "info",
    "columns": "todo",
    "checking": "wait",
    "importing": "wait",
    "stopped": "problem",
    "failed": "problem",
}
_FIRST = ("rejected", "question", "changed", "new", "gone", "absent")


@dataclasses.dataclass
class FileRow:
    """One workbook that was given."""

    id: str
    name: str
    at: str
    year: str
    state_name: str
    tone: str


@dataclasses.dataclass
class ColumnRow:
    """One column: its heads, first values, and what it is taken for."""

    key: str
    place: str
    head: str
    examples: str
    target: str
    title: str
    wide: bool
    remembered: bool


@dataclasses.dataclass
class Choice:
    """One thing that may be chosen."""

    value: str
    label: str
    count: int = 0


@dataclasses.dataclass
class Group:
    """Choices of one kind."""

    label: str
    options: list[Choice]


@dataclasses.dataclass
class Row:
    """One row of the preview."""

    id: str
    key: str
    """Sheet and cell, or the question's own."""
    out_key: str
    """Sheet and row."""
    place: str
    resource: str
    label: str
    value: str
    text: str
    choices: list[Choice]
    chosen: str = ""
    left_out: bool = False


class WorkbooksState(LiveScreen, rx.State):
    """The page ``/workbooks``. The address names the workbook; what was typed and not sent yet lives in the tab."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.SYNC,)
    loaded: bool = False
    problem: str = ""
    done: str = ""
    id: str = ""
    files: list[FileRow] = []
    state: str = ""
    state_name: str = ""
    tone: str = ""
    name: str = ""
    year: str = ""
    why: str = ""
    """Why reading or writing ended."""
    percent: int = 0
    progress_text: str = ""
    ready: bool = False
    to_settle: bool = False
    """Whether cells are refused or questions open."""
    writes: int = 0
    run_id: str = ""
    unknown: list[ColumnRow] = []
    columns: list[ColumnRow] = []
    groups: list[Group] = []
    notes: list[str] = []
    outcome: str = ""
    outcomes: list[Choice] = []
    rows: list[Row] = []
    page: int = 1
    pages: int = 1
    total: int = 0
    edits: int = 0
    """Cells, rows and answers that were given and not sent yet."""
    _digest: str = ""
    _cells: dict[str, str] = {}
    _out: list[str] = []
    _answers: dict[str, str] = {}
    _meanings: dict[str, str] = {}
    _reopened: list[str] = []

    @rx.event
    @requires(Right.SYNC)
    async def load(self) -> EventSpec | None:
        """Show the truth, then follow it."""
        who = await require_identity(self)
        asked = str(self.router.url.query_parameters.get("id", ""))[:26]
        if asked != self.id:
            self.id, self.outcome, self.page, self.loaded = asked, "", 1, False
        self.problem = self.done = ""
        self._forget()
        await self._reload(who)
        return watching(WorkbooksState) if begin(self) else None

    @rx.event
    @requires(Right.SYNC)
    async def choose_outcome(self, outcome: str) -> None:
        """Only rows of this kind."""
        self.outcome, self.page = (outcome if outcome in IMPORT_OUTCOME else ""), 1
        await self._load_rows(await require_identity(self))

    @rx.event
    @requires(Right.SYNC)
    async def previous(self) -> None:
        self.page -= 1
        await self._load_rows(await require_identity(self))

    @rx.event
    @requires(Right.SYNC)
    async def next(self) -> None:
        self.page += 1
        await self._load_rows(await require_identity(self))

    @rx.event
    @requires(Right.SYNC)
    async def edit(self, key: str, text: str) -> None:
        """Another text for a cell; sent with the others."""
        self._cells[str(key)[:200]] = str(text)[: imports.MAX_EDIT]
        self._count()

    @rx.event
    @requires(Right.SYNC)
    async def leave_out(self, key: str) -> None:
        """This row is not to be read; the same again takes it in."""
        key = str(key)[:200]
        if not _two(key)[1].isdecimal():
            return
        self._out = [other for other in self._out if other != key] if key in self._out else [*self._out, key]
        for row in self.rows:
            row.left_out = row.out_key in self._out
        self._count()

    @rx.event
    @requires(Right.SYNC)
    async def answer(self, key: str, choice: str) -> None:
        """What was asked about a near match."""
        self._answers[str(key)[:200]] = str(choice)[:10]
        for row in self.rows:
            row.chosen = self._answers.get(row.key, "")
        self._count()

    @rx.event
    @requires(Right.SYNC)
    async def send(self) -> None:
        """Check again with everything that was typed, left out and answered."""
        who = await require_identity(self)
        await self._act(
            imports.put_right,
            who,
            self.id,
            cells={_two(key): text for key, text in self._cells.items()},
            left_out=[(sheet, int(row)) for sheet, row in map(_two, self._out)],
            answers=self._answers,
        )

    @rx.event
    @requires(Right.SYNC)
    async def look_again(self) -> None:
        """Compare with what is here now."""
        await self._act(imports.look_again, await require_identity(self), self.id)

    @rx.event
    @requires(Right.SYNC)
    async def mean(self, key: str, target: str) -> None:
        """What a column means; sent with the others."""
        self._meanings[str(key)[:200]] = str(target)[:160]

    @rx.event
    @requires(Right.SYNC)
    async def reopen(self, key: str) -> None:
        """Say anew what a column means."""
        self._reopened = [*self._reopened, str(key)[:200]]
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.SYNC)
    async def explain(self) -> None:
        """Keep what the columns mean; what nobody chose is not read."""
        who = await require_identity(self)
        said = {_two(row.key): self._meanings.get(row.key, row.target or UNREAD) for row in self.unknown}
        await self._act(imports.explain, who, self.id, said)

    @rx.event
    @requires(Right.SYNC)
    async def start(self) -> None:
        """Import what is shown."""
        await self._act(imports.start, await require_identity(self), self.id, self._digest)

    @rx.event
    @requires(Right.SYNC)
    async def stop(self) -> None:
        """Stop between two steps; what is in stays in."""
        await self._act(commands.cancel_sync, await require_identity(self), self.run_id)

    @rx.event
    @requires(Right.SYNC)
    async def put_aside(self) -> EventSpec | None:
        """Forget this workbook."""
        if await self._act(imports.drop, await require_identity(self), self.id):
            return rx.redirect("/workbooks")
        return None

    async def _act(self, act: Any, who: Identity, *given: Any, **more: Any) -> bool:
        self.problem = ""
        try:
            await asyncio.to_thread(act, database(), who, *given, **more)
            self._forget()
        except HocbaError as error:
            self.problem = error.sentence
            await self._reload(who)
            return False
        await self._reload(who)
        return True

    def _forget(self) -> None:
        self._cells, self._out, self._answers, self._meanings, self._reopened, self.edits = {}, [], {}, {}, [], 0

    def _count(self) -> None:
        self.edits = len(self._cells) + len(self._out) + len(self._answers)

    async def _reload(self, who: Identity) -> None:
        self.files = [_file_row(found) for found in await asyncio.to_thread(imports.views, database(), who)]
        if self.id:
            try:
                found = await asyncio.to_thread(imports.view, database(), who, self.id)
            except HocbaError as error:
                self.problem, self.id = error.sentence, ""
            else:
                await self._show(who, found)
        self.loaded = True

    async def _show(self, who: Identity, found: import_views.ImportView) -> None:
        self.state, self.state_name = found.state, IMPORT_STATE[found.state]
        self.tone, self.name, self.year, self.why = (
            _TONES[found.state],
            found.file_name,
            found.school_year,
            found.problem,
        )
        self.percent = round(100 * found.progress / found.total) if found.total else 0
        self.progress_text = (
            f"{found.stage or 'Đang chờ bắt đầu'}{f' · {found.progress}/{found.total}' if found.total else ''}"
        )
        self.ready, self.writes, self.run_id, self._digest = (
            found.ready,
            found.writes,
            found.import_job_id,
            found.digest,
        )
        columns = [_column_row(column) for column in found.columns]
        self.unknown = [row for row in columns if (not row.target and row.examples) or row.key in self._reopened]
        self.columns = [row for row in columns if row not in self.unknown and row.target]
        self.groups = []
        if self.unknown:
            groups = await asyncio.to_thread(imports.targets, database(), who, found.id)
            self.groups = [Group(label, [Choice(*pair) for pair in pairs]) for label, pairs in groups]
        self.notes = found.notes
        self.to_settle = any(found.counts.get(key) for key in ("rejected", "question"))
        self.outcomes = [Choice(key, IMPORT_OUTCOME[key], found.counts[key]) for key in _FIRST if found.counts.get(key)]
        if self.outcome not in {choice.value for choice in self.outcomes}:
            self.outcome, self.page = (self.outcomes[0].value if self.outcomes else ""), 1
        await self._load_rows(who)

    async def _load_rows(self, who: Identity) -> None:
        self.rows, self.total, self.pages = [], 0, 1
        if not self.id or not self.outcome:
            return
        try:
            rows, self.total, self.page = await asyncio.to_thread(
                imports.preview, database(), who, self.id, outcome=self.outcome, page=self.page, size=PAGE_ROWS
            )
        except HocbaError as error:
            self.problem = error.sentence
            return
        self.pages = max(1, math.ceil(self.total / PAGE_ROWS))
        self.rows = [self._row(row) for row in rows]

    def _row(self, row: import_views.PreviewRow) -> Row:
        key, out = row.key or f"{row.sheet}|{row.cell}", f"{row.sheet}|{row.row}"
        changes = "; ".join(
            f"{each['label']}: {each['before'] or '(trống)'} → {each['after'] or '(trống)'}" for each in row.changes
        )
        return Row(
            row.id,
            key,
            out,
            _place(row),
            RESOURCE.get(row.resource, ""),
            row.label,
            self._cells.get(key, row.value),
            "; ".join(filter(None, (changes or row.reason[:1].upper() + row.reason[1:], row.matched))),
            [Choice(value, label) for value, label in row.choices.items()],
            self._answers.get(key, ""),
            out in self._out,
        )


def _two(key: str) -> tuple[str, str]:
    """ "6A1|C5" → ("6A1", "C5"); a sheet's name may hold a bar itself."""
    sheet, _, rest = key.rpartition("|")
    return sheet, rest


def _place(row: import_views.PreviewRow) -> str:
    if not row.sheet:
        return ""
    where = f"ô {row.cell}" if row.column else f"dòng {row.row}" if row.row else ""
    return f"{row.sheet}, {where}" if where else row.sheet


def _file_row(found: import_views.ImportView) -> FileRow:
    return FileRow(
        found.id,
        found.file_name,
        local_text(found.created_at),
        found.school_year,
        IMPORT_STATE[found.state],
        _TONES[found.state],
    )


def _column_row(column: dict[str, Any]) -> ColumnRow:
    return ColumnRow(
        f"{column['sheet']}|{column['letter']}",
        f"{column['sheet']}, cột {column['letter']}",
        column["head"],
        " · ".join(column["examples"]),
        column["target"],
        column["title"],
        bool(column.get("wide")),
        bool(column["remembered"]),
    )
