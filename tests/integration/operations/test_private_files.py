"""Data of pupils is for the service's own user only, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocba_app import startup
from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, School
from hocba_app.models.migrate import upgrade
from hocba_app.services.backup.archive_file import backup, restore
from hocba_app.services.maintenance.configuration_check import encrypted_addresses, private_places
from hocba_app.services.storage import blobs
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.settings import Settings, settings
from tests.integration.operations.conftest import Installation
from tests.refusals import refused

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights elsewhere")


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _modes(folder: Path) -> set[tuple[bool, int]]:
    return {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
        if not path.name.endswith(("-next", "-turn"))
    }


@pytest.mark.usefixtures("open_umask")
def test_database_documents_and_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    url, documents = f"sqlite:///{place}/hocba.db", place / "documents"
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(documents))
    settings.cache_clear()
    upgrade(url)
    db = Database(url)
    with db.installation(write=True) as session:
        session.add(School(code="1", name="Trường"))
        blobs.put(b"a record")
        backup(url, FolderStore(documents), place / "b.tar")  # while a write is under way: -wal and -shm are there
    assert (place / "hocba.db-wal").exists()
    restore(place / "b.tar", f"sqlite:///{place}/new/hocba.db", FolderStore(place / "new" / "documents"))
    assert _modes(place) == {(True, 0o700), (False, 0o600)}
    db.dispose()
    settings.cache_clear()


@pytest.mark.usefixtures("open_umask")
def test_what_was_open_is_closed_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/old.db",
        "DOCUMENTS_URL": str(tmp_path / "documents"),
        "SECRET_KEY": "",
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    (tmp_path / "documents").mkdir()
    for name in ("old.db", "old.db-wal"):
        (tmp_path / name).touch(mode=0o666)
    [check] = private_places(settings())
    assert not check.ok and all(name in check.problem for name in ("documents", "old.db")) and "chmod" in check.remedy
    startup.ready_to_serve()
    assert [check.ok for check in private_places(settings())] == [True]
    settings.cache_clear()


def test_every_command_makes_private_files(on_sqlite: Installation) -> None:
    before = os.umask(0)
    try:
        assert on_sqlite.hocba("db", "upgrade").returncode == 0
        assert on_sqlite.hocba("backup", str(on_sqlite.folder / "b.tar")).returncode == 0
    finally:
        os.umask(before)
    assert {mode for is_folder, mode in _modes(on_sqlite.folder) if not is_folder} == {0o600}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DOCUMENTS_URL", "s4://bucket/records"),
        ("DOCUMENTS_URL", "gs:bucket"),
        ("DOCUMENTS_URL", "file://here"),
        ("DATABASE_URL", "mysql://x/y"),
        ("SMAS_URL", "ftp://smas.example"),
        ("TSA_URL", "tsa.example"),
        ("REDIS_URL", "memcached://x"),
    ],
)
def test_an_address_of_a_kind_we_do_not_know_is_refused_by_every_command(
    on_sqlite: Installation, variable: str, value: str
) -> None:
    commands = (
        "db upgrade",
        "doctor",
        "worker",
        "run",
        "backup b.tar",
        "restore b.tar",
        "verify x.pdf",
        "school list",
        "user code x",
    )
    for command in commands if value.startswith("s4") else commands[:1]:
        said = on_sqlite.hocba(*command.split(), **{f"HOCBA_{variable}": value})
        assert said.returncode == (3 if command.startswith("verify") else 1), command
        assert f"HOCBA_{variable}" in said.stderr and "Traceback" not in said.stderr, command
    assert list(on_sqlite.folder.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("key", ["x", "k" * 40, "matkhaumatkhau", "abcabcabcabcabcabcabcabcabc"])
def test_a_key_that_can_be_guessed_protects_nothing(on_sqlite: Installation, key: str) -> None:
    assert on_sqlite.hocba("db", "upgrade").returncode == 0
    assert on_sqlite.hocba("school", "add", "s1", "Trường").returncode == 0
    for command, given in (
        ("doctor", ""),
        *((("worker", ""), ("run", ""), ("school set-credentials s1 --smas-client-id a", "s\n")) if key == "x" else ()),
    ):
        said = on_sqlite.hocba(*command.split(), given=given, HOCBA_SECRET_KEY=key)
        assert said.returncode == 1 and "HOCBA_SECRET_KEY quá yếu" in said.stdout + said.stderr, command


def test_addresses_without_encryption_are_remarked() -> None:
    def found(**given: str) -> list[tuple[str, bool]]:
        return [
            (check.problem.split()[0], check.ok) for check in encrypted_addresses(Settings(_env_file=None, **given))
        ]  # type: ignore[arg-type]

    away = {"smas_url": "http://smas.example", "mysign_url": "http://10.0.0.5:9", "csc_url": "http://csc.example", "smartca_url": "http://s.example",
            "public_url": "http://hocba.example"}  # fmt: skip
    assert sorted(found(**away)) == sorted((f"HOCBA_{name.upper()}", False) for name in away)
    assert found(tsa_url="http://tsa.example") == [("HOCBA_TSA_URL", True)], "its answers are signed"
    assert found(redis_url="redis://r.example", database_url="postgresql+psycopg://u@d.example/h") == [
        ("HOCBA_REDIS_URL", False),
        ("HOCBA_DATABASE_URL", True),
    ]
    here = ("http://localhost:1", "http://127.0.0.1:2", "http://[::1]:3", "https://smas.example")
    assert [found(smas_url=url, tsa_url=url) for url in here] == [[]] * 4
    assert found(database_url="postgresql+psycopg://u@d.example/h?sslmode=verify-full") == []


def test_documents_may_be_named_by_a_file_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings(_env_file=None, documents_url=f"file://{tmp_path}").documents_folder() == tmp_path
    assert refused(lambda: Settings(_env_file=None, documents_url="").documents_folder()) is ErrorCode.SETTING_UNKNOWN
