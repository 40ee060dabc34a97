"""Every command docs/administration.md tells people to run, on PostgreSQL, with exactly the role it demands."""

from __future__ import annotations

import dataclasses
import json
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlmodel import func, select

from hocba_app.domain.audit_wording import Action
from hocba_app.models import Account, AuditEvent, Database, School, Student
from hocba_app.services.audit.log import record, verify_chain
from tests.integration.operations.conftest import KEY, PASSWORD, ROLE, Installation

pytestmark = pytest.mark.postgres


def _found(place: Installation) -> None:
    """`db upgrade`, `school add`, `school set-credentials`, as in "Install"."""
    for arguments, given in (
        (("db", "upgrade"), ""),
        (
            (
                "school",
                "add",
                "79760001",
                "Trường THCS Kim Đồng",
                "--level",
                "lower_secondary",
                "--tax-code",
                "0312345678",
                "--department",
                "Sở",
            ),
            "",
        ),
        (
            ("school", "set-credentials", "79760001", "--smas-client-id", "smas", "--mysign-client-id", "mysign"),
            "one\ntwo\n",
        ),
    ):
        said = place.hocba(*arguments, given=given)
        assert said.returncode == 0, said.stderr


def _school(db: Database) -> str:
    with db.installation() as session:
        return session.exec(select(School.id)).one()


def test_the_whole_of_the_documents(documented: Installation, new_database: Iterator[str]) -> None:
    _found(documented)
    said = documented.hocba("doctor", "--json")
    assert said.returncode == 1, "no services are configured here"
    checks = {check["name"]: check["ok"] for check in json.loads(said.stdout)}
    assert [
        checks[name]
        for name in (
            "Khóa bí mật",
            "Quyền tệp",
            "Cơ sở dữ liệu",
            "Kho hồ sơ",
            "Nhật ký 79760001",
            "Đối chiếu nhật ký 79760001",
        )
    ] == [True] * 6
    listed = json.loads(documented.hocba("school", "list", "--json").stdout)
    assert [(row["code"], row["smas"], row["mysign"]) for row in listed] == [("79760001", True, True)]
    assert documented.hocba("user", "code", "admin@79760001").returncode == 0
    assert documented.hocba("user", "list", "79760001").returncode == 0
    last = documented.hocba("user", "disable", "admin@79760001")
    assert last.returncode == 1 and "quản trị duy nhất" in last.stderr
    # Another key, without entering anything again.
    new = {"HOCBA_SECRET_KEY": f"the next {KEY}"}
    assert documented.hocba("school", "rotate-key", **new).returncode == 1, "the old one is needed to read"
    for _ in range(2):
        said = documented.hocba("school", "rotate-key", **new, HOCBA_SECRET_KEY_BEFORE=KEY)
        assert said.returncode == 0 and "1 trường" in said.stdout, said.stderr
    for key, wrong in ((new, False), ({}, True)):
        checks = [check["name"] for check in json.loads(documented.hocba("doctor", "--json", **key).stdout)]
        assert ("Khóa của thông tin kết nối" in checks) is wrong
    # The key is lost: another one, and the credentials once more.
    again = documented.hocba(
        "school",
        "set-credentials",
        "79760001",
        "--smas-client-id",
        "smas",
        given="one\n",
        HOCBA_SECRET_KEY=f"another {KEY}",
    )
    assert again.returncode == 0, again.stderr

    # Backup, while writing goes on.
    db = Database(documented.url)
    school_id, stop, written = _school(db), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with db.write(school_id) as session:
                session.add(
                    Student(
                        source_id=str(len(written)),
                        code=f"S{len(written)}",
                        full_name="Em",
                        birth_date="2014-01-01",
                        sex="Nam",
                    )
                )
                record(session, actor="a", action=Action.RECORD_LOCKED, subject=f"student:{len(written)}")
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    target = documented.folder / "backup.tar"
    try:
        while len(written) < 20:
            assert writer.is_alive()
        at_least, said = len(written), documented.hocba("backup", str(target))
    finally:
        stop.set()
        writer.join()
    assert said.returncode == 0, said.stderr
    db.dispose()

    # Restore elsewhere, upgrade, doctor.
    (documented.folder / "elsewhere").mkdir()
    elsewhere = dataclasses.replace(documented, folder=documented.folder / "elsewhere", url=next(new_database))
    assert elsewhere.hocba("restore", str(target)).returncode == 0
    for command in (("db", "upgrade"), ("school", "list")):
        said = elsewhere.hocba(*command)
        assert said.returncode == 0, said.stderr
    again = elsewhere.hocba("restore", str(target))
    assert again.returncode == 1 and "đã có dữ liệu" in again.stderr
    there = Database(elsewhere.url)
    with there.installation() as session:
        assert session.exec(select(School.name)).one() == "Trường THCS Kim Đồng"
    with there.read(school_id) as session:
        assert session.exec(select(func.count()).select_from(Student)).one() >= at_least
        assert session.exec(select(func.count()).select_from(Account)).one() == 1
        assert session.exec(select(func.count()).select_from(AuditEvent)).one() >= at_least
        assert verify_chain(session) == [], "one moment of the database, not several"
    with there.read("another school") as session:
        assert session.exec(select(func.count()).select_from(Student)).one() == 0, "schools are kept apart there too"
    there.dispose()
    with psycopg.connect(elsewhere.url.replace("+psycopg", "")) as raw:
        assert raw.execute("select count(*) from student").fetchone() == (0,), "row-level security came along"


def test_the_password_is_in_no_argument_and_the_backup_is_private(documented: Installation) -> None:
    _found(documented)
    tools = documented.folder / "tools"
    tools.mkdir()
    spy = tools / "pg_dump"
    spy.write_text(
        f"#!{sys.executable}\nimport os, sys, json\n"
        "place = os.environ['PGSERVICEFILE']\n"
        "modes = [oct(os.stat(p).st_mode & 0o777) for p in (place, os.path.dirname(place))]\n"
        f"json.dump([sys.argv, dict(os.environ), modes], open({str(documented.folder / 'seen.json')!r}, 'w'))\n"
        "os.environ['PATH'] = os.environ['PATH'].split(':', 1)[1]\nos.execvp('pg_dump', sys.argv)\n"
    )
    spy.chmod(0o755)
    target = documented.folder / "b.tar"
    said = documented.hocba("backup", str(target), PATH=f"{tools}:{documented.environment()['PATH']}")
    assert said.returncode == 0, said.stderr
    arguments, environment, modes = json.loads((documented.folder / "seen.json").read_text())
    for text in (*arguments, *(value for name, value in environment.items() if name.startswith("PG"))):
        assert PASSWORD not in text and ROLE not in text
    assert modes == ["0o600", "0o700"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_many_schools_and_daily_encrypted_backups(documented: Installation, new_database: Iterator[str]) -> None:
    """`school import`, `backup-key`, `backup --incremental`, `restore --check`, `restore --identity`, `documents move`."""
    _found(documented)
    folder = documented.folder
    (folder / "schools.csv").write_text("code,name\n79760001,Đã có\n79760002,Trường hai\n79760003,Trường ba\n", "utf-8")
    said = documented.hocba("school", "import", str(folder / "schools.csv"), "--codes", str(folder / "codes.csv"))
    assert said.returncode == 0 and "1 trường đã có" in said.stdout and "Đã thêm 2 trường" in said.stdout, said.stderr
    key = documented.hocba("backup-key", str(folder / "key"))
    assert key.returncode == 0 and key.stdout.startswith("age1")
    recipient = {"HOCBA_BACKUP_RECIPIENT": key.stdout.strip()}
    identity = ("--identity", str(folder / "key"))
    kept = str(folder / "kept")
    for _ in range(2):
        said = documented.hocba("backup", kept, "--incremental", **recipient)
        assert said.returncode == 0, said.stderr
    assert "Đã sao lưu 1 tệp hồ sơ (0 tệp mới)" in said.stdout, "the store's mark, which was there before"
    encrypted = [path.read_bytes() for path in (folder / "kept").rglob("*.age")]
    assert encrypted and all(data.startswith(b"age-encryption.org/v1") for data in encrypted)
    assert not any("Trường hai".encode() in data or b"PGDMP" in data for data in encrypted)
    scratch = {"HOCBA_CHECK_DATABASE_URL": next(new_database)}
    for more in ({}, scratch, scratch):
        said = documented.hocba("restore", kept, "--check", *identity, **more)
        assert said.returncode == 0 and ("thiếu 0 tệp" in said.stdout) is bool(more), said.stdout + said.stderr
    locked = documented.hocba("restore", kept, "--check")
    assert (
        locked.returncode == 1
        and "--identity" in locked.stderr
        and "hỏng" not in locked.stderr.replace("coi là hỏng", "")
    )
    (folder / "elsewhere").mkdir()
    elsewhere = dataclasses.replace(documented, folder=folder / "elsewhere", url=next(new_database))
    said = elsewhere.hocba("restore", kept, *identity)
    assert said.returncode == 0, said.stderr
    assert len(json.loads(elsewhere.hocba("school", "list", "--json").stdout)) == 3
    said = elsewhere.hocba("documents", "move", str(folder / "moved"))
    assert said.returncode == 0, said.stderr
    checks = {check["name"]: check for check in json.loads(elsewhere.hocba("doctor", "--json").stdout)}
    assert not checks["Kho hồ sơ"]["ok"] and str(folder / "moved") in checks["Kho hồ sơ"]["problem"]
    moved = elsewhere.hocba("doctor", "--json", "--all", HOCBA_DOCUMENTS_URL=str(folder / "moved"))
    checks = {check["name"]: check for check in json.loads(moved.stdout)}
    assert checks["Kho hồ sơ"]["ok"] and checks["Tiến trình worker"]["problem"], "no worker ran in this database yet"


def test_what_fails_is_said_as_it_is(documented: Installation) -> None:
    _found(documented)
    folder = documented.folder
    empty = folder / "empty"
    empty.mkdir()
    for arguments, more, said in (
        (("backup", str(folder / "none" / "b.tar")), {}, "không có"),
        (("backup", str(folder / "b.tar")), {"PATH": str(empty)}, "không tìm thấy chương trình pg_dump"),
        (("restore", str(folder / "none.tar")), {"HOCBA_DATABASE_URL": f"sqlite:///{folder}/new.db"}, "none.tar"),
        (
            ("backup", str(folder / "b.tar")),
            {"HOCBA_DATABASE_URL": "postgresql+psycopg://x@127.0.0.1:9/x"},
            "Không kết nối được cơ sở dữ liệu",
        ),
    ):
        answer = documented.hocba(*arguments, **more)
        assert answer.returncode == 1 and said in answer.stderr, (arguments, answer.stderr)
        assert "Traceback" not in answer.stderr and "hỏng" not in answer.stderr
    assert not list(folder.glob("*b.tar*")) and not list(folder.glob(".hocba-backup*"))


@pytest.mark.parametrize(
    "policy",
    [
        "create policy mine on student as restrictive using (false)",
        "drop policy own_school on student",
        "alter policy own_school on student using (false)",
    ],
)
def test_a_backup_that_would_lack_rows_is_none(documented: Installation, policy: str) -> None:
    _found(documented)
    with psycopg.connect(documented.url.replace("+psycopg", ""), autocommit=True) as raw:
        raw.execute(policy)
    said = documented.hocba("backup", str(documented.folder / "b.tar"))
    assert said.returncode == 1 and "student" in said.stderr and "không thấy hết dữ liệu" in said.stderr
    assert not (documented.folder / "b.tar").exists()


def test_one_kind_of_database_is_not_put_into_the_other(documented: Installation, on_sqlite: Installation) -> None:
    _found(documented)
    assert documented.hocba("backup", str(documented.folder / "b.tar")).returncode == 0
    said = on_sqlite.hocba("restore", str(documented.folder / "b.tar"))
    assert said.returncode == 1 and "postgresql" in said.stderr and "sqlite" in said.stderr


def test_the_documents_are_what_is_run_here() -> None:
    """A command added to the documents is added here."""
    text = (Path(__file__).parents[3] / "docs" / "administration.md").read_text(encoding="utf-8")
    for command in (
        "db upgrade",
        "school add",
        "school set-credentials",
        "school rotate-key",
        "doctor",
        "backup",
        "restore",
        "user code",
        "user disable",
        "school import",
        "backup-key",
        "backup DIR --incremental",
        "restore DIR --check",
        "documents move",
    ):
        assert f"hocba {command}" in text or f"`{command}" in text, command
