"""The content-addressed store: what is in it is named by its SHA-256, never changes and is never deleted."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import structlog

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.private_files import opener, private_folder
from hocba_app.settings import settings

log = structlog.get_logger()


def folder() -> Path:
    """Root of the store on disk."""
    return _root(settings().documents_url)


@lru_cache(maxsize=8)
def _root(_url: str) -> Path:
    return settings().documents_folder()


def path_of(sha256: str) -> Path:
    """Where a blob lies: two levels of folders keep each one small."""
    return folder() / sha256[:2] / sha256[2:4] / sha256


def put(data: bytes) -> str:
    """Store bytes: written beside, flushed to disk, renamed. Storing the same bytes again changes nothing.

    Returns:
        Their SHA-256, hex.
    """
    with staging() as stage:
        sha256 = stage.add(data)
        stage.keep()
    return sha256


class Stage:
    """Bytes on disk beside the store, not yet in it: an upload is stored as a whole or not at all."""

    def __init__(self) -> None:
        self._partial: dict[str, Path] = {}

    def add(self, data: bytes) -> str:
        """Write bytes and flush them to disk. Returns their SHA-256, hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = path_of(sha256)
        if sha256 in self._partial or path.exists():
            return sha256
        private_folder(path.parent)
        partial = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
        self._partial[sha256] = partial
        with open(partial, "wb", opener=opener) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return sha256

    def keep(self) -> None:
        """Everything added is stored from now on."""
        for sha256, partial in self._partial.items():
            partial.replace(path_of(sha256))
        self._partial = {}

    def drop(self) -> None:
        """Delete what was not kept."""
        for partial in self._partial.values():
            partial.unlink(missing_ok=True)


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
    """
    try:
        with open(
            f"{folder()}/{sha256[:2]}/{sha256[2:4]}/{sha256}", "rb"
        ) as file:  # a path object costs more than the reading
            data = file.read()
    except FileNotFoundError as error:
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


def exists(sha256: str) -> bool:
    """Whether a blob is stored."""
    return path_of(sha256).exists()
