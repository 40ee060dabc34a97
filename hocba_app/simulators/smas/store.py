"""The simulator's database: each school's live data, the script of its year, and what the sector has accepted."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hocba_app.simulators.smas.generation.year import Script
from hocba_app.simulators.smas.spec import SchoolSpec

OF_A_YEAR = ("classes", "enrolments", "teaching_assignments", "results")
"""Resources whose records belong to one school year; the others are the school's."""
_SCHEMA = """
create table if not exists school (
  code text primary key, name text not null, level text not null, tax_code text not null, school_year text not null,
  moment text not null, client_id text not null unique, client_secret text not null, password text not null
);
create table if not exists live (
  school text not null, resource text not null, id text not null, year text not null, owner text not null,
  data text not null,
  primary key (school, resource, id)
) without rowid;
create index if not exists live_owner on live (school, resource, owner);
create table if not exists script (
  school text not null, moment text not null, place integer not null, resource text not null, id text not null,
  data text not null,
  primary key (school, moment, place)
) without rowid;
create table if not exists photo (
  school text not null, sha256 text not null, jpeg blob not null, submitted integer not null default 0, primary key (school, sha256)
);
create table if not exists snapshot (
  school text not null, number integer not null, kind text not null, school_year text not null, term text,
  accepted_at text not null,
  primary key (school, number)
);
create table if not exists sector (
  school text not null, resource text not null, year text not null, id text not null, snapshot integer not null,
  until integer,
  version integer not null, event text not null, updated_at text not null, data text not null,
  primary key (school, resource, year, id, snapshot)
) without rowid;
create index if not exists sector_change on sector (school, resource, year, snapshot);
create table if not exists submission (
  school text not null, id text primary key, kind text not null, school_year text not null, term text,
  state text not null,
  progress integer not null, total integer not null, snapshot integer, errors text not null
);
create table if not exists account (
  school text not null, staff_id text not null, salt blob not null, hash blob not null, primary key (school, staff_id)
);
create table if not exists transfer (
  school text not null, receipt text primary key, snapshot integer not null, accepted_at text not null,
  records integer not null,
  digest text not null
);
"""
_OWNERS = {
    "classes": "",
    "enrolments": "class_id",
    "teaching_assignments": "class_id",
    "results": "class_id",
    "history": "student_id",
}
"""The field a list is most often narrowed by."""


def dumps(value: Any) -> str:
    """JSON as it is kept and sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Store:
    """One connection that writes, under a lock, and one that reads, so that a long write keeps no reader waiting.

    Args:
        folder: of the data; readable by its owner only, it holds secrets.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "smas.db"
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._lock, self._read_lock = threading.RLock(), threading.Lock()
        self._writer, self._reader = self._connect(path), self._connect(path)
        self._writer.executescript(_SCHEMA)
        self._inside = threading.local()

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"pragma {pragma}")
        return connection

    def all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Every row; inside a transaction of this thread, as the transaction sees it."""
        if getattr(self._inside, "open", False):
            return [dict(row) for row in self._writer.execute(query, values).fetchall()]
        with self._read_lock:
            return [dict(row) for row in self._reader.execute(query, values).fetchall()]

    def one(self, query: str, *values: Any) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.all(query, *values)
        return rows[0] if rows else None

    def run(self, query: str, *values: Any) -> int:
        """Change rows; how many."""
        with self._lock:
            return self._writer.execute(query, values).rowcount

    def many(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """The same change for many rows."""
        with self._lock:
            self._writer.executemany(query, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several changes at once, seen by readers at the end; a transaction inside another is part of it."""
        with self._lock:
            if getattr(self._inside, "open", False):
                yield
                return
            self._writer.execute("begin immediate")
            self._inside.open = True
            try:
                yield
            except BaseException:
                self._writer.execute("rollback")
                raise
            else:
                self._writer.execute("commit")
            finally:
                self._inside.open = False

    # --- live records ----------------------------------------------------------------------------------------------

    def record(self, school: str, resource: str, identity: str) -> dict[str, Any] | None:
        """One live record's data."""
        row = self.one("select data from live where school = ? and resource = ? and id = ?", school, resource, identity)
        return json.loads(row["data"]) if row else None

    def records(self, school: str, resource: str, year: str = "", owner: str = "") -> dict[str, dict[str, Any]]:
        """Live records by id, in their order; narrowed to a year (of the resources that have one) and an owner."""
        query, values = "select id, data from live where school = ? and resource = ?", [school, resource]
        if resource in OF_A_YEAR and year:
            query, values = f"{query} and year = ?", [*values, year]
        if owner:
            query, values = f"{query} and owner = ?", [*values, owner]
        return {row["id"]: json.loads(row["data"]) for row in self.all(f"{query} order by id", *values)}

    def put(self, school: str, resource: str, identity: str, data: dict[str, Any]) -> None:
        """Write a live record."""
        year = data["school_year"] if resource in OF_A_YEAR and "school_year" in data else ""
        if resource == "teaching_assignments":
            year = (self.record(school, "classes", data["class_id"]) or {}).get("school_year", "")
        owner = str(data.get(_OWNERS.get(resource) or "") or "")
        self.run(
            "insert or replace into live values (?,?,?,?,?,?)", school, resource, identity, year, owner, dumps(data)
        )

    def remove(self, school: str, resource: str, identity: str) -> None:
        """Delete a live record."""
        self.run("delete from live where school = ? and resource = ? and id = ?", school, resource, identity)

    # --- schools ---------------------------------------------------------------------------------------------------

    def add_school(self, spec: SchoolSpec, script: Script) -> None:
        """Keep a generated school; nothing of its year is live yet."""
        school = script.school
        with self.transaction():
            self.run(
                "insert into school values (?,?,?,?,?,?,?,?,?)", spec.code, school["name"], spec.level,
                school["tax_code"], spec.year, "",
                f"school-{spec.code}", secrets.token_urlsafe(24), secrets.token_urlsafe(9),
            )  # fmt: skip
            for moment, entries in script.entries.items():
                self.many(
                    "insert into script values (?,?,?,?,?,?)",
                    (
                        (spec.code, moment, place, entry.resource, entry.id, dumps(entry.values))
                        for place, entry in enumerate(entries)
                    ),
                )
            self.many(
                "insert or ignore into photo (school, sha256, jpeg) values (?,?,?)",
                ((spec.code, *item) for item in script.photos.items()),
            )

    def school(self, code: str) -> dict[str, Any] | None:
        """A school with its secrets."""
        return self.one("select * from school where code = ?", code)

    def close(self) -> None:
        """Give the file back."""
        with self._lock, self._read_lock:
            self._writer.close()
            self._reader.close()
