"""The sector database over HTTP: tokens renewed, trouble waited out, answers bounded (docs/smas-contract.md)."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import stamina

from hocba_app.bounded_http import AnswerTooLarge, BoundedClient
from hocba_app.domain.errors import ErrorCode, HocbaError

T = TypeVar("T")
PAGE_ROWS = 500
MAX_ANSWER = 32 * 1024 * 1024
MAX_CALL = 120.0
"""Seconds for one call with its answer: a page of 32 MB over a slow line, not a byte every half minute."""
MAX_PAUSE = 30.0
"""Seconds: a longer Retry-After is left to the job, which gives its worker back meanwhile."""
_EARLIER_SECONDS = 60.0


class Trouble(Exception):
    """Passing trouble of the service: the same call may be made again.

    Args:
        pause: seconds the service asked for, or None.
        refused: it takes no token, not even a new one.
    """

    def __init__(self, pause: float | None = None, *, refused: bool = False) -> None:
        super().__init__("sector")
        self.pause, self.refused = pause, refused


class CursorRefused(Exception):
    """The service no longer knows this cursor: the list has to be read from its beginning."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, rows as they came but in NFC."""

    rows: list[Any]
    next_page: str | None
    cursor: str | None
    snapshot: int


def _again(error: Exception) -> bool | float:
    """Whether to try again, and after how many seconds where the service said so."""
    if isinstance(error, Trouble):
        if error.pause is None:
            return True
        return error.pause if error.pause <= MAX_PAUSE else False
    return False


class SectorClient:
    """Reads one school's submitted data. Its methods may be called from several threads.

    Args:
        url: of the service.
        client_id: of the school.
        client_secret: of the school.
        attempts: of one call before it fails.
        patience: seconds all attempts of one call may take together.
        timeout: seconds one call may take.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        attempts: int = 6,
        patience: float = 60.0,
        timeout: float = 30.0,
    ) -> None:
        self._http = BoundedClient(
            service="smas",
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(timeout, connect=5.0),
            limits=httpx.Limits(max_connections=16),
            total=MAX_CALL,
            trust_env=False,
        )
        self._id, self._secret = client_id, client_secret
        self._attempts, self._patience = attempts, patience
        self._token, self._until = "", 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def snapshots(self, school_year: str) -> list[dict[str, Any]]:
        """Accepted snapshots of a school year, oldest first.

        Raises:
            HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
        """
        answer = self._json("/sector/v1/snapshots", {"school_year": school_year})
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="danh sách đợt dữ liệu không đúng dạng")
        return [item for item in items if isinstance(item, dict) and type(item.get("number")) is int]

    def page(self, resource: str, school_year: str, *, since: str = "", at: str | None = None) -> Page:
        """One page of a list.

        Args:
            since: cursor of the last list read to its end; "" for everything.
            at: cursor of the page; None for the first.

        Raises:
            CursorRefused: the service does not know the cursor.
            HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
        """
        query = {"school_year": school_year, "limit": str(PAGE_ROWS)}
        if since:
            query["since"] = since
        if at is not None:
            query["page"] = at
        answer = self._json(f"/sector/v1/{resource}", query)
        rows, following = (answer.get("items"), answer.get("next_page")) if isinstance(answer, dict) else (None, None)
        cursor, snapshot = (answer.get("cursor"), answer.get("snapshot")) if isinstance(answer, dict) else (None, None)
        if (
            not isinstance(rows, list) or len(rows) > 10 * PAGE_ROWS or type(snapshot) is not int
            or not (following is None or isinstance(following, str)) or not (cursor is None or (isinstance(cursor, str) and len(cursor) <= 200))
        ):  # fmt: skip
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail=f"trang {resource} không đúng dạng")
        return Page(rows, following, cursor, snapshot)

    def photo(self, sha256: str, largest: int) -> bytes | None:
        """The bytes of a photo, unchecked; None where there is none, or it is larger than ``largest`` bytes.

        Raises:
            HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
        """
        status, body = self._call(f"/sector/v1/photos/{sha256}", {}, largest)
        if status == 200:
            return body
        if status in (404, 410, 413):
            return None
        raise HocbaError(ErrorCode.SECTOR_REFUSED, detail=f"mã {status}")

    def _json(self, path: str, query: dict[str, str]) -> Any:
        def read() -> Any:
            status, body = self._once(path, query, MAX_ANSWER)
            if status == 400 and b"invalid_cursor" in body:
                raise CursorRefused
            if status != 200:
                raise HocbaError(ErrorCode.SECTOR_REFUSED, detail=f"mã {status}")
            try:
                return _composed(body)
            except (ValueError, RecursionError) as error:
                raise Trouble from error  # a gateway's page, or half an answer

        return self._retried(read)

    def _call(self, path: str, query: dict[str, str], largest: int) -> tuple[int, bytes]:
        return self._retried(lambda: self._once(path, query, largest))

    def _retried(self, call: Callable[[], T]) -> T:
        try:
            for attempt in stamina.retry_context(
                on=_again,
                attempts=self._attempts,
                timeout=self._patience,
                wait_initial=0.2,
                wait_max=10.0,
                wait_jitter=0.3,
            ):
                with attempt:
                    return call()
        except Trouble as error:
            if error.refused:
                raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="mã truy cập không được nhận") from error
            raise HocbaError(ErrorCode.SECTOR_UNREACHABLE, seconds=error.pause or 0) from error
        raise AssertionError("a retry loop ends by a result or an error")

    def _once(self, path: str, query: dict[str, str], largest: int) -> tuple[int, bytes]:
        """One call; a refused token is renewed once.

        Raises:
            Trouble: no answer, a broken one, or one that says later.
            HocbaError: SECTOR_REFUSED when the credentials are refused.
        """
        status, body, pause = self._send("GET", path, largest, params=query, token=self._bearer())
        if status == 401:
            status, body, pause = self._send("GET", path, largest, params=query, token=self._bearer(renew=True))
            if status == 401:
                self._until = 0.0
                raise Trouble(refused=True)
        if status in (408, 425, 429) or status >= 500:
            raise Trouble(pause)
        return status, body

    def _bearer(self, *, renew: bool = False) -> str:
        if not renew and self._until > time.monotonic():
            return self._token
        asked = time.monotonic()
        form = {"grant_type": "client_credentials", "client_id": self._id, "client_secret": self._secret}
        status, body, pause = self._send("POST", "/oauth2/token", 64 * 1024, data=form)
        if status in (408, 425, 429) or status >= 500:
            raise Trouble(pause)
        if status != 200:
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="sai tài khoản kết nối")
        try:
            answer = json.loads(body)
            token, lasts = answer["access_token"], float(answer["expires_in"])
            if not isinstance(token, str) or not token.isascii() or any(letter.isspace() for letter in token):
                raise ValueError("token")
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise Trouble from error
        self._token, self._until = token, asked + max(lasts / 2, lasts - _EARLIER_SECONDS)
        return token

    def _send(
        self,
        method: str,
        path: str,
        largest: int,
        *,
        token: str = "",
        params: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
    ) -> tuple[int, bytes, float | None]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._http.request(
                method, path, params=params, data=data, headers=headers, extensions={"most_bytes": largest}
            )
            return answer.status_code, answer.content, _retry_after(answer)
        except AnswerTooLarge:
            return 413, b"", None
        except httpx.HTTPError as error:
            raise Trouble from error
        except httpx.InvalidURL as error:
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="địa chỉ CSDL ngành không đúng") from error


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _composed(body: bytes) -> Any:
    """The JSON with every string in NFC: SMAS hands on what was typed, and some keyboards type NFD.

    Normalising the text is 20 times faster than normalising each string; only escapes have to be looked at one by one.
    """
    text = unicodedata.normalize("NFC", body.decode())
    return _each_composed(json.loads(text)) if "\\u" in text else json.loads(text)


def _each_composed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_each_composed(item) for item in value]
    if isinstance(value, dict):
        return {key: _each_composed(item) for key, item in value.items()}
    return value
