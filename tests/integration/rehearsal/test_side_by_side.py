"""``hocba rehearse --schools N --database URL``: several schools on one database, which must hold nobody's data."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database
from hocba_app.rehearsal import command, side_by_side
from hocba_app.rehearsal.plan import Plan
from hocba_app.rehearsal.server_cpu import server_seconds
from hocba_app.rehearsal.timings import Stages
from tests.conftest import POSTGRES
from tests.integration.rehearsal.test_year import rehearse


def plan(tmp_path: Path, **more: Any) -> Plan:
    return Plan("primary", 5, 7, tmp_path / "out", **more)


def test_a_database_with_a_school_is_refused_and_stays_as_it_is(db: Database, school_id: str, tmp_path: Path) -> None:
    with pytest.raises(HocbaError) as refused:
        command.rehearse(plan(tmp_path, database=db.url))
    assert refused.value.code is ErrorCode.REHEARSAL_DATABASE
    assert not (tmp_path / "out").exists(), "refused before anything was made"
    with db.installation() as session:
        assert session.connection().exec_driver_sql("select count(*) from school").scalar_one() == 1


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Its tables are not ours, so nothing in it can be ours to migrate."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("create table customer (name text)")
    with pytest.raises(HocbaError) as refused:
        command.rehearse(plan(tmp_path, database=f"sqlite:///{tmp_path}/other.db"))
    assert refused.value.code is ErrorCode.REHEARSAL_DATABASE
    with sqlite3.connect(tmp_path / "other.db") as other:
        assert [row[0] for row in other.execute("select name from sqlite_master")] == ["customer"]


def test_schools_have_seeds_and_folders_of_their_own(tmp_path: Path) -> None:
    three = plan(tmp_path, schools=3)
    assert [(each.seed, each.out.name, each.schools) for each in three.side_by_side] == [
        (7, "7", 1),
        (8, "8", 1),
        (9, "9", 1),
    ]
    assert len(set(three.specs)) == 3 and plan(tmp_path).side_by_side == [plan(tmp_path)]


def test_they_play_at_the_same_time_and_are_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2, timeout=20)

    def played(half: Plan, *_: Any) -> dict[str, Any]:
        together.wait()
        stage = {"count": 10, "seconds": float(half.seed), "rate": 1.0}
        return {"students": 5, "documents": 15, "signatures": 100, "seconds": 1.0, "stages": {"sign": stage}} | {
            "failures": [{"reason": "x"}] if half.seed == 8 else []
        }

    monkeypatch.setattr(side_by_side, "play", played)
    two = plan(tmp_path, schools=2)
    two.out.mkdir()
    schools: Any = [SimpleNamespace(entry={"code": code}) for code in ("79100008", "79100007")]
    report = side_by_side.play_side_by_side(two, schools, Stages(), lambda: None)
    assert (report["students"], report["documents"], report["signatures"]) == (10, 30, 200)
    assert report["stages"]["sign"] == {"count": 20, "seconds": 8.0, "rate": 2.5}
    assert report["failures"] == [{"school": "79100008", "reason": "x"}]


def test_when_one_stops_the_others_stop_and_its_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def played(half: Plan, _: Any, __: Any, check: Any) -> dict[str, Any]:
        if half.seed == 8:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        while True:
            check()

    monkeypatch.setattr(side_by_side, "play", played)
    schools: Any = [SimpleNamespace(entry={"code": code}) for code in ("79100007", "79100008")]
    with pytest.raises(HocbaError) as stopped:
        side_by_side.play_side_by_side(plan(tmp_path, schools=2), schools, Stages(), lambda: None)
    assert stopped.value.code is ErrorCode.NOT_FOUND


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_two_schools_on_postgresql_end_sealed(tmp_path: Path) -> None:
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    name = f"r{uuid.uuid4().hex}"
    url = f"{POSTGRES.replace('postgresql://', 'postgresql+psycopg://').rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'create database "{name}"')
        try:
            options = ("--students", "5", "--schools", "2", "--workers", "1", "--database", url)
            code, report, told = rehearse(tmp_path / "out", *options, level="primary")
        finally:
            server.execute(f'drop database "{name}" with (force)')
    assert (code, report["failures"], report["students"]) == (0, [], 10)
    assert report["signatures"] == sum(school["signatures"] for school in report["schools"]) > 0
    assert len(list(tmp_path.glob("out/schools/*/records/*/results-*.pdf"))) == 10
    assert "postgresql" in told, "the server's share of the processor is told"


def test_sqlite_has_no_server(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/x.db")
    assert server_seconds(db) == 0.0
    db.dispose()
