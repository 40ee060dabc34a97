"""Deny by default, in one place: runs before every event of every tab, the first one included.

* The tab's state is emptied when the login session it belongs to has changed, before any of it is sent: the next person
  at this browser must not receive what the last one saw.
* A handler of the app runs only when it declares who may call it (`guard`) and the caller may.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import Event
from reflex.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.registry import RegistrationContext

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.accounts.sessions import token_hash
from hocba_app.state.guard import declared, identity, is_public, may_call, session_token

OWN_PACKAGE = "hocba_app"
_REFLEX = {"reflex", "reflex_base"}


class TabOwner(rx.State):
    """Whose tab this is: a hash of the session's token, kept on the server only."""

    _owner: str = ""


class Gate(Middleware):
    """The one gate of all events."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event pass (None), or answer in its place."""
        await _forget_former_owner(state)
        function = RegistrationContext.get().event_handlers[event.name].handler.fn
        if function.__module__.split(".")[0] in _REFLEX:
            return None  # hydrate, on_load and the like: they only send the tab its own state
        if not declared(function):
            return _say(ErrorCode.FORBIDDEN)
        if is_public(function):
            return None
        who = await identity(state)
        if who is None:
            return _to("/login")
        if may_call(function, who):
            return None
        return _to("/forbidden") if function.__name__ == "load" else _say(ErrorCode.FORBIDDEN)


async def _forget_former_owner(state: BaseState) -> None:
    owner = await state.get_state(TabOwner)
    mark = token_hash(session_token(state))
    if owner._owner != mark:
        for part in list(state._get_root_state().substates.values()):
            part.reset()
        owner._owner = mark


def _to(path: str) -> StateUpdate:
    return StateUpdate(events=_events(rx.redirect(path)))


def _say(code: ErrorCode) -> StateUpdate:
    return StateUpdate(events=_events(rx.toast.error(HocbaError(code).sentence)))


def _events(spec: Any) -> list[Event]:
    return Event.from_event_type(spec)
