"""Deny by default, in one place: runs before every event of every tab, the first one included.

* The tab's state is emptied when the login session it belongs to has changed, before any of it is sent: the next person
  at this browser must not receive what the last one saw.
* A handler of the app runs only when it declares who may call it (`guard`) and the caller may.
* Of the framework's own handlers only those named here run; Reflex gives every state a ``setvar`` that sets any variable.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.registry import RegistrationContext

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import speak
from hocba_app.logs import one_line
from hocba_app.services.accounts.sessions import token_hash
from hocba_app.state.shared.guard import declared, identity, is_public, may_call, session_token
from hocba_app.state.shared.way_back import login_address

_STATE = "reflex___state____state"
_ON_LOAD = f"{_STATE}.reflex___state____on_load_internal_state"
FRAMEWORK = frozenset(
    {
        f"{_STATE}.hydrate",
        f"{_STATE}.hydrate_and_load",
        f"{_STATE}.set_is_hydrated",
        f"{_ON_LOAD}.on_load_internal",
        f"{_ON_LOAD}.set_is_hydrated",
    }
)
"""Reflex's own handlers that anybody may call: they only send the tab its own state and queue its page's ``on_load``,
which passes here again. ``update_vars_internal`` is not among them: no state of ours is kept in the browser."""
FRONTEND_REPORT = f"{_STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception"
"""A browser reports a defect of a page: from people who are logged in, cut short (:func:`hocba_app.logs.one_line`)."""


class TabOwner(rx.State):
    """Whose tab this is: a hash of the session's token, kept on the server only."""

    _owner: str = ""


class Gate(Middleware):
    """The one gate of all events."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let the event pass (None), or answer in its place."""
        await _forget_former_owner(state)
        if event.name in FRAMEWORK:
            return None
        if event.name == FRONTEND_REPORT:
            return await _report(state, event)
        function = RegistrationContext.get().event_handlers[event.name].handler.fn
        if not declared(function):
            return _say(ErrorCode.FORBIDDEN)
        if is_public(function):
            return None
        who = await identity(state)
        if who is None:
            return _to(login_address(str(state.router_data.get("asPath", "")), lapsed=session_token(state) != ""))
        speak(who.words)
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


async def _report(state: BaseState, event: Event) -> StateUpdate | None:
    """A report runs through the framework's handler, which may reload a broken page, or is dropped without a word."""
    info = event.payload.get("info")
    if not isinstance(info, str) or await identity(state) is None:
        return StateUpdate()
    event.payload.clear()
    event.payload.update(info=one_line(info), component_stack="")
    return None


def _to(path: str) -> StateUpdate:
    return StateUpdate(events=_events(rx.redirect(path)))


def _say(code: ErrorCode) -> StateUpdate:
    return StateUpdate(events=_events(rx.toast.error(HocbaError(code).sentence)))


def _events(spec: Any) -> list[Event]:
    return Event.from_event_type(spec)
