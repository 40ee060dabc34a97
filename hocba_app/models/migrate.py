"""Bringing a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from hocba_app.models.table_sizes import tell_sizes

ROOT = Path(__file__).resolve().parents[2]


def upgrade(url: str) -> None:
    """Run every migration the database at ``url`` has not seen. Repeating it changes nothing."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(_config(url), "head")
    engine = create_engine(url)
    try:
        tell_sizes(engine)
    finally:
        engine.dispose()


def pending_revision(url: str) -> str | None:
    """The newest migration when the database at ``url`` lacks it, else None."""
    head = ScriptDirectory.from_config(_config(url)).get_current_head()
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return None if current == head else head


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config
