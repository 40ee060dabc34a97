"""A database into one file and back: SQLite's own copy, or ``pg_dump`` and ``pg_restore`` (docs/decisions/0027-backup.md).

PostgreSQL's programs read where to connect, and the password, from files only this user can read: what is in
arguments is seen by everybody on the machine.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, inspect, make_url

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.schema_check import hidden_tables
from hocba_app.private_files import opener, private_file, private_folder

_SERVICE = "hocba"
_WHOLE_INSTALLATION = "-c hocba.school_id=*"
"""The policy that keeps schools apart shows every row to a session with this setting (`models.database.installation`)."""
_LOCK_WAIT = 60_000
"""Milliseconds ``pg_dump`` waits for a table."""
_POLICY = "own_school"


class ToolFailed(Exception):
    """One of PostgreSQL's programs ended with an error.

    Args:
        tool: its name.
        said: the last line of what it said.
    """

    def __init__(self, tool: str, said: str) -> None:
        super().__init__(f"{tool}: {said}")
        self.tool, self.said = tool, said


def kind_of(url: str) -> str:
    """``sqlite`` or ``postgresql``."""
    return make_url(url).get_backend_name()


def dump(url: str, target: Path) -> None:
    """Write the database as it is at one moment; others read and write meanwhile.

    Raises:
        HocbaError: BACKUP_ROWS_HIDDEN when the role would not see every row.
        ToolFailed, OSError, sqlite3.Error.
    """
    private_file(target)
    if kind_of(url) == "sqlite":
        with (
            closing(sqlite3.connect(f"file:{_sqlite_path(url)}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        return
    _require_every_row(url)
    with _connection_files(url) as environment:
        _run(
            ["pg_dump", f"--dbname=service={_SERVICE}", "--format=custom", "--no-owner", "--no-privileges", "--enable-row-security",
             f"--lock-wait-timeout={_LOCK_WAIT}", f"--file={target}"], environment,
        )  # fmt: skip


def load(url: str, source: Path) -> None:
    """Bring a dump into an empty database: all of it or, on PostgreSQL, nothing.

    Raises:
        ToolFailed, OSError.
    """
    if kind_of(url) == "sqlite":
        path = _sqlite_path(url)
        private_folder(path.parent)
        partial = path.with_name(f".{path.name}.partial")
        with source.open("rb") as packed, open(partial, "wb", opener=opener) as out:
            while piece := packed.read(1024 * 1024):
                out.write(piece)
        partial.replace(path)
        return
    with _connection_files(url) as environment:
        _run(
            ["pg_restore", f"--dbname=service={_SERVICE}", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
             str(source)], environment,
        )  # fmt: skip


def has_data(url: str) -> bool:
    """Whether a database is there that a restore would write over."""
    if kind_of(url) == "sqlite":
        return _sqlite_path(url).exists()
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return bool(inspect(connection).get_table_names())


def _require_every_row(url: str) -> None:
    """Refuse when row-level security could keep rows from this role: a backup that lacks some would look like any other."""
    hidden = hidden_tables(url, _POLICY)
    if hidden:
        raise HocbaError(ErrorCode.BACKUP_ROWS_HIDDEN, tables=", ".join(hidden[:5]))


@contextmanager
def _connection_files(url: str) -> Iterator[dict[str, str]]:
    """An environment in which PostgreSQL's programs find the database by the service name."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    given = {key: str(value) for key, value in parsed.get_dialect()().create_connect_args(parsed)[1].items()}
    password = given.pop("password", "")
    given["options"] = f"{given.get('options', '')} {_WHOLE_INSTALLATION}".strip()
    with tempfile.TemporaryDirectory(prefix="hocba-") as folder:  # made for this user only
        if password:
            given["passfile"] = str(_written(Path(folder, "password"), f"*:*:*:*:{_escaped(password)}\n"))
        service = "".join(f"{key}={value}\n" for key, value in given.items())
        _written(Path(folder, "service"), f"[{_SERVICE}]\n{service}")
        yield {**os.environ, "PGSERVICEFILE": str(Path(folder, "service"))}


def _written(path: Path, content: str) -> Path:
    with open(path, "w", encoding="utf-8", opener=opener) as file:
        file.write(content)
    return path


def _escaped(password: str) -> str:
    return password.replace("\\", "\\\\").replace(":", "\\:")


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = [
            line for line in done.stderr.strip().splitlines() if "error:" in line
        ] or done.stderr.strip().splitlines()
        raise ToolFailed(command[0], lines[0][:300] if lines else f"mã thoát {done.returncode}")


def _sqlite_path(url: str) -> Path:
    return Path(make_url(url).database or "")
