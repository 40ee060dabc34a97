"""The open standard of remote signing (Cloud Signature Consortium API v1.0.4 and v2): authorise N hashes once, then sign them.

Only credentials that the service itself confirms with the person (``authMode`` implicit: a push to his phone) are used:
this product never sees a PIN. ``credentials/authorize`` then answers when he has confirmed, so one call is one confirmation.
"""

from __future__ import annotations

import base64
from typing import Any

import httpx
from cryptography import x509

from hocba_app.bounded_http import BoundedClient, json_of
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.provider import (
    Credential,
    ProviderEntry,
    ProviderStatus,
    SignRequest,
    SubmissionUnknown,
    Submitted,
    Words,
    one_request,
)

_SHA256, _RSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_PAUSE, _USUAL_PAUSE = 600, 5
_REFUSED = {
    "access_denied": ErrorCode.SIGNING_REJECTED,
    "expired_token": ErrorCode.SIGNING_TIMED_OUT,
    "timeout": ErrorCode.SIGNING_TIMED_OUT,
    "invalid_client": ErrorCode.PROVIDER_REFUSED_CLIENT,
    "unauthorized_client": ErrorCode.PROVIDER_REFUSED_CLIENT,
    "invalid_token": ErrorCode.PROVIDER_REFUSED_CLIENT,
}


class CscProvider:
    """Client of one service; any thread.

    Args:
        base_url: up to and including ``/csc/v1`` or ``/csc/v2``.
        token: the access token of the school's own client.
        window_seconds: how long the service waits for the phone; ``authorize`` may take as long.
        timeout: seconds any other call may take.
    """

    def __init__(
        self, base_url: str, token: str, *, window_seconds: int = 120, timeout: float = 15.0, max_hashes: int = 500
    ) -> None:
        self.max_hashes, self.window_seconds, self.poll_seconds = max_hashes, window_seconds, 2.0
        self._version = 2 if base_url.rstrip("/").endswith("v2") else 1
        self._timeout = timeout
        self._client = BoundedClient(
            service="csc",
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`."""
        try:
            listed = self._asked("/credentials/list", {"userID": user, "maxResults": 20})
            return [self._credential(str(credential_id)) for credential_id in listed["credentialIDs"]]
        except (KeyError, TypeError, ValueError) as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`. Takes as long as the person does; the signatures come with the answer."""
        hashes = [base64.b64encode(digest).decode() for digest in request.hashes]
        names = (
            {"hash": hashes, "hashAlgo": _SHA256}
            if self._version == 1
            else {"hashes": hashes, "hashAlgorithmOID": _SHA256}
        )
        permission = self._sent(
            "/credentials/authorize",
            {
                "credentialID": request.credential_id,
                "numSignatures": len(hashes),
                "description": request.description,
                **names,
            },
            self.window_seconds + self._timeout,
        )
        answer = self._sent(
            "/signatures/signHash",
            {
                "credentialID": request.credential_id,
                "SAD": str(permission.get("SAD", "")),
                "signAlgo": _RSA_SHA256,
                **names,
            },
            self._timeout,
        )
        try:
            return Submitted(None, tuple(base64.b64decode(str(text)) for text in answer["signatures"]))
        except (KeyError, TypeError, ValueError) as error:
            raise SubmissionUnknown from error

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`; there is never a transaction to ask about."""
        return ProviderStatus("failed")

    def _credential(self, credential_id: str) -> Credential:
        shape = self._asked(
            "/credentials/info",
            {"credentialID": credential_id, "certificates": "chain", "certInfo": True, "authInfo": True},
        )
        chain = tuple(base64.b64decode(text) for text in shape["cert"]["certificates"])
        signer = x509.load_der_x509_certificate(chain[0])
        mode = shape.get("authMode") or shape.get("auth", {}).get("mode")
        usable = str(shape.get("key", {}).get("status", "enabled")) == "enabled" and mode == "implicit"
        return Credential(
            credential_id=credential_id,
            status=str(shape["cert"].get("status", "valid")) if usable else "disabled",
            chain=chain,
            valid_from=signer.not_valid_before_utc,
            valid_to=signer.not_valid_after_utc,
            description=str(shape.get("description") or ""),
        )

    def _asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return _checked(self._client.post(path, json=body))
        except httpx.HTTPError as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def _sent(self, path: str, body: dict[str, Any], timeout: float) -> dict[str, Any]:
        """A call that must not be repeated: no answer, or a server error, leaves open what became of it."""
        try:
            answer = self._client.post(path, json=body, timeout=timeout)
        except _NOT_SENT as error:
            if path == "/credentials/authorize":
                raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
            raise SubmissionUnknown from error
        except httpx.HTTPError as error:
            raise SubmissionUnknown from error
        if answer.status_code >= 500 or (answer.status_code == 429 and path != "/credentials/authorize"):
            raise SubmissionUnknown  # the person has confirmed: authorising again would ask him twice
        return _checked(answer)


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code == 429:
        text = answer.headers.get("Retry-After", "")
        raise HocbaError(
            ErrorCode.PROVIDER_BUSY,
            seconds=min(_MAX_PAUSE, int(text)) if text.isascii() and text.isdigit() else _USUAL_PAUSE,
        )
    if answer.status_code >= 500:
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    shape = json_of(answer)
    if answer.status_code >= 400:
        code = str(shape.get("error", "")) if isinstance(shape, dict) else ""
        raise HocbaError(_REFUSED.get(code, ErrorCode.PROVIDER_REFUSED_REQUEST), detail=code or str(answer.status_code))
    if not isinstance(shape, dict):
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    return shape


ENTRY = ProviderEntry(
    name="csc",
    setting="csc_url",
    words=Words(
        title="Dịch vụ theo chuẩn CSC",
        account=("tên người dùng ở dịch vụ đó", "tên người dùng của trường ở dịch vụ đó"),
        confirming=("Cài ứng dụng của nhà cung cấp chứng thư số và kích hoạt theo hướng dẫn của họ.", one_request(2)),
    ),
    arguments=lambda settings, _: (settings.csc_url, settings.csc_token),
    make=CscProvider,
)
