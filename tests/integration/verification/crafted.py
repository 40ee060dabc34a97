"""Certificates, answers, tokens and signatures that an honest authority would never make, for attacks on the verdict."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bench.sealed_record import Signer, World
from hocba_app.simulators.trust.profiles import PrivateKey, authority_name, key_usage, signer_name

Extension = tuple[x509.ExtensionType, bool]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issuer:
    """An authority, and the certificates from it up to the root."""

    key: PrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[bytes, ...]:
        return tuple(der(item) for item in (self.certificate, *self.above))


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def root_of(world: World) -> Issuer:
    return Issuer(world.authority.root.key, world.authority.root.certificate)


def issuing(world: World) -> Issuer:
    return Issuer(world.authority.ca.key, world.authority.ca.certificate, (world.authority.root.certificate,))


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


AUTHORITY: tuple[Extension, ...] = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (key_usage("key_cert_sign", "crl_sign"), True),
)
SIGNER: tuple[Extension, ...] = (
    (x509.BasicConstraints(ca=False, path_length=None), True),
    (key_usage("digital_signature", "content_commitment"), True),
)
UNIT: tuple[Extension, ...] = (*SIGNER, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True))
RESPONDER: tuple[Extension, ...] = (
    (x509.BasicConstraints(ca=False, path_length=None), True),
    (key_usage("digital_signature"), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
    (x509.OCSPNoCheck(), False),
)


def issue(
    issuer: Issuer | None,
    subject: x509.Name,
    key: PrivateKey,
    extensions: Iterable[Extension],
    *,
    begins: datetime | None = None,
    ends: datetime | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> x509.Certificate:
    """Sign a certificate with nothing in it but what is asked for; without an issuer it signs itself."""
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(120) | 1)
        .not_valid_before(begins or now - DAY)
        .not_valid_after(ends or now + 1000 * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key if issuer else key, algorithm or hashes.SHA256())


def authority(
    above: Issuer | None,
    extensions: Iterable[Extension] = AUTHORITY,
    *,
    name: x509.Name | None = None,
    **validity: datetime,
) -> Issuer:
    """An authority below another, or by itself."""
    key = new_key()
    certificate = issue(
        above, name or authority_name(f"CA {secrets.token_hex(3)}", "Thử nghiệm"), key, extensions, **validity
    )
    return Issuer(key, certificate, (above.certificate, *above.above) if above else ())


def namesake(world: World) -> Issuer:
    """Another key under the issuing authority's name, vouched for by nobody."""
    return authority(None, name=world.authority.ca.certificate.subject)


def person(
    issuer: Issuer,
    like: Signer,
    extensions: Iterable[Extension] = SIGNER,
    *,
    key: rsa.RSAPrivateKey | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    subject: x509.Name | None = None,
    **validity: datetime,
) -> Signer:
    """A certificate for the holder of an honest one, by another issuer."""
    held = key or like.key
    named = subject or signer_name(like.name, f"CCCD:{like.number}", "Hà Nội")
    return Signer(
        like.name,
        like.number,
        held,
        (der(issue(issuer, named, held, extensions, algorithm=algorithm, **validity)), *issuer.chain),
    )


def answer(
    certificate: bytes,
    issuer: x509.Certificate,
    responder: Issuer,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    this_update: datetime | None = None,
    next_update: datetime | None = None,
    endless: bool = False,
    revoked_at: datetime | None = None,
    carried: Sequence[x509.Certificate] | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An OCSP answer about a certificate, signed by whoever is given."""
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            x509.load_der_x509_certificate(certificate),
            issuer,
            hashes.SHA1(),
            status,
            this_update or now - DAY,
            None if endless else next_update or now + DAY,
            revoked_at,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    )
    shown = [responder.certificate] if carried is None else list(carried)
    if shown:
        builder = builder.certificates(shown)
    return builder.sign(responder.key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(
    signed_by: PrivateKey,
    name: x509.Name,
    *,
    serials: Sequence[int] = (),
    extensions: Iterable[Extension] = (),
    last: datetime | None = None,
    following: datetime | None = None,
    revoked_at: datetime | None = None,
) -> bytes:
    """A CRL in somebody's name."""
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(last or now - DAY)
        .next_update(following or now + DAY)
    )
    for extension, critical in ((x509.CRLNumber(7), False), *extensions):
        builder = builder.add_extension(extension, critical=critical)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked_at or now - DAY)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signed_by, hashes.SHA256()).public_bytes(Encoding.DER)


def resigned(
    signed: bytes, key: PrivateKey, change: Callable[[asn1_cms.SignedData], None], *, digest: str = "sha256"
) -> bytes:
    """A CMS or a time-stamp token changed and signed again by its own key: its signature value holds.

    Args:
        change: acts on the signed data; a content that is inside is hashed anew afterwards.
        digest: for the signature value.
    """
    info = asn1_cms.ContentInfo.load(signed, strict=True).copy()
    data = info["content"]
    change(data)
    for signer in data["signer_infos"]:
        attributes = signer["signed_attrs"]
        inside = data["encap_content_info"]["content"]
        if inside.native is not None:
            for attribute in attributes:
                if attribute["type"].native == "message_digest":
                    attribute["values"] = [
                        hashlib.new(signer["digest_algorithm"]["algorithm"].native, bytes(inside)).digest()
                    ]
        message = asn1_cms.CMSAttributes(list(attributes)).dump()
        chosen = getattr(hashes, digest.upper())()
        if signer["signature_algorithm"].signature_algo == "rsassa_pss":
            assert isinstance(key, rsa.RSAPrivateKey)
            length = signer["signature_algorithm"]["parameters"]["salt_length"].native
            signer["signature"] = key.sign(message, padding.PSS(padding.MGF1(chosen), length), chosen)
        elif isinstance(key, rsa.RSAPrivateKey):
            signer["signature"] = key.sign(message, padding.PKCS1v15(), chosen)
        else:
            signer["signature"] = key.sign(message, ec.ECDSA(chosen))
    return info.dump()  # force=True takes for ever where a token is inside


def with_tax_code(like: Signer, tax_code: str) -> x509.Name:
    """A person who belongs to an organisation: the subject has both numbers."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, like.name),
            x509.NameAttribute(NameOID.USER_ID, f"CCCD:{like.number}"),
            x509.NameAttribute(NameOID.USER_ID, f"MST:{tax_code}"),
        ]
    )
