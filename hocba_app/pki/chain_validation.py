"""Certificate paths for the fast verdict: only what is plainly right is called right, everything else is left to pyHanko.

Paths are built by verified signatures up to a root that was given; whatever needs more of RFC 5280 than a record's
certificates use (name or policy constraints, unknown critical extensions, other algorithms) is not shown here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import INTEGER, children, content

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
MOST_CERTIFICATE = 64 << 10
MOST_POOL = 64
_LONGEST = 5
_UNDERSTOOD_CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}
_NEEDS_MORE = {
    ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.POLICY_CONSTRAINTS, ExtensionOID.POLICY_MAPPINGS, ExtensionOID.INHIBIT_ANY_POLICY,
}
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@lru_cache(maxsize=1024)
def parsed(certificate: bytes) -> x509.Certificate:
    """A certificate.

    Raises:
        NotShown: unreadable, or larger than any honest one.
    """
    if len(certificate) > MOST_CERTIFICATE:
        raise NotShown("certificate size")
    try:
        fields = children(children(certificate)[0])
        if content(fields[1 if fields[0][0] == 0xA0 else 0], INTEGER)[:1] >= b"\x80":
            raise NotShown("serial number")
        found = x509.load_der_x509_certificate(certificate)
        _ = found.subject, found.issuer, found.serial_number
    except (ValueError, IndexError, x509.InvalidVersion) as error:
        raise NotShown("certificate") from error
    return found


@lru_cache(maxsize=1024)
def public_key(certificate: bytes) -> Key:
    """The key of a certificate: RSA of at least 2048 bits or a NIST curve.

    Raises:
        NotShown: any other.
    """
    try:
        key = parsed(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotShown("key") from error
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise NotShown("key")


def verify(key: Key, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm) -> None:
    """Check a signature value.

    Raises:
        NotShown: it does not hold.
    """
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, data, ec.ECDSA(algorithm))
    except InvalidSignature as error:
        raise NotShown("signature value") from error


@lru_cache(maxsize=1024)
def path_of(certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Signer first, root last, each link a verified signature of an authority that may sign certificates.

    Args:
        pool: certificates at hand, DER.
        roots: trusted roots, DER.

    Raises:
        NotShown: no such path, or one that needs more than is understood here.
    """
    if len(pool) > MOST_POOL:
        raise NotShown("pool")
    path = [certificate]
    while len(path) <= _LONGEST:
        _require_understood(parsed(path[-1]))
        issuer = _issuer_of(path[-1], (*roots, *pool))
        if issuer in path:
            break
        # Intermediates between this authority and the signer: all of the path but the signer himself.
        _require_authority(parsed(issuer), len(path) - 1)
        path.append(issuer)
        if issuer in roots:
            return tuple(path)
    raise NotShown("no path to a trusted root")


def _issuer_of(certificate: bytes, candidates: tuple[bytes, ...]) -> bytes:
    """The first candidate of the issuer's name whose key signed the certificate; an authority may have had several keys."""
    name = parsed(certificate).issuer.public_bytes()
    last = NotShown("no path to a trusted root")
    for candidate in candidates:
        if parsed(candidate).subject.public_bytes() != name:
            continue
        try:
            _require_issued(certificate, candidate)
        except NotShown as reason:
            last = reason
            continue
        return candidate
    raise last


@lru_cache(maxsize=2048)
def _require_issued(certificate: bytes, issuer: bytes) -> None:
    subject = parsed(certificate)
    algorithm = subject.signature_hash_algorithm
    if algorithm is None or algorithm.name not in HASHES:
        raise NotShown("algorithm of a certificate")
    public_key(issuer)
    try:
        subject.verify_directly_issued_by(parsed(issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotShown("certificate signature") from error


@lru_cache(maxsize=1024)
def is_unchanged(certificate: bytes, issuer: bytes) -> bool:
    """Whether an authority's signature on a certificate holds; algorithms not known here get the benefit of the doubt."""
    body, algorithm, _ = children(certificate)
    fields = children(body)
    if fields[2 if fields[0][0] == 0xA0 else 1] != algorithm:
        return False
    try:
        parsed(certificate).verify_directly_issued_by(parsed(issuer))
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True
    return True


class Names(NamedTuple):
    """How a certificate names itself and its authority, encoded."""

    subject: bytes
    issuer: bytes
    serial: int
    own_key: bytes | None
    issuer_key: bytes | None


@lru_cache(maxsize=1024)
def names(certificate: bytes) -> Names:
    """See :class:`Names`.

    Raises:
        NotShown: it cannot be read.
    """
    found = parsed(certificate)
    own = issuer = None
    for extension in _extensions(found):
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            own = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuer = extension.value.key_identifier
    return Names(found.subject.public_bytes(), found.issuer.public_bytes(), found.serial_number, own, issuer)


def _require_understood(certificate: x509.Certificate) -> None:
    for extension in _extensions(certificate):
        if extension.oid in _NEEDS_MORE or (extension.critical and extension.oid not in _UNDERSTOOD_CRITICAL):
            raise NotShown("extension")


def _extensions(certificate: x509.Certificate) -> x509.Extensions:
    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise NotShown("extensions") from error


def _require_authority(issuer: x509.Certificate, below: int) -> None:
    _require_understood(issuer)
    extensions = _extensions(issuer)
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotShown("authority") from error
    if not basic.ca or not usage.key_cert_sign or (basic.path_length is not None and basic.path_length < below):
        raise NotShown("authority")


def require_valid(path: Sequence[bytes], at: datetime) -> None:
    """Every certificate of a path is within its validity.

    Raises:
        NotShown: one is not.
    """
    for certificate in path:
        found = parsed(certificate)
        if not found.not_valid_before_utc <= at <= found.not_valid_after_utc:
            raise NotShown("validity")


@lru_cache(maxsize=1024)
def require_signer(certificate: bytes) -> None:
    """The certificate is meant for signing documents (content commitment).

    Raises:
        NotShown: it is not, or does not say.
    """
    try:
        usage = _extensions(parsed(certificate)).get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotShown("usage") from error
    if not usage.content_commitment:
        raise NotShown("usage")


@lru_cache(maxsize=256)
def require_timestamp_unit(certificate: bytes) -> None:
    """The certificate is a time-stamp unit's: extended key usage timeStamping, critical, alone (RFC 3161, 2.3).

    Raises:
        NotShown: it is not.
    """
    try:
        extension = _extensions(parsed(certificate)).get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise NotShown("time-stamp unit") from error
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise NotShown("time-stamp unit")
