"""Who calls a route, from where; refusals as answers a browser can show. Every route depends on one of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import speak
from hocba_app.models import database
from hocba_app.services.accounts import sessions
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signed_notice import sign_notice
from hocba_app.settings import settings
from hocba_app.state.shared.guard import COOKIE
from hocba_app.state.shared.way_back import login_address, referring_page


async def signed_in(request: Request) -> Identity:
    """The caller's identity.

    Raises:
        HocbaError: NOT_SIGNED_IN.
    """
    who = await run_in_threadpool(sessions.identify, database(), request.cookies.get(COOKIE))
    if who is None:
        raise HocbaError(ErrorCode.NOT_SIGNED_IN)
    request.state.who = who  # for `deliveries`
    speak(who.words)
    return who


def with_right(right: Right) -> Callable[..., object]:
    """A dependency: the caller, who must hold the right.

    Raises:
        HocbaError: NOT_SIGNED_IN, FORBIDDEN.
    """

    async def caller(who: Annotated[Identity, Depends(signed_in)]) -> Identity:
        require(who, right)
        return who

    caller.right = right  # type: ignore[attr-defined]  # for the test that walks all routes
    return caller


def same_origin(request: Request) -> None:
    """Refuse a form that another site sent with our user's cookie.

    Raises:
        HocbaError: FORBIDDEN.
    """
    origin = request.headers.get("origin")
    if origin is None or origin == "null" or origin.rstrip("/") not in _own_origins(request):
        raise HocbaError(ErrorCode.FORBIDDEN)


def _own_origins(request: Request) -> set[str]:
    return {*settings().allowed_origins(), f"{request.url.scheme}://{request.url.netloc}"}


def to_login(request: Request) -> RedirectResponse | None:
    """Where a browser without a live session is sent: the login, then back to the page whose link or form was used.

    None for a form of no page of ours: nothing would lead back.
    """
    page = referring_page(request.headers.get("referer", ""), _own_origins(request))
    if request.method != "GET" and not page:
        return None
    return RedirectResponse(login_address(page, lapsed=bool(request.cookies.get(COOKIE))), 303)


def address(request: Request) -> str:
    """The client's network address, for the throttles; from the trusted proxies' header where there are any."""
    hops = settings().trusted_proxies
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    if hops and len(forwarded) >= hops:
        return forwarded[-hops]
    return request.client.host if request.client else ""


def back_to(path: str, text: str, *, problem: bool = False) -> RedirectResponse:
    """Redirect to a page of ours, which shows the sentence."""
    target = urlsplit(path)
    query = f"{target.query}&" if target.query else ""
    return RedirectResponse(f"{target.path}?{query}notice={quote(sign_notice(text, problem=problem))}", 303)
