"""A version's file: its base and the updates appended since, checked against what the database says."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.repositories.stored_files import revisions_of
from hocba_app.recordfile.incremental_hash import HashedFile, prefix_hashes
from hocba_app.services.storage import blobs

_CACHE_BYTES = 32 * 1024 * 1024


class _Recent:
    """Whole files by their SHA-256: a record is looked at more than once."""

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


def files_of(session: Session, versions: Iterable[Any]) -> dict[str, HashedFile | HocbaError]:
    """Newest files by version id, as far as appending to them needs them: what another process has added is read, not more.

    Args:
        versions: rows with ``id``, ``length`` and ``sha256``.

    Returns:
        A file, or STORED_FILE_DAMAGED where the store does not hold what the database says.
    """
    found: dict[str, HashedFile | HocbaError] = {}
    unknown = []
    for version in versions:
        known = prefix_hashes.known(version.length, version.sha256)
        if known is None:
            unknown.append(version)
        else:
            found[version.id] = known
    revisions = revisions_of(session, [each.id for each in unknown])
    for version in unknown:
        try:
            found[version.id] = _hashed(version, revisions.get(version.id, []))
        except HocbaError as error:
            found[version.id] = error
    return found


def file_of(session: Session, version: Any) -> HashedFile:
    """:func:`files_of` for one version.

    Raises:
        HocbaError: STORED_FILE_DAMAGED.
    """
    found = files_of(session, [version])[version.id]
    if isinstance(found, HocbaError):
        raise found
    return found


def _hashed(version: Any, revisions: Sequence[Any]) -> HashedFile:
    """Hash on from the newest revision this process has hashed before."""
    state, rest = hashlib.sha256(), list(revisions)
    for count in range(len(revisions), 0, -1):
        known = prefix_hashes.known(revisions[count - 1].length, revisions[count - 1].sha256)
        if known is not None:
            state, rest = known.state.copy(), list(revisions[count:])
            break
    for revision in rest:
        state.update(blobs.get(revision.blob_sha256))
    if state.hexdigest() != version.sha256:
        raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
    prefix_hashes.keep(state, version.length)
    return HashedFile(version.length, state)


def revision_file(session: Session, version_id: str, number: int | None) -> bytes:
    """The file as one revision left it (every revision is a prefix of the newest file).

    Args:
        number: of the revision; None for the newest.

    Raises:
        HocbaError: STORED_FILE_DAMAGED, NOT_FOUND.
    """
    revisions = revisions_of(session, [version_id], up_to=number).get(version_id, [])
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
