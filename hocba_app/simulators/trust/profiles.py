"""What each kind of certificate of the made-up national hierarchy looks like.

Subjects follow Vietnamese practice: a person's certificate carries ``UID=CCCD:<12 digits>`` (or ``CMND:<9 digits>``),
an organisation's ``UID=MST:<tax code>``. Policy OIDs lie under the number reserved for examples (RFC 5612).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_ARC = "1.3.6.1.4.1.32473.704"
PERSON_POLICY, ORGANISATION_POLICY, TIMESTAMP_POLICY = f"{_ARC}.1", f"{_ARC}.2", f"{_ARC}.3"
ADOBE_DOCUMENT_SIGNING = ObjectIdentifier("1.2.840.113583.1.1.5")


@dataclass(frozen=True)
class Links:
    """Where a certificate says that its issuer and revocation data are found."""

    crl: str
    """URL of the issuer's revocation list."""
    issuer: str
    """URL of the issuer's certificate, DER."""
    ocsp: str = ""
    """URL of the OCSP service; empty: none."""


def name(*parts: tuple[ObjectIdentifier, str]) -> x509.Name:
    """A subject in encoding order, empty values left out."""
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts if value])


def authority_name(common_name: str, organisation: str) -> x509.Name:
    return name(
        (NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common_name)
    )


def signer_name(common_name: str, uid: str, locality: str, organisation: str = "") -> x509.Name:
    """Encoded C, L, O, CN, UID, so that its RFC 4514 text reads ``UID=…,CN=…,L=…,C=VN``.

    Args:
        organisation: empty for a person.
    """
    return name(
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.LOCALITY_NAME, locality[:64]),
        (NameOID.ORGANIZATION_NAME, organisation[:64]),
        (NameOID.COMMON_NAME, common_name[:64]),
        (NameOID.USER_ID, uid),
    )


def certificate(
    *,
    subject: x509.Name,
    public_key: PublicKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    serial: int,
    begins: datetime,
    ends: datetime,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    """Sign one certificate with SHA-256; key identifiers are added here.

    Args:
        begins: first second of validity, UTC.
        ends: last second of validity, UTC.
        extensions: each with its criticality.
    """
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(begins.astimezone(UTC))
        .not_valid_after(ends.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def key_usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{each: each in names for each in every})


def authority_extensions(path_length: int | None, links: Links | None) -> list[tuple[x509.ExtensionType, bool]]:
    """For the root (no links) and the issuing authority."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
    ]
    if links:
        extensions += [(_any_policy(), False), *_link_extensions(links)]
    return extensions


def signer_extensions(policy: str, links: Links) -> list[tuple[x509.ExtensionType, bool]]:
    """For persons and organisations: digital signature and non-repudiation, nothing else."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage("digital_signature", "content_commitment"), True),
        (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION, ADOBE_DOCUMENT_SIGNING]
            ),
            False,
        ),
        (_policy(policy), False),
        *_link_extensions(links),
    ]


def timestamp_extensions(links: Links) -> list[tuple[x509.ExtensionType, bool]]:
    """RFC 3161: time stamping is the only purpose, and critical."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        (_policy(TIMESTAMP_POLICY), False),
        *_link_extensions(links),
    ]


def responder_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """RFC 6960: a delegated responder whose own revocation nobody needs to ask for."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
    ]


def _policy(dotted: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(dotted), None)])


def _any_policy() -> x509.CertificatePolicies:
    return _policy("2.5.29.32.0")


def _link_extensions(links: Links) -> list[tuple[x509.ExtensionType, bool]]:
    described = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(links.issuer))
    ]
    if links.ocsp:
        described.insert(
            0, x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(links.ocsp))
        )
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(links.crl)], None, None, None)
    return [(x509.CRLDistributionPoints([point]), False), (x509.AuthorityInformationAccess(described), False)]
