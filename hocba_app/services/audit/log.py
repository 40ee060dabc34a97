"""The audit log: every change of a record, signature, assignment or account, in one hash chain a school.

The chain's head is locked last in the transaction and gives the sequence number (core decision 16: eight writers that
read the last row instead made 217 forks in 800 rows). An event is written with the change it describes or not at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, insert, update
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session, col, select

from hocba_app.domain.snapshot import canonical_json
from hocba_app.models import AuditEvent, AuditHead, ChangeCounter
from hocba_app.models.base import new_id, utc_now
from hocba_app.services.audit import changes

GENESIS = "0" * 64
_PENDING = "audit_pending"
_CHANGED, _WIDELY, _BUMPED = "school_changed", "school_changed_widely", "school_counter_bumped"
_NARROW = ("record.signed", "record.archived", "batch.")
"""Changes that :mod:`hocba_app.services.audit.changes` traces to the screens they concern, by how their names begin."""
_BATCH = 500


def record(
    session: Session, *, actor: str, action: str, subject: str, data: dict[str, Any] | None = None
) -> None:
    """Note one change; it is chained and written when the transaction commits.

    Args:
        session: the write session of the change itself.
        actor: account id, or "" for the system.
        action: what happened, ``<noun>.<past participle>`` ("record.locked").
        subject: ``<table>:<id>`` of what changed.
        data: JSON without floats and without personal data of pupils beyond ids.
    """
    session.info.setdefault(_PENDING, []).append((actor, action, subject, data or {}))
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
        head = session.scalars(
            select(AuditHead).where(AuditHead.school_id == school_id).with_for_update(),
            execution_options={"populate_existing": True},
        ).one_or_none()
        rows = []
        if head is None:
            head = AuditHead(school_id=school_id, seq=0, hash=GENESIS)
            session.add(head)
        for actor, action, subject, data in pending:
            row: dict[str, Any] = {
                "school_id": school_id, "id": new_id(), "seq": head.seq + 1, "at": utc_now(), "actor": actor, "action": action,
                "subject": subject, "data": data, "previous_hash": head.hash,
            }
            row["hash"] = _hash_of(row)
            rows.append(row)
            head.seq, head.hash = row["seq"], row["hash"]
        session.execute(insert(AuditEvent), rows, execution_options={"hocba_scope": True})
    wide = session.info.pop(_WIDELY, False)
    if session.info.pop(_CHANGED, False) and school_id:
        values: dict[str, Any] = {"value": ChangeCounter.value + 1} | ({"wide": ChangeCounter.value + 1} if wide else {})
        bumped = session.execute(
            update(ChangeCounter).where(col(ChangeCounter.school_id) == school_id).values(**values),
            execution_options={"hocba_scope": True, "synchronize_session": False},
        )
        if bumped.rowcount == 0:
            session.add(ChangeCounter(school_id=school_id, value=1, wide=1))
        session.info[_BUMPED] = True


@event.listens_for(OrmSession, "after_commit")
def _seen_here(session: OrmSession) -> None:
    if session.info.pop(_BUMPED, False):
        changes.look_again()


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
                "school": row["school_id"], "id": row["id"], "seq": row["seq"], "at": row["at"].isoformat(timespec="microseconds"),
                "actor": row["actor"], "action": row["action"], "subject": row["subject"], "data": row["data"],
                "previous": row["previous_hash"],
            }
        )
    ).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Where the chain does not hold, and how."""

    seq: int
    problem: str  # "altered" | "missing" | "reordered" | "head"


def verify_chain(session: Session) -> list[ChainBreak]:
    """Walk one school's chain from its beginning.

    Returns:
        Every break: an edited row, a gap, a row whose predecessor is not the one before it, an end that is not the
        head's. Empty when the chain holds.
    """
    breaks: list[ChainBreak] = []
    previous, expected = GENESIS, 1
    while True:
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
