"""The signing queue of teacher, homeroom teacher, principal and seal operator: one tap, one confirmation, live progress."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.vietnamese_collation import sort_name
from hocba_app.domain.wording import ITEM, KIND, KIND_SHORT, STAGE_SIGNER
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.signing import progress, reminders, signer_inbox
from hocba_app.state import undoing
from hocba_app.state.batch_cards import BatchCard, batch_card
from hocba_app.state.guard import identity, signed_in
from hocba_app.state.live_screen import LiveScreen, begin
from hocba_app.state.read_pool import in_thread
from hocba_app.state.sorting import Sorting, unsorted
from hocba_app.state.undoing import Undoing


@dataclasses.dataclass
class Group:
    """One class, kind and subject that waits: what one tap signs."""

    key: str
    title: str
    detail: str
    stage: str
    stage_name: str
    waiting: int
    ready: int
    blocked: str
    """Why the rest is not ready, as a sentence; "" when all is."""
    href: str


@dataclasses.dataclass
class RecordRow:
    """One record of the opened batch or group."""

    code: str
    name: str
    kind: str
    state: str
    state_name: str
    problem: str
    document_id: str = ""


@dataclasses.dataclass
class LateRow:
    """A subject teacher of the homeroom teacher's class who has not signed yet."""

    class_id: str
    class_name: str
    staff_id: str
    name: str
    subjects: str
    reminded: bool


@dataclasses.dataclass
class AskedRow:
    """Somebody reminds me."""

    id: str
    text: str


RECORD_ROWS = 50
"""Of one page: a class's 45 stand on one."""
_RECORD_ORDERS: Mapping[str, Callable[[RecordRow], tuple[Any, ...]]] = {
    "code": lambda row: (row.code, row.kind),
    "name": lambda row: (sort_name(row.name), row.code, row.kind),
    "state": lambda row: (row.problem == "", row.state_name, sort_name(row.name), row.code, row.kind),
}
"""Besides the order in which they are to be signed, or were not; what has a problem stands first."""


class SigningState(Sorting, Undoing, LiveScreen, rx.State):
    """The page "Ký học bạ"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = ()
    _undo_rights: ClassVar[tuple[Right, ...]] = ()
    _sorts: ClassVar[tuple[str, ...]] = ("order", "code", "name", "state")
    _sort_rights: ClassVar[tuple[Right, ...]] = ()

    loaded: bool = False
    groups: list[Group] = []
    batches: list[BatchCard] = []
    selected: list[str] = []
    records: list[RecordRow] = []
    """One page of what is opened; a principal's batch has hundreds."""
    _all_records: list[RecordRow] = []
    record_page: int = 1
    record_pages: int = 1
    record_total: int = 0
    late: list[LateRow] = []
    asked: list[AskedRow] = []
    opened: str = ""
    ready_records: int = 0
    selected_records: int = 0
    busy: bool = False
    _homeroom: frozenset[str] = frozenset()

    @rx.event
    @signed_in
    async def load(self) -> AsyncIterator[rx.event.EventSpec]:
        """Show the truth, then follow it."""
        self.done = ""
        undoing.on_load(self)
        await self._reload(await identity(self))
        if begin(self):
            yield SigningState.watch()

    @rx.event
    @signed_in
    async def toggle(self, key: str) -> None:
        self.selected = (
            [item for item in self.selected if item != key] if key in self.selected else [*self.selected, key]
        )
        self._count()

    @rx.event
    @signed_in
    async def sign_group(self, key: str) -> AsyncIterator[rx.event.EventSpec]:
        """Sign everything of one group that is ready: the teacher's one tap."""
        async for event in self._sign({key}):
            yield event

    @rx.event
    @signed_in
    async def sign_selected(self) -> AsyncIterator[rx.event.EventSpec]:
        """Sign what is chosen; everything that is ready when nothing is."""
        async for event in self._sign(set(self.selected) or {group.key for group in self.groups}):
            yield event

    @rx.event
    @signed_in
    async def sign_rest(self, batch_id: str) -> AsyncIterator[rx.event.EventSpec]:
        """Sign again what a batch did not: only the slots that still wait."""
        who = await identity(self)
        try:
            left = set(await asyncio.to_thread(progress.unsigned_slots, database(), who, batch_id))
        except HocbaError as error:
            self.problem = error.sentence
            return
        async for event in self._sign(left, by_slot=True):
            yield event

    @rx.event
    @signed_in
    async def open_group(self, key: str) -> None:
        """Look through the records of a group before signing."""
        who = await identity(self)
        waiting = await in_thread(signer_inbox.my_queue, database(), who)
        self.opened, self.record_page = "" if self.opened == key else key, 1
        unsorted(self)
        self._all_records = [
            RecordRow(
                code=item.student_code,
                name=item.student_name,
                kind=KIND[item.kind],
                state="ready" if item.ready else "blocked",
                state_name="Sẵn sàng ký" if item.ready else "Chưa ký được",
                problem=HocbaError(item.reason).sentence if item.reason else "",
                document_id=item.document_id,
            )
            for item in waiting
            if _key(item) == self.opened
        ]
        self._turn_to(1)

    @rx.event
    @signed_in
    async def previous_records(self) -> None:
        self._turn_to(self.record_page - 1)

    @rx.event
    @signed_in
    async def next_records(self) -> None:
        self._turn_to(self.record_page + 1)

    @rx.event
    @signed_in
    async def open_batch(self, batch_id: str) -> None:
        who = await identity(self)
        self.opened, self.record_page = "" if self.opened == batch_id else batch_id, 1
        unsorted(self)
        if self.opened:
            await self._load_batch(who)

    @rx.event
    @signed_in
    async def accept(self, batch_id: str) -> None:
        """It is my turn and I am here."""
        await self._do(signer_inbox.accept_turn, batch_id)

    @rx.event
    @signed_in
    async def split(self, batch_id: str) -> None:
        """Sign at once what is free."""
        await self._do(signer_inbox.split_free, batch_id)

    @rx.event
    @signed_in
    async def stop(self, batch_id: str) -> None:
        await self._do(signer_inbox.stop_waiting, batch_id)

    @rx.event
    @signed_in
    async def remind(self, class_id: str, staff_id: str) -> None:
        """Remind a subject teacher of my class."""
        who = await identity(self)
        name = next((row.name for row in self.late if row.staff_id == staff_id), "thầy cô")
        self.problem, self.done = "", ""
        try:
            mailed = await asyncio.to_thread(reminders.remind, database(), who, str(class_id), str(staff_id))
            self.done = f"Đã nhắc {name}" + (
                " trong phần mềm; thư điện tử đang được gửi." if mailed else ". Lời nhắc hiện khi thầy cô mở phần mềm."
            )
        except HocbaError as error:
            self.problem = error.sentence
        await self._reload(who)

    @rx.event
    @signed_in
    async def dismiss(self, reminder_id: str) -> None:
        """I have read the reminder."""
        text = next((row.text for row in self.asked if row.id == reminder_id), "")
        await self._do(reminders.dismiss, str(reminder_id))
        if text and not self.problem:
            undoing.offer(self, f"Đã cất lời nhắc: {text}", "reminder", reminder_id)

    async def _sign(self, chosen: set[str], *, by_slot: bool = False) -> AsyncIterator[rx.event.EventSpec | None]:
        if self.busy:
            return
        self.busy, self.problem = True, ""
        yield None  # a second tap finds the button off
        who = await identity(self)
        try:
            waiting = await in_thread(signer_inbox.my_queue, database(), who)
            slots = [
                item.slot_id for item in waiting if item.ready and (item.slot_id if by_slot else _key(item)) in chosen
            ]
            batches = await asyncio.to_thread(signer_inbox.start, database(), who, slots)
            self.selected, self.opened = [], batches[0] if len(batches) == 1 else ""
        except HocbaError as error:
            self.problem = error.sentence
        finally:
            self.busy = False
        await self._reload(who)

    async def _do(self, action: object, batch_id: str) -> None:
        who = await identity(self)
        self.problem = ""
        try:
            await asyncio.to_thread(action, database(), who, batch_id)  # type: ignore[arg-type]
        except HocbaError as error:
            self.problem = error.sentence
        await self._reload(who)

    def _is_concerned(self, who: Identity, what: ChangeSet) -> bool:
        """Something came into this person's queue, or a signature was made in his own class."""
        if who.staff_id in what.staff or ("seal_operator" in who.roles and bool(what.classes)):
            return True
        return not what.classes.isdisjoint(self._homeroom)

    async def _reload(self, who: Identity) -> None:
        waiting, names, batches, late, asked, self._homeroom = await in_thread(_read, who)
        self.groups = [_group(group, names) for group in waiting]
        self.batches = [batch_card(view) for view in batches]
        self.late = [
            LateRow(
                row.class_id,
                row.class_name,
                row.staff_id,
                row.name,
                ", ".join(f"{name}: {count} hồ sơ" for name, count in row.subjects),
                row.reminded,
            )
            for row in late
        ]
        self.asked = [
            AskedRow(row.id, f"{row.by} nhắc thầy cô ký {row.records} hồ sơ lớp {row.class_name}.") for row in asked
        ]
        keys = {group.key for group in self.groups if group.ready}
        self.selected = [key for key in self.selected if key in keys]
        self._count()
        if self.opened in {batch.id for batch in self.batches}:
            await self._load_batch(who)
        self.loaded = True

    def _count(self) -> None:
        self.ready_records = sum(group.ready for group in self.groups)
        self.selected_records = sum(group.ready for group in self.groups if group.key in self.selected)

    async def _load_batch(self, who: Identity) -> None:
        try:
            _, items = await in_thread(progress.batch_view, database(), who, self.opened)
        except HocbaError as error:
            self.problem, self.opened = error.sentence, ""
            return
        self._all_records = [
            RecordRow(
                code=item.student_code,
                name=item.student_name,
                kind=KIND[item.kind],
                state=item.state,
                state_name=ITEM[item.state],
                problem=item.problem or "",
            )
            for item in sorted(items, key=lambda item: not item.problem)
        ]
        self._turn_to(self.record_page)

    async def _go(self, page: int) -> None:
        """What is opened is no address: only the rows turn."""
        self._turn_to(page)

    def _turn_to(self, page: int) -> None:
        if order := _RECORD_ORDERS.get(self.sort):
            self._all_records = sorted(self._all_records, key=order, reverse=self.descending)
        self.record_total = len(self._all_records)
        self.record_pages = max(1, -(-self.record_total // RECORD_ROWS))
        self.record_page = min(max(1, page), self.record_pages)
        self.records = self._all_records[(self.record_page - 1) * RECORD_ROWS : self.record_page * RECORD_ROWS]


def _read(
    who: Identity,
) -> tuple[
    list[signer_inbox.WaitingGroup],
    dict[str, str],
    list[progress.BatchView],
    list[reminders.Late],
    list[reminders.Asked],
    frozenset[str],
]:
    db = database()
    return (
        signer_inbox.my_groups(db, who),
        signer_inbox.subject_words(db, who),
        progress.my_batches(db, who, limit=8),
        reminders.late_teachers(db, who),
        reminders.reminders_of(db, who),
        reminders.homeroom_classes(db, who),
    )


def _key(item: signer_inbox.Waiting | signer_inbox.WaitingGroup) -> str:
    return "|".join((item.stage, item.kind, item.school_year, item.class_id, ",".join(item.subjects)))


def _group(group: signer_inbox.WaitingGroup, names: Mapping[str, str]) -> Group:
    subjects = f" · {', '.join(names.get(code, code) for code in group.subjects)}" if group.subjects else ""
    return Group(
        key=_key(group),
        title=f"{group.class_name} · {KIND_SHORT[group.kind]}{subjects}",
        detail=KIND[group.kind] + (f" {group.school_year}" if group.school_year else ""),
        stage=group.stage,
        stage_name=STAGE_SIGNER[group.stage],
        waiting=group.waiting,
        ready=group.ready,
        blocked=" ".join(sorted(_why(reason) for reason in group.reasons)),
        href=f"/records?class={group.class_id}&kind={group.kind}",
    )


def _why(reason: ErrorCode) -> str:
    if reason is ErrorCode.DOCUMENT_BUSY:
        return "Một số hồ sơ đang ở trong lượt ký phía trên."
    return HocbaError(reason).sentence
