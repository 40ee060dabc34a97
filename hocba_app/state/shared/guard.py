"""Who is asking, and the marks by which a handler says who may call it. The gate enforces them on every event.

Any client can call any event handler of the app, of pages it never saw too; so each handler declares its right under
``@rx.event``, and one that declares nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any, ClassVar, TypeVar

import reflex as rx
from reflex.state import BaseState

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.services.accounts import sessions
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.state.shared.read_pool import in_thread

COOKIE = "hocba_session"
"""HttpOnly: set by the plain form of the login page, read here from the websocket's handshake."""

Handler = TypeVar("Handler", bound=Callable[..., Any])
_MARK = "__hocba_access__"
_PUBLIC = "public"


def requires(*rights: Right) -> Callable[[Handler], Handler]:
    """Mark a handler: who holds one of these rights may call it. Stands under ``@rx.event``."""

    def mark(function: Handler) -> Handler:
        setattr(function, _MARK, rights)
        return function

    return mark


def signed_in(function: Handler) -> Handler:
    """Mark a handler: everybody with a live session may call it."""
    setattr(function, _MARK, ())
    return function


def requires_of_page(rights: str = "_screen_rights") -> Callable[[Handler], Handler]:
    """Mark a mixin's handler: who holds one of the rights that the page names may call the page's own copy.

    Args:
        rights: the page's class variable with them; () for everybody signed in.
    """

    def mark(function: Handler) -> Handler:
        setattr(function, _MARK, rights)
        return function

    return mark


class PageRights(rx.State, mixin=True):
    """Base of the mixins whose handlers ask for the rights of the page that uses them."""

    _screen_rights: ClassVar[tuple[Right, ...]]
    """Who may look at the page holds one of these; () for everybody signed in."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A page that does not name its rights cannot be made."""
        super().__init_subclass__(**kwargs)
        if not cls._mixin:
            for handler in cls.event_handlers.values():
                named = getattr(handler.fn, _MARK, None)
                if isinstance(named, str) and named != _PUBLIC:
                    requires(*getattr(cls, named))(handler.fn)


def public(function: Handler) -> Handler:
    """Mark a handler: anybody may call it."""
    setattr(function, _MARK, _PUBLIC)
    return function


def declared(function: Callable[..., Any]) -> bool:
    """Whether a handler says who may call it."""
    return hasattr(function, _MARK)


def is_public(function: Callable[..., Any]) -> bool:
    """Whether anybody may call the handler."""
    return getattr(function, _MARK, None) == _PUBLIC


def may_call(function: Callable[..., Any], who: Identity) -> bool:
    """Whether this person holds a right that the handler asks for."""
    rights: tuple[Right, ...] = getattr(function, _MARK)
    return not rights or any(allowed(who, right) for right in rights)


def session_token(state: BaseState | rx.State) -> str:
    """The session cookie of the tab's websocket; "" when there is none."""
    # Not state.router.headers: it makes every router object anew, several times an event.
    return _token_in(str(state.router_data.get("headers", {}).get("cookie", "")))


@lru_cache(maxsize=1024)
def _token_in(cookies: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookies)
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


async def identity(state: BaseState | rx.State) -> Identity | None:
    """Who is asking, as the database knows him now; None without a live session."""
    token = session_token(state)
    if not token:
        return None
    return sessions.known(token) or await in_thread(sessions.identify, database(), token)


async def require_identity(state: BaseState | rx.State) -> Identity:
    """Who is asking, in a handler that only people who signed in may call.

    Raises:
        HocbaError: NOT_SIGNED_IN: the session ended after the gate let the event through.
    """
    who = await identity(state)
    if who is None:
        raise HocbaError(ErrorCode.NOT_SIGNED_IN)
    return who
