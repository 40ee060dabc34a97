"""A folder or bucket of backups in which each document lies once: a daily backup carries only what is new.

``objects/ab/cd/<sha256>`` are documents, ``snapshots/<time>.tar`` a database with the list of documents that belong to it. Both
are encrypted (``.age``) when a recipient is set. An object never changes, so a snapshot that was complete stays complete.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pyrage import x25519

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import utc_now
from hocba_app.private_files import opener
from hocba_app.services.backup import archive_file, encryption
from hocba_app.services.backup.archive_file import DATABASE, Receiver, Restored, Unpacked
from hocba_app.services.backup.database_dump import dump, has_data, kind_of, load
from hocba_app.services.backup.failures import why
from hocba_app.services.storage.store import Store

FORMAT = 2
LIST = "documents.txt"
_SNAPSHOTS = "snapshots/"
_BY_CONTENT = re.compile(r"(?:[0-9a-f]{2}/){2}([0-9a-f]{64})")
_LINE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,127}){0,4}) ([0-9a-f]{64})\n?")
_TOGETHER, _MAX_CONCURRENT = 256, 8


@dataclass(slots=True)
class Saved:
    """What a backup did."""

    snapshot: str
    documents: int = 0
    new: int = 0
    """Of them, not in the place before."""


def backup_into(
    database_url: str, documents: Store, target: Store, recipients: Sequence[x25519.Recipient] = ()
) -> Saved:
    """Add a snapshot to a place of backups; it appears when everything it names is there.

    Raises:
        HocbaError: BACKUP_FAILED, BACKUP_ROWS_HIDDEN.
        StoreUnavailable.
    """
    ending = ".age" if recipients else ""
    saved = Saved(f"{_SNAPSHOTS}{utc_now():%Y%m%dT%H%M%S%fZ}.tar{ending}")
    try:
        with tempfile.TemporaryDirectory(dir=archive_file.room_for(database_url), prefix=".hocba-backup-") as folder:
            copy, listed, whole = (Path(folder, name) for name in (DATABASE, LIST, "snapshot"))
            dump(database_url, copy)
            with open(listed, "w", encoding="ascii", opener=opener) as lines:
                for name, sha256, is_new in _added(documents, target, recipients, ending):
                    lines.write(f"{name} {sha256}\n")
                    saved.documents += 1
                    saved.new += is_new
            about = archive_file.manifest_of(database_url, copy, FORMAT, saved.documents)
            with open(whole, "wb", opener=opener) as out:
                with encryption.writing(out, recipients) as end, tarfile.open(fileobj=end, mode="w|") as tar:
                    archive_file.add_file(tar, copy)
                    archive_file.add_file(tar, listed)
                    archive_file.add_json(tar, about | {"list": archive_file.sha256_of(listed)})
                out.flush()
                os.fsync(out.fileno())
            target.write_file(saved.snapshot, whole)
    except archive_file._FAILURES as error:
        raise HocbaError(ErrorCode.BACKUP_FAILED, detail=why(error)) from error
    return saved


def restore_from(
    place: Store, database_url: str, documents: Receiver, identities: Sequence[x25519.Identity] = (), snapshot: str = ""
) -> Restored:
    """Bring a snapshot back into an empty installation.

    Args:
        snapshot: its name; "" for the newest.

    Raises:
        HocbaError: as `archive_file.restore`; BACKUP_DAMAGED also when a document of the list is missing.
        StoreUnavailable.
    """
    with archive_file.failures_named():
        if has_data(database_url):
            raise HocbaError(ErrorCode.RESTORE_NOT_EMPTY)
        room = archive_file.room_for(database_url)
        with unpacked_from(place, documents, identities, room, kind_of(database_url), snapshot) as found:
            load(database_url, found.database)
    return Restored(found.documents, tuple(found.damaged))


@contextmanager
def unpacked_from(
    place: Store,
    documents: Receiver,
    identities: Sequence[x25519.Identity],
    room: Path | None,
    kind: str = "",
    snapshot: str = "",
) -> Iterator[Unpacked]:
    """A snapshot, and every document of its list handed on.

    Raises:
        HocbaError: BACKUP_DAMAGED, BACKUP_KEY_WRONG, RESTORE_OTHER_KIND, NOT_FOUND when there is no snapshot.
    """
    names = snapshots(place)
    name = (
        next((each for each in names if each.removeprefix(_SNAPSHOTS) == snapshot), "")
        if snapshot
        else names[-1]
        if names
        else ""
    )
    if not name:
        raise HocbaError(ErrorCode.NOT_FOUND, what="bản sao lưu trong nơi này")
    with tempfile.TemporaryDirectory(dir=room, prefix=".hocba-restore-") as folder:
        whole, found = Path(folder, "snapshot"), Unpacked(Path(folder, DATABASE))
        place.read_to(name, whole)
        listed = Path(folder, LIST)
        _take_apart(whole, found, listed, identities)
        if kind and found.about["kind"] != kind:
            raise HocbaError(ErrorCode.RESTORE_OTHER_KIND, kind=found.about["kind"], other=kind)
        whole.unlink()
        _hand_on(place, listed, documents, found, identities)
        yield found


def snapshots(place: Store) -> list[str]:
    """Names of the snapshots, oldest first."""
    return sorted(each.name for each in place.list(_SNAPSHOTS) if each.name.endswith((".tar", ".tar.age")))


def _added(
    documents: Store, target: Store, recipients: Sequence[x25519.Recipient], ending: str
) -> Iterator[tuple[str, str, bool]]:
    """Name, content and newness of every document, each in the target when it is yielded."""

    def add(name: str) -> tuple[str, str, bool] | None:
        match = _BY_CONTENT.fullmatch(name)
        if match and target.exists(_object(match[1], ending)):
            return name, match[1], False
        try:
            data = documents.read(name)
        except FileNotFoundError:
            return None  # kept for a day only
        sha256 = hashlib.sha256(data).hexdigest()
        place = _object(sha256, ending)
        if is_new := not target.exists(place):
            target.write(place, encryption.sealed(data, recipients))
        return name, match[1] if match else sha256, is_new

    names = (each.name for each in archive_file.stored_in(documents))
    with ThreadPoolExecutor(_MAX_CONCURRENT) as pool:
        while chunk := list(islice(names, _TOGETHER)):
            yield from (each for each in pool.map(add, chunk) if each is not None)


def _take_apart(whole: Path, found: Unpacked, listed: Path, identities: Sequence[x25519.Identity]) -> None:
    digests = {}
    with whole.open("rb") as raw, encryption.reading(raw, identities) as end:
        try:
            with tarfile.open(fileobj=end, mode="r|") as tar:
                for member in tar:
                    if member.name in (DATABASE, LIST) and member.isfile():
                        target = found.database if member.name == DATABASE else listed
                        digests[member.name] = archive_file._extracted(tar, member, target)
                    elif member.name == archive_file.MANIFEST and member.isfile():
                        found.about = archive_file.about_of(archive_file.content_of(tar, member, 1024 * 1024), FORMAT)
        except archive_file._UNREADABLE as error:
            raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error
    about = found.about
    if not about or (digests.get(DATABASE), digests.get(LIST)) != (about["database"], about.get("list")):
        raise HocbaError(ErrorCode.BACKUP_DAMAGED)


def _hand_on(
    place: Store, listed: Path, documents: Receiver, found: Unpacked, identities: Sequence[x25519.Identity]
) -> None:
    ends = ("", ".age")

    def bring(line: str) -> str:
        """The name of a damaged document; "" when it is there."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise HocbaError(ErrorCode.BACKUP_DAMAGED)
        for ending in ends:
            try:
                data = encryption.opened(place.read(_object(match[2], ending)), identities)
            except FileNotFoundError:
                continue
            except HocbaError as error:
                if error.code is not ErrorCode.BACKUP_DAMAGED:
                    raise
                continue
            if hashlib.sha256(data).hexdigest() == match[2]:
                documents.write(match[1], data, replace=True)
                return ""
        return match[1].rsplit("/", 1)[-1]

    with listed.open(encoding="ascii") as lines, ThreadPoolExecutor(_MAX_CONCURRENT) as pool:
        while chunk := list(islice(lines, _TOGETHER)):
            damaged = [name for name in pool.map(bring, chunk) if name]
            found.damaged += damaged
            found.documents += len(chunk) - len(damaged)


def _object(sha256: str, ending: str) -> str:
    return f"objects/{sha256[:2]}/{sha256[2:4]}/{sha256}{ending}"
