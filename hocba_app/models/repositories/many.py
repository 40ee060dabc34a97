"""Many rows of one table in one statement: a signature changes six rows, and one object for each cost more than signing.

The statements name the session's own school themselves, in the key: nothing here can reach another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session

from hocba_app.models.base import SchoolRow, new_id

_SCOPED = {"hocba_scope": True}


def add_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows at once; each gets the school and, without one, an id. Defaults of the model are not filled in.

    Raises:
        sqlalchemy.exc.IntegrityError: at once, for a row the table refuses.
    """
    values = [{"id": new_id(), **row, "school_id": _school(session)} for row in rows]
    if values:
        session.execute(insert(model), values, execution_options=_SCOPED)


def set_rows(session: Session, model: type[SchoolRow], rows: Iterable[dict[str, Any]]) -> None:
    """Change rows at once by their ``id``; all name the same columns. Objects already loaded do not see it."""
    values = [{**row, "school_id": _school(session)} for row in rows]
    if values:
        session.execute(update(model), values, execution_options={**_SCOPED, "synchronize_session": None})


def _school(session: Session) -> str:
    school_id: str = session.info["school_id"]
    return school_id
