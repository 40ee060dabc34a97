"""Năm học: the years side by side; closing one, opening it again."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import reflex as rx

from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import PROMOTION, amount
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.overview import school_years
from hocba_app.services.overview.school_years import OpenItems, YearView
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires


@dataclasses.dataclass
class Fact:
    """One number of a year."""

    label: str
    value: str


@dataclasses.dataclass
class YearCard:
    """One school year."""

    year: str
    tone: str
    state_name: str
    facts: list[Fact]
    open_items: list[str]
    closed: bool
    closed_text: str
    blocking: bool
    needs_reason: bool


class SchoolYearsState(rx.State):
    """The page "Năm học"."""

    loaded: bool = False
    problem: str = ""
    done: str = ""
    years: list[YearCard] = []
    may_reopen: bool = False
    asking: str = ""
    """The year whose closing or opening is being confirmed."""
    reason: str = ""

    @rx.event
    @requires(Right.LOCK)
    async def load(self) -> None:
        """Show the years."""
        self.problem = self.done = self.asking = self.reason = ""
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.LOCK)
    async def ask(self, year: str) -> None:
        """Show what is open before anybody closes a year."""
        self.asking, self.reason, self.problem, self.done = str(year), "", "", ""
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.LOCK)
    async def set_reason(self, reason: str) -> None:
        """The reason as typed."""
        self.reason = str(reason)[: school_years.MAX_REASON]

    @rx.event
    @requires(Right.LOCK)
    async def not_now(self) -> None:
        """Leave it as it is."""
        self.asking = self.reason = ""

    @rx.event
    @requires(Right.LOCK)
    async def close(self) -> None:
        """Confirmed: close the year."""
        await self._act(school_years.close_year, "Đã khóa sổ năm học {}.")

    @rx.event
    @requires(Right.UNLOCK_APPROVE)
    async def reopen(self) -> None:
        """Confirmed: open the year again."""
        await self._act(school_years.reopen_year, "Đã mở lại năm học {}.")

    async def _act(self, action: Callable[..., None], done: str) -> None:
        who, year = await require_identity(self), self.asking
        if not year:
            return  # a second tap
        self.problem = self.done = ""
        with refusal_shown(self):
            await asyncio.to_thread(action, database(), who, year, self.reason)
            self.done, self.asking, self.reason = done.format(year), "", ""
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        self.years = [_card(view) for view in await asyncio.to_thread(school_years.school_years, database(), who)]
        self.may_reopen = allowed(who, Right.UNLOCK_APPROVE)
        self.loaded = True


def _card(view: YearView) -> YearCard:
    closed = view.closed_at is not None
    tone, words = (
        ("ok", "Đã khóa sổ")
        if closed
        else ("info", "Đang làm việc")
        if view.current
        else ("wait", "Còn việc chưa xong")
        if view.open.blocking or view.open.needs_reason
        else ("todo", "Có thể khóa sổ")
    )
    return YearCard(
        year=view.school_year,
        tone=tone,
        state_name=words,
        facts=_facts(view),
        open_items=_open(view.open),
        closed=closed,
        closed_text=(
            f"{view.closed_by}, {local_text(view.closed_at)}" + (f": {view.reason}" if view.reason else "")
            if view.closed_at is not None
            else ""
        ),
        blocking=view.open.blocking,
        needs_reason=view.open.needs_reason,
    )


def _facts(view: YearView) -> list[Fact]:
    numbers = [
        Fact("Lớp", amount(view.classes)),
        Fact("Học sinh", amount(view.pupils)),
        Fact("QTHT, KQHT đã đóng dấu", amount(view.sealed)),
        Fact("Chữ ký", amount(view.signatures)),
    ]
    for what, counted in (
        ("Cuối năm", {PROMOTION.get(name, name): count for name, count in view.promotion.items()}),
        ("Kết quả học tập", view.learning),
        ("Danh hiệu", view.titles),
    ):
        parts = [f"{name} {amount(count)}" for name, count in sorted(counted.items(), key=lambda item: -item[1])]
        if parts:
            numbers.append(Fact(what, " · ".join(parts)))
    return numbers


def _open(items: OpenItems) -> list[str]:
    words = (
        (items.under_way, "{} QTHT, KQHT đã chốt, chưa đóng dấu"),
        (items.unlocks, "{} đề nghị hủy chốt chưa xong"),
        (items.not_locked, "{} QTHT, KQHT chưa chốt"),
        (items.out_of_date, "{} hồ sơ đã đóng dấu có dữ liệu mới"),
    )
    return [text.format(amount(count)) for count, text in words if count]
