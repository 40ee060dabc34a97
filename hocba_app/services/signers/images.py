"""Signature images as the office sees them [14-16]: who has one, what the last upload brought, what did not match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Database, Job, School, SignatureImage
from hocba_app.models.repositories import signers as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.names import plain
from hocba_app.services.audit.log import changed
from hocba_app.services.jobs.queue import ask_cancel
from hocba_app.services.storage import blobs
from hocba_app.services.storage.ink import small_copy
from hocba_app.services.storage.signature_images import newest_image, preview_data_url, save_for

THUMBNAIL = (360, 240)
GIVEN = "given"
_UNREADABLE = (ErrorCode.FILE_TYPE, ErrorCode.FILE_TOO_LARGE, ErrorCode.IMAGE_TOO_LARGE)


@dataclass(frozen=True, slots=True)
class ImageView:
    """One person's signature image, or the seal."""

    owner: str
    code: str
    name: str
    position: str
    preview: str
    """Data URL of the cleaned image; "" where there is none."""
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImagesPage:
    """One page of the staff list with images."""

    rows: list[ImageView]
    total: int
    missing: int
    """Of the whole staff list."""
    staff: int
    seal: ImageView


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One uploaded file and what became of it."""

    number: int
    """From 0, in the order of the upload."""
    file: str
    outcome: str
    """``matched``, ``replaced``, ``unmatched``, ``failed`` or ``given`` (by hand, afterwards)."""
    whose: str
    reason: str
    after: str
    """Data URL of the cleaned image."""
    readable: bool
    """The original is a picture that can be shown."""


@dataclass(frozen=True, slots=True)
class UploadView:
    """The last upload of many images."""

    job_id: str
    state: str
    progress: int
    total: int
    started_at: datetime
    files: list[FileOutcome]


def images_page(
    db: Database, who: Identity, search: str = "", missing: bool = False, page: int = 1, size: int = 24
) -> ImagesPage:
    """The staff list with everybody's image.

    Args:
        search: part of a name or staff code, with or without Vietnamese marks.
        missing: only who has none.
        page: from 1; a page past the end is empty.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.read(who.school_id) as session:
        staff, have = rows.staff_of(session), rows.image_times(session)
        wanted = plain(search.strip())
        shown = [
            person for person in staff
            if (not wanted or wanted in plain(person.full_name) or wanted in plain(person.code))
            and not (missing and person.id in have)
        ]
        size = max(1, min(size, 100))
        start = max(0, page - 1) * size
        chosen = shown[start : start + size]
        images = rows.newest_images(session, [SEAL, *(person.id for person in chosen)])
        school = session.get_one(School, who.school_id)
        return ImagesPage(
            rows=[_view(person.id, person.code, person.full_name, person.position, images.get(person.id)) for person in chosen],
            total=len(shown), missing=sum(1 for person in staff if person.id not in have), staff=len(staff),
            seal=_view(SEAL, "", school.name, "", images.get(SEAL)),
        )


def own_image(db: Database, who: Identity) -> ImageView:
    """The image of who asks.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.OWN_SIGNATURE)
    with db.read(who.school_id) as session:
        return _view(who.staff_id or "", "", who.full_name, "", newest_image(session, who.staff_id or ""))


def _view(owner: str, code: str, name: str, position: str, image: SignatureImage | None) -> ImageView:
    preview = preview_data_url(image) if image is not None and image.preview_png else ""
    return ImageView(owner, code, name, position, preview, image.created_at if image is not None else None)


def last_upload(db: Database, who: Identity) -> UploadView | None:
    """The newest upload of many images, while it runs and after.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.read(who.school_id) as session:
        job = session.exec(
            select(Job).where(Job.kind == "images").order_by(col(Job.created_at).desc(), col(Job.id).desc()).limit(1)
        ).first()
        if job is None:
            return None
        reported: list[dict[str, Any]] = job.report.get("files", [])
        names = {person.id: person.full_name for person in rows.staff_of(session, active=False)}
        cleaned = _cleaned(session, reported)
    files = [
        FileOutcome(
            number, entry["file"], entry["outcome"], names.get(entry.get("staff", ""), ""), entry.get("reason", ""),
            cleaned.get((entry.get("staff", ""), entry.get("image", "")), ""), entry.get("code", "") not in _UNREADABLE,
        )
        for number, entry in enumerate(reported)
    ]
    return UploadView(job.id, job.state, job.progress, job.total, job.created_at, files)


def _cleaned(session: Session, reported: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Previews of the images that an upload made, by owner and hash."""
    owners = sorted({entry["staff"] for entry in reported if entry.get("image")})
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(owners), 400):
        query = select(SignatureImage).where(col(SignatureImage.owner).in_(owners[start : start + 400]))
        for image in session.exec(query).all():
            found[image.owner, image.sha256] = preview_data_url(image)
    return found


def cancel_upload(db: Database, who: Identity, job_id: str) -> None:
    """Stop an upload after the image at work; what was stored stays.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        _job(session, job_id)
        ask_cancel(session, job_id)


def give_file(db: Database, who: Identity, job_id: str, number: int, staff_id: str) -> None:
    """Take an uploaded file whose name matched nobody for a person.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED, and as
            :func:`hocba_app.services.storage.ink.signature_image`.
    """
    require(who, Right.SIGNATURE_IMAGES)
    save_for(db, who, staff_id, _original(db, who, job_id, number))
    with db.write(who.school_id) as session:
        job = _job(session, job_id)
        files = [dict(entry) for entry in job.report.get("files", [])]
        if number < len(files):
            made = newest_image(session, staff_id)
            files[number] = {"file": files[number]["file"], "outcome": GIVEN, "staff": staff_id, "image": made.sha256 if made else ""}
            job.report = {**job.report, "files": files}
            session.add(job)
            changed(session)


def original_thumbnail(db: Database, who: Identity, job_id: str, number: int) -> bytes:
    """An uploaded file as it came, made small: a PNG.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED, FILE_TYPE, FILE_TOO_LARGE, IMAGE_TOO_LARGE.
    """
    require(who, Right.SIGNATURE_IMAGES)
    return small_copy(_original(db, who, job_id, number), THUMBNAIL)


def _original(db: Database, who: Identity, job_id: str, number: int) -> bytes:
    with db.read(who.school_id) as session:
        files = _job(session, job_id).arguments["files"]
    if not 0 <= number < len(files):
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp ảnh")
    return blobs.get(files[number][1])


def _job(session: Session, job_id: str) -> Job:
    job = session.get(Job, (session.info["school_id"], job_id))
    if job is None or job.kind != "images":
        raise HocbaError(ErrorCode.NOT_FOUND, what="lần tải ảnh")
    return job
