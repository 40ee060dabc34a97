"""A signer's certificate before it is used: his own, valid, trusted, not revoked – or refused with how to mend it.

Paths and revocation are judged as in a verdict (`pki.trusted_path`, `pki.revocation_sources`); what was checked is kept as
evidence with the signature (Circular 15/2025/TT-BKHCN).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki.revocation_sources import fetch_evidence
from hocba_app.pki.trusted_path import Purpose, trusted_paths

_UID = NameOID.USER_ID
_PERSON = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)?[:_\-]?\s*(\d{9}|\d{12})\Z", re.IGNORECASE)
_PERSONAL = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)[:_\-]?\s*\d", re.IGNORECASE)
_ORGANISATION = re.compile(r"MST[:_\-]?\s*(\d{10}(?:-?\d{3})?)\Z", re.IGNORECASE)
WARN_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was checked, when, and with which answers."""

    chain: tuple[bytes, ...]
    """DER, signer first, root last."""
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    checked_at: datetime
    result: str = "good"

    def dumps(self) -> bytes:
        """JSON, for the evidence table."""
        return json.dumps(
            {
                "chain": [b64encode(item).decode() for item in self.chain],
                "ocsps": [b64encode(item).decode() for item in self.ocsps],
                "crls": [b64encode(item).decode() for item in self.crls],
                "checked_at": self.checked_at.isoformat(), "result": self.result,
            }
        ).encode()

    @classmethod
    def loads(cls, data: bytes) -> Evidence:
        """Read what :meth:`dumps` wrote."""
        shape = json.loads(data)
        chain, ocsps, crls = (tuple(b64decode(item) for item in shape[key]) for key in ("chain", "ocsps", "crls"))
        return cls(chain, ocsps, crls, datetime.fromisoformat(shape["checked_at"]), shape["result"])


@lru_cache(maxsize=1024)
def _parsed(certificate: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate)


def subject_id_numbers(certificate: bytes) -> tuple[str, ...]:
    """Personal id numbers (12-digit, or old 9-digit) in the subject's UID, whatever the prefix (CCCD, CMND)."""
    return tuple(found.group(1) for text in _uids(certificate) if (found := _PERSON.match(text)))


def subject_tax_code(certificate: bytes) -> str | None:
    """The organisation's MST in the subject's UID, or None for a person's certificate, also one that names his organisation."""
    uids = _uids(certificate)
    if any(_PERSONAL.match(text) for text in uids):
        return None
    return next((found.group(1) for text in uids if (found := _ORGANISATION.match(text))), None)


def _uids(certificate: bytes) -> list[str]:
    subject = _parsed(certificate).subject
    return [str(entry.value) for entry in (*subject.get_attributes_for_oid(_UID), *subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER))]


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """First and last instant of a certificate's validity, UTC."""
    parsed = _parsed(certificate)
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def check_signer(
    chain: Sequence[bytes],
    *,
    trust_roots: Sequence[bytes],
    at: datetime,
    id_numbers: Sequence[str] | None = None,
    tax_code: str | None = None,
    client: httpx.Client | None = None,
) -> Evidence:
    """Check a signer's certificate for use now.

    Args:
        chain: DER, signer first.
        trust_roots: DER.
        at: the present instant, UTC.
        id_numbers: of the assigned person; one of them must be in the subject.
        tax_code: of the school, for the seal.

    Raises:
        HocbaError: CERTIFICATE_NOT_OWN, CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, CERTIFICATE_UNTRUSTED,
            CERTIFICATE_REVOKED, REVOCATION_UNKNOWN.
    """
    signer = bytes(chain[0])
    require_own(signer, id_numbers=id_numbers, tax_code=tax_code)
    begins, ends = validity(signer)
    if at > ends:
        raise HocbaError(ErrorCode.CERTIFICATE_EXPIRED, date=ends.strftime("%d/%m/%Y"))
    if at < begins:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_YET_VALID, date=begins.strftime("%d/%m/%Y"))
    return _evidence(chain, trust_roots, at, "signer", client)


def check_authority(chain: Sequence[bytes], *, trust_roots: Sequence[bytes], at: datetime, client: httpx.Client | None = None) -> Evidence:
    """The same evidence for a time-stamp unit's chain, for the archive.

    Args:
        chain: DER, the unit first.

    Raises:
        HocbaError: CERTIFICATE_UNTRUSTED, CERTIFICATE_REVOKED, REVOCATION_UNKNOWN.
    """
    return _evidence(chain, trust_roots, at, "timestamp", client)


def _evidence(
    chain: Sequence[bytes], roots: Sequence[bytes], at: datetime, purpose: Purpose, client: httpx.Client | None
) -> Evidence:
    """The first trusted path that is shown not revoked; an unanswered one does not hide another that is answered."""
    paths = trusted_paths(bytes(chain[0]), chain[1:], roots, at, purpose=purpose)
    if not paths:
        raise HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED)
    problem: HocbaError | None = None
    for path in paths:
        try:
            ocsps, crls = fetch_evidence(path, at, client)
        except HocbaError as error:
            if error.code is ErrorCode.CERTIFICATE_REVOKED or problem is None:
                problem = error
        else:
            return Evidence(chain=path, ocsps=ocsps, crls=crls, checked_at=at)
    raise problem or HocbaError(ErrorCode.REVOCATION_UNKNOWN)


def require_own(certificate: bytes, *, id_numbers: Sequence[str] | None = None, tax_code: str | None = None) -> None:
    """The certificate is the assigned person's own, or the school's (workflow rule 9).

    Raises:
        HocbaError: CERTIFICATE_NOT_OWN.
    """
    if tax_code is not None:
        own = bool(tax_code) and subject_tax_code(certificate) == tax_code
    else:
        own = bool(set(id_numbers or ()) & set(subject_id_numbers(certificate)))
    if not own:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_OWN)


def days_left(certificate: bytes, at: datetime | None = None) -> int:
    """Whole days until the certificate expires; negative once it has."""
    return (validity(certificate)[1] - (at or datetime.now(UTC))).days
