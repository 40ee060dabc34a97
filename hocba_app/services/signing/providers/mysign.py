"""MySign (Viettel-CA): the wire protocol of `docs/protocols.md` over httpx.

Two rules decide everything here. A request that may have been taken is never reported as "not taken": it would be sent
again, and the signer asked twice. And only the service's final status ends a transaction: an answer that is no status
means "ask again".
"""

from __future__ import annotations

import base64
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from hocba_app.bounded_http import BoundedClient, json_of
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import School
from hocba_app.services.credential_cipher import decrypt
from hocba_app.services.signing.providers.ascii_names import encoded_name
from hocba_app.services.signing.providers.mysign_webhook import SCHOOL_COLUMNS, WEBHOOK
from hocba_app.services.signing.providers.provider import (
    ID_NUMBER,
    TAX_CODE,
    Credential,
    ProviderEntry,
    ProviderStatus,
    SignRequest,
    State,
    SubmissionUnknown,
    Submitted,
    Words,
    one_request,
    plain_user,
)
from hocba_app.settings import Settings

PROFILE = "adss:ras:profile:001"
_LOGIN, _INFO = "/vtss/service/ras/v1/login", "/vtss/service/certificates/info"
_SIGN, _STATUS = "/vtss/service/signHash", "/vtss/service/requests/status"
_SHA256, _RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"
_STATES: dict[str, State] = {
    "0": "waiting",
    "4000": "waiting",
    "6000": "signing",
    "1": "signed",
    "4001": "timed_out",
    "4002": "rejected",
    "4004": "failed",
    "4005": "quota",
    "13004": "certificate",
    "50000": "internal",
}
_REFUSALS: dict[State, ErrorCode] = {
    "timed_out": ErrorCode.SIGNING_TIMED_OUT,
    "rejected": ErrorCode.SIGNING_REJECTED,
    "failed": ErrorCode.SIGNING_FAILED,
    "quota": ErrorCode.SIGNING_QUOTA,
    "certificate": ErrorCode.SIGNING_CERTIFICATE,
    "internal": ErrorCode.SIGNING_FAILED,
}
_USER_ERRORS = {"58008", "59033"}
_CLIENT_ERRORS = {"58007", "86024", "86002"}
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_PAUSE, _USUAL_PAUSE = 600, 5
_EARLIER_SECONDS = 60.0
"""A token is renewed so long before it ends: clocks differ."""


class MySignProvider:
    """Client of one relying party; any thread.

    Args:
        base_url: of the service.
        client_id: of the school.
        client_secret: of the school.
        timeout: seconds one call may take.
        poll_seconds: between two requests for a transaction's state; the service asks for 2.
        max_hashes: of one call; no limit is documented.
        window_seconds: how long the service waits for the phone.
        webhook: the service tells the result by itself too (``async`` 3).
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        timeout: float = 15.0,
        poll_seconds: float = 2.0,
        max_hashes: int = 500,
        window_seconds: int = 120,
        webhook: bool = False,
    ) -> None:
        self._mode = 3 if webhook else 1
        self.poll_seconds, self.max_hashes, self.window_seconds = poll_seconds, max_hashes, window_seconds
        base = base_url.rstrip("/")
        self._client = BoundedClient(service="mysign", base_url=base, timeout=timeout)
        # A kept connection that the server closed meanwhile cannot be distinguished from a request lost on the way: signHash
        # opens its own each time.
        self._fresh = BoundedClient(
            service="mysign", base_url=base, timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._identity = {"client_id": client_id, "client_secret": client_secret}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`."""
        answer = self._call(
            user,
            _INFO,
            {
                **self._identity,
                "profile_id": PROFILE,
                "user_id": user,
                "certificates": "chain",
                "certInfo": True,
                "authInfo": True,
            },
        )
        try:
            return [_credential(entry) for entry in _checked(answer)]
        except (KeyError, TypeError, ValueError) as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`."""
        body = {
            **self._identity,
            "credentialID": request.credential_id,
            "numSignatures": len(request.hashes),
            "description": encoded_name(request.description),
            "documents": [
                {"document_id": document_id, "document_name": encoded_name(name)}
                for document_id, name in zip(request.document_ids, request.document_names, strict=True)
            ],
            "hash": [base64.b64encode(digest).decode() for digest in request.hashes],
            "hashAlgo": _SHA256,
            "signAlgo": _RSA,
            "async": self._mode,
        }
        answer = self._submit(body, self._token(request.user))
        if answer.status_code == 401:  # refused at the door: a stale token is renewed once, nothing was taken
            answer = self._submit(body, self._token(request.user, renew=True))
        return _submitted(answer)

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`."""
        try:
            answer = self._call(user, _STATUS, {"transactionId": transaction_id})
        except HocbaError as error:
            if error.code in (ErrorCode.PROVIDER_UNREACHABLE, ErrorCode.PROVIDER_BUSY):
                raise
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error  # login refused: still no final status
        if answer.status_code == 429:
            raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=_retry_after(answer))
        shape = json_of(answer)
        if answer.status_code >= 500 or not isinstance(shape, dict):
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
        code = str(shape.get("status", shape.get("error", "")))
        state = _STATES.get(code)
        if state is None and answer.status_code >= 400:
            # A refusal of the question says nothing about the transaction: the phone may be asking at this moment.
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
        message = str(shape.get("message") or shape.get("description") or shape.get("error_description") or "")
        signatures = tuple(_decoded(text) for text in shape.get("signatures") or ()) if state == "signed" else ()
        if state == "signed" and not signatures:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
        return ProviderStatus(state or "waiting", signatures, message)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._fresh.close()

    def _submit(self, body: dict[str, Any], token: str) -> httpx.Response:
        try:
            return self._fresh.post(_SIGN, json=body, headers=_bearer(token))
        except _NOT_SENT as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
        except httpx.HTTPError as error:
            raise SubmissionUnknown from error

    def _call(self, user: str, path: str, body: dict[str, Any]) -> httpx.Response:
        """A call that may be repeated: a stale token is renewed once."""
        answer = self._post(path, body, _bearer(self._token(user)))
        if answer.status_code == 401:
            answer = self._post(path, body, _bearer(self._token(user, renew=True)))
        return answer

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        try:
            return self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def _token(self, user: str, *, renew: bool = False) -> str:
        with self._lock:
            kept = self._tokens.get(user)
        if kept is not None and not renew and kept[1] > time.monotonic():
            return kept[0]
        asked_at = time.monotonic()
        shape = _checked(self._post(_LOGIN, {**self._identity, "profile_id": PROFILE, "user_id": user}))
        try:
            token, lasts = str(shape["access_token"]), float(shape["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
        with self._lock:
            self._tokens[user] = token, asked_at + max(lasts / 2, lasts - _EARLIER_SECONDS)
        return token


def _submitted(answer: httpx.Response) -> Submitted:
    """What an answer to signHash means.

    Raises:
        SubmissionUnknown: a server error, or an answer that is none: the request may be on the phone.
        HocbaError: refused; surely not taken.
    """
    shape = json_of(answer)
    if answer.status_code >= 500 or (answer.status_code < 400 and not isinstance(shape, dict)):
        raise SubmissionUnknown
    shape = _checked(answer)
    if signatures := shape.get("signatures"):
        return Submitted(None, tuple(_decoded(text) for text in signatures))
    if transaction := shape.get("transactionId"):
        return Submitted(str(transaction))
    if (state := _STATES.get(str(shape.get("status")))) in _REFUSALS:
        raise HocbaError(_REFUSALS[state])
    raise SubmissionUnknown


def _checked(answer: httpx.Response) -> Any:
    """The JSON of an answer, or its error as a code of ours."""
    if answer.status_code == 429:
        raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=_retry_after(answer))
    if answer.status_code >= 500:
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    shape = json_of(answer)
    problem = shape.get("error") if isinstance(shape, dict) else None
    if problem is not None:
        code = str(problem)
        if code in _USER_ERRORS:
            raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
        if code in _CLIENT_ERRORS:
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_CLIENT, detail=code)
        if (state := _STATES.get(code)) in _REFUSALS:
            raise HocbaError(_REFUSALS[state])
        raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail=code)
    if answer.status_code >= 400:
        raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail=str(answer.status_code))
    if shape is None:
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    return shape


def _decoded(text: object) -> bytes:
    """A signature; CRLF between the characters is allowed. What is no base64 stays in its place as an empty one."""
    try:
        return base64.b64decode(str(text))
    except ValueError:
        return b""


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return min(_MAX_PAUSE, int(text)) if text.isascii() and text.isdigit() else _USUAL_PAUSE


def _credential(entry: dict[str, Any]) -> Credential:
    certificate, key = entry["cert"], entry.get("key") or {}
    enabled = str(key.get("status", "enabled")) == "enabled"
    return Credential(
        credential_id=str(entry["credential_id"]),
        status=str(certificate.get("status", "")) if enabled else "disabled",
        chain=tuple(base64.b64decode(text) for text in certificate["certificates"]),
        valid_from=_instant(certificate["validFrom"]),
        valid_to=_instant(certificate["validTo"]),
        description=str(entry.get("description") or ""),
    )


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S%z").astimezone(UTC)


def _arguments(settings: Settings, school: School) -> tuple[str, str, str, bool]:
    secret = decrypt(school.mysign_secret_encrypted)
    return settings.mysign_url, school.mysign_client_id, secret, settings.mysign_webhook


def _accounts_of(number: str) -> tuple[str, ...]:
    """By the kind of number, as Viettel-CA names accounts; who ordered long ago may have ``CMT_`` before a number of today."""
    number = number.strip()
    if TAX_CODE.fullmatch(number):
        return (f"MST_{number}",)
    if ID_NUMBER.fullmatch(number):
        return (*(f"{kind}_{number}" for kind in ("CCCD", "CMT")[len(number) == 9 :]), number)
    return ()


ENTRY = ProviderEntry(
    name="mysign",
    setting="mysign_url",
    always=True,
    words=Words(
        title="MySign (Viettel-CA)",
        app="MySign",
        account=("số định danh (không cần gõ CCCD_)", "mã số thuế của trường (không cần gõ MST_)"),
        confirming=(
            "Cài ứng dụng MySign, kích hoạt bằng mã Viettel-CA gửi qua tin nhắn và đặt mã PIN.",
            one_request(2),
            "Quên PIN: trong ứng dụng chọn Quên mật khẩu, xác minh số định danh và mã gửi qua tin nhắn, rồi đặt PIN mới. Học bạ điện tử không giữ mã PIN.",
        ),
    ),
    arguments=_arguments,
    make=lambda url, client_id, secret, webhook: MySignProvider(url, client_id, secret, webhook=webhook),
    school_columns=SCHOOL_COLUMNS,
    webhook=WEBHOOK,
    simulator="hocba_app.simulators.mysign",
    parse_user=lambda text: next(iter(_accounts_of(text)), "") or plain_user(text),
    accounts_of=_accounts_of,
)
