"""The verdict on a file that replay could not show: pyHanko's analysis. Runs inside the sandbox, the file is hostile until shown otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

from hocba_app.domain.errors import HocbaError
from hocba_app.recordfile.manifest import WRITERS, Manifest, manifest_in
from hocba_app.verification import record_rules
from hocba_app.verification.decide import conclude
from hocba_app.verification.embedded_evidence import evidence_in
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.proofs import judge_proofs
from hocba_app.verification.pyhanko_checks import FOREIGN, OURS, Setting, judge_all, look_at_forms
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.signature_fields import signature_fields

_DEVIATIONS = {"base": Reason.BASE_NOT_OURS, "update": Reason.UPDATE_NOT_OURS}


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
    now, fetched = at or datetime.now(UTC), fetched or Fetched()
    report = FileReport(path=name, sha256=hashlib.sha256(data).hexdigest(), method="analysis")
    try:
        reader = PdfFileReader(io.BytesIO(data))
        manifest = _manifest(report, reader)
        found, evidence = signature_fields(reader), evidence_in(reader)
        setting = Setting(evidence, tuple(roots), FOREIGN if manifest is None else OURS, now)
        judged = asyncio.run(judge_all(found.readable, setting))
        if manifest is not None:
            look_at_forms(found.readable, judged, evidence, roots)
        if not found.complete:
            add(report, Reason.FIELDS_BROKEN)
        if not evidence.complete:
            add(report, Reason.EVIDENCE_BROKEN)
        judged = sorted([*judged, *found.others], key=lambda item: item.revision)
        if not judged and found.complete:
            report.integrity = "unsigned"
            add(report, Reason.UNSIGNED)
            return report
        if manifest is not None and manifest.writer not in WRITERS:
            add(report, Reason.WRITER_UNKNOWN)
        elif manifest is not None and deviation is not None:
            add(report, _DEVIATIONS[deviation])
        proven = judge_proofs(judged, evidence.answers(fetched), now) if manifest is not None and roots else None
        conclude(report, judged, manifest, issuers, have_roots=bool(roots), proven=proven)
    except (MemoryError, RecursionError):
        return _given_up(report, Reason.LIMIT_EXCEEDED)
    except Exception:
        # Whatever a broken file does to the parser is the file's fault, and is said so.
        return _given_up(report, Reason.UNREADABLE)
    return report


def _given_up(report: FileReport, reason: Reason) -> FileReport:
    """Nothing said of a file that could not be read to its end may stand."""
    blank = FileReport(path=report.path, sha256=report.sha256, method=report.method)
    add(blank, reason)
    return blank


def _manifest(report: FileReport, reader: PdfFileReader) -> Manifest | None:
    try:
        manifest = manifest_in(reader)
    except HocbaError:
        add(report, Reason.MANIFEST_BROKEN)
        return None
    if manifest is not None and not record_rules.is_sound(manifest):
        add(report, Reason.MANIFEST_BROKEN)
        return None
    return manifest
