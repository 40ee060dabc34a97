"""The one interface of signing services: what a client of one does, and what the product knows of one (:class:`ProviderEntry`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import School
from hocba_app.settings import Settings

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
    """A transaction's state."""

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
        """Ask for a transaction's state.

        Raises:
            HocbaError: PROVIDER_UNREACHABLE, PROVIDER_BUSY: ask again.
        """
        ...

    def close(self) -> None:
        """Close what is kept open to the service."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """How people speak of a service."""

    title: str
    account: tuple[str, str] = ("", "")
    """What is typed for a person, and for the seal."""
    confirming: tuple[str, ...] = ()
    """How a signer confirms, a line a step."""
    app: str = "ký số"
    """On the signer's phone."""
    at_once: bool = False
    """Signs when it is asked, without anybody's phone."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a service tells by itself of one transaction."""

    transaction: str
    signed: bool
    signatures: dict[str, bytes]
    """By the document id given with the request."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a service speaks when it calls us (`services.signing.webhook` decides what counts)."""

    name: str
    """The service's."""
    school_columns: tuple[str, str]
    """See :class:`ProviderEntry`."""
    login: Callable[[dict[str, Any]], tuple[str, str]]
    """Client id and secret in its request for a token; both "" when it is none."""
    token_answer: Callable[[str, int], dict[str, Any]]
    """The answer with a token and its seconds."""
    read: Callable[[Any], Delivery]
    """A delivery. Raises TypeError, KeyError or ValueError for anything else."""
    taken: dict[str, Any]
    """The answer to a delivery."""


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """Everything the product knows of one signing service; `providers.registry` has them all."""

    name: str
    """As a key and a batch keep it: never rename one."""
    setting: str
    """Name of the setting that says where it is; empty means that this installation has none."""
    words: Words
    arguments: Callable[[Settings, School], tuple[Hashable, ...]]
    """What a client is made of; another value is another client."""
    make: Callable[..., SigningProvider]
    always: bool = False
    """Offered even while its setting is empty."""
    school_columns: tuple[str, str] | None = None
    """Columns of `School` with the school's own client id and its encrypted secret."""
    webhook: Webhook | None = None
    simulator: str = ""
    """Module that plays it."""
    parse_user: Callable[[str], str] = lambda text: plain_user(text)
    """The account as typed → as the service knows it. Raises INVALID_INPUT."""
    accounts_of: Callable[[str], tuple[str, ...]] = lambda _number: ()
    """What the account of an id number or MST may be called there, the likeliest first; () for what is no such number, and
    where accounts have names of their own."""

    def is_set_up(self, settings: Settings) -> bool:
        """Whether this installation has it."""
        return self.always or bool(getattr(settings, self.setting))


_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{2,79}")
ID_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}")
"""A person's: of today, or of the old card."""
TAX_CODE = re.compile(r"[0-9]{10}(-[0-9]{3})?")
NOBODY_ASKED = "Khi bấm Ký ở trang Ký học bạ, hệ thống ký ngay, không hỏi điện thoại: hãy xem hồ sơ trước, và đăng xuất khi rời máy."


def one_request(minutes: int) -> str:
    """How a confirmation on a phone goes."""
    return f"Khi bấm Ký ở trang Ký học bạ, điện thoại nhận một yêu cầu cho cả lượt ký. Mở ứng dụng, kiểm tra số hồ sơ, nhập PIN trong {minutes} phút."


def plain_user(text: str) -> str:
    """An account name of letters without marks, digits and a few signs."""
    if not _USER.fullmatch(user := text.strip()):
        raise HocbaError(
            ErrorCode.INVALID_INPUT,
            detail="tài khoản ký số gồm chữ không dấu, số và dấu _ - . (ví dụ CCCD_079204001234)",
        )
    return user
