"""Verdicts on what is no longer, or not quite, a record of ours: copies made by other programs, damaged and unreadable files.

Such a file is reported as a copy, with the code that leads to the original. It is never valid.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import pikepdf

from hocba_app.recordfile.manifest import Manifest
from hocba_app.verification.decide import origin_of
from hocba_app.verification.printed_code import printed_code
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.record_traces import Traces, is_cut_off
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.signature_result import Judged

_SIGNED = b"/ByteRange"
"""No signature is without it, and it cannot be packed away: its offsets are those of the file."""


def where_to_ask(code: str | None) -> str:
    """The end of a sentence: where the original is."""
    return f"ở trang tra cứu của nhà trường, mã {code}" if code else "ở nhà trường đã cấp học bạ"


def tell_copy(report: FileReport, code: str | None, reason: Reason = Reason.RESAVED_COPY) -> None:
    """Note what a file is, and where its original is."""
    report.copy_code = code
    add(report, reason, where=where_to_ask(code))


def tell_added_bytes(report: FileReport, manifest: Manifest | None, *, is_shifted: bool) -> None:
    """Note that a record of ours lies between bytes that do not belong to it: it is not the file that was handed out.

    Args:
        is_shifted: bytes before it, so that offsets and byte ranges of the file as it is are wrong.
    """
    tell_copy(report, manifest.code if manifest is not None else None)
    if is_shifted:
        report.code = None
        if report.integrity == "intact":
            report.integrity = "unknown"
    if report.verdict == "valid":
        report.verdict, report.guaranteed_until = "indeterminate", None


def is_written_anew(traces: Traces | None, judged: Sequence[Judged]) -> bool:
    """Whether a file with traces of ours is another program's work: not our bytes, and no signature holds any more."""
    return traces is not None and traces.begins_at is None and not any(item.integrity == "intact" for item in judged)


def retell_as_copy(report: FileReport, traces: Traces, manifest: Manifest | None) -> None:
    """Replace the reasons of a record written anew: that each of its signatures fails says nothing more."""
    manifest = manifest or traces.manifest
    report.reasons.clear()
    report.code = None
    tell_copy(report, manifest.code if manifest is not None else None)
    report.verdict, report.integrity = "invalid", "altered"


def verdict_without_analysis(
    report: FileReport, data: bytes, traces: Traces | None, deviation: Reason | None, *, has_no_signature: bool = False
) -> FileReport:
    """The report on a file that our analysis cannot open, or gave up on, or sees no signature in.

    Args:
        traces: of a record of ours.
        deviation: what replay found in it.
        has_no_signature: the analysis went through, and found none.
    """
    blank = FileReport(path=report.path, sha256=report.sha256, method=report.method)
    if traces is not None:
        _own(blank, data, traces, deviation)
        return blank
    if has_no_signature or _SIGNED not in data:
        _unsigned(blank, data)
    elif _opens(data):
        add(blank, Reason.NOT_JUDGED)
    else:
        add(blank, Reason.UNREADABLE)
    return blank


def _own(report: FileReport, data: bytes, traces: Traces, deviation: Reason | None) -> None:
    manifest = traces.manifest
    code = manifest.code if manifest is not None else printed_code(data)
    if manifest is not None:
        report.origin = origin_of(manifest)
    is_signed = _SIGNED in data
    if traces.begins_at is None:
        tell_copy(report, code)
        report.verdict = "invalid" if is_signed else "indeterminate"
        report.integrity = "unknown" if is_signed else "unsigned"
        return
    if not is_signed:
        report.integrity = "unsigned"
        add(report, Reason.UNSIGNED)
        return
    report.code = manifest.code if manifest is not None else None
    report.verdict, report.integrity = "invalid", "altered"
    add(report, deviation or Reason.UPDATE_NOT_OURS)
    tell_if_cut_off(report, data, code)


def tell_if_cut_off(report: FileReport, data: bytes, code: str | None) -> None:
    """Note that the end of a record of ours is missing, where it is."""
    if is_cut_off(data):
        tell_copy(report, code, Reason.DAMAGED_COPY)


def _unsigned(report: FileReport, data: bytes) -> None:
    if not _opens(data):
        add(report, Reason.UNREADABLE)
        return
    report.integrity = "unsigned"
    add(report, Reason.UNSIGNED)
    if (code := printed_code(data)) is not None:
        tell_copy(report, code)


def _opens(data: bytes) -> bool:
    """Whether qpdf, which mends what it can, opens the file as other readers do."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return len(pdf.pages) >= 0
    except Exception:
        # Whatever a broken or encrypted file does to it.
        return False
