"""The application: SMAS's live side, the sector's and the Ministry's, and what only a simulator has."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hocba_app.simulators.smas import (
    intake,
    live,
    merger,
    school_calendar,
    sector,
    splitter,
    trial,
    troubles,
    workbook,
    years,
)
from hocba_app.simulators.smas.console.app import Console
from hocba_app.simulators.smas.description import docs_page, openapi
from hocba_app.simulators.smas.faults import KINDS, Faults, FaultyService
from hocba_app.simulators.smas.live import Live
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.spec import SchoolSpec, parse
from hocba_app.simulators.smas.store import Store
from hocba_app.simulators.smas.submission import Submissions
from hocba_app.simulators.smas.tokens import Tokens

_HALF_LETTER = re.compile(rb"\\u[dD][89a-fA-F]")
MAX_BODY = 4 * 1024 * 1024
Handler = Callable[[Request, str], Awaitable[Response]]


class Service:
    """The simulator with its data.

    Args:
        folder: of the data.
        specs: schools to be there; those that are already are not made again.
    """

    def __init__(self, folder: Path, specs: Iterable[SchoolSpec | str] = ()) -> None:
        self.store = Store(folder)
        for spec in specs:
            school_calendar.ensure_school(self.store, parse(spec) if isinstance(spec, str) else spec)
        self.tokens, self.faults = Tokens(self.store), Faults()
        self.submissions = Submissions(self.store)

    def schools(self) -> list[dict[str, Any]]:
        """What a client must know of each school."""
        rows = self.store.all(
            "select code, name, level, tax_code, client_id, client_secret, school_year, password from school order by code"
        )
        return [
            {**{key: value for key, value in row.items() if key != "password"}, "console_password": row["password"]}
            for row in rows
        ]

    def close(self) -> None:
        """Let running submissions end, and give the data back."""
        self.submissions.close()
        self.store.close()


class Wire:
    """The endpoints."""

    def __init__(self, service: Service) -> None:
        self.service, self.store = service, service.store

    def routes(self) -> list[Route]:
        """Every endpoint of the contract."""
        member = "/smas/v1/{resource}/{id}"
        return [
            Route("/oauth2/token", self.token, methods=["POST"]),
            Route("/sector/v1/snapshots", self._for_school(self.snapshots)),
            Route("/sector/v1/photos/{sha256}", self._for_school(self.sector_photo)),
            Route("/sector/v1/{resource}", self._for_school(self.sector_list)),
            Route("/smas/v1/marks", self._for_school(self.put_marks), methods=["PUT"]),
            Route("/smas/v1/comments", self._for_school(self.put_comments), methods=["PUT"]),
            Route("/smas/v1/submissions", self._for_school(self.submit), methods=["GET", "POST"]),
            Route("/smas/v1/submissions/{id}", self._for_school(self.submission)),
            Route("/smas/v1/photos/{sha256}", self._for_school(self.photo)),
            Route("/smas/v1/students/{id}/photo", self._for_school(self.put_photo), methods=["PUT", "DELETE"]),
            Route("/smas/v1/staff/{id}/password", self._for_school(self.reset_password), methods=["POST"]),
            Route("/smas/v1/years", self._for_school(self.school_years), methods=["GET", "POST"]),
            Route("/smas/v1/register_numbers", self._for_school(self.number_register), methods=["POST"]),
            Route("/smas/v1/trial", self._for_school(self.trial), methods=["POST"]),
            Route("/smas/v1/intake", self._for_school(self.intake), methods=["POST"]),
            Route("/smas/v1/workbook", self._for_school(self.workbook)),
            Route("/smas/v1/comment_templates/apply", self._for_school(self.apply_templates), methods=["POST"]),
            Route("/smas/v1/{resource}", self._for_school(self.collection), methods=["GET", "POST"]),
            Route(member, self._for_school(self.one), methods=["GET", "PATCH", "DELETE"]),
            Route("/ministry/v1/transfers", self._for_school(self.transfers), methods=["GET", "POST"]),
            Route("/_time", self.time, methods=["POST"]),
            Route("/_merge", self.merge, methods=["POST"]),
            Route("/_split", self.split, methods=["POST"]),
            Route("/_schools", self.all_schools),
            Route("/_faults", self.set_faults, methods=["GET", "POST", "DELETE"]),
            Route("/_known_errors", self.known_errors),
            Route("/openapi.json", self.openapi),
            Route("/docs", self.docs),
            Route("/healthz", self.health),
        ]

    def _for_school(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(request, self.service.tokens.school(request.headers.get("authorization", "")))
            except Refused as refused:
                return JSONResponse(refused.body, refused.status, refused.headers)

        return endpoint

    async def token(self, request: Request) -> Response:
        try:
            granted = self.service.tokens.grant(await _body(request), request.headers.get("authorization", ""))
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        return JSONResponse(granted, headers={"Cache-Control": "no-store"})

    # --- sector ----------------------------------------------------------------------------------------------------

    async def snapshots(self, request: Request, school: str) -> Response:
        return JSONResponse(
            {"items": sector.snapshots(self.store, school, request.query_params.get("school_year", ""))}
        )

    async def sector_list(self, request: Request, school: str) -> Response:
        resource, query = request.path_params["resource"], request.query_params
        if resource not in sector.RESOURCES:
            raise Refused.unknown("tập dữ liệu")
        text = sector.page(
            self.store,
            school,
            resource,
            year=query.get("school_year", ""),
            since=query.get("since", ""),
            at=query.get("page", ""),
            limit=_limit(query.get("limit")),
        )
        return Response(text, media_type="application/json")

    async def sector_photo(self, request: Request, school: str) -> Response:
        return Response(sector.photo(self.store, school, request.path_params["sha256"]), media_type="image/jpeg")

    # --- live ------------------------------------------------------------------------------------------------------

    async def collection(self, request: Request, school: str) -> Response:
        resource = _resource(request)
        side = Live(self.store, school)
        if request.method == "POST":
            return JSONResponse(await asyncio.to_thread(side.create, resource, await _json(request)), 201)
        query = request.query_params
        owner = query.get("student_id" if resource == "history" else "class_id", "")
        items = await asyncio.to_thread(side.records, resource, query.get("school_year", ""), owner)
        start, limit = _offset(query.get("page")), _limit(query.get("limit"))
        more = start + limit < len(items)
        return JSONResponse(
            {
                "items": items[start : start + limit],
                "next_page": str(start + limit) if more else None,
                "total": len(items),
            }
        )

    async def one(self, request: Request, school: str) -> Response:
        resource, identity, side = _resource(request), request.path_params["id"], Live(self.store, school)
        if request.method == "PATCH":
            return JSONResponse(await asyncio.to_thread(side.change, resource, identity, await _json(request)))
        if request.method == "DELETE":
            await asyncio.to_thread(side.delete, resource, identity)
            return Response(status_code=204)
        return JSONResponse(side.get(resource, identity))

    async def put_marks(self, request: Request, school: str) -> Response:
        return JSONResponse(
            {"items": await asyncio.to_thread(Live(self.store, school).set_marks, await _json(request))}
        )

    async def put_comments(self, request: Request, school: str) -> Response:
        return JSONResponse(
            {"items": await asyncio.to_thread(Live(self.store, school).set_comments, await _json(request))}
        )

    async def photo(self, request: Request, school: str) -> Response:
        return Response(Live(self.store, school).photo(request.path_params["sha256"]), media_type="image/jpeg")

    async def put_photo(self, request: Request, school: str) -> Response:
        identity, side = request.path_params["id"], Live(self.store, school)
        if request.method == "DELETE":
            await asyncio.to_thread(side.remove_photo, identity)
            return Response(status_code=204)
        return JSONResponse(await asyncio.to_thread(side.set_photo, identity, await _body(request)))

    async def reset_password(self, request: Request, school: str) -> Response:
        return JSONResponse(
            await asyncio.to_thread(years.reset_password, self.store, school, request.path_params["id"])
        )

    async def school_years(self, request: Request, school: str) -> Response:
        if request.method == "GET":
            return JSONResponse(years.known(self.store, school))
        return JSONResponse(await asyncio.to_thread(years.declare, self.store, school, await _json(request)), 201)

    async def number_register(self, request: Request, school: str) -> Response:
        return JSONResponse(await asyncio.to_thread(years.number_register, self.store, school, await _json(request)))

    async def apply_templates(self, request: Request, school: str) -> Response:
        return JSONResponse(await asyncio.to_thread(years.apply_templates, self.store, school, await _json(request)))

    async def trial(self, request: Request, school: str) -> Response:
        return JSONResponse(await asyncio.to_thread(trial.fill, self.store, school, await _json(request)))

    async def intake(self, request: Request, school: str) -> Response:
        return JSONResponse(await asyncio.to_thread(intake.admit, self.store, school, await _json(request)), 201)

    async def workbook(self, request: Request, school: str) -> Response:
        year = request.query_params.get("school_year") or Live(self.store, school).year
        data = await asyncio.to_thread(workbook.export, self.store, school, year)
        return Response(data, media_type=workbook.TYPE, headers={"Cache-Control": "no-store"})

    async def submit(self, request: Request, school: str) -> Response:
        submissions = self.service.submissions
        if request.method == "GET":
            return JSONResponse({"items": submissions.list(school)})
        identity = await asyncio.to_thread(
            submissions.submit, school, await _json(request), Live(self.store, school).year
        )
        return JSONResponse({"id": identity}, 202, {"Location": f"/smas/v1/submissions/{identity}"})

    async def submission(self, request: Request, school: str) -> Response:
        return JSONResponse(self.service.submissions.get(school, request.path_params["id"]))

    async def transfers(self, request: Request, school: str) -> Response:
        if request.method == "GET":
            return JSONResponse({"items": sector.transfers(self.store, school)})
        return JSONResponse(await asyncio.to_thread(sector.transfer, self.store, school, await _json(request)), 201)

    # --- simulator only --------------------------------------------------------------------------------------------

    async def time(self, request: Request) -> Response:
        """``{"school": code, "moment": …}``: reveal what the school has entered by then."""
        try:
            values = await _json(request)
            code, moment = str(_get(values, "school")), str(_get(values, "moment"))
            reached = await asyncio.to_thread(school_calendar.move_to, self.store, code, moment)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        return JSONResponse({"school": code, "moment": reached})

    async def merge(self, request: Request) -> Response:
        """``{"from": code, "into": code}``: see `merger.merge`."""
        try:
            return JSONResponse(await asyncio.to_thread(merger.merge, self.store, await _json(request)))
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)

    async def split(self, request: Request) -> Response:
        """``{"from": code, "into": code, "level": …}``: see `splitter.split`."""
        try:
            return JSONResponse(await asyncio.to_thread(splitter.split, self.store, await _json(request)))
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)

    async def all_schools(self, _request: Request) -> Response:
        return JSONResponse({"schools": self.service.schools()})

    async def set_faults(self, request: Request) -> Response:
        """Trouble of the service waits for the next calls; trouble in a school's data happens at once."""
        faults = self.service.faults
        if request.method == "GET":
            kinds = {**KINDS, **{kind: text for kind, (text, _) in troubles.KINDS.items()}}
            return JSONResponse({"kinds": kinds, "waiting": faults.shown()})
        if request.method == "DELETE":
            faults.clear()
            return JSONResponse(faults.shown())
        try:
            fault = await _json(request)
            if str(_get(fault, "kind")) in troubles.KINDS:
                school = str(_get(fault, "school") or "")
                return JSONResponse(
                    {"changed": await asyncio.to_thread(troubles.strike, self.store, fault["kind"], school)}
                )
            faults.add(fault)
        except ValueError as error:
            return JSONResponse({"error": "invalid_request", "message": str(error)}, 400)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        return JSONResponse(faults.shown())

    async def known_errors(self, _request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(live.known_errors, self.store))

    async def openapi(self, _request: Request) -> Response:
        return JSONResponse(openapi())

    async def docs(self, _request: Request) -> Response:
        return HTMLResponse(docs_page())

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "smas"})


async def _body(request: Request) -> bytes:
    """The request's body.

    Raises:
        Refused: it is too large.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refused(413, {"error": "too_large"})
    return body


async def _json(request: Request) -> Any:
    """The body's JSON.

    Raises:
        Refused: it is none.
    """
    try:
        body = await _body(request)
        value = json.loads(body)
        if _HALF_LETTER.search(body):
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
        return value
    except (ValueError, RecursionError):
        raise Refused(400, {"error": "invalid_json"}) from None


def _get(values: Any, name: str) -> Any:
    return values.get(name) if isinstance(values, dict) else None


def _resource(request: Request) -> str:
    resource = str(request.path_params["resource"])
    if resource not in live.RESOURCES:
        raise Refused.unknown("tập dữ liệu")
    return resource


def _limit(text: str | None) -> int:
    if text is None:
        return 200
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= sector.MAX_PAGE:
        raise Refused.field("limit", "out_of_range", f"Số dòng một trang từ 1 đến {sector.MAX_PAGE}.")
    return int(text)


def _offset(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(400, {"error": "invalid_cursor"})
    return int(text)


def create_app(service: Service) -> ASGIApp:
    """The ASGI application of one service; running submissions end before it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    routes = [*Wire(service).routes(), *Console(service.store, service.submissions).routes()]
    router = Starlette(routes=routes, lifespan=lifespan)
    return FaultyService(router, service.faults, service.tokens.expire)
