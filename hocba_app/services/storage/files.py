"""A version's file: its base and the updates appended since, checked against what the database says."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Revision
from hocba_app.services.storage import blobs

_CACHE_BYTES = 96 * 1024 * 1024


class _Recent:
    """Whole files by their SHA-256: the next signer of a class prepares on the bytes the last one left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def get(self, sha256: str) -> bytes | None:
        with self._lock:
            data = self._files.get(sha256)
            if data is not None:
                self._files.move_to_end(sha256)
            return data

    def put(self, sha256: str, data: bytes) -> None:
        with self._lock:
            if sha256 not in self._files:
                self._files[sha256] = data
                self._size += len(data)
            while self._size > _CACHE_BYTES:
                _, dropped = self._files.popitem(last=False)
                self._size -= len(dropped)


_recent = _Recent()


def current_file(session: Session, version_id: str) -> bytes:
    """The newest bytes of a version.

    Raises:
        HocbaError: STORED_FILE_DAMAGED, NOT_FOUND.
    """
    return revision_file(session, version_id, None)


def file_of(session: Session, version: Any) -> bytes:
    """:func:`current_file` of a version at hand (a row with ``id`` and ``sha256``): no question to the database when this process has the file.

    Raises:
        HocbaError: STORED_FILE_DAMAGED, NOT_FOUND.
    """
    data = _recent.get(version.sha256)
    return data if data is not None else current_file(session, version.id)


def grown(file: bytes, update: bytes, sha256: str) -> None:
    """Remember the file a committed update has made, for the next signer of it.

    Args:
        sha256: of both together.
    """
    _recent.put(sha256, file + update)


def revision_file(session: Session, version_id: str, number: int | None) -> bytes:
    """The file as one revision left it (every revision is a prefix of the newest file).

    Args:
        number: of the revision; None for the newest.

    Raises:
        HocbaError: STORED_FILE_DAMAGED, NOT_FOUND.
    """
    query = (
        select(Revision.number, Revision.blob_sha256, Revision.length, Revision.sha256)
        .where(Revision.version_id == version_id)
        .order_by(Revision.number)
    )
    if number is not None:
        query = query.where(Revision.number <= number)
    revisions = session.exec(query).all()
    if not revisions:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp hồ sơ")
    last = revisions[-1]
    begun, rest = b"", list(revisions)
    # An earlier state of it may be at hand: another process signed since. Only what came after is read.
    for count in range(len(revisions), 0, -1):
        if (known := _recent.get(revisions[count - 1].sha256)) is not None:
            begun, rest = known, list(revisions[count:])
            break
    if not rest:
        return begun
    data = b"".join((begun, *(blobs.get(revision.blob_sha256) for revision in rest)))
    if len(data) != last.length or hashlib.sha256(data).hexdigest() != last.sha256:
        raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
    _recent.put(last.sha256, data)
    return data
