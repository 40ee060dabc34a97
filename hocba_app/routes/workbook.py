"""Excel in and out, on the page "Đồng bộ"."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.domain.errors import HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync.excel import export_workbook, import_workbook, problems_csv, template

router = APIRouter()
_Syncer = Annotated[Identity, Depends(with_right(Right.SYNC))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST = 50 * 1024 * 1024


@router.post("/uploads/workbook", dependencies=[Depends(same_origin)])
async def bring_in(who: _Syncer, workbook: UploadFile, school_year: Annotated[str, Form()] = "") -> Response:
    """All of a workbook, or the list of its wrong cells and nothing."""
    try:
        data = await workbook.read(_LARGEST + 1)
        report = await run_in_threadpool(import_workbook, database(), who, data, school_year=school_year or None)
    except HocbaError as error:
        return back_to("/sync", error.sentence, problem=True)
    if report.problems:
        return _file(problems_csv(report.problems), "text/csv; charset=utf-8", "o-sai.csv")
    new, changed = report.counts.get("new", 0), report.counts.get("changed", 0)
    return back_to("/sync", f"Đã nhập từ Excel: {new} mới, {changed} thay đổi.")


@router.get("/files/workbook")
async def take_out(who: _Syncer, year: str = "") -> Response:
    """A school year, by default the current one, as a workbook of the same form."""
    try:
        data = await run_in_threadpool(export_workbook, database(), who, school_year=year or None)
    except HocbaError as error:
        return back_to("/sync", error.sentence, problem=True)
    return _file(data, _XLSX, "du-lieu-nam-hoc.xlsx")


@router.get("/files/workbook/template")
async def empty(who: _Syncer) -> Response:
    """The form to fill in."""
    return _file(await run_in_threadpool(template, who), _XLSX, "mau-nhap-du-lieu.xlsx")


def _file(data: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
