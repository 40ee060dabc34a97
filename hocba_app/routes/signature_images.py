"""Uploads of signature images and the seal [14-16], by plain forms; and the uploaded originals, made small."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, database
from hocba_app.routes.caller import back_to, same_origin, signed_in, with_right
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import image_draft, image_store, images
from hocba_app.services.storage.ink import MAX_BYTES

router = APIRouter()
_Office = Annotated[Identity, Depends(with_right(Right.SIGNATURE_IMAGES))]
_SealKeeper = Annotated[Identity, Depends(with_right(Right.SEAL_IMAGE))]
_Person = Annotated[Identity, Depends(with_right(Right.OWN_SIGNATURE))]
_IMAGES, _MINE = "/signature-images", "/my-signature"


@router.post("/uploads/signature-images", dependencies=[Depends(same_origin)])
async def many(who: _Office, files: Annotated[list[UploadFile], File()]) -> Response:
    """Many images, or zip files of them: matched to staff codes in a job."""
    try:
        given = [(file.filename or "", await file.read()) for file in files if file.filename]
        if not given:
            raise HocbaError(ErrorCode.FILE_TYPE, accepted="ảnh PNG, JPG hoặc tệp ZIP có ảnh")
        await run_in_threadpool(image_store.start_bulk, database(), who, given)
    except HocbaError as error:
        return back_to(_IMAGES, error.sentence, problem=True)
    return back_to(_IMAGES, "Đã nhận tệp. Ảnh sau xử lý hiện ở bên dưới; chưa ảnh nào được lưu cho đến khi bấm Dùng.")


@router.post("/uploads/signature-images/person", dependencies=[Depends(same_origin)])
async def one(who: _Office, staff_id: Annotated[str, Form(max_length=26)], file: Annotated[UploadFile, File()]) -> Response:
    """One person's image, to be looked at before it is stored."""
    return await _draft(who, staff_id, file, _IMAGES)


@router.post("/uploads/seal", dependencies=[Depends(same_origin)])
async def seal(who: _SealKeeper, file: Annotated[UploadFile, File()]) -> Response:
    """The school's seal, to be looked at before it is stored."""
    return await _draft(who, SEAL, file, _IMAGES)


@router.post("/uploads/my-signature", dependencies=[Depends(same_origin)])
async def mine(who: _Person, file: Annotated[UploadFile, File()]) -> Response:
    """One's own signature, to be looked at before it is stored."""
    return await _draft(who, who.staff_id or "", file, _MINE)


async def _draft(who: Identity, owner: str, file: UploadFile, page: str) -> Response:
    """Back to the page with the slip of the upload, or with the sentence why it is refused."""
    try:
        slip = await run_in_threadpool(image_draft.begin, database(), who, owner, await _picture(file))
    except HocbaError as error:
        return back_to(page, error.sentence, problem=True)
    return RedirectResponse(f"{page}?draft={quote(slip)}", 303)


@router.get("/files/signature-drafts/{slip}")
async def draft(who: Annotated[Identity, Depends(signed_in)], slip: str) -> Response:
    """The upload of a slip as it came, made small."""
    data = await run_in_threadpool(image_draft.original, who, slip)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get("/files/signature-originals/{job_id}/{number}")
async def original(who: _Office, job_id: str, number: int) -> Response:
    """An uploaded file as it came, made small: to be compared with what became of it."""
    data = await run_in_threadpool(images.original_thumbnail, database(), who, job_id, number)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


async def _picture(file: UploadFile) -> bytes:
    """The file, at most a byte more than allowed: what is larger is refused by its size, not held in memory.

    Raises:
        HocbaError: FILE_TYPE when no file was chosen.
    """
    if not file.filename:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted="ảnh PNG hoặc JPG")
    return await file.read(MAX_BYTES + 1)
