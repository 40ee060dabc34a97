"""Guessing is slowed: failures are counted per login name and per address, with waits that grow.

An attempt is charged *before* the password is checked and given back when it was right; so attempts sent at the same
time cannot all slip through the same gap.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, LoginThrottle
from hocba_app.models.base import utc_now

FREE_PER_NAME = 5
FREE_PER_ADDRESS = 40
"""A whole staff room shares one address: more failures are let pass there."""
LONGEST_WAIT = timedelta(minutes=15)
"""Short enough that a teacher whose name somebody else abuses can work the same day."""
FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One charged attempt."""

    name_key: str
    address_key: str


def charge(db: Database, name: str, address: str, purpose: str = "login") -> Attempt:
    """Count an attempt, or refuse it.

    Args:
        purpose: counted apart by name ("login", "code"), so that one does not block the other; together by address.

    Raises:
        HocbaError: LOGIN_THROTTLED with the minutes to wait.
    """
    attempt = Attempt(_key(purpose, name), _key("address", address))
    for _ in range(3):
        try:
            with db.installation(write=True) as session:
                _charge(session, attempt, utc_now())
            return attempt
        except IntegrityError:  # another process made the same row first: now it is there to lock
            continue
    raise HocbaError(ErrorCode.LOGIN_THROTTLED, minutes=1)


def give_back(session: Session, attempt: Attempt) -> None:
    """The attempt was right: forget the name's failures; the address keeps those made for other names.

    Otherwise somebody with one account of his own could clear his address after every few guesses.
    """
    rows = _rows(session, attempt)
    if name := rows.get(attempt.name_key):
        session.delete(name)
    if address := rows.get(attempt.address_key):
        address.failures = max(0, address.failures - 1)
        if address.failures < FREE_PER_ADDRESS:
            address.blocked_until = None
        session.add(address)


def wait_after(failures: int, free: int) -> timedelta | None:
    """How long the next attempt must wait after so many failures: 1, 2, 4, 8, then 15 minutes; None while free."""
    if failures < free:
        return None
    return min(timedelta(minutes=2 ** min(failures - free, 10)), LONGEST_WAIT)


def _charge(session: Session, attempt: Attempt, now: datetime) -> None:
    rows = _rows(session, attempt)
    blocked = [row.blocked_until for row in rows.values() if row.blocked_until is not None and row.blocked_until > now]
    if blocked:
        raise HocbaError(ErrorCode.LOGIN_THROTTLED, minutes=math.ceil((max(blocked) - now).total_seconds() / 60))
    for key, free in ((attempt.name_key, FREE_PER_NAME), (attempt.address_key, FREE_PER_ADDRESS)):
        row = rows.get(key) or LoginThrottle(key_sha256=key, window_started_at=now)
        if now - max(row.window_started_at, row.blocked_until or row.window_started_at) > FORGET_AFTER:
            row.failures, row.window_started_at, row.blocked_until = 0, now, None
        row.failures += 1
        wait = wait_after(row.failures, free)
        row.blocked_until = now + wait if wait else None
        session.add(row)


def _rows(session: Session, attempt: Attempt) -> dict[str, LoginThrottle]:
    """Both counters, locked in the order of their keys so that two attempts never wait for each other."""
    keys = sorted((attempt.name_key, attempt.address_key))
    query = select(LoginThrottle).where(col(LoginThrottle.key_sha256).in_(keys))
    found = session.exec(query.order_by(LoginThrottle.key_sha256).with_for_update()).all()
    return {row.key_sha256: row for row in found}


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
