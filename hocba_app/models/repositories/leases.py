"""Leases: from claim to commit a document version belongs to one batch (docs/workflow.md, core decision 3).

A partial unique index makes the database itself refuse a second holder. A lease ends by commit, by the provider's final
status, or when the window has passed *and* a last status query said "not signed"; never by a timer alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from hocba_app.models import Lease
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.bulk import add_rows
from hocba_app.models.repositories.prepared_queries import among, changed_rows, given, own_school


def take_leases(session: Session, batch_id: str, version_ids: Iterable[str]) -> None:
    """Take every version for the batch, or (by the index) fail the whole transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: at once, when another batch holds one of them.
    """
    now = utc_now()
    add_rows(
        session,
        Lease,
        ({"version_id": version_id, "batch_id": batch_id, "taken_at": now} for version_id in version_ids),
    )


def release_leases(session: Session, batch_id: str, version_ids: Iterable[str] | None = None) -> int:
    """End the batch's leases (all, or those on the versions given). Repeating it changes nothing.

    Returns:
        How many were held.
    """
    if version_ids is None:
        return changed_rows(session, _release(False), of_batch=batch_id, now=utc_now())
    return changed_rows(session, _release(True), of_batch=batch_id, now=utc_now(), versions=list(version_ids))


@cache
def _release(some: bool) -> Any:
    held = update(Lease).where(
        own_school(Lease), col(Lease.batch_id) == given("of_batch"), col(Lease.released_at).is_(None)
    )
    if some:
        held = held.where(among(col(Lease.version_id), "versions"))
    return held.values({"released_at": given("now")})
