"""The migrations make exactly the schema the models declare, on both databases, and schools stay apart."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from hocba_app.models import Database, School, Staff
from hocba_app.models.database import TenancyError
from hocba_app.models.migrate import pending_revision, upgrade
from tests.conftest import POSTGRES


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/m.db"
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute("drop database if exists migrated with (force)")
        server.execute("create database migrated")
    return POSTGRES.replace("postgresql://", "postgresql+psycopg://").rsplit("/", 1)[0] + "/migrated"


def test_migrations_make_what_the_models_declare(empty_url: str) -> None:
    upgrade(empty_url)
    upgrade(empty_url)
    assert pending_revision(empty_url) is None
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


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
