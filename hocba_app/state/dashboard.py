"""Tổng quan: what waits for whom, per class and stage; follows the school by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.calendar import local_text
from hocba_app.domain.errors import HocbaError
from hocba_app.domain.wording import JOB, KIND_SHORT, STAGE_SIGNER, STEP
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.overview.dashboard import KINDS, STEPS, Overview, SignerProgress, overview
from hocba_app.services.overview.office_tasks import Attention, attention
from hocba_app.services.overview.year_guide import year_guide
from hocba_app.services.signing import reminders
from hocba_app.state.guard import identity, signed_in
from hocba_app.state.live_screen import LiveScreen, begin
from hocba_app.state.read_pool import in_thread

SHADES = {
    "open": "gray",
    "subject": "amber",
    "homeroom": "orange",
    "principal": "blue",
    "seal": "purple",
    "sealed": "green",
}
"""The colour of each step; its word always stands beside it."""

PROBLEMS, BEHIND, DAYS, LOOK_AGAIN = 6, 10, 14, 15.0
"""Lines of each list, and seconds after which the problems are looked for again while the school changes."""

_STEP_NAMES = {"done": "Đã xong", "now": "Đang làm", "later": "Chưa tới"}


@dataclasses.dataclass
class Cell:
    """How many documents of a class stand at one step."""

    text: str
    step: str
    share: int
    """Of the class, in percent, for the shade."""


@dataclasses.dataclass
class BarPart:
    """How many documents of a kind stand at one step, as a part of the bar."""

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


@dataclasses.dataclass
class Task:
    """The next thing for this person, with its button."""

    title: str
    text: str
    button: str
    href: str


@dataclasses.dataclass
class ProblemRow:
    """One thing to solve, with its button."""

    title: str
    text: str
    tone: str
    tone_name: str
    button: str
    href: str


@dataclasses.dataclass
class ExpiringRow:
    """A certificate that runs out."""

    name: str
    until: str
    left: str


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
    steps: list[str] = [STEP[step] for step in STEPS]
    rows: list[ClassRow] = []
    people: list[PersonRow] = []
    tasks: list[Task] = []
    steps_of_year: list[Step] = []
    chart: list[Bar] = []
    sealed: int = 0
    total: int = 0
    out_of_date: int = 0
    mine: int = 0
    office: bool = False
    problems: list[ProblemRow] = []
    more_problems: int = 0
    expiring: list[ExpiringRow] = []
    sync_text: str = ""
    sync_tone: str = "info"
    sync_state: str = ""
    behind: list[BehindRow] = []
    days: list[DayRow] = []
    said: str = ""
    problem: str = ""
    _looked_at: float = 0.0

    @rx.event
    @signed_in
    async def load(self) -> AsyncIterator[rx.event.EventSpec]:
        self.said, self._looked_at = "", 0.0
        await self._reload(await identity(self))
        if begin(self):
            yield DashboardState.watch()

    @rx.event
    @signed_in
    async def remind(self, class_id: str, staff_id: str) -> None:
        """Remind whoever is late."""
        who = await identity(self)
        self.said = ""
        try:
            mailed = await asyncio.to_thread(reminders.remind, database(), who, str(class_id), str(staff_id))
        except HocbaError as error:
            self.problem = error.sentence
            return
        self.said = (
            "Đã nhắc trong phần mềm; thư điện tử đang được gửi."
            if mailed
            else "Đã nhắc. Lời nhắc hiện khi thầy cô mở trang Ký học bạ."
        )
        await self._reload(who)

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
        self.rows = [_row(progress, kind) for progress in view.classes for kind in KINDS]
        self.people = [
            PersonRow(
                person.staff_id,
                person.class_id,
                person.name,
                STAGE_SIGNER[person.stage],
                person.class_name,
                person.slots,
            )
            for person in view.people[:30]
        ]
        self.chart = [_bar(KIND_SHORT[kind], totals[kind]) for kind in KINDS]
        self.sealed = sum(totals[kind].get("sealed", 0) for kind in KINDS)
        self.total = sum(sum(totals[kind].values()) for kind in KINDS)
        self.out_of_date = sum(row.out_of_date for row in view.classes)
        if allowed(who, Right.LOCK):
            guide = await in_thread(year_guide, database(), who)
            self.steps_of_year = [
                Step(
                    step.number,
                    step.title,
                    step.when,
                    step.state,
                    _STEP_NAMES[step.state],
                    step.text,
                    step.button,
                    step.href,
                )
                for step in guide
            ]
            self.behind = [_behind(row) for row in view.signers if row.signed < row.slots][:BEHIND]
            self.days = _days(view.days[-DAYS:])
            if time.time() - self._looked_at > LOOK_AGAIN:
                self._attend(await in_thread(attention, database(), who))
        self.office = allowed(who, Right.LOCK)
        self.mine, self.problem = sum(view.mine.values()), ""
        self.tasks = _tasks(view, who)
        self.loaded = True

    def _attend(self, found: Attention) -> None:
        self._looked_at = time.time()
        rows = [
            ProblemRow(job.name + " lỗi lúc " + local_text(job.at), job.text, "problem", "Lỗi", "Xem", job.page)
            for job in found.failed
        ] + [
            ProblemRow(
                row.whom,
                row.text,
                "problem" if row.blocking else "wait",
                "Chưa ký được" if row.blocking else "Nên xem",
                "Xử lý",
                row.page,
            )
            for row in found.problems
        ]
        self.problems, self.more_problems = rows[:PROBLEMS], max(0, len(rows) - PROBLEMS)
        self.expiring = [
            ExpiringRow(row.name, local_text(row.valid_to)[:10] if row.valid_to else "", f"còn {row.days_left} ngày")
            for row in found.expiring[:BEHIND]
        ]
        run = found.last_sync
        self.sync_tone = (
            "wait" if run is None else {"failed": "problem", "cancelled": "wait", "done": "ok"}.get(run.state, "todo")
        )
        self.sync_state = "" if run is None else JOB[run.state]
        self.sync_text = (
            "Chưa đồng bộ lần nào."
            if run is None
            else f"Lần gần nhất {local_text(run.ended_at or run.started_at)}. {run.problem}".strip()
        )


def _behind(row: SignerProgress) -> BehindRow:
    return BehindRow(row.name, f"{row.signed}/{row.slots}", round(100 * row.signed / row.slots))


def _days(days: list[tuple[str, int]]) -> list[DayRow]:
    most = max((signed for _, signed in days), default=1)
    return [DayRow(f"{day[8:10]}/{day[5:7]}", signed, max(1, round(100 * signed / most))) for day, signed in days]


def _bar(name: str, steps: Mapping[str, int]) -> Bar:
    whole = sum(steps.values()) or 1
    parts = [
        BarPart(STEP[step], str(steps[step]), round(100 * steps[step] / whole, 2), SHADES[step])
        for step in STEPS
        if steps.get(step)
    ]
    return Bar(name, f"{name}: " + ", ".join(f"{part.label} {part.text}" for part in parts), parts)


def _row(progress: Any, kind: str) -> ClassRow:
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
            )
            for step in STEPS
        ],
    )


def _tasks(view: Overview, who: Identity) -> list[Task]:
    """One button for the next thing, most pressing first."""
    tasks = []
    signing = sum(count for stage, count in view.mine.items() if stage != "seal")
    if signing:
        tasks.append(
            Task(f"{signing} hồ sơ chờ thầy cô ký", "Một lần xác nhận trên điện thoại ký cả lớp.", "Ký ngay", "/sign")
        )
    if seals := view.mine.get("seal"):
        tasks.append(
            Task(f"{seals} hồ sơ chờ đóng dấu", "Hiệu trưởng đã ký đủ bìa, QTHT và KQHT.", "Đóng dấu", "/sign")
        )
    if allowed(who, Right.LOCK):
        stale = sum(row.out_of_date for row in view.classes)
        if stale:
            tasks.append(
                Task(
                    f"{stale} hồ sơ có dữ liệu mới",
                    "Dữ liệu đồng bộ khác với bản đã chốt.",
                    "Xem khác biệt",
                    "/records?stale=1",
                )
            )
    for year, under_way in view.unfinished:
        tasks.append(
            Task(
                f"Năm học {year} còn {under_way} hồ sơ chưa xong",
                "Đã chốt mà chưa đóng dấu: người còn phải ký vẫn thấy trong hàng chờ của mình.",
                f"Xem năm học {year}",
                f"/records?year={year}",
            )
        )
    if coming := view.coming:
        text = (
            f"Trường đã nộp dữ liệu năm học này; các màn hình còn ở năm học {view.school_year} cho đến khi đồng bộ."
            if coming.submitted
            else f"Các màn hình còn ở năm học {view.school_year}. Khi trường đã nộp dữ liệu đầu năm từ SMAS thì đồng bộ, hoặc nhập từ Excel."
        )
        tasks.append(
            Task(
                f"Năm học mới {coming.school_year}",
                text,
                f"Đồng bộ {coming.school_year}",
                f"/sync?year={coming.school_year}",
            )
        )
    return tasks
