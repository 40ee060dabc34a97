"""Queries on the installation's own row, and on what its store must hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import union
from sqlmodel import Session, col, select

from hocba_app.models.attached import AttachedRecord
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.models.documents import Revision
from hocba_app.models.installation import Installation
from hocba_app.models.people import Student

_SLICE = 10_000


def installation_row(session: Session) -> Installation | None:
    """The one row; None in a database whose tables were made without migrations."""
    return session.get(Installation, 1)


def set_marked(session: Session, at: datetime) -> Installation:
    """Say that a store carries the mark; the first time is kept."""
    row = installation_row(session) or Installation()
    row.store_marked_at = row.store_marked_at or at
    session.add(row)
    return row


def set_mark(session: Session, mark: str, at: datetime) -> None:
    """Another mark, which another store carries: the former one is no longer ours."""
    row = installation_row(session) or Installation()
    row.mark, row.store_marked_at = mark, at
    session.add(row)


def named_blobs(session: Session) -> Iterator[str]:
    """SHA-256 of every file the database names, of all schools, each once, in order; read in slices."""
    columns = (Revision.blob_sha256, Student.photo_sha256, AttachedRecord.blob_sha256)
    named = union(
        *(select(col(column).label("sha256")).where(col(column).is_not(None)) for column in columns)
    ).subquery()
    last = ""
    while True:
        found = (
            session.execute(
                select(named.c.sha256).where(named.c.sha256 > last).order_by(named.c.sha256).limit(_SLICE),
                execution_options=CROSS_SCHOOL,
            )
            .scalars()
            .all()
        )
        yield from found
        if len(found) < _SLICE:
            return
        last = found[-1]


def newest_blobs(session: Session, most: int) -> list[str]:
    """SHA-256 of the files stored last, of any school."""
    query = select(Revision.blob_sha256).order_by(col(Revision.id).desc()).limit(most)
    return list(session.exec(query, execution_options=CROSS_SCHOOL).all())
