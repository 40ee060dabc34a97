"""Verification for anybody: upload a file, or follow the code printed on each page. Plain pages, small enough for any phone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KIND
from hocba_app.models import database
from hocba_app.routes.caller import same_origin
from hocba_app.routes.visits import admitted, files_of
from hocba_app.services.storage.uploads import plain_name
from hocba_app.services.verification.cli import verify_archive, verify_upload
from hocba_app.services.verification.packages import is_archive
from hocba_app.services.verification.record_status import normal_code, standing_of
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import detailed_report, simple_report

router = APIRouter()
MAX_BYTES = 50 * 1024 * 1024
_MAX_NAME = 120
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["local"] = lambda instant: local_text(instant) if instant is not None else ""


@router.get("/verify")
async def ask(code: str = "") -> Response:
    """The form: a file, or a code."""
    if code:
        normal = normal_code(code)
        return (
            RedirectResponse(f"/v/{normal}", 303)
            if normal
            else _page(
                "verify.html", problem="Mã trên học bạ gồm 12 chữ và số, ví dụ K7QM-2RTX-9BHD. Hãy xem lại và nhập đủ."
            )
        )
    return _page("verify.html", problem="")


@router.post("/verify", dependencies=[Depends(same_origin)])
async def judge(request: Request) -> Response:
    """The verdict on one uploaded file, or on each record of an archive; nothing of it is kept."""
    async with admitted(request) as visit:
        chosen = files_of(await visit.form(), "file")
        reports = await visit.run(_verdicts, *chosen[0]) if chosen else []
    if not reports:
        return _page("verify.html", problem="Chưa chọn tệp. Hãy chọn tệp PDF học bạ (hoặc gói ZIP) rồi bấm Kiểm tra.")
    shown = [
        {
            "simple": simple_report(report),
            "detailed": detailed_report(report),
            "title": KIND.get(report.origin.kind, "") if report.origin and report.verdict == "valid" else "",
            "name": report.path or plain_name(chosen[0][0])[:_MAX_NAME],
            "original": normal_code(report.copy_code) if report.copy_code else None,
        }
        for report in reports
    ]
    return _page("verdict.html", verdicts=shown)


@router.get("/v/{code}")
async def standing(code: str) -> Response:
    """What the paper's code says: which record, who signed, whether it is in force. Nothing of the pupil."""
    found = await run_in_threadpool(standing_of, database(), code)
    if found is None:
        return _page("unknown_code.html", 404, code=code[:20])
    return _page("standing.html", record=found)


def _verdicts(name: str, file: BinaryIO) -> list[FileReport]:
    """Of the bytes, read only when it is their turn; none of an empty file."""
    length = file.seek(0, io.SEEK_END)
    if length > MAX_BYTES:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
    if is_archive(file):
        return verify_archive(file, database(), name=plain_name(name)[:_MAX_NAME])
    return [verify_upload(file.read(), database())] if length else []


def _page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    return HTMLResponse(_PAGES.get_template(template).render(**values), status, headers={"Cache-Control": "no-store"})
