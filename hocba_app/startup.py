"""What every command asks before it touches anything: settings that are understood, and a database it can read."""

from __future__ import annotations

from functools import cache

from hocba_app.models import Database, database
from hocba_app.models.schema_check import require_current_schema
from hocba_app.settings import settings


def installation() -> Database:
    """The configured database, once its schema is known to be the one this version works with.

    Raises:
        HocbaError: SCHEMA_MISSING, SCHEMA_OLD, SCHEMA_NEWER, SCHEMA_DIFFERS.
    """
    return _checked(settings().database_url)


@cache
def _checked(url: str) -> Database:
    require_current_schema(url)
    return database(url)
