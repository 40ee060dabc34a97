"""Leases: from claim to commit a document version belongs to one batch (design §3, core decision 3).

A partial unique index makes the database itself refuse a second holder. A lease ends by commit, by the provider's final
status, or when the window has passed *and* a last status query said "not signed"; never by a timer alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col

from hocba_app.models import Lease
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.many import add_rows


def take_leases(session: Session, batch_id: str, version_ids: Iterable[str]) -> None:
    """Take every version for the batch, or (by the index) fail the whole transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: at once, when another batch holds one of them.
    """
    now = utc_now()
    add_rows(session, Lease, ({"version_id": version_id, "batch_id": batch_id, "taken_at": now} for version_id in version_ids))


def release_leases(session: Session, batch_id: str, version_ids: Iterable[str] | None = None) -> int:
    """End the batch's leases (all, or those on the versions given). Repeating it changes nothing.

    Returns:
        How many were held.
    """
    statement = update(Lease).where(col(Lease.batch_id) == batch_id, col(Lease.released_at).is_(None)).values(released_at=utc_now())
    if version_ids is not None:
        statement = statement.where(col(Lease.version_id).in_(list(version_ids)))
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
