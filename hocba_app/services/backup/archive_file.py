"""``hocba backup`` and ``hocba restore``: the database and every document in one file, checked on the way in and out.

Settings and the secret key are not in it: whoever holds a backup must not be able to use the school's credentials.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import secrets
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import utc_now
from hocba_app.models.schema_check import database_file
from hocba_app.private_files import opener, private_folder
from hocba_app.services.backup.database_dump import ToolFailed, dump, has_data, kind_of, load
from hocba_app.services.storage.store import Store
from hocba_app.services.storage.stored import Stored

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASE = "database"
_DOCUMENTS = "documents"
_NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{64}")
"""Documents are; what else lies in the store (anchors of the audit log) is not."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""A folder or file of the store."""
_DEEPEST = 6
_PIECE = 1024 * 1024
_UNREADABLE = (tarfile.TarError, KeyError, ValueError, TypeError, EOFError, OverflowError, RecursionError)
"""What reading an archive raises that is no backup of ours, or no longer one."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    documents: int
    damaged: tuple[str, ...]
    """Names of documents whose bytes are not those of their name: left out, everything else is there."""


def backup(database_url: str, documents: Store, target: Path) -> int:
    """Write one backup file; safe while the product runs (documents never change once written).

    Args:
        database_url: SQLAlchemy URL.
        documents: the store.
        target: the file to write (.tar), for this user only; appears only when complete.

    Returns:
        Number of documents in it.

    Raises:
        HocbaError: BACKUP_FAILED, BACKUP_ROWS_HIDDEN.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        # Beside the target: where the whole backup has room, the database has.
        with (
            tempfile.TemporaryDirectory(dir=target.parent, prefix=".hocba-backup-") as folder,
            open(partial, "wb", opener=opener) as out,
        ):
            copy = Path(folder, _DATABASE)
            # The database first: every document it names is already in the store.
            dump(database_url, copy)
            with tarfile.open(fileobj=out, mode="w") as tar:
                tar.add(copy, _DATABASE)
                count = sum(_add_document(tar, each, documents) for each in _stored(documents))
                _add_json(
                    tar,
                    {
                        "format": FORMAT,
                        "made_at": utc_now().isoformat(timespec="seconds"),
                        "documents": count,
                        "database": _sha256_of(copy),
                        "kind": kind_of(database_url),
                    },
                )
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    except (OSError, sqlite3.Error, SQLAlchemyError, ToolFailed) as error:
        raise HocbaError(ErrorCode.BACKUP_FAILED, detail=_why(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count


def restore(source: Path, database_url: str, documents: Store) -> Restored:
    """Bring a backup back into an empty installation.

    A stored document is named by its SHA-256. One that no longer has it is not restored, because a wrong file under a
    right name is worse than none, and it does not keep the others from coming back.

    Returns:
        What was restored, and which documents are damaged.

    Raises:
        HocbaError: RESTORE_NOT_EMPTY when a database is already there; BACKUP_DAMAGED when the file is no whole backup;
            RESTORE_OTHER_KIND when it is of the other kind of database; RESTORE_FAILED when this place cannot take it.
    """
    try:
        if has_data(database_url):
            raise HocbaError(ErrorCode.RESTORE_NOT_EMPTY)
        with (
            _archive(source) as tar,
            tempfile.TemporaryDirectory(dir=_room(database_url), prefix=".hocba-restore-") as folder,
        ):
            about = _about(tar)
            if about["kind"] != kind_of(database_url):
                raise HocbaError(ErrorCode.RESTORE_OTHER_KIND, kind=about["kind"], other=kind_of(database_url))
            copy = Path(folder, _DATABASE)
            if _extracted(tar, _DATABASE, copy) != about["database"]:
                raise HocbaError(ErrorCode.BACKUP_DAMAGED)
            restored = _restore_documents(tar, documents)
            if restored.documents + len(restored.damaged) != about["documents"]:
                raise HocbaError(ErrorCode.BACKUP_DAMAGED)
            load(database_url, copy)
    except (OSError, sqlite3.Error, SQLAlchemyError, ToolFailed) as error:
        raise HocbaError(ErrorCode.RESTORE_FAILED, detail=_why(error)) from error
    return restored


def _room(database_url: str) -> Path | None:
    """Where a database of any size has room: beside the place it goes to, or (PostgreSQL) in TMPDIR."""
    file = database_file(database_url)
    return private_folder(file.parent) if file is not None else None


@contextmanager
def _archive(source: Path) -> Iterator[tarfile.TarFile]:
    """The opened backup; whatever is wrong with its form is BACKUP_DAMAGED, never a traceback."""
    try:
        with tarfile.open(source, "r:") as tar:
            yield tar
    except _UNREADABLE as error:
        raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error


def _about(tar: tarfile.TarFile) -> dict[str, Any]:
    with tar.extractfile(_MANIFEST) or io.BytesIO() as packed:
        about = json.loads(packed.read(_PIECE))
    if not isinstance(about, dict) or about.get("format") != FORMAT or type(about["documents"]) is not int:
        raise ValueError("no manifest of ours")
    return about


def _stored(documents: Store) -> Iterator[Stored]:
    return (each for each in documents.list() if is_kept(each.name))


def is_kept(name: str) -> bool:
    """Whether a backup takes it along: names with a dot are copies of a day, and what is being written."""
    return not any(part.startswith(".") for part in name.split("/"))


def _add_document(tar: tarfile.TarFile, stored: Stored, documents: Store) -> bool:
    """Whether it went in."""
    try:
        data = documents.read(stored.name)
    except FileNotFoundError:
        return False
    entry = tarfile.TarInfo(f"{_DOCUMENTS}/{stored.name}")
    entry.size, entry.mode, entry.mtime = len(data), 0o600, stored.modified.timestamp()
    tar.addfile(entry, io.BytesIO(data))
    return True


def _restore_documents(tar: tarfile.TarFile, documents: Store) -> Restored:
    count, damaged = 0, []
    for member in tar:
        path = PurePosixPath(member.name)
        if not path.parts or path.parts[0] != _DOCUMENTS or not member.isfile():
            continue
        if not 2 <= len(path.parts) <= _DEEPEST or not all(_NAME.fullmatch(part) for part in path.parts):
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        with tar.extractfile(member) or io.BytesIO() as packed:
            data = packed.read()
        if _NAMED_BY_CONTENT.fullmatch(path.name) and hashlib.sha256(data).hexdigest() != path.name:
            damaged.append(path.name)
        else:
            documents.write("/".join(path.parts[1:]), data, replace=True)
            count += 1
    return Restored(count, tuple(damaged))


def _extracted(tar: tarfile.TarFile, member: tarfile.TarInfo | str, target: Path) -> str:
    """SHA-256 of what was copied out."""
    digest = hashlib.sha256()
    with tar.extractfile(member) or io.BytesIO() as packed, open(target, "wb", opener=opener) as out:
        while piece := _read(packed):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _read(packed: IO[bytes]) -> bytes:
    return packed.read(_PIECE)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_json(tar: tarfile.TarFile, value: dict[str, object]) -> None:
    data = json.dumps(value).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size, entry.mode = len(data), 0o600
    tar.addfile(entry, io.BytesIO(data))


def _why(error: Exception) -> str:
    """What happened and what to do about it, in the operator's words."""
    if isinstance(error, ToolFailed):
        return f"{error.tool} báo lỗi: {error.said}"
    if isinstance(error, SQLAlchemyError):
        return f"không hỏi được cơ sở dữ liệu ({type(getattr(error, 'orig', error)).__name__}); hãy kiểm tra HOCBA_DATABASE_URL"
    if isinstance(error, sqlite3.Error):
        return f"SQLite báo lỗi: {error}"
    if isinstance(error, OSError):
        where = str(error.filename or "")
        if where in ("pg_dump", "pg_restore"):
            return f"không tìm thấy chương trình {where}; hãy cài gói máy khách PostgreSQL cùng phiên bản với máy chủ"
        known = {
            errno.ENOSPC: "đĩa đã đầy; hãy dọn chỗ",
            errno.EDQUOT: "hết hạn mức đĩa; hãy dọn chỗ",
            errno.EACCES: f"không có quyền với {where}",
            errno.EPERM: f"không có quyền với {where}",
            errno.EROFS: f"{where} chỉ đọc được",
            errno.ENOENT: f"không có {where}",
            errno.EISDIR: f"{where} là thư mục",
            errno.ENOTDIR: f"{where} không nằm trong một thư mục",
        }
        return known.get(
            error.errno or 0, f"lỗi hệ thống {errno.errorcode.get(error.errno or 0, type(error).__name__)} với {where}"
        )
    return type(error).__name__
