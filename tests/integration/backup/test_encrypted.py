"""Backups nobody on the server can read, added to from day to day, and looked at before they are needed."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, School
from hocba_app.models.migrate import upgrade
from hocba_app.services.backup import archive_file, encryption, incremental
from hocba_app.services.backup.archive_file import Restored
from hocba_app.services.backup.check import Checked, check
from hocba_app.services.storage.bucket_store import BucketStore
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.identity import blob_name
from hocba_app.services.storage.store import Store
from hocba_app.settings import ROOT
from tests.integration.storage.test_identity import some_record
from tests.refusals import refused
from tests.s3 import faulty_s3

RECORDS = [b"Nguyen Van An, record %d" % number for number in range(10)]


class Place:
    """An installation with records, and keys."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder}/live/hocba.db"
        upgrade(self.url)
        self.store = FolderStore(folder / "documents")
        self.add(*RECORDS)
        self.recipients = encryption.recipients_of(encryption.new_key(folder / "key"))
        self.keys = encryption.identities_in(folder / "key")

    def add(self, *records: bytes) -> None:
        for record in records:
            self.store.write(blob_name(hashlib.sha256(record).hexdigest()), record)

    def name(self, sha256: str) -> None:
        """Make the database name a blob."""
        db = Database(self.url)
        with db.installation(write=True) as session:
            session.add(school := School(code="1", name="Trường"))
        with db.write(school.id) as session:
            some_record(session, sha256)
        db.dispose()

    def fresh(self, name: str) -> tuple[str, FolderStore]:
        return f"sqlite:///{self.folder}/{name}/hocba.db", FolderStore(self.folder / name / "documents")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Where snapshots are kept."""
    if request.param == "folder":
        yield FolderStore(tmp_path / "kept")
        return
    with faulty_s3() as s3:
        yield BucketStore(s3.settings(hashlib.sha256(request.node.name.encode()).hexdigest()[:12]))


def contents(store: FolderStore) -> set[bytes]:
    return {store.read(each.name) for each in store.list()}


def test_one_file_for_a_recipient(place: Place) -> None:
    target = place.folder / "b.tar.age"
    assert archive_file.backup(place.url, place.store, target, place.recipients) == 10
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"Nguyen" not in target.read_bytes() and b"SQLite" not in target.read_bytes()
    assert archive_file.restore(target, *place.fresh("new"), place.keys) == Restored(10, ())
    assert contents(place.fresh("new")[1]) == set(RECORDS)


def test_without_its_key_a_backup_is_not_called_damaged(place: Place) -> None:
    target = place.folder / "b.tar.age"
    archive_file.backup(place.url, place.store, target, place.recipients)
    encryption.new_key(place.folder / "other")
    others = encryption.identities_in(place.folder / "other")
    for keys in ([], others):
        assert refused(archive_file.restore, target, *place.fresh("new"), keys) is ErrorCode.BACKUP_KEY_WRONG
    assert not (place.folder / "new" / "hocba.db").exists()
    (place.folder / "key").chmod(0o644)
    assert refused(encryption.identities_in, place.folder / "key") is ErrorCode.BACKUP_KEY_WRONG, "others can read it"
    assert refused(encryption.new_key, place.folder / "key") is ErrorCode.INVALID_INPUT, "never written over"
    assert refused(encryption.recipients_of, "age1nonsense") is ErrorCode.SETTING_UNKNOWN


@pytest.mark.parametrize("at", [0.3, 0.6, 0.999])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_an_encrypted_backup_that_was_harmed(place: Place, at: float, harm: str) -> None:
    target = place.folder / "b.tar.age"
    archive_file.backup(place.url, place.store, target, place.recipients)
    data = bytearray(target.read_bytes())
    where = int(len(data) * at)
    if harm == "cut":
        del data[where:]
    else:
        data[where] ^= 1
    target.write_bytes(data)
    assert refused(archive_file.restore, target, *place.fresh("new"), place.keys) is ErrorCode.BACKUP_DAMAGED
    assert not (place.folder / "new" / "hocba.db").exists()


def test_a_full_disk_is_the_disk_not_a_broken_pipe(place: Place) -> None:
    with (
        open("/dev/full", "wb", buffering=0) as full,
        pytest.raises(OSError, match="space"),
        encryption.writing(full, place.recipients) as end,
    ):
        for _ in range(50):
            end.write(b"x" * 100_000)


@pytest.mark.parametrize("encrypted", [True, False])
def test_each_document_once(place: Place, kept: Store, encrypted: bool) -> None:
    recipients, keys = (place.recipients, place.keys) if encrypted else ([], [])
    first = incremental.backup_into(place.url, place.store, kept, recipients)
    place.add(b"a new record")
    second = incremental.backup_into(place.url, place.store, kept, recipients)
    assert [(each.documents, each.new) for each in (first, second)] == [(10, 10), (11, 1)]
    assert incremental.snapshots(kept) == [first.snapshot, second.snapshot]
    if encrypted:
        assert all(each.name.endswith(".age") for each in kept.list())
        assert not any(b"Nguyen" in kept.read(each.name) for each in kept.list())
    assert incremental.restore_from(kept, *place.fresh("new"), keys) == Restored(11, ())
    assert contents(place.fresh("new")[1]) == {*RECORDS, b"a new record"}
    before = first.snapshot.removeprefix("snapshots/")
    assert incremental.restore_from(kept, *place.fresh("old"), keys, snapshot=before) == Restored(10, ())
    assert refused(incremental.restore_from, kept, *place.fresh("x"), keys, "none.tar") is ErrorCode.NOT_FOUND


def test_an_object_that_rots_is_named_and_keeps_no_other_back(place: Place, tmp_path: Path) -> None:
    kept = FolderStore(tmp_path / "kept")
    incremental.backup_into(place.url, place.store, kept, place.recipients)
    objects = [each.name for each in kept.list("objects")]
    kept.path_of(objects[0]).write_bytes(kept.read(objects[1]))
    kept.path_of(objects[2]).write_bytes(kept.read(objects[2])[:-1])
    kept.remove(objects[3])
    restored = incremental.restore_from(kept, *place.fresh("new"), place.keys)
    assert restored.documents == 7 and len(restored.damaged) == 3


def checked(place: Place, source: Path) -> Checked:
    return check(lambda seen, room: archive_file.unpacked(source, seen, place.keys, room), "")


def test_a_check_touches_nothing_and_finds_what_is_missing(place: Place) -> None:
    place.name(hashlib.sha256(RECORDS[0]).hexdigest())
    archive_file.backup(place.url, place.store, place.folder / "good.tar.age", place.recipients)
    before = sorted(path for path in place.folder.rglob("*"))
    found = checked(place, place.folder / "good.tar.age")
    assert found.is_well and (found.documents, found.missing) == (10, 0) and found.revision
    assert sorted(path for path in place.folder.rglob("*")) == before
    place.store.remove(blob_name(hashlib.sha256(RECORDS[0]).hexdigest()))
    archive_file.backup(place.url, place.store, place.folder / "poor.tar.age", place.recipients)
    found = checked(place, place.folder / "poor.tar.age")
    assert not found.is_well and found.missing == 1


def test_memory_does_not_grow_with_the_database(tmp_path: Path) -> None:
    """A backup and a restore of 4 GB once took 4 GB of memory."""
    script = """
import resource, sys
from pathlib import Path
from hocba_app.services.backup import archive_file, encryption
from hocba_app.services.storage.folder_store import FolderStore
folder = Path(sys.argv[1])
recipients = encryption.recipients_of(encryption.new_key(folder / "key"))
archive_file.backup(f"sqlite:///{folder}/live.db", FolderStore(folder / "documents"), folder / "b", recipients)
keys = encryption.identities_in(folder / "key")
archive_file.restore(folder / "b", f"sqlite:///{folder}/new/x.db", FolderStore(folder / "new" / "documents"), keys)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for megabytes in (1, 120):
        folder = tmp_path / str(megabytes)
        folder.mkdir()
        with sqlite3.connect(folder / "live.db") as connection:
            connection.execute("create table t (b blob)")
            connection.executemany("insert into t values (randomblob(1000000))", [()] * megabytes)
        connection.close()
        said = subprocess.run(
            [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        peaks.append(int(said.stdout))
    assert peaks[1] - peaks[0] < 60, peaks
