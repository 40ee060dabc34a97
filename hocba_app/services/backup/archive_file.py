"""``hocba backup`` and ``hocba restore``: the database and every document in one file, checked on the way in and out.

Settings and the secret key are not in it: whoever holds a backup must not be able to use the school's credentials.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from sqlalchemy import make_url

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import utc_now

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASE = "database"
_DOCUMENTS = "documents"
_NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{64}")
"""Documents are; what else lies in the store (anchors of the audit log) is not."""
_PIECE = 1024 * 1024


def backup(database_url: str, documents: Path, target: Path) -> int:
    """Write one backup file; safe while the product runs (documents never change once written).

    Args:
        database_url: SQLAlchemy URL.
        documents: folder of the content-addressed store.
        target: the file to write (.tar); appears only when complete.

    Returns:
        Number of documents in it.

    Raises:
        HocbaError: BACKUP_FAILED.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        with tempfile.TemporaryDirectory() as folder, tarfile.open(partial, "w") as tar:
            # The database first: every document it names is already in the store.
            dump = _dump(database_url, Path(folder))
            tar.add(dump, _DATABASE)
            count = 0
            for path in _stored(documents):
                tar.add(path, f"{_DOCUMENTS}/{path.relative_to(documents).as_posix()}")
                count += 1
            _add_json(
                tar,
                {
                    "format": FORMAT, "made_at": utc_now().isoformat(timespec="seconds"), "documents": count,
                    "database": hashlib.sha256(dump.read_bytes()).hexdigest(), "kind": make_url(database_url).get_backend_name(),
                },
            )
        partial.replace(target)
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        partial.unlink(missing_ok=True)
        raise HocbaError(ErrorCode.BACKUP_FAILED, detail=type(error).__name__) from error
    return count


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    documents: int
    damaged: tuple[str, ...]
    """Names of documents whose bytes are not those of their name: left out, everything else is there."""


def restore(source: Path, database_url: str, documents: Path) -> Restored:
    """Bring a backup back into an empty installation.

    A stored document is named by its SHA-256. One that no longer has it is not restored, because a wrong file under a
    right name is worse than none, and it does not keep the others from coming back.

    Returns:
        What was restored, and which documents are damaged.

    Raises:
        HocbaError: RESTORE_NOT_EMPTY when a database is already there, BACKUP_DAMAGED, BACKUP_FAILED.
    """
    if _has_data(database_url):
        raise HocbaError(ErrorCode.RESTORE_NOT_EMPTY)
    try:
        with tarfile.open(source) as tar, tempfile.TemporaryDirectory() as folder:
            about = json.load(tar.extractfile(_MANIFEST) or io.BytesIO(b"{}"))
            dump = Path(folder, _DATABASE)
            with (tar.extractfile(_DATABASE) or io.BytesIO()) as packed, dump.open("wb") as out:
                shutil.copyfileobj(packed, out)
            if about.get("format") != FORMAT or hashlib.sha256(dump.read_bytes()).hexdigest() != about["database"]:
                raise HocbaError(ErrorCode.BACKUP_DAMAGED)
            restored = _restore_documents(tar, documents)
            if restored.documents + len(restored.damaged) != about["documents"]:
                raise HocbaError(ErrorCode.BACKUP_DAMAGED)
            _load(database_url, dump)
    except (OSError, KeyError, ValueError, tarfile.TarError, sqlite3.Error, subprocess.CalledProcessError) as error:
        raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error
    return restored


def _stored(documents: Path) -> Iterator[Path]:
    return (path for path in sorted(documents.rglob("*")) if path.is_file() and not path.name.startswith("."))


def _restore_documents(tar: tarfile.TarFile, documents: Path) -> Restored:
    count, damaged = 0, []
    for member in tar:
        path = PurePosixPath(member.name)
        if not path.parts or path.parts[0] != _DOCUMENTS or not member.isfile():
            continue
        if ".." in path.parts or path.is_absolute() or len(path.parts) < 2:
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        target = documents.joinpath(*path.parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with (tar.extractfile(member) or io.BytesIO()) as packed:
            sha256 = _copied(packed, target)
        if _NAMED_BY_CONTENT.fullmatch(path.name) and sha256 != path.name:
            target.unlink()
            damaged.append(path.name)
        else:
            count += 1
    return Restored(count, tuple(damaged))


def _copied(source: IO[bytes], target: Path) -> str:
    """SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        while piece := source.read(_PIECE):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _add_json(tar: tarfile.TarFile, value: dict[str, object]) -> None:
    data = json.dumps(value).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _dump(url: str, folder: Path) -> Path:
    target = folder / _DATABASE
    if make_url(url).get_backend_name() == "sqlite":
        with sqlite3.connect(_sqlite_path(url)) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        return target
    subprocess.run(["pg_dump", "--format=custom", "--no-owner", f"--file={target}", _libpq(url)], check=True)
    return target


def _load(url: str, dump: Path) -> None:
    if make_url(url).get_backend_name() == "sqlite":
        path = _sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dump, path)
        return
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={_libpq(url)}", str(dump)], check=True)


def _has_data(url: str) -> bool:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_path(url).exists()
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url)
    try:
        return bool(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def _sqlite_path(url: str) -> Path:
    return Path(make_url(url).database or "")


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
