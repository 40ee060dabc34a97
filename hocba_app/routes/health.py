"""Whether this process can serve: for the load balancer and the start-up scripts; and numbers for the operator."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from hocba_app.models import database
from hocba_app.services.metrics import as_text

router = APIRouter()
_LOOPBACK = {"127.0.0.1", "::1"}


@router.get("/healthz")
async def health() -> Response:
    """``ok`` when the database answers."""
    await run_in_threadpool(_ask)
    return PlainTextResponse("ok")


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counters without names of schools or people; to the machine itself only, unless a proxy forwards from elsewhere."""
    if request.client is None or request.client.host not in _LOOPBACK or "x-forwarded-for" in request.headers:
        return PlainTextResponse("", 404)
    return PlainTextResponse(await run_in_threadpool(as_text, database()), media_type="text/plain; version=0.0.4")


def _ask() -> None:
    with database().installation():
        pass
