"""A record of ours judged by its maker with the verifier's own rules, before anything of it is kept.

A new signature is judged by itself when it is committed; the whole file before its seal. What these refuse would be called
invalid by everybody who verifies the file later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.demands import Demand, Fit, SealDemand, Vouched, fit_of
from hocba_app.recordfile.manifest import CLAIM_EARLY_SECONDS, CLAIM_LIMIT_SECONDS
from hocba_app.verification import record_rules
from hocba_app.verification.decide import conclude
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.reasons import INVALIDATES, Reason, what
from hocba_app.verification.replay_state import SignedUpdate
from hocba_app.verification.replay_verifier import judge_update, judge_updates, replayed_file
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.strict_pdf_objects import Deviation

_BEFORE_SEAL = {(Reason.SLOT_MISSING.value, "seal")}


@dataclass(frozen=True, slots=True)
class NewSignature:
    """A signature about to be committed, and what it is judged by."""

    field: str
    salt: str
    demand: Demand | SealDemand
    """What the manifest demands."""
    vouched: Vouched | None
    """What the seal will say instead."""
    claimed: datetime
    stamped: datetime
    """By its token, as the signer's side has read it."""
    digest: bytes
    """SHA-256 of what it covers."""
    cms: bytes
    certificate: bytes
    evidence: Mapping[str, Sequence[bytes]]
    """``Certs``, ``OCSPs``, ``CRLs`` that will be kept with it, DER."""


def refusal_of_signature(new: NewSignature, roots: Sequence[bytes]) -> str:
    """Why a verifier would not accept a signature: identity, evidence, time. Its order is judged by who knows the other slots.

    What the fast verdict cannot show (an unusual kind of token or key) is no refusal here: the signer's side has checked it, and
    pyHanko judges the whole file before the seal.

    Returns:
        The reason's sentence; "" when nothing speaks against it.
    """
    certificate, stamped = new.certificate, new.stamped
    try:
        judged = judge_update(
            SignedUpdate(new.field, new.claimed, new.digest, new.cms, 0, 0), new.evidence, tuple(roots)
        )
    except Deviation:
        return what(Reason.UPDATE_NOT_OURS)
    except NotShown:
        pass
    else:
        if judged.certificate is None or judged.stamped is None:
            return what(Reason.NO_TIMESTAMP, field=new.field)
        certificate, stamped = judged.certificate, judged.stamped
        if roots and judged.trust != "trusted":
            return what(Reason.UNTRUSTED_CHAIN, field=new.field)
    findings = list(record_rules.about_time(CLAIM_EARLY_SECONDS, CLAIM_LIMIT_SECONDS, new.claimed, stamped, new.field))
    if isinstance(new.demand, Demand):
        findings += record_rules.about_person(new.salt, new.demand, new.vouched, certificate, new.field)
    elif fit_of(new.demand, new.salt, certificate) is Fit.NOT_OWN:
        findings.append((Reason.SEAL_WRONG_SCHOOL, {}))
    return next((what(reason, **params) for reason, params in findings if reason in INVALIDATES), "")


def refusal_before_seal(file: bytes, roots: Sequence[bytes], promised: Mapping[str, Vouched]) -> str:
    """Why a verifier would not accept a record once its seal is set: everything it says of the whole file but the missing seal.

    Args:
        file: the record, signed by everybody but the school.
        promised: what the seal will vouch for.

    Returns:
        The first reason's sentence; "" when the record may be sealed.
    """
    try:
        replayed = replayed_file(file)
        report = FileReport(path="", sha256=replayed.sha256, method="replay")
        judged = judge_updates(replayed, tuple(roots), len(file))
        conclude(report, judged, replayed.base.manifest, None, have_roots=bool(roots), promised=promised)
        excused = _BEFORE_SEAL
    except NotShown:
        (report,) = judge_files([("", file)], roots=roots)  # a refusal counts only if pyHanko agrees
        excused = _BEFORE_SEAL | {
            (reason.value, field)
            for reason in (Reason.WRONG_SIGNER, Reason.WRONG_NAME)
            for field in promised  # judged when they signed
        }
    values = {reason.value for reason in INVALIDATES}
    return next(
        (found.what for found in report.reasons if found.code in values and (found.code, found.field) not in excused),
        "",
    )
