"""``hocba restore --check``: a backup brought back for a moment, into a place of its own, and looked at.

Every document is read, decrypted and held against its name. The database is loaded (SQLite, or PostgreSQL where a database for it
is set) and asked which documents it names; otherwise ``pg_restore`` reads its dump from end to end.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database
from hocba_app.models.repositories.installation import named_blobs
from hocba_app.models.schema_check import current_revision, known_revisions
from hocba_app.models.scratch_database import empty, is_whole
from hocba_app.services.backup.archive_file import Receiver, Unpacked, failures_named
from hocba_app.services.backup.database_dump import ToolFailed, load

Unpacking = Callable[[Receiver, Path | None], AbstractContextManager[Unpacked]]


@dataclass(slots=True)
class Checked:
    """What a check found."""

    made_at: str
    documents: int
    damaged: tuple[str, ...]
    missing: int
    """Documents the database names and the backup lacks; -1 when the database was not loaded."""
    revision: str
    """Of the schema; "" when it was not loaded."""

    @property
    def is_well(self) -> bool:
        """Whether everything that was looked at is whole."""
        return not self.damaged and self.missing <= 0


class _Seen:
    """Takes documents and keeps the first half of their names only."""

    def __init__(self) -> None:
        self.names: set[bytes] = set()

    def write(self, name: str, _data: bytes, *, replace: bool = False) -> None:
        last = name.rsplit("/", 1)[-1]
        if len(last) == 64:
            self.names.add(bytes.fromhex(last[:32]))


def check(unpacking: Unpacking, scratch_url: str) -> Checked:
    """Bring a backup back for a moment.

    Args:
        unpacking: opens it (`archive_file.unpacked` or `incremental.unpacked_from`, given what they need).
        scratch_url: an empty PostgreSQL database for nothing else; it is emptied afterwards. "" for none.

    Raises:
        HocbaError: as a restore.
    """
    with failures_named(), tempfile.TemporaryDirectory(prefix="hocba-check-") as folder:
        seen = _Seen()
        with unpacking(seen, Path(folder)) as found:
            kind = found.about["kind"]
            url = f"sqlite:///{found.database}" if kind == "sqlite" else scratch_url
            if kind != "sqlite":
                _load(found.database, scratch_url)
            try:
                missing, revision = _looked_at(url, seen) if url else (-1, "")
            finally:
                if kind != "sqlite" and scratch_url:
                    empty(scratch_url)
        return Checked(str(found.about["made_at"]), found.documents, tuple(found.damaged), missing, revision)


def _load(dump: Path, scratch_url: str) -> None:
    if scratch_url:
        empty(scratch_url)
        load(scratch_url, dump)
        return
    read = subprocess.run(
        ["pg_restore", "--file=/dev/null", str(dump)], capture_output=True, text=True, errors="replace", check=False
    )
    if read.returncode:
        raise ToolFailed("pg_restore", (read.stderr.strip().splitlines() or ["?"])[0][:300])


def _looked_at(url: str, seen: _Seen) -> tuple[int, str]:
    db = Database(url)
    try:
        if not is_whole(db):
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        revision = current_revision(url) or ""
        if revision not in known_revisions():
            return -1, revision  # another version's: which documents it names is not ours to say
        with db.installation() as session:
            missing = sum(bytes.fromhex(sha256[:32]) not in seen.names for sha256 in named_blobs(session))
        return missing, revision
    finally:
        db.dispose()
