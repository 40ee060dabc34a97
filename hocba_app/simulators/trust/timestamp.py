"""An RFC 3161 time-stamp unit that writes its tokens from a DER template: one small signature a token.

A general library takes tens of milliseconds for what is always the same structure; a school's year needs 22,000.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding

from hocba_app.simulators.trust import der
from hocba_app.simulators.trust.profiles import TIMESTAMP_POLICY, PrivateKey

_SHA256 = der.oid("2.16.840.1.101.3.4.2.1")
_SHA256_PLAIN, _SHA256_NULL = der.tlv(der.SEQUENCE, _SHA256), der.tlv(der.SEQUENCE, _SHA256, der.tlv(der.NULL))
_ECDSA_SHA256 = der.tlv(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2"))
_RSA_SHA256 = der.tlv(der.SEQUENCE, der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL))
_SIGNED_DATA, _TST_INFO = der.oid("1.2.840.113549.1.7.2"), der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE, _MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.3"), der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")
_ACCURACY_ONE_MILLISECOND = der.tlv(der.SEQUENCE, der.tlv(0x80, b"\x01"))
_GRANTED = der.tlv(der.SEQUENCE, der.integer(0))

BAD_ALGORITHM, BAD_REQUEST, BAD_DATA_FORMAT, TIME_NOT_AVAILABLE = 0, 2, 5, 14
UNACCEPTED_POLICY, UNACCEPTED_EXTENSION = 15, 16


class Refused(ValueError):
    """A request that gets no token.

    Args:
        failure: bit of ``PKIFailureInfo`` (RFC 3161, 2.4.2).
    """

    def __init__(self, failure: int, text: str) -> None:
        self.failure = failure
        super().__init__(text)


@dataclass(frozen=True)
class Request:
    """What a client asks for."""

    imprint: bytes
    """The ``MessageImprint``, encoded: it is repeated as it came."""
    nonce: bytes
    """The INTEGER, encoded; empty: none."""
    certificate_required: bool


def parse_request(data: bytes) -> Request:
    """Read a ``TimeStampReq``.

    Raises:
        Refused: not DER, another digest than SHA-256, another policy, an extension.
    """
    try:
        tag, start, end = der.read(data)
        if tag != der.SEQUENCE or end != len(data):
            raise Refused(BAD_DATA_FORMAT, "not a TimeStampReq")
        parts = list(der.children(data, start, end))
    except der.DerError as error:
        raise Refused(BAD_DATA_FORMAT, str(error)) from None
    if len(parts) < 2 or parts[0][0] != der.INTEGER or parts[0][1] != b"\x01" or parts[1][0] != der.SEQUENCE:
        raise Refused(BAD_REQUEST, "version 1 and a message imprint are required")
    _require_sha256(parts[1][1])
    nonce, certificate_required = b"", False
    for tag, content, whole in parts[2:]:
        if tag == der.OBJECT_ID:
            if whole != der.oid(TIMESTAMP_POLICY):
                raise Refused(UNACCEPTED_POLICY, "policy")
        elif tag == der.INTEGER:
            nonce = whole
        elif tag == der.BOOLEAN:
            certificate_required = content != b"\x00"
        else:
            raise Refused(UNACCEPTED_EXTENSION, "extension")
    return Request(imprint=parts[1][2], nonce=nonce, certificate_required=certificate_required)


def _require_sha256(imprint: bytes) -> None:
    try:
        parts = list(der.children(imprint, 0, len(imprint)))
    except der.DerError as error:
        raise Refused(BAD_DATA_FORMAT, str(error)) from None
    if len(parts) != 2 or parts[0][2] not in (_SHA256_PLAIN, _SHA256_NULL):
        raise Refused(BAD_ALGORITHM, "SHA-256 only")
    if parts[1][0] != der.OCTET_STRING or len(parts[1][1]) != 32:
        raise Refused(BAD_DATA_FORMAT, "digest length")


class TimestampUnit:
    """Signs tokens.

    Args:
        key: P-256 or RSA.
        certificate: with the critical purpose ``timeStamping``.
        issuer: of that certificate; carried beside it, so that a client reaches its root.
    """

    def __init__(self, key: PrivateKey, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        self._key = key
        encoded = certificate.public_bytes(Encoding.DER)
        self._certificates = der.tlv(
            0xA0, *sorted((encoded, issuer.public_bytes(Encoding.DER)))
        )  # DER: SET OF is sorted
        self._issuer_and_serial = der.tlv(
            der.SEQUENCE, certificate.issuer.public_bytes(), der.integer(certificate.serial_number)
        )
        self._content_type = _attribute(_CONTENT_TYPE, _TST_INFO)
        certificate_id = der.tlv(der.SEQUENCE, der.tlv(der.OCTET_STRING, hashlib.sha256(encoded).digest()))
        self._signing_certificate = _attribute(
            _SIGNING_CERTIFICATE_V2, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, certificate_id))
        )
        self._algorithm = _ECDSA_SHA256 if isinstance(key, ec.EllipticCurvePrivateKey) else _RSA_SHA256
        # Unique across restarts too, as long as fewer tokens than nanoseconds were issued.
        self._serials = itertools.count(time.time_ns())

    def respond(self, body: bytes, *, clock_offset: float = 0.0) -> bytes:
        """A ``TimeStampResp`` for a ``TimeStampReq``: a token, or the refusal with its reason.

        Args:
            clock_offset: seconds added to the true time; a fault for tests.
        """
        try:
            request = parse_request(body)
        except Refused as refused:
            return refusal(refused.failure, str(refused))
        token = self.token(request.imprint, request.nonce, request.certificate_required, time.time() + clock_offset)
        return der.tlv(der.SEQUENCE, _GRANTED, token)

    def token(self, imprint: bytes, nonce: bytes, certificate_required: bool, moment: float) -> bytes:
        """The ``ContentInfo`` over one imprint at one moment (seconds since 1970)."""
        info = der.tlv(
            der.SEQUENCE,
            der.integer(1),
            der.oid(TIMESTAMP_POLICY),
            imprint,
            der.integer(next(self._serials)),
            der.tlv(der.GENERALIZED_TIME, generalized_time(moment)),
            _ACCURACY_ONE_MILLISECOND,
            nonce,
        )
        digest = _attribute(_MESSAGE_DIGEST, der.tlv(der.OCTET_STRING, hashlib.sha256(info).digest()))
        attributes = b"".join(sorted((self._content_type, digest, self._signing_certificate)))  # DER: SET OF is sorted
        signer = der.tlv(
            der.SEQUENCE,
            der.integer(1),
            self._issuer_and_serial,
            _SHA256_PLAIN,
            der.tlv(0xA0, attributes),
            self._algorithm,
            der.tlv(der.OCTET_STRING, self._sign(der.tlv(der.SET, attributes))),
        )
        signed_data = der.tlv(
            der.SEQUENCE,
            der.integer(3),
            der.tlv(der.SET, _SHA256_PLAIN),
            der.tlv(der.SEQUENCE, _TST_INFO, der.tlv(0xA0, der.tlv(der.OCTET_STRING, info))),
            self._certificates if certificate_required else b"",
            der.tlv(der.SET, signer),
        )
        return der.tlv(der.SEQUENCE, _SIGNED_DATA, der.tlv(0xA0, signed_data))

    def _sign(self, message: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, ec.ECDSA(hashes.SHA256()))
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def refusal(failure: int, text: str) -> bytes:
    """A ``TimeStampResp`` with status *rejection* and the failure bit."""
    octet, bit = divmod(failure, 8)
    flags = bytes(octet) + bytes((0x80 >> bit,))
    status = der.tlv(
        der.SEQUENCE,
        der.integer(2),
        der.tlv(der.SEQUENCE, der.tlv(der.UTF8, text.encode())),
        der.tlv(der.BIT_STRING, bytes((7 - bit,)), flags),
    )
    return der.tlv(der.SEQUENCE, status)


def random_imprint() -> bytes:
    """A message imprint of nothing that anybody asked about; a fault for tests."""
    return der.tlv(der.SEQUENCE, _SHA256_PLAIN, der.tlv(der.OCTET_STRING, secrets.token_bytes(32)))


def generalized_time(moment: float) -> bytes:
    """``YYYYMMDDhhmmss[.f]Z`` with microseconds, without the trailing zeros DER forbids."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d%H%M%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z".encode()


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, kind, der.tlv(der.SET, value))
