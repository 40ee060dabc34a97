"""The verdict on one file from its bytes alone. Runs inside the sandbox: the file is hostile until shown otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence

from pyhanko.pdf_utils.reader import PdfFileReader

from hocba_app.domain.errors import HocbaError
from hocba_app.services.signing.manifest import Manifest, manifest_in
from hocba_app.services.verification import record_rules
from hocba_app.services.verification.cryptography import Judged, judge_all
from hocba_app.services.verification.reasons import ALTERS, INVALIDATES, Reason, add, has
from hocba_app.services.verification.report import FileReport, SignatureReport, iso


def examine_file(name: str, data: bytes, roots: Sequence[bytes], issuers: Sequence[dict[str, str]] | None) -> FileReport:
    """Judge a file without any database.

    Args:
        name: the name to report under.
        data: the file.
        roots: trusted roots, DER; empty when none is configured.
        issuers: schools that may issue; None when no list is at hand.
    """
    report = FileReport(path=name, sha256=hashlib.sha256(data).hexdigest())
    try:
        reader = PdfFileReader(io.BytesIO(data))
        judged = asyncio.run(judge_all(reader, roots))
        manifest = _manifest(report, reader)
    except (MemoryError, RecursionError):
        add(report, Reason.LIMIT_EXCEEDED)
        return report
    except Exception:
        # Whatever a broken file does to the parser is the file's fault, and is said so.
        add(report, Reason.UNREADABLE)
        return report
    if not judged:
        report.integrity = "unsigned"
        add(report, Reason.UNSIGNED)
        return report
    _integrity(report, judged)
    _certificates(report, judged, bool(roots))
    orders = record_rules.apply(report, manifest, judged, issuers) if manifest is not None else {}
    if manifest is None:
        add(report, Reason.FOREIGN)
    else:
        report.code = manifest.code
    roles = {slot.field: slot.role for slot in manifest.slots} if manifest is not None else {}
    report.signatures = [
        SignatureReport(
            field=item.field,
            role="archive" if item.is_timestamp else roles.get(item.field, "unknown"),
            signer=_common_name(item),
            subject=item.certificate.subject.human_friendly if item.certificate is not None else "",
            signing_time=iso(item.claimed),
            timestamp_time=iso(item.stamped),
            coverage=item.coverage,
            integrity=item.integrity,
            trust=item.trust,
            order="ok" if item.is_timestamp else orders.get(item.field, "unknown"),
        )
        for item in judged
    ]
    _conclude(report, is_ours=manifest is not None)
    return report


def _manifest(report: FileReport, reader: PdfFileReader) -> Manifest | None:
    try:
        return manifest_in(reader)
    except HocbaError:
        add(report, Reason.MANIFEST_BROKEN)
        return None


def _integrity(report: FileReport, judged: Sequence[Judged]) -> None:
    for item in judged:
        if item.integrity != "intact":
            add(report, Reason.SIGNATURE_ALTERED, field=item.field)
        if item.modified or item.coverage == "partial":
            add(report, Reason.CHANGED_AFTER_SIGNING, field=item.field)
    last = max(judged, key=lambda item: item.revision)
    if last.coverage != "whole_file" and last.signed_after:
        add(report, Reason.NOT_WHOLE_FILE)
    report.integrity = "altered" if has(report, ALTERS) else "intact"


def _certificates(report: FileReport, judged: Sequence[Judged], have_roots: bool) -> None:
    if not have_roots:
        add(report, Reason.NO_TRUST)
    for item in judged:
        if item.revoked:
            add(report, Reason.CERTIFICATE_REVOKED, field=item.field)
        elif item.expired:
            add(report, Reason.CERTIFICATE_EXPIRED, field=item.field)
        elif item.trust == "untrusted":
            add(report, Reason.UNTRUSTED_CHAIN, field=item.field)
        if item.timestamp_bad:
            add(report, Reason.TIMESTAMP_INVALID, field=item.field)


def _conclude(report: FileReport, *, is_ours: bool) -> None:
    """Every signature must hold (AND); a foreign file cannot be more than indeterminate."""
    if has(report, INVALIDATES if is_ours else ALTERS):
        report.verdict = "invalid"
    elif is_ours and not has(report, frozenset({Reason.NO_TRUST})):
        report.verdict = "valid"
    else:
        report.verdict = "indeterminate"


def _common_name(item: Judged) -> str:
    if item.certificate is None:
        return ""
    name = item.certificate.subject.native.get("common_name", "")
    return name if isinstance(name, str) else " ".join(name)
