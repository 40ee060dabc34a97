"""The application: the wire protocol, the phone's API and page, provisioning, limits and faults."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hocba_app.simulators.mysign.faults import KINDS
from hocba_app.simulators.mysign.service import Service
from hocba_app.simulators.mysign.users import PhoneError
from hocba_app.simulators.mysign.wire import Wire

_PAGE, _DESK = (Path(__file__).with_name(name) for name in ("phone.html", "accounts.html"))
_ORDER = re.compile(r"(?P<number>[0-9]{12}|[0-9]{9}|[0-9]{10}(-[0-9]{3})?)[\s,;]+(?P<name>\S.{0,199})")
ACCOUNTS_SHOWN, MAX_DAYS = 200, 1825


class Phone:
    """The app on the user's phone, as an API; the page in ``phone.html`` is a face of it."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """Where the phone talks to."""
        return [
            Route("/phone", self.page),
            Route("/", lambda _request: RedirectResponse("/phone")),
            Route("/phone/api/{action}", self.act, methods=["POST"]),
            Route("/phone/api/recover/{step}", self.recover, methods=["POST"]),
            Route("/phone/messages", self.messages),
        ]

    async def page(self, _request: Request) -> Response:
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"), headers={"Referrer-Policy": "no-referrer"})

    async def act(self, request: Request) -> Response:
        """``activate {user_id, code, pin}``, ``pending {user_id}``, ``confirm {transactionId, pin}``, ``reject {transactionId}``."""
        text, users = await _texts(request), self.service.users
        actions: dict[str, Callable[[], Any]] = {
            "activate": lambda: users.activate(text("user_id"), text("code"), text("pin")),
            "pending": lambda: self.service.pending(text("user_id")),
            "confirm": lambda: self.service.confirm(text("transactionId"), text("pin"), text("user_id")),
            "reject": lambda: self.service.reject(text("transactionId"), text("user_id")),
        }
        return await _answer(actions.get(request.path_params["action"]))

    async def recover(self, request: Request) -> Response:
        """``start {user_id, id_number, full_name or phone}`` and ``finish {user_id, code, pin}``."""
        text, users = await _texts(request), self.service.users
        actions: dict[str, Callable[[], Any]] = {
            "start": lambda: users.recover_start(text("user_id"), text("id_number"), text("full_name"), text("phone")),
            "finish": lambda: users.recover_finish(text("user_id"), text("code"), text("pin")),
        }
        return await _answer(actions.get(request.path_params["step"]))

    async def messages(self, request: Request) -> Response:
        """The text messages the simulator would have sent: to one user's number, or the last of all."""
        user = self.service.users.find(request.query_params.get("user_id", ""))
        return JSONResponse(self.service.users.messages(user["phone"] if user else ""))


async def _texts(request: Request) -> Callable[[str], str]:
    """The body's values as text; a body that is no object has none."""
    try:
        body = await request.json()
    except ValueError:
        body = {}
    return lambda name: str(body.get(name) or "") if isinstance(body, dict) else ""


async def _answer(action: Callable[[], Any] | None) -> Response:
    if action is None:
        return JSONResponse({"error": "unknown_action", "message": "Không có chức năng này."}, status_code=404)
    try:
        value = await asyncio.to_thread(action)
    except PhoneError as error:
        return JSONResponse({"error": error.code, "message": str(error)}, status_code=422)
    return JSONResponse({"ok": True} if value is None else {"requests": value})


class Desk:
    """Where people order an account: a page of plain HTML, one line an account."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """The page and its form."""
        return [Route("/accounts", self.page), Route("/accounts", self.make, methods=["POST"])]

    async def page(self, _request: Request) -> Response:
        return await self._shown("", "")

    async def make(self, request: Request) -> Response:
        """``people`` (a line each: number, name), ``phone``, ``pin``, ``days`` (of validity), ``again`` (one certificate more)."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        try:
            entries = entries_of(form, [user["user_id"] for user in self.service.users.all()])
            made = await asyncio.to_thread(self.service.users.add_all, entries)
        except (ValueError, PhoneError) as error:
            return await self._shown(str(error), form.get("people", ""))
        return await self._shown(
            f"Đã cấp {len(made)} chứng thư số. Người chưa có mã PIN nhận mã kích hoạt qua tin nhắn.", ""
        )

    async def _shown(self, said: str, people: str) -> Response:
        users = await asyncio.to_thread(self.service.users.all)
        rows = "".join(
            f"<tr><td>{escape(user['user_id'])}<td>{escape(user['full_name'])}<td>{datetime.fromisoformat(user['not_after']):%d/%m/%Y}"
            f"<td>{'đã kích hoạt' if user['pin_hash'] else 'mã ' + (user['activation_code'] or '')}"
            for user in users[:ACCOUNTS_SHOWN]
        )
        page = _DESK.read_text(encoding="utf-8")
        for name, text in {
            "said": escape(said),
            "people": escape(people),
            "count": str(len(users)),
            "rows": rows,
        }.items():
            page = page.replace(f"<!--{name}-->", text)
        return HTMLResponse(page, headers={"Referrer-Policy": "no-referrer"})


def entries_of(form: dict[str, str], taken: list[str]) -> list[dict[str, Any]]:
    """What the page's form asks for, as :meth:`Users.add` takes it.

    Args:
        taken: accounts there are.

    Raises:
        ValueError: what is wrong, in Vietnamese.
    """
    days = form.get("days", "").strip()
    if days and not (days.isdigit() and 0 < int(days) <= MAX_DAYS):
        raise ValueError(f"Số ngày hiệu lực là số từ 1 tới {MAX_DAYS}.")
    entries = []
    for number, line in enumerate(form.get("people", "").splitlines(), 1):
        if not line.strip():
            continue
        match = _ORDER.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"Dòng {number}: hãy viết số định danh (9 hoặc 12 số) hay mã số thuế (10 số), rồi họ tên.")
        person = len(match["number"]) in (9, 12)
        kind = ("CCCD" if len(match["number"]) == 12 else "CMT") if person else "MST"
        user_id = f"{kind}_{match['number']}"
        if form.get("again") and user_id in taken:
            user_id += f"/{2 + sum(each.startswith(user_id + '/') for each in taken)}"
        entries.append(
            {
                "user_id": user_id,
                "full_name": match["name"],
                "id_number": match["number"],
                "phone": form.get("phone", "").strip() or "0900000000",
                "kind": "person" if person else "organisation",
                "pin": form.get("pin", "").strip() or None,
                "not_after": (datetime.now(UTC) + timedelta(days=int(days))).isoformat() if days else None,
            }
        )
    if not entries:
        raise ValueError("Chưa có dòng nào. Mỗi dòng một người: số định danh, rồi họ tên.")
    return entries


class Administration:
    """What the service's own staff would do, and what tests need."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """Where rehearsals prepare the service."""
        return [
            Route("/_admin/users", self.users, methods=["POST"]),
            Route("/_admin/renew", self.renew, methods=["POST"]),
            Route("/_admin/clients", self.clients, methods=["POST"]),
            Route("/_faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/_limits", self.limits, methods=["GET", "POST"]),
            Route("/healthz", self.health),
        ]

    async def users(self, request: Request) -> Response:
        """One user or a list: see :meth:`Users.add`."""
        body = await request.json()
        try:
            made = await asyncio.to_thread(self.service.users.add_all, body if isinstance(body, list) else [body])
        except (TypeError, ValueError, PhoneError) as error:
            return JSONResponse({"error": "invalid_request", "message": str(error)}, 400)
        return JSONResponse(made if isinstance(body, list) else made[0])

    async def renew(self, request: Request) -> Response:
        """``{user_id}``: a new certificate under the same credential, as before the old one expires."""
        try:
            await asyncio.to_thread(self.service.users.renew, str((await request.json())["user_id"]))
        except KeyError as error:
            return JSONResponse({"error": "invalid_request", "message": str(error)}, 400)
        return JSONResponse({"ok": True})

    async def clients(self, request: Request) -> Response:
        """``{client_id, client_secret?, application?, webhook?}``: a relying party; see :meth:`Service.add_client`."""
        return JSONResponse(self.service.add_client(await request.json()))

    async def faults(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"kinds": KINDS, "waiting": self.service.faults.shown()})
        if request.method == "DELETE":
            self.service.faults.clear()
        else:
            try:
                self.service.faults.add(await request.json())
            except ValueError as error:
                return JSONResponse({"error": "invalid_request", "message": str(error)}, 400)
        return JSONResponse(self.service.faults.shown())

    async def limits(self, request: Request) -> Response:
        limits = self.service.limits
        if request.method == "POST":
            for name, value in (await request.json()).items():
                if name not in vars(limits):
                    return JSONResponse({"error": "invalid_request", "message": name}, 400)
                setattr(limits, name, type(getattr(limits, name))(value))
        return JSONResponse(vars(limits))

    async def health(self, _request: Request) -> Response:
        return PlainTextResponse("ok")


def create_app(service: Service) -> Starlette:
    """The ASGI application of one service; what was confirmed is finished before it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    return Starlette(
        routes=[
            *Wire(service).routes(),
            *Phone(service).routes(),
            *Desk(service).routes(),
            *Administration(service).routes(),
        ],
        lifespan=lifespan,
    )
