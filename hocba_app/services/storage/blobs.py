"""Content-addressed documents: what is in the store is named by its SHA-256, never changes and is never deleted.

Nothing is read or written while the store is not the one of this database (`services.storage.identity`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import structlog

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.process_scope import on_close
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.identity import blob_name, require_ours
from hocba_app.services.storage.store import Staged, configured

log = structlog.get_logger()


def folder() -> Path:
    """Root of the store on disk.

    Raises:
        TypeError: the store is a bucket.
    """
    found = configured()
    if not isinstance(found, FolderStore):
        raise TypeError("the store is no folder")
    return found.root


def path_of(sha256: str) -> Path:
    """Where a blob lies on disk."""
    return folder() / blob_name(sha256)


def put(data: bytes) -> str:
    """Store bytes. Storing the same bytes again changes nothing.

    Returns:
        Their SHA-256, hex.

    Raises:
        StoreUnavailable.
    """
    require_ours()
    sha256 = hashlib.sha256(data).hexdigest()
    configured().write(blob_name(sha256), data)
    require_ours()  # a disk that went away meanwhile would have left the file on the one below
    return sha256


class Stage:
    """Bytes beside the store, not yet in it: an upload is stored as a whole or not at all."""

    def __init__(self) -> None:
        self._staged: dict[str, Staged] = {}

    def add(self, data: bytes) -> str:
        """Keep bytes safe beside the store. Returns their SHA-256, hex.

        Raises:
            StoreUnavailable.
        """
        require_ours()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self._staged and not configured().exists(blob_name(sha256)):
            self._staged[sha256] = configured().stage(blob_name(sha256), data)
        return sha256

    def keep(self) -> None:
        """Everything added is stored from now on."""
        for staged in self._staged.values():
            staged.keep()
        require_ours()

    def drop(self) -> None:
        """Delete what was not kept."""
        for staged in self._staged.values():
            staged.drop()
        self._staged = {}


@contextmanager
def staging() -> Iterator[Stage]:
    """A stage whose bytes are gone at the end unless they were kept."""
    stage = Stage()
    try:
        yield stage
    finally:
        stage.drop()


def get(sha256: str) -> bytes:
    """The bytes of a blob, checked against its name.

    Raises:
        HocbaError: STORED_FILE_DAMAGED when missing or altered.
        StoreUnavailable.
    """
    require_ours()
    try:
        data = configured().read(blob_name(sha256))
    except FileNotFoundError as error:
        require_ours()
        log.error("store.damaged", sha256=sha256, missing=True)
        raise HocbaError(ErrorCode.STORED_FILE_DAMAGED) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        log.error("store.damaged", sha256=sha256, missing=False)
        raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
    return data


@lru_cache(maxsize=256)
def get_cached(sha256: str) -> bytes:
    """:func:`get` for small things asked for often (photos)."""
    return get(sha256)


on_close(get_cached.cache_clear)


def exists(sha256: str) -> bool:
    """Whether a blob is stored.

    Raises:
        StoreUnavailable.
    """
    require_ours()
    return configured().exists(blob_name(sha256))
