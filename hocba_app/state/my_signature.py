"""One's own signature image, MySign account and certificate [15, 19-21]."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from hocba_app.domain.calendar import local_text
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images, keys
from hocba_app.state import drafting, key_editing, undoing
from hocba_app.state.form_texts import form_texts
from hocba_app.state.guard import identity, requires
from hocba_app.state.key_editing import CredentialRow, KeyRow, ServiceRow


class MySignatureState(rx.State):
    """The page "Chữ ký của tôi"."""

    loaded: bool = False
    preview: str = ""
    saved: str = ""
    key: KeyRow = KeyRow()
    key_owner: str = ""
    key_user: str = ""
    key_provider: str = "mysign"
    key_services: list[ServiceRow] = []
    key_problem: str = ""
    key_done: str = ""
    key_busy: bool = False
    credentials: list[CredentialRow] = []
    problem: str = ""
    done: str = ""
    draft: drafting.Draft = drafting.Draft()
    undo_text: str = ""
    _undo_call: list[Any] = []
    _undo_stays: bool = False

    @rx.event
    @requires(Right.OWN_SIGNATURE, Right.OWN_SIGNING_ACCOUNT)
    async def load(self) -> None:
        """Show the truth. It changes by hand: nothing is followed."""
        who = await identity(self)
        assert who is not None
        key_editing.open_editor(self, who.staff_id or "", "")
        self.problem = self.done = ""
        undoing.on_load(self)
        await drafting.open_slip(self, who, str(self.router.url.query_parameters.get("draft", "")))
        await self._reload(who)

    @rx.event
    @requires(Right.OWN_SIGNING_ACCOUNT)
    async def connect(self, form: dict[str, Any]) -> AsyncIterator[None]:
        who = await self._mine()
        self.key_busy = True
        yield
        await key_editing.connect(self, who, form_texts(form))
        await self._reload(who)

    @rx.event
    @requires(Right.OWN_SIGNING_ACCOUNT)
    async def fetch(self) -> AsyncIterator[None]:
        who = await self._mine()
        self.key_busy = True
        yield
        await key_editing.fetch(self, who)

    @rx.event
    @requires(Right.OWN_SIGNING_ACCOUNT)
    async def pick(self, credential_id: str) -> AsyncIterator[None]:
        who = await self._mine()
        self.key_busy = True
        yield
        await key_editing.choose(self, who, credential_id)
        await self._reload(who)

    @rx.event
    @requires(Right.OWN_SIGNING_ACCOUNT)
    async def test(self) -> AsyncIterator[None]:
        who = await self._mine()
        self.key_busy = True
        yield
        await key_editing.test(self, who, self.key_owner)
        await self._reload(who)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def turn_draft(self) -> None:
        """A quarter clockwise."""
        await drafting.adjust(self, await self._mine(), turn=1)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def set_strength(self, strength: str) -> None:
        """How much counts as ink."""
        await drafting.adjust(self, await self._mine(), strength=strength)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def use_draft(self) -> rx.event.EventSpec | None:
        """Store the image that was looked at."""
        who = await self._mine()
        self.problem = self.done = ""
        stored = await drafting.use(self, who)
        await self._reload(who)
        return rx.redirect("/my-signature", replace=True) if stored else None

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def leave_draft(self) -> rx.event.EventSpec:
        """Nothing is stored."""
        self.draft = drafting.Draft()
        return rx.redirect("/my-signature", replace=True)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def undo(self) -> None:
        """Take the last act back."""
        who = await identity(self)
        assert who is not None
        self.done = "Đã hoàn tác." if await undoing.undo(self, who) else ""
        await self._reload(who)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def keep_done(self) -> None:
        """Close the offer."""
        undoing.withdraw(self)

    async def _mine(self) -> Identity:
        """Who asks; the account edited is always his own, whoever sat at this tab before."""
        who = await identity(self)
        assert who is not None
        self.key_owner = who.staff_id or ""
        return who

    async def _reload(self, who: Identity | None) -> None:
        assert who is not None
        image, view = await asyncio.to_thread(_read, who)
        self.preview, self.saved = image.preview, local_text(image.saved_at) if image.saved_at else ""
        self.key = key_editing.key_row(view)
        key_editing.show_stored(self, view)
        self.loaded = True


def _read(who: Identity) -> tuple[images.ImageView, keys.KeyView]:
    db = database()
    return images.own_image(db, who), keys.key_view(db, who, who.staff_id or "")
