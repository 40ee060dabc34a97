"""Records in an archive, as the school hands them out: each gets its own verdict, a hostile archive gets a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import MEGABYTE
from hocba_app.services.storage.uploads import UploadLimits, given_files
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport

Judge = Callable[[Sequence[tuple[str, bytes]]], list[FileReport]]
"""Of files (name and bytes), one report each."""
ARCHIVE, EMPTY_ARCHIVE = b"PK\x03\x04", b"PK\x05\x06"
MAX_RECORDS = 60
"""Twelve years of three documents, records of other schools, and then some."""
LIMITS = UploadLimits(
    MAX_RECORDS, 50 * MEGABYTE, 100 * MEGABYTE, "gói ZIP (không đặt mật khẩu) có tệp PDF học bạ", (".pdf",)
)
MAX_SECONDS = 60.0
"""For the records of one archive that anybody may upload; honest ones take less than a second each."""
_REFUSALS = (ErrorCode.FILE_TYPE, ErrorCode.TOO_MANY_FILES, ErrorCode.FILE_TOO_COMPLEX, ErrorCode.FILE_TOO_LARGE)


def is_archive(file: BinaryIO) -> bool:
    """Whether a file is a ZIP archive; it is left at its beginning."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    return head in (ARCHIVE, EMPTY_ARCHIVE)


def verify_package(
    name: str,
    file: BinaryIO,
    judge: Judge,
    *,
    seconds: float | None = None,
) -> list[FileReport]:
    """Judge every record of an archive.

    Args:
        name: of the archive; each record is reported as ``name/record.pdf``.
        file: the archive, hostile. It is opened in a child.
        judge: of files, one report each.
        seconds: after which the records that are left are not judged any more; None for no end.

    Returns:
        One report a record, in the archive's order; a single one that says why, for an archive that cannot be judged.

    Raises:
        HocbaError: BUSY.
        Abandoned: whoever asked has left.
    """
    try:
        if file.read(4) == EMPTY_ARCHIVE:
            raise HocbaError(ErrorCode.FILE_TYPE, accepted=LIMITS.accepted)
        records = [(f"{name}/{given.name}", given.data) for given in given_files([(name, file)], LIMITS)]
    except HocbaError as error:
        if error.code not in _REFUSALS:
            raise
        return [_refused(name, Reason.ARCHIVE_REFUSED, why=_inside(error.sentence))]
    whole = [record for record in records if len(record[1]) <= LIMITS.each]  # of a larger one only the beginning came
    judged = iter(judge(whole)) if seconds is None else _in_time(whole, judge, time.monotonic() + seconds)
    return [next(judged) if len(data) <= LIMITS.each else _refused(title, Reason.TOO_LARGE) for title, data in records]


def _in_time(records: Sequence[tuple[str, bytes]], judge: Judge, until: float) -> Iterator[FileReport]:
    for record in records:
        yield judge([record])[0] if time.monotonic() < until else _refused(record[0], Reason.LIMIT_EXCEEDED)


def _inside(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _refused(name: str, reason: Reason, **params: str) -> FileReport:
    report = FileReport(path=name)
    add(report, reason, **params)
    return report
