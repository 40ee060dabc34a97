"""The store in a bucket of an S3-compatible service (docs/decisions/0035-documents-store.md).

The client tries again by itself what the service failed at (5xx, a cut connection), for at most a minute; what fails after that
is a :class:`StoreUnavailable`: a passing fault, never a word about the file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
import structlog
from obstore import exceptions as refusals
from obstore.store import S3Store

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.outside_calls import count
from hocba_app.private_files import opener
from hocba_app.services.storage.stored import Stored
from hocba_app.settings import Settings

log = structlog.get_logger()
Answer = TypeVar("Answer")
REQUEST_SECONDS, RETRY_SECONDS, RETRIES = 20, 30, 4
"""Of one request, of all tries together, and how many."""
WRITE_TRIES, WRITE_PAUSE = 3, 0.2
"""A conditional write whose connection was cut is not repeated by the client: here it is, for repeating it changes nothing."""
BELIEVED_SECONDS = 10
"""What was read a moment ago is taken to be there still (:meth:`BucketStore.stamp`)."""
PART = 8 * 1024 * 1024
"""Bytes; larger things are written in parts."""
_FULL = ("507 Insufficient Storage", "StorageFull", "QuotaExceeded")
"""What services say that have no room for us: HTTP's status, MinIO's and Ceph's words."""
_REFUSED = (refusals.PermissionDeniedError, refusals.UnauthenticatedError)


class BucketStore:
    """A prefix of a bucket.

    Args:
        settings: with ``documents_url`` of the form ``s3://bucket/prefix`` and the ``s3_…`` settings.
    """

    def __init__(self, settings: Settings) -> None:
        self.place = settings.documents_url.rstrip("/")
        bucket, _, prefix = settings.documents_url.removeprefix("s3://").partition("/")
        options: dict[str, Any] = {}
        if settings.s3_encryption:
            options["server_side_encryption"] = settings.s3_encryption
        if settings.s3_kms_key:
            options["sse_kms_key_id"] = settings.s3_kms_key
        if settings.s3_endpoint:
            options["endpoint"] = settings.s3_endpoint.rstrip("/")
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            region=settings.s3_region or "us-east-1",
            access_key_id=settings.s3_key_id,
            secret_access_key=settings.s3_secret,
            virtual_hosted_style_request=not settings.s3_endpoint,
            checksum_algorithm="SHA256",
            client_options={
                "timeout": f"{REQUEST_SECONDS}s",
                "connect_timeout": "5s",
                "allow_http": settings.s3_endpoint.startswith("http://"),
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=5),
                    "base": 2,
                },
            },
            **options,
        )

    def read(self, name: str) -> bytes:
        return self._asked(lambda: bytes(obstore.get(self._store, name).bytes()))

    def write(self, name: str, data: bytes, *, replace: bool = False) -> None:
        if replace or (len(data) > PART and not self.exists(name)):
            self._asked(lambda: obstore.put(self._store, name, data, mode="overwrite", chunk_size=PART), writes=True)
        elif len(data) <= PART:
            self._create(name, data)

    def _create(self, name: str, data: bytes) -> None:
        """A conditional write: of two writers of one name the first has it."""
        for left in range(WRITE_TRIES - 1, -1, -1):
            try:
                self._asked(lambda: obstore.put(self._store, name, data, mode="create"), writes=True)
                return
            except refusals.AlreadyExistsError:
                return  # another's, or our own earlier try whose answer was lost
            except StoreUnavailable as error:
                if not left or error.refusal.code in (ErrorCode.STORE_REFUSED, ErrorCode.STORE_FULL):
                    raise
                time.sleep(WRITE_PAUSE * (WRITE_TRIES - left))

    def write_file(self, name: str, path: Path) -> None:
        self._asked(lambda: obstore.put(self._store, name, path, chunk_size=PART), writes=True)

    def read_to(self, name: str, path: Path) -> None:
        def copy() -> None:
            with open(path, "wb", opener=opener) as out:
                for piece in obstore.get(self._store, name).stream(min_chunk_size=PART):
                    out.write(piece)

        self._asked(copy)

    def stage(self, name: str, data: bytes) -> _Held:
        return _Held(self, name, data)

    def exists(self, name: str) -> bool:
        try:
            self.about(name)
        except FileNotFoundError:
            return False
        return True

    def about(self, name: str) -> Stored:
        found = self._asked(lambda: obstore.head(self._store, name))
        return Stored(name, found["size"], found["last_modified"])

    def stamp(self, _name: str) -> object:
        return int(time.monotonic() / BELIEVED_SECONDS)  # asking costs as much as reading: good for a while instead

    def list(self, prefix: str = "") -> Iterator[Stored]:
        pages = iter(obstore.list(self._store, prefix=prefix.strip("/") or None, chunk_size=1000))
        while page := self._asked(lambda: next(pages, None)):
            yield from (Stored(each["path"], each["size"], each["last_modified"]) for each in page)

    def remove(self, name: str) -> None:
        try:
            self._asked(lambda: obstore.delete(self._store, name), writes=True)
        except FileNotFoundError:
            return

    def clean(self) -> int:
        """Nothing is left half: an object appears whole, and the bucket's own rules end uploads in parts that were cut."""
        return 0

    def _asked(self, ask: Callable[[], Answer], *, writes: bool = False) -> Answer:
        try:
            return ask()
        except FileNotFoundError as error:
            if not writes and "NoSuchBucket" not in str(error):
                raise
            raise StoreUnavailable(HocbaError(ErrorCode.STORE_REFUSED, place=self.place)) from error
        except refusals.AlreadyExistsError:
            raise
        except _REFUSED as error:
            count("store", 403)
            log.error("store.refused", reason=type(error).__name__)
            raise StoreUnavailable(HocbaError(ErrorCode.STORE_REFUSED, place=self.place)) from error
        except (refusals.BaseError, OSError, ValueError) as error:
            # The client's text holds the address asked and what the service said: no key, no bytes of a record.
            if any(word in str(error) for word in _FULL):
                count("store", 507)
                log.error("store.full")
                raise StoreUnavailable(HocbaError(ErrorCode.STORE_FULL, place=self.place)) from error
            count("store", None)
            log.warning("store.unreachable", reason=type(error).__name__, said=_first_line(error))
            raise StoreUnavailable(HocbaError(ErrorCode.STORE_UNREACHABLE, place=self.place)) from error


class _Held:
    """Bytes in a nameless file of this machine until they are wanted."""

    def __init__(self, store: BucketStore, name: str, data: bytes) -> None:
        self._store, self._name = store, name
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by drop
        self._file.write(data)

    def keep(self) -> None:
        self._file.seek(0)
        self._store.write(self._name, self._file.read())

    def drop(self) -> None:
        self._file.close()


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
