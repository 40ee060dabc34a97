"""What a signing service tells us by itself . Open to machines; services check who speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import address
from hocba_app.routes.failure_limit import FailureLimit
from hocba_app.services.signing import webhook
from hocba_app.services.signing.providers.provider import Webhook
from hocba_app.services.signing.providers.registry import PROVIDERS

router = APIRouter()
_failures = FailureLimit(30, 60.0)
"""A service that holds the right secret fails never; a signing service sends from few addresses, and we ask it besides."""


async def _answer(request: Request, work: Callable[..., Any], *arguments: Any) -> Response:
    """JSON both ways: a machine reads no pages."""
    caller = address(request)
    if _failures.refuses(caller):
        return JSONResponse(
            {"status_code": "01", "message": ErrorCode.LOGIN_THROTTLED.value}, 429, headers={"Retry-After": "60"}
        )
    try:
        body = await request.json()
    except (ValueError, RecursionError):  # no JSON, or brackets without end
        _failures.failed(caller)
        return JSONResponse({"status_code": "01", "message": "JSON"}, 400)
    try:
        return JSONResponse(await run_in_threadpool(work, database(), *arguments, body))
    except HocbaError as error:
        _failures.failed(caller)
        status = 401 if error.code in (ErrorCode.LOGIN_FAILED, ErrorCode.NOT_SIGNED_IN) else 422
        return JSONResponse({"status_code": "01", "message": error.code.value}, status)


def _open_to(hook: Webhook) -> None:
    async def token(request: Request) -> Response:
        """The service logs in with the school's own client id and secret."""
        return await _answer(request, webhook.authenticate, hook)

    async def delivery(request: Request) -> Response:
        """One done transaction."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        return await _answer(request, webhook.deliver, hook, bearer if scheme.lower() == "bearer" else "")

    router.add_api_route(f"/hooks/{hook.name}/token", token, methods=["POST"])
    router.add_api_route(f"/hooks/{hook.name}", delivery, methods=["POST"])


for _entry in PROVIDERS.values():
    if _entry.webhook is not None:
        _open_to(_entry.webhook)
