"""Whether a database has the schema the models declare; asked before any command works with it.

A revision number alone is not believed: 0001 was once rewritten in place, and somebody may have altered a table by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlmodel import SQLModel

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import SchoolRow

ROOT = Path(__file__).resolve().parents[2]
MAX_NAMED = 5
"""Differences named in the sentence; the rest is counted."""


def require_current_schema(url: str) -> None:
    """Refuse a database that this version of the product would misread.

    Raises:
        HocbaError: SCHEMA_MISSING, SCHEMA_OLD, SCHEMA_NEWER, SCHEMA_DIFFERS.
    """
    current = current_revision(url)
    newest, *older = known_revisions()
    if current is None:
        raise HocbaError(ErrorCode.SCHEMA_MISSING)
    if current in older:
        raise HocbaError(ErrorCode.SCHEMA_OLD, revision=current, newest=newest)
    if current != newest:
        raise HocbaError(ErrorCode.SCHEMA_NEWER, revision=current)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = differences(connection)
    if found:
        more = f" và {len(found) - MAX_NAMED} chỗ khác" if len(found) > MAX_NAMED else ""
        raise HocbaError(ErrorCode.SCHEMA_DIFFERS, differences=", ".join(found[:MAX_NAMED]) + more)


def current_revision(url: str) -> str | None:
    """The revision a database says it is at; None when it has no tables of ours, or is not there."""
    file = database_file(url)
    if file is not None and not file.exists():
        return None  # looking would make the file
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def passes_row_security(url: str) -> bool:
    """Whether PostgreSQL holds this role to no row-level security: a superuser, or one with BYPASSRLS."""
    if database_file(url) is not None or make_url(url).get_backend_name() == "sqlite":
        return False
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return bool(
            connection.execute(
                text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
            ).scalar()
        )


def hidden_tables(url: str, policy: str) -> list[str]:
    """Tables of which row-level security may keep rows from this role even when it names no school.

    Args:
        policy: name of our own policy, which lets everything pass then.
    """
    if passes_row_security(url):
        return []
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = connection.execute(
            text(
                "select c.relname, count(p.oid), bool_and(p.polname = :policy and p.polpermissive and p.polcmd = '*'"
                " and pg_get_expr(p.polqual, p.polrelid) like '%hocba.school_id%''*''%')"
                " from pg_class c left join pg_policy p on p.polrelid = c.oid"
                " where c.relrowsecurity and c.relkind = 'r' group by c.relname"
            ),
            {"policy": policy},
        ).all()
    return sorted(table for table, policies, ours in found if policies != 1 or not ours)


def known_revisions() -> list[str]:
    """Every revision this version of the product knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(alembic_config("")).walk_revisions()]


def database_file(url: str) -> Path | None:
    """The file of a SQLite database; None for one in memory and for PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def alembic_config(url: str) -> Config:
    """Alembic's configuration for the database at ``url``; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["url"] = url
    return config


def differences(connection: Connection) -> list[str]:
    """What the database lacks or has otherwise than declared, a word each, like ``hand_out.attached_ids``.

    Tables that are not ours are nobody's concern; columns and indexes of our tables are.
    """
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = [name for change in compare_metadata(context, SQLModel.metadata) for name in _named(change)]
    return sorted({*found, *_open_tables(connection)})


def _named(change: Any) -> list[str]:
    """The thing an Alembic difference is about; alterations of one column come as a list of differences."""
    if isinstance(change, list):
        return [name for each in change for name in _named(each)]
    kind, *rest = change
    if kind == "remove_table":
        return []
    if kind in ("add_column", "remove_column"):
        return [f"{rest[1]}.{rest[2].name}"]
    if kind.startswith("modify_"):
        return [f"{rest[1]}.{rest[2]}"]
    item = rest[0]
    table = getattr(item, "table", None)
    own_name = str(getattr(item, "name", None) or kind)
    if table is None or table is item:
        return [own_name]
    return [f"{table.name}.{own_name}"] if table.name in SQLModel.metadata.tables else []


def _open_tables(connection: Connection) -> list[str]:
    """Tables of a school that PostgreSQL does not keep apart by school."""
    if connection.dialect.name != "postgresql":
        return []
    guarded = set(
        connection.execute(
            text(
                "select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid"
                " where c.relrowsecurity and c.relforcerowsecurity and c.relnamespace = current_schema()::regnamespace"
            )
        ).scalars()
    )
    tables = {str(table.__tablename__) for table in SchoolRow.__subclasses__()}
    return [f"{name} (row-level security)" for name in tables - guarded]
