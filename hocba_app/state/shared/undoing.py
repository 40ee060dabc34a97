"""Taking back what was just done: a page's state keeps the inverse of its last act, the notice offers it (docs/decisions/0011-undo.md).

What is kept never leaves the server, so nobody can ask for another inverse than his own act's; the inverse is a service
like every other and checks rights again.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.errors import HocbaError
from hocba_app.models import database
from hocba_app.services.accounts import administration
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images, settings, undo_assignment
from hocba_app.services.signing import reminders
from hocba_app.state.shared.guard import PageRights, require_identity, requires_of_page

INVERSES: Mapping[str, Callable[..., Any]] = {
    "enable": administration.enable,
    "disable": administration.disable,
    "grant": administration.grant,
    "revoke": administration.revoke,
    "assignment": undo_assignment.restore_assignment,
    "upload": images.take_back_upload,
    "image": images.take_back_one,
    "cover_signer": settings.restore_cover_signer,
    "seal_operator": settings.restore_seal_operator,
    "reminder": reminders.bring_back,
}
"""By name: a state that may be kept outside the process holds names and texts, no functions."""


class Undoing(PageRights, mixin=True):
    """Variables and handlers of ``components.undo_notice``. A page names its rights in ``_undo_rights``."""

    problem: str = ""
    done: str = ""
    undo_text: str = ""
    """What was done; "" offers nothing."""
    _undo_call: list[Any] = []
    """Name of the inverse, then its arguments."""
    _undo_stays: bool = False
    """The act itself sends the browser to a new address: the offer outlives that one load."""

    _undo_rights: ClassVar[tuple[Right, ...]]
    """Any of them; () for everybody signed in."""

    @rx.event
    @requires_of_page("_undo_rights")
    async def undo(self) -> None:
        """Take the last act back."""
        who = await require_identity(self)
        self.done = "Đã hoàn tác." if await undo(self, who) else ""
        await self._reload(who)

    @rx.event
    @requires_of_page("_undo_rights")
    async def keep_done(self) -> None:
        """Close the offer."""
        withdraw(self)

    @abstractmethod
    async def _reload(self, who: Identity) -> None:
        """Show the truth again."""


def offer(state: Undoing, text: str, inverse: str, *arguments: Any, stays: bool = False) -> None:
    """Say what was done, and offer to take it back."""
    assert inverse in INVERSES
    state.undo_text, state._undo_call, state._undo_stays = text, [inverse, *arguments], stays


def withdraw(state: Undoing) -> None:
    """Offer nothing any more."""
    state.undo_text, state._undo_call, state._undo_stays = "", [], False


def on_load(state: Undoing) -> None:
    """A page that is opened offers nothing of an earlier visit."""
    if state._undo_stays:
        state._undo_stays = False
    else:
        withdraw(state)


async def undo(state: Undoing, who: Identity) -> bool:
    """Take the offered act back; a refusal is the page's problem. Returns whether it was taken back."""
    call = list(state._undo_call)
    withdraw(state)
    state.problem = ""
    if not call:
        return False
    try:
        await asyncio.to_thread(INVERSES[call[0]], database(), who, *call[1:])
    except HocbaError as error:
        state.problem = error.sentence
        return False
    return True
