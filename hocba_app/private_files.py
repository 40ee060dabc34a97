"""Files and folders of pupils' data: for the service's own user only, whatever the umask of who started it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def opener(path: str, flags: int) -> int:
    """For ``open(…, opener=opener)``: a file that is made here is private from its first byte."""
    return os.open(path, flags, FILE)


def private_folder(folder: Path) -> Path:
    """Make a folder, and each that is missing above it, for this user only. One that is there stays as it is."""
    if not folder.exists():
        private_folder(folder.parent)
        folder.mkdir(mode=FOLDER, exist_ok=True)
    return folder


def private_file(path: Path) -> Path:
    """Make an empty file, or close one that is there to other users. Its folder must be there.

    One that is there is never opened: closing it again would drop every POSIX lock this process has on it, SQLite's among them, and
    another process that ends would take the write-ahead log away under this one (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE))
    tighten(path)
    return path


def tighten(path: Path) -> None:
    """Take the rights of other users away where they have any; what belongs to another user is left to `doctor`."""
    if is_open_to_others(path):
        try:
            path.chmod(FOLDER if path.is_dir() else FILE)
        except PermissionError:
            return


def is_open_to_others(path: Path) -> bool:
    """Whether other users of the machine may do anything with it. Windows keeps rights elsewhere: never there."""
    return os.name == "posix" and path.exists() and bool(path.stat().st_mode & _OTHERS)
