"""Uploads of signature images and the seal, by plain forms; and the uploaded originals, made small."""

from __future__ import annotations

import asyncio
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.signature_image import ACCEPTED, MAX_BYTES
from hocba_app.models import SEAL, database
from hocba_app.routes.caller import back_to, same_origin, signed_in, with_right
from hocba_app.routes.deliveries import DeliveryRoute
from hocba_app.routes.visits import admitted, files_of, text_of
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import image_draft, image_store, images

router = APIRouter(route_class=DeliveryRoute)
_Office = Annotated[Identity, Depends(with_right(Right.SIGNATURE_IMAGES))]
_SealKeeper = Annotated[Identity, Depends(with_right(Right.SEAL_IMAGE))]
_Person = Annotated[Identity, Depends(with_right(Right.OWN_SIGNATURE))]
_IMAGES, _MINE = "/signature-images", "/my-signature"
_looks = asyncio.Semaphore(3)
"""Originals made small at the same time: a page asks for many at once, and each waits for a child on a thread."""


@router.post("/uploads/signature-images", dependencies=[Depends(same_origin)])
async def many(request: Request, who: _Office) -> Response:
    """Many images, or zip files of them: matched to staff codes in a job."""
    try:
        async with admitted(request, who) as visit:
            given = files_of(await visit.form(), "files")
            await visit.run(image_store.start_bulk, database(), who, given)
    except HocbaError as error:
        return back_to(_IMAGES, error.sentence, problem=True)
    return back_to(_IMAGES, "Đã nhận tệp. Ảnh sau xử lý hiện ở bên dưới; chưa ảnh nào được lưu cho đến khi bấm Dùng.")


@router.post("/uploads/signature-images/person", dependencies=[Depends(same_origin)])
async def one(request: Request, who: _Office) -> Response:
    """One person's image, to be looked at before it is stored."""
    return await _draft(request, who, None, _IMAGES)


@router.post("/uploads/seal", dependencies=[Depends(same_origin)])
async def seal(request: Request, who: _SealKeeper) -> Response:
    """The school's seal, to be looked at before it is stored."""
    return await _draft(request, who, SEAL, _IMAGES)


@router.post("/uploads/my-signature", dependencies=[Depends(same_origin)])
async def mine(request: Request, who: _Person) -> Response:
    """One's own signature, to be looked at before it is stored."""
    return await _draft(request, who, who.staff_id or "", _MINE)


async def _draft(request: Request, who: Identity, owner: str | None, page: str) -> Response:
    """Back to the page with the slip of the upload, or with the sentence why it is refused.

    Args:
        owner: whose image it is; None: the form says it.
    """
    try:
        async with admitted(request, who) as visit:
            form = await visit.form()
            slip = await visit.run(
                _begin, who, text_of(form, "staff_id", 26) if owner is None else owner, files_of(form, "file")
            )
    except HocbaError as error:
        return back_to(page, error.sentence, problem=True)
    return RedirectResponse(f"{page}?draft={quote(slip)}", 303)


@router.get("/files/signature-drafts/{slip}")
async def draft(
    who: Annotated[Identity, Depends(signed_in)], slip: str, turns: Annotated[int, Query(ge=0, le=3)] = 0
) -> Response:
    """The upload of a slip as it came, made small, turned by quarters clockwise."""
    async with _looks:
        data = await run_in_threadpool(image_draft.original, who, slip, turns)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get("/files/signature-originals/{job_id}/{number}")
async def original(who: _Office, job_id: str, number: int) -> Response:
    """An uploaded file as it came, made small: to be compared with what became of it."""
    async with _looks:
        data = await run_in_threadpool(images.original_thumbnail, database(), who, job_id, number)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})


def _begin(who: Identity, owner: str, files: list[tuple[str, BinaryIO]]) -> str:
    """The slip of the one file, of which at most a byte more than allowed is read.

    Raises:
        HocbaError: FILE_TYPE when no file was chosen, and as :func:`image_draft.begin`.
    """
    if not files:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=ACCEPTED)
    return image_draft.begin(database(), who, owner, files[0][1].read(MAX_BYTES + 1))
