"""The fast verdict on a record of ours: every update replayed, every signature checked, without any general PDF parser.

It only ever says yes: whatever is not plainly right (:class:`NotShown`) is judged by pyHanko in the sandbox, which has the
last word on every no. Its work is bounded by the size of the file, so it needs no process of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hocba_app.pki import chain_validation, cms
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.revocation import require_good
from hocba_app.pki.tsp_validation import Token, is_well_formed, read_token
from hocba_app.verification import record_rules
from hocba_app.verification.base_grammar import OtherWriter
from hocba_app.verification.decide import conclude
from hocba_app.verification.replay import Replayed, replay
from hocba_app.verification.replay_state import SignedUpdate
from hocba_app.verification.report_model import FileReport, Revocation, Trust
from hocba_app.verification.signature_result import Judged
from hocba_app.verification.strict_pdf_objects import Deviation

MOST_BYTES = 16 << 20
"""Larger files are not ours (a record has under one megabyte)."""
MOST_CERTIFICATES = 128
"""In the evidence; a record with three rounds of archive data has about thirty."""


def examine_fast(name: str, data: bytes, roots: Sequence[bytes], issuers: Sequence[dict[str, str]] | None) -> FileReport:
    """Judge a file of ours; see :func:`examine.examine_file` for the arguments.

    Raises:
        NotShown: it must be judged the slow way; a :class:`Deviation` says that it claims to be ours and is not.
    """
    if len(data) > MOST_BYTES:
        raise Deviation("base", "size")
    try:
        return _examine(name, data, roots, issuers)
    except NotShown:
        raise
    except Exception as error:
        # Whatever a hostile file does to a parser of certificates or answers: it was not shown to be right.
        raise NotShown("parser") from error


def _examine(name: str, data: bytes, roots: Sequence[bytes], issuers: Sequence[dict[str, str]] | None) -> FileReport:
    replayed = replayed_file(data)
    if not replayed.updates or not record_rules.is_sound(replayed.base.manifest):
        raise NotShown("nothing signed")
    if len(replayed.store.get("Certs", ())) > MOST_CERTIFICATES:
        raise NotShown("certificates")
    last = replayed.updates[-1]
    if not is_well_formed(last.cms, (*replayed.store.get("Certs", ()), *roots)):
        raise NotShown("form of the last signature")
    report = FileReport(path=name, sha256=hashlib.sha256(data).hexdigest(), method="replay")
    judged = judge_updates(replayed, tuple(roots), len(data))
    conclude(report, judged, replayed.base.manifest, issuers, have_roots=bool(roots))
    return report


def judge_updates(replayed: Replayed, roots: tuple[bytes, ...], length: int) -> list[Judged]:
    """Every signature and document time stamp of a replayed file.

    Args:
        length: of the file.

    Raises:
        NotShown: one of them is not plainly right.
    """
    judged = []
    for update in replayed.updates:
        found = judge_update(update, replayed.store, roots)
        found.coverage = "whole_file" if update.end == length else "revision"
        found.signed_after = any(not later.is_timestamp and later.revision > update.revision for later in replayed.updates)
        judged.append(found)
    return judged


def replayed_file(data: bytes) -> Replayed:
    """The file replayed.

    Raises:
        Deviation: also for a file that does not begin like ours: if it brings a manifest of ours all the same, then its
            base was not looked at, and something may hide in it. For a foreign file it means nothing.
        OtherWriter: a record of another version.
    """
    try:
        return replay(data)
    except (Deviation, OtherWriter):
        raise
    except NotShown as error:
        raise Deviation("base", str(error)) from error


def judge_update(update: SignedUpdate, store: Mapping[str, Sequence[bytes]], roots: tuple[bytes, ...]) -> Judged:
    """One signature by itself, as if it were the last of its file.

    Args:
        store: evidence at hand: ``Certs``, ``OCSPs``, ``CRLs``, DER.

    Raises:
        NotShown: it is not plainly right.
    """
    evidence = tuple(store.get("Certs", ()))
    stamped: datetime | None
    if update.is_timestamp:
        token = read_token(update.cms, update.digest, evidence, roots)
        certificate, stamped = token.certificate, token.stamped
        trust, revocation = _unit_trusted(token, evidence, store, roots)
    else:
        parts = _take_apart(update)
        certificate = parts.certificates[0]
        token_found = None
        if parts.token:
            token_found = read_token(parts.token, hashlib.sha256(parts.signature).digest(), (*parts.certificates[1:], *evidence), roots)
        stamped = token_found.stamped if token_found else None
        if token_found is not None:
            _unit_trusted(token_found, (*parts.certificates[1:], *evidence), store, roots)
        trust, revocation = _signer_trusted(certificate, parts.certificates[1:], stamped, store, roots)
    return Judged(
        field=update.field, is_timestamp=update.is_timestamp, certificate=certificate, claimed=update.claimed, stamped=stamped,
        coverage="whole_file", integrity="intact", trust=trust, modified=False, signed_after=False,
        revocation=revocation, revision=update.revision, reassigned=update.reassigned,
    )


def _take_apart(update: SignedUpdate) -> cms.CmsParts:
    """The parts of a signature's CMS, which must be what our template makes of them and hold over the digest.

    Raises:
        Deviation: our template does not make such a CMS: other attributes, a second signer, more unsigned values.
        NotShown: it does, but the digest or the signature value does not hold, or the key is an unusual one.
    """
    try:
        parts = cms.take_apart(update.cms)
        certificate = parts.certificates[0]
        for item in parts.certificates:
            chain_validation.parsed(item)
        key = chain_validation.public_key(certificate)
        again = cms.assemble(parts.attributes, parts.signature, parts.certificates, parts.token)
        attributes = cms.signed_attributes(update.digest, certificate)
    except (ValueError, IndexError, TypeError) as error:
        raise Deviation("update", "CMS") from error
    at = attributes.find(update.digest)
    if again != update.cms or (parts.attributes[:at], parts.attributes[at + 32 :]) != (attributes[:at], attributes[at + 32 :]):
        raise Deviation("update", "CMS")
    if parts.attributes != attributes:
        raise NotShown("digest")
    chain_validation.verify(key, parts.signature, parts.attributes, chain_validation.HASHES["sha256"])
    return parts


def _signer_trusted(
    certificate: bytes, others: tuple[bytes, ...], stamped: datetime | None, store: Mapping[str, Sequence[bytes]], roots: tuple[bytes, ...]
) -> tuple[Trust, Revocation]:
    """Chain, validity at the time stamp, usage; with evidence in the file, every certificate covered by it."""
    if not roots:
        return "unknown", "unknown"
    moment = stamped or datetime.now(UTC)
    path = _path(certificate, others, tuple(store.get("Certs", ())), roots, moment)
    chain_validation.require_signer(certificate)
    ocsps, crls = store.get("OCSPs", []), store.get("CRLs", [])
    covered = require_good(path, moment, ocsps=ocsps, crls=crls, required=stamped is not None and bool(ocsps or crls))
    return "trusted", "good" if covered else "unknown"


def _unit_trusted(
    token: Token, others: tuple[bytes, ...], store: Mapping[str, Sequence[bytes]], roots: tuple[bytes, ...]
) -> tuple[Trust, Revocation]:
    chain_validation.require_timestamp_unit(token.certificate)
    if not roots:
        return "unknown", "unknown"
    path = _path(token.certificate, token.certificates, others, roots, token.stamped)
    ocsps, crls = store.get("OCSPs", []), store.get("CRLs", [])
    covered = require_good(path, token.stamped, ocsps=ocsps, crls=crls, required=False)
    return "trusted", "good" if covered else "unknown"


def _path(
    certificate: bytes, near: tuple[bytes, ...], far: tuple[bytes, ...], roots: tuple[bytes, ...], at: datetime
) -> tuple[bytes, ...]:
    """A path by the certificates that came with the signature, else by those the file keeps as evidence."""
    try:
        return chain_validation.path_of(certificate, near, roots, at=at)
    except NotShown:
        return chain_validation.path_of(certificate, tuple(dict.fromkeys((*near, *far)))[: chain_validation.MOST_POOL], roots, at=at)
