"""Files of the page "Đồng bộ"."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.models import database
from hocba_app.routes.caller import with_right
from hocba_app.routes.deliveries import DeliveryRoute
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync.commands import report_csv

router = APIRouter(route_class=DeliveryRoute)


@router.get("/files/sync/{job_id}")
async def report(job_id: str, who: Annotated[Identity, Depends(with_right(Right.SYNC))]) -> Response:
    """The whole report of a run as CSV."""
    data = await run_in_threadpool(report_csv, database(), who, job_id)
    headers = {"Content-Disposition": 'attachment; filename="dong-bo.csv"', "Cache-Control": "no-store"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)
