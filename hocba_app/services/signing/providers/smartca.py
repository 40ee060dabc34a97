"""VNPT SmartCA (sp769): the wire protocol of `docs/protocols.md` over httpx; an ESEAL certificate there is one way to seal.

The transaction's id is chosen here and sent with the request. So a request whose answer was lost is not lost itself: its
transaction is asked about like any other, and nobody confirms twice. An id the service does not know (yet) is waited for
until the window ends.
"""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from typing import Any

import httpx
from cryptography import x509

from hocba_app.bounded_http import BoundedClient, json_of
from hocba_app.domain.clock import utc_now
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.ascii_names import plain_name
from hocba_app.services.signing.providers.provider import (
    ID_NUMBER,
    TAX_CODE,
    Credential,
    ProviderEntry,
    ProviderStatus,
    SignRequest,
    State,
    Submitted,
    Words,
    one_request,
)

_CERTIFICATES, _SIGN = "/sca/sp769/v1/credentials/get_certificate", "/sca/sp769/v1/signatures/sign"
_STATES: dict[str, State] = {
    "SUCCESS": "signed",
    "EXPIRED": "timed_out",
    "REJECTED": "rejected",
    "USER_REJECTED": "rejected",
    "FAILED": "failed",
    "CREDENTIAL_STATUS_INVALID": "certificate",
}
"""Final ones. Whatever else the service says of a transaction means "ask again": only a final status ends it."""
_ACTIVE = {"valid", "active", "đang hoạt động"}
_TRANSACTION = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")
_NUMBERED = re.compile(r"([0-9]{1,4})-")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_PAUSE, _USUAL_PAUSE = 600, 10


class SmartCaProvider:
    """Client of one service provider account (``sp_id``); any thread.

    Args:
        base_url: of the gateway, without ``/sca``.
        sp_id: of the school or the installation.
        sp_password: of the same.
        timeout: seconds one call may take.
        poll_seconds: between two requests for a transaction's state; the service asks for 10.
        window_seconds: how long the service waits for the phone.
    """

    def __init__(
        self,
        base_url: str,
        sp_id: str,
        sp_password: str,
        *,
        timeout: float = 15.0,
        poll_seconds: float = 10.0,
        max_hashes: int = 500,
        window_seconds: int = 300,
    ) -> None:
        self.poll_seconds, self.max_hashes, self.window_seconds = poll_seconds, max_hashes, window_seconds
        self._identity = {"sp_id": sp_id, "sp_password": sp_password}
        # A kept connection that the server closed meanwhile cannot be distinguished from a request lost on the way.
        self._client = BoundedClient(
            service="smartca",
            base_url=base_url.rstrip("/"),
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`. A credential's id is its certificate's serial number, which signing asks for."""
        shape = _checked(
            self._post(
                _CERTIFICATES,
                {**self._identity, "user_id": user, "serial_number": "", "transaction_id": secrets.token_hex(16)},
            )
        )
        try:
            return [_credential(entry) for entry in (shape.get("data") or {}).get("user_certificates") or ()]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`. Where the answer is lost the transaction is taken to exist: its id is ours."""
        transaction = f"HB{request.document_ids[0]}"
        body = {
            **self._identity,
            "user_id": request.user,
            "transaction_id": transaction,
            "transaction_desc": plain_name(request.description),
            "serial_number": request.credential_id,
            "time_stamp": f"{utc_now():%Y%m%d%H%M%SZ}",
            # The number keeps the order; the rest is what the signer recognises on his phone.
            "sign_files": [
                {
                    "doc_id": f"{number:03d}-{plain_name(name).replace(' ', '-')}",
                    "file_type": "pdf",
                    "sign_type": "hash",
                    "data_to_be_signed": digest.hex(),
                }
                for number, (name, digest) in enumerate(zip(request.document_names, request.hashes, strict=True), 1)
            ],
        }
        try:
            answer = self._client.post(_SIGN, json=body)
        except _NOT_SENT as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error
        except httpx.HTTPError:
            return Submitted(transaction)
        shape = _json(answer)
        if answer.status_code >= 500 or (answer.status_code < 400 and (shape is None or _status(answer, shape) >= 500)):
            return Submitted(transaction)
        given = str((_checked(answer).get("data") or {}).get("transaction_id") or transaction)
        return Submitted(given if _TRANSACTION.match(given) else transaction)

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`."""
        if not _TRANSACTION.match(transaction_id):
            return ProviderStatus("failed")  # none of ours: it would become a part of the address
        answer = self._post(f"{_SIGN}/{transaction_id}/status", {})
        shape = _json(answer)
        if answer.status_code == 429:
            raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=_retry_after(answer))
        if shape is None or _status(answer, shape) >= 500:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
        message = str(shape.get("message", "")).strip()
        state = _STATES.get(message.upper(), "waiting")
        signatures = (
            _in_order((shape.get("data") or {}).get("signatures"), self.max_hashes) if state == "signed" else ()
        )
        if state == "signed" and not signatures:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
        return ProviderStatus(state, signatures, message)

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            return self._client.post(path, json=body)
        except httpx.HTTPError as error:
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    """The body, or None where it is no object of JSON (a gateway's page)."""
    shape = json_of(answer)
    well_formed = isinstance(shape, dict) and isinstance(shape.get("data") or {}, dict)
    return shape if well_formed else None


def _status(answer: httpx.Response, shape: dict[str, Any]) -> int:
    """The service's own status where HTTP says 200: it puts refusals into the body."""
    said = shape.get("status_code")
    return said if answer.status_code < 400 and isinstance(said, int) and said >= 100 else answer.status_code


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer, or its refusal as a code of ours."""
    if answer.status_code == 429:
        raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=_retry_after(answer))
    shape = _json(answer)
    status = answer.status_code if shape is None else _status(answer, shape)
    if status >= 500 or (shape is None and status < 400):
        raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE)
    if status < 400 and shape is not None:
        return shape
    message = str((shape or {}).get("message", "")).strip().upper()[:60]
    if status == 401 or message == "SP_CREDENTIAL_INVALID":
        raise HocbaError(ErrorCode.PROVIDER_REFUSED_CLIENT, detail=message or str(status))
    if message == "CREDENTIAL_STATUS_INVALID":
        raise HocbaError(ErrorCode.SIGNING_CERTIFICATE)
    if status == 404 or "NOT_EXIST" in message or "NOT_FOUND" in message:
        raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
    raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail=message or str(status))


def _credential(entry: dict[str, Any]) -> Credential:
    chain = entry.get("chain_data") or {}
    texts = (entry["cert_data"], chain.get("ca_cert"), chain.get("root_cert"))
    certificates = tuple(base64.b64decode(text) for text in texts if text)
    signer = x509.load_der_x509_certificate(certificates[0])
    said = unicodedata.normalize("NFC", str(entry.get("cert_status_code") or entry.get("cert_status") or "")).casefold()
    return Credential(
        credential_id=str(entry["serial_number"]),
        status="valid" if said in _ACTIVE else said[:20] or "unknown",
        chain=certificates,
        valid_from=signer.not_valid_before_utc,
        valid_to=signer.not_valid_after_utc,
        description=str(entry.get("cert_subject") or entry.get("service_name") or ""),
    )


def _in_order(entries: object, most: int) -> tuple[bytes, ...]:
    """The signatures in the order of the request, by the number each document's id begins with.

    What is missing or no base64 stays in its place as an empty one, so that it is found wrong and not its neighbours.
    """
    found: dict[int, bytes] = {}
    for entry in entries if isinstance(entries, list) else ():
        number = _NUMBERED.match(str(entry.get("doc_id", ""))) if isinstance(entry, dict) else None
        if number is not None and 1 <= int(number[1]) <= most:
            found.setdefault(int(number[1]), _decoded(entry.get("signature_value")))
    return tuple(found.get(number, b"") for number in range(1, max(found, default=0) + 1))


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""))
    except ValueError:
        return b""


def _retry_after(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return min(_MAX_PAUSE, int(text)) if text.isascii() and text.isdigit() else _USUAL_PAUSE


ENTRY = ProviderEntry(
    name="smartca",
    setting="smartca_url",
    words=Words(
        title="VNPT SmartCA",
        app="VNPT SmartCA",
        account=("số định danh", "mã số thuế của trường"),
        confirming=(
            "Cài ứng dụng VNPT SmartCA, đăng nhập và kích hoạt theo hướng dẫn của VNPT.",
            one_request(5),
            "Quên PIN: đặt lại trong ứng dụng VNPT SmartCA hoặc gọi VNPT. Học bạ điện tử không giữ mã PIN.",
        ),
    ),
    arguments=lambda settings, _: (settings.smartca_url, settings.smartca_sp_id, settings.smartca_sp_password),
    make=SmartCaProvider,
    accounts_of=lambda number: (number,) if ID_NUMBER.fullmatch(number) or TAX_CODE.fullmatch(number) else (),
    simulator="hocba_app.simulators.smartca",
)
