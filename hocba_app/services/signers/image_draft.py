"""One signature image, or the seal, looked at before it is stored: the upload beside what it becomes, adjusted.

A draft is no row: the upload lies in the content-addressed store, and an encrypted slip says whose image it shall be and
who uploaded it. Only that person can open the slip, for an hour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.admission import on_behalf_of
from hocba_app.ink.signature_image import Adjust, png_url, seal_image, signature_image, small_copy
from hocba_app.models import SEAL, Database, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.signers import newest_image
from hocba_app.recordfile.appearance import InkImage
from hocba_app.services import credential_cipher
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers.image_store import Stored, preview_data_url, store_image
from hocba_app.services.storage import blobs

LIFE = timedelta(hours=1)
THUMBNAIL = (720, 480)


@dataclass(frozen=True, slots=True)
class DraftView:
    """What the upload would become."""

    owner: str
    name: str
    """Whose it is: a person's name; "" for the seal."""
    after: str
    """Data URL of the cleaned image; "" when ``problem`` says why there is none."""
    now: str
    """Data URL of the image that counts today; "" where there is none."""
    problem: str


def begin(db: Database, who: Identity, owner: str, data: bytes) -> str:
    """Take an upload without storing it as anybody's image.

    Args:
        owner: a staff id, or :data:`SEAL`.

    Returns:
        The slip by which :func:`view`, :func:`original` and :func:`use` find it.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, SECRET_KEY_MISSING.
    """
    require_image_owner(who, owner)
    with db.read(who.school_id) as session:
        _name(session, owner)
    with on_behalf_of(who.account_id):
        small_copy(data, THUMBNAIL)  # a hostile file is refused before it is kept
    slip = [who.school_id, who.account_id, owner, blobs.put(data), int(utc_now().timestamp())]
    return credential_cipher.encrypt(json.dumps(slip))


def view(db: Database, who: Identity, slip: str, adjust: Adjust) -> DraftView:
    """The cleaned image beside the one that counts now.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND for another's slip or one that has lapsed, STORED_FILE_DAMAGED.
    """
    owner, sha256 = _owner_and_hash(who, slip)
    after = problem = ""
    try:
        after = png_url(_drawn(who, owner, sha256, adjust)[1])
    except HocbaError as error:
        if error.code not in (ErrorCode.IMAGE_EMPTY, ErrorCode.IMAGE_TOO_BUSY):
            raise
        problem = error.sentence
    with db.read(who.school_id) as session:
        newest = newest_image(session, owner)
        now = preview_data_url(newest) if newest is not None and newest.preview_png else ""
        return DraftView(owner, _name(session, owner), after, now, problem)


def original(who: Identity, slip: str, turns: int = 0) -> bytes:
    """The upload as it came, made small: a PNG, turned by so many quarters clockwise. Errors as :func:`view`."""
    data = blobs.get(_owner_and_hash(who, slip)[1])
    with on_behalf_of(who.account_id):
        return small_copy(data, THUMBNAIL, turns)


def use(db: Database, who: Identity, slip: str, adjust: Adjust) -> Stored:
    """Store the draft as its owner's image. Repeating it changes nothing.

    Raises:
        HocbaError: as :func:`view`, and IMAGE_EMPTY.
    """
    owner, sha256 = _owner_and_hash(who, slip)
    image, preview = _drawn(who, owner, sha256, adjust)
    with db.write(who.school_id) as session:
        _name(session, owner)
        return store_image(session, owner, image.dumps(), preview, who.account_id)


def _drawn(who: Identity, owner: str, sha256: str, adjust: Adjust) -> tuple[InkImage, bytes]:
    with on_behalf_of(who.account_id):
        return (seal_image if owner == SEAL else signature_image)(blobs.get(sha256), adjust)


def require_image_owner(who: Identity, owner: str) -> None:
    """Who may change this image: the office everybody's, the seal's keeper the seal, each person his own.

    Raises:
        HocbaError: FORBIDDEN.
    """
    if owner == SEAL:
        require(who, Right.SEAL_IMAGE)
    elif owner and owner == who.staff_id:
        require(who, Right.OWN_SIGNATURE)
    else:
        require(who, Right.SIGNATURE_IMAGES)


def _owner_and_hash(who: Identity, slip: str) -> tuple[str, str]:
    """Owner and hash of a slip that this person was given.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    gone = HocbaError(ErrorCode.NOT_FOUND, what="ảnh vừa tải lên (ảnh xem trước chỉ giữ trong một giờ)")
    try:
        school, account, owner, sha256, at = json.loads(credential_cipher.decrypt(slip[:1000]))
    except (HocbaError, ValueError, TypeError) as error:
        raise gone from error
    if (school, account) != (who.school_id, who.account_id) or utc_now().timestamp() - at > LIFE.total_seconds():
        raise gone
    require_image_owner(who, owner)
    return owner, sha256


def _name(session: Session, owner: str) -> str:
    if owner == SEAL:
        return ""
    person = session.get(Staff, (session.info["school_id"], owner))
    if person is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="giáo viên")
    return person.full_name
