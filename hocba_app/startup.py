"""What every command asks before it touches anything: a key that protects, and a database this version can read."""

from __future__ import annotations

from hocba_app.models import Database, database
from hocba_app.models.schema_check import require_current_schema
from hocba_app.private_files import tighten
from hocba_app.process_scope import per_process
from hocba_app.services.credential_cipher import require_strong_key
from hocba_app.services.maintenance.data_places import data_places
from hocba_app.services.storage import identity
from hocba_app.settings import settings


def installation() -> Database:
    """The configured database, once its schema is known to be the one this version works with.

    Raises:
        HocbaError: SCHEMA_MISSING, SCHEMA_OLD, SCHEMA_NEWER, SCHEMA_DIFFERS.
    """
    return _checked(settings().database_url)


def ready_to_serve() -> None:
    """For commands that run on and encrypt: the key, where one is set, is strong; what others could read is closed to them.

    Raises:
        HocbaError: SECRET_KEY_WEAK.
    """
    require_strong_key(missing=False)
    for path in data_places(settings()):
        tighten(path)


def serving() -> Database:
    """:func:`installation` for a process that works with documents: it touches no store but this database's own.

    Raises:
        HocbaError: as :func:`installation`. A store that is not there is none: what needs it waits.
    """
    db = installation()
    identity.adopt(db)
    return db


@per_process
def _checked(url: str) -> Database:
    require_current_schema(url)
    return database(url)
