"""The PDF files of an upload: as they are, or out of a package such as our own hand-out makes. All of it is hostile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.storage.uploads import GivenFile, Uploaded, UploadLimits, given_files

MAX_BYTES = 50 * 1024 * 1024
"""Of one file; the sandbox takes no more than 64 MB."""
MAX_TOTAL = 200 * 1024 * 1024
MAX_FILES = 60
"""PDF files of one upload: twelve years of three documents, and then some."""
_ACCEPTED = "tệp PDF, hoặc gói ZIP (không đặt mật khẩu) có tệp PDF"


def pdf_files(uploaded: Sequence[Uploaded]) -> Iterator[GivenFile]:
    """Every PDF of an upload, each content once; what else an archive holds is passed over.

    Args:
        uploaded: ``(name, bytes or open file)`` as sent.

    Raises:
        HocbaError: FILE_TYPE when something is neither a PDF nor an archive with one in it; FILE_TOO_LARGE, TOO_MANY_FILES,
            FILE_TOO_COMPLEX, BUSY. Files that came before must not be kept then.
    """
    limits = UploadLimits(MAX_FILES, MAX_BYTES, MAX_TOTAL, _ACCEPTED, (".pdf",))
    seen: set[bytes] = set()
    for file in given_files(uploaded, limits):
        if b"%PDF-" not in file.data[:1024]:  # readers look for the header in the first kilobyte
            raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
        if len(file.data) > MAX_BYTES:
            raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
        if (digest := hashlib.sha256(file.data).digest()) not in seen:
            seen.add(digest)
            yield file
    if not seen:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
