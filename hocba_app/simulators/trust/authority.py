"""The practice PKI: generated once into a folder, then loaded; issues certificates for persons and organisations."""

from __future__ import annotations

import json
import os
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

_HASH = hashes.SHA256()
_POLICY = ObjectIdentifier("1.3.6.1.4.1.13337.1.1")
_NAMES = {
    "root": "Vietnam National Root CA (practice)",
    "ca": "Viettel-CA (practice)",
    "ocsp": "Viettel-CA OCSP (practice)",
    "tsa": "Viettel Time Stamp Unit (practice)",
}


@dataclass(frozen=True)
class Pair:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class Authority:
    """The PKI in one folder, shared by the trust service and whoever issues through it.

    Args:
        folder: where keys, certificates and the list of revocations lie.
        url: base URL of the trust service, written into certificates (OCSP, CRL, issuer).
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url.rstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.root = self._load_or_make("root", None, years=40, ca=True)
        self.ca = self._load_or_make("ca", self.root, years=25, ca=True)
        self.ocsp = self._load_or_make("ocsp", self.ca, years=20, usage=ExtendedKeyUsageOID.OCSP_SIGNING)
        self.tsa = self._load_or_make("tsa", self.ca, years=20, usage=ExtendedKeyUsageOID.TIME_STAMPING)

    # --- issuing -------------------------------------------------------------------------------------------------

    def issue(
        self, *, uid: str, common_name: str, public_key: Any, place: str = "TP. Hồ Chí Minh", organisation: str | None = None,
        not_before: datetime | None = None, not_after: datetime | None = None,
    ) -> x509.Certificate:
        """Issue a signer's certificate.

        Args:
            uid: subject UID, ``CCCD:079…``, ``CMND:…`` or ``MST:…``.
            common_name: a person's or an organisation's name.
            organisation: subject O, for an organisation.
        """
        names = [x509.NameAttribute(NameOID.USER_ID, uid), x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]
        if organisation:
            names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]))
        names += [x509.NameAttribute(NameOID.LOCALITY_NAME, place[:64]), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            self._builder(x509.Name(names), self.ca.certificate.subject, public_key)
            .not_valid_before(not_before or now - timedelta(days=30))
            .not_valid_after(not_after or now + timedelta(days=3 * 365))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signing=True), critical=True)
            .add_extension(x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), critical=False)
        )
        return self._with_services(builder, self.ca).sign(self.ca.key, _HASH)

    def chain(self, certificate: x509.Certificate) -> list[bytes]:
        """Certificate, issuing CA, root; DER."""
        return [certificate.public_bytes(Encoding.DER), self.ca.der, self.root.der]

    # --- revocation ----------------------------------------------------------------------------------------------

    def revoke(self, serial_number: int) -> None:
        """Revoke a certificate as of now; OCSP and CRL say so at once."""
        with self._lock:
            revoked = self.revocations()
            revoked.setdefault(str(serial_number), datetime.now(UTC).isoformat())
            self._write("revoked.json", json.dumps(revoked).encode())

    def revocations(self) -> dict[str, str]:
        """Serial number → instant, ISO 8601."""
        path = self.folder / "revoked.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def crl(self, issuer: Pair) -> bytes:
        """The present CRL of the CA or the root."""
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now - timedelta(minutes=1))
            .next_update(now + timedelta(days=1))
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        if issuer is self.ca:
            for serial, instant in self.revocations().items():
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(int(serial))
                    .revocation_date(datetime.fromisoformat(instant))
                    .build()
                )
        return builder.sign(issuer.key, _HASH).public_bytes(Encoding.DER)

    # --- the PKI itself ------------------------------------------------------------------------------------------

    def _load_or_make(
        self, name: str, issuer: Pair | None, *, years: int, ca: bool = False, usage: ObjectIdentifier | None = None
    ) -> Pair:
        path = self.folder / f"{name}.pem"
        if path.exists():
            data = path.read_bytes()
            key = load_pem_private_key(data, None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return Pair(key, x509.load_pem_x509_certificate(data[data.index(b"-----BEGIN CERTIFICATE") :]))
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAMES[name]), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")])
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            self._builder(subject, issuer.certificate.subject if issuer else subject, key.public_key())
            .not_valid_before(now - timedelta(days=2 * 365))
            .not_valid_after(now + timedelta(days=years * 365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_key_usage(signing=not ca), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=usage == ExtendedKeyUsageOID.TIME_STAMPING)
        if usage == ExtendedKeyUsageOID.OCSP_SIGNING:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        elif issuer is not None:
            builder = self._with_services(builder, issuer)
        pair = Pair(key, builder.sign(issuer.key if issuer else key, _HASH))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write(f"{name}.pem", private + pair.certificate.public_bytes(Encoding.PEM))
        return pair

    def _builder(self, subject: x509.Name, issuer: x509.Name, public_key: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(secrets.randbits(120))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )

    def _with_services(self, builder: x509.CertificateBuilder, issuer: Pair) -> x509.CertificateBuilder:
        name = "root" if issuer.certificate.issuer == issuer.certificate.subject else "ca"
        access = [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{self.url}/ocsp")),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(f"{self.url}/{name}.cer")),
        ]
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.url}/{name}.crl")], None, None, None)]
        return (
            builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
            .add_extension(x509.CRLDistributionPoints(points), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )

    def _write(self, name: str, data: bytes) -> None:
        partial = self.folder / f".{name}"
        partial.write_bytes(data)
        os.chmod(partial, 0o600)
        partial.replace(self.folder / name)


def _key_usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing, content_commitment=signing, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=not signing, crl_sign=not signing, encipher_only=False, decipher_only=False,
    )
