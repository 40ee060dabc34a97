"""Records of other schools: files given for a pupil, and given back as they came."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.routes.visits import admitted, files_of
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached.attach import give
from hocba_app.services.attached.reading import attached_file

router = APIRouter()
_Office = Annotated[Identity, Depends(with_right(Right.ATTACH))]
_Reader = Annotated[Identity, Depends(with_right(Right.RECORDS_READ))]


@router.post("/uploads/attached/{student_id}", dependencies=[Depends(same_origin)])
async def upload(request: Request, who: _Office, student_id: str) -> Response:
    """PDF files, or archives of them, for one pupil; a job judges them."""
    page = f"/students/{student_id}" if student_id.isalnum() else "/records"
    try:
        async with admitted(request, who) as visit:
            given = files_of(await visit.form(), "files")
            if not given:
                raise HocbaError(ErrorCode.FILE_TYPE, accepted="tệp PDF hoặc gói ZIP có tệp PDF")
            taken = await visit.run(give, database(), who, student_id, given)
    except HocbaError as error:
        return back_to(page, error.sentence, problem=True)
    return back_to(page, f"Đã nhận {taken} tệp. Kết quả kiểm tra từng tệp hiện ở bên dưới khi xong.")


@router.get("/files/attached/{attached_id}")
async def download(who: _Reader, attached_id: str) -> Response:
    """One file as it came. Always downloaded, never shown inside our pages: it is somebody else's."""
    name, data = await run_in_threadpool(attached_file, database(), who, attached_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(data, media_type="application/pdf", headers=headers)
