"""Signing accounts of the staff and of the seal: who can sign, who cannot and why."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KEY_STATE, position_name
from hocba_app.models import SEAL, database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import connect_all, keys
from hocba_app.services.signers.key_check_job import recheck_progress, start_recheck
from hocba_app.services.signers.name_acceptance import accept_name
from hocba_app.services.signing.providers.registry import USUAL
from hocba_app.state.shared import key_editing
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.form_texts import form_texts
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.key_editing import STATE_TONE, KeyEditing, KeyRow, ServiceRow
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.searching import Searching, go_to, keep_search
from hocba_app.state.shared.sorting import Sorting, order_in_address, order_of, read_order

PAGE_ROWS = 20


@dataclasses.dataclass
class Count:
    """How many are in one state."""

    state: str
    name: str
    tone: str
    people: int


@dataclasses.dataclass
class PersonLine:
    """Somebody in a list, with what is said of him."""

    owner: str
    name: str
    code: str
    text: str


class SigningAccountsState(Searching, KeyEditing, Sorting, LiveScreen, rx.State):
    """The page "Tài khoản ký số"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.SIGNING_ACCOUNTS,)
    _key_rights: ClassVar[tuple[Right, ...]] = (Right.SIGNING_ACCOUNTS,)
    _sorts: ClassVar[tuple[str, ...]] = ("code", "name", "account", "certificate", "validity", "state")

    loaded: bool = False
    problem: str = ""
    rows: list[KeyRow] = []
    counts: list[Count] = []
    only: str = ""
    testing: bool = False
    test_percent: int = 0
    test_text: str = ""
    services: list[ServiceRow] = []
    """Where accounts that are pasted may lie."""
    connecting: bool = False
    connect_stopping: bool = False
    connect_percent: int = 0
    connect_text: str = ""
    connect_said: str = ""
    """What the last job came to."""
    connect_problem: str = ""
    left: list[PersonLine] = []
    """Whom the last job could not connect, and why."""
    ending: list[PersonLine] = []
    """Whose certificate ends soon or is over, and when."""
    editing: KeyRow = KeyRow()
    removing: bool = False
    may_accept: bool = False
    """The principal looks: he may accept a certificate under another name."""

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it. ``?state=any`` shows who cannot sign."""
        wanted = str(self.router.url.query_parameters.get("state", ""))
        self.only, self.problem = (wanted if wanted in ("any", *KEY_STATE) else ""), ""
        self.page = page_in(self.router.url.query_parameters)
        read_order(self, self.router.url.query_parameters)
        keep_search(self)
        key_editing.open_editor(self, "", "")
        self.connect_problem, self.services = "", key_editing.services_of("")
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(SigningAccountsState)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def show(self, state: str) -> EventSpec | None:
        self.only = state if state in ("any", *KEY_STATE) else ""
        return await self._go(1)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def edit(self, owner: str) -> None:
        """Open one account; the same again closes it."""
        if self.key_owner == owner:
            self._close()
            return
        try:  # whoever the list shows or not: the lists beside it name people too
            view = await asyncio.to_thread(keys.key_view, database(), await self._key_editor(), str(owner))
        except HocbaError as error:
            self.problem = error.sentence
            self._close()
            return
        row = key_editing.key_row(view, _detail(view))
        self.editing, self.removing = row, False
        key_editing.open_editor(self, row.owner, row.user, row.provider)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def close(self) -> None:
        self._close()

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def ask_remove(self) -> None:
        """Ask before the opened account is taken away: connecting it again costs a confirmation on the phone."""
        self.removing = True

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def keep(self) -> None:
        """Not taken away after all."""
        self.removing = False

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def remove(self) -> None:
        """Take the opened account away, asked before."""
        who = await require_identity(self)
        if not self.removing:
            return
        self.removing = False
        with refusal_shown(self):
            await asyncio.to_thread(keys.remove_key, database(), who, self.key_owner)
            self._close()
        await self._reload(who)

    @rx.event
    @requires(Right.ACCEPT_NAME)
    async def accept_name(self, form: dict[str, str]) -> None:
        """The principal's word for the opened certificate's other name."""
        who = await require_identity(self)
        with refusal_shown(self, "key_problem"):
            await asyncio.to_thread(
                accept_name, database(), who, self.key_owner, form_texts(form).get("name_reason", "")
            )
            self.key_problem = ""
        await self._reload(who)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def test_all(self) -> None:
        """Test every key in a job."""
        who = await require_identity(self)
        with refusal_shown(self):
            await asyncio.to_thread(start_recheck, database(), who)
        await self._reload(who)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def connect_everybody(self) -> None:
        """Look everybody up who has no certificate yet, in a job."""
        await self._start_connecting("", USUAL)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def connect_pasted(self, form: dict[str, Any]) -> None:
        """The same, with some of the accounts given."""
        texts = form_texts(form)
        pasted = (
            str(form.get("pasted") or "") if isinstance(form, dict) else ""
        )  # whole: the service says what is too long
        await self._start_connecting(pasted, texts.get("where") or USUAL)

    @rx.event
    @requires(Right.SIGNING_ACCOUNTS)
    async def stop_connecting(self) -> None:
        """Not the rest: who is connected stays so."""
        who = await require_identity(self)
        await asyncio.to_thread(connect_all.stop_connecting, database(), who)
        await self._reload(who)

    async def _start_connecting(self, pasted: str, provider: str) -> None:
        who = await require_identity(self)
        self.connect_problem = ""
        with refusal_shown(self, "connect_problem"):
            await asyncio.to_thread(connect_all.start_connecting, database(), who, pasted, provider)
        await self._reload(who)

    def _close(self) -> None:
        self.editing, self.removing = KeyRow(), False
        key_editing.open_editor(self, "", "")

    async def _go(self, page: int) -> EventSpec | None:
        self.page = page
        await self._reload(await require_identity(self))
        return go_to(
            self,
            address_of("/signing-accounts", {"state": self.only, "sort": order_in_address(self), "page": self.page}),
        )

    async def _reload(self, who: Identity) -> None:
        found, progress, last = await asyncio.to_thread(_read, who, self.search, self.only, self.page, order_of(self))
        self.may_accept = allowed(who, Right.ACCEPT_NAME)
        self.rows = [key_editing.key_row(view, _detail(view)) for view in found.rows]
        self.total, self.pages = found.total, max(1, math.ceil(found.total / PAGE_ROWS))
        self.page = min(self.page, self.pages)
        self.counts = [
            Count(state, KEY_STATE[state], STATE_TONE[state], number)
            for state, number in found.counts.items()
            if number
        ]
        self.testing = progress is not None
        if progress is not None:
            done, total = progress
            self.test_percent, self.test_text = (
                (round(100 * done / total) if total else 0),
                f"Đã kiểm tra {done}/{total} tài khoản",
            )
        self.ending = [
            PersonLine(view.owner, view.name, view.code, f"{local_text(view.valid_to)[:10]} ({key_editing.days(view)})")
            for view in found.ending
            if view.valid_to is not None
        ]
        self._show_connecting(last)
        if self.key_owner:
            await self._read_editing(who)
        self.loaded = True

    def _show_connecting(self, last: connect_all.Connecting | None) -> None:
        """The job that connects everybody, or what the last one came to."""
        if last is None:
            return
        self.connecting, self.connect_stopping = last.live, last.stopping
        self.connect_percent = round(100 * last.done / last.total) if last.total else 0
        self.connect_text = f"Đã xem {last.done}/{last.total} người. {last.stage}".strip()
        self.left = [PersonLine(one.owner, one.name, one.code, one.reason) for one in last.left]
        self.connect_said = ""
        if not last.live:
            ended = "Đã dừng" if last.state == "cancelled" else "Lần kết nối gần nhất"
            self.connect_said = f"{ended}: đã kết nối {last.connected} người; còn {len(last.left)} người cần xử lý. {last.problem}".strip()

    async def _read_editing(self, who: Identity) -> None:
        """The account that is edited, whether the filter still shows it or not."""
        try:
            view = await asyncio.to_thread(keys.key_view, database(), who, self.key_owner)
            self.editing = key_editing.key_row(view, _detail(view))
        except HocbaError as error:
            self.problem = error.sentence
            self._close()


def _read(
    who: Identity, search: str, only: str, page: int, order: str
) -> tuple[keys.KeysPage, tuple[int, int] | None, connect_all.Connecting | None]:
    db = database()
    found = keys.keys_page(db, who, search, only, page, PAGE_ROWS, order)
    if found.total and not found.rows:  # past the end: the last one
        found = keys.keys_page(db, who, search, only, math.ceil(found.total / PAGE_ROWS), PAGE_ROWS, order)
    return found, recheck_progress(db, who), connect_all.connecting(db, who)


def _detail(view: keys.KeyView) -> str:
    return "Con dấu nhà trường" if view.owner == SEAL else f"{view.code} · {position_name(view.position)}"
