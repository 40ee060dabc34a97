"""The store in a folder: written beside, flushed to disk, renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.private_files import opener, private_folder
from hocba_app.services.storage.stored import Stored

PARTIAL = ".partial"
"""Folder of what is being written: on the same disk, so that a rename is all it takes."""
ABANDONED_SECONDS = 24 * 3600
"""A partial file of this age has no writer any more."""

_REFUSALS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), ErrorCode.STORE_FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), ErrorCode.STORE_REFUSED),
    **dict.fromkeys((errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT), ErrorCode.STORE_UNREACHABLE),
}
"""What a disk or a network folder says about itself, not about the file that was to be written."""


class FolderStore:
    """A folder of this machine, or one that every machine mounts.

    Args:
        root: need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = str(root)

    @property
    def place(self) -> str:
        return self._root

    def path_of(self, name: str) -> Path:
        """Where a name lies."""
        return self.root / name

    def read(self, name: str) -> bytes:
        with open(f"{self._root}/{name}", "rb") as file:  # a path object costs more than the reading
            return file.read()

    def write(self, name: str, data: bytes, *, replace: bool = False) -> None:
        if replace or not self.exists(name):
            staged = self.stage(name, data)
            try:
                with self._writing():
                    staged.keep()
            finally:
                staged.drop()

    def write_file(self, name: str, path: Path) -> None:
        with self._writing():
            staged = self._partial(name)
            try:
                _copy(path, staged.path)
                staged.keep()
            finally:
                staged.drop()

    def read_to(self, name: str, path: Path) -> None:
        _copy(self.path_of(name), path)

    def stage(self, name: str, data: bytes) -> _Partial:
        with self._writing():
            staged = self._partial(name)
            try:
                with open(staged.path, "wb", opener=opener) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                staged.drop()
                raise
            return staged

    def _partial(self, name: str) -> _Partial:
        return _Partial(private_folder(self.root / PARTIAL) / f".{secrets.token_hex(8)}", self.path_of(name))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if (code := _REFUSALS.get(error.errno or 0)) is None:
                raise
            raise StoreUnavailable(HocbaError(code, place=self.place)) from error

    def exists(self, name: str) -> bool:
        return os.path.isfile(f"{self._root}/{name}")

    def about(self, name: str) -> Stored:
        return _stored(name, os.stat(f"{self._root}/{name}"))

    def stamp(self, name: str) -> object:
        try:
            found = os.stat(f"{self._root}/{name}")
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size

    def list(self, prefix: str = "") -> Iterator[Stored]:
        yield from self._below(prefix.strip("/"))

    def _below(self, folder: str) -> Iterator[Stored]:
        try:
            with os.scandir(f"{self._root}/{folder}") as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if name != PARTIAL:
                    yield from self._below(name)
                continue
            try:
                stored = _stored(name, entry.stat())
            except FileNotFoundError:
                continue  # a print that was kept for a day
            yield stored

    def remove(self, name: str) -> None:
        self.path_of(name).unlink(missing_ok=True)

    def clean(self) -> int:
        before, removed = time.time() - ABANDONED_SECONDS, 0
        for path in (self.root / PARTIAL).glob(".*"):
            try:
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # another process cleans too
        return removed


class _Partial:
    """A file beside its place."""

    def __init__(self, partial: Path, target: Path) -> None:
        self.path, self._target = partial, target

    def keep(self) -> None:
        private_folder(self._target.parent)
        self.path.replace(self._target)

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with open(source, "rb") as given, open(target, "wb", opener=opener) as out:
        shutil.copyfileobj(given, out, 1024 * 1024)
        out.flush()
        os.fsync(out.fileno())


def _stored(name: str, found: os.stat_result) -> Stored:
    return Stored(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
