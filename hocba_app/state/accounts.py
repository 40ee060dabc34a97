"""Tài khoản: who may sign in, with which roles; codes are printed or mailed by the route."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.paging import page_count
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import ROLES, position_name, role_name
from hocba_app.models import database
from hocba_app.services.accounts import administration
from hocba_app.services.accounts.activation import mail_offered
from hocba_app.services.accounts.administration import AccountRow, AccountsPage
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.state.shared import undoing
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.shared.guard import identity, require_identity, requires
from hocba_app.state.shared.searching import Searching, go_to, keep_search
from hocba_app.state.shared.sorting import Sorting, order_in_address, order_of, read_order
from hocba_app.state.shared.undoing import Undoing

PAGE_ROWS = 30
STATES = {"active": "Đang dùng", "invited": "Đã cấp mã", "inactive": "Chưa kích hoạt", "disabled": "Đã khóa"}
_TONE = {"active": "ok", "invited": "wait", "inactive": "todo", "disabled": "problem"}
_QUESTIONS = {
    "disable": "Khóa chính tài khoản của mình? Thầy cô bị đăng xuất ngay và không tự mở lại được.",
    "revoke_admin": "Bỏ quyền Quản trị của chính mình? Thầy cô không tự lấy lại được; người quản trị khác phải cấp.",
}
"""What somebody does to himself and could not take back."""
_DONE = {
    "disable": "Đã khóa tài khoản của {name}; người này bị đăng xuất, mã chưa dùng hết hiệu lực.",
    "enable": "Đã mở khóa tài khoản của {name}.",
    "grant_admin": "Đã cấp quyền Quản trị cho {name}.",
    "revoke_admin": "Đã thu hồi quyền Quản trị của {name}.",
    "grant_management": "Đã cấp quyền CBQL cho {name}.",
    "revoke_management": "Đã thu hồi quyền CBQL của {name}.",
}
_INVERSE = {"disable": "enable", "enable": "disable", "grant": "revoke", "revoke": "grant"}


@dataclasses.dataclass
class Row:
    """One account."""

    id: str
    name: str
    username: str
    position: str
    roles: str
    tone: str
    state_name: str
    until: str
    last_seen: str
    disabled: bool
    is_admin: bool
    is_management: bool


class AccountsState(Searching, Sorting, Undoing, rx.State):
    """The page "Tài khoản"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.ACCOUNTS_READ,)
    _undo_rights: ClassVar[tuple[Right, ...]] = (Right.ACCOUNTS,)
    _sorts: ClassVar[tuple[str, ...]] = ("name", "username", "state", "last_seen")

    loaded: bool = False
    rows: list[Row] = []
    state: str = ""
    may_change: bool = False
    mail: bool = False
    selected: list[str] = []
    selected_active: list[str] = []
    """Those of them whose password a new code would void."""
    opened: str = ""
    action: str = ""
    question: str = ""

    @rx.var
    def selected_text(self) -> str:
        """The chosen ids as the form of the route takes them."""
        return " ".join(self.selected)

    @rx.event
    @requires(Right.ACCOUNTS_READ)
    async def load(self) -> None:
        self.problem = self.done = self.action = self.opened = ""
        undoing.on_load(self)
        query = self.router.url.query_parameters
        if not query:  # opened anew: turning pages keeps the choice
            self.selected, self.selected_active = [], []
        keep_search(self)
        self.state = state if (state := str(query.get("state", ""))) in STATES else ""
        read_order(self, query)
        self.page = page_in(query)
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.ACCOUNTS_READ)
    async def set_state_filter(self, state: str) -> EventSpec | None:
        """Only accounts in this state."""
        self.state = state if state in STATES else ""
        return await self._go(1)

    async def _go(self, page: int) -> EventSpec | None:
        self.page = page
        await self._reload(await require_identity(self))
        return go_to(
            self, address_of("/accounts", {"state": self.state, "sort": order_in_address(self), "page": self.page})
        )

    @rx.event
    @requires(Right.ACCOUNTS)
    async def toggle(self, account_id: str) -> None:
        """An account in or out of the choice for codes."""
        if account_id in self.selected:
            self.selected = [item for item in self.selected if item != account_id]
            self.selected_active = [item for item in self.selected_active if item != account_id]
        elif any(row.id == account_id and not row.disabled for row in self.rows):
            self.selected = [*self.selected, account_id]
            self.selected_active += [row.id for row in self.rows if row.id == account_id and row.tone == "ok"]

    @rx.event
    @requires(Right.ACCOUNTS)
    async def choose_inactive(self) -> None:
        """Everybody who has neither a password nor a code."""
        who = await require_identity(self)
        self.selected = await asyncio.to_thread(
            administration.account_ids, database(), who, self.search, state="inactive"
        )
        self.selected_active = []
        self.done = "" if self.selected else "Mọi người đã có mã hoặc đã kích hoạt."

    @rx.event
    @requires(Right.ACCOUNTS)
    async def clear(self) -> None:
        self.selected, self.selected_active = [], []

    @rx.event
    @requires(Right.ACCOUNTS)
    async def act(self, action: str, account_id: str) -> None:
        """Change an account at once and offer the undo; who would lock himself out is asked first: he could not undo it."""
        who = await require_identity(self)
        row = next((row for row in self.rows if row.id == account_id), None)
        if row is None or action not in _DONE:
            return
        if account_id == who.account_id and action in _QUESTIONS:
            self.opened, self.action, self.question = account_id, action, _QUESTIONS[action]
            return
        await self._do(who, action, account_id, row.name)

    @rx.event
    @requires(Right.ACCOUNTS)
    async def not_now(self) -> None:
        self.action = self.opened = ""

    @rx.event
    @requires(Right.ACCOUNTS)
    async def confirm(self) -> None:
        """Do what was asked about."""
        who = await require_identity(self)
        action, account_id = self.action, self.opened
        self.action = self.opened = ""
        if action in _QUESTIONS and account_id == who.account_id:
            await self._do(who, action, account_id, "")

    async def _do(self, who: Identity, action: str, account_id: str, name: str) -> None:
        verb, _, role = action.partition("_")
        given = [account_id, *([role] if role else [])]
        self.problem = self.done = ""
        undoing.withdraw(self)
        try:
            await asyncio.to_thread(undoing.INVERSES[verb], database(), who, *given)
        except HocbaError as error:
            self.problem = error.sentence
        else:
            if name:
                undoing.offer(self, _DONE[action].format(name=name), _INVERSE[verb], *given)
        now = await identity(self)
        if now is not None and allowed(now, Right.ACCOUNTS_READ):  # who has just given his own right away sees no list
            await self._reload(now)

    async def _reload(self, who: Identity) -> None:
        found = await asyncio.to_thread(_read, who, self.search, self.state, self.page, order_of(self))
        self.may_change, self.mail = allowed(who, Right.ACCOUNTS), mail_offered()
        self.rows = [_row(row) for row in found.rows]
        self.total, self.pages, self.loaded = found.total, page_count(found.total, PAGE_ROWS), True
        self.page = min(self.page, self.pages)


def _read(who: Identity, search: str, state: str, page: int, order: str) -> AccountsPage:
    db = database()
    found = administration.accounts_page(db, who, search, page, PAGE_ROWS, order, state=state)
    if found.total and not found.rows:  # past the end: the last one
        found = administration.accounts_page(
            db, who, search, page_count(found.total, PAGE_ROWS), PAGE_ROWS, order, state=state
        )
    return found


def _row(row: AccountRow) -> Row:
    until = (
        f"Mã có hiệu lực đến {local_text(row.code_expires_at)}"
        if row.state == "invited" and row.code_expires_at is not None
        else ""
    )
    return Row(
        id=row.account_id,
        name=row.full_name,
        username=row.username,
        position=position_name(row.position),
        roles=", ".join(role_name(role) for role in ROLES if role in row.roles and role != "teacher"),
        tone=_TONE[row.state],
        state_name=STATES[row.state],
        until=until,
        last_seen=local_text(row.last_seen_at) if row.last_seen_at is not None else "Chưa đăng nhập",
        disabled=row.state == "disabled",
        is_admin="admin" in row.granted_roles,
        is_management="management" in row.granted_roles,
    )
