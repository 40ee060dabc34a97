"""The services a batch talks to, built from settings and the school's own credentials."""

from __future__ import annotations

from collections.abc import Hashable
from operator import methodcaller
from pathlib import Path
from typing import cast

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import School
from hocba_app.pki.signer_certificate import certificates_of
from hocba_app.pki.tsa_client import TimestampClient
from hocba_app.process_scope import per_process, per_process_open
from hocba_app.recordfile.incremental_writer import DirectWriter, IncrementalWriter
from hocba_app.services.signing.providers import pkcs11_provider
from hocba_app.services.signing.providers.pkcs11_provider import Pkcs11Provider
from hocba_app.services.signing.providers.provider import SigningProvider
from hocba_app.services.signing.providers.registry import PROVIDERS
from hocba_app.settings import settings

MAX_TOKEN = 4096
"""Bytes reserved for a time stamp until one of this authority was seen."""


@per_process
def writer() -> IncrementalWriter:
    """The writer new signatures are made with."""
    return DirectWriter()


@per_process
def _trust_roots(path: str, changed: float) -> tuple[bytes, ...]:
    return certificates_of(Path(path))


def trust_roots() -> tuple[bytes, ...]:
    """The configured roots, DER. The file is read again when it changes."""
    path = str(settings().trust_roots)
    return _trust_roots(path, Path(path).stat().st_mtime)


def timestamp_client() -> TimestampClient:
    """The configured time-stamp authority."""
    return _timestamp_client(settings().tsa_url, trust_roots())


@per_process_open(TimestampClient.close)
def _timestamp_client(url: str, roots: tuple[bytes, ...]) -> TimestampClient:
    return TimestampClient(url, trust_roots=roots)


def token_size() -> int:
    """Bytes to reserve for a token: the largest seen from this authority (core decision 5). The first call asks for one."""
    authority = timestamp_client()
    if not authority.largest_token:
        try:
            authority.tokens([b"size"])
        except HocbaError:
            return MAX_TOKEN  # down just now; by the time of the answers it may be up again
    return authority.largest_token


def configured_providers() -> tuple[str, ...]:
    """Signing services this installation is connected to, by the name a key keeps; the usual one first."""
    return tuple(entry.name for entry in PROVIDERS.values() if entry.is_set_up(settings()))


def provider_for(session: Session, name: str) -> SigningProvider:
    """The signing service a key lies at (`SigningKey.provider`), with this school's credentials.

    Args:
        name: one of :func:`configured_providers`.

    Raises:
        HocbaError: PROVIDER_NOT_SET_UP when this installation has no such service; TOKEN_ISSUERS, SECRET_KEY_*.
    """
    if name not in configured_providers():
        raise HocbaError(ErrorCode.PROVIDER_NOT_SET_UP)
    school = session.get_one(School, session.info["school_id"])
    return _provider(name, PROVIDERS[name].arguments(settings(), school))


def token() -> Pkcs11Provider:
    """The token of this installation, where one is set up.

    Raises:
        HocbaError: TOKEN_ISSUERS, SECRET_KEY_*.
    """
    return cast(Pkcs11Provider, _provider(pkcs11_provider.ENTRY.name, pkcs11_provider.token_arguments(settings())))


@per_process_open(methodcaller("close"))
def _provider(name: str, arguments: tuple[Hashable, ...]) -> SigningProvider:
    return PROVIDERS[name].make(*arguments)
