"""The audit log: every change of a record, signature, assignment or account, in one hash chain a school.

The chain's head is locked last in the transaction and gives the sequence number (core decision 16: eight writers that
read the last row instead made 217 forks in 800 rows). An event is written with the change it describes or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, event, insert, update
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session, select

from hocba_app.domain.snapshot import canonical_json
from hocba_app.models import AuditEvent, AuditHead, ChangeCounter
from hocba_app.models.base import new_id, utc_now
from hocba_app.services.change_feed import change_feed

GENESIS = "0" * 64
_PENDING = "audit_pending"
_CHANGED, _WIDELY, _BUMPED = "school_changed", "school_changed_widely", "school_counter_bumped"
_NARROW = ("record.signed", "record.archived", "batch.")
"""Changes that :mod:`hocba_app.services.change_feed.change_feed` traces to the screens they concern, by how their names begin."""
_QUIET = ("session.", "file.")
"""What changes nothing that a screen shows: nobody is told, nothing that is kept is made anew."""
_BATCH = 500

_EVENTS, _HEADS, _COUNTERS = (cast(Table, model.__table__) for model in (AuditEvent, AuditHead, ChangeCounter))  # type: ignore[attr-defined]
_HEAD = select(_HEADS.c.seq, _HEADS.c.hash).where(_HEADS.c.school_id == bindparam("of_school")).with_for_update()
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.school_id == bindparam("of_school"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_ADD_HEAD, _ADD_EVENTS, _ADD_COUNTER = insert(_HEADS), insert(_EVENTS), insert(_COUNTERS)
_COUNT = update(_COUNTERS).where(_COUNTERS.c.school_id == bindparam("of_school")).values(value=_COUNTERS.c.value + 1)
_COUNT_WIDELY = _COUNT.values(wide=_COUNTERS.c.wide + 1)


def record(session: Session, *, actor: str, action: str, subject: str, data: dict[str, Any] | None = None) -> None:
    """Note one change; it is chained and written when the transaction commits.

    Args:
        session: the write session of the change itself.
        actor: account id, or "" for the system.
        action: what happened, ``<noun>.<past participle>`` ("record.locked").
        subject: ``<table>:<id>`` of what changed.
        data: JSON without floats and without personal data of pupils beyond ids.
    """
    session.info.setdefault(_PENDING, []).append((actor, action, subject, data or {}))
    if action.startswith(_QUIET):
        return
    session.info[_CHANGED] = True
    if not action.startswith(_NARROW):
        session.info[_WIDELY] = True


def changed(session: Session) -> None:
    """Tell watching browsers that something visible changed, without an audit event."""
    session.info[_CHANGED] = session.info[_WIDELY] = True


def progressed(session: Session) -> None:
    """Tell those who watch a batch or job that it went on: nobody else has anything new to see."""
    session.info[_CHANGED] = True


@event.listens_for(OrmSession, "before_commit")
def _chain(session: OrmSession) -> None:
    school_id = session.info.get("school_id")
    pending = session.info.pop(_PENDING, [])
    if pending:
        session.flush()
        _append(session.connection(), str(school_id), pending)
    wide = session.info.pop(_WIDELY, False)
    if session.info.pop(_CHANGED, False) and school_id:
        session.flush()
        _count_up(session.connection(), school_id, wide=wide)
        session.info[_BUMPED] = True


def _append(connection: Connection, school_id: str, pending: Sequence[tuple[str, str, str, dict[str, Any]]]) -> None:
    """Chain events to the school's log. Statements on tables: every transaction ends here, and holds everybody up meanwhile."""
    head = connection.execute(_HEAD, {"of_school": school_id}).one_or_none()
    seq, previous = (head.seq, head.hash) if head else (0, GENESIS)
    rows = []
    for actor, action, subject, data in pending:
        row: dict[str, Any] = {
            "school_id": school_id,
            "id": new_id(),
            "seq": seq + 1,
            "at": utc_now(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "data": data,
            "previous_hash": previous,
        }
        row["hash"] = _hash_of(row)
        rows.append(row)
        seq, previous = row["seq"], row["hash"]
    connection.execute(_ADD_EVENTS, rows)
    if head:
        connection.execute(_MOVE_HEAD, {"of_school": school_id, "to_seq": seq, "to_hash": previous})
    else:
        connection.execute(
            _ADD_HEAD, {"school_id": school_id, "seq": seq, "hash": previous, "anchors": 0, "anchor_sha256": ""}
        )


def _count_up(connection: Connection, school_id: str, *, wide: bool) -> None:
    if connection.execute(_COUNT_WIDELY if wide else _COUNT, {"of_school": school_id}).rowcount == 0:
        connection.execute(_ADD_COUNTER, {"school_id": school_id, "value": 1, "wide": 1})


@event.listens_for(OrmSession, "after_commit")
def _seen_here(session: OrmSession) -> None:
    if session.info.pop(_BUMPED, False):
        change_feed.look_again()


@event.listens_for(OrmSession, "after_rollback")
def _forget(session: OrmSession) -> None:
    session.info.pop(_PENDING, None)
    for mark in (_CHANGED, _WIDELY, _BUMPED):
        session.info.pop(mark, None)


def event_hash(row: AuditEvent) -> str:
    """SHA-256 over every column and the hash before it, hex."""
    return _hash_of(row.model_dump())


def _hash_of(row: dict[str, Any]) -> str:
    return hashlib.sha256(
        canonical_json(
            {
                "school": row["school_id"],
                "id": row["id"],
                "seq": row["seq"],
                "at": row["at"].isoformat(timespec="microseconds"),
                "actor": row["actor"],
                "action": row["action"],
                "subject": row["subject"],
                "data": row["data"],
                "previous": row["previous_hash"],
            }
        )
    ).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Where the chain does not hold, and how."""

    seq: int
    problem: str  # "altered" | "missing" | "reordered" | "head"


def verify_chain(session: Session, first: int = 1, most: int | None = None) -> list[ChainBreak]:
    """Walk one school's chain.

    Args:
        first: number of the event to begin with; the one before it is taken as it stands.
        most: events to look at; None for all to the end. The end is held against the head only when it is reached.

    Returns:
        Every break: an edited row, a gap, a row whose predecessor is not the one before it, an end that is not the
        head's. Empty when the chain holds.
    """
    breaks: list[ChainBreak] = []
    before = session.exec(select(AuditEvent.hash).where(AuditEvent.seq == first - 1)).first()
    previous, expected = before or GENESIS, first
    while True:
        if most is not None and expected >= first + most:
            return breaks
        rows = session.exec(
            select(AuditEvent).where(AuditEvent.seq >= expected).order_by(AuditEvent.seq).limit(_BATCH)
        ).all()
        for row in rows:
            if row.seq != expected:
                breaks.append(ChainBreak(expected, "missing"))
            elif row.previous_hash != previous:
                breaks.append(ChainBreak(row.seq, "reordered"))
            if event_hash(row) != row.hash:
                breaks.append(ChainBreak(row.seq, "altered"))
            previous, expected = row.hash, row.seq + 1
        session.expunge_all()
        if len(rows) < _BATCH:
            break
    head = session.exec(select(AuditHead).where(AuditHead.school_id == session.info["school_id"])).one_or_none()
    end = (head.seq, head.hash) if head else (0, GENESIS)
    if end != (expected - 1, previous):
        breaks.append(ChainBreak(expected - 1, "head"))
    return breaks
