"""Looking at one uploaded image before it is stored; two pages do so: the office's for anybody, one's own."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, ClassVar
from urllib.parse import quote

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.ink.signature_image import STRENGTHS, Adjust
from hocba_app.models import database
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import image_draft
from hocba_app.state.shared import undoing
from hocba_app.state.shared.guard import require_identity, requires_of_page


@dataclasses.dataclass
class Draft:
    """The upload and what becomes of it."""

    slip: str = ""
    name: str = ""
    """Whose; "" for the seal."""
    before: str = ""
    """Address of the upload, made small."""
    after: str = ""
    now: str = ""
    problem: str = ""
    turns: int = 0
    strength: str = "normal"
    left: int = 0
    """Percent cut off at each side of the turned picture."""
    right: int = 0
    top: int = 0
    bottom: int = 0
    frame_key: int = 0
    """Counts up when the sliders must begin anew."""


class Drafting(undoing.Undoing, mixin=True):
    """Variables and handlers of ``components.image_draft``. A page says where it lies; who may undo there may do this."""

    draft: Draft = Draft()

    _draft_page: ClassVar[str]
    """The page's path: its address without the draft."""

    @rx.event
    @requires_of_page("_undo_rights")
    async def turn_draft(self) -> None:
        """A quarter clockwise; the frame begins anew."""
        await adjust(self, await require_identity(self), turn=1)

    @rx.event
    @requires_of_page("_undo_rights")
    async def set_strength(self, strength: str) -> None:
        """How much counts as ink."""
        await adjust(self, await require_identity(self), strength=strength)

    @rx.event
    @requires_of_page("_undo_rights")
    async def cut_draft(self, side: str, percent: float) -> None:
        """Leave that much of one side out; sliders send numbers."""
        await cut(self, await require_identity(self), side, percent)

    @rx.event
    @requires_of_page("_undo_rights")
    async def uncut_draft(self) -> None:
        """The whole picture again."""
        await adjust(self, await require_identity(self))

    @rx.event
    @requires_of_page("_undo_rights")
    async def use_draft(self) -> EventSpec | None:
        """Store the image that was looked at."""
        who = await require_identity(self)
        self.problem = self.done = ""
        stored = await use(self, who)
        await self._reload(who)
        return rx.redirect(self._draft_page, replace=True) if stored else None

    @rx.event
    @requires_of_page("_undo_rights")
    async def leave_draft(self) -> EventSpec:
        """Nothing is stored."""
        self.draft = Draft()
        return rx.redirect(self._draft_page, replace=True)


async def open_slip(state: Drafting, who: Identity, slip: str) -> None:
    """Show the upload that the address names; "" shows none."""
    state.draft = Draft(slip=slip, before=f"/files/signature-drafts/{quote(slip)}") if slip else Draft()
    await _show(state, who)


async def adjust(state: Drafting, who: Identity, *, turn: int = 0, strength: Any = None) -> None:
    """Turn it by quarters clockwise, or take more or less for ink; without either the whole picture is kept again."""
    draft = state.draft
    state.draft = dataclasses.replace(
        draft, turns=(draft.turns + turn) % 4, strength=strength if strength in STRENGTHS else draft.strength
    )
    if strength is None:
        turns = state.draft.turns
        before = f"/files/signature-drafts/{quote(draft.slip)}?turns={turns}" if draft.slip else ""
        state.draft = dataclasses.replace(
            state.draft, before=before, left=0, right=0, top=0, bottom=0, frame_key=draft.frame_key + 1
        )
    await _show(state, who)


async def cut(state: Drafting, who: Identity, side: str, percent: object) -> None:
    """Leave so many percent of one side out; a tenth of the picture always stays."""
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}.get(side)
    if opposite is None or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        return
    most = 90 - getattr(state.draft, opposite)
    state.draft = dataclasses.replace(state.draft, **{side: min(int(percent), most)})
    await _show(state, who)


async def use(state: Drafting, who: Identity) -> bool:
    """Store it and offer the undo. Returns whether it was stored."""
    draft = state.draft
    try:
        shown = await asyncio.to_thread(image_draft.view, database(), who, draft.slip, _adjust(draft))
        stored = await asyncio.to_thread(image_draft.use, database(), who, draft.slip, _adjust(draft))
    except HocbaError as error:
        state.problem = error.sentence
        return False
    state.draft = Draft()
    whose = f"ảnh chữ ký của {shown.name}" if shown.name else "ảnh con dấu"
    if stored.image_id:
        said = f"Đã thay {whose}." if stored.replaced else f"Đã lưu {whose}."
        undoing.offer(state, said, "image", shown.owner, stored.image_id, stays=True)
    return True


async def _show(state: Drafting, who: Identity) -> None:
    draft = state.draft
    if not draft.slip:
        return
    try:
        view = await asyncio.to_thread(image_draft.view, database(), who, draft.slip, _adjust(draft))
    except HocbaError as error:
        state.problem, state.draft = error.sentence, Draft()
        return
    state.draft = dataclasses.replace(draft, name=view.name, after=view.after, now=view.now, problem=view.problem)


def _adjust(draft: Draft) -> Adjust:
    return Adjust(draft.turns, draft.strength, left=draft.left, top=draft.top, right=draft.right, bottom=draft.bottom)
