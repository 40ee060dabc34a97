"""Guessing is slowed, and slowing is no weapon: failures of strangers cost a wait, never the account.

Failures are counted per name and per network. While there are many, whoever comes from another place first waits, and then
has one try, however many others go on failing meanwhile. A device that has logged in to this account before has a counter of
its own. An attempt is charged *before* the password is checked and given back when it was right; so attempts sent at the
same time cannot all slip through the same gap.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, LoginThrottle
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.accounts import throttle_rows
from hocba_app.services.accounts.networks import network_of

FREE_PER_NAME = 5
FREE_PER_ADDRESS = 40
"""A whole staff room shares one address: more failures are let pass there."""
MAX_WAIT = timedelta(minutes=15)
"""Short enough that a teacher whose name somebody else abuses can work the same day."""
FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One charged attempt: the keys it counts under."""

    pair: str
    """This name from this network, or from this device: what is made to wait."""
    name: str = ""
    network: str = ""
    strict: bool = False

    @property
    def keys(self) -> list[str]:
        return sorted(key for key in (self.pair, self.name, self.network) if key)


def charge(
    db: Database, name: str, address: str, purpose: str = "login", *, device: str = "", strict: bool = False
) -> Attempt:
    """Count an attempt, or refuse it.

    Args:
        purpose: counted apart by name ("login", "code"), so that one does not block the other; together by network.
        device: of a device that has logged in to this account before (`devices.device_of`): others' failures do not
            concern it.
        strict: what is guessed is short (a PIN): everybody waits together, whoever failed.

    Raises:
        HocbaError: LOGIN_THROTTLED with the minutes to wait.
    """
    attempt = _attempt(name, network_of(address), purpose, device, strict)
    for _ in range(3):
        try:
            with db.installation(write=True) as session:
                wait = _charge(session, attempt, utc_now())
            break
        except IntegrityError:  # another process made the same row first: now it is there to lock
            continue
    else:
        wait = timedelta(minutes=1)
    if wait is not None:
        raise HocbaError(ErrorCode.LOGIN_THROTTLED, minutes=max(1, math.ceil(wait.total_seconds() / 60)))
    return attempt


def refund(db: Database, attempt: Attempt) -> None:
    """The attempt was right: forget the name's failures; the network keeps those made for other names.

    Otherwise somebody with one account of his own could clear his network after every few guesses. Called when what was asked for is
    done, never within its transaction: the network's counter would be held while that one waits for its school, and everybody behind
    the same address, of other schools too, with it.
    """
    with db.installation(write=True) as session:
        rows = _rows(session, attempt)
        for key in (attempt.pair, attempt.name):
            if row := rows.get(key):
                session.delete(row)
        if network := rows.get(attempt.network):
            network.failures = max(0, network.failures - 1)
            session.add(network)


def wait_after(failures: int, free: int) -> timedelta | None:
    """How long the next attempt must wait after so many failures: 1, 2, 4, 8, then 15 minutes; None while free."""
    if failures < free:
        return None
    return min(timedelta(minutes=2 ** min(failures - free, 10)), MAX_WAIT)


def _attempt(name: str, network: str, purpose: str, device: str, strict: bool) -> Attempt:
    if device:
        return Attempt(_key(f"{purpose}-device", f"{device}|{name}"))
    of_name, of_network = _key(purpose, name), _key("address", network)
    if strict:
        return Attempt(of_name, "", of_network, strict=True)
    return Attempt(_key(f"{purpose}-from", f"{network}|{name}"), of_name, of_network)


def _charge(session: Session, attempt: Attempt, now: datetime) -> timedelta | None:
    """Count it; or the wait that is left, also of one who has to begin waiting now."""
    rows = _rows(session, attempt)
    for key in attempt.keys:
        rows.setdefault(key, LoginThrottle(key_sha256=key, window_started_at=now))
        if now - max(rows[key].window_started_at, rows[key].blocked_until or now - 2 * FORGET_AFTER) > FORGET_AFTER:
            rows[key].failures, rows[key].blocked_until = 0, None
    pair = rows[attempt.pair]
    if pair.blocked_until is not None and pair.blocked_until > now:
        return pair.blocked_until - now
    if pair.blocked_until is None and (wait := _wait(rows, attempt)) is not None:
        # From elsewhere while others fail: the wait begins now, and what others do meanwhile does not lengthen it.
        pair.window_started_at, pair.blocked_until = now, now + wait
        session.add(pair)
        return wait
    for row in rows.values():
        row.failures, row.window_started_at = row.failures + 1, now
        session.add(row)
    next_wait = _wait(rows, attempt)
    pair.blocked_until = now + next_wait if next_wait else None
    return None


def _wait(rows: dict[str, LoginThrottle], attempt: Attempt) -> timedelta | None:
    free = {attempt.network: FREE_PER_ADDRESS}
    waits = [wait_after(row.failures, free.get(key, FREE_PER_NAME)) for key, row in rows.items()]
    return max((wait for wait in waits if wait is not None), default=None)


def _rows(session: Session, attempt: Attempt) -> dict[str, LoginThrottle]:
    """The counters, locked in the order of their keys so that two attempts never wait for each other."""
    return {row.key_sha256: row for row in throttle_rows(session, attempt.keys)}


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
