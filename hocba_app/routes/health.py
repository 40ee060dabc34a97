"""Whether this process lives, whether it can serve, and its numbers: for the load balancer, the pages and the operator."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from hocba_app.models import database
from hocba_app.services.maintenance.readiness import KeptReadiness
from hocba_app.services.metrics import CONTENT_TYPE, as_text
from hocba_app.settings import settings

router = APIRouter()
_LOOPBACK = {"127.0.0.1", "::1"}
_kept = KeptReadiness()


@router.get("/healthz")
async def alive() -> Response:
    """``ok`` as long as the process answers at all: whoever restarts processes asks this."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def ready() -> Response:
    """What it needs, part by part; 503 when it cannot serve. Whoever shares out visitors, and a page that stays empty, ask this."""
    found = await run_in_threadpool(_kept.get, database())
    return JSONResponse(found.as_json(), 200 if found.ready else 503, headers={"cache-control": "no-store"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counters without names of schools or people; to the machine itself, or to whoever has the token."""
    if not _may_read(request):
        return PlainTextResponse("", 404)
    return PlainTextResponse(await run_in_threadpool(as_text, database()), media_type=CONTENT_TYPE)


def _may_read(request: Request) -> bool:
    given, token = request.headers.get("authorization", ""), settings().metrics_token
    if token and secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    return request.client is not None and request.client.host in _LOOPBACK and "x-forwarded-for" not in request.headers
