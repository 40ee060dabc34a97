"""The certificate authority as a library: opens (or makes) a hierarchy in a folder, issues, revokes.

The trust service and the MySign simulator both open the same folder; neither needs the other to be running.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
ORGANISATION = "Chứng thư số mô phỏng"
_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Pair:
    """A key and its certificate."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Lifetimes:
    """Years from their making until the certificates of the hierarchy end. Responders and units are followed by others while
    a fifth of their time is left."""

    root: int = 40
    issuing: int = 25
    responder: int = 20
    unit: int = 20


class Authority:
    """A root, one issuing authority below it, an OCSP responder of each and a time-stamp unit.

    A responder or a unit that is about to end is followed by another with a key of its own, as real authorities do it.

    Args:
        folder: where the register lies; made on first use, together with ``root.pem`` and ``chain.pem``.
        base_url: the trust service's address, written into every certificate issued from now on. Without one the
            address of the first start is used.
        timestamp_key: ``"ec"`` (P-256) or ``"rsa"`` (2048); the unit's key and certificate are kept per kind.
        name: of the hierarchy, so that two can be told apart.
        lifetimes: of what is made from now on.
        issuing_bits: of the issuing authority's RSA key.
        clock: tells the time, UTC; the machine's by default.
    """

    def __init__(
        self,
        folder: Path,
        base_url: str = "",
        *,
        timestamp_key: str = "ec",
        name: str = "",
        lifetimes: Lifetimes | None = None,
        issuing_bits: int = 3072,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self._name, self._lifetimes, self._issuing_bits = (
            f" {name}" if name else "",
            lifetimes or Lifetimes(),
            issuing_bits,
        )
        self._clock, self._timestamp_key = clock, timestamp_key
        self._current: dict[str, Pair] = {}
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

    def issue(
        self,
        *,
        uid: str,
        common_name: str,
        public_key: PublicKey,
        organisation: str | None = None,
        place: str = LOCALITY,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> x509.Certificate:
        """Issue a signer's certificate and enter it in the register.

        Args:
            uid: subject UID: ``CCCD:`` + 12 digits, ``CMND:`` + 9 digits, or ``MST:`` + tax code.
            common_name: a person's or an organisation's name, Vietnamese letters kept.
            public_key: of the key held for the subject.
            organisation: subject O; given for an organisation only.
            not_before: UTC; a day ago by default.
            not_after: UTC; three years after ``not_before`` by default.
        """
        begins = not_before or self.now() - timedelta(days=1)
        policy = profiles.ORGANISATION_POLICY if organisation else profiles.PERSON_POLICY
        certificate = profiles.certificate(
            subject=profiles.signer_name(common_name, uid, place, organisation or ""),
            public_key=public_key,
            issuer=self.ca.certificate.subject,
            issuer_key=self.ca.key,
            serial=_serial(),
            begins=begins,
            ends=not_after or begins + 3 * _YEAR,
            extensions=profiles.signer_extensions(policy, self._links()),
        )
        self._enter(certificate)
        return certificate

    def issue_person(self, common_name: str, uid: str, public_key: PublicKey, **rest: Any) -> x509.Certificate:
        """As :meth:`issue`, for a person."""
        return self.issue(uid=uid, common_name=common_name, public_key=public_key, **rest)

    def issue_organisation(
        self, common_name: str, tax_code: str, public_key: PublicKey, **rest: Any
    ) -> x509.Certificate:
        """As :meth:`issue`, for an organisation: O and CN are its name, UID its MST."""
        return self.issue(
            uid=f"MST:{tax_code}", common_name=common_name, organisation=common_name, public_key=public_key, **rest
        )

    def chain(self, certificate: x509.Certificate) -> list[bytes]:
        """The certificate, its issuer and the root; DER."""
        return [certificate.public_bytes(Encoding.DER), self.ca.der, self.root.der]

    # --- revocation ----------------------------------------------------------------------------------------------

    def revoke(self, serial: int, *, reason: str = "unspecified", at: datetime | None = None) -> None:
        """Revoke from ``at`` (now by default) on.

        Raises:
            KeyError: never issued here.
            ValueError: not a name in :class:`cryptography.x509.ReasonFlags`.
        """
        if reason not in x509.ReasonFlags.__members__:
            raise ValueError(reason)
        moment = (at or self.now()).astimezone(UTC).replace(microsecond=0)
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

    def revocations(self) -> dict[str, str]:
        """Serial number (decimal) of every revoked certificate → since when, ISO 8601."""
        return {str(each.serial): each.revoked_at or "" for each in self.register.revoked()}

    # --- the hierarchy -------------------------------------------------------------------------------------------

    def _open_hierarchy(self, timestamp_key: str) -> None:
        if timestamp_key not in ("ec", "rsa"):
            raise ValueError(timestamp_key)
        years = self._lifetimes
        self.root = self._part(
            "root",
            "Vietnam National Root CA (mô phỏng)",
            None,
            profiles.authority_extensions(None, None),
            years=years.root,
            rsa_bits=3072,
        )
        links = Links(
            f"{self.base_url}/crl/root.crl", f"{self.base_url}/certificates/root.cer", f"{self.base_url}/ocsp"
        )
        self.ca = self._part(
            "ca",
            "MySign-CA SHA-256 (mô phỏng)",
            self.root,
            profiles.authority_extensions(0, links),
            years=years.issuing,
            rsa_bits=self._issuing_bits,
        )
        _ = self.root_ocsp, self.ocsp, self.tsa

    @property
    def root_ocsp(self) -> Pair:
        """The root's responder, now. One of its own for each issuer: pyHanko's AdES engine cannot follow an answer the root signs itself."""
        years, extensions = self._lifetimes.responder, profiles.responder_extensions()
        return self._followed("root-ocsp", "National Root OCSP (mô phỏng)", self.root, extensions, years=years)

    @property
    def ocsp(self) -> Pair:
        """The issuing authority's responder, now."""
        years, extensions = self._lifetimes.responder, profiles.responder_extensions()
        return self._followed("ocsp", "MySign-CA OCSP (mô phỏng)", self.ca, extensions, years=years)

    @property
    def tsa(self) -> Pair:
        """The time-stamp unit, now."""
        return self._followed(
            f"tsa-{self._timestamp_key}",
            "Time Stamp Unit (mô phỏng)",
            self.ca,
            profiles.timestamp_extensions(self._links()),
            years=self._lifetimes.unit,
            rsa_bits=2048 if self._timestamp_key == "rsa" else 0,
        )

    def now(self) -> datetime:
        """The time, to the second, UTC."""
        return (self._clock() if self._clock else datetime.now(UTC)).replace(microsecond=0)

    def _followed(
        self,
        part: str,
        common_name: str,
        issuer: Pair,
        extensions: list[tuple[x509.ExtensionType, bool]],
        *,
        years: int,
        rsa_bits: int = 0,
    ) -> Pair:
        """The member that is in use now; one that is about to end is followed by another."""
        pair, number, now = self._current.get(part), 1, self.now()
        if (
            pair is not None and pair.certificate.not_valid_before_utc > now
        ):  # the clock was set back: its predecessors are used again
            pair = None
        while pair is None or pair.certificate.not_valid_after_utc - years * _YEAR / 5 <= now:
            with self.register.writing():
                name = part if number == 1 else f"{part}-{number}"
                pair = self._part(
                    name, common_name, issuer, extensions, years=years, rsa_bits=rsa_bits, follows=number > 1
                )
                if (
                    pair.certificate.not_valid_before_utc > now
                ):  # made when the clock was later: one of its own for this day
                    pair = self._part(
                        f"{part}-{now:%Y%m%d}",
                        common_name,
                        issuer,
                        extensions,
                        years=years,
                        rsa_bits=rsa_bits,
                        follows=True,
                    )
            number += 1
        self._current[part] = pair
        return pair

    def _part(
        self,
        part: str,
        common_name: str,
        issuer: Pair | None,
        extensions: list[tuple[x509.ExtensionType, bool]],
        *,
        years: int,
        rsa_bits: int = 0,
        follows: bool = False,
    ) -> Pair:
        """One member of the hierarchy, made if the register does not hold it yet. No RSA size: a P-256 key."""
        key_der, certificate_der = self.register.part(f"{part}.key"), self.register.part(f"{part}.crt")
        if key_der is not None and certificate_der is not None:
            return Pair(load_der_private_key(key_der, None), x509.load_der_x509_certificate(certificate_der))  # type: ignore[arg-type] # of the two kinds made here
        key: PrivateKey = (
            rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
        )
        now = self.now()
        subject = profiles.authority_name(common_name, ORGANISATION + self._name)
        certificate = profiles.certificate(
            subject=subject,
            public_key=key.public_key(),
            issuer=issuer.certificate.subject if issuer else subject,
            issuer_key=issuer.key if issuer else key,
            serial=_serial(),
            begins=now - (timedelta(days=1) if follows else 2 * _YEAR),
            ends=now + years * _YEAR,
            extensions=extensions,
        )
        self.register.put_part(f"{part}.key", key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        self.register.put_part(f"{part}.crt", certificate.public_bytes(Encoding.DER))
        self._enter(certificate)
        return Pair(key, certificate)

    def _links(self) -> Links:
        return Links(
            crl=f"{self.base_url}/crl/ca.crl",
            issuer=f"{self.base_url}/certificates/ca.cer",
            ocsp=f"{self.base_url}/ocsp",
        )

    def _enter(self, certificate: x509.Certificate) -> None:
        self.register.add(
            certificate.serial_number,
            certificate.subject.rfc4514_string(),
            certificate.not_valid_before_utc.isoformat(),
            certificate.not_valid_after_utc.isoformat(),
            certificate.public_bytes(Encoding.DER),
        )

    def _write_files(self) -> None:
        root, issuing = (each.certificate.public_bytes(Encoding.PEM) for each in (self.root, self.ca))
        for file, content in (("root.pem", root), ("chain.pem", issuing + root)):
            path = self.folder / file
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)


def _serial() -> int:
    """16 random octets, the first bit clear: positive and never twice."""
    return int.from_bytes(secrets.token_bytes(16), "big") >> 1 | 1 << 120
