"""One's own signature image, signing account and certificate."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import reflex as rx

from hocba_app.domain.school_calendar import local_text
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images, keys
from hocba_app.services.signing.providers.registry import words_of
from hocba_app.state.shared import image_draft_mixin, key_editing, undoing
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.image_draft_mixin import Drafting
from hocba_app.state.shared.key_editing import KeyEditing, KeyRow


class MySignatureState(KeyEditing, Drafting, rx.State):
    """The page "Chữ ký của tôi"."""

    _key_rights: ClassVar[tuple[Right, ...]] = (Right.OWN_SIGNING_ACCOUNT,)
    _undo_rights: ClassVar[tuple[Right, ...]] = (Right.OWN_SIGNATURE,)
    _draft_page: ClassVar[str] = "/my-signature"

    loaded: bool = False
    preview: str = ""
    saved: str = ""
    key: KeyRow = KeyRow()
    confirming: list[str] = []
    """How he confirms, by his service."""

    @rx.event
    @requires(Right.OWN_SIGNATURE, Right.OWN_SIGNING_ACCOUNT)
    async def load(self) -> None:
        """Show the truth. It changes by hand: nothing is followed."""
        who = await require_identity(self)
        key_editing.open_editor(self, who.staff_id or "", "")
        self.problem = self.done = ""
        undoing.on_load(self)
        await image_draft_mixin.open_slip(self, who, str(self.router.url.query_parameters.get("draft", "")))
        await self._reload(who)

    async def _key_editor(self) -> Identity:
        """Who asks; the account edited is always his own, whoever sat at this tab before."""
        who = await super()._key_editor()
        self.key_owner = who.staff_id or ""
        return who

    async def _reload(self, who: Identity) -> None:
        image, view = await asyncio.to_thread(_read, who)
        self.preview, self.saved = image.preview, local_text(image.saved_at) if image.saved_at else ""
        self.key, self.confirming = key_editing.key_row(view), list(words_of(view.provider).confirming)
        key_editing.show_stored(self, view)
        self.loaded = True


def _read(who: Identity) -> tuple[images.ImageView, keys.KeyView]:
    db = database()
    return images.own_image(db, who), keys.key_view(db, who, who.staff_id or "")
