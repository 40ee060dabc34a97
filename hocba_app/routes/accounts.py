"""One-time codes leave the server once: on a sheet to print, or by mail; never through a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.domain.errors import HocbaError
from hocba_app.models import School, database
from hocba_app.models.base import utc_now
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.services.accounts.activation import issue_codes, mail_codes
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.code_sheet import codes_sheet_pdf
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.one_time_codes import VALID_FOR

router = APIRouter()
_Admin = Annotated[Identity, Depends(with_right(Right.ACCOUNTS))]
_Accounts = Annotated[str, Form(max_length=100_000)]


@router.post("/accounts/codes", dependencies=[Depends(same_origin)])
async def print_codes(who: _Admin, accounts: _Accounts) -> Response:
    """New codes for the accounts named (ids with blanks between), as slips to cut apart."""
    try:
        data = await run_in_threadpool(_sheet, who, accounts.split())
    except HocbaError as error:
        return back_to("/accounts", error.sentence, problem=True)
    return _pdf(data)


@router.post("/accounts/codes/mail", dependencies=[Depends(same_origin)])
async def send_codes(who: _Admin, accounts: _Accounts) -> Response:
    """New codes by mail; for those whom no letter reaches, a sheet to print."""
    try:
        report = await run_in_threadpool(mail_codes, database(), who, accounts.split())
    except HocbaError as error:
        return back_to("/accounts", error.sentence, problem=True)
    if not report.print_these:
        return back_to("/accounts", f"Đã gửi mã cho {len(report.sent)} người qua thư.")
    return _pdf(await run_in_threadpool(_slips, who, report.print_these))


def _sheet(who: Identity, account_ids: list[str]) -> bytes:
    return _slips(who, issue_codes(database(), who, account_ids))


def _slips(who: Identity, rows: list[tuple[str, str, str]]) -> bytes:
    with database().installation() as session:
        name = session.get_one(School, who.school_id).name
    return codes_sheet_pdf(rows, school_name=name, valid_until=utc_now() + VALID_FOR)


def _pdf(data: bytes) -> Response:
    headers = {
        "Content-Disposition": 'attachment; filename="phieu-ma-kich-hoat.pdf"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="application/pdf", headers=headers)
