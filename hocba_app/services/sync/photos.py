"""Pupils' photos: fetched only when new, several at a time, kept only when they are what their name says."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from hocba_app.foreign.decoding import LimitExceeded, Limits, decode_one
from hocba_app.services.storage import blobs
from hocba_app.services.sync.apply import PHOTO_MISSING
from hocba_app.services.sync.client import SectorClient
from hocba_app.services.sync.fetch import Incoming

MAX_PHOTO = 4 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_CONCURRENT = 16
SMALL = (354, 472)
"""A large one is decoded as small as a page shows it."""
LIMITS = Limits(seconds=20, memory=384 * 1024 * 1024, output=64 * 1024)


def fetch_photos(client: SectorClient, records: Sequence[Incoming]) -> None:
    """Bring the photos of a page of pupils into the store; mark the records whose photo cannot be had.

    Raises:
        HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
    """
    wanted = {record.data["photo_sha256"] for record in records if record.data and record.data["photo_sha256"]}
    missing = [sha256 for sha256 in sorted(wanted) if not blobs.exists(sha256)]
    if not missing:
        return
    problems: dict[str, str] = {}
    for start in range(0, len(missing), MAX_CONCURRENT):
        problems |= _bring(client, missing[start : start + MAX_CONCURRENT])
    for record in records:
        if record.data and (problem := problems.get(record.data["photo_sha256"])):
            record.data[PHOTO_MISSING] = problem


def _bring(client: SectorClient, wanted: Sequence[str]) -> dict[str, str]:
    """Store some photos; why not, of those that cannot be."""
    pool = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="photo")
    try:
        found = dict(zip(wanted, pool.map(lambda sha256: client.photo(sha256, MAX_PHOTO), wanted), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # once the service is away, the others need not find it out one by one
    problems, sound = {}, []
    for sha256, photo in found.items():
        if photo is None:
            problems[sha256] = "CSDL ngành không có ảnh này, hoặc ảnh quá lớn"
        elif hashlib.sha256(photo).hexdigest() != sha256:
            problems[sha256] = "ảnh nhận được không đúng mã băm"
        else:
            sound.append(sha256)
    for sha256, good in zip(sound, _decodable([found[sha256] or b"" for sha256 in sound]), strict=True):
        if good:
            blobs.put(found[sha256] or b"")
        else:
            problems[sha256] = "tệp không phải ảnh JPEG đọc được"
    return problems


def _decodable(photos: Sequence[bytes]) -> list[bool]:
    """Which of the photos can be decoded: in one child for all of them, or one each where one of them ends the child."""
    if not photos:
        return []
    try:
        answer, _ = decode_one(are_pictures, photos, limits=LIMITS)
        return [bool(good) for good in answer]
    except LimitExceeded:
        return [False] if len(photos) == 1 else [good for photo in photos for good in _decodable([photo])]


def are_pictures(files: Sequence[bytes]) -> Iterator[tuple[list[bool], bytes]]:
    """In a child: which files are JPEG pictures, decoded to their last line, of a size we print from."""
    yield [_is_picture(photo) for photo in files], b""


def _is_picture(photo: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                return False
            image.draft("RGB", SMALL)
            image.load()
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
