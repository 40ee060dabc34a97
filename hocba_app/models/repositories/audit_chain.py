"""Rows of the audit chain and of the change counters. Statements on tables: every transaction ends here, and holds everybody up
meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlmodel import Session, col, select

from hocba_app.models import AuditEvent, AuditHead, ChangeCounter
from hocba_app.models.repositories.bulk import insert_rows

_EVENTS, _HEADS, _COUNTERS = (cast(Table, model.__table__) for model in (AuditEvent, AuditHead, ChangeCounter))  # type: ignore[union-attr] # SQLModel makes it
_HEAD = select(_HEADS.c.seq, _HEADS.c.hash).where(_HEADS.c.school_id == bindparam("of_school")).with_for_update()
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.school_id == bindparam("of_school"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_ADD_HEAD, _ADD_COUNTER = insert(_HEADS), insert(_COUNTERS)
_COUNT = update(_COUNTERS).where(_COUNTERS.c.school_id == bindparam("of_school")).values(value=_COUNTERS.c.value + 1)
_COUNT_WIDELY = _COUNT.values(wide=_COUNTERS.c.wide + 1)


def locked_head(connection: Connection, school_id: str) -> tuple[int, str] | None:
    """Sequence number and hash of a school's last event, held until the transaction ends; None before the first."""
    head = connection.execute(_HEAD, {"of_school": school_id}).one_or_none()
    return None if head is None else (head.seq, head.hash)


def append(connection: Connection, school_id: str, rows: Sequence[dict[str, Any]], *, begun: bool) -> None:
    """Write chained events and the new head.

    Args:
        begun: the school has a head.
    """
    insert_rows(connection, _EVENTS, rows)
    seq, last = rows[-1]["seq"], rows[-1]["hash"]
    if begun:
        connection.execute(_MOVE_HEAD, {"of_school": school_id, "to_seq": seq, "to_hash": last})
    else:
        connection.execute(
            _ADD_HEAD, {"school_id": school_id, "seq": seq, "hash": last, "anchors": 0, "anchor_sha256": ""}
        )


def count_up(connection: Connection, school_id: str, *, wide: bool) -> None:
    """One more change of the school; a wide one concerns every screen."""
    if connection.execute(_COUNT_WIDELY if wide else _COUNT, {"of_school": school_id}).rowcount == 0:
        connection.execute(_ADD_COUNTER, {"school_id": school_id, "value": 1, "wide": 1})


def events_from(session: Session, seq: int, limit: int) -> list[AuditEvent]:
    """Events with this sequence number and above, in order."""
    query = select(AuditEvent).where(AuditEvent.seq >= seq).order_by(col(AuditEvent.seq)).limit(limit)
    return list(session.exec(query).all())
