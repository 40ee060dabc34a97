"""One's own signature image, signing account and certificate [15, 19-21]."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.calendar import local_text
from hocba_app.domain.signing_words import CONFIRMING
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images, keys
from hocba_app.state import drafting, key_editing, undoing
from hocba_app.state.guard import identity, requires
from hocba_app.state.key_editing import KeyEditing, KeyRow


class MySignatureState(KeyEditing, rx.State):
    """The page "Chữ ký của tôi"."""

    _key_right: ClassVar[Right] = Right.OWN_SIGNING_ACCOUNT

    loaded: bool = False
    preview: str = ""
    saved: str = ""
    key: KeyRow = KeyRow()
    confirming: list[str] = []
    """How he confirms, by his service."""
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
    @requires(Right.OWN_SIGNATURE)
    async def turn_draft(self) -> None:
        """A quarter clockwise."""
        await drafting.adjust(self, await self._key_editor(), turn=1)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def set_strength(self, strength: str) -> None:
        """How much counts as ink."""
        await drafting.adjust(self, await self._key_editor(), strength=strength)

    @rx.event
    @requires(Right.OWN_SIGNATURE)
    async def use_draft(self) -> rx.event.EventSpec | None:
        """Store the image that was looked at."""
        who = await self._key_editor()
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

    async def _key_editor(self) -> Identity:
        """Who asks; the account edited is always his own, whoever sat at this tab before."""
        who = await super()._key_editor()
        self.key_owner = who.staff_id or ""
        return who

    async def _reload(self, who: Identity | None) -> None:
        assert who is not None
        image, view = await asyncio.to_thread(_read, who)
        self.preview, self.saved = image.preview, local_text(image.saved_at) if image.saved_at else ""
        self.key, self.confirming = key_editing.key_row(view), list(CONFIRMING.get(view.provider, ()))
        key_editing.show_stored(self, view)
        self.loaded = True


def _read(who: Identity) -> tuple[images.ImageView, keys.KeyView]:
    db = database()
    return images.own_image(db, who), keys.key_view(db, who, who.staff_id or "")
