"""Databases for the whole suite: every test that asks for ``db`` runs on SQLite and, where a server is offered, on PostgreSQL."""

from __future__ import annotations

import functools
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool
from sqlmodel import SQLModel
from xdist.scheduler.loadscope import LoadScopeScheduling

from hocba_app.models import Database, School
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.process_scope import close_process_scope

hypothesis.settings.register_profile("suite", deadline=None)  # no test asserts a time: CI is slower
hypothesis.settings.load_profile("suite")

# httpx reads the system's roots anew for every client, 40 ms each time; the suite makes thousands, most of them for plain HTTP.
httpx._transports.default.create_ssl_context = functools.cache(httpx.create_ssl_context)  # type: ignore[attr-defined]


@event.listens_for(Pool, "connect")
def answer_in_no_usual_order(connection: Any, _record: Any) -> None:
    """SQLite answers a query without ORDER BY backwards, where ``HOCBA_TEST_REVERSE`` is set: PostgreSQL moves rows, so nothing may rest
    on the order they came in."""
    if os.environ.get("HOCBA_TEST_REVERSE") and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects=ON")


POSTGRES = os.environ.get("HOCBA_TEST_POSTGRES_URL", "")
"""A server's URL, ``postgresql://user@host:port/postgres``; `./hocba test` starts one and sets it."""


def pytest_report_header() -> str:
    return f"databases: sqlite{', postgresql' if POSTGRES else ' ONLY: no PostgreSQL server was offered'}"


def pytest_sessionfinish() -> None:
    """What the product keeps for a process's life is closed while warnings still count."""
    close_process_scope()


class ByFile(LoadScopeScheduling):
    """Where several processes share the suite, a file stays in one, and so do all tests with a browser: one product, one build."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db(
    request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path, postgres_pool: PostgresPool
) -> Iterator[Database]:
    """An empty database with every table."""
    if request.param == "sqlite":
        shutil.copy(empty_sqlite, tmp_path / "test.db")
        database = Database(f"sqlite:///{tmp_path}/test.db")
        yield database
        database.dispose()
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    with postgres_pool.lend() as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table and no row; copied, it is a fresh one."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    database = Database(f"sqlite:///{path}")
    SQLModel.metadata.create_all(database.engine)
    tell_sizes(database.engine)
    with database.engine.connect() as connection:
        connection.execute(text("pragma wal_checkpoint(truncate)"))
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_pool() -> Iterator[PostgresPool]:
    """This process's databases on the server: one is emptied in a hundredth of the time it takes to make one."""
    pool = PostgresPool()
    yield pool
    pool.close()


class PostgresPool:
    """Databases with every table and no row, used one after the other."""

    _SHAPE = """
        select md5(string_agg(line, ',' order by line)) from (
            select format('%s.%s %s %s', attrelid::regclass, attname, atttypid, attnotnull) as line from pg_attribute
                join pg_class on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace and attnum > 0
            union all select format('%s %s', relname, relrowsecurity) from pg_class where relnamespace = 'public'::regnamespace
            union all select policyname::text from pg_policies union all select tgname::text from pg_trigger where not tgisinternal
            union all select format('%s %s', oid::regclass, relacl) from pg_class where relacl is not null and relnamespace = 'public'::regnamespace
        ) as lines"""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._shape: object = None
        tables = [table.name for table in SQLModel.metadata.sorted_tables]
        deletes = "".join(f'if exists (select from "{name}") then delete from "{name}"; end if; ' for name in tables)
        self._emptying = f"set session_replication_role = replica; do $$ begin {deletes} end $$"

    @contextmanager
    def lend(self) -> Iterator[str]:
        """An empty database's URL. Afterwards it is emptied for the next test, or dropped when a test changed its shape."""
        name = self._free.pop() if self._free else self._make()
        yield self._url(name)
        with psycopg.connect(self._address(name), autocommit=True) as own:
            own.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()",
                (name,),
            )
            if own.execute(self._SHAPE).fetchone() == self._shape:
                own.execute(self._emptying)
                self._free.append(name)
                return
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'drop database "{name}" with (force)')

    def close(self) -> None:
        """Drop what was made."""
        for name in self._free:
            with psycopg.connect(POSTGRES, autocommit=True) as server:
                server.execute(f'drop database "{name}" with (force)')

    def _make(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'create database "{name}"')
        database = Database(self._url(name))
        SQLModel.metadata.create_all(database.engine)
        database.dispose()
        if self._shape is None:  # every one is made alike
            with psycopg.connect(self._address(name), autocommit=True) as own:
                self._shape = own.execute(self._SHAPE).fetchone()
        return name

    def _address(self, name: str) -> str:
        return f"{POSTGRES.rsplit('/', 1)[0]}/{name}"

    def _url(self, name: str) -> str:
        return self._address(name).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def school_id(db: Database) -> str:
    """One school in ``db``."""
    with db.installation(write=True) as session:
        school = School(
            code="79760001",
            name="Trường THCS Kim Đồng",
            commune="Phường Bến Nghé",
            province="TP. Hồ Chí Minh",
            department="Sở Giáo dục và Đào tạo TP. Hồ Chí Minh",
            tax_code="0312345678",
            current_year="2025-2026",
        )
        session.add(school)
    return school.id
