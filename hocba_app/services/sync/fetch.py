"""A data set read to its end before anything is written: page by page, checked, kept aside on disk.

Core decision 15: no write transaction waits for the network. Memory holds one page; what was read waits in a temporary
file until the data set is written as a whole.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.sync.client import PAGE_ROWS, CursorRefused, SectorClient
from hocba_app.services.sync.schemas import SHAPES, Record, first_problem

MAX_RECORDS = 200_000
_MAX_REPEATS = 20
"""A page that leads to itself more often than this is no passing trouble."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record that has the right shape; ``data`` None: it is gone."""

    id: str
    version: int
    data: dict[str, Any] | None

    @property
    def raw(self) -> dict[str, Any]:
        """The row to try again, where it is refused for a reason that may pass."""
        return {"id": self.id, "version": self.version, "event": "UPDATE", "data": self.data}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that does not go in, and why."""

    id: str
    field: str
    reason: str
    raw: dict[str, Any] | None = None


@dataclass(slots=True)
class Collected:
    """A whole data set, read and checked. Close it: it is a file."""

    resource: str
    cursor: str = ""
    snapshot: int | None = None
    refused: dict[str, Refusal] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    count: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _file: Any = field(default_factory=lambda: tempfile.TemporaryFile("w+", encoding="utf-8"))  # noqa: SIM115 - closed with the data set

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: Sequence[Any], prepare: Callable[[list[Incoming]], None] | None = None) -> None:
        """Check a page of rows and keep them; a row whose version was seen before (a page sent twice) is passed over."""
        good = []
        for row in rows:
            record = self._checked(row)
            if record is None:
                continue
            if record.data is None:
                self.gone[record.id] = record.version
            else:
                good.append(record)
        if prepare is not None:
            prepare(good)
        for record in good:
            self._file.write(
                json.dumps([record.id, record.version, record.data], ensure_ascii=False, separators=(",", ":"))
            )
            self._file.write("\n")
        self.count += len(good)

    def chunks(self) -> Iterator[list[Incoming]]:
        """The records that are there, a page at a time; only the newest version of each."""
        self._file.flush()
        self._file.seek(0)
        chunk: list[Incoming] = []
        for line in self._file:
            record = Incoming(*json.loads(line))
            if self._seen[record.id] == record.version:
                chunk.append(record)
            if len(chunk) == PAGE_ROWS:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _checked(self, row: Any) -> Incoming | None:
        identity = row.get("id") if isinstance(row, dict) else None
        named = identity[:64] if isinstance(identity, str) and identity.isprintable() else "?"
        try:
            record = Record.model_validate(row)
            if self._seen.get(record.id, 0) >= record.version:
                return None
            data = None
            if record.event != "CANCEL":
                data = SHAPES[self.resource].model_validate(record.data).model_dump()
        except ValidationError as error:
            path, reason = first_problem(error)
            raw = row if isinstance(row, dict) and named != "?" and _storable(row) else None
            self.refused[named] = Refusal(named, path, reason, raw)
            return None
        self._seen[record.id] = record.version
        self.refused.pop(record.id, None)
        self.gone.pop(record.id, None)
        return Incoming(record.id, record.version, data)


def collect(
    client: SectorClient,
    resource: str,
    school_year: str,
    *,
    since: str,
    pending: Sequence[dict[str, Any]],
    prepare: Callable[[list[Incoming]], None] | None = None,
    seen: Callable[[int], None] | None = None,
) -> Collected:
    """Read a list to its end, after the records refused earlier.

    Args:
        since: cursor of the last complete reading, or "".
        pending: records refused by earlier runs; a newer version in the list replaces each.
        prepare: work on each page's good records before they are kept (photos, recomputation).
        seen: called with how many records have come, after each page; may raise to stop.

    Raises:
        HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
    """
    try:
        return _collect(client, resource, school_year, since, pending, prepare, seen)
    except CursorRefused:
        # The service forgot how far we were (restored, moved): everything once more, known versions are passed over.
        if not since:
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="con trỏ trang không được nhận") from None
        return _collect(client, resource, school_year, "", pending, prepare, seen)


def _collect(
    client: SectorClient,
    resource: str,
    school_year: str,
    since: str,
    pending: Sequence[dict[str, Any]],
    prepare: Callable[[list[Incoming]], None] | None,
    seen: Callable[[int], None] | None,
) -> Collected:
    found = Collected(resource)
    try:
        found.add(pending, prepare)
        at: str | None = None
        visits: dict[str, int] = {}
        while True:
            page = client.page(resource, school_year, since=since, at=at)
            if found.snapshot not in (None, page.snapshot):
                raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="đợt dữ liệu thay đổi giữa các trang")
            found.snapshot = page.snapshot
            found.add(page.rows, prepare)
            if seen is not None:
                seen(found.count)
            if page.next_page is None:
                found.cursor = page.cursor or ""
                return found
            at = page.next_page
            visits[at] = visits.get(at, 0) + 1
            if visits[at] > _MAX_REPEATS or found.count > MAX_RECORDS or len(visits) > MAX_RECORDS:
                raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="danh sách không có điểm dừng")
    except BaseException:
        found.__exit__(None, None, None)
        raise


def _storable(row: dict[str, Any]) -> bool:
    """Whether both databases can keep the row: PostgreSQL's JSON takes neither NUL nor half a character, nor NaN."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return "\\u0000" not in text and len(text) <= 100_000
