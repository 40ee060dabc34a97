"""PostgreSQL plans by what it has counted, and counts a table that has grown only every minute or so. A new installation's first
evening lies within that minute: tables it takes to be empty are joined row by row with everything in them."""

from __future__ import annotations

from sqlalchemy import Engine, text

_GROWN = text(
    "select quote_ident(relname) from pg_stat_user_tables where schemaname = current_schema()"
    " and n_mod_since_analyze > 50 + n_live_tup / 2 and pg_try_advisory_xact_lock(:turn)"
)
"""The autovacuum waits for a tenth, up to its next round; what has grown by half cannot wait."""
_TURN = 0x686F6362612E73  # "hocba.s": one process counts at a time


def count_grown(engine: Engine) -> list[str]:
    """Count tables that have grown by half since they were last counted. Waits for nobody; nothing to do on SQLite.

    Returns:
        Their names.
    """
    if engine.dialect.name != "postgresql":
        return []
    with engine.begin() as connection:
        tables = list(connection.execute(_GROWN, {"turn": _TURN}).scalars())
        if tables:
            connection.execute(text(f"analyze (skip_locked) {', '.join(tables)}"))
    return tables
