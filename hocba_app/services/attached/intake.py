"""The PDF files of an upload: as they are, or out of a package such as our own hand-out makes. All of it is hostile."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from hocba_app.domain.errors import ErrorCode, HocbaError

MAX_BYTES = 50 * 1024 * 1024
"""Of one file; the sandbox takes no more than 64 MB."""
MAX_TOTAL = 200 * 1024 * 1024
MAX_FILES = 60
"""PDF files of one upload: twelve years of three documents, and then some."""
_MAX_MEMBERS, _MAX_RATIO = 1000, 100
_ACCEPTED = "tệp PDF, hoặc gói ZIP (không đặt mật khẩu) có tệp PDF"
_BROKEN = (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One PDF file as it came."""

    name: str
    """As the sender called it, without folders and what does not print."""
    package: str
    """The archive it came in; "" when it came alone."""
    data: bytes


def pdf_files(uploaded: Sequence[tuple[str, bytes]]) -> list[GivenFile]:
    """Every PDF of an upload, each content once; what else an archive holds is passed over.

    Args:
        uploaded: ``(name, bytes)`` as sent.

    Raises:
        HocbaError: FILE_TYPE when something is neither a PDF nor an archive with one in it; FILE_TOO_LARGE, TOO_MANY_FILES.
    """
    found: dict[bytes, GivenFile] = {}
    for name, data in uploaded:
        given = _unpacked(_plain(name), data) if data[:4] == b"PK\x03\x04" else [GivenFile(_plain(name), "", data)]
        if not given or not all(_looks_like_pdf(file.data) for file in given):
            raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
        for file in given:
            if len(file.data) > MAX_BYTES:
                raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
            found.setdefault(file.data, file)
    if not found:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
    if len(found) > MAX_FILES or sum(map(len, found)) > MAX_TOTAL:
        raise HocbaError(ErrorCode.TOO_MANY_FILES, limit=MAX_FILES, megabytes=MAX_TOTAL // (1024 * 1024))
    return list(found.values())


def _unpacked(package: str, data: bytes) -> list[GivenFile]:
    """The PDF files of an archive, within limits of number, size and compression."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            pdfs = [item for item in members if item.filename.lower().endswith(".pdf") and "__MACOSX" not in item.filename]
            total, packed = sum(item.file_size for item in pdfs), sum(item.compress_size for item in pdfs) or 1
            if len(members) > _MAX_MEMBERS or len(pdfs) > MAX_FILES or total > MAX_TOTAL or total / packed > _MAX_RATIO:
                raise HocbaError(ErrorCode.TOO_MANY_FILES, limit=MAX_FILES, megabytes=MAX_TOTAL // (1024 * 1024))
            return [GivenFile(_plain(item.filename), package, _member(archive, item)) for item in pdfs]
    except _BROKEN as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED) from error


def _member(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    with archive.open(item) as file:
        return file.read(MAX_BYTES + 1)  # one byte over the limit is enough to refuse it


def _looks_like_pdf(data: bytes) -> bool:
    """Readers look for the header in the first kilobyte."""
    return b"%PDF-" in data[:1024]


def _plain(name: str) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:200] or "khong-ten.pdf"
