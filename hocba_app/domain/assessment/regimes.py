"""Which rules judge a year: by the school year, the grade, the kind of class and the text then in force. One table says it.

An amendment is one module with its rules and one row in :data:`IN_FORCE`, below the row it amends; years before its first
one keep the row above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from hocba_app.domain.assessment import tt26
from hocba_app.domain.assessment.record import Judgement, Mismatch, SubmittedYear
from hocba_app.domain.assessment.tt22_check import TT22
from hocba_app.domain.assessment.tt26_check import TT26
from hocba_app.domain.assessment.tt27_check import TT27
from hocba_app.domain.assessment.tt43_check import TT43


class Regime(Protocol):
    """One circular's rules. A regime is a module of its own, in force by :data:`IN_FORCE`."""

    name: str

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Where the submitted year is not what the rules give."""
        ...

    def judge(self, year: SubmittedYear) -> Judgement:
        """The same, and what cannot be checked."""
        ...


ClassKind = Literal["general", "continuing"]
"""Classes of general schools, and of centres of continuing education."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One text and from when it judges whom."""

    name: str
    """The regime as classes and results name it; an amendment that keeps the form keeps the name."""
    text: str
    effective: date
    """The day the text took effect; the first school years it judged end after it."""
    first_years: Mapping[int, int]
    """Grade → calendar year in which its first school year under the text began."""
    rules: Regime
    kind: ClassKind = "general"


_SECONDARY = range(6, 13)
IN_FORCE: tuple[InForce, ...] = (
    InForce(
        "TT26", "TT58/2011/TT-BGDĐT", date(2012, 1, 26), dict.fromkeys(_SECONDARY, 2011),
        TT26(tt26.KEY_SUBJECTS_TT58, "TT58", "hai môn Toán, Ngữ văn"),
    ),
    # Signed on 26 August 2020, before the school year 2020-2021 began: the first it judged.
    InForce("TT26", "TT58/2011 sửa đổi bởi TT26/2020/TT-BGDĐT", date(2020, 10, 11), dict.fromkeys(_SECONDARY, 2020), TT26()),
    InForce("TT27", "TT27/2020/TT-BGDĐT", date(2020, 10, 20), {1: 2020, 2: 2021, 3: 2022, 4: 2023, 5: 2024}, TT27()),
    InForce("TT22", "TT22/2021/TT-BGDĐT", date(2021, 9, 5), {6: 2021, 7: 2022, 10: 2022, 8: 2023, 11: 2023, 9: 2024, 12: 2024}, TT22()),
    InForce(
        "TT43", "TT43/2021/TT-BGDĐT", date(2022, 2, 14), {6: 2021, 7: 2022, 10: 2022, 8: 2023, 11: 2023, 9: 2024, 12: 2024}, TT43(),
        "continuing",
    ),
)  # fmt: skip
"""Oldest first: the last row that fits is the one in force."""


def regime(name: str, first_year: int | None = None) -> Regime | None:
    """The rules of a regime as they were in a school year.

    Args:
        name: as classes and results name it ("TT22").
        first_year: calendar year in which the school year began; None for the text in force last.

    Returns:
        None for a regime that has no rules here, or had none that year.
    """
    rows = [
        row
        for row in IN_FORCE
        if row.name == name and (first_year is None or min(row.first_years.values()) <= first_year)
    ]
    return rows[-1].rules if rows else None


def kind_of(name: str) -> ClassKind:
    """The kind of class a regime judges."""
    return next((row.kind for row in IN_FORCE if row.name == name), "general")


def regime_in_force(grade: int, first_year: int, kind: ClassKind = "general") -> str | None:
    """The regime a grade was assessed by in the school year that began in ``first_year``; None before the ones we know."""
    rows = [
        row
        for row in IN_FORCE
        if row.kind == kind and grade in row.first_years and row.first_years[grade] <= first_year
    ]
    return rows[-1].name if rows else None
