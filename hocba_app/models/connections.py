"""How connections are set up: a SQLite file for this user only, a PostgreSQL connection that never waits without end."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError, OperationalError

from hocba_app.domain.clock import follow, machine_now
from hocba_app.private_files import private_file, tighten

SERVER_TIMEOUTS = {"lock_timeout": "10s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "300s"}
"""PostgreSQL's limits of every connection: waiting for a row or table, one statement, and a transaction in which nothing
happens (a process that hangs would keep its locks for ever)."""
_SERVER_SETTINGS = {**SERVER_TIMEOUTS, "jit": "off"}
"""No compiling of plans: it takes longer than our statements."""
KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""libpq's: a server that is gone without a word is noticed within a minute, not after two hours. Seconds; the last milliseconds."""


READ_ONLY = "25006"
"""PostgreSQL's state of a statement that would write where nothing may be written."""
DISK_FULL = "53100"
PREPARED_AFTER = 2
"""Executions of a statement on one connection after which the server keeps its plan."""
PING_AFTER_SECONDS = 1.0
"""A connection that has rested longer is asked whether it still lives before it is used."""
CLOCK_SECONDS = 5.0
"""How often a process that works without a rest asks what the database's clock shows."""


class _Asked:
    """When this process last asked, by its monotonic clock."""

    at = -math.inf


class _Full:
    """When a database last had no room, by the monotonic clock."""

    at = -math.inf


def connect_arguments(*, sqlite: bool) -> dict[str, Any]:
    """For ``create_engine(connect_args=…)``."""
    return {"timeout": 10, "check_same_thread": False} if sqlite else {**KEEPALIVE, "prepare_threshold": PREPARED_AFTER}


def prepare(engine: Engine) -> None:
    """Set up every connection the engine opens from now on."""
    event.listen(engine, "handle_error", _note_full)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _limit_postgresql)
        event.listen(engine, "checkin", _note_rest)
        event.listen(engine, "handle_error", _pass_over)
        event.listen(engine, "checkout", partial(_ask_rested, engine))


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], _named: dict[str, Any]) -> None:
    """SQLite gives its other files the rights of the first."""
    path = Path(str(arguments[0])) if arguments else None
    if path is None or str(path) == ":memory:" or str(arguments[0]).startswith("file:") or not path.parent.is_dir():
        return
    try:
        private_file(path)
    except OSError:
        return  # SQLite says itself what is wrong with it
    for other in ("-wal", "-shm"):
        tighten(path.with_name(path.name + other))


def _tune_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in (
        "journal_mode=WAL",
        "busy_timeout=10000",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if level := options.get("hocba_synchronous"):
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("hocba_write") else "BEGIN")


def _note_rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _ask_rested(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """What SQLAlchemy's own ping does, without the three messages it costs while connections change hands all the time."""
    now = time.monotonic()
    if now - record.info.get("rests_since", math.inf) < PING_AFTER_SECONDS and now - _Asked.at < CLOCK_SECONDS:
        return
    try:
        _ask_time(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        if engine.dialect.is_disconnect(error, connection, None):
            raise DisconnectionError from error
        raise


def _limit_postgresql(connection: Any, _record: Any) -> None:
    # Our lists are of one kind each: as text every byte of every file in them would be escaped twice.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    with connection.cursor() as cursor:
        for name, value in _SERVER_SETTINGS.items():
            cursor.execute("select set_config(%s, %s, false)", (name, value))
    connection.commit()
    _ask_time(connection)


def _pass_over(context: Any) -> Exception | None:
    """A server that only reads for now (a standby, a full disk) is away for us as one that does not answer: it is no defect."""
    connection = context.connection
    if getattr(context.original_exception, "sqlstate", None) != READ_ONLY or connection is None:
        return None
    if not connection.get_execution_options().get("hocba_write"):
        return None  # a defect of ours: a look that writes
    return OperationalError(context.statement, None, context.original_exception)


def _note_full(context: Any) -> None:
    error = context.original_exception
    if getattr(error, "sqlstate", None) == DISK_FULL or "database or disk is full" in str(error):
        _Full.at = time.monotonic()


def said_full(seconds: float) -> bool:
    """Whether within so many seconds the database had no room for something this process wrote."""
    return time.monotonic() - _Full.at < seconds


def _ask_time(connection: Any) -> None:
    """One message that shows whether the server lives, and what its clock shows."""
    connection.autocommit = True
    try:
        asked = machine_now()
        [seconds] = connection.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
        follow(datetime.fromtimestamp(seconds, UTC), asked, machine_now())
    finally:
        if not connection.closed:
            connection.autocommit = False
    _Asked.at = time.monotonic()
