"""To which class a pupil belongs in a school year: one rule for lock, lists, print, counts and the comparison with newer data.

A pupil has an enrolment for every class he was in. Of those that count, one is his membership: where he is, or – when he is
nowhere any more – the class he left the school from. Every document of the year belongs there; the cover, which is of no
year, is made in the class of the year at hand. `models.repositories.membership` asks the same of the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PRESENT = ("studying", "moved_in")
"""Enrolment states of a pupil who is in the class."""
LEAVING = ("moved_out", "left")
"""Enrolment states of a pupil who is no longer in the class."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One enrolment of a pupil in a school year."""

    id: str
    class_id: str
    status: str
    """One of :data:`PRESENT` or :data:`LEAVING`."""
    from_date: str | None = None
    """ISO 8601; None where SMAS has none."""
    to_date: str | None = None
    counts: bool = True
    """The source still knows the enrolment, its class and the pupil."""

    @property
    def present(self) -> bool:
        """Whether the pupil is in the class."""
        return self.status in PRESENT


def membership_of(memberships: Iterable[Membership]) -> Membership | None:
    """The membership that counts among one pupil's enrolments of one school year; None when the source knows none any more.

    Being somewhere goes before having left; of several, the one that began last, then the one that ended last, then the
    one that came last.
    """
    return max((member for member in memberships if member.counts), key=_rank, default=None)


def _rank(member: Membership) -> tuple[bool, str, str, str]:
    return member.present, member.from_date or "", member.to_date or "", member.id
