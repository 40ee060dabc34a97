"""A backup brings everything back, refuses to overwrite, and notices damage."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School
from hocba_app.services.backup.archive_file import Restored, backup, restore


@pytest.fixture
def installation(tmp_path: Path) -> tuple[str, Path]:
    url = f"sqlite:///{tmp_path}/live.db"
    db = Database(url)
    SQLModel.metadata.create_all(db.engine)
    with db.installation(write=True) as session:
        session.add(School(code="s1", name="Trường một"))
    db.dispose()
    documents = tmp_path / "documents"
    (documents / "ab").mkdir(parents=True)
    (documents / "ab" / "abcd").write_bytes(b"signed")
    return url, documents


def test_what_was_saved_comes_back(installation: tuple[str, Path], tmp_path: Path) -> None:
    assert backup(*installation, tmp_path / "b.tar") == 1
    url = f"sqlite:///{tmp_path}/new/restored.db"
    assert restore(tmp_path / "b.tar", url, tmp_path / "new" / "documents") == Restored(1, ())
    assert (tmp_path / "new" / "documents" / "ab" / "abcd").read_bytes() == b"signed"
    db = Database(url)
    with db.installation() as session:
        assert session.exec(select(School.name)).one() == "Trường một"
    db.dispose()


def test_live_data_is_never_overwritten(installation: tuple[str, Path], tmp_path: Path) -> None:
    backup(*installation, tmp_path / "b.tar")
    with pytest.raises(HocbaError) as error:
        restore(tmp_path / "b.tar", *installation)
    assert error.value.code is ErrorCode.RESTORE_NOT_EMPTY


@pytest.mark.parametrize("cut", [100, 5000, -2048])
def test_a_damaged_backup_is_refused(installation: tuple[str, Path], tmp_path: Path, cut: int) -> None:
    whole = tmp_path / "b.tar"
    backup(*installation, whole)
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:cut])
    if cut < 0:  # only padding is lost: damage the database inside instead
        data = bytearray(whole.read_bytes())
        data[2000] ^= 0xFF
        (tmp_path / "cut.tar").write_bytes(bytes(data))
    with pytest.raises(HocbaError) as error:
        restore(tmp_path / "cut.tar", f"sqlite:///{tmp_path}/x.db", tmp_path / "x")
    assert error.value.code is ErrorCode.BACKUP_DAMAGED
    assert not (tmp_path / "x.db").exists()


def test_each_document_is_held_against_its_name(installation: tuple[str, Path], tmp_path: Path) -> None:
    """A document whose bytes are not those of its name is told and left out; the others come back."""
    url, documents = installation
    names = {}
    for content in (b"first record", b"second record"):
        names[content] = hashlib.sha256(content).hexdigest()
        path = documents / names[content][:2] / names[content][2:4] / names[content]
        path.parent.mkdir(parents=True)
        path.write_bytes(content if content == b"first record" else b"something else")
    assert backup(url, documents, tmp_path / "b.tar") == 3
    new = tmp_path / "new" / "documents"
    restored = restore(tmp_path / "b.tar", f"sqlite:///{tmp_path}/new/restored.db", new)
    assert restored == Restored(2, (names[b"second record"],))
    assert {path.name for path in new.rglob("*") if path.is_file()} == {"abcd", names[b"first record"]}
    assert (tmp_path / "new" / "restored.db").exists()
