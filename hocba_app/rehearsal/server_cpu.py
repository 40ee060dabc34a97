"""What a PostgreSQL server on this machine has used of the processors: half of what a signature costs is spent there."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import text

from hocba_app.models import Database

_PARENT, _USER, _SYSTEM, _ENDED_USER, _ENDED_SYSTEM = 1, 11, 12, 13, 14
"""Fields of ``/proc/PID/stat`` after the name."""


def server_seconds(db: Database) -> float:
    """Processor seconds of the server's processes so far, those that have ended among them, whoever they worked for.

    Returns:
        0 where nobody can tell: SQLite, a server on another machine or behind a pooler, not Linux.
    """
    if db.is_sqlite:
        return 0.0
    with db.engine.connect() as connection:
        backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
        try:
            server = _fields(backend)[_PARENT]
            if "postgres" not in Path(f"/proc/{server}/comm").read_text(encoding="ascii"):
                return 0.0
            ticks = sum(int(_fields(int(server))[each]) for each in (_USER, _SYSTEM, _ENDED_USER, _ENDED_SYSTEM))
        except (OSError, ValueError):
            return 0.0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = _fields(int(folder.name))
            except (OSError, ValueError):
                continue  # it has just ended
            if fields[_PARENT] == server:
                ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")


def _fields(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
