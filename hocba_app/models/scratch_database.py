"""What a check of a backup does with a database nobody works on: is it whole, and empty it."""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine, text

from hocba_app.models.database import Database


def is_whole(db: Database) -> bool:
    """Whether SQLite finds nothing wrong in its file; PostgreSQL has loaded it, which says as much."""
    if not db.is_sqlite:
        return True
    with db.engine.connect() as connection:
        return connection.execute(text("pragma integrity_check")).scalar() == "ok"


def empty(url: str) -> None:
    """Drop everything in a PostgreSQL database that is there for nothing else."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
