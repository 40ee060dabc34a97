"""The application: the wire protocol, the phone's API and page, provisioning and faults."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hocba_app.simulators.mysign.service import PhoneError, Service
from hocba_app.simulators.mysign.wire import Wire

_PAGE = Path(__file__).with_name("phone.html")


class Phone:
    """The app on the user's phone, as an API; the page in ``phone.html`` is a face of it."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """Where the phone talks to."""
        return [
            Route("/phone", self.page), Route("/", lambda _request: RedirectResponse("/phone")),
            Route("/phone/api/{action}", self.act, methods=["POST"]),
            Route("/phone/api/recover/{step}", self.recover, methods=["POST"]),
            Route("/phone/messages", self.messages),
        ]

    async def page(self, _request: Request) -> Response:
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"))

    async def act(self, request: Request) -> Response:
        """``activate``, ``pending``, ``confirm``, ``reject``."""
        body = await request.json()
        user = str(body.get("user_id", ""))
        actions = {
            "activate": lambda: self.service.activate(user, str(body.get("code", "")), str(body.get("pin", ""))),
            "pending": lambda: self.service.pending(user),
            "confirm": lambda: self.service.confirm(user, str(body.get("transactionId", "")), str(body.get("pin", ""))),
            "reject": lambda: self.service.reject(user, str(body.get("transactionId", ""))),
        }
        return await _answer(actions.get(request.path_params["action"]))

    async def recover(self, request: Request) -> Response:
        """``start`` and ``finish``."""
        body = await request.json()
        user = str(body.get("user_id", ""))
        actions = {
            "start": lambda: self.service.recover_start(user, str(body.get("id_number", "")), str(body.get("full_name", ""))),
            "finish": lambda: self.service.recover_finish(user, str(body.get("code", "")), str(body.get("pin", ""))),
        }
        return await _answer(actions.get(request.path_params["step"]))

    async def messages(self, _request: Request) -> Response:
        """The text messages the simulator would have sent."""
        rows = self.service.store.all("select phone, text, at from message order by id desc limit 20")
        return JSONResponse(rows)


async def _answer(action: Any) -> Response:
    if action is None:
        return JSONResponse({"message": "Không có chức năng này."}, status_code=404)
    try:
        value = await asyncio.to_thread(action)
    except PhoneError as error:
        return JSONResponse({"message": str(error)}, status_code=422)
    return JSONResponse({"ok": True} if value is None else {"requests": value})


def create_app(service: Service, webhook: dict[str, str] | None = None) -> Starlette:
    """The ASGI application of one service."""

    async def add_users(request: Request) -> Response:
        body = await request.json()
        users = body if isinstance(body, list) else [body]
        made = await asyncio.to_thread(lambda: [service.add_user(**user) for user in users])
        return JSONResponse(made if isinstance(body, list) else made[0])

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            service.faults.clear()
        else:
            service.faults.append(await request.json())
        return JSONResponse(service.faults)

    async def limits(request: Request) -> Response:
        for key, value in (await request.json()).items():
            setattr(service.limits, key, type(getattr(service.limits, key))(value))
        return JSONResponse(vars(service.limits))

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            *Wire(service, webhook).routes(), *Phone(service).routes(),
            Route("/_admin/users", add_users, methods=["POST"]), Route("/_faults", faults, methods=["POST", "DELETE"]),
            Route("/_limits", limits, methods=["POST"]), Route("/healthz", health),
        ]
    )
