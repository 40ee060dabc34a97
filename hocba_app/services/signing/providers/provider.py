"""The one interface of remote signing services: credentials, one request for many hashes, its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

State = Literal["waiting", "signing", "signed", "timed_out", "rejected", "failed", "quota", "certificate", "internal"]


class SubmissionUnknown(Exception):
    """The request may or may not have been taken: it must never be sent again as it is (core decision 2)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One key of a user at the service."""

    credential_id: str
    status: str
    chain: tuple[bytes, ...]
    """DER: the user's certificate, the CA's, the root's where given."""
    valid_from: datetime
    valid_to: datetime
    description: str


@dataclass(frozen=True, slots=True)
class SignRequest:
    """One confirmation: N hashes of N documents."""

    user: str
    credential_id: str
    hashes: tuple[bytes, ...]
    document_ids: tuple[str, ...]
    document_names: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """The service took the request: a transaction to ask about, or the signatures at once."""

    transaction_id: str | None
    signatures: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """How a transaction stands."""

    state: State
    signatures: tuple[bytes, ...] = ()
    message: str = ""


class SigningProvider(Protocol):
    """A remote signing service."""

    max_hashes: int
    window_seconds: int
    """How long the service waits for the phone."""
    poll_seconds: float

    def credentials(self, user: str) -> list[Credential]:
        """The user's keys.

        Raises:
            HocbaError: PROVIDER_UNREACHABLE, PROVIDER_BUSY, PROVIDER_UNKNOWN_USER, PROVIDER_REFUSED_CLIENT.
        """
        ...

    def start(self, request: SignRequest) -> Submitted:
        """Send one request to the phone.

        Raises:
            SubmissionUnknown: it may have been taken.
            HocbaError: it was surely not taken; PROVIDER_UNREACHABLE and PROVIDER_BUSY may be sent again.
        """
        ...

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """Ask how a transaction stands.

        Raises:
            HocbaError: PROVIDER_UNREACHABLE, PROVIDER_BUSY: ask again.
        """
        ...
