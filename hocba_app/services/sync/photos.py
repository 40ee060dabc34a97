"""Pupils' photos: fetched only when new, several at a time, kept only when they are what their name says."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from hocba_app.services.storage import blobs
from hocba_app.services.sync.apply import PHOTO_MISSING
from hocba_app.services.sync.client import SectorClient
from hocba_app.services.sync.fetch import Incoming

LARGEST_PHOTO = 4 * 1024 * 1024
MOST_PIXELS = 25_000_000
AT_A_TIME = 16


def fetch_photos(client: SectorClient, records: Sequence[Incoming]) -> None:
    """Bring the photos of a page of pupils into the store; mark the records whose photo cannot be had.

    Raises:
        HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
    """
    wanted = {record.data["photo_sha256"] for record in records if record.data and record.data["photo_sha256"]}
    missing = [sha256 for sha256 in sorted(wanted) if not blobs.exists(sha256)]
    if not missing:
        return
    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="photo")
    try:
        problems = dict(zip(missing, pool.map(lambda sha256: _fetch(client, sha256), missing), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # once the service is away, hundreds more need not find it out one by one
    for record in records:
        if record.data and (problem := problems.get(record.data["photo_sha256"])):
            record.data[PHOTO_MISSING] = problem


def _fetch(client: SectorClient, sha256: str) -> str | None:
    """Store one photo, or say why not."""
    photo = client.photo(sha256, LARGEST_PHOTO)
    if photo is None:
        return "CSDL ngành không có ảnh này, hoặc ảnh quá lớn"
    if hashlib.sha256(photo).hexdigest() != sha256:
        return "ảnh nhận được không đúng mã băm"
    if not _is_picture(photo):
        return "tệp không phải ảnh JPEG đọc được"
    blobs.put(photo)
    return None


def _is_picture(photo: bytes) -> bool:
    """Whether it begins as a JPEG of a size we decode; only its header is read."""
    try:
        with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
            return image.width * image.height <= MOST_PIXELS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
