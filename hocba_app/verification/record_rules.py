"""What a record of ours must fulfil beyond sound signatures: every slot, in order, by the assigned person, sealed by its school.

pyHanko calls a file truncated before the seal valid, and any certificate under the root good; these rules do not
(`docs/core-decisions.md`, core decisions 9–11).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import timedelta

from hocba_app.domain.lifecycle import STAGES
from hocba_app.pki.signer_certificate import subject_id_numbers, subject_tax_code
from hocba_app.recordfile.append_state import stage_of
from hocba_app.recordfile.manifest import Manifest, signer_hash
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport, Order
from hocba_app.verification.signature_result import Judged

LONGEST_LIMIT_SECONDS = 7 * 86_400


def is_sound(manifest: Manifest) -> bool:
    """Whether a manifest says what the rules need, in words they know: it comes from a file nobody vouches for yet."""
    stages = STAGES.get(manifest.kind) if isinstance(manifest.kind, str) else None
    if stages is None or not isinstance(manifest.version, int):
        return False
    texts = [manifest.school.code, manifest.school.name, manifest.school.tax_code, manifest.student_code, manifest.snapshot_sha256]
    texts += [manifest.code, manifest.salt, *(part for slot in manifest.slots for part in (slot.field, slot.role, slot.stage, slot.signer))]
    limits = (manifest.claim_limit_seconds, manifest.claim_early_seconds)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(limit, int) for limit in limits):
        return False
    fields = [slot.field for slot in manifest.slots]
    present = {slot.stage for slot in manifest.slots}
    return (
        all(0 <= limit <= LONGEST_LIMIT_SECONDS for limit in limits)
        and len(set(fields)) == len(fields)
        and all(slot.stage in stages and stage_of(slot.field) == slot.stage for slot in manifest.slots)
        and present >= set(stages) - {"subject"}  # in primary school the homeroom teacher may sign every row
    )


def apply(report: FileReport, manifest: Manifest, judged: Sequence[Judged], issuers: Sequence[dict[str, str]] | None) -> dict[str, Order]:
    """Judge the record's signatures as a whole; reasons go into the report.

    Args:
        judged: signatures and document time stamps in the order of the file.
        issuers: schools that may issue; None when no list is at hand.

    Returns:
        Per field, whether it was signed in its turn.
    """
    signatures = [item for item in judged if not item.is_timestamp]
    orders = _order(report, manifest, signatures)
    _completeness(report, manifest, signatures)
    seal = next((item for item in signatures if item.field == "seal"), None)
    seal_holds = seal is not None and seal.problem is None and _seal(report, manifest, seal, issuers)
    reassigned = seal.reassigned if seal_holds and seal is not None else {}
    for item in signatures:
        if item.problem is not None:
            continue  # told already; nothing is known of its signer or time
        _person(report, manifest, item, reassigned)
        _times(report, manifest, item)
    if seal is not None and any(item.revision > seal.revision for item in signatures):
        add(report, Reason.WRONG_ORDER, field="seal")
    report.issued_here = seal_holds
    return orders


def _order(report: FileReport, manifest: Manifest, signatures: Sequence[Judged]) -> dict[str, Order]:
    stage_of = {slot.field: slot.stage for slot in manifest.slots}
    rank: dict[str, int] = {stage: number for number, stage in enumerate(STAGES[manifest.kind])}
    orders: dict[str, Order] = {}
    signed: set[str] = set()
    for item in sorted(signatures, key=lambda item: item.revision):
        stage = stage_of.get(item.field)
        if stage is None:
            add(report, Reason.SLOT_UNKNOWN, field=item.field)
            orders[item.field] = "wrong"
            continue
        before = {field for field, other in stage_of.items() if rank[other] < rank[stage]}
        orders[item.field] = "ok" if before <= signed else "wrong"
        if orders[item.field] == "wrong":
            add(report, Reason.WRONG_ORDER, field=item.field)
        signed.add(item.field)
    return orders


def _completeness(report: FileReport, manifest: Manifest, signatures: Sequence[Judged]) -> None:
    present = {item.field for item in signatures}
    for slot in manifest.slots:
        if slot.field not in present:
            add(report, Reason.SLOT_MISSING, field=slot.field)


def _seal(report: FileReport, manifest: Manifest, seal: Judged, issuers: Sequence[dict[str, str]] | None) -> bool:
    """The seal's certificate is an organisation's with the MST the record names; the school is a listed issuer."""
    tax_code = subject_tax_code(seal.certificate) if seal.certificate is not None else None
    if tax_code is None or tax_code != manifest.seal_tax_code:
        add(report, Reason.SEAL_WRONG_SCHOOL)
        return False
    if issuers is None:
        add(report, Reason.ISSUER_SELF_DECLARED)
    elif not any(_is_issuer(issuer, manifest) for issuer in issuers):
        add(report, Reason.ISSUER_NOT_LISTED)
        return False
    return seal.integrity == "intact" and seal.trust == "trusted"


def _is_issuer(issuer: dict[str, str], manifest: Manifest) -> bool:
    """The listed school is the one the record names: by its MST, and where the list says more by its code or its name.

    Without the second half a listed school could issue records in another school's name.
    """
    if issuer.get("tax_code") != manifest.seal_tax_code:
        return False
    known = [(issuer[key], said) for key, said in (("code", manifest.school.code), ("name", manifest.school.name)) if issuer.get(key)]
    return not known or any(_plain(listed) == _plain(said) for listed, said in known)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _person(report: FileReport, manifest: Manifest, item: Judged, reassigned: dict[str, str]) -> None:
    slot = next((slot for slot in manifest.slots if slot.field == item.field), None)
    if slot is None or item.field == "seal":
        return
    hashes = set()
    if item.certificate is not None:
        hashes = {signer_hash(manifest.salt, number) for number in subject_id_numbers(item.certificate)}
    if slot.signer not in hashes and reassigned.get(item.field) not in hashes:
        add(report, Reason.WRONG_SIGNER, field=item.field)


def _times(report: FileReport, manifest: Manifest, item: Judged) -> None:
    if item.stamped is None:
        add(report, Reason.NO_TIMESTAMP, field=item.field)
        return
    if item.claimed is None:
        add(report, Reason.TIME_MISMATCH, field=item.field)
        return
    early = timedelta(seconds=manifest.claim_early_seconds)
    late = timedelta(seconds=manifest.claim_limit_seconds)
    if not item.claimed - early <= item.stamped <= item.claimed + late:
        add(report, Reason.TIME_MISMATCH, field=item.field)
