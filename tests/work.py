"""How much work something is, counted and not timed: a busy machine takes longer, but does not do more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from hocba_app.models import Database

STEP = 10


@dataclass
class Work:
    """What was done inside :func:`counted`."""

    statements: int = 0
    instructions: int = 0
    """Of SQLite's machine, to the next ten a statement; PostgreSQL does not tell."""


@contextmanager
def counted(db: Database) -> Iterator[Work]:
    """Count what the database is asked to do meanwhile, in this process."""
    work, watched = Work(), set[Any]()

    def step() -> int:
        work.instructions += STEP
        return 0

    def seen(_connection: Any, cursor: Any, *_: Any) -> None:
        work.statements += 1
        if db.is_sqlite and cursor.connection not in watched:
            watched.add(cursor.connection)
            cursor.connection.set_progress_handler(step, STEP)

    event.listen(db.engine, "before_cursor_execute", seen)  # for the writers' engine too, which is made of it
    try:
        yield work
    finally:
        event.remove(db.engine, "before_cursor_execute", seen)
        for connection in watched:
            connection.set_progress_handler(None, 0)
