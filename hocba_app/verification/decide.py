"""From judged signatures to one verdict: every signature must hold, and a record must fulfil the record's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hocba_app.recordfile.demands import Vouched
from hocba_app.recordfile.manifest import Manifest
from hocba_app.verification import record_rules
from hocba_app.verification.proofs import Proven
from hocba_app.verification.reasons import ALTERS, INVALIDATES, UNCLEAR, Reason, add, has
from hocba_app.verification.report_model import FileReport, Order, Origin, SignatureDetail, SignatureReport, iso
from hocba_app.verification.signature_result import Judged, names_in
from hocba_app.verification.slot_words import words_of

_DOUBTS = {
    "unanswered": Reason.REVOCATION_UNKNOWN,
    "expired": Reason.PROOF_EXPIRED,
    "algorithm": Reason.ALGORITHM_EXPIRED,
}
UNDECIDED = frozenset(
    {
        Reason.NO_TRUST,
        Reason.WRITER_UNKNOWN,
        Reason.NOT_ARCHIVED,
        Reason.SEAL_NAME_UNCONFIRMED,
        Reason.ISSUER_DOUBTFUL,
        Reason.UPDATE_UNCLEAR,
        Reason.SHOWN_NAME,
        *_DOUBTS.values(),
    }
)
"""Reasons for which a record of ours cannot be called valid, though nothing speaks against it."""
FOREIGN_INVALIDATES = ALTERS | {Reason.CERTIFICATE_REVOKED, Reason.SIGNATURE_BROKEN}
_CHAIN = {
    "outside": Reason.UNTRUSTED_CHAIN,
    "incomplete": Reason.CHAIN_INCOMPLETE,
    "unsuitable": Reason.CERTIFICATE_UNSUITABLE,
}
_PROBLEMS = {
    "broken": Reason.SIGNATURE_BROKEN,
    "unknown_kind": Reason.SIGNATURE_KIND,
    "unjudged": Reason.SIGNATURE_NOT_JUDGED,
}


def conclude(
    report: FileReport,
    judged: Sequence[Judged],
    manifest: Manifest | None,
    issuers: Sequence[Mapping[str, Any]] | None,
    *,
    have_roots: bool,
    promised: Mapping[str, Vouched] = MappingProxyType({}),
    proven: Proven | None = None,
) -> None:
    """Complete the report.

    Args:
        judged: signatures and document time stamps in the order of the file.
        manifest: of a record of ours; None for a foreign file.
        issuers: schools that may issue; None when no list is at hand.
        have_roots: whether trusted roots were given.
        promised: of :func:`record_rules.apply`.
        proven: of a record of ours, judged with trusted roots.
    """
    report.slot_words = words_of(manifest, [(item.field, names_in(item.certificate).holder) for item in judged])
    _integrity(report, judged)
    _certificates(report, judged, have_roots)
    orders: dict[str, Order] = {}
    if manifest is None:
        add(report, Reason.FOREIGN)
    else:
        orders = record_rules.apply(report, manifest, judged, issuers, promised)
        report.code = manifest.code
        report.origin = origin_of(manifest, report.listed_school)
    if not has(report, INVALIDATES):  # what is wrong in any case is not made clearer by what nobody knows
        _doubts(report, judged, is_ours=manifest is not None)
    roles = {slot.field: slot.role for slot in manifest.slots} if manifest is not None else {}
    report.signatures = [_signature(item, roles, orders) for item in judged]
    if has(report, INVALIDATES if manifest is not None else FOREIGN_INVALIDATES):
        report.verdict = "invalid"
    elif manifest is not None and not has(report, UNDECIDED):
        report.verdict = "valid"
    else:
        report.verdict = "indeterminate"
    if proven is not None:
        report.lacking = [[certificate.hex() for certificate in path] for path in proven.lacking]
        if report.verdict == "valid" and proven.guaranteed_until is not None:
            report.guaranteed_until = iso(proven.guaranteed_until)


def origin_of(manifest: Manifest, listed_school: str = "") -> Origin:
    """Who says to have issued a record; the school's name by the list of issuers, where that agrees."""
    school = manifest.school
    return Origin(manifest.kind, listed_school or school.name, school.code, school.tax_code, manifest.version)


def _integrity(report: FileReport, judged: Sequence[Judged]) -> None:
    for item in judged:
        if item.problem is not None:
            add(report, _PROBLEMS[item.problem], field=item.field)
            continue
        if item.integrity != "intact":
            add(report, Reason.SIGNATURE_ALTERED, field=item.field)
        if item.modified or item.coverage == "partial":
            add(report, Reason.CHANGED_AFTER_SIGNING, field=item.field)
        if item.is_unclear:
            add(report, Reason.UPDATE_UNCLEAR)
        if item.is_permitted:
            add(report, Reason.PERMITTED_CHANGES, field=item.field)
    last = max(judged, key=lambda item: item.revision, default=None)
    if (
        last is not None
        and last.problem is None
        and last.coverage != "whole_file"
        and last.signed_after
        and not (last.is_unclear or last.is_permitted)
    ):
        add(report, Reason.NOT_WHOLE_FILE)
    # An update that is none of ours was made after signing, unless the last signature covers it with all the rest.
    is_ours_no_more = has(report, frozenset({Reason.UPDATE_NOT_OURS})) and (
        last is None or last.problem is not None or last.coverage != "whole_file"
    )
    if has(report, ALTERS) or is_ours_no_more:
        report.integrity = "altered"
    else:
        report.integrity = "unknown" if has(report, UNCLEAR) else "intact"


def _certificates(report: FileReport, judged: Sequence[Judged], have_roots: bool) -> None:
    if not have_roots:
        add(report, Reason.NO_TRUST)
    for item in judged:
        if item.revoked:
            add(report, Reason.CERTIFICATE_REVOKED, field=item.field)
        elif item.expired:
            add(report, Reason.CERTIFICATE_EXPIRED, field=item.field)
        elif have_roots and item.problem is None and item.trust != "trusted" and item.doubt is None:
            reason = _why_untrusted(item)
            if reason is not None:
                add(report, reason, field=item.field)
        if item.is_weak and item.integrity == "intact":
            add(report, Reason.WEAK_ALGORITHM, field=item.field)
        if item.timestamp_bad:
            add(report, Reason.TIMESTAMP_INVALID, field=item.field)
        elif item.timestamp_untrusted:
            add(report, Reason.TIMESTAMP_UNTRUSTED, field=item.field)


def _why_untrusted(item: Judged) -> Reason | None:
    if item.chain is not None:
        return _CHAIN[item.chain]
    if item.expired_since:
        return Reason.EXPIRED_WITHOUT_PROOF
    if item.integrity != "intact" or item.is_weak:
        return None  # told already
    return Reason.SIGNER_NOT_JUDGED if item.is_unfinished else Reason.CHAIN_INCOMPLETE


def _doubts(report: FileReport, judged: Sequence[Judged], *, is_ours: bool) -> None:
    """What cannot be known of a signature; an archive stamp that proves nothing any more shows in what it leaves unproven."""
    is_archived = any(item.is_timestamp for item in judged)
    for item in judged:
        if item.doubt is None or item.is_timestamp:
            continue
        if item.doubt == "unanswered" and is_ours and not is_archived:
            add(report, Reason.NOT_ARCHIVED)
        else:
            add(report, _DOUBTS[item.doubt], field=item.field)


def _signature(item: Judged, roles: dict[str, str], orders: dict[str, Order]) -> SignatureReport:
    names = names_in(item.certificate)
    valid_at = None
    if item.stamped is not None and names.valid_from is not None and names.valid_to is not None:
        valid_at = names.valid_from <= item.stamped <= names.valid_to
    return SignatureReport(
        field=item.field,
        role="archive" if item.is_timestamp else roles.get(item.field, "unknown"),
        signer=names.holder,
        subject=names.subject,
        signing_time=iso(item.claimed),
        timestamp_time=iso(item.stamped),
        coverage=item.coverage,
        integrity=item.integrity,
        trust=item.trust,
        order="ok" if item.is_timestamp else orders.get(item.field, "unknown"),
        detail=SignatureDetail(
            authority=names.issuer,
            valid_from=iso(names.valid_from),
            valid_to=iso(names.valid_to),
            valid_at_signing=valid_at,
            timestamp_ok=None
            if item.stamped is None
            else not item.timestamp_bad
            and not item.timestamp_untrusted
            and (not item.is_timestamp or item.integrity == "intact"),
            revocation=item.revocation,
        ),
    )
