"""The fast verdict on a record of ours: every update replayed, every signature checked, without any general PDF parser.

It only ever says yes: whatever is not plainly right (:class:`NotShown`) is judged by pyHanko in the sandbox, which has the
last word on every no. Its work is bounded by the size of the file, so it needs no process of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hocba_app.domain.clock import utc_now
from hocba_app.pki import chain_validation, cms
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.past_validation import Proof
from hocba_app.pki.revocation import Answer, Answers
from hocba_app.pki.tsp_validation import Token, is_well_formed, read_token
from hocba_app.verification import manifest_rules
from hocba_app.verification.base_grammar import OtherWriter
from hocba_app.verification.decide import conclude
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.page_agreement import require_agreement
from hocba_app.verification.proofs import Proven, judge_proofs
from hocba_app.verification.replay import Replayed, replay
from hocba_app.verification.replay_state import SignedUpdate
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.signature_result import Judged
from hocba_app.verification.strict_pdf_objects import Deviation

MAX_BYTES = 16 << 20
"""Larger files are not ours (a record has under one megabyte)."""
MAX_CERTIFICATES = 128
"""In the evidence; a record with three rounds of archive data has about thirty."""


def examine_fast(
    name: str,
    data: bytes,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None,
    *,
    at: datetime | None = None,
    fetched: Fetched | None = None,
) -> FileReport:
    """Judge a file of ours; see :func:`pyhanko_verifier.examine_file` for the arguments.

    Raises:
        NotShown: it must be judged the slow way; a :class:`Deviation` says that it claims to be ours and is not.
    """
    if len(data) > MAX_BYTES:
        raise Deviation("base", "size")
    try:
        return _examine(name, data, roots, issuers, at or utc_now(), fetched or Fetched())
    except NotShown:
        raise
    except Exception as error:
        # Whatever a hostile file does to a parser of certificates or answers: it was not shown to be right.
        raise NotShown("parser") from error


def _examine(
    name: str,
    data: bytes,
    roots: Sequence[bytes],
    issuers: Sequence[dict[str, Any]] | None,
    now: datetime,
    fetched: Fetched,
) -> FileReport:
    replayed = replayed_file(data)
    if not replayed.updates or not manifest_rules.is_sound(replayed.base.manifest):
        raise NotShown("nothing signed")
    if len(replayed.store.get("Certs", ())) > MAX_CERTIFICATES:
        raise NotShown("certificates")
    last = replayed.updates[-1]
    if not is_well_formed(last.cms, (*replayed.store.get("Certs", ()), *roots)):
        raise NotShown("form of the last signature")
    report = FileReport(path=name, sha256=replayed.sha256, method="replay")
    judged, proven = _judged(replayed, tuple(roots), len(data), now, fetched)
    conclude(report, judged, replayed.base.manifest, issuers, have_roots=bool(roots), proven=proven)
    return report


def judge_updates(replayed: Replayed, roots: tuple[bytes, ...], length: int) -> list[Judged]:
    """Every signature and document time stamp of a replayed file, judged now with the evidence in it.

    Args:
        length: of the file.

    Raises:
        NotShown: one of them is not plainly right.
    """
    return _judged(replayed, roots, length, utc_now(), Fetched())[0]


def _judged(
    replayed: Replayed, roots: tuple[bytes, ...], length: int, now: datetime, fetched: Fetched
) -> tuple[list[Judged], Proven | None]:
    evidence, judged = tuple(replayed.store.get("Certs", ())), []
    for update in replayed.updates:
        found = _read_update(update, evidence, roots, now)
        found.coverage = "whole_file" if update.end == length else "revision"
        found.signed_after = any(
            not later.is_timestamp and later.revision > update.revision for later in replayed.updates
        )
        judged.append(found)
    if not roots:
        return judged, None
    proven = judge_proofs(judged, _answers(replayed, fetched), now)
    if any(item.trust == "untrusted" or item.timestamp_bad for item in judged):
        raise NotShown("trust")
    return judged, proven


def _answers(replayed: Replayed, fetched: Fetched) -> Answers:
    def held(key: str) -> list[Answer]:
        return [
            Answer(data, since)
            for data, since in zip(replayed.store.get(key, ()), replayed.store_since.get(key, ()), strict=True)
        ]

    return Answers([*held("OCSPs"), *map(Answer, fetched.ocsps)], [*held("CRLs"), *map(Answer, fetched.crls)])


def replayed_file(data: bytes) -> Replayed:
    """The file replayed.

    Raises:
        Deviation: also for a file that does not begin like ours: if it brings a manifest of ours all the same, then its
            base was not looked at, and something may hide in it. For a foreign file it means nothing.
        OtherWriter: a record of another version.
    """
    try:
        replayed = replay(data)
        base = replayed.base
        if manifest_rules.is_sound(base.manifest):  # the analysis reports one that is not
            require_agreement(base.layout, base.manifest)
        return replayed
    except (Deviation, OtherWriter):
        raise
    except Exception as error:
        # Not only what the readers refuse: what breaks them was not shown to be ours either.
        raise Deviation("base", str(error)) from error


def judge_update(update: SignedUpdate, store: Mapping[str, Sequence[bytes]], roots: tuple[bytes, ...]) -> Judged:
    """One signature by itself, as if it were the last of its file.

    Args:
        store: evidence at hand just now: ``Certs``, ``OCSPs``, ``CRLs``, DER.

    Raises:
        NotShown: it is not plainly right.
    """
    now = utc_now()
    found = _read_update(update, tuple(store.get("Certs", ())), roots, now)
    if roots:
        judge_proofs([found], Answers(store.get("OCSPs", ()), store.get("CRLs", ())), now)
    return found


def _read_update(update: SignedUpdate, evidence: tuple[bytes, ...], roots: tuple[bytes, ...], now: datetime) -> Judged:
    """Digest, signature value, token and paths; what they prove is judged afterwards."""
    paths: tuple[tuple[bytes, ...], ...] = ()
    proof: Proof | None = None
    stamped: datetime | None
    if update.is_timestamp:
        token = read_token(update.cms, update.digest, evidence, roots)
        certificate, stamped = token.certificate, token.stamped
        proof = _proof(update, token, evidence, roots)
    else:
        parts = _take_apart(update)
        certificate, others = parts.certificates[0], parts.certificates[1:]
        stamped = None
        if parts.token:
            token = read_token(parts.token, hashlib.sha256(parts.signature).digest(), (*others, *evidence), roots)
            stamped = token.stamped
            proof = _proof(update, token, (*others, *evidence), roots)
        if roots:
            chain_validation.require_signer(certificate)
            paths = _paths(certificate, others, evidence, roots, stamped or now)
    return Judged(
        field=update.field,
        is_timestamp=update.is_timestamp,
        certificate=certificate,
        claimed=update.claimed,
        stamped=stamped,
        coverage="whole_file",
        integrity="intact",
        trust="unknown",
        modified=False,
        signed_after=False,
        revision=update.revision,
        shown_name=update.name,
        reassigned=update.reassigned,
        paths=paths,
        proof=proof,
    )


def _proof(update: SignedUpdate, token: Token, others: tuple[bytes, ...], roots: tuple[bytes, ...]) -> Proof:
    chain_validation.require_timestamp_unit(token.certificate)
    paths = _paths(token.certificate, token.certificates, others, roots, token.stamped) if roots else ()
    return Proof(update.revision, token.stamped, paths, token.hashes)


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
    if again != update.cms or (parts.attributes[:at], parts.attributes[at + 32 :]) != (
        attributes[:at],
        attributes[at + 32 :],
    ):
        raise Deviation("update", "CMS")
    if parts.attributes != attributes:
        raise NotShown("digest")
    chain_validation.verify(key, parts.signature, parts.attributes, chain_validation.HASHES["sha256"])
    return parts


def _paths(
    certificate: bytes, near: tuple[bytes, ...], far: tuple[bytes, ...], roots: tuple[bytes, ...], at: datetime
) -> tuple[tuple[bytes, ...], ...]:
    """Paths valid at an instant, by the certificates that came with the signature, else by those the file keeps as evidence.

    Raises:
        NotShown: there is none.
    """
    try:
        return _valid_paths(certificate, near, roots, at)
    except NotShown:
        return _valid_paths(certificate, tuple(dict.fromkeys((*near, *far)))[: chain_validation.MAX_POOL], roots, at)


def _valid_paths(
    certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...], at: datetime
) -> tuple[tuple[bytes, ...], ...]:
    found = chain_validation.sound_paths(certificate, pool, roots)
    valid = tuple(path for path in found if chain_validation.are_valid(path, at))
    if not valid:
        raise NotShown("validity")
    return valid
