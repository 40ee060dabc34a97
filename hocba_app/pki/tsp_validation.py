"""RFC 3161 tokens for the fast verdict: imprint, signature, the unit's certificate; anything unusual is left to pyHanko.

The last token of a file is covered by nothing, so its unsigned parts are looked at as well: by :func:`is_well_formed` on
both ways to a verdict.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.strict_der import (
    GENERALIZED_TIME,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    children,
    content,
    elements,
    instant,
    tagged,
)

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_CERTIFICATE_V1, _CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910020c"), bytes.fromhex("2a864886f70d010910022f")
_DIGESTS = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_DATA = bytes.fromhex("2a864886f70d010701")
_PSS = bytes.fromhex("2a864886f70d01010a")
_RSA = bytes.fromhex("2a864886f70d010101")
_SIGNATURES = {
    bytes.fromhex("2a864886f70d01010b"): ("rsa", "sha256"),
    bytes.fromhex("2a864886f70d01010c"): ("rsa", "sha384"),
    bytes.fromhex("2a864886f70d01010d"): ("rsa", "sha512"),
    bytes.fromhex("2a8648ce3d040302"): ("ec", "sha256"),
    bytes.fromhex("2a8648ce3d040303"): ("ec", "sha384"),
    bytes.fromhex("2a8648ce3d040304"): ("ec", "sha512"),
}


MAX_CERTIFICATES = 16
"""Inside one CMS."""
KEPT_TOKENS = 2048
"""What was shown of this many is remembered: more than a class has signatures, some 12 MB."""
MAX_KEPT_BYTES = 32 << 10
"""A larger one is read anew each time."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature and imprint hold; whether its unit is trusted is asked separately."""

    stamped: datetime
    certificate: bytes
    certificates: tuple[bytes, ...]
    hashes: tuple[str, ...] = ("sha256",)
    """Names of the hashes it rests on: of its imprint, its content and its signature."""


def read_token(token: bytes, imprint: bytes, others: tuple[bytes, ...] = (), roots: tuple[bytes, ...] = ()) -> Token:
    """Check a token over a SHA-256.

    Args:
        imprint: the SHA-256 that must have been stamped.
        others: certificates at hand besides those in the token.
        roots: trusted roots; those inside the token must agree with them too.

    Raises:
        NotShown: it does not hold, or is not plainly right.
    """
    if not is_well_formed(token, (*others, *roots)):
        raise NotShown("form of the token")
    try:
        return _read(token, imprint, others)
    except (ValueError, IndexError) as error:
        raise NotShown("token") from error


def is_well_formed(signed: bytes, others: tuple[bytes, ...] = ()) -> bool:
    """Whether the unsigned parts of a CMS are as RFC 5652 (5.1, 5.3) demands: versions, algorithms, certificates.

    Args:
        signed: the CMS, DER.
        others: certificates to compare with those inside: the file's evidence, the roots.

    A verifier can ignore them, so that somebody could change a byte there and the signature would still hold. An
    algorithm or a structure not known here is given the benefit of the doubt; what is wrong is not.
    """
    try:
        read = _well_formed_parts if len(signed) <= MAX_KEPT_BYTES else _well_formed_parts.__wrapped__
        certificates, sid = read(signed)
        return _certificates_agree(certificates, others) and _names_its_signer(sid, (*certificates, *others))
    except (ValueError, IndexError):
        return False


@lru_cache(maxsize=KEPT_TOKENS)
def _well_formed_parts(signed: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """The certificates inside and the identifier of the signer, when every unsigned part is as it should be.

    Raises:
        ValueError, IndexError: one is not.
    """
    kind, wrapped = children(signed)
    version, digests, encapsulated, *rest = children(elements(content(wrapped, 0xA0))[0])
    (signer,) = elements(content(rest[-1], SET))
    signer_version, sid, digest, *parts = children(signer)
    is_data = content(children(encapsulated)[0], OID) == _DATA
    carried = tagged(rest, 0xA0)
    certificates = tuple(elements(content(carried, 0xA0))) if carried is not None else ()
    lists = tagged(rest, 0xA1) or b"\xa1\x00"
    if not (
        content(kind, OID) == _SIGNED_DATA
        and content(version, INTEGER) == (b"\x01" if is_data and sid[0] == SEQUENCE else b"\x03")
        and content(signer_version, INTEGER) == (b"\x01" if sid[0] == SEQUENCE else b"\x03")
        and _algorithm(digest) in {_algorithm(item) for item in elements(content(digests, SET))}
        and all(_plain_algorithm(item) for item in (digest, *elements(content(digests, SET))))
        and len(parts) >= 3
        and _plain_algorithm(parts[1])
        and [part[0] for part in rest[:-1]] in ([], [0xA0], [0xA1], [0xA0, 0xA1])
        and all(_is_revocation_list(item) for item in elements(content(lists, 0xA1)))
    ):
        raise ValueError("form")
    return certificates, sid


def forget() -> None:
    """Read every token anew from now on, as a process that has just begun."""
    _well_formed_parts.cache_clear()
    _held.cache_clear()
    _certificates_agree.cache_clear()


def _plain_algorithm(data: bytes) -> bool:
    """No parameters or NULL; only RSA-PSS has others."""
    parts = children(data)
    return content(parts[0], OID) == _PSS or parts[1:] in ([], [b"\x05\x00"])


def _names_its_signer(sid: bytes, certificates: tuple[bytes, ...]) -> bool:
    """The certificate with that serial number has that very issuer: some verifiers compare names without case."""
    if sid[0] != SEQUENCE:
        return True
    issuer, serial = children(sid)
    number = int.from_bytes(content(serial, INTEGER), signed=True)
    named = [
        chain_validation.names(item).issuer for item in certificates if chain_validation.names(item).serial == number
    ]
    return not named or issuer in named or any(_written(issuer) == _written(name) for name in named)


def _written(name: bytes) -> object:
    """A name's values, whatever kind of string each is encoded as."""
    return asn1_x509.Name.load(name, strict=True).native


def _is_revocation_list(data: bytes) -> bool:
    try:
        x509.load_der_x509_crl(data)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def _certificates_agree(certificates: tuple[bytes, ...], others: tuple[bytes, ...]) -> bool:
    """Each can be read, and none differs from what its authority signed or from another copy of it.

    An authority may have had another key under the same name: its key's identifier tells which one signed.
    """
    if len(certificates) > MAX_CERTIFICATES:
        return False
    try:
        pool = {item: chain_validation.names(item) for item in (*certificates, *others)}
        for certificate in certificates:
            mine = pool[certificate]
            for other, its in pool.items():
                is_issuer = (
                    its.subject == mine.issuer and mine.issuer_key is not None and its.own_key == mine.issuer_key
                )
                if is_issuer and not chain_validation.is_unchanged(certificate, other):
                    return False
                if other != certificate and (its.subject, its.serial) == (mine.subject, mine.serial):
                    return False
    except NotShown:
        return False
    return True


def _read(token: bytes, imprint: bytes, others: tuple[bytes, ...]) -> Token:
    if len(token) > MAX_KEPT_BYTES:
        inside, sid = _well_formed_parts.__wrapped__(token)
        return _held.__wrapped__(token, imprint, _signer(sid, (*inside, *others)))
    inside, sid = _well_formed_parts(token)
    return _held(token, imprint, _signer(sid, (*inside, *others)))


@lru_cache(maxsize=KEPT_TOKENS)
def _held(token: bytes, imprint: bytes, certificate: bytes) -> Token:
    """The token, shown to hold over an imprint by its unit's certificate.

    A signature is judged when it is embedded, before the seal, in the archive and when it is handed out: each time these very
    bytes, which prove the same each time.
    """
    kind, wrapped = children(token)
    (signed,) = elements(content(wrapped, 0xA0))
    if content(kind, OID) != _SIGNED_DATA:
        raise NotShown("token type")
    _, _, encapsulated, *rest = children(signed)
    content_type, content_wrapped = children(encapsulated)
    if content(content_type, OID) != _TST_INFO:
        raise NotShown("token content")
    (octets,) = elements(content(content_wrapped, 0xA0))
    info = content(octets, OCTETS)
    carried = tagged(rest, 0xA0)
    inside = tuple(elements(content(carried, 0xA0))) if carried is not None else ()
    (signer,) = elements(content(rest[-1], SET))
    _, _, digest_algorithm, *parts = children(signer)
    attributes, algorithm, value = tagged(parts, 0xA0), *parts[1:3]
    if attributes is None or parts[0] != attributes:
        raise NotShown("token attributes")
    digest_name = _DIGESTS.get(_algorithm(digest_algorithm), "")
    _check_attributes(attributes, info, digest_name, certificate)
    signature_algorithm = _algorithm(algorithm)
    family, name = (
        ("rsa", digest_name) if signature_algorithm == _RSA else _SIGNATURES.get(signature_algorithm, ("", ""))
    )
    key = chain_validation.public_key(certificate)
    if name not in chain_validation.HASHES or (family == "rsa") != isinstance(key, rsa.RSAPublicKey):
        raise NotShown("token algorithm")
    chain_validation.verify(key, content(value, OCTETS), b"\x31" + attributes[1:], chain_validation.HASHES[name])
    return Token(_check_info(info, imprint), certificate, inside, tuple({"sha256", digest_name, name}))


def _algorithm(data: bytes) -> bytes:
    return content(children(data)[0], OID)


def _signer(sid: bytes, certificates: tuple[bytes, ...]) -> bytes:
    issuer, serial = children(sid)
    number = int.from_bytes(content(serial, INTEGER), signed=True)
    for certificate in certificates:
        found = chain_validation.names(certificate)
        if found.serial == number and found.issuer == issuer:
            return certificate
    raise NotShown("token signer")


def _check_attributes(attributes: bytes, info: bytes, digest_name: str, certificate: bytes) -> None:
    """Content type, message digest and the unit's certificate, each there exactly once where it is asked for."""
    if digest_name not in chain_validation.HASHES:
        raise NotShown("token digest")
    values: dict[bytes, bytes] = {}
    for attribute in elements(content(attributes, 0xA0)):
        kind, holder = children(attribute)
        (value,) = elements(content(holder, SET))
        name = content(kind, OID)
        if name in values:
            raise NotShown("attribute twice")
        values[name] = value
    digest = hashlib.new(digest_name, info).digest()
    if (
        content(values.get(_CONTENT_TYPE, b"\0\0"), OID) != _TST_INFO
        or content(values.get(_MESSAGE_DIGEST, b"\0\0"), OCTETS) != digest
    ):
        raise NotShown("token digest")
    if _CERTIFICATE_V2 in values:
        first = children(children(children(values[_CERTIFICATE_V2])[0])[0])
        if first[0][0] == OCTETS:
            hashed_with = "sha256"
        else:
            hashed_with, first = _DIGESTS.get(_algorithm(first[0]), ""), first[1:]
        if (
            hashed_with not in chain_validation.HASHES
            or content(first[0], OCTETS) != hashlib.new(hashed_with, certificate).digest()
        ):
            raise NotShown("token certificate")
    elif _CERTIFICATE_V1 in values:
        first = children(children(children(values[_CERTIFICATE_V1])[0])[0])
        if content(first[0], OCTETS) != hashlib.sha1(certificate).digest():  # noqa: S324 - RFC 2634 names certificates so
            raise NotShown("token certificate")
    else:
        raise NotShown("token certificate")


def _check_info(info: bytes, imprint: bytes) -> datetime:
    version, _, stamped, _, moment, *_ = children(info)
    algorithm, hashed = children(stamped)
    if (
        content(version, INTEGER) != b"\x01"
        or _DIGESTS.get(_algorithm(algorithm)) != "sha256"
        or content(hashed, OCTETS) != imprint
    ):
        raise NotShown("imprint")
    text = content(moment, GENERALIZED_TIME).decode("ascii")
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not text.endswith("Z") or (fraction and not (fraction.isdigit() and len(fraction) <= 6)):
        raise NotShown("token time")
    return instant(whole).replace(microsecond=int(fraction.ljust(6, "0") or "0"))
