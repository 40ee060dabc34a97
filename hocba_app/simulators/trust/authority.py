"""The certificate authority as a library: opens (or makes) a hierarchy in a folder, issues, revokes.

The trust service and the MySign simulator both open the same folder; neither needs the other to be running.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from hocba_app.simulators.trust import profiles
from hocba_app.simulators.trust.profiles import Links, PrivateKey, PublicKey
from hocba_app.simulators.trust.register import Register, Standing

LOCALITY = "TP. Hồ Chí Minh"
_YEAR = timedelta(days=365)


class Authority:
    """A root, one issuing authority below it, an OCSP responder and a time-stamp unit.

    Args:
        folder: where the register lies; made on first use, together with ``root.pem`` and ``chain.pem``.
        base_url: the trust service's address, written into every certificate issued from now on. Without one the
            address of the first start is used.
        timestamp_key: ``"ec"`` (P-256) or ``"rsa"`` (2048); the unit's key and certificate are kept per kind.
    """

    def __init__(self, folder: Path, base_url: str = "", *, timestamp_key: str = "ec") -> None:
        self.folder = Path(folder)
        self.register = Register(self.folder / "authority.db")
        with self.register.writing():
            stored = (self.register.part("base_url") or b"").decode()
            self.base_url = (base_url or stored).rstrip("/")
            if not self.base_url:
                raise ValueError("the first start needs the trust service's address")
            if stored != self.base_url:
                self.register.put_part("base_url", self.base_url.encode())
            self._open_hierarchy(timestamp_key)
        self._write_files()

    # --- issuing -------------------------------------------------------------------------------------------------

    def issue_person(
        self, common_name: str, uid: str, public_key: PublicKey, *, locality: str = LOCALITY,
        not_before: datetime | None = None, not_after: datetime | None = None,
    ) -> x509.Certificate:
        """A person's signing certificate.

        Args:
            common_name: full name, Vietnamese letters kept.
            uid: ``CCCD:`` + 12 digits or ``CMND:`` + 9 digits.
            public_key: of the key held for him.
            not_before: UTC; a day ago by default.
            not_after: UTC; three years after ``not_before`` by default.
        """
        subject = profiles.person_name(common_name, uid, locality)
        return self._issue_signer(subject, public_key, profiles.PERSON_POLICY, not_before, not_after)

    def issue_organisation(
        self, common_name: str, tax_code: str, public_key: PublicKey, *, locality: str = LOCALITY,
        not_before: datetime | None = None, not_after: datetime | None = None,
    ) -> x509.Certificate:
        """An organisation's certificate; its subject carries ``UID=MST:<tax code>``. Times as for a person."""
        subject = profiles.organisation_name(common_name, tax_code, locality)
        return self._issue_signer(subject, public_key, profiles.ORGANISATION_POLICY, not_before, not_after)

    def chain(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """The certificate, its issuer and the root."""
        return certificate, self.issuing, self.root

    # --- revocation ----------------------------------------------------------------------------------------------

    def revoke(self, serial: int, *, reason: str = "unspecified", at: datetime | None = None) -> None:
        """Revoke from ``at`` (now by default) on.

        Raises:
            KeyError: never issued here.
            ValueError: not a name in :class:`cryptography.x509.ReasonFlags`.
        """
        if reason not in x509.ReasonFlags.__members__:
            raise ValueError(reason)
        moment = (at or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        if not self.register.mark(serial, moment.isoformat(), reason):
            raise KeyError(serial)

    def reinstate(self, serial: int) -> None:
        """Lift a revocation (in truth possible after ``certificate_hold`` only; tests need it).

        Raises:
            KeyError: never issued here.
        """
        if not self.register.mark(serial, None, None):
            raise KeyError(serial)

    def standing(self, serial: int) -> Standing | None:
        """What the register says; None: never issued here."""
        return self.register.standing(serial)

    def close(self) -> None:
        self.register.close()

    # --- the hierarchy -------------------------------------------------------------------------------------------

    def _open_hierarchy(self, timestamp_key: str) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.root_key, self.root = self._part("root", lambda: self._make_root(now))
        self.issuing_key, self.issuing = self._part("issuing", lambda: self._make_issuing(now))
        self.responder_key, self.responder = self._part("responder", lambda: self._make_responder(now))
        self.timestamp_key, self.timestamp = self._part(
            f"timestamp-{timestamp_key}", lambda: self._make_timestamp(now, timestamp_key)
        )

    def _part(
        self, part: str, make: Callable[[], tuple[PrivateKey, x509.Certificate]]
    ) -> tuple[PrivateKey, x509.Certificate]:
        key_der, certificate_der = self.register.part(f"{part}.key"), self.register.part(f"{part}.crt")
        if key_der is not None and certificate_der is not None:
            return load_der_private_key(key_der, None), x509.load_der_x509_certificate(certificate_der)  # type: ignore[return-value]
        key, certificate = make()
        self.register.put_part(f"{part}.key", key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        self.register.put_part(f"{part}.crt", certificate.public_bytes(Encoding.DER))
        self._enter(certificate)
        return key, certificate

    def _make_root(self, now: datetime) -> tuple[PrivateKey, x509.Certificate]:
        key = rsa.generate_private_key(65537, 3072)
        subject = profiles.authority_name("Vietnam National Root CA (mô phỏng)", "Bộ Khoa học và Công nghệ (mô phỏng)")
        return key, profiles.certificate(
            subject=subject, public_key=key.public_key(), issuer=subject, issuer_key=key, serial=_serial(),
            begins=now - _YEAR, ends=now + 25 * _YEAR, extensions=profiles.authority_extensions(None, None),
        )

    def _make_issuing(self, now: datetime) -> tuple[PrivateKey, x509.Certificate]:
        key = rsa.generate_private_key(65537, 2048)
        links = Links(crl=f"{self.base_url}/crl/root.crl", issuer=f"{self.base_url}/certificates/root.cer")
        return key, profiles.certificate(
            subject=profiles.authority_name("MySign-CA SHA-256 (mô phỏng)", "Tập đoàn Viễn thông Quân đội (mô phỏng)"),
            public_key=key.public_key(), issuer=self.root.subject, issuer_key=self.root_key, serial=_serial(),
            begins=now - _YEAR, ends=now + 20 * _YEAR, extensions=profiles.authority_extensions(0, links),
        )

    def _make_responder(self, now: datetime) -> tuple[PrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        return key, profiles.certificate(
            subject=profiles.authority_name("OCSP Responder (mô phỏng)", "Tập đoàn Viễn thông Quân đội (mô phỏng)"),
            public_key=key.public_key(), issuer=self.issuing.subject, issuer_key=self.issuing_key, serial=_serial(),
            begins=now - _YEAR, ends=now + 15 * _YEAR, extensions=profiles.responder_extensions(),
        )

    def _make_timestamp(self, now: datetime, kind: str) -> tuple[PrivateKey, x509.Certificate]:
        if kind not in ("ec", "rsa"):
            raise ValueError(kind)
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        return key, profiles.certificate(
            subject=profiles.authority_name("Time Stamp Unit (mô phỏng)", "Tập đoàn Viễn thông Quân đội (mô phỏng)"),
            public_key=key.public_key(), issuer=self.issuing.subject, issuer_key=self.issuing_key, serial=_serial(),
            begins=now - _YEAR, ends=now + 15 * _YEAR, extensions=profiles.timestamp_extensions(self._links()),
        )

    def _links(self) -> Links:
        return Links(
            crl=f"{self.base_url}/crl/issuing.crl", issuer=f"{self.base_url}/certificates/issuing.cer",
            ocsp=f"{self.base_url}/ocsp",
        )

    def _issue_signer(
        self, subject: x509.Name, public_key: PublicKey, policy: str, begins: datetime | None, ends: datetime | None
    ) -> x509.Certificate:
        begins = begins or datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        certificate = profiles.certificate(
            subject=subject, public_key=public_key, issuer=self.issuing.subject, issuer_key=self.issuing_key,
            serial=_serial(), begins=begins, ends=ends or begins + 3 * _YEAR,
            extensions=profiles.signer_extensions(policy, self._links()),
        )
        self._enter(certificate)
        return certificate

    def _enter(self, certificate: x509.Certificate) -> None:
        self.register.add(
            certificate.serial_number, certificate.subject.rfc4514_string(), certificate.not_valid_before_utc.isoformat(),
            certificate.not_valid_after_utc.isoformat(), certificate.public_bytes(Encoding.DER),
        )

    def _write_files(self) -> None:
        root, issuing = (each.public_bytes(Encoding.PEM) for each in (self.root, self.issuing))
        for file, content in (("root.pem", root), ("chain.pem", issuing + root)):
            path = self.folder / file
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)


def _serial() -> int:
    """16 random octets, the first bit clear: positive and never twice."""
    return int.from_bytes(secrets.token_bytes(16), "big") >> 1 | 1 << 120
