"""Each signature by itself, judged by pyHanko: digest, signature value, chain, time stamp, revocation, later changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, x509
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel, StandardDiffPolicy
from pyhanko.sign.validation import (
    DocumentTimestampStatus,
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.path import ValidationPath

from hocba_app.pki import chain_validation
from hocba_app.pki.chain_trouble import ChainTrouble, chain_trouble
from hocba_app.pki.der import header_length
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.past_validation import Proof
from hocba_app.pki.revocation import Answers
from hocba_app.pki.timestamp_rules import follows_rfc3161
from hocba_app.pki.tsp_validation import is_well_formed
from hocba_app.recordfile.demands import Demand, Vouched
from hocba_app.verification.difference_policy import FOREIGN, NotAnalysed
from hocba_app.verification.embedded_evidence import Evidence
from hocba_app.verification.report_model import Coverage
from hocba_app.verification.signature_fields import PKCS7_SHA1
from hocba_app.verification.signature_result import Judged, names_in

_COVERAGE: dict[SignatureCoverageLevel, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: "whole_file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all signatures of a file are judged with."""

    evidence: Evidence
    """Of the file."""
    roots: tuple[bytes, ...]
    """Trusted roots, DER. None at all leaves every trust ``unknown``."""
    policy: StandardDiffPolicy
    """What may follow a signature: ``OURS`` or ``FOREIGN`` of `difference_policy`."""
    now: datetime

    @property
    def is_foreign(self) -> bool:
        """Not a record of ours: pyHanko judges revocation too, with what the file carries. In a record of ours the proofs
        are judged afterwards, as replay judges them (`proofs`)."""
        return self.policy is FOREIGN


async def judge_all(signatures: Sequence[EmbeddedPdfSignature], setting: Setting) -> list[Judged]:
    """Judge every signature and document time stamp that can be read; one that does not hold does not hide the others."""
    return [await _judge(signature, setting) for signature in signatures]


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
        if not is_well_formed(_signed_data(signature), known) or (
            token is not None and not is_well_formed(token, known)
        ):
            item.integrity = "altered"


def _signed_data(signature: EmbeddedPdfSignature) -> bytes:
    """The CMS as it is in the file; the rest of its reserved space must be zeros, because nothing covers the hole."""
    held = bytes(signature.pkcs7_content)
    try:
        head, size = header_length(held)
    except IndexError:
        return b""
    return held[: head + size] if not held[head + size :].strip(b"\0") else b""


async def _judge(signature: EmbeddedPdfSignature, setting: Setting) -> Judged:
    is_timestamp = signature.sig_object_type == "/DocTimeStamp"
    judged = Judged(
        field=str(signature.field_name),
        is_timestamp=is_timestamp,
        certificate=None,
        claimed=None,
        stamped=None,
        coverage="partial",
        integrity="unknown",
        trust="unknown",
        modified=True,
        revision=signature.signed_revision,
    )
    if not _lies_in_the_file(signature):
        judged.integrity = "altered"
        return judged
    try:
        judged.certificate = signature.signer_cert.dump()
        judged.reassigned = _reassigned(signature)
        if is_timestamp:
            await _judge_timestamp(judged, signature, setting)
        else:
            judged.claimed = signature.self_reported_timestamp
            await _judge_signature(judged, signature, setting)
    except Exception:
        # Hostile input raises whatever it likes, and honest input what pyHanko does not know. What can be found without it is reported.
        _judge_bytes(judged, signature, setting)
    # In a record of ours whatever nobody can analyse is none of ours.
    if judged.modified and setting.is_foreign and isinstance(signature.diff_result, NotAnalysed):
        judged.modified, judged.is_unclear = False, True
    if judged.problem is None and not _leaves_out_only_itself(signature):
        judged.coverage, judged.modified = "partial", True
    return judged


def _judge_bytes(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    """Digest, signature value and later changes alone, where the rest of the analysis gave up: nothing is said of the signer."""
    try:
        digest = signature.compute_digest()
        content = signature.signed_data["encap_content_info"]["content_type"].native
        if content != "data":
            raise NotImplementedError(content)
        if str(signature.sig_object["/SubFilter"]) == PKCS7_SHA1:
            digest = _digest_of_digest(signature)
        held = validate_sig_integrity(signature.signer_info, signature.signer_cert, content, digest)
        judged.integrity = "intact" if all(held) else "altered"
        signature.compute_integrity_info(diff_policy=setting.policy)
        changes = signature.diff_result
        level = changes.modification_level if isinstance(changes, DiffResult) else ModificationLevel.OTHER
    except Exception:
        # Neither shown to hold nor not to.
        judged.integrity, judged.modified, judged.problem = "unknown", False, "unjudged"
        return
    judged.trust, judged.paths = "unknown", ()
    judged.coverage = _coverage(signature.coverage)
    judged.modified = level > ModificationLevel.FORM_FILLING
    judged.signed_after = level > ModificationLevel.LTA_UPDATES


def _digest_of_digest(signature: EmbeddedPdfSignature) -> bytes:
    """What an old kind of signature signs: the SHA-1 of the file, kept inside it."""
    kept = signature.signed_data["encap_content_info"]["content"].native
    if kept != signature.compute_digest("sha1"):
        return b""  # no digest equals it
    return hashlib.new(signature.md_algorithm, kept).digest()


def _lies_in_the_file(signature: EmbeddedPdfSignature) -> bool:
    """Whether the byte range is one at all: pairs of offset and length within the file."""
    try:
        numbers = [int(part) for part in signature.byte_range]
    except (TypeError, ValueError):
        return False
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    size = signature.reader.stream.seek(0, os.SEEK_END)
    return (
        len(numbers) % 2 == 0
        and len(pairs) > 1
        and all(start >= 0 and length >= 0 and start + length <= size for start, length in pairs)
    )


def _leaves_out_only_itself(signature: EmbeddedPdfSignature) -> bool:
    """Whether the gap in the byte range is the contents and nothing else: pyHanko compares lengths, and their sum only
    where the file ends with the signature.
    """
    first, before, after, _ = (int(part) for part in signature.byte_range)
    stream = signature.reader.stream
    stream.seek(before)
    gap = stream.read(max(after - before, 0))
    return first == 0 and gap.lower() == b"<%s>" % bytes(signature.pkcs7_content).hex().encode()


async def _judge_signature(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    stamped = _token_time(signature)
    moment = stamped or setting.now
    required = setting.is_foreign and stamped is not None and setting.evidence.has_revocation
    status = await async_validate_pdf_signature(
        signature,
        signer_validation_context=_context(setting, moment, required=required),
        ts_validation_context=_context(setting, moment),
        diff_policy=setting.policy,
    )
    judged.integrity = "intact" if status.intact and status.valid else "altered"
    judged.coverage = _coverage(status.coverage)
    judged.modified = _is_modified(status)
    judged.signed_after = status.modification_level is None or status.modification_level > ModificationLevel.LTA_UPDATES
    stamp = status.timestamp_validity
    if stamp is not None:
        judged.stamped = stamp.timestamp
        token = _token(signature)
        held = (
            stamp.valid
            and stamp.intact
            and (stamp.trusted or not setting.roots)
            and follows_rfc3161(token, stamp.signing_cert)
        )
        judged.timestamp_bad = not held or _says_revoked(stamp.validation_path, setting, moment)
        if held and token is not None and setting.roots:
            paths = _paths(stamp.signing_cert, _carried(token), setting, stamp.validation_path)
            judged.proof = Proof(judged.revision, stamp.timestamp, paths, _hashes(token))
    judged.revoked = bool(status.revoked) or _says_revoked(status.validation_path, setting, moment)
    if judged.revoked:
        judged.revocation = "revoked"
    elif required and status.trusted:
        judged.revocation = "good"
    judged.expired = not _valid_at(judged.certificate, moment)
    if setting.roots:
        judged.trust = "trusted" if status.trusted and not judged.revoked else "untrusted"
        carried = _carried(signature.signed_data)
        judged.paths = _paths(signature.signer_cert, carried, setting, status.validation_path)
        judged.chain = _chain_trouble(signature.signer_cert, carried, setting)


async def _judge_timestamp(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    moment = _own_token_time(signature) or setting.now
    status = await async_validate_pdf_timestamp(
        signature, validation_context=_context(setting, moment), diff_policy=setting.policy
    )
    judged.integrity = "intact" if status.intact and status.valid else "altered"
    judged.coverage = _coverage(status.coverage)
    judged.modified = _is_modified(status)
    judged.signed_after = status.modification_level is None or status.modification_level > ModificationLevel.LTA_UPDATES
    judged.stamped = status.timestamp
    if not follows_rfc3161(signature.signed_data, status.signing_cert):
        judged.integrity = "altered"
    if setting.roots:
        revoked = _says_revoked(status.validation_path, setting, moment)
        judged.trust = "trusted" if status.trusted and not revoked else "untrusted"
        carried = _carried(signature.signed_data)
        judged.chain = _chain_trouble(status.signing_cert, carried, setting, is_signer=False)
        paths = _paths(status.signing_cert, carried, setting, status.validation_path)
        judged.proof = Proof(judged.revision, status.timestamp, paths, _hashes(signature.signed_data))


def _paths(
    certificate: x509.Certificate, carried: Sequence[bytes], setting: Setting, found: ValidationPath | None
) -> tuple[tuple[bytes, ...], ...]:
    """Paths as replay builds them; where one needs more than is understood there, the path that pyHanko found."""
    own = certificate.dump()
    near = tuple(item for item in carried if item != own)
    pool = tuple(dict.fromkeys((*near, *(item.dump() for item in setting.evidence.certificates))))[
        : chain_validation.MAX_POOL
    ]
    for others in (near, pool):
        try:
            return chain_validation.sound_paths(own, others, setting.roots)
        except NotShown:
            continue
    return (_certificates_of(found),) if found is not None else ()


def _chain_trouble(
    certificate: x509.Certificate, carried: Sequence[bytes], setting: Setting, *, is_signer: bool = True
) -> ChainTrouble | None:
    own = certificate.dump()
    known = [*carried, *(item.dump() for item in setting.evidence.certificates)]
    pool = tuple(item for item in dict.fromkeys(known) if item != own)
    return chain_trouble(own, pool, setting.roots, is_signer=is_signer)


def _certificates_of(path: ValidationPath) -> tuple[bytes, ...]:
    return tuple(item.dump() for item in path.iter_certs(include_root=True))[::-1]


def _carried(signed: cms.SignedData) -> list[bytes]:
    return [item.chosen.dump() for item in signed["certificates"] or () if item.name == "certificate"]


def _hashes(token: cms.SignedData) -> tuple[str, ...]:
    """What a token rests on: the hash of its imprint, of its content and of its signature."""
    signer = token["signer_infos"][0]
    imprint = token["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native
    digest = signer["digest_algorithm"]["algorithm"].native
    try:
        signed_with = signer["signature_algorithm"].hash_algo
    except ValueError:
        signed_with = digest
    return tuple({imprint, digest, signed_with})


def _coverage(level: SignatureCoverageLevel | None) -> Coverage:
    return _COVERAGE.get(level, "partial") if level is not None else "partial"


def _is_modified(status: PdfSignatureStatus | DocumentTimestampStatus) -> bool:
    level = status.modification_level
    return level is None or level > ModificationLevel.FORM_FILLING or status.docmdp_ok is False


def _context(setting: Setting, moment: datetime, *, required: bool = False) -> ValidationContext:
    """Offline validation at the time of the time stamp.

    In a foreign file with evidence every certificate must be covered by it; without, revocation is left to whoever has the
    network. Revocation in a record of ours is not asked of pyHanko.
    """
    evidence = setting.evidence
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in setting.roots],
        other_certs=list(evidence.certificates),
        ocsps=list(evidence.ocsps) if setting.is_foreign else (),
        crls=list(evidence.crls) if setting.is_foreign else (),
        moment=moment,
        allow_fetching=False,
        retroactive_revinfo=True,
        revocation_mode="require"
        if required
        else "soft-fail",  # hard-fail would ask only of certificates that name a service
    )


def _says_revoked(path: ValidationPath | None, setting: Setting, moment: datetime) -> bool:
    if path is None:
        return False
    evidence = setting.evidence
    answers = Answers([item.dump() for item in evidence.ocsps], [item.dump() for item in evidence.crls])
    return answers.path_status(_certificates_of(path), moment) == "revoked"


def _token(signature: EmbeddedPdfSignature) -> cms.SignedData | None:
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return attribute["values"][0]["content"]
    return None


def _token_bytes(signature: EmbeddedPdfSignature) -> bytes | None:
    """The time-stamp token inside a signature, as it is in the file."""
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
