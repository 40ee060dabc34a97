"""The migrations make exactly the schema the models declare, on both databases, from every shape that ever landed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command as alembic_command
from sqlalchemy import Engine, MetaData, Table, create_engine, inspect, text
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Document, Job, LeadershipProposal, School, Staff
from hocba_app.models.database import TenancyError
from hocba_app.models.migrate import alembic_config, upgrade
from hocba_app.models.schema_check import ROOT, require_current_schema
from tests.conftest import POSTGRES
from tests.integration.models import landed
from tests.refusals import refused

ROLE = "hocba_owner"
"""As docs/administration.md demands: owns the database, is no superuser, does not pass row-level security by."""
FROZEN = {
    "0001_first_schema.py": "882263d358cc21dc",
    "0002_repair_first_schema.py": "564eb12ceb34e64e",
    "0003_sector_year.py": "88e858a928229948",
    "0004_frozen_demands.py": "e7d387f5cf41c8d9",
    "0005_leadership_credentials.py": "2925f1e83af4335d",
    "0006_counted_anchors.py": "90623834cc9867c1",
    "0007_duties.py": "1687028c05606bbd",
    "0008_record_objections.py": "9cb6e960b5866644",
    "0009_year_closing.py": "8fe5918a664f2981",
    "0010_installation_mark.py": "7c90c37ca4d5fd1a",
    "0011_levels.py": "1d8ad3606f815a95",
    "0012_job_queue.py": "8dfdd94e9592710a",
    "0013_signing_titles.py": "e60b030046c595cc",
    "0014_worker_seen.py": "d5007d238446cafa",
    "0015_workbook_imports.py": "416ffc8463a0f4f0",
    "0016_school_changes.py": "6eb156a88b966a37",
    "0017_merged_schools.py": "1a6cb4086cb33c10",
    "0018_circumstances.py": "675f9be0bd751f2d",
    "0019_policies_plannable.py": "4aa88b0b16bb0bb7",
    "0020_split_schools.py": "8fe8bcbcb5896582",
    "0021_growth.py": "f1ade858708ce0de",
    "0022_attached_checking.py": "bf415c13f0f041bb",
}
"""The beginning of the SHA-256 of revisions that have landed."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        (tmp_path / "new").mkdir()
        yield f"sqlite:///{tmp_path}/new/m.db"
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    name = f"migrated_{uuid.uuid4().hex}"  # other suites may run on this server
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        if not server.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
            server.execute(f"create role {ROLE} login nosuperuser nobypassrls")
        server.execute(f'drop database if exists "{name}" with (force)')
        server.execute(f'create database "{name}" owner {ROLE}')
    yield f"postgresql+psycopg://{ROLE}@{POSTGRES.partition('@')[2].rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_url)
    yield engine
    engine.dispose()


def test_migrations_make_what_the_models_declare(empty_url: str) -> None:
    assert refused(require_current_schema, empty_url) is ErrorCode.SCHEMA_MISSING
    upgrade(empty_url)
    upgrade(empty_url)
    require_current_schema(empty_url)


@pytest.mark.parametrize("shape", landed.SHAPES)
def test_every_landed_shape_comes_to_todays_schema_with_its_data(empty_url: str, engine: Engine, shape: int) -> None:
    before = landed.build(engine, shape)
    if shape < landed.SHAPES[-1]:
        assert refused(require_current_schema, empty_url) is ErrorCode.SCHEMA_OLD
    upgrade(empty_url)
    require_current_schema(empty_url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("select set_config('hocba.school_id', '*', true)")
        after = landed.rows(connection, before)
    for table, row in before.items():
        assert row.items() <= after[table].items(), table
    assert after["change_counter"]["wide"] == (7 if shape == 6 else 0)
    db = Database(empty_url)
    with db.write(landed.SCHOOL) as session:  # the product's own reading and writing
        assert session.get(Staff, (landed.SCHOOL, landed.ROW)) is not None
        session.add(Staff(source_id="1", code="GV1", full_name="Người mới"))
    db.dispose()


@pytest.mark.parametrize(("grade", "level"), [(5, "primary"), (6, "lower_secondary"), (12, "upper_secondary")])
def test_a_cover_gets_the_level_of_the_grade_it_was_locked_in(
    empty_url: str, engine: Engine, grade: int, level: str
) -> None:
    landed.build(engine, landed.SHAPES[-1])
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("select set_config('hocba.school_id', '*', true)")
        connection.exec_driver_sql("update document set kind = 'cover', school_year = ''")
        connection.exec_driver_sql(f"update school_class set grade = {grade}")
    upgrade(empty_url)
    db = Database(empty_url)
    with db.read(landed.SCHOOL) as session:
        assert [row.level for row in session.exec(select(Document)).all()] == [level]
    db.dispose()


def test_jobs_under_way_come_into_the_queue_with_their_priority(empty_url: str, engine: Engine) -> None:
    alembic_command.upgrade(alembic_config(empty_url), "0011")
    kinds = {
        "batch": (0, False),
        "lock": (0, True),
        "archive": (2, False),
        "integrity": (3, True),
        "sync_daily": (3, False),
    }
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("select set_config('hocba.school_id', '*', true)")
        school, job = (Table(name, MetaData(), autoload_with=connection) for name in ("school", "job"))
        blank = {
            name: value for name, value in School(id="s", code="1", name="T").model_dump().items() if name in school.c
        }
        connection.execute(school.insert().values(blank))
        for number, kind in enumerate(kinds):
            values = Job(id=str(number), school_id="s", kind=kind).model_dump()
            stored = {name: value for name, value in values.items() if name in job.c} | {"wake_at": None}
            connection.execute(job.insert().values(stored))
    upgrade(empty_url)
    db = Database(empty_url)
    with db.read("s") as session:
        rows = session.exec(select(Job)).all()
        assert {row.kind: (row.priority, row.computes) for row in rows} == kinds
        assert all(row.wake_at == row.created_at for row in rows)
    db.dispose()


def test_of_several_principals_one_stays_and_the_others_are_proposed(empty_url: str, engine: Engine) -> None:
    alembic_command.upgrade(alembic_config(empty_url), "0002")
    empty = {
        "level": "",
        "commune": "",
        "province": "",
        "department": "",
        "tax_code": "",
        "current_year": "",
        "smas_client_id": "",
        "smas_secret_encrypted": "",
    }
    school = empty | {
        "id": "s1",
        "code": "s1",
        "name": "Trường",
        "mysign_client_id": "",
        "mysign_secret_encrypted": "",
        "created_at": "2026-01-01 00:00:00+00:00",
    }
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("select set_config('hocba.school_id', '*', true)")
        connection.execute(text(f"insert into school ({', '.join(school)}) values (:{', :'.join(school)})"), school)
        for code, active in (("b", True), ("a", True), ("0", False)):
            staff = {
                "school_id": "s1",
                "id": code,
                "source_id": code,
                "source_version": 0,
                "code": code,
                "full_name": code,
                "position": "principal",
                "active": active,
                "updated_at": "2026-01-01 00:00:00+00:00",
            }
            connection.execute(text(f"insert into staff ({', '.join(staff)}) values (:{', :'.join(staff)})"), staff)
    upgrade(empty_url)
    db = Database(empty_url)
    with db.read("s1") as session:
        assert {row.code: row.position for row in session.exec(select(Staff)).all()} == {
            "a": "principal",
            "b": "vice_principal",
            "0": "principal",
        }
        assert [(row.staff_id, row.proposed, row.state) for row in session.exec(select(LeadershipProposal)).all()] == [
            ("b", "principal", "open")
        ]
    db.dispose()


def test_an_old_shape_ends_as_a_new_database_begins(empty_url: str, engine: Engine) -> None:
    """Types, defaults, nullability, keys, indexes – beyond what the check of the models compares."""
    landed.build(engine, 1)
    upgrade(empty_url)
    repaired = _described(engine)
    with engine.begin() as connection:
        for table in reversed(inspect(connection).get_table_names()):
            connection.exec_driver_sql(
                f"drop table {table}" + (" cascade" if engine.dialect.name == "postgresql" else "")
            )
    upgrade(empty_url)
    assert repaired == _described(engine)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("alter table hand_out drop column attached_ids", "hand_out.attached_ids"),
        ("drop index ix_enrolment_class", "enrolment.ix_enrolment_class"),
        ("drop table reminder", "reminder"),
        ("alter table school add column nickname varchar", "school.nickname"),
    ],
)
def test_a_schema_that_is_not_as_declared_is_refused(empty_url: str, engine: Engine, damage: str, named: str) -> None:
    upgrade(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(damage)
    for asked in (require_current_schema, upgrade):
        with pytest.raises(HocbaError) as error:
            asked(empty_url)
        assert error.value.code is ErrorCode.SCHEMA_DIFFERS
        assert named in error.value.sentence


@pytest.mark.postgres
def test_a_table_open_to_all_schools_is_refused(empty_url: str, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no row-level security")
    upgrade(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table student no force row level security")
    with pytest.raises(HocbaError) as error:
        require_current_schema(empty_url)
    assert "student (row-level security)" in error.value.sentence


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str, engine: Engine) -> None:
    upgrade(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    for asked in (require_current_schema, upgrade):
        assert refused(asked, empty_url) is ErrorCode.SCHEMA_NEWER


def test_every_command_says_so_in_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    engine = create_engine(url)
    landed.build(engine, 3)
    engine.dispose()
    for command in ("worker", "doctor", "school list", "user code x"):
        said = _hocba(url, *command.split())
        assert said.returncode == 1, command
        assert "./hocba db upgrade" in said.stdout + said.stderr, command
        assert "Traceback" not in said.stderr, command
    assert _hocba(url, "db", "upgrade").returncode == 0
    require_current_schema(url)


def test_a_landed_revision_never_changes() -> None:
    """What has run on somebody's database is history: a change is a new revision (docs/decisions/0017-migrations.md)."""
    for name, digest in FROZEN.items():
        assert hashlib.sha256((ROOT / "migrations" / "versions" / name).read_bytes()).hexdigest()[:16] == digest, name


def test_nothing_of_another_school_is_in_reach(db: Database, school_id: str) -> None:
    with db.installation(write=True) as session:
        other = School(code="other", name="Trường khác")
        session.add(other)
    with db.write(other.id) as session:
        staff = Staff(source_id="1", code="GV1", full_name="Người khác")
        session.add(staff)
    with db.read(school_id) as session:
        assert session.get(Staff, (other.id, staff.id)) is None
    with pytest.raises(TenancyError), db.write(school_id) as session:
        session.add(Staff(school_id=other.id, source_id="2", code="GV2", full_name="Lạc trường"))


def _described(engine: Engine) -> dict[str, Any]:
    """Everything SQLAlchemy can tell of a schema, in no order of its own."""
    looked = inspect(engine)
    found: dict[str, Any] = {}
    for table in looked.get_table_names():
        columns = {
            each["name"]: (str(each["type"]), each["nullable"], each["default"]) for each in looked.get_columns(table)
        }
        keys = (looked.get_pk_constraint(table), looked.get_foreign_keys(table), looked.get_unique_constraints(table))
        found[table] = columns, *(_sorted(each) for each in (*keys, looked.get_indexes(table)))
    return found


def _sorted(described: Any) -> Any:
    if isinstance(described, list):
        return sorted(_sorted(each) for each in described)
    return re.sub(r" object at 0x\w+", "", str(described))


def _hocba(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOCBA_DATABASE_URL": url, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "hocba_app.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=False,
    )
