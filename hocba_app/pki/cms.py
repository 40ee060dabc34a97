"""The CMS of a PAdES signature, built by template: signed attributes out, raw signature in, never built twice.

What is signed is the SHA-256 of the DER of the signed attributes; the signing service returns a raw RSA PKCS#1 v1.5
signature. No signing-time attribute (PAdES); no root certificate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hocba_app.pki.der import (
    NULL,
    OCTETS,
    SET,
    children,
    element,
    header_length,
    oid,
    sequence,
    set_of,
    tlv,
)

_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
_RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), NULL)
_ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
_DATA = oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = sequence(oid("1.2.840.113549.1.9.3"), set_of(_DATA))
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_TIMESTAMP_TOKEN = oid("1.2.840.113549.1.9.16.2.14")
_VERSION_1 = b"\x02\x01\x01"
_HASH = hashes.SHA256()
_MARGIN = 1.15


@dataclass(frozen=True, slots=True)
class _Signer:
    """What a certificate contributes to every CMS of its holder."""

    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    issuer_and_serial: bytes
    attribute: bytes
    algorithm: bytes


@lru_cache(maxsize=512)
def _signer(certificate: bytes) -> _Signer:
    parsed = x509.load_der_x509_certificate(certificate)
    key = parsed.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError(type(key).__name__)
    fields = children(children(certificate)[0])
    serial, issuer = (fields[1], fields[3]) if fields[0][0] == 0xA0 else (fields[0], fields[2])
    certificate_id = sequence(tlv(OCTETS, hashlib.sha256(certificate).digest()))
    attribute = sequence(_SIGNING_CERTIFICATE_V2, set_of(sequence(sequence(certificate_id))))
    algorithm = _RSA_SHA256 if isinstance(key, rsa.RSAPublicKey) else _ECDSA_SHA256
    return _Signer(key, sequence(issuer, serial), attribute, algorithm)


def signed_attributes(digest: bytes, certificate: bytes) -> bytes:
    """The signed attributes for a document digest: content type, message digest, signing certificate.

    Args:
        digest: SHA-256 over the byte range, 32 bytes.
        certificate: the signer's, DER.

    Returns:
        DER of the SET OF attributes, as it is hashed.
    """
    return set_of(_CONTENT_TYPE, sequence(_MESSAGE_DIGEST, set_of(tlv(OCTETS, digest))), _signer(certificate).attribute)


def attributes_hash(attributes: bytes) -> bytes:
    """SHA-256 of the attributes: what the signing service signs."""
    return hashlib.sha256(attributes).digest()


def verify_raw(certificate: bytes, attributes: bytes, signature: bytes) -> bool:
    """Whether a raw signature is this certificate's over these attributes."""
    key = _signer(certificate).key
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, attributes, padding.PKCS1v15(), _HASH)
        else:
            key.verify(signature, attributes, ec.ECDSA(_HASH))
    except InvalidSignature:
        return False
    return True


def assemble(
    attributes: bytes,
    signature: bytes,
    chain: Sequence[bytes],
    token: bytes | None,
    *,
    extra_certificates: Sequence[bytes] = (),
) -> bytes:
    """The finished CMS.

    Args:
        attributes: as :func:`signed_attributes` made them.
        signature: raw, verified with :func:`verify_raw`.
        chain: the signer's certificate first, DER, without the root.
        token: an RFC 3161 token over ``signature``, DER, or None.
        extra_certificates: the time-stamp authority's, when its token does not carry them.
    """
    signer = _signer(chain[0])
    unsigned = tlv(0xA1, sequence(_TIMESTAMP_TOKEN, tlv(SET, token))) if token is not None else b""
    head, _ = header_length(attributes)
    info = sequence(
        _VERSION_1,
        signer.issuer_and_serial,
        _SHA256,
        tlv(0xA0, attributes[head:]),
        signer.algorithm,
        tlv(OCTETS, signature),
        unsigned,
    )
    certificates = _certificates((*chain, *extra_certificates))
    return sequence(
        _SIGNED_DATA,
        tlv(0xA0, sequence(_VERSION_1, tlv(SET, _SHA256), sequence(_DATA), certificates, tlv(SET, info))),
    )


@lru_cache(maxsize=512)
def _certificates(chain: tuple[bytes, ...]) -> bytes:
    return tlv(0xA0, *dict.fromkeys(chain))


def estimate_size(chain: Sequence[bytes], token_size: int) -> int:
    """Bytes to reserve: this certificate's CMS, the largest token seen, and 15 % (core decision 5)."""
    return _estimated(tuple(chain), token_size)


@lru_cache(maxsize=512)
def _estimated(chain: tuple[bytes, ...], token_size: int) -> int:
    bare = assemble(signed_attributes(bytes(32), chain[0]), bytes(_signature_size(chain[0])), strip_root(chain), None)
    return int((len(bare) + token_size + 64) * _MARGIN)


def _signature_size(certificate: bytes) -> int:
    key = _signer(certificate).key
    return key.key_size // 8 if isinstance(key, rsa.RSAPublicKey) else 80


def strip_root(chain: Sequence[bytes]) -> list[bytes]:
    """The chain without self-signed certificates: a verifier must bring the root itself."""
    return [chain[0], *(certificate for certificate in chain[1:] if not _is_self_signed(certificate))]


@lru_cache(maxsize=512)
def _is_self_signed(certificate: bytes) -> bool:
    parsed = x509.load_der_x509_certificate(certificate)
    return parsed.issuer == parsed.subject


@dataclass(frozen=True, slots=True)
class CmsParts:
    """A CMS taken apart, so that it can be put together again and compared."""

    attributes: bytes
    signature: bytes
    certificates: tuple[bytes, ...]
    token: bytes | None


def take_apart(data: bytes) -> CmsParts:
    """The parts of a CMS as :func:`assemble` makes them; what does not fit gives other bytes when reassembled.

    Raises:
        ValueError, IndexError: not of that shape at all.
    """
    content = children(children(data)[1])[0]
    _, _, _, certificates, infos = children(content)[:5]
    info = children(children(infos)[0])
    attributes = bytes((SET,)) + info[3][1:]
    token = None
    if len(info) > 6:
        token = children(children(children(info[6])[0])[1])[0]
    head, size = header_length(info[5])
    return CmsParts(attributes, info[5][head : head + size], tuple(children(certificates)), token)


__all__ = [
    "CmsParts",
    "assemble",
    "attributes_hash",
    "element",
    "estimate_size",
    "signed_attributes",
    "strip_root",
    "take_apart",
    "verify_raw",
]
