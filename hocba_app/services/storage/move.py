"""``hocba documents move``: everything from one store into another, checked, and from then on the other one is ours.

Killed anywhere it goes on when it is run again: what lies in the new store with the right bytes is not carried twice. In the end
the mark changes hands, so that a process still set to the old place stops there instead of writing into it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import structlog

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database
from hocba_app.models.base import new_id, utc_now
from hocba_app.models.repositories import installation as rows
from hocba_app.services.storage.bucket_store import BELIEVED_SECONDS, BucketStore
from hocba_app.services.storage.identity import MARK, blob_name, read_mark, write_mark
from hocba_app.services.storage.store import Store
from hocba_app.services.storage.stored import Stored

log = structlog.get_logger()
MAX_CONCURRENT, CHUNK_SIZE = 8, 256
NAMED_BY_CONTENT = re.compile(r"(?:[0-9a-f]{2}/){2}([0-9a-f]{64})")


@dataclass(slots=True)
class Moved:
    """What a move did."""

    files: int = 0
    """Checked in the new store, whether they were carried now or before."""
    carried: int = 0
    bytes: int = 0
    """Carried."""


def move(db: Database, source: Store, target: Store, tell: Callable[[Moved], None] = lambda _: None) -> Moved:
    """Carry everything from the store of a database into another one, and make that one the store.

    Args:
        db: whose mark the source carries.
        tell: called now and then with what is done.

    Raises:
        HocbaError: STORE_MOVE_FAILED when a file's bytes are not those of its name, or did not arrive; the source is still ours.
        StoreUnavailable: the source is not ours, or the target another's.
    """
    mark = _require_from_here(db, source, target)
    moved = Moved()
    _carry(source, target, moved, tell)
    # Writers stop here: what they wrote since the list was made is carried in a second pass.
    write_mark(source, mark, moved_to=target.place)
    if isinstance(source, BucketStore):
        time.sleep(BELIEVED_SECONDS + 1)
    try:
        moved.files = 0
        _carry(source, target, moved, tell)
        _carry_named(db, source, target, moved)
    except BaseException:
        write_mark(source, mark)
        raise
    new = new_id()
    write_mark(target, new, comes_from=mark)
    with db.installation(write=True) as session:
        rows.set_mark(session, new, utc_now())
    log.info("store.moved", files=moved.files, carried=moved.carried)
    return moved


def _require_from_here(db: Database, source: Store, target: Store) -> str:
    """The mark of the database, when source and target may be what they are to be."""
    with db.installation() as session:
        row = rows.installation_row(session)
    said, there = read_mark(source), read_mark(target)
    if row is None or said is None or said.get("installation") != row.mark:
        if there is not None and row is not None and there.get("installation") == row.mark:
            raise _failed("kho mới đã là kho của hệ thống; chỉ cần đặt HOCBA_DOCUMENTS_URL tới đó")
        raise _failed(f"{source.place} không mang dấu của cơ sở dữ liệu này")
    if source.place == target.place:
        raise _failed("kho mới trùng kho cũ")
    ours = (
        there is None or bool(there.get("moved_to")) or row.mark in (there.get("installation"), there.get("comes_from"))
    )
    if not ours:
        raise _failed(f"{target.place} là kho của một hệ thống khác")
    return row.mark


def _carry(source: Store, target: Store, moved: Moved, tell: Callable[[Moved], None]) -> None:
    found = (each for each in source.list() if not each.name.startswith(".") and each.name != MARK)
    with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
        while chunk := list(islice(found, CHUNK_SIZE)):
            for carried in pool.map(lambda each: _one(source, target, each), chunk):
                moved.files += 1
                moved.carried += carried > 0
                moved.bytes += carried
            tell(moved)


def _carry_named(db: Database, source: Store, target: Store, moved: Moved) -> None:
    """What the database names and the list did not show: some services' lists lag behind what was written."""
    listed = (match[1] for each in target.list() if (match := NAMED_BY_CONTENT.fullmatch(each.name)))
    here = next(listed, None)
    with db.installation() as session:
        for sha256 in rows.named_blobs(session):
            while here is not None and here < sha256:
                here = next(listed, None)
            if here != sha256:
                try:
                    carried = _one(source, target, Stored(blob_name(sha256), 0, utc_now()))
                except FileNotFoundError:
                    raise _failed(f"kho cũ thiếu tệp {sha256}, hãy phục hồi tệp này từ bản sao lưu") from None
                moved.carried += carried > 0
                moved.bytes += carried


def _one(source: Store, target: Store, stored: Stored) -> int:
    """Bytes carried; 0 when the target has them already."""
    name = stored.name
    content = NAMED_BY_CONTENT.fullmatch(name)
    try:
        there = target.read(name)
    except FileNotFoundError:
        there = None
    if there is not None and content is not None and _sha256(there) == content[1]:
        return 0
    data = source.read(name)
    if content is not None and _sha256(data) != content[1]:
        raise _failed(f"tệp {name} trong kho cũ đã hỏng, hãy phục hồi tệp này từ bản sao lưu")
    if there == data:
        return 0
    target.write(name, data, replace=there is not None)
    if target.read(name) != data:
        raise _failed(f"tệp {name} không đến nơi nguyên vẹn")
    return len(data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _failed(detail: str) -> HocbaError:
    return HocbaError(ErrorCode.STORE_MOVE_FAILED, detail=detail)
