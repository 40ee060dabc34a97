"""MySign (Viettel-CA): the wire protocol of `mysign-api.md` over httpx."""

from __future__ import annotations

import base64
import re
import threading
import time
import unicodedata
from datetime import UTC, datetime
from typing import Any

import httpx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.provider import (
    Credential,
    ProviderStatus,
    SignRequest,
    State,
    SubmissionUnknown,
    Submitted,
)

PROFILE = "adss:ras:profile:001"
_SHA256, _RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"
_STATES: dict[str, State] = {
    "0": "waiting", "4000": "waiting", "6000": "signing", "1": "signed", "4001": "timed_out", "4002": "rejected",
    "4004": "failed", "4005": "quota", "13004": "certificate", "50000": "internal",
}
_USER_ERRORS = {"58008", "59033"}
_CLIENT_ERRORS = {"58007", "86024", "86002"}
_NAME_LIMIT = 99
"""Base64 characters of a name or description (the service's rule: under 100)."""


class MySignProvider:
    """Client of one relying party.

    Args:
        base_url: of the service.
        client_id: of the school.
        client_secret: of the school.
        timeout: seconds for one call.
    """

    max_hashes = 500
    window_seconds = 120
    poll_seconds = 2.0

    def __init__(self, base_url: str, client_id: str, client_secret: str, *, timeout: float = 15.0, poll_seconds: float | None = None) -> None:
        self._client = httpx.Client(base_url=base_url.rstrip("/"), timeout=timeout)
        self._identity = {"client_id": client_id, "client_secret": client_secret}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        if poll_seconds is not None:
            self.poll_seconds = poll_seconds

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`."""
        answer = self._call(
            user, "/vtss/service/certificates/info",
            {**self._identity, "profile_id": PROFILE, "user_id": user, "certificates": "chain", "certInfo": True, "authInfo": True},
        )
        return [_credential(entry) for entry in answer]

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`."""
        body = {
            **self._identity, "credentialID": request.credential_id, "numSignatures": len(request.hashes),
            "description": encoded_name(request.description),
            "documents": [
                {"document_id": document_id, "document_name": encoded_name(name)}
                for document_id, name in zip(request.document_ids, request.document_names, strict=True)
            ],
            "hash": [base64.b64encode(digest).decode() for digest in request.hashes],
            "hashAlgo": _SHA256, "signAlgo": _RSA, "async": 1,
        }
        token = self._token(request.user)
        try:
            answer = self._client.post("/vtss/service/signHash", json=body, headers=_bearer(token))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
        except httpx.HTTPError as error:
            raise SubmissionUnknown from error
        if answer.status_code >= 500:
            raise SubmissionUnknown
        shape = _checked(answer)
        transaction = shape.get("transactionId") if isinstance(shape, dict) else None
        if not transaction:
            raise SubmissionUnknown
        return Submitted(str(transaction))

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`."""
        answer = self._call(user, "/vtss/service/requests/status", {"transactionId": transaction_id})
        state = _STATES.get(str(answer.get("status")), "internal")
        signatures: tuple[bytes, ...] = ()
        if state == "signed":
            signatures = tuple(base64.b64decode(text) for text in answer.get("signatures") or ())
        return ProviderStatus(state, signatures, str(answer.get("message") or answer.get("description") or ""))

    def _call(self, user: str, path: str, body: dict[str, Any]) -> Any:
        """A call that may be repeated: a stale token is renewed once."""
        for attempt in (1, 2):
            token = self._token(user, renew=attempt == 2)
            try:
                answer = self._client.post(path, json=body, headers=_bearer(token))
            except httpx.HTTPError as error:
                raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
            if answer.status_code != 401 or attempt == 2:
                break
        return _checked(answer)

    def _token(self, user: str, *, renew: bool = False) -> str:
        with self._lock:
            kept = self._tokens.get(user)
        if kept is not None and not renew and kept[1] > time.monotonic():
            return kept[0]
        try:
            answer = self._client.post(
                "/vtss/service/ras/v1/login", json={**self._identity, "profile_id": PROFILE, "user_id": user}
            )
        except httpx.HTTPError as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
        shape = _checked(answer)
        token = str(shape["access_token"])
        with self._lock:
            self._tokens[user] = (token, time.monotonic() + max(30.0, float(shape["expires_in"]) - 60.0))
        return token


def encoded_name(text: str) -> str:
    """A name the service accepts: Vietnamese letters without marks, other signs as blanks, base64 under 100 characters."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = re.sub(r"[^a-zA-Z0-9_\- ]", " ", "".join(c for c in plain if not unicodedata.combining(c)))
    return base64.b64encode(plain[: _NAME_LIMIT * 3 // 4].encode()).decode()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _checked(answer: httpx.Response) -> Any:
    """The JSON of an answer, or its error as a code of ours."""
    if answer.status_code == 429:
        raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=_retry_after(answer))
    if answer.status_code >= 500:
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    try:
        shape = answer.json()
    except ValueError as error:
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
    if isinstance(shape, dict) and (problem := shape.get("error")) is not None:
        code = str(problem)
        if code in _USER_ERRORS:
            raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
        if code in _CLIENT_ERRORS:
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_CLIENT, detail=code)
        if (state := _STATES.get(code)) is not None and state in ("quota", "certificate"):
            raise HocbaError(ErrorCode.SIGNING_QUOTA if state == "quota" else ErrorCode.SIGNING_CERTIFICATE)
        raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail=code)
    if answer.status_code >= 400:
        raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail=str(answer.status_code))
    return shape


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return min(600, int(text)) if text.isdigit() else 5


def _credential(entry: dict[str, Any]) -> Credential:
    certificate = entry["cert"]
    return Credential(
        credential_id=str(entry["credential_id"]), status=str(certificate.get("status", "")),
        chain=tuple(base64.b64decode(text) for text in certificate["certificates"]),
        valid_from=_instant(certificate["validFrom"]), valid_to=_instant(certificate["validTo"]),
        description=str(entry.get("description") or ""),
    )


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S%z").astimezone(UTC)
