"""The signing queue of teacher, homeroom teacher, principal and seal operator: one tap, one confirmation, live progress."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.paging import page_count
from hocba_app.domain.vietnamese_collation import sort_name
from hocba_app.domain.wording import ITEM, KIND
from hocba_app.models import SEAL, database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.signing import progress, queue_groups, reminders, signer_inbox
from hocba_app.state import signing_rows
from hocba_app.state.batch_cards import BatchCard, batch_card
from hocba_app.state.shared import undoing
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, signed_in
from hocba_app.state.shared.live_screen import LiveScreen, begin, waits_for, watching
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.sorting import Sorting, unsorted
from hocba_app.state.shared.undoing import Undoing
from hocba_app.state.signing_group import MAX_COLUMNS, GroupReading, read_group, show_lines
from hocba_app.state.signing_rows import AskedRow, Group, LateRow, RecordRow, Section, key_of

RECORD_ROWS = 50
"""Of one page: a class's 45 fit on one."""
_RECORD_ORDERS: Mapping[str, Callable[[RecordRow], tuple[Any, ...]]] = {
    "code": lambda row: (row.code, row.kind),
    "name": lambda row: (sort_name(row.name), row.code, row.kind),
    "state": lambda row: (row.problem == "", row.state_name, sort_name(row.name), row.code, row.kind),
}
"""Besides the order in which they are to be signed, or were not; what has a problem comes first."""


_TITLES = {
    (False, False): "Hồ sơ chờ ký",
    (False, True): "Chờ thầy cô ký",
    (True, False): "Chờ đóng dấu",
    (True, True): "Chờ thầy cô ký và đóng dấu",
}
"""By whether there is something to seal, and something to sign."""


class SigningState(Sorting, Undoing, GroupReading, LiveScreen, rx.State):
    """The page "Ký học bạ"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = ()
    _undo_rights: ClassVar[tuple[Right, ...]] = ()
    _sorts: ClassVar[tuple[str, ...]] = (
        "order", "code", "name", "state", *(f"c{number}" for number in range(MAX_COLUMNS)),
    )  # fmt: skip

    loaded: bool = False
    title: str = ""
    """Of what waits: to sign, to seal, or both."""
    only_seals: bool = False
    sections: list[Section] = []
    grades: list[SelectOption] = []
    grade: str = ""
    """Only this grade; "" for all."""
    confirming: str = ""
    """How many confirmations the large button means; "" for one."""
    sign_all: str = ""
    """Words of the large button; "" where it would add nothing."""
    earlier: list[BatchCard] = []
    """Batches that are over, but for the newest."""
    _waiting: list[queue_groups.WaitingGroup] = []
    _names: dict[str, str] = {}
    _groups: list[Group] = []
    batches: list[BatchCard] = []
    announced: str = ""
    """How the newest stands, read aloud when it changes."""
    selected: list[str] = []
    records: list[RecordRow] = []
    """One page of what is opened; a principal's batch has hundreds."""
    _all_records: list[RecordRow] = []
    record_page: int = 1
    record_pages: int = 1
    record_total: int = 0
    late: list[LateRow] = []
    asked: list[AskedRow] = []
    busy: bool = False
    _homeroom: frozenset[str] = frozenset()

    @rx.event
    @signed_in
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        self.done = ""
        undoing.on_load(self)
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(SigningState)

    @rx.event
    @signed_in
    async def toggle(self, key: str) -> None:
        self.selected = (
            [item for item in self.selected if item != key] if key in self.selected else [*self.selected, key]
        )
        self._count()

    @rx.event
    @signed_in
    async def sign_group(self, key: str) -> AsyncIterator[EventSpec | None]:
        """Sign everything of one group that is ready: the teacher's one tap."""
        async for event in self._sign({key}):
            yield event

    @rx.event
    @signed_in
    async def sign_selected(self) -> AsyncIterator[EventSpec | None]:
        """Sign what is chosen; everything that is ready when nothing is."""
        async for event in self._sign(set(self.selected) or {group.key for group in self._shown()}):
            yield event

    @rx.event
    @signed_in
    async def sign_section(self, key: str) -> AsyncIterator[EventSpec | None]:
        """Sign every class of one stage and kind: all covers, or those of the grade shown."""
        groups = {group.key for section in self.sections if section.key == key for group in section.groups}
        async for event in self._sign(groups):
            yield event

    @rx.event
    @signed_in
    async def choose_grade(self, grade: str) -> None:
        """Only the classes of one grade."""
        self.grade = grade if grade in {choice.value for choice in self.grades} else ""
        shown = {group.key for group in self._shown()}
        self.selected = [key for key in self.selected if key in shown]
        self._count()

    @rx.event
    @signed_in
    async def sign_rest(self, batch_id: str) -> AsyncIterator[EventSpec | None]:
        """Sign again what a batch did not: only the slots that still wait."""
        who = await require_identity(self)
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
        known = key in {group.key for group in self._groups}
        self.opened, self.line_page, self.objecting = "" if self.opened == key or not known else key, 1, ""
        unsorted(self)
        if self.opened:
            await read_group(self)

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
        who = await require_identity(self)
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
        who = await require_identity(self)
        name = next((row.name for row in self.late if row.staff_id == staff_id), "thầy cô")
        self.problem, self.done = "", ""
        with refusal_shown(self):
            mailed = await asyncio.to_thread(reminders.remind, database(), who, str(class_id), str(staff_id))
            self.done = f"Đã nhắc {name}" + (
                " trong hệ thống; thư điện tử đang được gửi." if mailed else ". Lời nhắc hiện khi thầy cô mở hệ thống."
            )
        await self._reload(who)

    @rx.event
    @signed_in
    async def remind_everybody(self) -> None:
        """Remind every subject teacher of my classes who has not signed."""
        who = await require_identity(self)
        self.problem, self.done = "", ""
        with refusal_shown(self):
            reminded = await asyncio.to_thread(reminders.remind_all, database(), who)
            self.done = (
                f"Đã nhắc {reminded.people} thầy cô." if reminded.people else "Hôm nay mọi người đã được nhắc rồi."
            )
        await self._reload(who)

    @rx.event
    @signed_in
    async def dismiss(self, reminder_id: str) -> None:
        """I have read the reminder."""
        text = next((row.text for row in self.asked if row.id == reminder_id), "")
        await self._do(reminders.dismiss, str(reminder_id))
        if text and not self.problem:
            undoing.offer(self, f"Đã cất lời nhắc: {text}", "reminder", reminder_id)

    async def _sign(self, chosen: set[str], *, by_slot: bool = False) -> AsyncIterator[EventSpec | None]:
        if self.busy:
            return
        who = await require_identity(self)
        self.busy, self.problem = True, ""
        yield None  # a second tap finds the button off
        try:
            waiting = await in_thread(signer_inbox.my_queue, database(), who)
            slots = [
                item.slot_id
                for item in waiting
                if item.ready
                and (
                    item.slot_id in chosen if by_slot else key_of(item) in chosen and item.slot_id not in self._left_out
                )
            ]
            batches = await asyncio.to_thread(signer_inbox.start, database(), who, slots)
            self.selected, self.opened, self._left_out = [], batches[0] if len(batches) == 1 else "", {}
        except HocbaError as error:
            self.problem = error.sentence
        finally:
            self.busy = False
        await self._reload(who)

    async def _do(self, action: Callable[..., object], batch_id: str) -> None:
        who = await require_identity(self)
        self.problem = ""
        with refusal_shown(self):
            await asyncio.to_thread(action, database(), who, batch_id)
        await self._reload(who)

    def _is_concerned(self, who: Identity, what: ChangeSet) -> bool:
        """Something came into this person's queue, or a signature was made in his own class."""
        return waits_for(who, what) or not what.classes.isdisjoint(self._homeroom)

    async def _reload(self, who: Identity) -> None:
        self._waiting, self._names, batches, late, asked, self._homeroom = await in_thread(_read, who)
        keys = {key_of(group) for group in self._waiting}
        self._left_out = {slot: group for slot, group in self._left_out.items() if group in keys}
        cards = [batch_card(view) for view in batches]
        newest = next((number for number, card in enumerate(cards) if card.over), len(cards)) + 1
        self.batches, self.earlier = cards[:newest], cards[newest:]
        self.announced = f"{cards[0].title}: {cards[0].state_name}." if self.batches else ""
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
        if self.opened in {batch.id for batch in cards}:
            await self._load_batch(who)
        elif self.opened in keys:
            await read_group(self, who)
        else:
            self.opened = ""
        self._count()
        self.loaded = True

    def _shown(self) -> list[Group]:
        return [group for group in self._groups if not self.grade or str(group.grade) == self.grade]

    def _count(self) -> None:
        """What waits, less what is left out, and what the buttons say."""
        left = Counter(self._left_out.values())
        self._groups = [signing_rows.group_row(group, self._names, left[key_of(group)]) for group in self._waiting]
        self.grades = signing_rows.grades_of(self._groups)
        if self.grade not in {choice.value for choice in self.grades}:
            self.grade = ""
        self.sections = signing_rows.sections(self._groups, self.grade)
        shown = [group for group in self._shown() if group.ready]
        self.selected = [key for key in self.selected if key in {group.key for group in shown}]
        chosen = [group for group in shown if group.key in self.selected] or shown
        self.sign_all = signing_rows.sign_all(shown, chosen, self.grade, by_hand=bool(self.selected))
        self.confirming = signing_rows.confirming(chosen)
        stages = {group.stage == SEAL for group in self._waiting}
        self.title, self.only_seals = _TITLES[True in stages, False in stages], stages == {True}

    def _subject_name(self, code: str) -> str:
        return self._names.get(code, code)

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
        if "|" in self.opened:
            show_lines(self, page)
        else:
            self._turn_to(page)

    def _turn_to(self, page: int) -> None:
        if order := _RECORD_ORDERS.get(self.sort):
            self._all_records = sorted(self._all_records, key=order, reverse=self.descending)
        self.record_total = len(self._all_records)
        self.record_pages = page_count(self.record_total, RECORD_ROWS)
        self.record_page = min(max(1, page), self.record_pages)
        self.records = self._all_records[(self.record_page - 1) * RECORD_ROWS : self.record_page * RECORD_ROWS]


def _read(
    who: Identity,
) -> tuple[
    list[queue_groups.WaitingGroup],
    dict[str, str],
    list[progress.BatchView],
    list[reminders.Late],
    list[reminders.Asked],
    frozenset[str],
]:
    db = database()
    return (
        queue_groups.my_groups(db, who),
        queue_groups.subject_words(db, who),
        progress.my_batches(db, who, limit=8),
        reminders.late_teachers(db, who),
        reminders.reminders_of(db, who),
        reminders.homeroom_classes(db, who),
    )
