"""A signer's certificate before it is used: his own, valid, trusted, not revoked – or refused with how to mend it.

Chains are built cryptographically, never by comparing names; what was checked is kept as evidence with the signature
(Circular 15/2025/TT-BKHCN).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import httpx
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

from hocba_app.bounded_http import MEGABYTE, BoundedClient
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki.http_pool import trusted_roots

_UID = NameOID.USER_ID
_PERSON = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)?[:_\-]?\s*(\d{9}|\d{12})\Z", re.IGNORECASE)
_PERSONAL = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)[:_\-]?\s*\d", re.IGNORECASE)
_ORGANISATION = re.compile(r"MST[:_\-]?\s*(\d{10}(?:-?\d{3})?)\Z", re.IGNORECASE)
TIMEOUT = 8.0
MOST_OCSP_BYTES, MOST_CRL_BYTES = 256 * 1024, 32 * MEGABYTE
"""Of one answer; the list of a national authority has some megabytes."""
FRESH_FOR = timedelta(minutes=10)
SAME_FOR, _KEPT = timedelta(minutes=1), 1024
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
    path = _build_path(tuple(chain), tuple(trust_roots), at)
    ocsps, crls = _revocation(path, at, client)
    _validate(path, trust_roots, ocsps, crls, at)
    return Evidence(chain=path, ocsps=ocsps, crls=crls, checked_at=at)


def check_authority(chain: Sequence[bytes], *, trust_roots: Sequence[bytes], at: datetime, client: httpx.Client | None = None) -> Evidence:
    """The same evidence for a time-stamp authority's chain, for the archive.

    Raises:
        HocbaError: CERTIFICATE_UNTRUSTED, REVOCATION_UNKNOWN.
    """
    path = _build_path(tuple(chain), tuple(trust_roots), at)
    ocsps, crls = _revocation(path, at, client)
    return Evidence(chain=path, ocsps=ocsps, crls=crls, checked_at=at)


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


def _build_path(chain: tuple[bytes, ...], roots: tuple[bytes, ...], at: datetime) -> tuple[bytes, ...]:
    """Signer to root, each link a verified signature."""
    others = {(certificate.subject.public_bytes()): certificate for certificate in map(_parsed, chain[1:])}
    anchors = {certificate.subject.public_bytes(): certificate for certificate in map(_parsed, roots)}
    path, current = [chain[0]], _parsed(chain[0])
    while len(path) < 6:
        issuer_name = current.issuer.public_bytes()
        issuer = anchors.get(issuer_name) or others.get(issuer_name)
        if issuer is None:
            break
        try:
            current.verify_directly_issued_by(issuer)
        except Exception as error:  # any failure of the link means the same: not trusted
            raise HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED) from error
        path.append(issuer.public_bytes(Encoding.DER))
        if issuer_name in anchors:
            return tuple(path)
        current = issuer
    raise HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED)


_cache: dict[tuple[bytes, str], tuple[datetime, bytes]] = {}


def _revocation(path: tuple[bytes, ...], at: datetime, client: httpx.Client | None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """OCSP for each certificate but the root, else its CRL; answers are reused for a few minutes."""
    ocsps, crls = [], []
    for certificate, issuer in itertools.pairwise(path):
        answer, listed = _cached(certificate, "ocsp", at), _cached(certificate, "crl", at)
        if answer is None:
            with nullcontext(client) if client else BoundedClient(timeout=TIMEOUT, most_bytes=MOST_CRL_BYTES, verify=trusted_roots()) as asked:
                answer = _ask_ocsp(asked, certificate, issuer, at)
                if answer is None:
                    listed = listed or _fetch_crl(asked, certificate, at)
        if answer is not None:
            ocsps.append(answer)
        elif listed is not None:
            crls.append(listed)
        else:
            raise HocbaError(ErrorCode.REVOCATION_UNKNOWN)
    return tuple(ocsps), tuple(dict.fromkeys(crls))


def _cached(certificate: bytes, kind: str, at: datetime) -> bytes | None:
    """An answer fetched lately; one from a later moment (the clock was set back) is none: it would never grow old."""
    entry = _cache.get((certificate, kind))
    return entry[1] if entry is not None and timedelta(0) <= at - entry[0] < FRESH_FOR else None


def _ask_ocsp(client: httpx.Client, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
    url = _ocsp_url(_parsed(certificate))
    if url is None:
        return None
    request = ocsp.OCSPRequestBuilder().add_certificate(_parsed(certificate), _parsed(issuer), hashes.SHA1()).build()  # noqa: S303
    try:
        answer = client.post(url, content=request.public_bytes(Encoding.DER), headers={"Content-Type": "application/ocsp-request"}, extensions={"most_bytes": MOST_OCSP_BYTES})
        answer.raise_for_status()
        if ocsp.load_der_ocsp_response(answer.content).response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
    except (httpx.HTTPError, ValueError):
        return None
    _cache[certificate, "ocsp"] = (at, answer.content)
    return answer.content


def _fetch_crl(client: httpx.Client, certificate: bytes, at: datetime) -> bytes | None:
    for url in _crl_urls(_parsed(certificate)):
        try:
            answer = client.get(url)
            answer.raise_for_status()
            x509.load_der_x509_crl(answer.content)
        except (httpx.HTTPError, ValueError):
            continue
        _cache[certificate, "crl"] = (at, answer.content)
        return answer.content
    return None


def _ocsp_url(certificate: x509.Certificate) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
    except x509.ExtensionNotFound:
        return None
    return next(
        (entry.access_location.value for entry in access if entry.access_method == AuthorityInformationAccessOID.OCSP), None  # type: ignore[attr-defined]
    )


def _crl_urls(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for point in points for name in point.full_name or ()]  # type: ignore[attr-defined]


_judged: OrderedDict[tuple[object, ...], datetime] = OrderedDict()
_lock = threading.Lock()


def _validate(path: tuple[bytes, ...], roots: Sequence[bytes], ocsps: Sequence[bytes], crls: Sequence[bytes], at: datetime) -> None:
    """pyHanko's validator has the last word: constraints, usages, revocation answers and their signers.

    The very same certificates and answers, found good less than a minute ago, are not put before it again.
    """
    evidence = (path, tuple(roots), tuple(ocsps), tuple(crls))
    with _lock:
        before = _judged.get(evidence)
    if before is not None and timedelta(0) <= at - before < SAME_FOR:
        return
    _ask_validator(path, roots, ocsps, crls, at)
    with _lock:
        _judged[evidence] = at
        while len(_judged) > _KEPT:
            _judged.popitem(last=False)


def _ask_validator(path: tuple[bytes, ...], roots: Sequence[bytes], ocsps: Sequence[bytes], crls: Sequence[bytes], at: datetime) -> None:
    context = ValidationContext(
        trust_roots=[_asn1(root) for root in roots], other_certs=[_asn1(item) for item in path[1:]],
        ocsps=[asn1_ocsp.OCSPResponse.load(item) for item in ocsps], crls=list(crls), moment=at, allow_fetching=False,
        revocation_mode="hard-fail", time_tolerance=timedelta(minutes=5),
    )
    validator = CertificateValidator(_asn1(path[0]), validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage({"non_repudiation"}))
    except RevokedError as error:
        raise HocbaError(ErrorCode.CERTIFICATE_REVOKED) from error
    except (PathError, ValidationError) as error:
        raise HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED) from error


def _asn1(certificate: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate)


def days_left(certificate: bytes, at: datetime | None = None) -> int:
    """Whole days until the certificate expires; negative once it has."""
    return (validity(certificate)[1] - (at or datetime.now(UTC))).days
