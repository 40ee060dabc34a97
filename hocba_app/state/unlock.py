"""Hủy chốt: requests with what they cost, answered by the principal or a deputy, withdrawn by who asked."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KIND_SHORT
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.unlocking import unlock
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.unlock_request_mixin import Again, prices

_STATE = {
    "asked": ("todo", "Chờ duyệt"),
    "approved": ("wait", "Đã duyệt, chờ lượt ký kết thúc"),
    "done": ("ok", "Đã hủy chốt"),
    "refused": ("info", "Đã từ chối"),
    "withdrawn": ("info", "Đã rút"),
}
_OPEN = ("asked", "approved")


@dataclasses.dataclass
class RecordLine:
    """One record of a request."""

    href: str
    name: str
    detail: str


@dataclasses.dataclass
class RequestCard:
    """One request."""

    id: str
    title: str
    reason: str
    asked: str
    decided: str
    tone: str
    state_name: str
    waiting: str
    records: list[RecordLine]
    again: list[Again]
    shown: str
    """Digest of the price: the approval carries it."""
    price: str
    may_decide: bool
    may_withdraw: bool


class UnlockState(LiveScreen, rx.State):
    """The page "Hủy chốt"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (
        Right.UNLOCK_ASK,
        Right.UNLOCK_APPROVE,
    )
    loaded: bool = False
    problem: str = ""
    done: str = ""
    waiting: list[RequestCard] = []
    over: list[RequestCard] = []
    confirming: str = ""
    """The request whose approval waits for a second tap."""
    _price: str = ""
    """What it cost at the first tap."""

    @rx.event
    @requires(Right.UNLOCK_ASK, Right.UNLOCK_APPROVE)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        self.problem = self.done = self.confirming = ""
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(UnlockState)

    @rx.event
    @requires(Right.UNLOCK_APPROVE)
    async def ask_approve(self, request_id: str) -> None:
        """First tap: show once more what it costs."""
        self.confirming = str(request_id)
        self._price = next((card.shown for card in self.waiting if card.id == self.confirming), "")

    @rx.event
    @requires(Right.UNLOCK_APPROVE)
    async def not_now(self) -> None:
        self.confirming = ""

    @rx.event
    @requires(Right.UNLOCK_APPROVE)
    async def approve(self, request_id: str) -> None:
        """Second tap."""
        await self._answer(request_id, "Đã duyệt hủy chốt.", approve=True)

    @rx.event
    @requires(Right.UNLOCK_APPROVE)
    async def refuse(self, request_id: str) -> None:
        await self._answer(request_id, "Đã từ chối đề nghị; hồ sơ giữ nguyên.", approve=False)

    @rx.event
    @requires(Right.UNLOCK_ASK, Right.UNLOCK_APPROVE)
    async def withdraw(self, request_id: str) -> None:
        """Take a request back."""
        who = await require_identity(self)
        self.problem = self.done = ""
        with refusal_shown(self):
            await asyncio.to_thread(unlock.withdraw, database(), who, str(request_id))
            self.done = "Đã rút đề nghị."
        await self._reload(who)

    async def _answer(self, request_id: str, said: str, *, approve: bool) -> None:
        who = await require_identity(self)
        self.problem = self.done = self.confirming = ""
        with refusal_shown(self):
            await asyncio.to_thread(
                unlock.decide, database(), who, str(request_id), approve=approve, shown=self._price if approve else None
            )
            self.done = said
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        found = await asyncio.to_thread(unlock.unlock_requests, database(), who)
        self.waiting = [_card(view) for view in found if view.state in _OPEN]
        self.over = [_card(view) for view in found if view.state not in _OPEN]
        self.loaded = True


def _card(view: unlock.RequestView) -> RequestCard:
    tone, words = _STATE[view.state]
    classes = sorted({f"{KIND_SHORT[row.kind]} {row.class_name}" for row in view.documents})
    signatures = sum(row.documents for row in view.again)
    return RequestCard(
        id=view.id,
        title=f"{len(view.documents)} hồ sơ · {', '.join(classes)}",
        reason=view.reason,
        asked=f"{view.asked_by or 'Hệ thống'} · {local_text(view.asked_at)}",
        decided=f"{view.decided_by} · {local_text(view.decided_at)}" if view.decided_at is not None else "",
        tone=tone,
        state_name=words,
        waiting=f"{view.waiting} hồ sơ đang chờ xác nhận ký trên điện thoại kết thúc." if view.waiting else "",
        records=[
            RecordLine(
                f"/records/{row.document_id}",
                row.student_name,
                f"{row.student_code} · {row.class_name} · {KIND_SHORT[row.kind]} {row.school_year}",
            )
            for row in view.documents
        ],
        again=prices(view.again),
        shown=view.price,
        price=f"{signatures} chữ ký của {len(view.again)} người sẽ phải ký lại."
        if signatures
        else "Chưa ai ký trên những hồ sơ này.",
        may_decide=view.may_decide,
        may_withdraw=view.may_withdraw,
    )
