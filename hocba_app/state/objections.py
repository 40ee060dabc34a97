"""Báo sai: what is reported as wrong on records, answered by the office, taken back by its reporter."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.objections import FACTS, MAX_REASON
from hocba_app.domain.paging import page_count
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KIND_SHORT
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.objections import objections
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.paging import Paging
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shell import waiting_again

_STATE = {
    "corrected": ("ok", "Đã sửa và chốt lại"),
    "answered": ("info", "Văn phòng đã trả lời"),
    "withdrawn": ("info", "Người báo đã rút"),
}


@dataclasses.dataclass
class ReportRow:
    """One report."""

    id: str
    title: str
    place: str
    """What of the record."""
    reason: str
    asked: str
    tone: str
    state_name: str
    ended: str
    read_href: str
    record_href: str
    may_answer: bool
    may_unlock: bool
    may_withdraw: bool


class ObjectionsState(Paging, LiveScreen, rx.State):
    """The page "Báo sai"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.RECORDS_READ, Right.OWN_QUEUE)
    loaded: bool = False
    problem: str = ""
    done: str = ""
    open_ones: bool = True
    rows: list[ReportRow] = []
    answering: str = ""
    """The report that is being answered."""
    answer: str = ""

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        self.problem = self.done = self.answering = ""
        self.page, self.open_ones = 1, True
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(ObjectionsState)

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def show(self, which: str) -> None:
        """Open reports, or those that are over."""
        self.open_ones, self.page, self.answering = which != "over", 1, ""
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def ask_answer(self, objection_id: str) -> None:
        """Open the form of an answer."""
        self.answering, self.answer = str(objection_id), ""

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def set_answer(self, text: str) -> None:
        self.answer = str(text)[:MAX_REASON]

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def not_now(self) -> None:
        self.answering = ""

    @rx.event
    @requires(Right.LOCK)
    async def send(self) -> None:
        """The record is right as it is."""
        await self._do(objections.answer, self.answering, self.answer)
        if not self.problem:
            self.done, self.answering = "Đã trả lời. Hồ sơ trở lại danh sách của người ký.", ""

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def withdraw(self, objection_id: str) -> None:
        """Take one's own report back."""
        await self._do(objections.withdraw, str(objection_id))
        if not self.problem:
            self.done = "Đã rút báo sai. Hồ sơ trở lại danh sách của người ký."

    async def _go(self, page: int) -> None:
        self.page = page
        await self._reload(await require_identity(self))

    async def _do(self, act: Callable[..., object], *arguments: str) -> None:
        who = await require_identity(self)
        self.problem = self.done = ""
        with refusal_shown(self):
            await asyncio.to_thread(act, database(), who, *arguments)
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        found = await in_thread(objections.objections_page, database(), who, open_ones=self.open_ones, page=self.page)
        self.total, self.pages = found.total, page_count(found.total, objections.PAGE_ROWS)
        if self.page > self.pages:
            self.page = self.pages
            found = await in_thread(
                objections.objections_page, database(), who, open_ones=self.open_ones, page=self.page
            )
        self.rows = [_row(row) for row in found.rows]
        self.loaded = True
        await waiting_again(self, who)


def _row(row: objections.ObjectionView) -> ReportRow:
    tone, words = _STATE.get(row.state, ("wait", "Đã hủy chốt, chờ sửa và chốt lại" if row.unlocked else "Chờ xử lý"))
    ended = ""
    if row.closed_at is not None:
        ended = f"{row.closed_by} · {local_text(row.closed_at)}" + (f": {row.answer}" if row.answer else "")
    return ReportRow(
        id=row.id,
        title=f"{row.student_name} · {row.class_name} · {KIND_SHORT[row.kind]}",
        place=" · ".join(part for part in (row.subject, FACTS[row.fact]) if part),
        reason=row.reason,
        asked=f"{row.reporter} · {local_text(row.raised_at)}",
        tone=tone,
        state_name=words,
        ended=ended,
        read_href=f"/read/{row.document_id}",
        record_href=f"/records/{row.document_id}",
        may_answer=row.may_answer and not row.unlocked,
        may_unlock=row.may_answer and not row.unlocked,
        may_withdraw=row.may_withdraw,
    )
