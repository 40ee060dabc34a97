"""Signature images as the office sees them: who has one, what the last upload brought, what did not match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.admission import on_behalf_of
from hocba_app.ink.signature_image import png_url, small_copy
from hocba_app.models import SEAL, Database, Job, School, SignatureImage, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.models.repositories.job_history import newest_jobs
from hocba_app.models.repositories.signers import newest_image
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.login_names import plain
from hocba_app.services.audit.log import notify_all
from hocba_app.services.jobs.enqueue import ask_cancel
from hocba_app.services.signers.image_draft import require_image_owner
from hocba_app.services.signers.image_store import LOOKED_AT, preview_data_url, store_image, take_back, uploaded
from hocba_app.services.storage import blobs

THUMBNAIL = (360, 240)
READY, LEFT, UNMATCHED, GIVEN = "ready", "left", "unmatched", "given"
_READABLE = ("", *LOOKED_AT)


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
    """``ready`` or ``left`` (cleaned, not stored yet), ``matched`` or ``replaced`` (stored), ``unmatched``, ``given`` (by
    hand), ``failed``."""
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
            person
            for person in staff
            if (not wanted or wanted in plain(person.full_name) or wanted in plain(person.code))
            and not (missing and person.id in have)
        ]
        size = max(1, min(size, 100))
        start = max(0, page - 1) * size
        chosen = shown[start : start + size]
        images = rows.newest_images(session, [SEAL, *(person.id for person in chosen)])
        school = session.get_one(School, who.school_id)
        return ImagesPage(
            rows=[
                _view(person.id, person.code, person.full_name, person.position, images.get(person.id))
                for person in chosen
            ],
            total=len(shown),
            missing=sum(1 for person in staff if person.id not in have),
            staff=len(staff),
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
        job = next(iter(newest_jobs(session, "images", 1)), None)
        if job is None:
            return None
        reported: list[dict[str, Any]] = job.report.get("files", [])
        names = {person.id: person.full_name for person in rows.staff_of(session, active=False)}
    files = [
        FileOutcome(
            number,
            entry["file"],
            entry["outcome"],
            names.get(entry.get("staff", ""), ""),
            entry.get("reason", ""),
            _cleaned(entry),
            entry.get("code", "") in _READABLE,
        )
        for number, entry in enumerate(reported)
    ]
    return UploadView(job.id, job.state, job.progress, job.total, job.created_at, files)


def _cleaned(entry: dict[str, Any]) -> str:
    """The cleaned image of a file; "" where there is none."""
    try:
        return png_url(blobs.get(entry["preview"])) if entry.get("preview") else ""
    except HocbaError:  # the file is named STORED_FILE_DAMAGED when it is used
        return ""


def cancel_upload(db: Database, who: Identity, job_id: str) -> None:
    """Stop an upload after the image at work; what was stored stays.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        _job(session, job_id)
        ask_cancel(session, job_id)


def use_upload(db: Database, who: Identity, job_id: str) -> int:
    """Store what the upload cleaned and nobody left out, each for whom it belongs to; again changes nothing.

    Returns:
        How many images were stored.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, NOTHING_TO_DO, STORED_FILE_DAMAGED.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        job, files = _report(session, job_id)
        ready = [entry for entry in files if entry["outcome"] == READY]
        if not ready:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        for entry in ready:
            _store(session, who, entry, entry["staff"])
        _keep(session, job, files)
    return len(ready)


def leave_file(db: Database, who: Identity, job_id: str, number: int, leave: bool) -> None:
    """Leave a cleaned file out, or take it in again, before the upload is used.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        job, files = _report(session, job_id)
        entry = _entry(files, number)
        if entry["outcome"] in (READY, LEFT):
            entry["outcome"] = LEFT if leave else READY
            _keep(session, job, files)


def give_file(db: Database, who: Identity, job_id: str, number: int, staff_id: str) -> None:
    """Take an uploaded file whose name matched nobody for a person.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        job, files = _report(session, job_id)
        entry = _entry(files, number)
        if entry["outcome"] != UNMATCHED:
            raise HocbaError(ErrorCode.NOT_FOUND, what="tệp ảnh chưa có người")
        if session.get(Staff, (who.school_id, staff_id)) is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="giáo viên")
        _store(session, who, entry, staff_id)
        entry["outcome"] = GIVEN
        _keep(session, job, files)


def take_back_upload(db: Database, who: Identity, job_id: str, number: int | None = None) -> int:
    """Undo :func:`use_upload`, or :func:`give_file` of one file: the images before count again.

    Returns:
        How many files wait to be used again; images replaced since stay.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND; UNDO_TOO_LATE when every one was replaced since.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with db.write(who.school_id) as session:
        job, files = _report(session, job_id)
        chosen = files if number is None else [_entry(files, number)]
        stored = [entry for entry in chosen if "row" in entry]
        back = 0
        for entry in reversed(stored):  # two files of one person: the later one counts
            # An image that counted before already made no row: there is nothing to take back of it.
            if not entry["row"] or take_back(session, entry["row"], who.account_id):
                back += 1
                entry["outcome"] = UNMATCHED if entry["outcome"] == GIVEN else READY
                entry.pop("row")
        if not back:
            raise HocbaError(ErrorCode.UNDO_TOO_LATE)
        _keep(session, job, files)
    return back


def take_back_one(db: Database, who: Identity, owner: str, image_id: str) -> None:
    """Undo the storing of one image (a person's, one's own, the seal's).

    Raises:
        HocbaError: FORBIDDEN, UNDO_TOO_LATE.
    """
    require_image_owner(who, owner)
    with db.write(who.school_id) as session:
        row = session.get(SignatureImage, (who.school_id, image_id))
        if row is None or row.owner != owner or not take_back(session, image_id, who.account_id):
            raise HocbaError(ErrorCode.UNDO_TOO_LATE)


def _store(session: Session, who: Identity, entry: dict[str, Any], staff_id: str) -> None:
    stored = store_image(session, staff_id, blobs.get(entry["image"]), blobs.get(entry["preview"]), who.account_id)
    entry.update(outcome="replaced" if stored.replaced else "matched", staff=staff_id, row=stored.image_id)


def _report(session: Session, job_id: str) -> tuple[Job, list[dict[str, Any]]]:
    """An ended upload and its files, to be changed and kept.

    Raises:
        HocbaError: NOT_FOUND.
    """
    job = _job(session, job_id, lock=True)
    return job, [dict(entry) for entry in job.report.get("files", [])]


def _entry(files: list[dict[str, Any]], number: int) -> dict[str, Any]:
    if not 0 <= number < len(files):
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp ảnh")
    return files[number]


def _keep(session: Session, job: Job, files: list[dict[str, Any]]) -> None:
    job.report = {**job.report, "files": files}
    session.add(job)
    notify_all(session)


def original_thumbnail(db: Database, who: Identity, job_id: str, number: int) -> bytes:
    """An uploaded file as it came, made small: a PNG.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED, FILE_TYPE, FILE_TOO_LARGE, IMAGE_TOO_LARGE.
    """
    require(who, Right.SIGNATURE_IMAGES)
    with on_behalf_of(who.account_id):
        return small_copy(_original(db, who, job_id, number), THUMBNAIL)


def _original(db: Database, who: Identity, job_id: str, number: int) -> bytes:
    with db.read(who.school_id) as session:
        files = _job(session, job_id).arguments["files"]
    if not 0 <= number < len(files) or not files[number][1]:  # the second: refused, and so not stored
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp ảnh")
    return uploaded(job_id, number, files[number][1])


def _job(session: Session, job_id: str, *, lock: bool = False) -> Job:
    job = session.get(Job, (session.info["school_id"], job_id), with_for_update=lock or None)
    if job is None or job.kind != "images":
        raise HocbaError(ErrorCode.NOT_FOUND, what="lần tải ảnh")
    return job
