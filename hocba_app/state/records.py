"""Học bạ: the list of records, filtered and paged on the server; from here an unlock is asked for."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.document_lifecycle import KINDS, STEPS
from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import ENROLMENT, KIND_SHORT, step_name
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.records import record_list
from hocba_app.state.shared.addresses import address_of
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shared.searching import Searching, go_to, keep_search
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.sorting import Sorting, order_in_address, read_order
from hocba_app.state.shared.unlock_request_mixin import UnlockAsking
from hocba_app.state.shared.year_choice import year_in

PAGE_ROWS = 30
STEP_TONE = {"open": "info", "subject": "wait", "homeroom": "wait", "principal": "wait", "seal": "wait", "sealed": "ok"}


@dataclasses.dataclass
class Row:
    """One pupil and kind of document."""

    document_id: str
    href: str
    """The record, or the pupil where there is none yet."""
    code: str
    name: str
    note: str
    """"Chuyển đi" and the like; "" for who is there."""
    class_name: str
    kind: str
    step_name: str
    tone: str
    waits_for: str
    out_of_date: bool
    unlock_asked: bool
    may_choose: bool
    updated: str


_STALE = ("", "1", "again")


class RecordsState(Searching, Sorting, UnlockAsking, LiveScreen, rx.State):
    """The page "Học bạ"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.RECORDS_READ,)
    _sorts: ClassVar[tuple[str, ...]] = ("class", "name", "code", "step", "updated")

    loaded: bool = False
    years: list[str] = []
    year: str = ""
    classes: list[SelectOption] = []
    class_id: str = ""
    kind: str = ""
    step: str = ""
    stale: str = ""
    """"1": locked data that newer data contradict; "again": unlocked, to be locked again; "" for any."""
    rows: list[Row] = []
    may_ask: bool = False
    selected: list[str] = []
    _year_asked: bool = False
    """Somebody chose the year: it goes into the address."""
    _shown: frozenset[str] = frozenset()
    """Ids of the documents on the page."""

    @rx.event
    @requires(Right.RECORDS_READ)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Filters from the address, rows from the database; then follow it."""
        query = self.router.url.query_parameters
        self.class_id = str(query.get("class", ""))
        self.year = year_in(query)
        self._year_asked = self.year != ""
        self.kind = kind if (kind := str(query.get("kind", ""))) in KINDS else ""
        self.step = step if (step := str(query.get("state", ""))) in STEPS else ""
        self.stale = stale if (stale := str(query.get("stale", ""))) in _STALE else ""
        read_order(self, query)
        number = str(query.get("page", ""))
        self.page = int(number) if number.isdecimal() and len(number) < 6 else 1
        self.problem, self.asking = "", False
        keep_search(self)
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(RecordsState)

    @rx.event
    @requires(Right.RECORDS_READ)
    async def set_filter(self, which: str, value: str) -> EventSpec | None:
        """One filter; the address follows, so that it can be kept and sent on. The search is not in it."""
        value = str(value)
        if which == "class":
            self.class_id = value
        elif which == "kind" and value in ("", *KINDS):
            self.kind = value
        elif which == "state" and value in ("", *STEPS):
            self.step = value
        elif which == "stale" and value in _STALE:
            self.stale = value
        else:
            return None
        return await self._go(1)

    @rx.event
    @requires(Right.RECORDS_READ)
    async def set_year(self, year: str) -> EventSpec | None:
        """Another school year: other classes."""
        if year not in self.years:
            return None
        self.year, self.class_id, self._year_asked = year, "", True
        return await self._go(1)

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def toggle(self, document_id: str) -> None:
        """A record in or out of the choice."""
        if document_id in self.selected:
            self.selected = [item for item in self.selected if item != document_id]
        elif any(row.document_id == document_id and row.may_choose for row in self.rows):
            self.selected = [*self.selected, document_id]
        self.asking = False

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def choose_class(self) -> None:
        """Every locked record of the class and kind shown, whatever page it is on."""
        who = await require_identity(self)
        with refusal_shown(self):
            self.selected = await asyncio.to_thread(
                record_list.chosen_documents,
                database(),
                who,
                class_id=self.class_id,
                kind=self.kind,
                school_year=self.year,
            )

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def clear(self) -> None:
        self.selected, self.asking = [], False

    def _to_unlock(self) -> list[str]:
        return self.selected

    def _asked(self) -> None:
        self.selected = []

    async def _go(self, page: int) -> EventSpec | None:
        self.page = min(max(page, 1), max(self.pages, 1))
        await self._reload(await require_identity(self))
        address = address_of(
            "/records",
            {
                "year": self.year if self._year_asked else "",
                "class": self.class_id,
                "kind": self.kind,
                "state": self.step,
                "stale": self.stale,
                "sort": order_in_address(self),
                "page": self.page,
            },
        )
        return go_to(self, address)

    def _is_concerned(self, who: Identity, what: ChangeSet) -> bool:
        """A record shown has changed, or one may have come into what is shown or gone from it."""
        by_step = bool(self.step or self.stale) or self.sort in ("step", "updated")
        return not what.documents.isdisjoint(self._shown) or (by_step and bool(what.classes))

    async def _reload(self, who: Identity) -> None:
        try:
            years, classes, found, rows = await in_thread(self._read, who)
        except HocbaError as error:
            self.problem, self.rows, self.total, self.loaded = error.sentence, [], 0, True
            return
        self.years, self.year = years, found.school_year
        self.classes = [SelectOption(row.id, row.name) for row in classes]
        self.page, self.pages, self.total = found.page, found.pages, found.total
        self.may_ask = allowed(who, Right.UNLOCK_ASK)
        self.rows = rows
        self._shown = frozenset(row.document_id for row in found.rows if row.document_id is not None)
        self.loaded = True

    def _read(
        self, who: Identity
    ) -> tuple[list[str], list[record_list.ClassChoice], record_list.RecordsPage, list[Row]]:
        year = self.year or None
        found = record_list.records_page(
            database(),
            who,
            class_id=self.class_id,
            kind=self.kind,
            state=self.step,
            stale=self.stale == "1",
            reopened=self.stale == "again",
            search=self.search,
            sort=self.sort or self._sorts[0],
            descending=self.descending,
            page=self.page,
            size=PAGE_ROWS,
            school_year=year,
        )
        may_ask = allowed(who, Right.UNLOCK_ASK)
        rows = [_row(row, may_ask) for row in found.rows]
        return record_list.years_for(database(), who), record_list.classes_for(database(), who, year), found, rows


def some_names(names: Sequence[str]) -> str:
    """The first three, and how many more."""
    return ", ".join(names[:3]) + (f" và {len(names) - 3} người khác" if len(names) > 3 else "")


def _row(row: record_list.RecordRow, may_ask: bool) -> Row:
    return Row(
        document_id=row.document_id or "",
        href=f"/records/{row.document_id}" if row.document_id else f"/students/{row.student_id}",
        code=row.student_code,
        name=row.student_name,
        note="" if row.enrolment in ("studying", "moved_in") else ENROLMENT.get(row.enrolment, ""),
        class_name=row.class_name,
        kind=KIND_SHORT[row.kind],
        step_name=step_name(row.step) if row.step != "open" or row.version == 0 else "Đã hủy chốt, chờ chốt lại",
        tone=STEP_TONE[row.step],
        waits_for=some_names(row.waits_for),
        out_of_date=row.out_of_date,
        unlock_asked=row.unlock_asked,
        may_choose=may_ask and row.document_id is not None and row.step != "open" and not row.unlock_asked,
        updated=local_text(row.updated_at) if row.updated_at is not None else "",
    )
