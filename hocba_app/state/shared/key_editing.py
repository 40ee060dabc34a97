"""What every page does that edits a signing account: enter it, connect, pick a certificate, test. A page says with which
right; the services check again whose account it is."""

from __future__ import annotations

import asyncio
import dataclasses
from abc import abstractmethod
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KEY_STATE
from hocba_app.models import SEAL, database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import keys
from hocba_app.services.signers.keys import CredentialView, KeyView
from hocba_app.services.signing.integrations import configured_providers
from hocba_app.services.signing.providers.registry import USUAL, words_of
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.form_texts import form_texts
from hocba_app.state.shared.guard import PageRights, require_identity, requires_of_page

STATE_TONE = {
    "no_account": "todo",
    "no_certificate": "todo",
    "problem": "problem",
    "expired": "problem",
    "expiring": "wait",
    "ok": "ok",
}


@dataclasses.dataclass
class KeyRow:
    """One account as a page shows it."""

    owner: str = ""
    name: str = ""
    detail: str = ""
    user: str = ""
    provider: str = USUAL
    service: str = ""
    """Its name."""
    certificate: str = ""
    number: str = ""
    validity: str = ""
    days: str = ""
    checked: str = ""
    tone: str = "todo"
    state: str = ""
    state_name: str = ""
    sentence: str = ""
    problem: str = ""
    """ErrorCode of what is wrong."""
    serial: str = ""


@dataclasses.dataclass
class ServiceRow:
    """One signing service to choose."""

    value: str
    label: str
    account: str
    """What is typed there."""


@dataclasses.dataclass
class CredentialRow:
    """One certificate to pick."""

    id: str
    name: str
    number: str
    issuer: str
    serial: str
    validity: str
    own: bool
    trusted: bool
    usable: bool
    chosen: bool
    problem: str


class KeyEditing(PageRights, mixin=True):
    """Variables and handlers of ``components.key_editor``. A page names its rights in ``_key_rights``."""

    key_owner: str = ""
    key_user: str = ""
    key_provider: str = USUAL
    key_services: list[ServiceRow] = []
    """What this installation is connected to; chosen from only where there are several."""
    key_problem: str = ""
    key_done: str = ""
    key_busy: bool = False
    credentials: list[CredentialRow] = []

    _key_rights: ClassVar[tuple[Right, ...]]

    @rx.event
    @requires_of_page("_key_rights")
    async def connect(self, form: dict[str, Any]) -> AsyncIterator[None]:
        """Enter the account and take its certificate."""
        who = await self._key_editor()
        self.key_busy = True
        yield
        await connect_account(self, who, form_texts(form))
        await self._reload(who)

    @rx.event
    @requires_of_page("_key_rights")
    async def fetch(self) -> AsyncIterator[None]:
        """Show the certificates of the stored account."""
        who = await self._key_editor()
        self.key_busy = True
        yield
        await list_certificates(self, who)

    @rx.event
    @requires_of_page("_key_rights")
    async def pick(self, credential_id: str) -> AsyncIterator[None]:
        """Take one of them."""
        who = await self._key_editor()
        self.key_busy = True
        yield
        await choose_certificate(self, who, credential_id)
        await self._reload(who)

    @rx.event
    @requires_of_page("_key_rights")
    async def test(self, owner: str) -> AsyncIterator[None]:
        """Check an account and its certificate now."""
        who = await self._key_editor()
        self.key_busy = True
        yield
        await test_account(self, who, str(owner))
        await self._reload(who)

    async def _key_editor(self) -> Identity:
        """Who edits."""
        return await require_identity(self)

    @abstractmethod
    async def _reload(self, who: Identity) -> None:
        """Show the truth again."""


def key_row(view: KeyView, detail: str = "") -> KeyRow:
    """The account as a page shows it."""
    return KeyRow(
        owner=view.owner,
        name=view.name,
        detail=detail,
        user=view.provider_user,
        provider=view.provider,
        service=words_of(view.provider).title,
        certificate=view.certificate_name,
        number=view.certificate_number,
        validity=_span(view.valid_from, view.valid_to),
        days=days(view),
        checked=local_text(view.checked_at) if view.checked_at else "",
        tone=STATE_TONE[view.state],
        state=view.state,
        state_name=KEY_STATE[view.state],
        sentence=view.sentence,
        problem=view.problem,
        serial=view.serial_number,
    )


def days(view: KeyView) -> str:
    """How long its certificate lasts; "" without one."""
    if view.days_left is None:
        return ""
    return f"còn {view.days_left} ngày" if view.days_left >= 0 else "đã hết hạn"


def open_editor(state: KeyEditing, owner: str, user: str, provider: str = USUAL) -> None:
    """Begin with one account."""
    state.key_provider, state.key_services = provider, services_of(owner)
    state.key_owner, state.key_user, state.key_problem, state.key_done, state.credentials = owner, user, "", "", []
    state.key_busy = False


def services_of(owner: str) -> list[ServiceRow]:
    """What this installation is connected to, with what somebody's account is called there."""
    return [
        ServiceRow(name, words_of(name).title, words_of(name).account[owner == SEAL]) for name in configured_providers()
    ]


def show_stored(state: KeyEditing, view: KeyView) -> None:
    """The account as it is stored, unless something else was typed."""
    if not state.key_user:
        state.key_user, state.key_provider = view.provider_user, view.provider


async def connect_account(state: KeyEditing, who: Identity, form: dict[str, str]) -> None:
    """Account and certificate in one step; where several fit, the list to pick from.

    Args:
        form: ``user``, and ``provider`` where there is a choice.
    """
    state.key_user, state.key_provider = form.get("user", "").strip()[:100], form.get("provider", USUAL)
    _begin(state)
    try:
        key = await asyncio.to_thread(
            keys.connect, database(), who, state.key_owner, state.key_user, state.key_provider
        )
        state.key_user = key.provider_user
        if key.problem:  # kept, for it may pass or be settled; what is wrong is shown at the account
            state.key_problem = "Đã kết nối, nhưng chưa dùng để ký được: xem tình trạng của tài khoản."
        else:
            state.key_done = "Đã kết nối và kiểm tra chứng thư số: dùng được để ký."
    except HocbaError as error:
        if error.code is ErrorCode.CREDENTIAL_CHOICE:
            await list_certificates(state, who)
        state.key_problem = error.sentence
    state.key_busy = False


async def list_certificates(state: KeyEditing, who: Identity) -> None:
    """The certificates of the stored account."""
    _begin(state)
    with refusal_shown(state, "key_problem"):
        found = await asyncio.to_thread(keys.fetch_credentials, database(), who, state.key_owner)
        state.credentials = [_credential_row(view) for view in found]
    state.key_busy = False


async def choose_certificate(state: KeyEditing, who: Identity, credential_id: str) -> None:
    """Take one of them."""
    _begin(state)
    with refusal_shown(state, "key_problem"):
        await asyncio.to_thread(keys.choose_credential, database(), who, state.key_owner, str(credential_id))
        state.key_done = "Đã chọn chứng thư số này để ký."
    state.key_busy = False


async def test_account(state: KeyEditing, who: Identity, owner: str) -> None:
    """Check the account and its certificate now."""
    _begin(state)
    with refusal_shown(state, "key_problem"):
        view = await asyncio.to_thread(keys.check_key, database(), who, owner)
        if view.state in ("ok", "expiring"):
            state.key_done = f"{view.name}: tài khoản và chứng thư số dùng được. {view.sentence}".strip()
        else:
            state.key_problem = f"{view.name}: {view.sentence}"
    state.key_busy = False


def _begin(state: KeyEditing) -> None:
    state.key_problem, state.key_done, state.credentials = "", "", []


def _credential_row(view: CredentialView) -> CredentialRow:
    return CredentialRow(
        view.credential_id,
        view.subject,
        view.number,
        view.issuer,
        view.serial_number,
        _span(view.valid_from, view.valid_to),
        view.own,
        view.trusted,
        view.usable,
        view.chosen,
        view.problem,
    )


def _span(begins: datetime | None, ends: datetime | None) -> str:
    if begins is None or ends is None:
        return ""
    return f"{local_text(begins)[:10]} – {local_text(ends)[:10]}"
