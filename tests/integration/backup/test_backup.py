"""A backup brings everything back, refuses to overwrite, and notices damage."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import tarfile
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School
from hocba_app.models.base import utc_now
from hocba_app.services.backup import archive_file
from hocba_app.services.backup.archive_file import Restored, backup, restore
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.stored import Stored
from tests.refusals import refused


@pytest.fixture
def installation(tmp_path: Path) -> tuple[str, FolderStore]:
    url = f"sqlite:///{tmp_path}/live.db"
    db = Database(url)
    SQLModel.metadata.create_all(db.engine)
    with db.installation(write=True) as session:
        session.add(School(code="s1", name="Trường một"))
    db.dispose()
    documents = tmp_path / "documents"
    (documents / "ab").mkdir(parents=True)
    (documents / "ab" / "abcd").write_bytes(b"signed")
    return url, FolderStore(documents)


def test_what_was_saved_comes_back(installation: tuple[str, FolderStore], tmp_path: Path) -> None:
    assert backup(*installation, tmp_path / "b.tar") == 1
    url = f"sqlite:///{tmp_path}/new/restored.db"
    assert restore(tmp_path / "b.tar", url, FolderStore(tmp_path / "new" / "documents")) == Restored(1, ())
    assert (tmp_path / "new" / "documents" / "ab" / "abcd").read_bytes() == b"signed"
    db = Database(url)
    with db.installation() as session:
        assert session.exec(select(School.name)).one() == "Trường một"
    db.dispose()


def test_live_data_is_never_overwritten(installation: tuple[str, FolderStore], tmp_path: Path) -> None:
    backup(*installation, tmp_path / "b.tar")
    assert refused(restore, tmp_path / "b.tar", *installation) is ErrorCode.RESTORE_NOT_EMPTY


@pytest.mark.parametrize("cut", [100, 5000, -2048])
def test_a_damaged_backup_is_refused(installation: tuple[str, FolderStore], tmp_path: Path, cut: int) -> None:
    whole = tmp_path / "b.tar"
    backup(*installation, whole)
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:cut])
    if cut < 0:  # only padding is lost: damage the database inside instead
        data = bytearray(whole.read_bytes())
        data[2000] ^= 0xFF
        (tmp_path / "cut.tar").write_bytes(bytes(data))
    assert (
        refused(lambda: restore(tmp_path / "cut.tar", f"sqlite:///{tmp_path}/x.db", FolderStore(tmp_path / "x")))
        is ErrorCode.BACKUP_DAMAGED
    )
    assert not (tmp_path / "x.db").exists()


def test_each_document_is_held_against_its_name(installation: tuple[str, FolderStore], tmp_path: Path) -> None:
    """A document whose bytes are not those of its name is reported and left out; the others are restored."""
    url, documents = installation
    names = {}
    for content in (b"first record", b"second record"):
        names[content] = hashlib.sha256(content).hexdigest()
        path = documents.root / names[content][:2] / names[content][2:4] / names[content]
        path.parent.mkdir(parents=True)
        path.write_bytes(content if content == b"first record" else b"something else")
    assert backup(url, documents, tmp_path / "b.tar") == 3
    new = tmp_path / "new" / "documents"
    restored = restore(tmp_path / "b.tar", f"sqlite:///{tmp_path}/new/restored.db", FolderStore(new))
    assert restored == Restored(2, (names[b"second record"],))
    assert {path.name for path in new.rglob("*") if path.is_file()} == {"abcd", names[b"first record"]}
    assert (tmp_path / "new" / "restored.db").exists()


def _archive(path: Path, members: list[tuple[str, bytes]], **changes: object) -> Path:
    """A backup made by hand: its database is a real one, its manifest fits, unless the test says otherwise."""
    database = path.with_suffix(".made.db")
    sqlite3.connect(database).close()
    database.write_bytes(b"SQLite format 3\0" + b"\0" * 84)
    about = {
        "format": 1,
        "made_at": "x",
        "documents": 0,
        "database": hashlib.sha256(database.read_bytes()).hexdigest(),
        "kind": "sqlite",
    } | changes
    with tarfile.open(path, "w") as tar:
        for name, content in [
            ("database", database.read_bytes()),
            ("manifest.json", json.dumps(about).encode()),
            *members,
        ]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("members", "changes"),
    [
        ([("documents", b"x")], {"documents": 1}),
        ([("documents/..", b"x")], {"documents": 1}),
        ([("documents/../../x", b"x")], {"documents": 1}),
        ([("documents/" + "x" * 300, b"x")], {"documents": 1}),
        ([("documents/a/b/c/d/e/f/g", b"x")], {"documents": 1}),
        ([("documents/a\\b", b"x")], {"documents": 1}),
        ([("documents/a\nb", b"x")], {"documents": 1}),
        ([], {"documents": "none"}),
        ([], {"documents": None}),
        ([], {"format": 2}),
        ([], {"database": None}),
        ([("manifest.json", b"[]")], {}),
        ([("manifest.json", b"[" * 100_000)], {}),
        ([("manifest.json", b"\xff\xfe")], {}),
        ([("manifest.json", b"")], {}),
        ([], {"documents": 3}),
    ],
)
def test_a_malformed_archive_is_refused(
    tmp_path: Path, members: list[tuple[str, bytes]], changes: dict[str, object]
) -> None:
    assert (
        refused(
            lambda: restore(
                _archive(tmp_path / "b.tar", members, **changes),
                f"sqlite:///{tmp_path}/x.db",
                FolderStore(tmp_path / "in" / "documents"),
            )
        )
        is ErrorCode.BACKUP_DAMAGED
    )
    assert not (tmp_path / "x.db").exists() and not list((tmp_path / "in").rglob("*[xb]"))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 10_240, b"PK\3\4 a zip", gzip.compress(b"\0" * 10_240, mtime=0), b"x" * 600],
    ids=["nothing", "zeros", "zip", "gzip", "letters"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    assert (
        refused(lambda: restore(tmp_path / "b.tar", f"sqlite:///{tmp_path}/x.db", FolderStore(tmp_path / "x")))
        is ErrorCode.BACKUP_DAMAGED
    )


def test_an_empty_member_name_and_what_is_no_file_are_passed_by(tmp_path: Path) -> None:
    path = _archive(tmp_path / "b.tar", [("", b"x"), ("/documents/x", b"x"), ("other/x", b"x")])
    with tarfile.open(path, "a") as tar:
        for name, kind in (
            ("documents/link", tarfile.SYMTYPE),
            ("documents/hard", tarfile.LNKTYPE),
            ("documents/pipe", tarfile.FIFOTYPE),
            ("documents/dir", tarfile.DIRTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    assert restore(path, f"sqlite:///{tmp_path}/x.db", FolderStore(tmp_path / "in")) == Restored(0, ())
    assert list(FolderStore(tmp_path / "in").list()) == []


def test_a_place_that_cannot_take_it_is_no_damaged_backup(
    installation: tuple[str, FolderStore], tmp_path: Path
) -> None:
    """ "Could not" is never reported as "bad"."""
    backup(*installation, tmp_path / "b.tar")
    (tmp_path / "file").touch()
    for source, place in (
        (tmp_path / "none.tar", tmp_path / "x"),
        (tmp_path / "b.tar", tmp_path / "file" / "x"),
        (tmp_path, tmp_path / "x"),
    ):
        assert refused(restore, source, f"sqlite:///{tmp_path}/x.db", FolderStore(place)) is ErrorCode.RESTORE_FAILED, (
            source
        )
    for target in (tmp_path / "none" / "b.tar", tmp_path / "file" / "b.tar"):
        with pytest.raises(HocbaError) as error:
            backup(*installation, target)
        assert error.value.code is ErrorCode.BACKUP_FAILED
        assert "đĩa" not in error.value.sentence


def test_a_file_that_goes_while_it_is_saved_stops_nothing(
    installation: tuple[str, FolderStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_more(documents: FolderStore) -> list[Stored]:
        return [Stored("gone", 1, utc_now()), documents.about("ab/abcd")]

    monkeypatch.setattr(archive_file, "stored_in", one_more)
    assert backup(*installation, tmp_path / "b.tar") == 1
    assert restore(tmp_path / "b.tar", f"sqlite:///{tmp_path}/x.db", FolderStore(tmp_path / "x")) == Restored(1, ())
