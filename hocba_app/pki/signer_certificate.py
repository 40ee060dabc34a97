"""A signer's certificate before it is used: his own, valid, trusted, not revoked – or refused with how to mend it.

Paths and revocation are judged as in a verdict (`pki.trusted_path`, `pki.revocation_sources`); what was checked is kept as
evidence with the signature (Circular 15/2025/TT-BKHCN).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocba_app.domain.clock import utc_now
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki.revocation_sources import fetch_evidence
from hocba_app.pki.subjects import subject_of
from hocba_app.pki.trusted_path import Purpose, trusted_paths

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
                "checked_at": self.checked_at.isoformat(),
                "result": self.result,
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


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """First and last instant of a certificate's validity, UTC."""
    parsed = _parsed(certificate)
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def check_good(
    chain: Sequence[bytes], *, trust_roots: Sequence[bytes], at: datetime, client: httpx.Client | None = None
) -> Evidence:
    """Check a certificate for use now, whosever it is: whether a slot demands it is asked of `recordfile.demands.fit_of`.

    Raises:
        HocbaError: CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, CERTIFICATE_UNTRUSTED, CERTIFICATE_REVOKED, REVOCATION_UNKNOWN.
    """
    signer = bytes(chain[0])
    begins, ends = validity(signer)
    if at > ends:
        raise HocbaError(ErrorCode.CERTIFICATE_EXPIRED, date=ends.strftime("%d/%m/%Y"))
    if at < begins:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_YET_VALID, date=begins.strftime("%d/%m/%Y"))
    return _evidence(chain, trust_roots, at, "signer", client)


def check_authority(
    chain: Sequence[bytes], *, trust_roots: Sequence[bytes], at: datetime, client: httpx.Client | None = None
) -> Evidence:
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
        own = bool(tax_code) and subject_of(certificate).tax_code == tax_code
    else:
        own = bool(set(id_numbers or ()) & set(subject_of(certificate).id_numbers))
    if not own:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_OWN)


def days_left(certificate: bytes, at: datetime | None = None) -> int:
    """Whole days until the certificate expires; negative once it has."""
    return (validity(certificate)[1] - (at or utc_now())).days


def certificates_of(path: Path) -> tuple[bytes, ...]:
    """The certificates in a PEM file, DER.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds none.
    """
    return tuple(item.public_bytes(Encoding.DER) for item in x509.load_pem_x509_certificates(path.read_bytes()))
