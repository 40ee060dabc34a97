"""The authority's register: keys, certificates issued, certificates revoked – one SQLite file.

Several processes share it (the trust service answers for what the MySign simulator issues). It is made in one
transaction, so two that start at once end up with the same root.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
create table if not exists part (name text primary key, value blob not null);
create table if not exists issued (
    serial text primary key, subject text not null, begins text not null, ends text not null, der blob not null,
    revoked_at text, reason text
);
"""


@dataclass(frozen=True)
class Standing:
    """What the register says of one serial."""

    serial: int
    revoked_at: str | None
    """ISO 8601, UTC; None: good."""
    reason: str | None
    """As in :class:`cryptography.x509.ReasonFlags`, by name."""


class Register:
    """Access to the file; one connection, any thread.

    Args:
        path: the SQLite file; made if missing, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        with self._lock:
            self._connection.execute("pragma journal_mode=wal")
            self._connection.execute("pragma synchronous=normal")
            self._connection.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; other processes wait. Inside another one it is part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def part(self, name: str) -> bytes | None:
        with self._lock:
            row = self._connection.execute("select value from part where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def put_part(self, name: str, value: bytes) -> None:
        with self._lock:
            self._connection.execute("insert or replace into part values (?, ?)", (name, value))

    def add(self, serial: int, subject: str, begins: str, ends: str, der: bytes) -> None:
        with self._lock:
            self._connection.execute(
                "insert into issued (serial, subject, begins, ends, der) values (?, ?, ?, ?, ?)",
                (f"{serial:x}", subject, begins, ends, der),
            )

    def standing(self, serial: int) -> Standing | None:
        """None: never issued here."""
        with self._lock:
            row = self._connection.execute(
                "select revoked_at, reason from issued where serial = ?", (f"{serial:x}",)
            ).fetchone()
        return Standing(serial, row[0], row[1]) if row else None

    def mark(self, serial: int, revoked_at: str | None, reason: str | None) -> bool:
        """Revoke, or lift it again with None. False: never issued here."""
        with self._lock:
            changed = self._connection.execute(
                "update issued set revoked_at = ?, reason = ? where serial = ?", (revoked_at, reason, f"{serial:x}")
            )
        return changed.rowcount == 1

    def revoked(self) -> list[Standing]:
        with self._lock:
            rows = self._connection.execute(
                "select serial, revoked_at, reason from issued where revoked_at is not null"
            ).fetchall()
        return [Standing(int(serial, 16), at, reason) for serial, at, reason in rows]

    def revision(self) -> tuple[int, int]:
        """Changes whenever anybody, in any process, has written: what is cached from the register ends with it."""
        with self._lock:
            return self._connection.execute("pragma data_version").fetchone()[0], self._connection.total_changes

    def close(self) -> None:
        with self._lock:
            self._connection.close()
