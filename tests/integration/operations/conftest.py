"""An installation as docs/administration.md describes it: its own role, its own database, commands from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from hocba_app.settings import ROOT
from tests.conftest import POSTGRES

ROLE = "hocba_documented"
PASSWORD = "p:w\\ d'1"
KEY = "a key of the tests, 8Jq2Lr5Tz0"


@dataclass
class Installation:
    """Settings of one installation, and the ``hocba`` command under them."""

    folder: Path
    url: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> Path:
        return self.folder / "documents"

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOCBA_DATABASE_URL": self.url,
            "HOCBA_DOCUMENTS_URL": str(self.documents),
            "HOCBA_LOCKS_DIR": str(self.folder / "locks"),
            "HOCBA_SECRET_KEY": KEY,
            **self.more,
        }

    def hocba(self, *arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hocba_app.cli", *arguments],
            input=given,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment() | more,
            timeout=300,
            check=False,
        )


@pytest.fixture
def role() -> str:
    """As the documents demand: owns its database, no superuser, held to row-level security."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        if not server.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
            server.execute(
                psycopg.sql.SQL("create role {} login nosuperuser nobypassrls password {}").format(
                    psycopg.sql.Identifier(ROLE), PASSWORD
                )
            )
    return ROLE


@pytest.fixture
def new_database(role: str) -> Iterator[Iterator[str]]:
    """URLs of empty databases of that role, as many as asked for."""
    made: list[str] = []

    def urls() -> Iterator[str]:
        while True:
            name = f"ops{uuid.uuid4().hex}"
            with psycopg.connect(POSTGRES, autocommit=True) as server:
                server.execute(f'create database "{name}" owner {role}')
            made.append(name)
            place = POSTGRES.partition("@")[2].rsplit("/", 1)[0]
            yield f"postgresql+psycopg://{role}:p%3Aw%5C%20d%271@{place}/{name}"

    yield urls()
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        for name in made:
            server.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture
def documented(new_database: Iterator[str], tmp_path: Path) -> Installation:
    """On PostgreSQL, nothing made yet."""
    return Installation(tmp_path, next(new_database))


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Installation:
    """On SQLite, nothing made yet."""
    return Installation(tmp_path, f"sqlite:///{tmp_path}/hocba.db")
