"""What a record of ours must fulfil beyond sound signatures: every slot, in order, by the assigned person, sealed by its school.

pyHanko calls a file truncated before the seal valid, and any certificate under the root good; these rules do not
(`docs/core-decisions.md`, core decisions 9–11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from hocba_app.domain.document_lifecycle import is_in_turn
from hocba_app.domain.person_names import plain_name
from hocba_app.domain.school_names import is_school_name, school_key
from hocba_app.pki.subjects import subject_of
from hocba_app.recordfile.demands import ACCEPTED, Demand, Fit, Vouched, fit_of, salted
from hocba_app.recordfile.manifest import Manifest
from hocba_app.recordfile.signature_font import signature_face
from hocba_app.verification.issuers import listed_school
from hocba_app.verification.manifest_rules import is_a_records, is_one_person
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport, Order
from hocba_app.verification.signature_result import Judged
from hocba_app.verification.slot_words import printable_name

Finding = tuple[Reason, dict[str, str]]
CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the clocks of two time-stamp units may differ. Each is within a second of UTC (ETSI EN 319 421, 7.7); a minute
also forgives one that is being set."""


def apply(
    report: FileReport,
    manifest: Manifest,
    judged: Sequence[Judged],
    issuers: Sequence[Mapping[str, Any]] | None,
    promised: Mapping[str, Vouched] = MappingProxyType({}),
) -> dict[str, Order]:
    """Judge the record's signatures as a whole; reasons go into the report.

    Args:
        judged: signatures and document time stamps in the order of the file.
        issuers: schools that may issue; None when no list is at hand.
        promised: of a file before its seal, what the seal is going to vouch for; only its own maker knows.

    Returns:
        Per field, whether it was signed in its turn.
    """
    signatures = [item for item in judged if not item.is_timestamp]
    if not is_a_records(manifest) or _one_person_signed(manifest, signatures):
        add(report, Reason.MANIFEST_UNSOUND)
    orders = _order(report, manifest, signatures)
    _completeness(report, manifest, signatures)
    demands = {slot.field: slot.demand for slot in manifest.slots}
    seal = next((item for item in signatures if item.field == "seal"), None)
    seal_holds = seal is not None and seal.problem is None and _seal(report, manifest, seal, issuers)
    vouched = seal.reassigned if seal_holds and seal is not None else promised
    for item in signatures:
        if item.problem is not None:
            continue  # reported already; nothing is known of its signer or time
        slot = demands.get(item.field)
        if manifest.format > 1 and not _bears_its_name(item, manifest, slot, vouched.get(item.field)):
            add(report, Reason.SHOWN_NAME, field=item.field, shown=printable_name(item.shown_name))
        if slot is not None and item.field != "seal":
            _add_findings(
                report, about_person(manifest.salt, slot, vouched.get(item.field), item.certificate, item.field)
            )
        _add_findings(
            report,
            about_time(
                manifest.claim_early_seconds, manifest.claim_limit_seconds, item.claimed, item.stamped, item.field
            ),
        )
    _chronology(report, judged)
    if seal is not None and any(item.revision > seal.revision for item in signatures):
        add(report, Reason.WRONG_ORDER, field="seal")
    report.issued_here = seal_holds and seal is not None and seal.doubt is None
    return orders


def _bears_its_name(item: Judged, manifest: Manifest, demand: Demand | None, vouched: Vouched | None) -> bool:
    """Whether the name that readers show for a signature is its signer's: by his certificate, the slot's demand or the seal's word."""
    if not item.shown_name or item.certificate is None:
        return True
    face = signature_face(manifest.writer)
    wanted = {each.plain_name for each in (demand, vouched.demand if vouched else None) if each is not None}
    holders = {plain_name(face.drawable(name)) for name in subject_of(item.certificate).names}
    shown = plain_name(item.shown_name)
    return shown in holders or salted(manifest.salt, shown) in wanted


def _one_person_signed(manifest: Manifest, signatures: Sequence[Judged]) -> bool:
    """Whether results were signed by one person in every place, whoever was assigned."""
    people = [item for item in signatures if item.field != "seal" and item.certificate is not None]
    if manifest.kind != "results" or len(people) < len(manifest.slots) - 1:
        return False
    return is_one_person([subject_of(item.certificate).id_numbers for item in people if item.certificate is not None])


def _order(report: FileReport, manifest: Manifest, signatures: Sequence[Judged]) -> dict[str, Order]:
    stage_of = {slot.field: slot.stage for slot in manifest.slots}
    orders: dict[str, Order] = {}
    signed: set[str] = set()
    for item in sorted(signatures, key=lambda item: item.revision):
        stage = stage_of.get(item.field)
        if stage is None:
            add(report, Reason.SLOT_UNKNOWN, field=item.field)
            orders[item.field] = "wrong"
            continue
        waiting = {other for field, other in stage_of.items() if field not in signed}
        orders[item.field] = "ok" if is_in_turn(manifest.kind, stage, waiting) else "wrong"
        if orders[item.field] == "wrong":
            add(report, Reason.WRONG_ORDER, field=item.field)
        signed.add(item.field)
    return orders


def _chronology(report: FileReport, judged: Sequence[Judged]) -> None:
    """Trusted times follow the order of signatures, archive stamps come after what they cover (ETSI EN 319 102-1, 5.6.3).

    Each signature covers the time stamp of the one before it, so an earlier time on it cannot be true.
    """
    latest: datetime | None = None
    for item in sorted(judged, key=lambda item: item.revision):
        if item.stamped is None or item.problem is not None:
            continue
        if latest is not None and item.stamped < latest - CLOCK_TOLERANCE:
            add(report, Reason.TIME_ORDER, field=item.field)
        latest = item.stamped if latest is None else max(latest, item.stamped)


def _completeness(report: FileReport, manifest: Manifest, signatures: Sequence[Judged]) -> None:
    present = {item.field for item in signatures}
    for slot in manifest.slots:
        if slot.field not in present:
            add(report, Reason.SLOT_MISSING, field=slot.field)


def _seal(report: FileReport, manifest: Manifest, seal: Judged, issuers: Sequence[Mapping[str, Any]] | None) -> bool:
    """The seal's certificate is an organisation's with the MST the record names; the school is a listed issuer, and what is
    shown of it comes from the list."""
    found = dict(about_seal(manifest, seal.certificate))
    if Reason.SEAL_WRONG_SCHOOL in found:
        add(report, Reason.SEAL_WRONG_SCHOOL)
        return False
    holders = subject_of(seal.certificate).names if seal.certificate is not None else ()
    listed = listed_school(issuers, manifest.school, seal.stamped) if issuers is not None else None
    if issuers is None:
        if not _is_own_name(manifest.school.name, holders):
            add(report, Reason.ISSUER_DOUBTFUL, holder=_shown(holders), school=manifest.school.name)
            return False
        add(report, Reason.ISSUER_SELF_DECLARED)
    elif listed is None:
        add(report, Reason.ISSUER_NOT_LISTED)
        return False
    else:
        report.listed_school = listed.name
        if not listed.agrees(holders):
            add(report, Reason.SEAL_NAME_UNCONFIRMED, holder=_shown(holders), listed=listed.name)
            return False
    _add_findings(report, found.items())
    return seal.integrity == "intact" and (seal.trust == "trusted" or seal.doubt is not None)


def _is_own_name(school: str, holders: Iterable[str]) -> bool:
    """Whether the seal is in the school's name, and that a name of a school: all that can be asked without a list."""
    return is_school_name(school) and school_key(school) in {school_key(holder) for holder in holders}


def _shown(holders: Iterable[str]) -> str:
    return next(iter(holders), "không rõ")


def _add_findings(report: FileReport, findings: Iterable[Finding]) -> None:
    for reason, params in findings:
        add(report, reason, **params)


def about_person(
    salt: str, demand: Demand, vouched: Vouched | None, certificate: bytes | None, field: str
) -> Iterator[Finding]:
    """Findings about a person's certificate: it is another person's, or bears another name.

    Args:
        salt: of the manifest.
        demand: the slot's, as the base revision froze it.
        vouched: what the seal says instead, if anything.
        certificate: the signer's, DER; None when it cannot be read.
    """
    fit = fit_of(demand, salt, certificate) if certificate is not None else Fit.NOT_OWN
    if fit not in ACCEPTED and vouched is not None and certificate is not None:
        instead = fit_of(vouched.demand, salt, certificate)
        if instead in ACCEPTED and vouched.name_reason:
            yield Reason.NAME_ACCEPTED, {"field": field, "why": vouched.name_reason}
        fit = instead if instead in ACCEPTED or fit is Fit.NOT_OWN else fit
    if fit in _OF_FIT:
        yield _OF_FIT[fit], {"field": field}


_OF_FIT = {Fit.NOT_OWN: Reason.WRONG_SIGNER, Fit.OTHER_NAME: Reason.WRONG_NAME, Fit.NAME_MARKS: Reason.NAME_MARKS}


def about_seal(manifest: Manifest, certificate: bytes | None) -> Iterator[Finding]:
    """Findings about the seal's certificate. Its tax code decides; how authorities write a school's name does not."""
    fit = fit_of(manifest.seal_demand, manifest.salt, certificate) if certificate is not None else Fit.NOT_OWN
    if fit is Fit.NOT_OWN:
        yield Reason.SEAL_WRONG_SCHOOL, {}
    elif fit is not Fit.OWN and manifest.format > 1:
        yield Reason.SEAL_NAME, {}


def about_time(
    early_seconds: int, late_seconds: int, claimed: datetime | None, stamped: datetime | None, field: str
) -> Iterator[Finding]:
    """Findings about a signature's times: the claimed one and its time stamp's must be as near as the manifest wants."""
    if stamped is None:
        yield Reason.NO_TIMESTAMP, {"field": field}
    elif claimed is None or not claimed - timedelta(seconds=early_seconds) <= stamped <= claimed + timedelta(
        seconds=late_seconds
    ):
        yield Reason.TIME_MISMATCH, {"field": field}
