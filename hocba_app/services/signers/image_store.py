"""Signature images and the seal: stored and taken back, and the office's upload of many, matched to staff codes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.admission import one_turn
from hocba_app.ink.signature_image import MAX_BYTES, png_url, readable, signature_image
from hocba_app.models import SEAL, Database, SignatureImage, Staff
from hocba_app.models.base import new_id
from hocba_app.models.repositories import find
from hocba_app.models.repositories.signers import newest_image
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done
from hocba_app.services.storage import blobs, waiting_files
from hocba_app.services.storage.uploads import GivenFile, Uploaded, UploadLimits, given_files

MAX_FILES, MAX_TOTAL = 400, 200 * 1024 * 1024
LOOKED_AT = (ErrorCode.IMAGE_EMPTY, ErrorCode.IMAGE_TOO_BUSY)
"""Refusals of what is a picture: it is kept, for a person may see more in it."""
_ACCEPTED = "ảnh PNG, JPG, HEIC hoặc tệp ZIP (không đặt mật khẩu) có ảnh"


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing an image did."""

    image_id: str
    """Of the new row; "" when the same image counted already."""
    replaced: bool
    """Whether the owner had another one before."""


def store_image(session: Session, owner: str, image: bytes, preview: bytes, actor: str) -> Stored:
    """Add the image as the owner's newest; the caller has checked who may. Repeating it changes nothing."""
    sha256 = hashlib.sha256(image).hexdigest()
    newest = newest_image(session, owner)
    if newest is not None and newest.sha256 == sha256:
        return Stored("", False)
    row = SignatureImage(owner=owner, sha256=sha256, image=image, preview_png=preview, created_by=actor)
    session.add(row)
    session.flush()
    action = Action.SEAL_IMAGE_SAVED if owner == SEAL else Action.SIGNATURE_IMAGE_SAVED
    record(session, actor=actor, action=action, subject=f"signer:{owner}", data={"sha256": sha256})
    return Stored(row.id, newest is not None)


def take_back(session: Session, image_id: str, actor: str) -> bool:
    """Remove an image that still counts, so that the one before it counts again; the caller has checked who may.

    Records keep what was drawn on them: a signature carries its image in the file.

    Returns:
        False when it is gone already or another has been stored since: nothing was changed.
    """
    row = session.get(SignatureImage, (session.info["school_id"], image_id))
    newest = newest_image(session, row.owner) if row is not None else None
    if row is None or newest is None or newest.id != row.id:
        return False
    session.delete(row)
    session.flush()
    before = newest_image(session, row.owner)
    action = Action.SEAL_IMAGE_TAKEN_BACK if row.owner == SEAL else Action.SIGNATURE_IMAGE_TAKEN_BACK
    record(
        session,
        actor=actor,
        action=action,
        subject=f"signer:{row.owner}",
        data={"sha256": row.sha256, "now": before.sha256 if before is not None else ""},
    )
    return True


def start_bulk(db: Database, who: Identity, files: Sequence[Uploaded]) -> str:
    """Take many images, or zip files of them, and match them to staff codes in a job.

    Args:
        files: ``(file name, bytes or open file)`` as uploaded.

    Returns:
        Id of the job; its report lists matched, replaced, unmatched and failed files.

    Raises:
        HocbaError: FORBIDDEN, TOO_MANY_FILES, FILE_TYPE, FILE_TOO_COMPLEX, BUSY.
    """
    require(who, Right.SIGNATURE_IMAGES)
    if not files:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
    waiting_files.sweep()
    job_id = new_id()
    try:
        with one_turn():
            given = given_files(files, UploadLimits(MAX_FILES, MAX_BYTES, MAX_TOTAL, _ACCEPTED))
            listed = [_taken(job_id, number, file) for number, file in enumerate(given)]
        with db.write(who.school_id) as session:
            enqueue(session, "images", {"files": listed}, actor=who.account_id, total=len(listed), id=job_id)
    except BaseException:
        waiting_files.end(job_id)
        raise
    return job_id


def _taken(job_id: str, number: int, file: GivenFile) -> list[str]:
    """A file that waits for the job, ``[name, hash]``; of one refused by its header ``[name, "", sentence, code]``."""
    (problem,) = readable([file.data])
    if problem is not None:
        return [file.name, "", problem.sentence, problem.code.value]
    waiting_files.add(job_id, number, file.data)
    return [file.name, hashlib.sha256(file.data).hexdigest()]


def staff_code_in(name: str, codes: dict[str, str]) -> str | None:
    """The staff id whose code a file name carries: "GV001.png", "gv001 - Nguyễn Văn A.jpg".

    Args:
        codes: folded staff code → staff id.
    """
    stem = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).stem).casefold().strip()
    if stem in codes:
        return codes[stem]
    return next((codes[part] for part in re.split(r"[\s_\-.,;()]+", stem) if part in codes), None)


@job("images")
def match_images(work: Work) -> Done:
    """Clean each file and find whom it belongs to; a person looks before anything is stored. Repeating it is harmless."""
    with work.db.read(work.school_id) as session:
        codes = {staff.code.casefold(): staff.id for staff in find.all_of(session, Staff, active=True)}
    rows: list[dict[str, str]] = []
    files = work.arguments["files"]
    for number, (name, sha256, *refused) in enumerate(files, 1):
        rows.append(
            {
                "file": name,
                **(
                    _one(codes, name, uploaded(work.job_id, number - 1, sha256))
                    if sha256
                    else {"outcome": "failed", "reason": refused[0], "code": refused[1]}
                ),
            }
        )
        if number % 5 == 0 or number == len(files):
            work.progress(number, len(files), "Xử lý ảnh chữ ký")
        if work.cancelled():
            break
    work.report({"files": rows})
    waiting_files.end(work.job_id)
    return Done()


def uploaded(job_id: str, number: int, sha256: str) -> bytes:
    """An upload; one that an earlier version took, or that this job has looked into before, is in the store."""
    return blobs.get(sha256) if blobs.exists(sha256) else waiting_files.get(job_id, number)


def _one(codes: dict[str, str], name: str, data: bytes) -> dict[str, str]:
    """What becomes of one file. A picture is stored once it is known to be one; without ink on it, so that a person may look."""
    owner = staff_code_in(name, codes)
    try:
        image, preview = signature_image(data)
    except HocbaError as error:
        if error.code in LOOKED_AT:
            blobs.put(data)
        return {"outcome": "failed", "reason": error.sentence, "code": error.code.value}
    blobs.put(data)
    cleaned = {"image": blobs.put(image.dumps()), "preview": blobs.put(preview)}
    if owner is None:
        return {"outcome": "unmatched", "reason": "Tên tệp không chứa mã giáo viên nào của trường.", **cleaned}
    return {"outcome": "ready", "staff": owner, **cleaned}


def preview_data_url(image: SignatureImage) -> str:
    """The preview as a data URL, for a page (about 2 KB)."""
    return png_url(image.preview_png)
