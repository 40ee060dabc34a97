"""A folder into a bucket and back: resumable, checked, and the old place is no store any more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Database
from hocba_app.services.storage import blobs, identity, move
from hocba_app.services.storage.bucket_store import BucketStore
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.identity import StoreGuard
from hocba_app.services.storage.store import Store
from tests.integration.storage.test_identity import some_record
from tests.s3 import FaultyS3

Use = Callable[[object], None]
RECORDS = [b"record %d" % number for number in range(20)]
ANCHOR = "audit-anchors/s/000000000001.json"


@pytest.fixture
def folder(db: Database, tmp_path: Path, use: Use) -> FolderStore:
    use(tmp_path / "documents")
    identity.adopt(db)
    for record in RECORDS:
        blobs.put(record)
    store = FolderStore(tmp_path / "documents")
    store.write(ANCHOR, b"{}")
    store.write(".packets/.p.pdf", b"a print")
    return store


@pytest.fixture
def bucket(s3: FaultyS3, db: Database, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    monkeypatch.setattr("hocba_app.services.storage.bucket_store.BELIEVED_SECONDS", 1e-6)
    monkeypatch.setattr(move, "BELIEVED_SECONDS", -1)
    return BucketStore(s3.settings(hashlib.sha256(request.node.name.encode()).hexdigest()[:12]))


def is_ours(store: Store, db: Database) -> bool:
    try:
        StoreGuard(store, db).require()
    except StoreUnavailable:
        return False
    return True


def names(store: Store) -> set[str]:
    return {each.name for each in store.list()}


def test_there_and_back(db: Database, folder: FolderStore, bucket: BucketStore, tmp_path: Path) -> None:
    found = move.move(db, folder, bucket)
    assert (found.files, found.carried) == (21, 21)
    assert names(bucket) == names(folder) - {".packets/.p.pdf"}, "copies of a day stay behind"
    assert is_ours(bucket, db) and not is_ours(folder, db)
    with pytest.raises(StoreUnavailable) as refused:
        blobs.put(b"by a process that still has the old setting")
    assert refused.value.refusal.code is ErrorCode.STORE_OTHER and bucket.place in refused.value.sentence
    back = FolderStore(tmp_path / "back")
    assert move.move(db, bucket, back).carried == 21
    assert {
        back.read(identity.blob_name(name.rsplit("/", 1)[1]))
        for name in names(back)
        if name.count("/") == 2 and name != ANCHOR
    } == {*RECORDS}
    assert is_ours(back, db) and not is_ours(bucket, db)
    assert move.move(db, back, folder).carried == 0, "what lay there is taken as it is"
    assert is_ours(folder, db)


def test_a_move_that_is_cut_goes_on(
    db: Database, folder: FolderStore, bucket: BucketStore, s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = BucketStore.write

    def some(self: BucketStore, name: str, data: bytes, *, replace: bool = False) -> None:
        if len(written) == 7:
            raise KeyboardInterrupt
        written.append(name)
        write(self, name, data, replace=replace)

    monkeypatch.setattr(move, "MAX_CONCURRENT", 1)
    monkeypatch.setattr(BucketStore, "write", some)
    with pytest.raises(KeyboardInterrupt):
        move.move(db, folder, bucket)
    assert is_ours(folder, db) and not is_ours(bucket, db)
    monkeypatch.setattr(BucketStore, "write", write)
    s3.faults = ["ok", "500", "ok", "cut", "ok", "deaf"]
    assert move.move(db, folder, bucket).files == 21
    assert sum(method == "PUT" and path.endswith(written[0]) for method, path, _ in s3.seen) == 1, "not carried twice"
    assert is_ours(bucket, db)


@pytest.mark.parametrize("death", ["stopped", "marked"])
def test_killed_while_the_mark_changes_hands(
    db: Database, folder: FolderStore, bucket: BucketStore, death: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    mark = identity.write_mark
    made: list[Store] = []

    def dying(store: Store, value: str, **more: str) -> None:
        mark(store, value, **more)
        made.append(store)
        if len(made) == {"stopped": 1, "marked": 2}[death]:
            raise Killed

    monkeypatch.setattr(move, "write_mark", dying)
    with pytest.raises(Killed):
        move.move(db, folder, bucket)
    assert not is_ours(bucket, db)
    assert StoreGuard(folder, db).is_moving()
    monkeypatch.setattr(move, "write_mark", mark)
    move.move(db, folder, bucket)
    assert is_ours(bucket, db) and not is_ours(folder, db)


def test_a_damaged_file_stops_the_move_and_the_store_stays(
    db: Database, folder: FolderStore, bucket: BucketStore
) -> None:
    name = next(name for name in names(folder) if len(name) > 60)
    folder.path_of(name).write_bytes(b"rot")
    with pytest.raises(HocbaError) as refused:
        move.move(db, folder, bucket)
    assert refused.value.code is ErrorCode.STORE_MOVE_FAILED and name in refused.value.sentence
    assert is_ours(folder, db)


def test_what_arrived_damaged_is_carried_again(db: Database, folder: FolderStore, bucket: BucketStore) -> None:
    name = next(name for name in names(folder) if len(name) > 60)
    bucket.write(name, b"half")
    move.move(db, folder, bucket)
    assert bucket.read(name) == folder.read(name)


def test_a_list_that_lags_leaves_no_record_behind(
    db: Database, school_id: str, folder: FolderStore, bucket: BucketStore, s3: FaultyS3, tmp_path: Path
) -> None:
    """What the database names is carried whether a list shows it or not."""
    sha256 = blobs.put(b"just written")
    with db.write(school_id) as session:
        some_record(session, sha256)
    move.move(db, folder, bucket)
    s3.unlisted = {sha256}
    back = FolderStore(tmp_path / "back")
    move.move(db, bucket, back)
    assert back.read(identity.blob_name(sha256)) == b"just written"


def test_into_anothers_store_or_the_same_one_is_refused(db: Database, folder: FolderStore, tmp_path: Path) -> None:
    other = FolderStore(tmp_path / "other")
    identity.write_mark(other, "another")
    for target in (other, folder):
        with pytest.raises(HocbaError) as refused:
            move.move(db, folder, target)
        assert refused.value.code is ErrorCode.STORE_MOVE_FAILED
    assert is_ours(folder, db)
