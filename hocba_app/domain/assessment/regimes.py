"""Which rules judge a year: the regime is a property of class and school year."""

from __future__ import annotations

from typing import Protocol

from hocba_app.domain.assessment.record import Mismatch, SubmittedYear
from hocba_app.domain.assessment.tt22_check import TT22
from hocba_app.domain.assessment.tt26_check import TT26
from hocba_app.domain.assessment.tt27_check import TT27


class Regime(Protocol):
    """One circular's rules. A regime is a module of its own, listed in :data:`REGIMES`."""

    name: str

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Where the submitted year is not what the rules give."""
        ...


REGIMES: dict[str, Regime] = {rules.name: rules for rules in (TT22(), TT26(), TT27())}


def regime(name: str) -> Regime | None:
    """The rules of a regime ("TT22"), None for one that has no module yet."""
    return REGIMES.get(name)
