"""Excel in and out, on the page "Đồng bộ"."""

from __future__ import annotations

from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.routes.deliveries import DeliveryRoute
from hocba_app.routes.visits import admitted, files_of, text_of
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.workbooks import class_forms, imports
from hocba_app.services.workbooks.excel import export_workbook, template
from hocba_app.services.workbooks.excel_reading import KINDS, MAX_FILE

router = APIRouter(route_class=DeliveryRoute)
_Syncer = Annotated[Identity, Depends(with_right(Right.SYNC))]
_Reader = Annotated[Identity, Depends(with_right(Right.RECORDS_READ))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("/uploads/workbook", dependencies=[Depends(same_origin)])
async def bring_in(request: Request, who: _Syncer) -> Response:
    """A workbook to look at; its page shows what it would change."""
    try:
        async with admitted(request, who) as visit:
            form = await visit.form()
            import_id = await visit.run(_give, who, files_of(form, "workbook"), text_of(form, "school_year"))
    except HocbaError as error:
        return back_to("/sync", error.sentence, problem=True)
    return RedirectResponse(f"/workbooks?id={import_id}", 303)


@router.get("/files/workbook-problems/{import_id}")
async def wrong_cells(who: _Syncer, import_id: str) -> Response:
    """The wrong cells and open questions of a preview."""
    data = await run_in_threadpool(imports.problems_file, database(), who, import_id)
    return _file(data, "text/csv; charset=utf-8", "o-sai.csv")


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


@router.get("/files/class-forms/{form}/{class_id}")
async def class_form(who: _Reader, form: str, class_id: str) -> Response:
    """The sector's form or the summary of a class, filled from what is here."""
    name, data = await run_in_threadpool(class_forms.class_form, database(), who, class_id, form)
    return _file(data, _XLSX, name)


def _give(who: Identity, files: list[tuple[str, BinaryIO]], school_year: str) -> str:
    if not files:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=KINDS)
    name, file = files[0]
    return imports.give(database(), who, name, file.read(MAX_FILE + 1), school_year=school_year or None)


def _file(data: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
