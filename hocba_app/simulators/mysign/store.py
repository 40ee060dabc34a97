"""The service's own data: users with keys and PINs, transactions with their hashes, one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
create table if not exists user (
  user_id text primary key, full_name text not null, id_number text not null, phone text not null, kind text not null,
  credential_id text not null unique, key_der blob not null, chain text not null, not_before text not null, not_after text not null,
  activation_code text, pin_hash text, pin_salt text, wrong_pins integer not null default 0,
  recovery_code text, recovery_until real, recovery_tries integer not null default 0
);
create index if not exists user_id_number on user (id_number);
create table if not exists request (
  id text primary key, user_id text not null, client_id text not null, status text not null, description text not null,
  documents text not null, hashes text not null, size integer not null, signatures text, created real not null,
  ends real not null, signed real
);
create index if not exists request_user on request (user_id, status);
create table if not exists request_key (request_id text primary key, key_of text not null);
create table if not exists message (id integer primary key, phone text not null, text text not null, at real not null);
"""


class Store:
    """Thread-safe access; rows come back as dictionaries.

    Args:
        folder: of the data; the file in it is readable by its owner only, it holds keys.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "mysign.db"
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(_SCHEMA)

    def one(self, query: str, *values: Any) -> dict[str, Any] | None:
        """The first row, or None."""
        with self._lock:
            row = self._db.execute(query, values).fetchone()
        return dict(row) if row is not None else None

    def all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Every row."""
        with self._lock:
            return [dict(row) for row in self._db.execute(query, values).fetchall()]

    def run(self, query: str, *values: Any) -> int:
        """Change rows; how many."""
        with self._lock:
            return self._db.execute(query, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several changes at once."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def insert(self, table: str, row: dict[str, Any]) -> None:
        """Add a row; lists and dictionaries are stored as JSON."""
        values = [json.dumps(value) if isinstance(value, list | dict) else value for value in row.values()]
        marks = ",".join("?" * len(row))
        self.run(f"insert into {table} ({','.join(row)}) values ({marks})", *values)  # noqa: S608 - our own names

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()
