"""RFC 3161 by template: the request out, the parts of a token in. 22,000 tokens a year and school: a general parser took
four milliseconds each, longer than the authority needs to make one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hocba_app.pki.der import INTEGER, NULL, OCTETS, SEQUENCE, children, content, oid, sequence, tlv

_VERSION_1 = b"\x02\x01\x01"
_TRUE = b"\x01\x01\xff"
_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"), NULL)
_SHA256_BARE = sequence(oid("2.16.840.1.101.3.4.2.1"))
_TOKEN_CONTENT = oid("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_SIGNING_CERTIFICATE = (oid("1.2.840.113549.1.9.16.2.12"), oid("1.2.840.113549.1.9.16.2.47"))
_GENERALIZED_TIME = 0x18
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_GRANTED = (b"\x02\x01\x00", b"\x02\x01\x01")


def request(imprint: bytes, nonce: int, certificate_required: bool) -> bytes:
    """A TimeStampReq over a SHA-256."""
    return sequence(
        _VERSION_1, sequence(_SHA256, tlv(OCTETS, imprint)), _integer(nonce), _TRUE if certificate_required else b""
    )


def token_of(response: bytes) -> bytes | None:
    """The token of a TimeStampResp, or None when it was not granted.

    Raises:
        ValueError, IndexError: no TimeStampResp.
    """
    parts = children(response)
    if children(parts[0])[0] not in _GRANTED:
        return None
    return parts[1]


@dataclass(frozen=True, slots=True)
class Token:
    """The parts of a token that are checked or shown."""

    imprint: bytes
    algorithm: bytes
    """DER of the imprint's AlgorithmIdentifier."""
    nonce: bytes | None
    """DER of the INTEGER."""
    stated: datetime
    certificates: tuple[bytes, ...]
    signer: bytes
    """DER of the signer's issuer and serial number."""
    content: bytes
    """The TSTInfo, as it is digested."""
    attributes: bytes
    """DER of the SET OF signed attributes, as it is signed."""
    digest_algorithm: bytes
    """DER of the OBJECT IDENTIFIER."""
    signature: bytes

    def has_imprint(self, imprint: bytes) -> bool:
        """Whether it is over this SHA-256."""
        return self.imprint == imprint and self.algorithm in (_SHA256, _SHA256_BARE)

    def has_nonce(self, nonce: int) -> bool:
        """Whether it answers the request of this nonce."""
        return self.nonce == _integer(nonce)

    @property
    def names_its_unit(self) -> bool:
        """Whether its signed attributes name the unit's certificate (RFC 3161, 2.4.2): without, no verifier takes it."""
        return any(children(attribute)[0] in _SIGNING_CERTIFICATE for attribute in children(self.attributes))

    def verify(self, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> None:
        """Content digest and signature.

        Raises:
            cryptography.exceptions.InvalidSignature, ValueError: it does not hold.
        """
        algorithm = _HASHES.get(self.digest_algorithm)
        if algorithm is None:
            raise ValueError("digest algorithm")
        found = {parts[0]: parts[1] for parts in map(children, children(self.attributes))}
        digest = hashlib.new(algorithm.name, self.content).digest()
        if children(found[_MESSAGE_DIGEST]) != [tlv(OCTETS, digest)] or children(found[_CONTENT_TYPE]) != [
            _TOKEN_CONTENT
        ]:
            raise ValueError("signed attributes")
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(self.signature, self.attributes, padding.PKCS1v15(), algorithm)
        else:
            key.verify(self.signature, self.attributes, ec.ECDSA(algorithm))


def read(data: bytes) -> Token:
    """Take a token apart.

    Raises:
        ValueError, IndexError, KeyError: it is not one.
    """
    kind, wrapped = children(data)
    if kind != _SIGNED_DATA:
        raise ValueError("not signed data")
    signed = children(children(wrapped)[0])
    content_kind, wrapped_info = children(signed[2])
    if content_kind != _TOKEN_CONTENT:
        raise ValueError("not a token")
    info_bytes = content(children(wrapped_info)[0])
    info = children(info_bytes)
    algorithm, imprint = children(info[2])
    rest = signed[3:]
    certificates = children(rest[0]) if rest[0][0] == 0xA0 else []
    (signer_info,) = children(rest[-1])
    _, signer, digest_algorithm, attributes, _, signature = children(signer_info)[:6]
    if attributes[0] != 0xA0 or info[4][0] != _GENERALIZED_TIME:
        raise ValueError("signer")
    return Token(
        imprint=content(imprint),
        algorithm=algorithm,
        nonce=next((part for part in info[5:] if part[0] == INTEGER), None),
        stated=_time(content(info[4])),
        certificates=tuple(part for part in certificates if part[0] == SEQUENCE),
        signer=signer,
        content=info_bytes,
        attributes=b"\x31" + attributes[1:],
        digest_algorithm=children(digest_algorithm)[0],
        signature=content(signature),
    )


@lru_cache(maxsize=64)
def issuer_and_serial(certificate: bytes) -> bytes:
    """As a signer is named in a CMS, DER."""
    fields = children(children(certificate)[0])
    serial, issuer = (fields[1], fields[3]) if fields[0][0] == 0xA0 else (fields[0], fields[2])
    return sequence(issuer, serial)


def _integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _time(text: bytes) -> datetime:
    """GeneralizedTime in UTC, with or without a fraction of a second."""
    whole, _, fraction = text.decode("ascii").removesuffix("Z").partition(".")
    if not text.endswith(b"Z") or len(whole) != 14:
        raise ValueError("time")
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        raise ValueError("time")
    return datetime(
        int(whole[:4]),
        int(whole[4:6]),
        int(whole[6:8]),
        int(whole[8:10]),
        int(whole[10:12]),
        int(whole[12:]),
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
        UTC,
    )
