"""``hocba backup`` and ``hocba restore``: the database and every document in one file, checked on the way in and out.

Settings and the secret key are not in it: whoever holds a backup must not be able to use the school's credentials.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from pyrage import x25519
from sqlalchemy.exc import SQLAlchemyError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import utc_now
from hocba_app.models.schema_check import database_file
from hocba_app.private_files import opener, private_folder
from hocba_app.services.backup import encryption
from hocba_app.services.backup.database_dump import ToolFailed, dump, has_data, kind_of, load
from hocba_app.services.backup.failures import why
from hocba_app.services.storage.store import Store
from hocba_app.services.storage.stored import Stored

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
_DOCUMENTS = "documents"
_NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{64}")
"""Documents are; what else lies in the store (anchors of the audit log) is not."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""A folder or file of the store."""
_DEEPEST = 6
_PIECE = 1024 * 1024
_KINDS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
"""How a dump begins: it is known to be of the other kind before anything is written."""
_UNREADABLE = (tarfile.TarError, KeyError, ValueError, TypeError, EOFError, OverflowError, RecursionError)
"""What reading an archive raises that is no backup of ours, or no longer one."""
_FAILURES = (OSError, sqlite3.Error, SQLAlchemyError, ToolFailed)


class Receiver(Protocol):
    """Where documents go: a store, or a check that only looks at them."""

    def write(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Take one."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    documents: int
    damaged: tuple[str, ...]
    """Names of documents whose bytes are not those of their name: left out, everything else is there."""


@dataclass(slots=True)
class Unpacked:
    """A backup taken apart: its database in a file, its documents handed on."""

    database: Path
    about: dict[str, Any] = field(default_factory=dict)
    documents: int = 0
    damaged: list[str] = field(default_factory=list)


def backup(database_url: str, documents: Store, target: Path, recipients: Sequence[x25519.Recipient] = ()) -> int:
    """Write one backup file; safe while the product runs (documents never change once written).

    Args:
        database_url: SQLAlchemy URL.
        documents: the store.
        target: the file to write (.tar), for this user only; appears only when complete.
        recipients: whose keys alone open it; without any it is not encrypted.

    Returns:
        Number of documents in it.

    Raises:
        HocbaError: BACKUP_FAILED, BACKUP_ROWS_HIDDEN.
        StoreUnavailable.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    # Where the whole backup has room, the database has; but one that is to be encrypted never lies there in the clear.
    beside = room_for(database_url) if recipients else target.parent
    try:
        with (
            tempfile.TemporaryDirectory(dir=beside, prefix=".hocba-backup-") as folder,
            open(partial, "wb", opener=opener) as out,
        ):
            copy = Path(folder, DATABASE)
            # The database first: every document it names is already in the store.
            dump(database_url, copy)
            with encryption.writing(out, recipients) as end, tarfile.open(fileobj=end, mode="w|") as tar:
                add_file(tar, copy)
                count = sum(_add_document(tar, each, documents) for each in stored_in(documents))
                add_json(tar, manifest_of(database_url, copy, FORMAT, count))
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    except _FAILURES as error:
        raise HocbaError(ErrorCode.BACKUP_FAILED, detail=why(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count


def restore(
    source: Path, database_url: str, documents: Receiver, identities: Sequence[x25519.Identity] = ()
) -> Restored:
    """Bring a backup back into an empty installation.

    A stored document is named by its SHA-256. One that no longer has it is not restored, because a wrong file under a
    right name is worse than none, and it does not keep the others from coming back.

    Args:
        identities: keys for an encrypted one.

    Returns:
        What was restored, and which documents are damaged.

    Raises:
        HocbaError: RESTORE_NOT_EMPTY when a database is already there; BACKUP_DAMAGED when the file is no whole backup;
            BACKUP_KEY_WRONG; RESTORE_OTHER_KIND when it is of the other kind of database; RESTORE_FAILED when this place
            cannot take it.
    """
    with failures_named():
        if has_data(database_url):
            raise HocbaError(ErrorCode.RESTORE_NOT_EMPTY)
        with unpacked(source, documents, identities, room_for(database_url), kind_of(database_url)) as found:
            load(database_url, found.database)
    return Restored(found.documents, tuple(found.damaged))


@contextmanager
def failures_named() -> Iterator[None]:
    """What keeps a place from taking a backup, as a sentence."""
    try:
        yield
    except _FAILURES as error:
        raise HocbaError(ErrorCode.RESTORE_FAILED, detail=why(error)) from error


@contextmanager
def unpacked(
    source: Path, documents: Receiver, identities: Sequence[x25519.Identity], room: Path | None, kind: str = ""
) -> Iterator[Unpacked]:
    """A backup file read once from its beginning to its end.

    Args:
        documents: takes each document as it comes.
        room: folder for the database; None for the system's.
        kind: of database that is wanted; "" for any.

    Raises:
        HocbaError: BACKUP_DAMAGED, BACKUP_KEY_WRONG, RESTORE_OTHER_KIND.
    """
    with tempfile.TemporaryDirectory(dir=room, prefix=".hocba-restore-") as folder:
        found = Unpacked(Path(folder, DATABASE))
        digest = ""
        with source.open("rb") as raw, encryption.reading(raw, identities) as end:
            try:
                with tarfile.open(fileobj=end, mode="r|") as tar:
                    for member in tar:
                        if member.name == DATABASE and member.isfile():
                            digest = _extracted(tar, member, found.database)
                            require_kind(found.database, kind)
                        elif member.name == MANIFEST and member.isfile():
                            found.about = about_of(content_of(tar, member, _PIECE), FORMAT)
                        else:
                            _take(tar, member, documents, found)
            except _UNREADABLE as error:
                raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error
        if not found.about or digest != found.about["database"]:
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        if found.documents + len(found.damaged) != found.about["documents"]:
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        if kind and found.about["kind"] != kind:
            raise HocbaError(ErrorCode.RESTORE_OTHER_KIND, kind=found.about["kind"], other=kind)
        yield found


def room_for(database_url: str) -> Path | None:
    """Where a database of any size has room: beside the place it goes to, or (PostgreSQL) in TMPDIR."""
    file = database_file(database_url)
    return private_folder(file.parent) if file is not None else None


def manifest_of(database_url: str, copy: Path, format_: int, documents: int) -> dict[str, object]:
    """What a backup says of itself."""
    return {
        "format": format_,
        "made_at": utc_now().isoformat(timespec="seconds"),
        "documents": documents,
        "database": sha256_of(copy),
        "kind": kind_of(database_url),
    }


def about_of(data: bytes, format_: int) -> dict[str, Any]:
    """A manifest.

    Raises:
        ValueError, KeyError, TypeError: it is none of ours.
    """
    about = json.loads(data)
    if not isinstance(about, dict) or about.get("format") != format_ or type(about["documents"]) is not int:
        raise ValueError("no manifest of ours")
    if not isinstance(about["database"], str) or not isinstance(about["kind"], str):
        raise ValueError("no manifest of ours")
    return about


def stored_in(documents: Store) -> Iterator[Stored]:
    """What a backup takes along: names with a dot are copies of a day, and what is being written."""
    return (each for each in documents.list() if not any(part.startswith(".") for part in each.name.split("/")))


def sha256_of(path: Path) -> str:
    """Of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def add_file(tar: tarfile.TarFile, path: Path) -> None:
    """Add a file under its own name."""
    tar.add(path, path.name)


def add_json(tar: tarfile.TarFile, value: dict[str, object]) -> None:
    """Add the manifest."""
    _add(tar, MANIFEST, json.dumps(value).encode(), 0)


def content_of(tar: tarfile.TarFile, member: tarfile.TarInfo, most: int = -1) -> bytes:
    """The bytes of a member."""
    with tar.extractfile(member) or io.BytesIO() as packed:
        return packed.read(most)


def require_kind(database: Path, kind: str) -> None:
    """Refuse a dump that is seen to be of the other kind of database.

    Raises:
        HocbaError: RESTORE_OTHER_KIND.
    """
    with database.open("rb") as file:
        start = file.read(16)
    found = next((each for magic, each in _KINDS.items() if start.startswith(magic)), kind)
    if kind and found != kind:
        raise HocbaError(ErrorCode.RESTORE_OTHER_KIND, kind=found, other=kind)


def _add(tar: tarfile.TarFile, name: str, data: bytes, modified: float) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), 0o600, modified
    tar.addfile(entry, io.BytesIO(data))


def _add_document(tar: tarfile.TarFile, stored: Stored, documents: Store) -> bool:
    """Whether it went in: what is kept for a day only may go meanwhile."""
    try:
        data = documents.read(stored.name)
    except FileNotFoundError:
        return False
    _add(tar, f"{_DOCUMENTS}/{stored.name}", data, stored.modified.timestamp())
    return True


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, documents: Receiver, found: Unpacked) -> None:
    path = PurePosixPath(member.name)
    if not path.parts or path.parts[0] != _DOCUMENTS or not member.isfile():
        return
    if not 2 <= len(path.parts) <= _DEEPEST or not all(_NAME.fullmatch(part) for part in path.parts):
        raise HocbaError(ErrorCode.BACKUP_DAMAGED)
    data = content_of(tar, member)
    if _NAMED_BY_CONTENT.fullmatch(path.name) and hashlib.sha256(data).hexdigest() != path.name:
        found.damaged.append(path.name)
        return
    documents.write("/".join(path.parts[1:]), data, replace=True)
    found.documents += 1


def _extracted(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    """SHA-256 of what was copied out."""
    digest = hashlib.sha256()
    with tar.extractfile(member) or io.BytesIO() as packed, open(target, "wb", opener=opener) as out:
        while piece := _read(packed):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _read(packed: IO[bytes]) -> bytes:
    return packed.read(_PIECE)
