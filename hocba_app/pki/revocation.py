"""Revocation data kept in the file, for the fast verdict: a certificate is shown good by an answer of its own authority."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import BIT_STRING, children, content

_ID_HASHES = ("sha1", "sha256")
"""SHA-1 only names the authority here; nothing rests on it."""
MOST_ANSWER = 64 << 10
MOST_LIST = 8 << 20


def require_good(
    path: Sequence[bytes], at: datetime, *, ocsps: Sequence[bytes], crls: Sequence[bytes], required: bool
) -> bool:
    """No certificate of the path was revoked, by what the file carries.

    Args:
        path: signer first, root last; the root answers for itself.
        at: the instant that is judged.
        required: every certificate must have an answer; otherwise those that have one must be good.

    Returns:
        Whether every certificate had an answer.

    Raises:
        NotShown: no answer where one is required, or an answer that is not plainly good for that instant.
    """
    complete = True
    for certificate, issuer in itertools.pairwise(path):
        asked = ocsps if _names_a_service(certificate) else ()
        answers = [window for answer in asked if (window := _good_answer(answer, certificate, issuer)) is not None]
        answers += [window for listed in crls if (window := _not_listed(listed, certificate, issuer)) is not None]
        if any(until is not None and at <= until for _, until in answers):
            continue
        if required or answers:
            raise NotShown("revocation")
        complete = False
    return complete


@lru_cache(maxsize=1024)
def _names_a_service(certificate: bytes) -> bool:
    """Whether the certificate names an OCSP service; pyHanko takes no answers about one that does not."""
    try:
        access = chain_validation.parsed(certificate).extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(item.access_method == AuthorityInformationAccessOID.OCSP for item in access)


def says_revoked(path: Sequence[bytes], at: datetime, *, ocsps: Sequence[bytes], crls: Sequence[bytes]) -> bool:
    """Whether anything the file carries says that a certificate of the path was revoked by then, whatever else says good.

    A general validator takes the first good answer; one given before the revocation would hide a later one. Whether the
    answer's own signature holds is not asked: evidence that contradicts itself shows nothing.

    Args:
        path: signer first, root last.
        at: the instant that is judged.
    """
    return any(
        moment is not None and moment <= at
        for certificate, issuer in itertools.pairwise(path)
        for moment in (
            *(_revoked_by_answer(item, certificate, issuer) for item in ocsps), *(_revoked_by_list(item, certificate, issuer) for item in crls)
        )
    )


@lru_cache(maxsize=4096)
def _revoked_by_answer(answer: bytes, certificate: bytes, issuer: bytes) -> datetime | None:
    try:
        found = _ocsp(answer)
    except NotShown:
        return None
    algorithm = found.hash_algorithm.name
    if found.serial_number != chain_validation.parsed(certificate).serial_number or algorithm not in _ID_HASHES:
        return None
    if (found.issuer_name_hash, found.issuer_key_hash) != _issuer_hashes(issuer, algorithm):
        return None
    return found.revocation_time_utc if found.certificate_status is ocsp.OCSPCertStatus.REVOKED else None


@lru_cache(maxsize=1024)
def _revoked_by_list(listed: bytes, certificate: bytes, issuer: bytes) -> datetime | None:
    try:
        found = _list(listed)
    except NotShown:
        return None
    if found.issuer != chain_validation.parsed(issuer).subject:
        return None
    entry = found.get_revoked_certificate_by_serial_number(chain_validation.parsed(certificate).serial_number)
    return entry.revocation_date_utc if entry is not None else None


@lru_cache(maxsize=4096)
def _good_answer(answer: bytes, certificate: bytes, issuer: bytes) -> tuple[datetime, datetime | None] | None:
    """When an OCSP answer "good" counts; None when it is about another certificate.

    Raises:
        NotShown: it is about this one and says anything but good, or is not signed by who may answer.
    """
    found = _ocsp(answer)
    subject = chain_validation.parsed(certificate)
    algorithm = found.hash_algorithm.name
    if found.serial_number != subject.serial_number or algorithm not in _ID_HASHES:
        return None
    if (found.issuer_name_hash, found.issuer_key_hash) != _issuer_hashes(issuer, algorithm):
        return None
    if found.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise NotShown("not good")
    _require_responder(found, issuer)
    return found.this_update_utc, found.next_update_utc


@lru_cache(maxsize=1024)
def _ocsp(answer: bytes) -> ocsp.OCSPResponse:
    if len(answer) > MOST_ANSWER:
        raise NotShown("OCSP size")
    try:
        found = ocsp.load_der_ocsp_response(answer)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NotShown("OCSP status")
        _ = found.serial_number, found.hash_algorithm
    except ValueError as error:
        raise NotShown("OCSP") from error
    return found


@lru_cache(maxsize=256)
def _issuer_hashes(issuer: bytes, algorithm: str) -> tuple[bytes, bytes]:
    """Of the authority's name and of its key's bits, as an OCSP answer names it."""
    found = chain_validation.parsed(issuer)
    info = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_bits = content(children(info)[1], BIT_STRING)[1:]
    return hashlib.new(algorithm, found.subject.public_bytes()).digest(), hashlib.new(algorithm, key_bits).digest()


def _require_responder(found: ocsp.OCSPResponse, issuer: bytes) -> None:
    """Signed by the authority itself, or by a responder it certified for that."""
    algorithm = found.signature_hash_algorithm
    if algorithm is None or algorithm.name not in chain_validation.HASHES:
        raise NotShown("OCSP algorithm")
    signers = [item.public_bytes(Encoding.DER) for item in found.certificates] or [issuer]
    if len(signers) != 1:
        raise NotShown("responder")
    signer = signers[0]
    chain_validation.verify(chain_validation.public_key(signer), found.signature, found.tbs_response_bytes, chain_validation.HASHES[algorithm.name])
    if signer == issuer:
        return
    chain_validation.path_of(signer, (), (issuer,))
    delegate = chain_validation.parsed(signer)
    if not delegate.not_valid_before_utc <= found.produced_at_utc <= delegate.not_valid_after_utc:
        raise NotShown("responder")
    try:
        usages = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound as error:
        raise NotShown("responder") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise NotShown("responder")


@lru_cache(maxsize=1024)
def _not_listed(listed: bytes, certificate: bytes, issuer: bytes) -> tuple[datetime, datetime | None] | None:
    """When a revocation list without the certificate counts; None when it is another authority's.

    Raises:
        NotShown: the certificate is on it, or the list needs more than is understood here (delta, partitions).
    """
    found = _list(listed)
    authority = chain_validation.parsed(issuer)
    if found.issuer != authority.subject:
        return None
    algorithm = found.signature_hash_algorithm
    if algorithm is None or algorithm.name not in chain_validation.HASHES or any(extension.critical for extension in found.extensions):
        raise NotShown("CRL")
    if not authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign:
        raise NotShown("CRL signer")
    chain_validation.verify(chain_validation.public_key(issuer), found.signature, found.tbs_certlist_bytes, chain_validation.HASHES[algorithm.name])
    if found.get_revoked_certificate_by_serial_number(chain_validation.parsed(certificate).serial_number) is not None:
        raise NotShown("on the CRL")
    return found.last_update_utc, found.next_update_utc


@lru_cache(maxsize=64)
def _list(listed: bytes) -> x509.CertificateRevocationList:
    if len(listed) > MOST_LIST:
        raise NotShown("CRL size")
    try:
        return x509.load_der_x509_crl(listed)
    except ValueError as error:
        raise NotShown("CRL") from error
