"""What a generated school is made from: ``lower_secondary:students=135,seed=1,year=2025-2026,special=0,moment=september``."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEVELS = {
    "primary": 1,
    "lower_secondary": 2,
    "upper_secondary": 3,
    "primary+lower_secondary": 4,
    "lower_secondary+upper_secondary": 5,
    "primary+lower_secondary+upper_secondary": 6,
}
"""What a school teaches, with the digit in its code; a school of several levels is one school."""
MOMENTS = ("september", "term1", "year_end", "summer")
"""The course of a year, in order: what the school has entered by then."""
_FIRST_YEARS = {"primary": 2024, "lower_secondary": 2015, "upper_secondary": 2015}
"""Calendar years: before them another programme was taught, which is not generated for primary schools."""
_YEAR = re.compile(r"(20\d\d)-(20\d\d)")


@dataclass(frozen=True, slots=True)
class SchoolSpec:
    """One school to generate."""

    level: str
    students: int = 135
    """Pupils at the school at the end of the year."""
    seed: int = 1
    year: str = "2025-2026"
    special: bool = True
    """Special cases and known errors; without them every pupil can be locked."""
    moment: str = "year_end"
    """How far the year has gone when the school is made. The default suits a demonstration."""
    classes: int = 0
    """Classes at least; 0 for as few as hold the pupils."""
    centre: bool = False
    """A centre of continuing education: fewer subjects, TT43, a director."""

    @property
    def code(self) -> str:
        """The school's code (MaTruong): one per level and seed."""
        return f"79{7 if self.centre else LEVELS[self.level]}{self.seed:05d}"

    @property
    def first_year(self) -> int:
        """The calendar year the school year begins in."""
        return int(self.year[:4])


def parse(text: str) -> SchoolSpec:
    """A spec as given on the command line.

    Raises:
        ValueError: says what is wrong with it.
    """
    level, _, options = text.partition(":")
    if level not in LEVELS:
        raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
    given = {}
    for option in filter(None, options.split(",")):
        name, _, value = option.partition("=")
        given[name.strip()] = value.strip()
    unknown = set(given) - {"students", "seed", "year", "special", "moment", "classes", "centre"}
    if unknown:
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}")
    year = given.get("year", "2025-2026")
    match = _YEAR.fullmatch(year)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise ValueError(f"year is like 2025-2026, not {year!r}")
    if int(match[1]) < max(_FIRST_YEARS[each] for each in level.split("+")):
        raise ValueError(f"schools of level {level} are generated from {_FIRST_YEARS[level]} on, not {year}")
    if (moment := given.get("moment", "year_end")) not in MOMENTS:
        raise ValueError(f"moment is one of {', '.join(MOMENTS)}, not {moment!r}")
    if (special := given.get("special", "1")) not in ("0", "1"):
        raise ValueError("special is 0 or 1")
    return SchoolSpec(
        level,
        _number(given, "students", 135, 1, 5000),
        _number(given, "seed", 1, 0, 99999),
        year,
        special == "1" and "+" not in level and given.get("centre") != "1",
        moment,
        _number(given, "classes", 0, 0, 200),
        _centre(level, given),
    )


def _centre(level: str, given: dict[str, str]) -> bool:
    if given.get("centre", "0") not in ("0", "1"):
        raise ValueError("centre is 0 or 1")
    if given.get("centre") == "1" and level != "upper_secondary":
        raise ValueError("centres are generated for upper secondary grades")
    return given.get("centre") == "1"


def _number(given: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"{name} is a number from {least} to {most}, not {text!r}")
    return int(text)
