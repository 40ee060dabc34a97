"""Databases for the whole suite: every test that asks for ``db`` runs on SQLite and, where a server is offered, on PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlmodel import SQLModel
from xdist.scheduler.loadscope import LoadScopeScheduling

from hocba_app.models import Database, School
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.services.signing.integrations import close_connections

POSTGRES = os.environ.get("HOCBA_TEST_POSTGRES_URL", "")
"""A server's URL, ``postgresql://user@host:port/postgres``; `./hocba test` starts one and sets it."""


def pytest_report_header() -> str:
    return f"databases: sqlite{', postgresql' if POSTGRES else ' ONLY: no PostgreSQL server was offered'}"


def pytest_sessionfinish() -> None:
    """Connections the product keeps for a process's life are closed at the end of this one's."""
    close_connections()


class ByFile(LoadScopeScheduling):
    """Where several processes share the suite, a file stays in one, and so do all tests with a browser: one product, one build."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with every table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/test.db")
        SQLModel.metadata.create_all(database.engine)
        tell_sizes(database.engine)
        yield database
        database.dispose()
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'create database "{name}"')
    database = Database(POSTGRES.replace("postgresql://", "postgresql+psycopg://").rsplit("/", 1)[0] + f"/{name}")
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.dispose()
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def school_id(db: Database) -> str:
    """One school in ``db``."""
    with db.installation(write=True) as session:
        school = School(
            code="79760001", name="Trường THCS Kim Đồng", commune="Phường Bến Nghé", province="TP. Hồ Chí Minh",
            department="Sở Giáo dục và Đào tạo TP. Hồ Chí Minh", tax_code="0312345678", current_year="2025-2026",
        )
        session.add(school)
    return school.id
