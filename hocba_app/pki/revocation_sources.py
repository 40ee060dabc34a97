"""Revocation answers fetched from where a certificate says they are, each judged before it is kept or used.

One source after the other is asked – every OCSP address, then every revocation list – until one answer is judged good by
the judge of the verdict (`revocation`). A stale answer, one that says "unknown" or one of somebody not entitled is no
answer. When no source gave any, that is a passing fault: what waits for it is tried again. "Revoked" is final.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from hocba_app.bounded_http import BoundedClient
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki import chain_validation, revocation
from hocba_app.pki.http_pool import trusted_roots
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.revocation import Opinion, Status
from hocba_app.process_scope import on_close

TIMEOUT = 8.0
"""Seconds one source may take, from the request to the last byte."""
FRESH_FOR = timedelta(minutes=10)
"""How long an answer is used again without being asked for again."""
CLOCKS = timedelta(minutes=5)
"""How far an authority's clock may be from ours."""
_KEPT = 2048


@dataclass(frozen=True, slots=True)
class _Kept:
    fetched_at: datetime
    ocsp: bytes | None
    crl: bytes | None
    """The list that answers, or the one that shows the responder of ``ocsp`` not revoked."""
    revoked: bool = False


_kept: OrderedDict[tuple[bytes, bytes], _Kept] = OrderedDict()
"""Judged answers only, by certificate and issuer."""
_lock = threading.Lock()


@on_close
def forget() -> None:
    """Drop every kept answer: the next check asks again."""
    with _lock:
        _kept.clear()


@dataclass(frozen=True, slots=True)
class Found:
    """What the sources say of a path."""

    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    complete: bool
    """Every certificate but the root has an answer that counts."""
    revoked: bool
    """One of them says revoked."""


def fetch_evidence(
    path: Sequence[bytes], at: datetime, client: httpx.Client | None = None
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """An answer judged good for each certificate of a path but the root.

    Args:
        path: a trusted path, root last: the addresses asked are vouched for by it.
        at: the present instant, UTC.
        client: for tests and callers with their own limits.

    Returns:
        OCSP answers and revocation lists, DER.

    Raises:
        HocbaError: CERTIFICATE_REVOKED (final), REVOCATION_UNKNOWN (passing: no source gave an answer that counts).
    """
    found = ask_about(path, at, client)
    if found.revoked:
        raise HocbaError(ErrorCode.CERTIFICATE_REVOKED)
    if not found.complete:
        raise HocbaError(ErrorCode.REVOCATION_UNKNOWN)
    return found.ocsps, found.crls


def ask_about(path: Sequence[bytes], at: datetime, client: httpx.Client | None = None) -> Found:
    """Every answer that counts about a path, good or revoked: a certificate revoked since may have been good when it signed.

    Args:
        path: a trusted path, root last: the addresses asked are vouched for by it.
        at: the present instant, UTC.
        client: for tests and callers with their own limits.
    """
    ocsps: dict[bytes, None] = {}
    lists: dict[bytes, None] = {}
    complete, revoked = True, False
    with (
        nullcontext(client)
        if client
        else BoundedClient(service="revocation", timeout=TIMEOUT, total=TIMEOUT, verify=trusted_roots()) as asked
    ):
        for certificate, issuer in itertools.pairwise(path):
            found = _kept_answer(certificate, issuer, at) or _ask(asked, certificate, issuer, at)
            if found is None:
                complete = False  # whether a certificate above is revoked is still worth knowing
                continue
            ocsps |= dict.fromkeys([found.ocsp] if found.ocsp is not None else [])
            lists |= dict.fromkeys([found.crl] if found.crl is not None else [])
            revoked = revoked or found.revoked
    return Found(tuple(ocsps), tuple(lists), complete, revoked)


def _kept_answer(certificate: bytes, issuer: bytes, at: datetime) -> _Kept | None:
    """An answer fetched lately; one from a later moment (the clock was set back) is none: it would never grow old."""
    with _lock:
        kept = _kept.get((certificate, issuer))
    return kept if kept is not None and timedelta(0) <= at - kept.fetched_at < FRESH_FOR else None


def _keep(certificate: bytes, issuer: bytes, kept: _Kept) -> _Kept:
    with _lock:
        _kept[certificate, issuer] = kept
        _kept.move_to_end((certificate, issuer))
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return kept


def _ask(client: httpx.Client, certificate: bytes, issuer: bytes, at: datetime) -> _Kept | None:
    for url in ocsp_urls(certificate):
        headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
        data = _body(
            client, "POST", url, most=revocation.MAX_ANSWER, content=_request(certificate, issuer), headers=headers
        )
        opinion = revocation.ocsp_opinion(data, certificate, issuer) if data is not None else None
        if opinion is None:
            continue
        listed = None
        if opinion.is_delegated and (listed := _list_about(client, opinion.signer, issuer, at)) is None:
            continue  # a responder whose own standing nobody tells says nothing
        if (says := _says(opinion, at)) == "revoked":
            return _Kept(at, data, listed, revoked=True)
        if says == "good":
            return _keep(certificate, issuer, _Kept(at, data, listed))
    for url in list_urls(certificate):
        data = _body(client, "GET", url, most=revocation.MAX_LIST)
        says = _says(revocation.list_opinion(data, certificate, issuer), at) if data is not None else "unknown"
        if says == "revoked":
            return _Kept(at, None, data, revoked=True)
        if says == "good":
            return _keep(certificate, issuer, _Kept(at, None, data))
    return None


def _list_about(client: httpx.Client, delegate: bytes, issuer: bytes, at: datetime) -> bytes | None:
    """The list that shows a responder not revoked: it must be asked about unless it says otherwise (RFC 6960, 4.2.2.2.1)."""
    kept = _kept_answer(delegate, issuer, at)
    if kept is not None:
        return kept.crl
    for url in list_urls(delegate):
        data = _body(client, "GET", url, most=revocation.MAX_LIST)
        says = _says(revocation.list_opinion(data, delegate, issuer), at) if data is not None else "unknown"
        if says == "revoked":  # the responder, not the certificate it speaks of
            return None
        if says == "good":
            return _keep(delegate, issuer, _Kept(at, None, data)).crl
    return None


def _says(opinion: Opinion | None, at: datetime) -> Status:
    """What an answer shows now: nothing, unless it counts."""
    if opinion is None or opinion.this_update > at + CLOCKS:
        return "unknown"
    if opinion.revoked_at is not None and opinion.revoked_at <= at + CLOCKS:
        return "revoked"
    # Without a next update newer information is always to be had: such an answer is fresh for minutes.
    return "good" if opinion.covers(at, CLOCKS if opinion.next_update is None else timedelta(0)) else "unknown"


def _request(certificate: bytes, issuer: bytes) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        chain_validation.parsed(certificate),
        chain_validation.parsed(issuer),
        hashes.SHA1(),  # noqa: S303 - an identifier (RFC 6960), no protection
    )
    return builder.build().public_bytes(Encoding.DER)


def _body(client: httpx.Client, method: str, url: str, *, most: int, **rest: Any) -> bytes | None:
    """What a source answers, or None: away, too slow, too much, another status than 200."""
    try:
        answer = client.request(method, url, extensions={"most_bytes": most}, **rest)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return answer.content if answer.status_code == 200 else None


@lru_cache(maxsize=1024)
def ocsp_urls(certificate: bytes) -> tuple[str, ...]:
    """Where the certificate says its OCSP services are; addresses of the web only."""
    access = _extension(certificate, x509.AuthorityInformationAccess)
    locations = (
        item.access_location for item in access or () if item.access_method == AuthorityInformationAccessOID.OCSP
    )
    return tuple(_web(locations))


@lru_cache(maxsize=1024)
def list_urls(certificate: bytes) -> tuple[str, ...]:
    """Where the certificate says its authority's revocation lists are; addresses of the web only."""
    points = _extension(certificate, x509.CRLDistributionPoints)
    return tuple(_web(name for point in points or () for name in point.full_name or ()))


def _extension(
    certificate: bytes, kind: type[x509.AuthorityInformationAccess] | type[x509.CRLDistributionPoints]
) -> list[Any] | None:
    try:
        return list(
            chain_validation.extensions_of(chain_validation.parsed(certificate)).get_extension_for_class(kind).value
        )
    except (x509.ExtensionNotFound, NotShown):
        return None


def _web(names: Iterator[object]) -> Iterator[str]:
    for name in names:
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith(("http://", "https://")):
            yield name.value
