"""What time it is. Of several machines each has its own clock, and some are wrong: the database's decides for all of them.

Nothing else in the product reads the machine's clock for an instant that is stored, compared or shown (a test looks).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(seconds=1)
"""Machines that are this close are not corrected: an answer takes its time to arrive, and time shall not jump to and fro."""


class _Correction:
    """What is added to this machine's clock."""

    added = timedelta(0)


def machine_now() -> datetime:
    """The present instant by this machine's own clock, aware, in UTC."""
    return datetime.now(UTC)


def utc_now() -> datetime:
    """The present instant by the database's clock as far as it was asked, aware, in UTC."""
    return machine_now() + _Correction.added


def correction() -> timedelta:
    """How far this machine's clock is behind the database's; negative when it is ahead, zero within the tolerance."""
    return _Correction.added


def follow(reference: datetime, asked: datetime, answered: datetime) -> None:
    """Learn what another clock showed. An answer that took too long to tell a difference changes nothing.

    Args:
        reference: the instant by that clock.
        asked: when it was asked, by this machine's clock.
        answered: when the answer was here.
    """
    travel = answered - asked
    behind = reference - asked - travel / 2
    if travel < timedelta(0) or abs(behind - _Correction.added) <= max(TOLERANCE, travel):
        return
    _Correction.added = behind if abs(behind) > TOLERANCE else timedelta(0)
