"""Asking for an unlock, on whatever page records are chosen: the price is shown first, then the reason is sent."""

from __future__ import annotations

import asyncio
import dataclasses
from abc import abstractmethod
from collections.abc import Sequence

import reflex as rx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.wording import stage_signer
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.unlocking import unlock
from hocba_app.services.unlocking.unlock import SignsAgain
from hocba_app.state.shared.guard import require_identity, requires


@dataclasses.dataclass
class Again:
    """Who would have to sign again."""

    name: str
    stage: str
    documents: int


class UnlockAsking(rx.State, mixin=True):
    """Variables and handlers of the panel ``components.unlock_form``. A page says which documents are meant."""

    problem: str = ""
    done: str = ""
    asking: bool = False
    again: list[Again] = []
    reason: str = ""
    needs_approval: bool = True
    _price: str = ""
    """Digest of what was shown: the request carries it."""

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def ask(self) -> None:
        """Show what an unlock costs before anything is asked."""
        who = await require_identity(self)
        try:
            found = await asyncio.to_thread(unlock.consequences, database(), who, self._to_unlock())
        except HocbaError as error:
            self.problem = error.sentence
            return
        self.again, self._price = prices(found), unlock.price_of(found)
        self.needs_approval, self.reason, self.asking = "principal" not in who.roles, "", True

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def set_reason(self, reason: str) -> None:
        self.reason = str(reason)[:500]

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def not_now(self) -> None:
        self.asking = False

    @rx.event
    @requires(Right.UNLOCK_ASK)
    async def send(self) -> None:
        """Send the request."""
        who = await require_identity(self)
        self.problem = self.done = ""
        chosen = self._to_unlock()
        try:
            await asyncio.to_thread(unlock.request_unlock, database(), who, chosen, self.reason, shown=self._price)
            words = spoken()
            waits = (
                f"Đã gửi đề nghị hủy chốt {len(chosen)} hồ sơ; {words.head} hoặc {words.deputy} được ủy quyền sẽ duyệt."
            )
            self.done, self.asking = waits if self.needs_approval else f"Đã hủy chốt {len(chosen)} hồ sơ.", False
            self._asked()
        except HocbaError as error:
            self.problem = error.sentence
            if error.code is ErrorCode.SHOWN_CHANGED:
                found = await asyncio.to_thread(unlock.consequences, database(), who, chosen)
                self.again, self._price = prices(found), unlock.price_of(found)
        await self._reload(who)

    @abstractmethod
    def _to_unlock(self) -> list[str]:
        """Ids of the documents meant."""

    def _asked(self) -> None:
        """The request is sent."""

    @abstractmethod
    async def _reload(self, who: Identity) -> None:
        """Show the truth again."""


def prices(found: Sequence[SignsAgain]) -> list[Again]:
    """Rows for the panel."""
    return [Again(row.name, stage_signer(row.stage), row.documents) for row in found]
