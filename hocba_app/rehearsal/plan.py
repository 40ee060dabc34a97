"""What to rehearse: which school, which year, by which rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from hocba_app.domain.assessment.regimes import kind_of, regime_in_force
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import SEPARATOR

_GRADES = {"primary": range(1, 6), "lower_secondary": range(6, 10), "upper_secondary": range(10, 13)}
LEVELS = (
    *_GRADES,
    "primary+lower_secondary",
    "lower_secondary+upper_secondary",
    "primary+lower_secondary+upper_secondary",
)
"""What a rehearsed school teaches."""
_USUAL_YEARS = {"TT22": 2025, "TT26": 2020, "TT27": 2025, "TT43": 2025}
"""The year played when only the regime is named: for TT26 the last one in which all grades had it."""
_FIRST_YEARS = {"primary": 2024, "lower_secondary": 2015, "upper_secondary": 2015}
"""Schools of earlier years are not simulated."""
CENTRE = "TT43"
"""The regime that makes the school a centre of continuing education."""
_NAMES = {"primary": "tiểu học", "lower_secondary": "THCS", "upper_secondary": "THPT"}
_YEAR = re.compile(r"20[0-9]{2}-20[0-9]{2}")


@dataclass(frozen=True)
class Plan:
    """One rehearsal."""

    level: str
    students: int
    seed: int
    out: Path
    year: str = "2025-2026"
    full: bool = False
    """pyHanko judges every file, not a sample."""
    special: bool = False
    """With every special case of a school's year, and wrong results that the check before locking must find."""
    years: int = 1
    """School years, from ``year`` on."""

    reorganised: bool = False
    """In the second year the school has another name, code and tax code, and a new seal certificate."""

    merged: bool = False
    """Two schools, of a level each, play the first year; then one goes into the other."""
    database: str = ""
    """Where to keep it; "" for a database under ``out``."""
    schools: int = 1
    """Schools like this one that play the year at the same time, with the seeds from ``seed`` on."""
    workers: int = 2
    """Processes that do the schools' work."""
    parted: bool = False
    """After the first year the highest level becomes a school of its own."""
    centre: bool = False
    """A centre of continuing education (TT43/2021)."""

    @property
    def side_by_side(self) -> list[Plan]:
        """A plan for each of the schools, in a folder of its own where there are several."""
        if self.schools == 1:
            return [self]
        return [
            replace(self, seed=seed, out=self.out / "schools" / str(seed), schools=1)
            for seed in range(self.seed, self.seed + self.schools)
        ]

    @property
    def halves(self) -> list[Plan]:
        """The schools of the first year: one, or one a level where they merge later."""
        if not self.merged:
            return [self]
        levels = self.level.split(SEPARATOR)
        shares = [
            self.students // len(levels) + (number < self.students % len(levels)) for number in range(len(levels))
        ]
        return [replace(self, level=level, students=share) for level, share in zip(levels, shares, strict=True)]

    @property
    def specs(self) -> list[str]:
        """The schools for the SMAS simulator."""
        return [half.school for plan in self.side_by_side for half in plan.halves]

    @property
    def office(self) -> str:
        """What its head is called (`domain.signing_titles.OFFICES`)."""
        return "director" if self.centre else "principal"

    def require_possible(self) -> None:
        """Whether what is asked for goes together.

        Raises:
            HocbaError: REHEARSAL_IMPOSSIBLE.
        """
        if self.merged and (SEPARATOR not in self.level or self.years < 2 or self.students < len(self.halves)):
            raise _impossible("--merged cần trường nhiều cấp (th-thcs, thcs-thpt) và từ hai năm học (--years 2)")
        if self.merged and self.schools > 1:
            raise _impossible("--merged diễn tập một trường, không đi cùng --schools")
        if self.parted and (SEPARATOR not in self.level or self.years < 2 or self.merged):
            raise _impossible("--split cần trường nhiều cấp (th-thcs, thcs-thpt) và từ hai năm học (--years 2)")
        if self.special and (SEPARATOR in self.level or self.years > 1 or self.centre):
            raise _impossible("--special diễn tập một năm học của trường một cấp")
        if self.reorganised and self.years < 2:
            raise _impossible("--reorganised cần từ hai năm học (--years 2)")

    def for_year(self, year: str) -> Plan:
        """The same school in another of its years."""
        return replace(self, year=year)

    @property
    def school(self) -> str:
        """The spec for the SMAS simulator."""
        classes = min(len(grades_of(self.level)), self.students // 2) if self.years > 1 or "+" in self.level else 0
        return (
            f"{self.level}:students={self.students},seed={self.seed},year={self.year},special={self.special:d},"
            f"moment=september,classes={classes},centre={self.centre:d}"
        )


_ALIASES = {
    "th-thcs": "primary+lower_secondary",
    "thcs-thpt": "lower_secondary+upper_secondary",
    "th-thcs-thpt": "primary+lower_secondary+upper_secondary",
    "mixed": "primary+lower_secondary",
}


def level_named(text: str) -> str:
    """The level or levels of a command's ``--level``, which may name a school by its short form."""
    return _ALIASES.get(text.lower(), text)


def grades_of(level: str) -> list[int]:
    """The grades of a school."""
    return [grade for each in level.split("+") for grade in _GRADES[each]]


def year_played(level: str, regime: str = "", year: str = "") -> str:
    """The school year of a rehearsal. A year implies the regime of each grade; a regime alone implies its usual year.

    Args:
        regime: tt22, tt26, tt27 or tt43, in any case; "" for whatever the year has.
        year: "2020-2021"; "" for the regime's usual year.

    Raises:
        HocbaError: REHEARSAL_IMPOSSIBLE, with what does not go together.
    """
    if level not in LEVELS:
        raise _impossible(f"cấp học là một trong {', '.join(LEVELS)}, không phải {level[:30]}")
    named = regime.upper()
    if named and named not in _USUAL_YEARS:
        raise _impossible(f"quy định đánh giá là tt22, tt26, tt27 hoặc tt43, không phải {regime[:30]}")
    first = _first_year(year) if year else _USUAL_YEARS[named] if named else 2025
    if named == CENTRE and level != "upper_secondary":
        raise _impossible("trung tâm giáo dục thường xuyên diễn tập ở cấp THPT (--level upper_secondary)")
    if named and (named == "TT27") != (level == "primary"):
        raise _impossible(f"cấp {_name(level)} không đánh giá theo {named}")
    earliest = max(_FIRST_YEARS[each] for each in level.split("+"))
    if first < earliest:
        raise _impossible(f"trường {_name(level)} chỉ mô phỏng được từ năm học {earliest}-{earliest + 1}")
    used = {regime_in_force(grade, first, kind_of(named)) for grade in grades_of(level)}
    if named and used != {named}:
        found = " và ".join(sorted(name for name in used if name))
        raise _impossible(
            f"năm học {first}-{first + 1}, cấp {_name(level)} đánh giá theo {found}, không phải theo {named}"
        )
    return f"{first}-{first + 1}"


def _name(level: str) -> str:
    return ", ".join(_NAMES[each] for each in level.split("+"))


def _first_year(year: str) -> int:
    if not _YEAR.fullmatch(year) or int(year[5:]) != int(year[:4]) + 1:
        raise _impossible(f"năm học phải có dạng 2025-2026, không phải {year[:30]}")
    return int(year[:4])


def _impossible(detail: str) -> HocbaError:
    return HocbaError(ErrorCode.REHEARSAL_IMPOSSIBLE, detail=detail)
