"""Certificate paths for the fast verdict: only what is plainly right is called right, everything else is left to pyHanko.

Paths are built by verified signatures up to a root that was given; whatever needs more of RFC 5280 than a record's
certificates use (name or policy constraints, unknown critical extensions, other algorithms) is not shown here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import INTEGER, children, content

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
MAX_CERTIFICATE = 64 << 10
MAX_POOL = 64
MAX_PATHS = 8
_MAX_STEPS = 64
"""Certificates looked at on the way up: authorities that certified each other in a circle must not keep a reader busy."""
_MAX_PATH_LENGTH = 5
"""Certificates of a path but the root."""
_UNDERSTOOD_CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}
_NEEDS_MORE = {
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.POLICY_MAPPINGS,
    ExtensionOID.INHIBIT_ANY_POLICY,
}
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@lru_cache(maxsize=1024)
def parsed(certificate: bytes) -> x509.Certificate:
    """A certificate.

    Raises:
        NotShown: unreadable, or larger than any honest one.
    """
    if len(certificate) > MAX_CERTIFICATE:
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
def paths_of(certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    """Every way up to a root whose links are verified signatures, the likeliest first; nothing else of it is judged yet.

    All issuers of a name are tried: an authority may have had several keys, a root of the same name may have followed
    it, and two authorities may have certified each other.

    Args:
        certificate: DER.
        pool: certificates at hand, DER.
        roots: trusted roots, DER.

    Returns:
        Paths, each with the certificate first and the root last; at most :data:`MAX_PATHS`.

    Raises:
        NotShown: more certificates than any honest file brings.
    """
    if len(pool) > MAX_POOL:
        raise NotShown("pool")
    found: list[tuple[bytes, ...]] = []
    steps = 0
    unfinished: list[tuple[bytes, ...]] = [(certificate,)]
    while unfinished and len(found) < MAX_PATHS and steps < _MAX_STEPS:
        path = unfinished.pop()
        steps += 1
        onward: list[tuple[bytes, ...]] = []
        for issuer in _issuers(path[-1], pool, roots):
            if issuer in path or not _is_issued(path[-1], issuer):
                continue
            if issuer in roots:
                found.append((*path, issuer))
            elif len(path) < _MAX_PATH_LENGTH:
                onward.append((*path, issuer))
        unfinished += reversed(onward)  # the best of them is looked at next
    return tuple(found[:MAX_PATHS])


@lru_cache(maxsize=1024)
def sound_paths(certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    """Those of :func:`paths_of` whose authorities may sign certificates and that need no more than is understood here.

    Raises:
        NotShown: there is none.
    """
    last = NotShown("no path to a trusted root")
    sound = []
    for path in paths_of(certificate, pool, roots):
        try:
            require_constraints(path)
        except NotShown as reason:
            last = reason
        else:
            sound.append(path)
    if not sound:
        raise last
    return tuple(sound)


def path_of(
    certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...], *, at: datetime | None = None
) -> tuple[bytes, ...]:
    """The first sound path.

    Args:
        at: every certificate of it must be valid then; None does not ask.

    Raises:
        NotShown: no such path, or one that needs more than is understood here.
    """
    paths = sound_paths(certificate, pool, roots)
    if at is None:
        return paths[0]
    for path in paths:
        if are_valid(path, at):
            return path
    raise NotShown("validity")


def _issuers(certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...]) -> list[bytes]:
    """Candidates by name: those with the key the certificate names first, roots before others, other keys last."""
    mine = names(certificate)
    name = comparable_name(mine.issuer)
    candidates = [item for item in dict.fromkeys((*roots, *pool)) if _may_be_named(item, name)]

    def rank(candidate: bytes) -> int:
        theirs = names(candidate).own_key
        if mine.issuer_key is None or theirs is None:
            return 1
        return 0 if mine.issuer_key == theirs else 2

    return sorted(candidates, key=rank)


def _may_be_named(candidate: bytes, name: object) -> bool:
    try:
        return comparable_name(names(candidate).subject) == name
    except NotShown:  # a broken certificate costs only itself
        return False


@lru_cache(maxsize=1024)
def comparable_name(name: bytes) -> object:
    """A distinguished name as RFC 5280 (7.1) compares it: whatever kind of string, capitals and blanks it is written with.

    Args:
        name: DER.
    """
    try:
        return asn1_x509.Name.load(name, strict=True).hashable
    except (ValueError, TypeError, KeyError):
        return name


@lru_cache(maxsize=2048)
def _is_issued(certificate: bytes, issuer: bytes) -> bool:
    try:
        _require_issued(certificate, issuer)
    except NotShown:
        return False
    return True


def _require_issued(certificate: bytes, issuer: bytes) -> None:
    subject = parsed(certificate)
    algorithm = subject.signature_hash_algorithm
    if algorithm is None or algorithm.name not in HASHES:
        raise NotShown("algorithm of a certificate")
    key = public_key(issuer)
    body, outer, _ = children(certificate)
    fields = children(body)
    if fields[2 if fields[0][0] == 0xA0 else 1] != outer:
        raise NotShown("algorithm of a certificate")
    try:
        how = subject.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey) and isinstance(how, padding.PKCS1v15 | padding.PSS):
            key.verify(subject.signature, subject.tbs_certificate_bytes, how, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(how, ec.ECDSA):
            key.verify(subject.signature, subject.tbs_certificate_bytes, how)
        else:
            raise NotShown("algorithm of a certificate")
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotShown("certificate signature") from error


@lru_cache(maxsize=1024)
def require_constraints(path: tuple[bytes, ...]) -> None:
    """Every issuer of a path is an authority that may issue what is below it.

    Raises:
        NotShown: it is not, or the path needs more of RFC 5280 than is understood here.
    """
    for position, certificate in enumerate(path):
        _require_understood(parsed(certificate))
        if position:
            # Intermediates between this authority and the first certificate, which is none.
            _require_authority(parsed(certificate), position - 1)


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
    for extension in extensions_of(found):
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            own = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuer = extension.value.key_identifier
    return Names(found.subject.public_bytes(), found.issuer.public_bytes(), found.serial_number, own, issuer)


def _require_understood(certificate: x509.Certificate) -> None:
    for extension in extensions_of(certificate):
        if extension.oid in _NEEDS_MORE or (extension.critical and extension.oid not in _UNDERSTOOD_CRITICAL):
            raise NotShown("extension")


def extensions_of(certificate: x509.Certificate) -> x509.Extensions:
    """A certificate's extensions.

    Raises:
        NotShown: they cannot be read.
    """
    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise NotShown("extensions") from error


def _require_authority(issuer: x509.Certificate, below: int) -> None:
    _require_understood(issuer)
    extensions = extensions_of(issuer)
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotShown("authority") from error
    if not basic.ca or not usage.key_cert_sign or (basic.path_length is not None and basic.path_length < below):
        raise NotShown("authority")


def are_valid(path: Sequence[bytes], at: datetime) -> bool:
    """Whether every certificate of a path is within its validity."""
    begins, ends = validity_of(tuple(path))
    return begins <= at <= ends


def require_valid(path: Sequence[bytes], at: datetime) -> None:
    """Every certificate of a path is within its validity.

    Raises:
        NotShown: one is not.
    """
    if not are_valid(path, at):
        raise NotShown("validity")


@lru_cache(maxsize=1024)
def validity_of(path: tuple[bytes, ...]) -> tuple[datetime, datetime]:
    """First and last instant at which every certificate of a path is valid, the root included; UTC."""
    found = [parsed(certificate) for certificate in path]
    return max(item.not_valid_before_utc for item in found), min(item.not_valid_after_utc for item in found)


@lru_cache(maxsize=1024)
def require_signer(certificate: bytes) -> None:
    """The certificate is meant for signing documents (content commitment).

    Raises:
        NotShown: it is not, or does not say.
    """
    try:
        usage = extensions_of(parsed(certificate)).get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotShown("usage") from error
    if not usage.content_commitment:
        raise NotShown("usage")


@lru_cache(maxsize=1024)
def require_signing_key(certificate: bytes) -> None:
    """The certificate's key may sign: what other programs' signatures are asked for (RFC 5280, 4.2.1.3: no word, no limit).

    Raises:
        NotShown: it is for something else.
    """
    try:
        usage = extensions_of(parsed(certificate)).get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.content_commitment or usage.digital_signature):
        raise NotShown("usage")


@lru_cache(maxsize=256)
def require_timestamp_unit(certificate: bytes) -> None:
    """The certificate is a time-stamp unit's: extended key usage timeStamping, critical, alone (RFC 3161, 2.3).

    Raises:
        NotShown: it is not.
    """
    try:
        extension = extensions_of(parsed(certificate)).get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise NotShown("time-stamp unit") from error
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise NotShown("time-stamp unit")
