"""Files that leave the house: packets for the printer, signed originals, packages, and links opened with a PIN."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import address, same_origin, with_right
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing import print_job, share_link

router = APIRouter()
_Printer = Annotated[Identity, Depends(with_right(Right.PRINT))]
_Reader = Annotated[Identity, Depends(with_right(Right.RECORDS_READ))]
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@router.get("/packets/{job_id}")
async def packet_file(who: _Printer, job_id: str) -> Response:
    """A finished print packet."""
    data = await run_in_threadpool(print_job.packet_file, database(), who, job_id)
    return _file(data, f"goi-in-{job_id[-8:]}.pdf", "application/pdf")


@router.get("/originals/{document_id}")
async def original(who: _Reader, document_id: str) -> Response:
    """The sealed file of one document."""
    found = await run_in_threadpool(share_link.signed_original, database(), who, document_id)
    return _file(found.pdf, found.name, "application/pdf")


@router.get("/packages/{student_id}")
async def package(who: _Printer, student_id: str) -> Response:
    """A pupil's sealed documents with the signers' certificates."""
    found = await run_in_threadpool(share_link.package_of, database(), who, student_id)
    return _file(found.data, found.name, "application/zip")


@router.get("/h/{token}")
async def ask_pin(token: str) -> Response:
    """The page where a link's holder types the PIN: the same for every address, so that links cannot be tried out."""
    return _pin_page(token, "", 200)


@router.post("/h/{token}", dependencies=[Depends(same_origin)])
async def open_link(request: Request, token: str, pin: Annotated[str, Form(max_length=20)]) -> Response:
    """The package for the right PIN."""
    try:
        found = await run_in_threadpool(share_link.open_link, database(), token, pin, address(request))
    except HocbaError as error:
        if error.code not in (
            ErrorCode.HANDOUT_CLOSED,
            ErrorCode.HANDOUT_REPLACED,
            ErrorCode.HANDOUT_PIN_WRONG,
            ErrorCode.LOGIN_THROTTLED,
        ):
            raise
        return _pin_page(token, error.sentence, 429 if error.code is ErrorCode.LOGIN_THROTTLED else 403)
    return _file(found.data, found.name, "application/zip")


def _pin_page(token: str, problem: str, status: int) -> HTMLResponse:
    page = _PAGES.get_template("hand_out.html").render(token=token, problem=problem)
    # Referrers stay on this site (`protection`); "no-referrer" would make the browser hide the form's origin too.
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _file(data: bytes, name: str, kind: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=kind, headers=headers)
