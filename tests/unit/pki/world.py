"""Small hierarchies in which everything about names, keys, answers and addresses can be chosen."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from hocba_app.bounded_http import BoundedClient

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
OCSP = "http://ocsp.test/{}"
CRL = "http://crl.test/{}"


def name(common: str, *, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")
    return x509.Name([country, x509.NameAttribute(NameOID.COMMON_NAME, common, kind)])


@dataclass(frozen=True)
class Authority:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def authority(
    common: str | x509.Name,
    above: Authority | None = None,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    key_ids: bool = True,
    days: int = 3650,
) -> Authority:
    """A root, or an authority below another."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = name(common) if isinstance(common, str) else common
    builder = _builder(subject, above.certificate.subject if above else subject, key.public_key(), days)
    builder = builder.add_extension(x509.BasicConstraints(True, None), True).add_extension(_usage(authority=True), True)
    if key_ids:
        builder = _key_ids(builder, key, above.key if above else key)
    return Authority(key, builder.sign(above.key if above else key, hashes.SHA256()))


def signer(
    above: Authority,
    *,
    issuer_name: x509.Name | None = None,
    key_ids: bool = True,
    ocsp_urls: Sequence[str] = (),
    crl_urls: Sequence[str] = (),
) -> bytes:
    """A signer's certificate, DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name("Nguyễn Thị Ánh"), issuer_name or above.certificate.subject, key.public_key(), 900)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True).add_extension(
        _usage(authority=False), True
    )
    if key_ids:
        builder = _key_ids(builder, key, above.key)
    if ocsp_urls:
        described = [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
            for url in ocsp_urls
        ]
        builder = builder.add_extension(x509.AuthorityInformationAccess(described), False)
    if crl_urls:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in crl_urls]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), False)
    return builder.sign(above.key, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(
    above: Authority, *, no_check: bool = True, for_ocsp: bool = True, days: int = 365, crl_urls: Sequence[str] = ()
) -> Authority:
    """A delegated responder."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name("OCSP"), above.certificate.subject, key.public_key(), days)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True)
    if for_ocsp:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    if no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), False)
    if crl_urls:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in crl_urls]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), False)
    return Authority(key, builder.sign(above.key, hashes.SHA256()))


def answer(
    certificate: bytes,
    issuer: Authority,
    by: Authority | None = None,
    *,
    says: str = "good",
    at: datetime = NOW,
    lasts: timedelta | None = DAY,
    revoked_at: datetime | None = None,
) -> bytes:
    """An OCSP answer, DER."""
    by = by or issuer
    status = {
        "good": ocsp.OCSPCertStatus.GOOD,
        "revoked": ocsp.OCSPCertStatus.REVOKED,
        "unknown": ocsp.OCSPCertStatus.UNKNOWN,
    }[says]
    revoked_at = revoked_at or (at - DAY if says == "revoked" else None)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            x509.load_der_x509_certificate(certificate),
            issuer.certificate,
            hashes.SHA1(),
            status,
            at,
            at + lasts if lasts is not None else None,
            revoked_at,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
    )
    if by is not issuer:
        builder = builder.certificates([by.certificate, issuer.certificate])
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(
    issuer: Authority, *revoked: bytes, at: datetime = NOW, lasts: timedelta = DAY, revoked_at: datetime | None = None
) -> bytes:
    """A CRL, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + lasts)
    )
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(
            x509.load_der_x509_certificate(certificate).serial_number
        )
        builder = builder.add_revoked_certificate(entry.revocation_date(revoked_at or at - DAY).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


class Net:
    """Addresses and what they answer: bytes, or None for a service that is away. What was asked is noted."""

    def __init__(self, answers: dict[str, bytes | None]) -> None:
        self.answers, self.asked = answers, []
        self.client = BoundedClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        content = self.answers.get(url)
        return httpx.Response(503) if content is None else httpx.Response(200, content=content)


def same_name_otherwise_written(subject: x509.Name) -> x509.Name:
    """Other kinds of string, other capitals, more blanks: the same name by RFC 5280."""
    text = subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return name(f" {str(text).upper()}  ", kind=_ASN1Type.PrintableString)


def comparable(subject: x509.Name) -> object:
    return asn1_x509.Name.load(subject.public_bytes()).hashable


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(secrets.randbits(120) | 1)
        .not_valid_before(NOW - 400 * DAY)
        .not_valid_after(NOW + days * DAY)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not authority, not authority, False, False, False, authority, authority, False, False)


def _key_ids(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, above: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(own, False).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), False
    )


Made = Callable[[], bytes]
