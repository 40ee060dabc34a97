"""Chốt học bạ: choose kind and classes, look through the pre-check, leave pupils out, lock, follow."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.wording import KIND, KIND_SHORT, amount
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.overview.dashboard import Overview, overview
from hocba_app.services.records import lock_runs
from hocba_app.services.records.lock_request import MAX_REASON, start_locks
from hocba_app.services.records.preview import LockPreview, lock_preview
from hocba_app.state.lock_rows import ALL, Chosen, ClassRow, PupilRow, RunCard, card, class_row, pupil_rows, said_once
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.year_choice import year_in, year_options

NEWEST = 3
"""Locks shown without unfolding: one act of three kinds is three."""


class LockState(LiveScreen, rx.State):
    """The page "Chốt học bạ"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.LOCK,)
    loaded: bool = False
    problem: str = ""
    kind: str = ALL
    year: str = ""
    years: list[SelectOption] = []
    classes: list[ClassRow] = []
    selected: list[str] = []
    opened: str = ""
    opened_name: str = ""
    pupils: list[PupilRow] = []
    common: list[str] = []
    """Findings at most of the class, each said once."""
    only_to_look: bool = True
    counts: str = ""
    need_reason: int = 0
    reason: str = ""
    """For every pupil who has none of his own."""
    accepting: list[str] = []
    """Whose results are locked although they differ, each with his reason: named in the confirmation."""
    _reasons: dict[str, str] = {}
    """By pupil."""
    _names: dict[str, str] = {}
    """Of pupils looked at."""
    _shown: dict[str, dict[str, str]] = {}
    """By kind and pupil looked at, the digest of the mismatches shown: a reason accepts these and no others."""
    leave_out: list[str] = []
    include: list[str] = []
    alone: str = ""
    """One pupil who is locked for himself; the class is not touched."""
    alone_name: str = ""
    asking: bool = False
    question: str = ""
    _previews: list[LockPreview] = []
    runs: list[RunCard] = []
    announced: str = ""
    """How the newest stands, read aloud when it changes."""
    """Going on, and the newest that are over."""
    older: list[RunCard] = []

    @rx.var
    def kind_name(self) -> str:
        """The kind in the school's words."""
        return KIND.get(self.kind, "bìa, QTHT, KQHT")

    def _kinds(self) -> tuple[str, ...]:
        return KINDS if self.kind == ALL else (self.kind,)

    @rx.var
    def shown(self) -> list[PupilRow]:
        """The pupils the filter shows."""
        if self.alone:
            return [row for row in self.pupils if row.id == self.alone]
        return [row for row in self.pupils if row.look] if self.only_to_look else self.pupils

    @rx.event
    @requires(Right.LOCK)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it. ``?year=``, ``?kind=`` and ``?class=`` choose, ``?student=`` one pupil of the class."""
        query = self.router.url.query_parameters
        if (kind := str(query.get("kind", ""))) in (*KINDS, ALL):
            self.kind = kind
        self.year = year_in(query)
        self.problem, self.asking, self.alone = "", False, ""
        who = await require_identity(self)
        await self._reload(who)
        if (class_id := str(query.get("class", ""))) in {row.id for row in self.classes}:
            self.selected = [class_id]
            await self._load_class(who, class_id)
            self._only(str(query.get("student", "")))
        if begin(self):
            yield watching(LockState)

    @rx.event
    @requires(Right.LOCK)
    async def choose_kind(self, kind: str) -> None:
        """Another kind of document: everything chosen before is forgotten."""
        if kind in (*KINDS, ALL):
            await self._change(kind, self.year)

    @rx.event
    @requires(Right.LOCK)
    async def choose_year(self, year: str) -> None:
        """Another school year: what was left in it is locked as in its own time."""
        await self._change(self.kind, str(year) if str(year) in {row.value for row in self.years} else self.year)

    async def _change(self, kind: str, year: str) -> None:
        if (kind, year) != (self.kind, self.year):
            self.year = year
            self.kind, self.selected, self.leave_out, self.include, self.asking = kind, [], [], [], False
            self.opened, self.pupils, self.alone = "", [], ""
            self._forget_reasons()
            await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.LOCK)
    async def toggle_class(self, class_id: str) -> None:
        """A class in or out."""
        known = {row.id for row in self.classes}
        self.asking, self.alone = False, ""
        self.selected = (
            [item for item in self.selected if item != class_id]
            if class_id in self.selected
            else [*self.selected, class_id]
        )
        self.selected = [item for item in self.selected if item in known]

    @rx.event
    @requires(Right.LOCK)
    async def toggle_all(self) -> None:
        """All classes that have pupils left, or none."""
        left = [row.id for row in self.classes if not row.all_locked]
        self.selected, self.asking, self.alone = [] if self.selected else left, False, ""

    @rx.event
    @requires(Right.LOCK)
    async def open_class(self, class_id: str) -> None:
        """Look through a class before it is locked; opening it chooses it."""
        self.alone = ""
        if self.opened == class_id:
            self.opened, self.pupils = "", []
            return
        if class_id not in self.selected:
            self.selected = [*self.selected, class_id]
        await self._load_class(await require_identity(self), class_id)

    @rx.event
    @requires(Right.LOCK)
    async def whole_class(self) -> None:
        """Not only this pupil after all."""
        self.alone, self.asking = "", False
        await self._load_class(await require_identity(self), self.opened)

    @rx.event
    @requires(Right.LOCK)
    async def toggle_pupil(self, student_id: str) -> None:
        """Leave a pupil out, or take him all the same."""
        row = next((row for row in self.pupils if row.id == student_id), None)
        if row is None or row.fixed or self.alone:
            return
        taken = not row.chosen
        self.leave_out = [item for item in self.leave_out if item != student_id] + ([] if taken else [student_id])
        self.include = [item for item in self.include if item != student_id] + ([student_id] if taken else [])
        self.asking = False
        await self._load_class(await require_identity(self), self.opened)

    @rx.event
    @requires(Right.LOCK)
    async def toggle_only_to_look(self) -> None:
        self.only_to_look = not self.only_to_look

    @rx.event
    @requires(Right.LOCK)
    async def set_reason(self, reason: str) -> None:
        """A reason to be filled in for everybody who has none."""
        self.reason = str(reason)[:MAX_REASON]

    @rx.event
    @requires(Right.LOCK)
    async def fill_in_reason(self) -> None:
        """The same reason for every pupil of the class who needs one and has none."""
        if self.reason.strip():
            empty = [row.id for row in self.pupils if row.needs_reason and not row.reason.strip()]
            self._reasons = {**self._reasons, **dict.fromkeys(empty, self.reason)}
            self._show_pupils()

    @rx.event
    @requires(Right.LOCK)
    async def set_pupil_reason(self, student_id: str, reason: str) -> None:
        """Why this pupil's results are locked although they differ from the rules, or cannot be checked."""
        if any(row.id == student_id and row.needs_reason for row in self.pupils):
            self._reasons = {**self._reasons, student_id: str(reason)[:MAX_REASON]}
            self.asking = False
            self._show_pupils()

    @rx.event
    @requires(Right.LOCK)
    async def ask(self) -> None:
        """What a lock would do, to be confirmed."""
        names = [row.name for row in self.classes if row.id in self.selected]
        if not names:
            self.problem = "Hãy chọn ít nhất một lớp."
            return
        taken = self._taken_reasons()
        self.accepting = [f"{self._names.get(student, '')}: {reason}" for student, reason in taken.items()]
        if self.alone:
            self.question = f"Chốt {self.kind_name} của riêng {self.alone_name}, lớp {self.opened_name}. Những học sinh khác không thay đổi."
            self.problem, self.asking = "", True
            return
        left = sum(row.students - row.locked for row in self.classes if row.id in self.selected)
        apart = f", để riêng {len(self.leave_out)} học sinh" if self.leave_out else ""
        noun = "hồ sơ" if self.kind == ALL else "học sinh"
        self.question = f"Chốt {self.kind_name} của {', '.join(names)}: {amount(left)} {noun} chưa chốt{apart}."
        self.problem, self.asking = "", True

    @rx.event
    @requires(Right.LOCK)
    async def not_now(self) -> None:
        self.asking = False

    @rx.event
    @requires(Right.LOCK)
    async def lock(self) -> None:
        """Confirmed: start the job."""
        if not self.asking:
            return  # a second tap
        self.asking = False
        who = await require_identity(self)
        try:
            await asyncio.to_thread(
                start_locks,
                database(),
                who,
                kinds=self._kinds(),
                class_ids=self.selected,
                leave_out=self.leave_out,
                include=self.include,
                reasons=self._taken_reasons(),
                shown=self._shown,
                student_ids=[self.alone] if self.alone else None,
            )
            self.alone, self.selected, self.leave_out, self.include, self.opened, self.pupils = "", [], [], [], "", []
            self._forget_reasons()
        except HocbaError as error:
            self.problem = error.sentence
            if error.code is ErrorCode.SHOWN_CHANGED and self.opened:
                self._forget_reasons()  # given for something else
                await self._load_class(who, self.opened)
        await self._reload(who)

    @rx.event
    @requires(Right.LOCK)
    async def stop(self, run_id: str) -> None:
        """Stop a running lock; what it locked stays."""
        who = await require_identity(self)
        with refusal_shown(self):
            await asyncio.to_thread(lock_runs.cancel_lock, database(), who, run_id)
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        view, runs, self.years = await asyncio.to_thread(self._read, who)
        self.year = view.school_year
        self.classes = [class_row(progress, self._kinds()) for progress in view.classes]
        was_live = any(run.live for run in self.runs)
        cards = [card(run) for run in runs]
        shown = max(NEWEST, sum(run.live for run in cards))
        self.runs, self.older = cards[:shown], cards[shown:]
        self.announced = f"{cards[0].title}: {cards[0].state_name}. {cards[0].summary}".strip() if self.runs else ""
        if self.opened and was_live and not any(run.live for run in self.runs):
            await self._load_class(who, self.opened)
        self.loaded = True

    def _read(self, who: Identity) -> tuple[Overview, list[lock_runs.LockRun], list[SelectOption]]:
        view = overview(database(), who, self.year or None)
        return view, lock_runs.lock_runs(database(), who), year_options(who, view.school_year)

    async def _load_class(self, who: Identity, class_id: str) -> None:
        try:
            self._previews = await asyncio.to_thread(
                lambda: [lock_preview(database(), who, kind, class_id) for kind in self._kinds()]
            )
        except HocbaError as error:
            self.problem, self.opened, self.pupils = error.sentence, "", []
            return
        self.opened, self.opened_name = class_id, self._previews[0].class_name
        for found in self._previews:
            now = {row.student_id: row.mismatches for row in found.students if row.mismatches}
            self._shown = {**self._shown, found.kind: {**self._shown.get(found.kind, {}), **now}}
        self._show_pupils()
        self._names = {**self._names, **{row.id: row.name for row in self.pupils}}
        self.counts = "; ".join(_counts(found, several=len(self._previews) > 1) for found in self._previews)

    def _show_pupils(self) -> None:
        rows = pupil_rows(self._previews, Chosen(self.leave_out, self.include, self._reasons))
        self.common, self.pupils = said_once(rows)
        self.need_reason = sum(row.needs_reason and not row.reason.strip() for row in self.pupils)

    def _taken_reasons(self) -> dict[str, str]:
        """Of the pupils that the lock takes: who is left out keeps his reason for later."""
        known = {student for of_kind in self._shown.values() for student in of_kind}
        return {
            student: reason.strip()
            for student, reason in self._reasons.items()
            if reason.strip() and student in known and student not in self.leave_out
            and (not self.alone or student == self.alone)
        }  # fmt: skip

    def _forget_reasons(self) -> None:
        self.reason, self._reasons, self._shown, self._names, self.accepting = "", {}, {}, {}, []

    def _only(self, student_id: str) -> None:
        """Choose one pupil of the class opened, also one a lock of the class would leave out."""
        row = next((row for row in self.pupils if row.id == student_id), None)
        if row is not None:
            self.alone, self.alone_name = row.id, row.name
            if not row.fixed and not row.chosen:
                self.pupils = [
                    dataclasses.replace(item, chosen=True) if item.id == student_id else item for item in self.pupils
                ]


def _counts(found: LockPreview, *, several: bool) -> str:
    parts = ((found.ready, "sẵn sàng"), (found.blocked, "chưa chốt được"), (found.locked, "đã chốt"))
    text = " · ".join(f"{count} {words}" for count, words in parts if count)
    return f"{KIND_SHORT[found.kind]}: {text}" if several else text
