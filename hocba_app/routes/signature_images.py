"""Uploads of signature images and the seal [14-16], by plain forms; and the uploaded originals, made small."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import database
from hocba_app.routes.caller import back_to, same_origin, with_right
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images
from hocba_app.services.storage import signature_images
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
        await run_in_threadpool(signature_images.start_bulk, database(), who, given)
    except HocbaError as error:
        return back_to(_IMAGES, error.sentence, problem=True)
    return back_to(_IMAGES, "Đã nhận tệp. Kết quả từng ảnh hiện ở bên dưới khi xử lý xong.")


@router.post("/uploads/signature-images/person", dependencies=[Depends(same_origin)])
async def one(who: _Office, staff_id: Annotated[str, Form(max_length=26)], file: Annotated[UploadFile, File()]) -> Response:
    """One person's image."""
    try:
        await run_in_threadpool(signature_images.save_for, database(), who, staff_id, await _picture(file))
    except HocbaError as error:
        return back_to(_IMAGES, error.sentence, problem=True)
    return back_to(_IMAGES, "Đã lưu ảnh chữ ký. Hãy xem lại ảnh sau xử lý trong danh sách.")


@router.post("/uploads/seal", dependencies=[Depends(same_origin)])
async def seal(who: _SealKeeper, file: Annotated[UploadFile, File()]) -> Response:
    """The school's seal."""
    try:
        await run_in_threadpool(signature_images.save_seal, database(), who, await _picture(file))
    except HocbaError as error:
        return back_to(_IMAGES, error.sentence, problem=True)
    return back_to(_IMAGES, "Đã lưu ảnh con dấu. Hãy xem lại ảnh sau xử lý.")


@router.post("/uploads/my-signature", dependencies=[Depends(same_origin)])
async def mine(who: _Person, file: Annotated[UploadFile, File()]) -> Response:
    """One's own signature."""
    try:
        await run_in_threadpool(signature_images.save_own, database(), who, await _picture(file))
    except HocbaError as error:
        return back_to(_MINE, error.sentence, problem=True)
    return back_to(_MINE, "Đã lưu ảnh chữ ký. Hãy xem lại ảnh sau xử lý.")


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
