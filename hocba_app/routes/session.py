"""The session: log in, log out, first password, new password. Plain forms, so that the cookie can be HttpOnly."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hocba_app.domain.errors import HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import address, back_to, same_origin, signed_in
from hocba_app.services.accounts import activation, credentials, devices, own_account, sessions
from hocba_app.services.accounts.identity import Identity
from hocba_app.settings import settings
from hocba_app.state.shared.guard import COOKIE
from hocba_app.state.shared.way_back import MAX_LENGTH, page_path

router = APIRouter(dependencies=[Depends(same_origin)])
_Text = Annotated[str, Form(max_length=200)]
_DIFFERENT = "Hai lần nhập mật khẩu mới không giống nhau. Hãy nhập lại."


@router.post("/session")
async def log_in(
    request: Request,
    username: _Text,
    password: _Text,
    came_from: Annotated[str, Form(alias="next", max_length=2 * MAX_LENGTH)] = "",
) -> Response:
    """Open a session, set its cookie, and lead back to the page one came from (:func:`page_path`)."""
    way_back = page_path(came_from)
    try:
        token, device = await run_in_threadpool(
            _logged_in, username, password, address(request), request.cookies.get(devices.COOKIE)
        )
    except HocbaError as error:
        asked_for = f"?{urlencode({'next': way_back})}" if way_back else ""
        return back_to(f"/login{asked_for}", error.sentence, problem=True)
    response = RedirectResponse(way_back or "/", 303)
    _set(request, response, COOKIE, token, settings().session_hours * 3600)
    if device:
        _set(request, response, devices.COOKIE, device, devices.KEPT_SECONDS)
    return response


def _logged_in(username: str, password: str, address: str, device: str | None) -> tuple[str, str]:
    """The session's token, and what the device is given to be known by."""
    token = sessions.login(database(), username, password, address=address, device=device)
    who = sessions.identify(database(), token)
    return token, devices.remembered(device, who.account_id) if who is not None else ""


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    secure = settings().public_url.startswith("https://") or request.url.scheme == "https"
    response.set_cookie(name, value, httponly=True, samesite="lax", secure=secure, max_age=seconds, path="/")


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
        await run_in_threadpool(
            activation.activate,
            database(),
            username,
            code,
            password,
            address=address(request),
            device=request.cookies.get(devices.COOKIE),
        )
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
            own_account.change_password,
            database(),
            who,
            old,
            password,
            address=address(request),
            keep_token=request.cookies.get(COOKIE, ""),
        )
    except HocbaError as error:
        return back_to("/me", error.sentence, problem=True)
    return back_to("/me", "Đã đổi mật khẩu.")


@router.post("/session/confirm")
async def confirm(request: Request, who: Annotated[Identity, Depends(signed_in)], code: _Text) -> Response:
    """The owner confirms with the code from the letter that a reset by somebody else was in order."""
    try:
        await run_in_threadpool(credentials.confirm_as_owner, database(), who, code, address=address(request))
    except HocbaError as error:
        return back_to("/me", error.sentence, problem=True)
    return back_to("/me", "Đã xác nhận. Tài khoản ký và duyệt được như trước.")
