"""The services a batch talks to, built from settings and the school's own credentials."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import School
from hocba_app.pki.tsa_client import TimestampClient
from hocba_app.recordfile.incremental_writer import DirectWriter, IncrementalWriter
from hocba_app.services.credential_cipher import decrypt, revealed
from hocba_app.services.signing.providers.csc import CscProvider
from hocba_app.services.signing.providers.mysign import MySignProvider
from hocba_app.services.signing.providers.pkcs11 import Pkcs11Provider
from hocba_app.services.signing.providers.pkcs12 import Pkcs12Provider
from hocba_app.services.signing.providers.provider import SigningProvider
from hocba_app.services.signing.providers.smartca import SmartCaProvider
from hocba_app.settings import settings

LARGEST_TOKEN = 4096
"""Bytes reserved for a time stamp until one of this authority was seen."""


@cache
def writer() -> IncrementalWriter:
    """The writer new signatures are made with."""
    return DirectWriter()


@cache
def _trust_roots(path: str, changed: float) -> tuple[bytes, ...]:
    return _certificates_of(path)


def _certificates_of(path: str) -> tuple[bytes, ...]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return tuple(c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(Path(path).read_bytes()))


def trust_roots() -> tuple[bytes, ...]:
    """The configured roots, DER. The file is read again when it changes."""
    path = str(settings().trust_roots)
    return _trust_roots(path, Path(path).stat().st_mtime)


def timestamp_client() -> TimestampClient:
    """The configured time-stamp authority."""
    return _timestamp_client(settings().tsa_url, trust_roots())


@cache
def _timestamp_client(url: str, roots: tuple[bytes, ...]) -> TimestampClient:
    return _kept(TimestampClient(url, trust_roots=roots))


def token_size() -> int:
    """Bytes to reserve for a token: the largest seen from this authority (core decision 5). The first call asks for one."""
    authority = timestamp_client()
    if not authority.largest_token:
        try:
            authority.tokens([b"size"])
        except HocbaError:
            return LARGEST_TOKEN  # down just now; by the time of the answers it may be up again
    return authority.largest_token


def configured_providers() -> tuple[str, ...]:
    """Signing services this installation is connected to, by the name a key keeps; MySign first."""
    now = settings()
    others = {"smartca": now.smartca_url, "csc": now.csc_url, "pkcs11": now.pkcs11_module, "pkcs12": now.pkcs12_dir}
    return ("mysign", *(name for name, address in others.items() if address))


def provider_for(session: Session, name: str) -> SigningProvider:
    """The signing service a key lies at (`SigningKey.provider`), with this school's credentials.

    Args:
        name: one of :func:`configured_providers`.

    Raises:
        HocbaError: PROVIDER_NOT_SET_UP when this installation has no such service; TOKEN_ISSUERS, SECRET_KEY_*.
    """
    if name == "mysign":
        school = session.get_one(School, session.info["school_id"])
        return _mysign(
            settings().mysign_url,
            school.mysign_client_id,
            decrypt(school.mysign_secret_encrypted),
            settings().mysign_webhook,
        )
    if name == "csc" and settings().csc_url:
        return _csc(settings().csc_url, settings().csc_token)
    if name == "smartca" and settings().smartca_url:
        return _smartca(settings().smartca_url, settings().smartca_sp_id, settings().smartca_sp_password)
    if name == "pkcs11" and settings().pkcs11_module:
        return token()
    if name == "pkcs12" and settings().pkcs12_dir:
        return _pkcs12(settings().pkcs12_dir)
    raise HocbaError(ErrorCode.PROVIDER_NOT_SET_UP)


def token() -> Pkcs11Provider:
    """The token of this installation, where one is set up.

    Raises:
        HocbaError: TOKEN_ISSUERS, SECRET_KEY_*.
    """
    now = settings()
    return _pkcs11(now.pkcs11_module, now.pkcs11_token, revealed(now.pkcs11_pin), now.pkcs11_issuers)


@cache
def _mysign(url: str, client_id: str, client_secret: str, webhook: bool) -> SigningProvider:
    return _kept(MySignProvider(url, client_id, client_secret, webhook=webhook))


@cache
def _csc(url: str, token: str) -> SigningProvider:
    return _kept(CscProvider(url, token))


@cache
def _smartca(url: str, sp_id: str, sp_password: str) -> SigningProvider:
    return _kept(SmartCaProvider(url, sp_id, sp_password))


@cache
def _pkcs11(module: str, token: str, pin: str, issuers: str) -> Pkcs11Provider:
    try:
        return _kept(Pkcs11Provider(module, token, pin, issuers=_certificates_of(issuers) if issuers else ()))
    except (OSError, ValueError) as error:
        raise HocbaError(ErrorCode.TOKEN_ISSUERS) from error


@cache
def _pkcs12(folder: str) -> SigningProvider:
    return Pkcs12Provider(Path(folder))


_open: list[Any] = []
_Client = TypeVar("_Client")


def _kept(client: _Client) -> _Client:
    _open.append(client)
    return client


def close_connections() -> None:
    """Close every connection this process keeps to services outside: before its settings change, or it ends."""
    while _open:
        _open.pop().close()
    for made in (_timestamp_client, _mysign, _csc, _smartca, _pkcs11):
        made.cache_clear()
