"""Files of records to look at, previews before a lock, the audit log as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.models import database
from hocba_app.routes.caller import with_right
from hocba_app.routes.deliveries import DeliveryRoute
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.overview.audit_log import audit_csv
from hocba_app.services.records.preview import preview_pdf
from hocba_app.services.records.record_detail import record_file

router = APIRouter(route_class=DeliveryRoute)
_Reader = Annotated[Identity, Depends(with_right(Right.RECORDS_READ))]
_Locker = Annotated[Identity, Depends(with_right(Right.LOCK))]
_Number = Annotated[int | None, Query(ge=1, le=100_000)]
_Auditor = Annotated[Identity, Depends(with_right(Right.AUDIT_READ))]


@router.get("/files/records/{document_id}")
async def record_pdf(who: _Reader, document_id: str, version: _Number = None) -> Response:
    """A record's current file, shown in the browser; ``?version=`` for an earlier one."""
    name, data = await run_in_threadpool(record_file, database(), who, document_id, version)
    return _pdf(name, data)


@router.get("/files/previews/{kind}/{class_id}/{student_id}")
async def preview(who: _Locker, kind: str, class_id: str, student_id: str) -> Response:
    """The pages of a pupil as they would be signed."""
    name, data = await run_in_threadpool(preview_pdf, database(), who, kind, class_id, student_id)
    return _pdf(name, data)


@router.get("/files/audit.csv")
async def audit_file(who: _Auditor, action: str = "", actor: str = "", since: str = "", until: str = "") -> Response:
    """The audit log, or the part a filter shows."""

    def read() -> bytes:
        chosen = None if not actor else "" if actor == "system" else actor
        return audit_csv(database(), who, action=action, actor=chosen, since=since, until=until)

    data = await run_in_threadpool(read)
    headers = {
        "Content-Disposition": 'attachment; filename="nhat-ky.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _pdf(name: str, data: bytes) -> Response:
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="application/pdf", headers=headers)
