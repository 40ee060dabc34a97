"""The one judge of revocation: what an OCSP answer or a revocation list shows of a certificate, and when it shows nothing.

An answer counts when it is about this certificate, is signed by its authority or by a responder that the authority
certified for it, and covers the judged instant. Anything else – another certificate's, stale, "unknown", by somebody not
entitled – shows nothing: neither good nor bad. "Revoked", authentically said, is final.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import BIT_STRING, children, content

Status = Literal["good", "revoked", "unknown"]
_ID_HASHES = ("sha1", "sha256")
"""SHA-1 only names the authority here; nothing rests on it."""
MAX_ANSWER = 64 << 10
MAX_LIST = 32 << 20
_MAX_CARRIED = 8
"""Certificates an answer brings."""
_MAX_DELEGATES = 2
"""Responders vouched for by other responders: one is usual, none needs more."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one authentic answer of somebody entitled says of one certificate."""

    revoked_at: datetime | None
    """None: not revoked when it was given."""
    this_update: datetime
    next_update: datetime | None
    signer: bytes
    """The certificate whose key signed it: the authority's own, or a responder's."""
    is_delegated: bool
    """Signed by a responder whose own revocation must be known: it does not say that nobody needs to ask (RFC 6960, 4.2.2.2.1)."""

    def covers(self, at: datetime, tolerance: timedelta = timedelta(0)) -> bool:
        """Whether it tells the certificate's status at an instant: given after it, or before it and not yet to be replaced."""
        return at <= max(self.this_update, self.next_update or self.this_update) + tolerance


KnownBy = Callable[[int | None], datetime | None]
"""When an answer is proven to have existed, by the revision of the file that brought it; None: nothing proves it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One OCSP answer or revocation list at hand."""

    data: bytes
    revision: int | None = None
    """Of the file, that brought it; None for one that was fetched."""


class Answers:
    """Revocation data at hand, found by the certificate it is about.

    Args:
        ocsps: OCSP answers, DER.
        crls: revocation lists, DER.
    """

    def __init__(self, ocsps: Iterable[Answer | bytes] = (), crls: Iterable[Answer | bytes] = ()) -> None:
        self._by_serial: dict[int | None, list[Answer]] = {}
        for answer in map(_as_answer, ocsps):
            self._by_serial.setdefault(_serial_in(answer.data), []).append(answer)
        self._lists = [_as_answer(item) for item in crls]

    def path_status(
        self,
        path: Sequence[bytes],
        at: datetime,
        *,
        known_by: KnownBy | None = None,
        tolerance: timedelta = timedelta(0),
    ) -> Status:
        """The status of a whole path at an instant; the root answers for itself.

        Args:
            path: root last.
            at: UTC.
            known_by: whoever signed an answer must have been valid when the answer is proven to have existed; None does
                not ask.
            tolerance: how long before ``at`` an answer without a next update may have been given.

        Returns:
            ``good`` when every certificate but the root is shown good, ``revoked`` when one is shown revoked by then.
        """
        found = {
            self.status(certificate, issuer, at, known_by, tolerance)
            for certificate, issuer in itertools.pairwise(path)
        }
        if "revoked" in found:
            return "revoked"
        return "unknown" if "unknown" in found else "good"

    def status(
        self,
        certificate: bytes,
        issuer: bytes,
        at: datetime,
        known_by: KnownBy | None = None,
        tolerance: timedelta = timedelta(0),
        *,
        depth: int = 0,
    ) -> Status:
        """The status of one certificate at an instant; see :meth:`path_status`.

        Args:
            issuer: its authority's certificate.
            depth: how many responders are being asked about each other.
        """
        shown: Status = "unknown"
        for opinion, revision in self._opinions(certificate, issuer):
            if not self._is_entitled(opinion, issuer, depth):
                continue
            if opinion.revoked_at is not None and opinion.revoked_at <= at:
                return "revoked"
            if opinion.covers(at, tolerance) and (known_by is None or _signed_in_time(opinion, known_by(revision))):
                shown = "good"
        return shown

    def _opinions(self, certificate: bytes, issuer: bytes) -> Iterable[tuple[Opinion, int | None]]:
        for answer in self._by_serial.get(chain_validation.parsed(certificate).serial_number, ()):
            if (opinion := ocsp_opinion(answer.data, certificate, issuer)) is not None:
                yield opinion, answer.revision
        for answer in self._lists:
            if (opinion := list_opinion(answer.data, certificate, issuer)) is not None:
                yield opinion, answer.revision

    def _is_entitled(self, opinion: Opinion, issuer: bytes, depth: int) -> bool:
        """A responder that does not say that nobody needs to ask must itself be shown not revoked."""
        if not opinion.is_delegated:
            return True
        return (
            depth < _MAX_DELEGATES
            and self.status(opinion.signer, issuer, opinion.this_update, depth=depth + 1) == "good"
        )


def _signed_in_time(opinion: Opinion, known_by: datetime | None) -> bool:
    """Whether the signer's certificate was still valid when the answer is proven to have existed: later, anybody may have his key."""
    return known_by is not None and chain_validation.parsed(opinion.signer).not_valid_after_utc >= known_by


def _as_answer(item: Answer | bytes) -> Answer:
    return item if isinstance(item, Answer) else Answer(item)


@lru_cache(maxsize=4096)
def _serial_in(answer: bytes) -> int | None:
    try:
        return _ocsp(answer).serial_number
    except NotShown:
        return None


@lru_cache(maxsize=4096)
def ocsp_opinion(answer: bytes, certificate: bytes, issuer: bytes) -> Opinion | None:
    """What an OCSP answer says of a certificate.

    Args:
        answer: DER.
        issuer: the certificate's authority.

    Returns:
        None when it is about another certificate, is not authentic, or says "unknown".
    """
    try:
        found = _ocsp(answer)
        subject = chain_validation.parsed(certificate)
        algorithm = found.hash_algorithm.name
        if found.serial_number != subject.serial_number or algorithm not in _ID_HASHES:
            return None
        if (found.issuer_name_hash, found.issuer_key_hash) not in _issuer_hashes(certificate, issuer, algorithm):
            return None
        if found.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return None
        signer, is_delegated = _responder(found, issuer)
        return Opinion(found.revocation_time_utc, found.this_update_utc, found.next_update_utc, signer, is_delegated)
    except (NotShown, ValueError, UnsupportedAlgorithm):
        return None


@lru_cache(maxsize=1024)
def _ocsp(answer: bytes) -> ocsp.OCSPResponse:
    if len(answer) > MAX_ANSWER:
        raise NotShown("OCSP size")
    try:
        found = ocsp.load_der_ocsp_response(answer)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NotShown("OCSP status")
        _ = found.serial_number, found.hash_algorithm
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotShown("OCSP") from error
    return found


@lru_cache(maxsize=1024)
def carried_certificates(answer: bytes) -> tuple[bytes, ...]:
    """The certificates an OCSP answer brings: its responder's; none for what is no answer."""
    try:
        return tuple(item.public_bytes(Encoding.DER) for item in _ocsp(answer).certificates[:_MAX_CARRIED])
    except (NotShown, ValueError):
        return ()


@lru_cache(maxsize=256)
def _issuer_hashes(certificate: bytes, issuer: bytes, algorithm: str) -> set[tuple[bytes, bytes]]:
    """Of the authority's name, as it or the certificate writes it, and of its key's bits, as an OCSP answer names it."""
    found = chain_validation.parsed(issuer)
    info = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_bits = hashlib.new(algorithm, content(children(info)[1], BIT_STRING)[1:]).digest()
    names = {chain_validation.names(issuer).subject, chain_validation.names(certificate).issuer}
    return {(hashlib.new(algorithm, name).digest(), key_bits) for name in names}


def _responder(found: ocsp.OCSPResponse, issuer: bytes) -> tuple[bytes, bool]:
    """Who signed an answer – the authority's key, or a responder it certified for that – and whether his standing must be known.

    Raises:
        NotShown: nobody entitled.
    """
    algorithm = found.signature_hash_algorithm
    if algorithm is None or algorithm.name not in chain_validation.HASHES:
        raise NotShown("OCSP algorithm")
    if _is_signed_by(found, issuer):
        return issuer, False
    for item in found.certificates[:_MAX_CARRIED]:
        delegate = item.public_bytes(Encoding.DER)
        if _is_signed_by(found, delegate):
            return delegate, _require_delegate(delegate, issuer, found.produced_at_utc)
    raise NotShown("responder")


def _is_signed_by(found: ocsp.OCSPResponse, certificate: bytes) -> bool:
    algorithm = found.signature_hash_algorithm
    try:
        chain_validation.verify(
            chain_validation.public_key(certificate),
            found.signature,
            found.tbs_response_bytes,
            chain_validation.HASHES[algorithm.name],  # type: ignore[union-attr] # named in what was parsed
        )
    except (NotShown, ValueError, InvalidSignature):
        return False
    return True


def _require_delegate(delegate: bytes, issuer: bytes, produced_at: datetime) -> bool:
    """A responder certified by the authority itself for OCSP, valid when it answered.

    Returns:
        Whether its own revocation must be known.
    """
    chain_validation.path_of(delegate, (), (issuer,))
    found = chain_validation.parsed(delegate)
    if not found.not_valid_before_utc <= produced_at <= found.not_valid_after_utc:
        raise NotShown("responder")
    extensions = chain_validation.extensions_of(found)
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotShown("responder") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise NotShown("responder")
    return not any(isinstance(extension.value, x509.OCSPNoCheck) for extension in extensions)


@lru_cache(maxsize=1024)
def list_opinion(listed: bytes, certificate: bytes, issuer: bytes) -> Opinion | None:
    """What a revocation list says of a certificate.

    Args:
        listed: DER.
        issuer: the certificate's authority.

    Returns:
        None when it is another authority's, is not authentic, or needs more than is understood here (delta, partitions).
    """
    try:
        _require_list_of(listed, issuer)
        found = _list(listed)
        entry = found.get_revoked_certificate_by_serial_number(chain_validation.parsed(certificate).serial_number)
    except (NotShown, ValueError, UnsupportedAlgorithm):
        return None
    return Opinion(
        entry.revocation_date_utc if entry is not None else None,
        found.last_update_utc,
        found.next_update_utc,
        issuer,
        False,
    )


@lru_cache(maxsize=256)
def _require_list_of(listed: bytes, issuer: bytes) -> None:
    found = _list(listed)
    if chain_validation.comparable_name(found.issuer.public_bytes()) != chain_validation.comparable_name(
        chain_validation.names(issuer).subject
    ):
        raise NotShown("CRL of another authority")
    algorithm = found.signature_hash_algorithm
    if (
        algorithm is None
        or algorithm.name not in chain_validation.HASHES
        or any(extension.critical for extension in found.extensions)
    ):
        raise NotShown("CRL")
    try:
        usage = (
            chain_validation.extensions_of(chain_validation.parsed(issuer)).get_extension_for_class(x509.KeyUsage).value
        )
    except x509.ExtensionNotFound as error:
        raise NotShown("CRL signer") from error
    if not usage.crl_sign:
        raise NotShown("CRL signer")
    chain_validation.verify(
        chain_validation.public_key(issuer),
        found.signature,
        found.tbs_certlist_bytes,
        chain_validation.HASHES[algorithm.name],
    )


@lru_cache(maxsize=64)
def _list(listed: bytes) -> x509.CertificateRevocationList:
    if len(listed) > MAX_LIST:
        raise NotShown("CRL size")
    try:
        return x509.load_der_x509_crl(listed)
    except ValueError as error:
        raise NotShown("CRL") from error
