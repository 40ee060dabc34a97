"""A small certificate world for tests, generated once a session: root, issuing CA, persons, a school, a time-stamp unit.

Nothing here is committed as a key: every run makes its own.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Holder:
    """A key and its chain, signer first, root last."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    chain: tuple[bytes, ...]

    @property
    def certificate(self) -> bytes:
        return self.chain[0]

    def sign(self, attributes: bytes) -> bytes:
        """The raw signature a signing service would return for these attributes."""
        assert isinstance(self.key, rsa.RSAPrivateKey)
        return self.key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())


class Pki:
    """A root and an issuing CA that issues whatever a test needs."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._certificate("Root", self._root_key.public_key(), None, self._root_key, ca=True, years=30)
        self._ca_key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._certificate(
            "Issuing CA", self._ca_key.public_key(), self._root, self._root_key, ca=True, years=20
        )
        self._keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]

    @property
    def root(self) -> bytes:
        return self._root.public_bytes(Encoding.DER)

    def person(self, name: str, id_number: str, *, prefix: str = "CCCD", key: int = 0, **validity: datetime) -> Holder:
        """A natural person's certificate with the id number in its UID."""
        return self._issue(name, f"{prefix}:{id_number}", self._keys[key], **validity)

    def school(self, name: str, tax_code: str, *, key: int = 1) -> Holder:
        """An organisation's certificate with its MST."""
        return self._issue(name, f"MST:{tax_code}", self._keys[key])

    def timestamp_unit(self) -> Holder:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(
            "TSA", key.public_key(), self._ca, self._ca_key, years=10, eku=ExtendedKeyUsageOID.TIME_STAMPING
        )
        return Holder(key, self._chain(certificate))

    def _issue(self, name: str, uid: str, key: rsa.RSAPrivateKey, **validity: datetime) -> Holder:
        return Holder(
            key, self._chain(self._certificate(name, key.public_key(), self._ca, self._ca_key, uid=uid, **validity))
        )

    def _chain(self, certificate: x509.Certificate) -> tuple[bytes, ...]:
        return tuple(item.public_bytes(Encoding.DER) for item in (certificate, self._ca, self._root))

    def _certificate(
        self,
        name: str,
        public_key,
        issuer: x509.Certificate | None,
        key,
        *,
        ca: bool = False,
        years: int = 3,
        uid: str | None = None,
        eku=None,
        begins: datetime | None = None,
        ends: datetime | None = None,
    ) -> x509.Certificate:
        attributes = [x509.NameAttribute(NameOID.USER_ID, uid)] if uid else []
        subject = x509.Name(
            [*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(public_key)
            .serial_number(secrets.randbits(120))
            .not_valid_before(begins or self.now - timedelta(days=400))
            .not_valid_after(ends or self.now + timedelta(days=365 * years))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(
                x509.KeyUsage(not ca, not ca and eku is None, False, False, False, ca, ca, False, False), critical=True
            )
        )
        if eku is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=True)
        return builder.sign(key, hashes.SHA256())


@cache
def pki() -> Pki:
    """The session's certificate world."""
    return Pki()
