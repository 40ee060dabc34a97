"""Ban giám hiệu: what lists propose about its posts, and whose credentials wait for a second person."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import reflex as rx

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.models import database
from hocba_app.services.accounts import credentials, leadership, school_identity
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires

_STATE = {"open": ("todo", "Chờ xác nhận"), "confirmed": ("ok", "Đã xác nhận"), "refused": ("info", "Đã từ chối")}


@dataclasses.dataclass
class ProposalCard:
    """One change of post."""

    id: str
    name: str
    change: str
    proposed: str
    decided: str
    tone: str
    state_name: str
    obstacle: str
    may_decide: bool


@dataclasses.dataclass
class AccountCard:
    """One account that waits for somebody to vouch for its owner."""

    id: str
    name: str
    given: str
    may_confirm: bool


@dataclasses.dataclass
class SchoolCard:
    """A change of the school's own facts."""

    id: str
    changes: list[str]
    proposed: str
    decided: str
    tone: str
    state_name: str
    may_decide: bool


class LeadershipState(rx.State):
    """The page "Ban giám hiệu"."""

    loaded: bool = False
    problem: str = ""
    done: str = ""
    waiting: list[ProposalCard] = []
    over: list[ProposalCard] = []
    accounts: list[AccountCard] = []
    school_changes: list[SchoolCard] = []
    refusing: str = ""
    """The proposal whose refusal waits for its reason."""
    reason: str = ""

    @rx.event
    @requires(Right.LEADERSHIP_READ)
    async def load(self) -> None:
        """Show what waits."""
        self.problem = self.done = self.refusing = self.reason = ""
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def confirm(self, proposal_id: str) -> None:
        """Let the person have the post."""
        await self._act(leadership.confirm, str(proposal_id), done="Đã xác nhận thay đổi chức vụ.")

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def ask_refuse(self, proposal_id: str) -> None:
        """Ask for the reason."""
        self.refusing, self.reason, self.problem = str(proposal_id), "", ""

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def set_reason(self, reason: str) -> None:
        """The reason as typed."""
        self.reason = str(reason)[: leadership.MAX_REASON]

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def not_now(self) -> None:
        """Back from the reason."""
        self.refusing = self.reason = ""

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def refuse(self) -> None:
        """Leave the post as it is."""
        await self._act(leadership.refuse, self.refusing, self.reason, done="Đã từ chối; chức vụ giữ nguyên.")

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def confirm_school(self, change_id: str) -> None:
        """The school is called so from today on."""
        await self._act(school_identity.confirm, str(change_id), done="Đã xác nhận thông tin mới của trường.")

    @rx.event
    @requires(Right.LEADERSHIP_CONFIRM)
    async def refuse_school(self) -> None:
        """Leave what the school is called as it is."""
        await self._act(
            school_identity.refuse, self.refusing, self.reason, done="Đã từ chối; thông tin trường giữ nguyên."
        )

    @rx.event
    @requires(Right.CREDENTIALS_CONFIRM)
    async def vouch(self, account_id: str) -> None:
        """The owner is at this account."""
        await self._act(credentials.confirm, str(account_id), done="Đã xác nhận tài khoản.")

    async def _act(self, action: Callable[..., None], *arguments: str, done: str) -> None:
        who = await require_identity(self)
        self.problem = self.done = ""
        with refusal_shown(self):
            await asyncio.to_thread(action, database(), who, *arguments)
            self.done, self.refusing, self.reason = done, "", ""
        await self._reload(await require_identity(self))

    async def _reload(self, who: Identity) -> None:
        try:
            views, accounts, school = await asyncio.to_thread(_read, who)
        except HocbaError:  # he has just handed over
            self.waiting, self.over, self.accounts, self.school_changes, self.loaded = [], [], [], [], True
            return
        cards = [(view.state, _card(view)) for view in views]
        self.waiting = [card for state, card in cards if state == "open"]
        self.over = [card for state, card in cards if state != "open"]
        self.accounts = [_account(view) for view in accounts]
        self.school_changes = [_school(view) for view in school]
        self.loaded = True


def _read(
    who: Identity,
) -> tuple[list[leadership.ProposalView], list[credentials.Unconfirmed], list[school_identity.ChangeView]]:
    db = database()
    return leadership.proposals(db, who), credentials.unconfirmed(db, who), school_identity.changes(db, who)


def _school(view: school_identity.ChangeView) -> SchoolCard:
    tone, state_name = _STATE[view.state]
    by = view.proposed_by or "đồng bộ tự động hoặc người quản trị hệ thống"
    decided = ""
    if view.decided_at is not None:
        answer = view.reason or " ".join(
            filter(None, (view.decision, f"từ {view.effective}" if view.effective else ""))
        )
        decided = f"{view.decided_by or 'Người quản trị hệ thống'}, {local_text(view.decided_at)}"
        decided += f": {answer}" if answer else ""
    return SchoolCard(
        id=view.id,
        changes=[f"{words}: {before} → {after}" for words, before, after in view.facts],
        proposed=f"{by}, {local_text(view.proposed_at)}",
        decided=decided,
        tone=tone,
        state_name=state_name,
        may_decide=view.may_decide,
    )


def _card(view: leadership.ProposalView) -> ProposalCard:
    tone, state_name = _STATE[view.state]
    by = view.proposed_by or "đồng bộ tự động hoặc người quản trị hệ thống"
    decided = ""
    if view.decided_at is not None:
        decided = f"{view.decided_by or 'Người quản trị hệ thống'}, {local_text(view.decided_at)}" + (
            f": {view.reason}" if view.reason else ""
        )
    return ProposalCard(
        id=view.id,
        name=f"{view.name} ({view.staff_code})",
        change=f"{view.before} → {view.proposed}",
        proposed=f"{by}, {local_text(view.proposed_at)}",
        decided=decided,
        tone=tone,
        state_name=state_name,
        obstacle=view.obstacle,
        may_decide=view.may_decide,
    )


def _account(view: credentials.Unconfirmed) -> AccountCard:
    when = f", {local_text(view.given_at)}" if view.given_at is not None else ""
    return AccountCard(
        id=view.account_id,
        name=f"{view.full_name} ({view.username})",
        given=f"{view.given_by or 'không rõ'}{when}",
        may_confirm=view.may_confirm,
    )
