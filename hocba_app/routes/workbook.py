"""Excel in and out, on the page "Đồng bộ"."""

from __future__ import annotations

from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.routes.deliveries import DeliveryRoute
from hocba_app.routes.visits import admitted, files_of, text_of
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync.excel import (
    ExcelReport,
    export_workbook,
    import_workbook,
    problems_csv,
    template,
)
from hocba_app.services.sync.excel_reading import LARGEST_FILE

router = APIRouter(route_class=DeliveryRoute)
_Syncer = Annotated[Identity, Depends(with_right(Right.SYNC))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("/uploads/workbook", dependencies=[Depends(same_origin)])
async def bring_in(request: Request, who: _Syncer) -> Response:
    """All of a workbook, or the list of its wrong cells and nothing."""
    try:
        async with admitted(request, who) as visit:
            form = await visit.form()
            report = await visit.run(_import, who, files_of(form, "workbook"), text_of(form, "school_year"))
    except HocbaError as error:
        return back_to("/sync", error.sentence, problem=True)
    if report.problems:
        return _file(problems_csv([*report.problems, *report.notes]), "text/csv; charset=utf-8", "o-sai.csv")
    new, changed = report.counts.get("new", 0), report.counts.get("changed", 0)
    told = "".join(f" {note.sheet}: {note.reason}." for note in report.notes[:3])
    return back_to("/sync", f"Đã nhập từ Excel: {new} mới, {changed} thay đổi.{told}")


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


def _import(who: Identity, files: list[tuple[str, BinaryIO]], school_year: str) -> ExcelReport:
    if not files:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted="tệp Excel (.xlsx, .xls, .xlsb, .ods)")
    return import_workbook(database(), who, files[0][1].read(LARGEST_FILE + 1), school_year=school_year or None)


def _file(data: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
