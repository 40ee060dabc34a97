"""Each signature by itself, judged by pyHanko: digest, signature value, chain, time stamp, revocation, later changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from asn1crypto import cms, x509
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    QualifiedWhitelistRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm
from pyhanko.sign.validation import (
    DocumentTimestampStatus,
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.path import ValidationPath

from hocba_app.pki.der import header_length
from hocba_app.pki.revocation import says_revoked
from hocba_app.pki.timestamp_rules import follows_rfc3161
from hocba_app.pki.tsp_validation import is_well_formed
from hocba_app.recordfile.demands import Demand, Vouched
from hocba_app.verification.embedded_evidence import Evidence
from hocba_app.verification.report_model import Coverage
from hocba_app.verification.signature_result import Judged, names_in

_COVERAGE: dict[SignatureCoverageLevel, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: "whole_file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
}


class CarefulDiffPolicy(StandardDiffPolicy):
    """Later changes that cannot be analysed are suspicious; the signature before them is judged all the same."""

    def review_file(
        self, reader: PdfFileReader, base_revision: int | HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None, doc_mdp: MDPPerm | None = None,
    ) -> DiffResult | SuspiciousModification:
        """See :class:`StandardDiffPolicy`."""
        try:
            return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
        except Exception as error:
            # A broken object in a later revision is that revision's fault.
            return SuspiciousModification(type(error).__name__)


def _policy(*, notes_allowed: bool) -> StandardDiffPolicy:
    """pyHanko's default policy less filling other form fields, which is not signing.

    Args:
        notes_allowed: other tools note the time of the change in info and metadata when they sign; ours does not.
    """
    rules: list[QualifiedWhitelistRule] = [
        CatalogModificationRule(),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ]
    if notes_allowed:
        rules += [DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES), MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES)]
    return CarefulDiffPolicy(global_rules=rules, form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]))


OURS, FOREIGN = _policy(notes_allowed=False), _policy(notes_allowed=True)


async def judge_all(
    signatures: Sequence[EmbeddedPdfSignature], evidence: Evidence, roots: Sequence[bytes], policy: StandardDiffPolicy
) -> list[Judged]:
    """Judge every signature and document time stamp that can be read; one that does not hold does not hide the others.

    Args:
        evidence: of the file.
        roots: trusted roots, DER. None at all leaves every trust ``unknown``.
        policy: what may follow a signature: :data:`OURS` or :data:`FOREIGN`.
    """
    return [await _judge(signature, roots, evidence, policy) for signature in signatures]


def look_at_forms(
    signatures: Sequence[EmbeddedPdfSignature], judged: Sequence[Judged], evidence: Evidence, roots: Sequence[bytes]
) -> None:
    """For a record of ours: bytes that no signature covers must not have been changed either.

    Nothing covers the hole of a file's last signature, and a verifier ignores what is not signed in it. Foreign files
    may use forms of their own there; ours does not.
    """
    known = (*(item.dump() for item in evidence.certificates), *roots)
    for item, signature in zip(judged, signatures, strict=True):
        token = _token_bytes(signature)
        if not is_well_formed(_signed_data(signature), known) or (token is not None and not is_well_formed(token, known)):
            item.integrity = "altered"


def _signed_data(signature: EmbeddedPdfSignature) -> bytes:
    """The CMS as it stands in the file; what fills its hole up must be zeros, because nothing covers the hole."""
    held = bytes(signature.pkcs7_content)
    try:
        head, size = header_length(held)
    except IndexError:
        return b""
    return held[: head + size] if not held[head + size :].strip(b"\0") else b""


async def _judge(signature: EmbeddedPdfSignature, roots: Sequence[bytes], evidence: Evidence, policy: StandardDiffPolicy) -> Judged:
    is_timestamp = signature.sig_object_type == "/DocTimeStamp"
    judged = Judged(
        field=str(signature.field_name), is_timestamp=is_timestamp, certificate=None, claimed=None, stamped=None,
        coverage="partial", integrity="unknown", trust="unknown", modified=True,
        revision=signature.signed_revision,
    )
    try:
        judged.certificate = signature.signer_cert.dump()
        judged.reassigned = _reassigned(signature)
        if not is_timestamp:
            judged.claimed = signature.self_reported_timestamp
        if is_timestamp:
            await _judge_timestamp(judged, signature, roots, evidence, policy)
        else:
            await _judge_signature(judged, signature, roots, evidence, policy)
        if not _leaves_out_only_itself(signature):
            judged.coverage, judged.modified = "partial", True
    except Exception:
        # Hostile input raises whatever it likes; a signature that cannot even be read has not been shown to hold.
        judged.integrity, judged.modified = "altered", True
    return judged


def _leaves_out_only_itself(signature: EmbeddedPdfSignature) -> bool:
    """Whether the gap in the byte range is the contents and nothing else: pyHanko compares lengths, and their sum only
    where the file ends with the signature.
    """
    first, before, after, _ = (int(part) for part in signature.byte_range)
    stream = signature.reader.stream
    stream.seek(before)
    gap = stream.read(max(after - before, 0))
    return first == 0 and gap.lower() == b"<%s>" % bytes(signature.pkcs7_content).hex().encode()


async def _judge_signature(
    judged: Judged, signature: EmbeddedPdfSignature, roots: Sequence[bytes], evidence: Evidence, policy: StandardDiffPolicy
) -> None:
    stamped = _token_time(signature)
    moment = stamped or datetime.now(UTC)
    required = stamped is not None and evidence.has_revocation
    status = await async_validate_pdf_signature(
        signature,
        signer_validation_context=_context(roots, evidence, moment, required=required),
        ts_validation_context=_context(roots, evidence, moment),
        diff_policy=policy,
    )
    judged.integrity = "intact" if status.intact and status.valid else "altered"
    judged.coverage = _coverage(status.coverage)
    judged.modified = _is_modified(status)
    judged.signed_after = status.modification_level is None or status.modification_level > ModificationLevel.LTA_UPDATES
    stamp = status.timestamp_validity
    if stamp is not None:
        judged.stamped = stamp.timestamp
        held = stamp.valid and stamp.intact and (stamp.trusted or not roots) and follows_rfc3161(_token(signature), stamp.signing_cert)
        judged.timestamp_bad = not held or _says_revoked(stamp.validation_path, evidence, moment)
    judged.revoked = bool(status.revoked) or _says_revoked(status.validation_path, evidence, moment)
    if judged.revoked:
        judged.revocation = "revoked"
    elif required and status.trusted:
        judged.revocation = "good"
    judged.expired = not _valid_at(judged.certificate, moment)
    if roots:
        judged.trust = "trusted" if status.trusted and not judged.revoked else "untrusted"


async def _judge_timestamp(
    judged: Judged, signature: EmbeddedPdfSignature, roots: Sequence[bytes], evidence: Evidence, policy: StandardDiffPolicy
) -> None:
    moment = _own_token_time(signature) or datetime.now(UTC)
    status = await async_validate_pdf_timestamp(
        signature,
        validation_context=_context(roots, evidence, moment),
        diff_policy=policy,
    )
    judged.integrity = "intact" if status.intact and status.valid else "altered"
    judged.coverage = _coverage(status.coverage)
    judged.modified = _is_modified(status)
    judged.signed_after = status.modification_level is None or status.modification_level > ModificationLevel.LTA_UPDATES
    judged.stamped = status.timestamp
    if not follows_rfc3161(signature.signed_data, status.signing_cert):
        judged.integrity = "altered"
    if roots:
        revoked = _says_revoked(status.validation_path, evidence, moment)
        judged.trust = "trusted" if status.trusted and not revoked else "untrusted"


def _coverage(level: SignatureCoverageLevel | None) -> Coverage:
    return _COVERAGE.get(level, "partial") if level is not None else "partial"


def _is_modified(status: PdfSignatureStatus | DocumentTimestampStatus) -> bool:
    level = status.modification_level
    return level is None or level > ModificationLevel.FORM_FILLING or status.docmdp_ok is False


def _context(roots: Sequence[bytes], evidence: Evidence, moment: datetime, *, required: bool = False) -> ValidationContext:
    """Offline validation at the time of the time stamp, with the revocation data the file carries.

    With evidence in the file every certificate must be covered by it; without, revocation is left to whoever has the
    network (the checks before signing did ask, and kept their answers).
    """
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in roots],
        other_certs=list(evidence.certificates),
        ocsps=list(evidence.ocsps),
        crls=list(evidence.crls),
        moment=moment,
        allow_fetching=False,
        retroactive_revinfo=True,
        revocation_mode="require" if required else "soft-fail",  # hard-fail would ask only of certificates that name a service
    )


def _says_revoked(path: ValidationPath | None, evidence: Evidence, moment: datetime) -> bool:
    if path is None:
        return False
    certificates = [item.dump() for item in path.iter_certs(include_root=True)]
    return says_revoked(
        certificates[::-1], moment, ocsps=[item.dump() for item in evidence.ocsps], crls=[item.dump() for item in evidence.crls]
    )


def _token(signature: EmbeddedPdfSignature) -> cms.SignedData | None:
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return attribute["values"][0]["content"]
    return None


def _token_bytes(signature: EmbeddedPdfSignature) -> bytes | None:
    """The time-stamp token inside a signature, as it stands in the file."""
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return bytes(attribute["values"][0].dump())
    return None


def _token_time(signature: EmbeddedPdfSignature) -> datetime | None:
    token = _token(signature)
    return token["encap_content_info"]["content"].parsed["gen_time"].native if token is not None else None


def _own_token_time(signature: EmbeddedPdfSignature) -> datetime | None:
    return signature.signed_data["encap_content_info"]["content"].parsed["gen_time"].native


def _valid_at(certificate: bytes | None, moment: datetime) -> bool:
    names = names_in(certificate)
    return names.valid_from is not None and names.valid_to is not None and names.valid_from <= moment <= names.valid_to


def _reassigned(signature: EmbeddedPdfSignature) -> dict[str, Vouched]:
    return {str(entry["/Field"]): _vouched(entry) for entry in signature.sig_object.get("/HBReassigned", [])}


def _vouched(entry: DictionaryObject) -> Vouched:
    reason, delegation = str(entry.get("/Reason", "")), str(entry.get("/Delegation", ""))
    if "/Signer" in entry:  # writer 1
        return Vouched(Demand((str(entry["/Signer"]),)), reason, delegation)
    demand = Demand(tuple(str(signer) for signer in entry["/Signers"]), str(entry["/Name"]), str(entry["/PlainName"]))
    return Vouched(demand, reason, delegation, str(entry.get("/NameReason", "")))
