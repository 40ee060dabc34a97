"""The audit log: every change of a record, signature, assignment or account, in one hash chain a school.

The chain's head is locked last in the transaction and gives the sequence number (core decision 16: eight writers that
read the last row instead made 217 forks in 800 rows). An event is written with the change it describes or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.snapshot import canonical_json
from hocba_app.models import AuditEvent, AuditHead
from hocba_app.models.base import new_id, utc_now
from hocba_app.models.repositories import audit_chain as chain
from hocba_app.models.repositories import find
from hocba_app.services.cache import school_cache

GENESIS = "0" * 64
_PENDING = "audit_pending"
_CHANGED, _WIDELY, _BUMPED = "school_changed", "school_changed_widely", "school_counter_bumped"
_BATCH = 500


class Tells(Enum):
    """Which screens have something new to show."""

    EVERYBODY = "everybody"
    CONCERNED = "concerned"
    """Those that :mod:`hocba_app.services.change_feed.change_feed` finds, by what the event is about."""
    NOBODY = "nobody"


def record(
    session: Session,
    *,
    actor: str,
    action: Action,
    subject: str,
    data: dict[str, Any] | None = None,
    tells: Tells = Tells.EVERYBODY,
) -> None:
    """Note one change; it is chained and written when the transaction commits.

    Args:
        session: the write session of the change itself.
        actor: account id, or "" for the system.
        action: what happened.
        subject: ``<table>:<id>`` of what changed.
        data: JSON without floats and without personal data of pupils beyond ids.
        tells: who reloads.
    """
    session.info.setdefault(_PENDING, []).append((actor, action.value, subject, data or {}))
    if tells is Tells.EVERYBODY:
        notify_all(session)
    elif tells is Tells.CONCERNED:
        notify_narrow(session)


def notify_all(session: Session) -> None:
    """Tell watching browsers that something visible changed, without an audit event."""
    session.info[_CHANGED] = session.info[_WIDELY] = True


def notify_narrow(session: Session) -> None:
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
        chain.count_up(session.connection(), school_id, wide=wide)
        session.info[_BUMPED] = True


def _append(connection: Connection, school_id: str, pending: Sequence[tuple[str, str, str, dict[str, Any]]]) -> None:
    """Chain events to the school's log. Statements on tables: every transaction ends here, and holds everybody up meanwhile."""
    head = chain.locked_head(connection, school_id)
    seq, previous = head or (0, GENESIS)
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
    chain.append(connection, school_id, rows, begun=head is not None)


@event.listens_for(OrmSession, "after_commit")
def _seen_here(session: OrmSession) -> None:
    if session.info.pop(_BUMPED, False):
        school_cache.invalidate_counters()


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
        first: number of the event to begin with; the one before it is taken as it is.
        most: events to look at; None for all to the end. The end is held against the head only when it is reached.

    Returns:
        Every break: an edited row, a gap, a row whose predecessor is not the one before it, an end that is not the
        head's. Empty when the chain holds.
    """
    breaks: list[ChainBreak] = []
    before = next(iter(find.columns_of(session, AuditEvent.hash, seq=first - 1)), None)
    previous, expected = before or GENESIS, first
    while True:
        if most is not None and expected >= first + most:
            return breaks
        rows = chain.events_from(session, expected, _BATCH)
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
    head = session.get(AuditHead, session.info["school_id"], populate_existing=True)
    end = (head.seq, head.hash) if head else (0, GENESIS)
    if end != (expected - 1, previous):
        breaks.append(ChainBreak(expected - 1, "head"))
    return breaks
