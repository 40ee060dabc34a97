"""Tổng quan: what waits for whom, per class and stage; follows the school by itself."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.document_lifecycle import KINDS, STEPS
from hocba_app.domain.errors import HocbaError
from hocba_app.domain.paging import page_count, page_within
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import JOB, KIND_SHORT, amount, stage_signer, step_name
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.overview.dashboard import Person, SignerProgress, overview
from hocba_app.services.overview.waiting import Task, office_attention
from hocba_app.services.overview.year_guide import GuideStep, year_guide
from hocba_app.services.signing import reminders
from hocba_app.services.sync.commands import SyncRun
from hocba_app.state.shared.guard import require_identity, signed_in
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shell import waiting_again

SHADES = {
    "open": "gray",
    "subject": "amber",
    "homeroom": "orange",
    "principal": "blue",
    "seal": "purple",
    "sealed": "green",
}
"""The colour of each step; its word is always beside it."""

PEOPLE, CLASSES, TO_DO, BEHIND, DAYS = 20, 8, 5, 10, 14
"""Lines of each list; what is folded or on another page is said."""
FIRST = ("phone", "turn", "sign", "seal", "unlock", "proposal", "year")
"""What only this person can do is above everything, each with its large button."""

_STEP_NAMES = {"done": "Đã xong", "now": "Đang làm", "elsewhere": "Làm trên SMAS", "later": "Chưa tới"}


@dataclasses.dataclass
class Cell:
    """How many documents of a class are at one step."""

    text: str
    step: str
    share: int
    """Of the class, in percent, for the shade."""
    idle: bool
    """Nothing of the whole school is at the step: a phone leaves the column out."""


@dataclasses.dataclass
class BarPart:
    """How many documents of a kind are at one step, as a part of the bar."""

    label: str
    text: str
    percent: float
    shade: str


@dataclasses.dataclass
class Bar:
    """All documents of a kind."""

    name: str
    summary: str
    parts: list[BarPart]


@dataclasses.dataclass
class ClassRow:
    """One class and kind: a line of the table."""

    name: str
    kind: str
    href: str
    students: int
    out_of_date: int
    cells: list[Cell]


@dataclasses.dataclass
class PersonRow:
    """For whom signatures wait."""

    staff_id: str
    class_id: str
    name: str
    role: str
    class_name: str
    slots: int
    mine: bool
    """Nobody reminds himself."""


@dataclasses.dataclass
class Step:
    """One of the six steps of the year."""

    number: int
    title: str
    when: str
    state: str
    state_name: str
    text: str
    button: str
    href: str


_NO_STEP = Step(0, "", "", "", "", "", "", "")


@dataclasses.dataclass
class TaskRow:
    """One thing that waits for this person, with its button."""

    title: str
    text: str
    tone: str
    tone_name: str
    button: str
    href: str


@dataclasses.dataclass
class BehindRow:
    """How far a person is."""

    name: str
    text: str
    percent: int


@dataclasses.dataclass
class DayRow:
    """Signatures of one day."""

    day: str
    signed: int
    percent: int
    """Of the busiest day shown."""


class DashboardState(LiveScreen, rx.State):
    """The page "Tổng quan"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = ()
    loaded: bool = False
    school_name: str = ""
    school_year: str = ""
    idle: list[str] = list(STEPS)
    """Steps at which nothing of the school is."""
    rows: list[ClassRow] = []
    class_total: int = 0
    class_page: int = 1
    class_pages: int = 1
    _all_rows: list[ClassRow] = []
    people: list[PersonRow] = []
    people_total: int = 0
    people_page: int = 1
    people_pages: int = 1
    _all_people: list[PersonRow] = []
    tasks: list[TaskRow] = []
    """What this person alone can do next: signing, confirming, deciding."""
    todo: list[TaskRow] = []
    more: list[TaskRow] = []
    """The rest, folded."""
    next_step: Step = _NO_STEP
    """The one to take now; without a title when the year is done."""
    steps_of_year: list[Step] = []
    chart: list[Bar] = []
    sealed: int = 0
    total: int = 0
    out_of_date: int = 0
    mine: int = 0
    office: bool = False
    may_remind: bool = False
    to_paste: str = ""
    """For a chat of the staff."""
    sync_text: str = ""
    sync_tone: str = "info"
    sync_state: str = ""
    behind: list[BehindRow] = []
    days: list[DayRow] = []
    said: str = ""
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self) -> AsyncIterator[EventSpec]:
        self.said, self.to_paste, self.people_page, self.class_page = "", "", 1, 1
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(DashboardState)

    @rx.event
    @signed_in
    async def remind(self, class_id: str, staff_id: str) -> None:
        """Remind whoever is late."""
        who = await require_identity(self)
        self.said = ""
        try:
            mailed = await asyncio.to_thread(reminders.remind, database(), who, str(class_id), str(staff_id))
        except HocbaError as error:
            self.problem = error.sentence
            return
        self.said = (
            "Đã nhắc trong hệ thống; thư điện tử đang được gửi."
            if mailed
            else "Đã nhắc. Lời nhắc hiện khi thầy cô mở trang Ký học bạ."
        )
        await self._reload(who)

    @rx.event
    @signed_in
    async def remind_everybody(self) -> None:
        """Remind everybody who is waited for, and offer the text for a chat."""
        who = await require_identity(self)
        self.said, self.problem = "", ""
        try:
            done = await asyncio.to_thread(reminders.remind_all, database(), who)
        except HocbaError as error:
            self.problem = error.sentence
            return
        by_mail = f", {done.mailed} người có cả thư điện tử" if done.mailed else ""
        self.said = (
            f"Đã nhắc {done.people} người trong hệ thống{by_mail}."
            if done.people
            else "Hôm nay mọi người đã được nhắc rồi."
        ) + " Lời nhắn dưới đây có thể chép vào nhóm chat của trường."
        self.to_paste = done.text
        await self._reload(who)

    @rx.event
    @signed_in
    async def copy_text(self) -> EventSpec:
        """The text into the clipboard."""
        return rx.set_clipboard(self.to_paste)

    @rx.event
    @signed_in
    async def previous_people(self) -> None:
        self._show_people(self.people_page - 1)

    @rx.event
    @signed_in
    async def next_people(self) -> None:
        self._show_people(self.people_page + 1)

    @rx.event
    @signed_in
    async def previous_classes(self) -> None:
        self._show_classes(self.class_page - 1)

    @rx.event
    @signed_in
    async def next_classes(self) -> None:
        self._show_classes(self.class_page + 1)

    def _show_classes(self, page: int) -> None:
        lines = CLASSES * len(KINDS)
        self.class_total = len(self._all_rows) // len(KINDS)
        self.class_pages = page_count(self.class_total, CLASSES)
        self.class_page = page_within(page, self.class_total, CLASSES)
        self.rows = self._all_rows[(self.class_page - 1) * lines : self.class_page * lines]

    def _show_people(self, page: int) -> None:
        self.people_total = len(self._all_people)
        self.people_pages = page_count(self.people_total, PEOPLE)
        self.people_page = min(max(1, page), self.people_pages)
        self.people = self._all_people[(self.people_page - 1) * PEOPLE : self.people_page * PEOPLE]

    def _is_concerned(self, _who: Identity, what: ChangeSet) -> bool:
        """Every signature moves a number here."""
        return bool(what.classes)

    async def _reload(self, who: Identity) -> None:
        try:
            view = await in_thread(overview, database(), who)
        except HocbaError as error:
            self.problem, self.loaded = error.sentence, True
            return
        totals = view.totals
        self.school_name, self.school_year = view.school_name, view.school_year
        self.idle = [step for step in STEPS if not any(totals[kind].get(step) for kind in KINDS)]
        self._all_rows = [_row(progress, kind, self.idle) for progress in view.classes for kind in KINDS]
        self._show_classes(self.class_page)
        self._all_people = [_person(person, who) for person in view.people]
        self._show_people(self.people_page)
        self.chart = [_bar(KIND_SHORT[kind], totals[kind]) for kind in KINDS]
        self.sealed = sum(totals[kind].get("sealed", 0) for kind in KINDS)
        self.total = sum(sum(totals[kind].values()) for kind in KINDS)
        self.out_of_date = sum(row.out_of_date for row in view.classes)
        self.office = allowed(who, Right.LOCK)
        self.may_remind = self.office and any(not row.mine for row in self._all_people)
        if self.office:
            guide = await in_thread(year_guide, database(), who)
            self.steps_of_year = [_step(step) for step in guide]
            self.next_step = next((_step(step) for step in guide if step.is_next), _NO_STEP)
            self.behind = [_behind(row) for row in view.signers if row.signed < row.slots][:BEHIND]
            self.days = _days(view.days[-DAYS:])
            self._show_sync((await in_thread(office_attention, database(), who)).last_sync)
        self.mine, self.problem = sum(view.mine.values()), ""
        self._show_tasks(await waiting_again(self, who))
        self.loaded = True

    def _show_tasks(self, found: list[Task]) -> None:
        self.tasks = [_task(task) for task in found if task.kind in FIRST]
        rest = [_task(task) for task in found if task.kind not in FIRST]
        self.todo, self.more = rest[:TO_DO], rest[TO_DO:]

    def _show_sync(self, run: SyncRun | None) -> None:
        self.sync_tone = (
            "wait" if run is None else {"failed": "problem", "cancelled": "wait", "done": "ok"}.get(run.state, "todo")
        )
        self.sync_state = "" if run is None else JOB[run.state]
        self.sync_text = (
            "Chưa đồng bộ lần nào."
            if run is None
            else f"Lần gần nhất {local_text(run.ended_at or run.started_at)}. {run.problem}".strip()
        )


def _step(step: GuideStep) -> Step:
    name = _STEP_NAMES[step.state]
    return Step(step.number, step.title, step.when, step.state, name, step.text, step.button, step.href)


def _task(task: Task) -> TaskRow:
    tone, words = ("problem", "Cần làm ngay") if task.urgent else ("wait", "Nên xem")
    return TaskRow(task.title, task.text, tone, words, task.button, task.href)


def _person(person: Person, who: Identity) -> PersonRow:
    return PersonRow(
        person.staff_id,
        person.class_id,
        person.name,
        stage_signer(person.stage),
        person.class_name,
        person.slots,
        person.staff_id == who.staff_id,
    )


def _behind(row: SignerProgress) -> BehindRow:
    return BehindRow(row.name, f"{amount(row.signed)}/{amount(row.slots)}", round(100 * row.signed / row.slots))


def _days(days: list[tuple[str, int]]) -> list[DayRow]:
    most = max((signed for _, signed in days), default=1)
    return [DayRow(f"{day[8:10]}/{day[5:7]}", signed, max(1, round(100 * signed / most))) for day, signed in days]


def _bar(name: str, steps: Mapping[str, int]) -> Bar:
    whole = sum(steps.values()) or 1
    parts = [
        BarPart(step_name(step), amount(steps[step]), round(100 * steps[step] / whole, 2), SHADES[step])
        for step in STEPS
        if steps.get(step)
    ]
    return Bar(name, f"{name}: " + ", ".join(f"{part.label} {part.text}" for part in parts), parts)


def _row(progress: Any, kind: str, idle: list[str]) -> ClassRow:
    steps = progress.steps[kind]
    whole = sum(steps.values()) or 1
    return ClassRow(
        name=progress.name,
        kind=KIND_SHORT[kind],
        href=f"/records?class={progress.class_id}&kind={kind}",
        students=progress.students,
        out_of_date=progress.out_of_date,
        cells=[
            Cell(
                text=str(steps.get(step, 0) or "·"),
                step=step if steps.get(step) else "none",
                share=round(100 * steps.get(step, 0) / whole),
                idle=step in idle,
            )
            for step in STEPS
        ],
    )
