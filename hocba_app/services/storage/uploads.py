"""What somebody uploads: files and archives of files, within limits of the whole upload, unpacked in a child, stored only when all is well."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import MEGABYTE, Limits, decode

Uploaded = tuple[str, bytes | BinaryIO]
"""The name as sent, and the bytes or an open file."""
_IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")
_MAX_MEMBERS, _MAX_RATIO = 1000, 100
_BROKEN = (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, zlib.error, lzma.LZMAError)
_ARCHIVE = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Of one upload, archives unpacked."""

    files: int
    each: int
    """Bytes of one file."""
    total: int
    """Bytes of all."""
    accepted: str
    """What is taken, for the sentence that refuses something else."""
    suffixes: tuple[str, ...] = ()
    """Of the members of an archive that count; () for all."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One file as it came."""

    name: str
    """As the sender called it, without folders and what does not print."""
    package: str
    """The archive it came in; "" when it came alone."""
    data: bytes


def given_files(uploaded: Sequence[Uploaded], limits: UploadLimits) -> Iterator[GivenFile]:
    """The files of an upload one by one: this process holds one at a time.

    A file over the limit comes with one byte more than allowed, for the caller to refuse it or the upload.

    Raises:
        HocbaError: TOO_MANY_FILES as soon as the whole upload is over a limit; FILE_TYPE for an archive that is broken,
            locked or holds nothing of use; FILE_TOO_COMPLEX, BUSY.
        Abandoned: whoever asked has left.
    """
    too_many = HocbaError(ErrorCode.TOO_MANY_FILES, limit=limits.files, megabytes=limits.total // MEGABYTE)
    files_left, bytes_left = limits.files, limits.total
    for name, source in uploaded:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        file.seek(0)
        if file.read(4) == _ARCHIVE:
            found: Iterator[GivenFile] = _unpacked(plain_name(name), file, limits, files_left, bytes_left)
        else:
            file.seek(0)
            found = iter([GivenFile(plain_name(name), "", file.read(limits.each + 1))])
        for given in found:
            files_left, bytes_left = files_left - 1, bytes_left - len(given.data)
            if files_left < 0 or bytes_left < 0:
                raise too_many
            yield given


def plain_name(name: str) -> str:
    """The last part of a path, without what does not print."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:200] or "khong-ten"


def _unpacked(
    package: str, file: BinaryIO, limits: UploadLimits, files_left: int, bytes_left: int
) -> Iterator[GivenFile]:
    bounds = Limits(seconds=30, memory=640 * MEGABYTE, output=bytes_left + MEGABYTE)
    members = decode(
        members_of,
        [file],
        limits=bounds,
        most_files=files_left,
        most_bytes=bytes_left,
        each=limits.each,
        suffixes=list(limits.suffixes),
        accepted=limits.accepted,
        refusal={"limit": limits.files, "megabytes": limits.total // MEGABYTE},
    )
    empty = True
    for name, data in members:
        empty = False
        yield GivenFile(plain_name(str(name)), package, data)
    if empty:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=limits.accepted)


def members_of(
    files: Sequence[bytes],
    *,
    most_files: int,
    most_bytes: int,
    each: int,
    suffixes: Sequence[str],
    accepted: str,
    refusal: dict[str, int],
) -> Iterator[tuple[str, bytes]]:
    """In a child: the members of the one archive that count, within limits of number, size and compression."""
    try:
        with zipfile.ZipFile(io.BytesIO(files[0])) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            wanted = [item for item in members if _counts(item.filename, suffixes)]
            total, packed = sum(item.file_size for item in wanted), sum(item.compress_size for item in wanted) or 1
            if (
                len(members) > _MAX_MEMBERS
                or len(wanted) > most_files
                or total > most_bytes
                or total / packed > _MAX_RATIO
            ):
                raise HocbaError(ErrorCode.TOO_MANY_FILES, **refusal)
            for item in wanted:
                with archive.open(item) as member:
                    # One byte over the limit is enough to refuse it; a lying header cannot make us read more.
                    yield item.filename, member.read(each + 1)
    except _BROKEN as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=accepted) from error


def _counts(name: str, suffixes: Sequence[str]) -> bool:
    return not any(part in name for part in _IGNORED) and (not suffixes or name.lower().endswith(tuple(suffixes)))
