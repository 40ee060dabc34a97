"""What is alive, what can serve, and what the numbers say: with each thing it needs taken away."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hocba_app import outside_calls, worker_process
from hocba_app.bounded_http import BoundedClient
from hocba_app.models import Database, Job, SigningKey, WorkerSeen
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import workers
from hocba_app.models.schema_check import known_revisions
from hocba_app.process_scope import close_process_scope
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance.connection_check import redis_answers, workers_seen
from hocba_app.services.maintenance.readiness import KeptReadiness, readiness
from hocba_app.services.metrics import as_text
from hocba_app.services.storage import identity
from hocba_app.settings import settings

pytestmark = pytest.mark.usefixtures("configured")


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(tmp_path / "documents"))
    monkeypatch.delenv("HOCBA_REDIS_URL", raising=False)
    settings.cache_clear()
    yield
    close_process_scope()


@pytest.fixture
def served(db: Database) -> Database:
    """At the newest revision, with its store and a worker."""
    with db.engine.begin() as connection:
        connection.execute(text("create table alembic_version (version_num varchar(32) primary key)"))
        connection.execute(text("insert into alembic_version values (:newest)"), {"newest": known_revisions()[0]})
    identity.adopt(db)
    with db.installation(write=True) as session:
        workers.seen(session, "w-0")
    return db


def failing(db: Database) -> list[str]:
    return [part.name for part in readiness(db).parts if not part.ok]


def test_well(served: Database) -> None:
    found = readiness(served)
    assert found.ready and failing(served) == []
    assert found.as_json() == {
        "ready": True,
        "parts": dict.fromkeys(("database", "schema", "store", "redis", "room", "worker", "queue"), "ok"),
        "sentence": "",
    }


def test_a_store_that_is_not_mounted(served: Database, tmp_path: Path) -> None:
    (tmp_path / "documents").rename(tmp_path / "elsewhere")
    found = readiness(served)
    assert not found.ready and failing(served) == ["store"]
    assert "kho hồ sơ" in found.as_json()["sentence"] and str(tmp_path) not in str(found.as_json()), (
        "no places for strangers"
    )


def test_an_older_schema(served: Database) -> None:
    with served.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    assert failing(served) == ["schema"] and not readiness(served).ready


def test_no_worker_and_a_queue_that_stands_are_told_and_it_serves_on(served: Database, school_id: str) -> None:
    with served.installation(write=True) as session:
        session.get_one(WorkerSeen, "w-0").seen_at = utc_now() - timedelta(minutes=5)
    with served.write(school_id) as session:
        enqueue(session, "lock", {}, actor="").wake_at = utc_now() - timedelta(minutes=10)
        enqueue(session, "anchor", {}, actor="").wake_at = utc_now() + timedelta(hours=5)
        enqueue(session, "integrity", {}, actor="").wake_at = utc_now() - timedelta(hours=5)  # the night's may wait
    found = readiness(served)
    assert found.ready and failing(served) == ["worker", "queue"]
    assert "10 phút" in next(part.sentence for part in found.parts if part.name == "queue")
    [check] = workers_seen(settings(), served)
    assert not check.ok and "worker" in check.problem


def test_a_database_that_is_gone(served: Database, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/none/x.db" if served.is_sqlite else "postgresql+psycopg://u@127.0.0.1:1/x")
    found = readiness(away)
    assert not found.ready and [part.name for part in found.parts] == ["database", "redis"]
    assert "chưa dùng được cơ sở dữ liệu" in found.as_json()["sentence"]
    assert 'hocba_ready{part="database"} 0.0' in as_text(away), "the numbers are still there"
    away.dispose()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--requirepass",
                "s3",
                "--save",
                "",
                "--dir",
                tmp_path,
            ],
            stdout=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        pytest.skip("no redis-server here")
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"127.0.0.1:{port}/0", process
    process.kill()
    process.wait()


def test_redis(
    served: Database, redis_server: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis gone: pages stay empty, so neither the load balancer nor doctor may be content."""

    def use(url: str) -> bool:
        monkeypatch.setenv("HOCBA_REDIS_URL", url)
        settings.cache_clear()
        [check] = redis_answers(settings(), served)
        assert check.ok == readiness(served).ready
        return check.ok

    place, process = redis_server
    assert use(f"redis://:s3@{place}")
    assert not use(f"redis://:wrong@{place}")
    process.kill()
    process.wait()
    assert not use(f"redis://:s3@{place}") and failing(served) == ["redis"]


def test_nobody_makes_work_by_asking(served: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Database] = []
    monkeypatch.setattr(
        "hocba_app.services.maintenance.readiness.readiness", lambda db: asked.append(db) or readiness(db)
    )
    kept = KeptReadiness()
    assert kept.get(served) is kept.get(served) and len(asked) == 1


def test_numbers(served: Database, school_id: str) -> None:
    with served.write(school_id) as session:
        enqueue(session, "lock", {}, actor="").wake_at = utc_now() - timedelta(seconds=90)
        waits = enqueue(session, "sync", {}, actor="")
        waits.failures, waits.error_code, waits.wake_at = 2, "sector_unreachable", utc_now() + timedelta(hours=1)
        old = Job(kind="lock", state="failed", ended_at=utc_now() - timedelta(days=3))
        session.add_all([old, Job(kind="lock", state="failed", ended_at=utc_now())])
        for owner, days in (("a", 5), ("b", 20), ("c", 200)):
            session.add(SigningKey(owner=owner, valid_to=utc_now() + timedelta(days=days)))
    told = as_text(served)
    values = dict(line.rsplit(" ", 1) for line in told.splitlines() if line and line[0] != "#")
    assert values['hocba_jobs{state="queued"}'] == "2.0" and values['hocba_jobs{state="failed"}'] == "1.0"
    assert values['hocba_jobs_by_kind{kind="lock",state="queued"}'] == "1.0"
    assert values['hocba_jobs_failing{code="sector_unreachable"}'] == "1.0"
    assert 85 < float(values['hocba_oldest_job_seconds{kind="lock",priority="person"}']) < 300
    assert [values[f'hocba_certificates_ending{{days="{days}"}}'] for days in (0, 7, 30, 90)] == [
        "0.0",
        "1.0",
        "2.0",
        "2.0",
    ]
    assert values["hocba_workers"] == "1.0" and values['hocba_ready{part="store"}'] == "1.0"
    assert "Trường" not in told and school_id not in told


def test_calls_outside_are_counted_by_how_they_ended() -> None:
    def counted(outcome: str) -> float:
        return outside_calls.CALLS.labels("smas", outcome)._value.get()

    before = counted("unreachable")
    with BoundedClient(service="smas", timeout=1) as client, pytest.raises(Exception, match="refused"):
        client.get("http://127.0.0.1:1/")
    assert counted("unreachable") == before + 1


def test_a_worker_answers_who_watches_it_and_says_that_it_lives(served: Database) -> None:
    def asked(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        given = free.getsockname()[1]
    with worker_process.present(served, "w-1"), worker_process.answering(served, given) as port:
        assert asked("/healthz") == (200, "ok")
        status, body = asked("/readyz")
        assert status == 200 and json.loads(body)["ready"]
        assert re.search(r"^hocba_workers [12]", asked("/metrics")[1], re.M)
        assert asked("/else")[0] == 404
    with served.installation() as session:
        assert session.get(WorkerSeen, "w-1") is None, "it said that it is gone"
