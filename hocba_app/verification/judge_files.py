"""The verdict of files from their bytes and a trust: replay first, pyHanko in the sandbox for all that replay cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.sandbox import examine
from hocba_app.verification.strict_pdf_objects import Deviation


def judge_files(
    files: Sequence[tuple[str, bytes]],
    *,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None = None,
    always_analyse: bool = False,
    at: datetime | None = None,
    fetched: Fetched | None = None,
) -> list[FileReport]:
    """Judge files, hostile ones included.

    Args:
        files: ``(name as given, bytes)``.
        roots: trusted roots, DER.
        issuers: schools that may issue, or None where no list is known.
        always_analyse: send files that replay has shown valid through pyHanko too (a second opinion).
        at: the instant of the verdict, UTC; now without one.
        fetched: evidence that did not come in the files.

    Returns:
        One report a file, in order; their standing is not known here.
    """
    reports: dict[int, FileReport] = {}
    slow: dict[int, tuple[str, bytes, str | None]] = {}
    for index, (name, data) in enumerate(files):
        deviation = None
        try:
            report = examine_fast(name, data, roots, issuers, at=at, fetched=fetched)
            if not always_analyse:
                reports[index] = report
                continue
        except NotShown as reason:
            deviation = reason.where if isinstance(reason, Deviation) else None
        slow[index] = (name, data, deviation)
    reports.update(zip(slow, examine(list(slow.values()), roots, issuers, at=at, fetched=fetched), strict=True))
    return [reports[index] for index in range(len(files))]
