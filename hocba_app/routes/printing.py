"""Files that leave the house: packets for the printer, signed originals, packages, and links opened with a PIN."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.models import database
from hocba_app.routes.caller import address, back_to, same_origin, with_right
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing import link_visit, print_job, share_link
from hocba_app.services.printing.class_links import LinkSheet, create_class_links
from hocba_app.settings import settings

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
_PAGES.filters["local"] = local_text
_COOKIE = "hocba_link"
"""The cookie of one link's holder, sent to that link's addresses only."""
_OF_LINK = (
    ErrorCode.HANDOUT_CLOSED,
    ErrorCode.HANDOUT_REPLACED,
    ErrorCode.HANDOUT_PIN_WRONG,
    ErrorCode.LOGIN_THROTTLED,
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
    """To the documents for the right PIN: a page of its own, so that a refusal before it is gone."""
    try:
        given = await run_in_threadpool(link_visit.enter, database(), token, pin, address(request))
    except HocbaError as error:
        return _refused(token, error)
    path = f"/h/{quote(token, safe='')}"
    response = RedirectResponse(f"{path}/documents", 303)
    secure = settings().public_url.startswith("https://") or request.url.scheme == "https"
    response.set_cookie(
        _COOKIE, given, httponly=True, samesite="lax", secure=secure, max_age=link_visit.PASS_SECONDS, path=path
    )
    return response


@router.get("/h/{token}/documents")
async def link_documents(request: Request, token: str) -> Response:
    """The documents of a link with their verdicts."""
    try:
        page = await run_in_threadpool(link_visit.page_of, database(), token, _pass(request))
    except HocbaError as error:
        return _refused(token, error)
    minutes = link_visit.PASS_SECONDS // 60
    return _page("link_documents.html", 200, token=token, page=page, minutes=minutes)


@router.get("/h/{token}/documents/{number}")
async def link_document(request: Request, token: str, number: int) -> Response:
    """One document of a link, shown by the browser."""
    try:
        found = await run_in_threadpool(link_visit.document_of, database(), token, _pass(request), number)
    except HocbaError as error:
        return _refused(token, error)
    return _file(found.pdf, found.name, "application/pdf", "inline")


@router.get("/h/{token}/package")
async def link_package(request: Request, token: str) -> Response:
    """Everything of a link in one archive."""
    try:
        found = await run_in_threadpool(link_visit.package_of, database(), token, _pass(request))
    except HocbaError as error:
        return _refused(token, error)
    return _file(found.data, found.name, "application/zip")


@router.post("/print/class-links", dependencies=[Depends(same_origin)])
async def class_links(
    who: _Printer,
    class_id: Annotated[str, Form(max_length=26)],
    recipient: Annotated[str, Form(max_length=200)],
    days: Annotated[int, Form(ge=1, le=share_link.MAX_DAYS)],
    kinds: Annotated[str, Form(max_length=100)],
) -> Response:
    """Links for a class, as slips to print: they leave the server this once."""

    def made() -> LinkSheet:
        return create_class_links(database(), who, class_id, recipient=recipient, days=days, kinds=kinds.split())

    try:
        sheet = await run_in_threadpool(made)
    except HocbaError as error:
        nothing = error.code is ErrorCode.NOTHING_TO_DO
        sentence = "Lớp này chưa có hồ sơ nào đã đóng dấu để tạo liên kết." if nothing else error.sentence
        return back_to("/print", sentence, problem=True)
    return _page("link_slips.html", 200, sheet=sheet)


def _pass(request: Request) -> str:
    return request.cookies.get(_COOKIE, "")


def _refused(token: str, error: HocbaError) -> Response:
    """The page of the PIN, with the reason; without one where only the pass is missing. Others are for the application."""
    if error.code is ErrorCode.NOT_SIGNED_IN:
        return RedirectResponse(f"/h/{quote(token, safe='')}", 303)
    if error.code not in _OF_LINK:
        raise error
    return _pin_page(token, error.sentence, 429 if error.code is ErrorCode.LOGIN_THROTTLED else 403)


def _pin_page(token: str, problem: str, status: int) -> HTMLResponse:
    return _page("hand_out.html", status, token=token, problem=problem)


def _page(template: str, status: int, **values: object) -> HTMLResponse:
    page = _PAGES.get_template(template).render(**values)
    # Referrers stay on this site (`protection`); "no-referrer" would make the browser hide the form's origin too.
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _file(data: bytes, name: str, kind: str, how: str = "attachment") -> Response:
    headers = {
        "Content-Disposition": f'{how}; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=kind, headers=headers)
