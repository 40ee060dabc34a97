"""Bringing a database to the newest schema."""

from __future__ import annotations

from alembic import command
from sqlalchemy import create_engine

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.schema_check import (
    alembic_config,
    current_revision,
    database_file,
    known_revisions,
    require_current_schema,
)
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.private_files import private_file, private_folder


def upgrade(url: str) -> None:
    """Run every migration the database at ``url`` has not seen. Repeating it changes nothing.

    Raises:
        HocbaError: SCHEMA_NEWER when a newer version of the product made it; SCHEMA_DIFFERS when the tables are not as declared
            although every migration has run.
    """
    current = current_revision(url)
    if current is not None and current not in known_revisions():
        raise HocbaError(ErrorCode.SCHEMA_NEWER, revision=current)
    if file := database_file(url):
        private_file(private_folder(file.parent) / file.name)
    command.upgrade(alembic_config(url), "head")
    require_current_schema(url)
    engine = create_engine(url)
    try:
        tell_sizes(engine)
    finally:
        engine.dispose()
