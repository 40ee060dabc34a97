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


_TT22_SINCE = {6: 2021, 7: 2022, 10: 2022, 8: 2023, 11: 2023, 9: 2024, 12: 2024}
"""The calendar year in which a grade's first school year under TT22/2021 began (Art. 21)."""
_TT27_SINCE = {1: 2020, 2: 2021, 3: 2022, 4: 2023, 5: 2024}
"""Likewise TT27/2020 (Art. 16)."""
_TT26_SINCE = 2011
"""TT58/2011, in force from the school year 2011-2012, whose amendment TT26/2020 gave the regime its name."""


def regime_in_force(grade: int, first_year: int) -> str | None:
    """The regime a grade was assessed by in the school year that began in ``first_year``; None before the ones we know."""
    if grade in _TT27_SINCE:
        return "TT27" if first_year >= _TT27_SINCE[grade] else None
    if first_year >= _TT22_SINCE[grade]:
        return "TT22"
    return "TT26" if first_year >= _TT26_SINCE else None
