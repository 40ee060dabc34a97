"""Alembic's environment: one schema for SQLite and PostgreSQL, one migration at a time on a server."""

from __future__ import annotations

from alembic import context
from sqlalchemy import NullPool, create_engine, text
from sqlmodel import SQLModel

import hocba_app.models  # noqa: F401 - registers every table
from hocba_app.settings import settings

ADVISORY_LOCK = 7_301_001
"""Two installers at once would run the same migration twice."""


def run() -> None:
    """Bring the database at the given (or configured) URL to the newest schema."""
    url = context.config.attributes.get("url") or settings().database_url
    with create_engine(url, poolclass=NullPool).connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("set lock_timeout = '10s'"))
            # A revision that fills a column must see the rows of every school, past row-level security.
            connection.execute(text("set hocba.school_id = '*'"))
            connection.execute(text("select pg_advisory_lock(:key)").bindparams(key=ADVISORY_LOCK))
            connection.commit()
        context.configure(
            connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
