"""Each signature by itself, judged by pyHanko: digest, signature value, chain, time stamp, revocation, later changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, x509
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
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.path import ValidationPath

from hocba_app.pki import chain_validation
from hocba_app.pki.chain_trouble import ChainTrouble, chain_trouble
from hocba_app.pki.chain_validation import require_signer, require_signing_key
from hocba_app.pki.der import header_length
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.past_validation import Proof
from hocba_app.pki.revocation import Answers
from hocba_app.pki.timestamp_rules import follows_rfc3161
from hocba_app.pki.tsp_validation import is_well_formed
from hocba_app.verification.byte_ranges import left_out, lies_in_the_file
from hocba_app.verification.difference_policy import FOREIGN, NotAnalysed
from hocba_app.verification.embedded_evidence import Evidence
from hocba_app.verification.report_model import Coverage
from hocba_app.verification.signature_fields import PKCS7_SHA1
from hocba_app.verification.signature_parts import (
    certificates_in,
    hashes_of,
    own_token_time_of,
    token_bytes_of,
    token_of,
    token_time_of,
    vouched_by,
    weak_hash_of,
)
from hocba_app.verification.signature_result import Judged, names_in

_COVERAGE: dict[SignatureCoverageLevel, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: "whole_file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
}


_ANY_USAGE = KeyUsageConstraints(key_usage=())
"""What a foreign certificate may be used for is asked by `chain_trouble`."""


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
        token = token_bytes_of(signature)
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
    if not lies_in_the_file(signature):
        judged.integrity = "altered"
        return judged
    try:
        judged.is_weak = setting.is_foreign and _is_weak(signature, setting.now)
        judged.certificate = signature.signer_cert.dump()
        judged.reassigned = vouched_by(signature)
        judged.shown_name = str(signature.sig_object.get("/Name", ""))
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
    if judged.problem is None:
        _judge_gap(judged, left_out(signature), setting)
    return judged


def _judge_gap(judged: Judged, gap: str, setting: Setting) -> None:
    if gap == "itself, spaced" and setting.is_foreign and judged.coverage == "partial":
        judged.coverage, judged.modified, judged.is_unclear = "revision", False, True  # pyHanko counts the digits only
    elif gap != "itself":
        judged.coverage, judged.modified = "partial", True


def _judge_bytes(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    """Digest, signature value and later changes alone, where the rest of the analysis gave up: nothing is said of the signer."""
    try:
        digest = signature.compute_digest()
        content = signature.signed_data["encap_content_info"]["content_type"].native
        if content != "data":
            raise ValueError(content)  # a signature over something else than data: caught below, not judged
        if _is_old_kind(signature):
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
    judged.trust, judged.paths, judged.is_unfinished = "unknown", (), True
    if setting.roots:
        judged.chain = _chain_trouble(signature.signer_cert, certificates_in(signature.signed_data), setting)
    judged.coverage = _coverage(signature.coverage)
    judged.modified = level > ModificationLevel.FORM_FILLING
    judged.signed_after = level > ModificationLevel.LTA_UPDATES


def _digest_of_digest(signature: EmbeddedPdfSignature) -> bytes:
    """What an old kind of signature signs: the SHA-1 of the file, kept inside it."""
    kept = signature.signed_data["encap_content_info"]["content"].native
    if kept != signature.compute_digest("sha1"):
        return b""  # no digest equals it
    return hashlib.new(signature.md_algorithm, kept).digest()


def _is_old_kind(signature: EmbeddedPdfSignature) -> bool:
    return str(signature.sig_object["/SubFilter"]) == PKCS7_SHA1


def _is_weak(signature: EmbeddedPdfSignature, now: datetime) -> bool:
    try:
        return weak_hash_of(signature, now, old_kind=_is_old_kind(signature))
    except Exception:
        # As everywhere here: hostile input raises whatever it likes.
        return False


async def _judge_signature(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    stamped = token_time_of(signature)
    await _judge_at(judged, signature, setting, stamped)
    if setting.is_foreign and stamped is not None and (judged.timestamp_bad or judged.timestamp_untrusted):
        # Nobody who is trusted says when it was made.
        await _judge_at(judged, signature, setting, None)


async def _judge_at(
    judged: Judged, signature: EmbeddedPdfSignature, setting: Setting, stamped: datetime | None
) -> None:
    """Judge a signature with a signer's certificate as it stood.

    Args:
        stamped: then; None for the time of the verdict.
    """
    moment = stamped or setting.now
    required = setting.is_foreign and stamped is not None and setting.evidence.has_revocation
    status = await async_validate_pdf_signature(
        signature,
        signer_validation_context=_context(setting, moment, required=required),
        ts_validation_context=_context(setting, moment),
        diff_policy=setting.policy,
        key_usage_settings=_ANY_USAGE if setting.is_foreign else None,
    )
    judged.integrity = "intact" if status.intact and status.valid else "altered"
    judged.coverage = _coverage(status.coverage)
    judged.modified = _is_modified(status)
    judged.signed_after = status.modification_level is None or status.modification_level > ModificationLevel.LTA_UPDATES
    stamp = status.timestamp_validity
    is_stamp_doubted = False
    if stamp is not None and (stamped is not None or judged.stamped is None):
        judged.stamped = stamp.timestamp
        token = token_of(signature)
        paths = _paths(stamp.signing_cert, certificates_in(token), setting, stamp.validation_path) if token else ()
        sound = stamp.valid and stamp.intact and follows_rfc3161(token, stamp.signing_cert)
        held = sound and (stamp.trusted or not setting.roots)
        is_stamp_doubted = sound and not held and setting.is_foreign and _any_valid(paths, moment)
        judged.timestamp_untrusted = sound and not held and not _has_path(stamp.signing_cert, token, setting)
        judged.timestamp_bad = not (held or is_stamp_doubted or judged.timestamp_untrusted) or _says_revoked(
            stamp.validation_path, setting, moment
        )
        if held and token is not None and setting.roots:
            judged.proof = Proof(judged.revision, stamp.timestamp, paths, hashes_of(token))
    judged.revoked = bool(status.revoked) or _says_revoked(status.validation_path, setting, moment)
    judged.revocation = "revoked" if judged.revoked else "good" if required and status.trusted else "unknown"
    judged.expired = not _valid_at(judged.certificate, moment)
    if setting.roots:
        judged.trust = "trusted" if status.trusted and not judged.revoked else "untrusted"
        carried = certificates_in(signature.signed_data)
        judged.paths = _paths(signature.signer_cert, carried, setting, status.validation_path)
        judged.chain = _chain_trouble(signature.signer_cert, carried, setting)
    if setting.is_foreign:
        _soften(judged, moment, is_proven=stamped is not None, is_answer_needed=required)
        if is_stamp_doubted and judged.trust == "trusted":
            judged.trust, judged.doubt = "unknown", "unanswered"


def _any_valid(paths: Sequence[Sequence[bytes]], at: datetime) -> bool:
    return any(chain_validation.are_valid(path, at) for path in paths)


def _soften(judged: Judged, moment: datetime, *, is_proven: bool, is_answer_needed: bool) -> None:
    """What nobody can tell of a foreign signer is not told as bad.

    Args:
        moment: at which he was judged.
        is_proven: a trusted stamp says that it was then.
        is_answer_needed: his certificates had to be covered by the file's evidence.
    """
    if (
        judged.expired
        and not is_proven
        and judged.claimed is not None
        and _valid_at(judged.certificate, judged.claimed)
    ):
        judged.expired, judged.expired_since = False, True
    if judged.trust != "untrusted" or judged.revoked or judged.expired:
        return
    if judged.chain == "incomplete" or (judged.chain is None and judged.is_weak):
        judged.trust = "unknown"
    elif judged.chain is None and judged.paths:
        if not _any_valid(judged.paths, moment):
            judged.expired, judged.expired_since = is_proven, not is_proven
        elif is_answer_needed:
            judged.doubt = "unanswered"
        if not judged.expired:
            judged.trust = "unknown"


async def _judge_timestamp(judged: Judged, signature: EmbeddedPdfSignature, setting: Setting) -> None:
    moment = own_token_time_of(signature) or setting.now
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
        carried = certificates_in(signature.signed_data)
        judged.chain = _chain_trouble(status.signing_cert, carried, setting, is_signer=False)
        paths = _paths(status.signing_cert, carried, setting, status.validation_path)
        judged.proof = Proof(judged.revision, status.timestamp, paths, hashes_of(signature.signed_data))


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


def _has_path(unit: x509.Certificate, token: cms.SignedData, setting: Setting) -> bool:
    """Whether a trusted root vouches for a time-stamp unit at all, by whatever certificates."""
    known = dict.fromkeys((*certificates_in(token), *(item.dump() for item in setting.evidence.certificates)))
    try:
        return bool(chain_validation.paths_of(unit.dump(), tuple(known)[: chain_validation.MAX_POOL], setting.roots))
    except NotShown:
        return False


def _chain_trouble(
    certificate: x509.Certificate, carried: Sequence[bytes], setting: Setting, *, is_signer: bool = True
) -> ChainTrouble | None:
    own = certificate.dump()
    known = [*carried, *(item.dump() for item in setting.evidence.certificates)]
    pool = tuple(item for item in dict.fromkeys(known) if item != own)
    if not is_signer:
        return chain_trouble(own, pool, setting.roots, require=None)
    return chain_trouble(
        own, pool, setting.roots, require=require_signing_key if setting.is_foreign else require_signer
    )


def _certificates_of(path: ValidationPath) -> tuple[bytes, ...]:
    return tuple(item.dump() for item in path.iter_certs(include_root=True))[::-1]


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


def _valid_at(certificate: bytes | None, moment: datetime) -> bool:
    names = names_in(certificate)
    return names.valid_from is not None and names.valid_to is not None and names.valid_from <= moment <= names.valid_to
