"""The verdict on a file that replay could not show: pyHanko's analysis. Runs inside the sandbox, the file is hostile until shown otherwise."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature

from hocba_app.domain.clock import utc_now
from hocba_app.domain.errors import HocbaError
from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.manifest import Manifest, manifest_in
from hocba_app.verification import manifest_rules
from hocba_app.verification.copy_verdicts import (
    is_written_anew,
    retell_as_copy,
    tell_added_bytes,
    tell_copy,
    tell_if_cut_off,
    verdict_without_analysis,
)
from hocba_app.verification.covered_content import is_covered
from hocba_app.verification.decide import conclude
from hocba_app.verification.difference_policy import FOREIGN, OURS
from hocba_app.verification.embedded_evidence import evidence_in
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.later_updates import Following, following
from hocba_app.verification.manifest_rules import is_known
from hocba_app.verification.opened_pdf import Opened, PasswordNeeded, open_pdf
from hocba_app.verification.permitted_changes import note_permitted
from hocba_app.verification.printed_code import printed_code
from hocba_app.verification.proofs import judge_proofs
from hocba_app.verification.pyhanko_checks import Setting, judge_all, look_at_forms
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.record_traces import Traces, traces_in, without_white_end
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.signature_fields import signature_fields
from hocba_app.verification.signature_result import Judged
from hocba_app.verification.strict_pdf_objects import Deviation

_DEVIATIONS = {
    "base": Reason.BASE_NOT_OURS,
    "update": Reason.UPDATE_NOT_OURS,
    "pages": Reason.PAGES_DISAGREE,
    "slots": Reason.MANIFEST_UNSOUND,
}


def examine_file(
    name: str,
    data: bytes,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None,
    deviation: str | None = None,
    *,
    at: datetime | None = None,
    fetched: Fetched | None = None,
) -> FileReport:
    """Judge a file without any database.

    Args:
        name: the name to report under.
        data: the file.
        roots: trusted roots, DER; empty when none is configured.
        issuers: schools that may issue; None when no list is at hand.
        deviation: ``base`` or ``update`` where replay found something our software does not write.
        at: the instant of the verdict, UTC; now without one.
        fetched: evidence that did not come in the file.
    """
    now, fetched = at or utc_now(), fetched or Fetched()
    traces = traces_in(data)
    if traces is not None and traces.begins_at is not None:
        record = without_white_end(data[traces.begins_at :])
        if len(record) < len(data):
            return _within(name, data, record, traces, roots, issuers, now, fetched)
    report = FileReport(path=name, sha256=hashlib.sha256(data).hexdigest(), method="analysis")
    return _examined(report, data, traces, roots, issuers, deviation, now, fetched)


def _within(
    name: str,
    data: bytes,
    record: bytes,
    traces: Traces,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, str]] | None,
    now: datetime,
    fetched: Fetched,
) -> FileReport:
    """A record with something before its header, or white space after its end: judged without it, then reported as a copy."""
    deviation = None
    try:
        report = examine_fast(name, record, roots, issuers, at=now, fetched=fetched)
    except NotShown as reason:
        deviation = reason.where if isinstance(reason, Deviation) else None
        report = examine_file(name, record, roots, issuers, deviation, at=now, fetched=fetched)
    report.sha256 = hashlib.sha256(data).hexdigest()
    tell_added_bytes(report, traces.manifest, is_shifted=bool(traces.begins_at))
    return report


def _examined(
    report: FileReport,
    data: bytes,
    traces: Traces | None,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, str]] | None,
    deviation: str | None,
    now: datetime,
    fetched: Fetched,
) -> FileReport:
    not_ours = _DEVIATIONS[deviation] if deviation is not None else None
    try:
        opened = open_pdf(data)
        reader = opened.reader
        manifest = _manifest(report, reader)
        if manifest is None and traces is not None and traces.begins_at == 0:
            manifest = traces.manifest
        found, evidence = signature_fields(reader), evidence_in(reader)
        setting = Setting(evidence, tuple(roots), FOREIGN if manifest is None else OURS, now)
        judged = asyncio.run(judge_all(found.readable, setting))
        if manifest is not None:
            look_at_forms(found.readable, judged, evidence, roots)
        else:
            note_permitted(found.readable, judged)
        _what_follows(report, data, opened, judged, found.readable, is_foreign=manifest is None)
        if not found.complete:
            add(report, Reason.FIELDS_BROKEN)
        if not evidence.complete:
            add(report, Reason.EVIDENCE_BROKEN)
        judged = sorted([*judged, *found.others], key=lambda item: item.revision)
        if not judged and found.complete:
            return verdict_without_analysis(report, data, traces, not_ours, has_no_signature=True)
        proven = None
        if manifest is not None:
            _tell_writer(report, data, manifest, not_ours)
            proven = judge_proofs(judged, evidence.answers(fetched), now) if roots else None
        conclude(report, judged, manifest, issuers, have_roots=bool(roots), proven=proven)
        if traces is not None and is_written_anew(traces, judged):
            retell_as_copy(report, traces, manifest)
        elif manifest is None and report.integrity == "altered" and (code := printed_code(data)) is not None:
            tell_copy(report, code)
    except PasswordNeeded:
        return _given_up(report, Reason.LOCKED)
    except (MemoryError, RecursionError):
        return _given_up(report, Reason.LIMIT_EXCEEDED)
    except Exception:
        # Whatever a broken file does to the analysis says nothing of the file: its bytes do.
        return verdict_without_analysis(report, data, traces, not_ours)
    return report


def _tell_writer(report: FileReport, data: bytes, manifest: Manifest, not_ours: Reason | None) -> None:
    if not is_known(manifest):
        add(report, Reason.WRITER_UNKNOWN)
    elif not_ours is not None:
        add(report, not_ours)
        tell_if_cut_off(report, data, manifest.code)


def _what_follows(
    report: FileReport,
    data: bytes,
    opened: Opened,
    judged: Sequence[Judged],
    signatures: Sequence[EmbeddedPdfSignature],
    *,
    is_foreign: bool,
) -> None:
    """Hold every byte behind the first signature against the reader's view of the file."""
    ends = [
        int(signature.byte_range[2]) + int(signature.byte_range[3])
        for signature, item in zip(signatures, judged, strict=True)
        if item.coverage != "partial"
    ]
    if not ends:
        return
    if is_foreign and sum(not item.is_timestamp for item in judged) > 1 and _hides(data, min(ends)):
        add(report, Reason.CONTENT_COVERED)
    found = following(data, min(ends), opened.reader, is_strict=opened.is_strict)
    if found is Following.ADDED:
        add(report, Reason.NOT_WHOLE_FILE)
    elif found is Following.UNCLEAR:
        add(report, Reason.UPDATE_UNCLEAR)


def _hides(data: bytes, signed_until: int) -> bool:
    try:
        return is_covered(data, signed_until)
    except Exception:
        # Readers differ over this file: nobody can say what a later signature lies over.
        return True


def _given_up(report: FileReport, reason: Reason) -> FileReport:
    """A file that could not be read to its end: drop every finding about it."""
    blank = FileReport(path=report.path, sha256=report.sha256, method=report.method)
    add(blank, reason)
    return blank


def _manifest(report: FileReport, reader: PdfFileReader) -> Manifest | None:
    try:
        manifest = manifest_in(reader)
    except HocbaError:
        add(report, Reason.MANIFEST_BROKEN)
        return None
    if manifest is not None and not manifest_rules.is_sound(manifest):
        add(report, Reason.MANIFEST_BROKEN)
        return None
    return manifest
