"""Foreign and hostile files are parsed in children of their own, with limits: always a verdict, never a crash or a hang."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hocba_app.domain.clock import utc_now
from hocba_app.foreign.decoding import MEGABYTE, LimitExceeded, Limits, decode_one
from hocba_app.verification import sandbox_worker
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.printed_text import Content
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport

MAX_BYTES = 64 * MEGABYTE
LIMITS = Limits(seconds=30, memory=1280 * MEGABYTE, output=8 * MEGABYTE)
"""For one file; an honest one takes one or two seconds."""
UPLOAD_LIMITS = Limits(seconds=12, memory=768 * MEGABYTE, output=4 * MEGABYTE)
"""For a file that anybody may upload."""


def examine(
    files: Sequence[tuple[str, bytes, str | None]],
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None,
    *,
    replay: bool = False,
    limits: Limits = LIMITS,
    at: datetime | None = None,
    fetched: Fetched | None = None,
) -> list[FileReport]:
    """Examine files, each in a child of its own.

    Args:
        files: ``(name as given, bytes, where replay found a deviation)``.
        roots: trusted roots, DER.
        issuers: schools that may issue, ``[{"tax_code", "name"}]``; None when no list is at hand.
        replay: let the child try replay first: not a byte of the file is parsed in this process.
        limits: for each file.
        at: the instant of the verdict, UTC; now without one.
        fetched: evidence that did not come in the files.

    Returns:
        One report a file, in order. A file that exhausts the limits costs only its own verdict.

    Raises:
        HocbaError: BUSY.
        Abandoned: whoever asked has left.
    """
    known = {
        "roots": [root.hex() for root in roots],
        "issuers": list(issuers) if issuers is not None else None,
        "replay": replay,
        "at": (at or utc_now()).isoformat(),
        "fetched": fetched.as_json() if fetched is not None else None,
    }
    reports = []
    for name, data, deviation in files:
        if len(data) > MAX_BYTES:
            reports.append(_refused(name, Reason.TOO_LARGE))
            continue
        try:
            answer, _ = decode_one(
                sandbox_worker.verdict, [data], limits=limits, name=name, deviation=deviation, **known
            )
            reports.append(FileReport.from_dict(answer))
        except (
            LimitExceeded,
            TypeError,
            KeyError,
            AttributeError,
        ):  # the last three: an answer of another form than ours
            reports.append(_refused(name, Reason.LIMIT_EXCEEDED))
    return reports


def read_content(files: Sequence[bytes]) -> list[Content | None]:
    """Read in children whose records these files say they are.

    Returns:
        One a file, in order; None for a file that is too large or exhausts the limits.
    """
    return [_content(data) if len(data) <= MAX_BYTES else None for data in files]


def _content(data: bytes) -> Content | None:
    try:
        return Content(**decode_one(sandbox_worker.content, [data], limits=LIMITS)[0])
    except (LimitExceeded, TypeError):
        return None


def _refused(name: str, reason: Reason) -> FileReport:
    report = FileReport(path=name)
    add(report, reason)
    return report
