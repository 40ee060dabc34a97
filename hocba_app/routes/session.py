"""The session: log in [11], log out, first password, new password. Plain forms, so that the cookie can be HttpOnly."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hocba_app.domain.errors import HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import address, back_to, same_origin, signed_in
from hocba_app.services.accounts import activation, own_account, sessions
from hocba_app.services.accounts.identity import Identity
from hocba_app.settings import settings
from hocba_app.state.guard import COOKIE

router = APIRouter(dependencies=[Depends(same_origin)])
_Text = Annotated[str, Form(max_length=200)]
_DIFFERENT = "Hai lần nhập mật khẩu mới không giống nhau. Hãy nhập lại."


@router.post("/session")
async def log_in(request: Request, username: _Text, password: _Text) -> Response:
    """Open a session and set its cookie."""
    try:
        token = await run_in_threadpool(sessions.login, database(), username, password, address=address(request))
    except HocbaError as error:
        return back_to("/login", error.sentence, problem=True)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=settings().public_url.startswith("https://"),
        max_age=settings().session_hours * 3600, path="/",
    )
    return response


@router.post("/session/end")
async def log_out(request: Request) -> Response:
    """End the session; without one it is no error."""
    await run_in_threadpool(sessions.logout, database(), request.cookies.get(COOKIE))
    response = back_to("/login", "Đã đăng xuất.")
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/session/activate")
async def activate(request: Request, username: _Text, code: _Text, password: _Text, again: _Text) -> Response:
    """Use a one-time code to set the first password."""
    if password != again:
        return back_to("/activate", _DIFFERENT, problem=True)
    try:
        await run_in_threadpool(activation.activate, database(), username, code, password, address=address(request))
    except HocbaError as error:
        return back_to("/activate", error.sentence, problem=True)
    return back_to("/login", "Đã kích hoạt. Mời thầy cô đăng nhập bằng mật khẩu vừa đặt.")


@router.post("/session/password")
async def change_password(
    request: Request, who: Annotated[Identity, Depends(signed_in)], old: _Text, password: _Text, again: _Text
) -> Response:
    """Set another password; this session stays."""
    if password != again:
        return back_to("/me", _DIFFERENT, problem=True)
    try:
        await run_in_threadpool(
            own_account.change_password, database(), who, old, password, address=address(request),
            keep_token=request.cookies.get(COOKIE, ""),
        )
    except HocbaError as error:
        return back_to("/me", error.sentence, problem=True)
    return back_to("/me", "Đã đổi mật khẩu.")
