"""What to rehearse: which school, which year, by which rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hocba_app.domain.assessment.regimes import regime_in_force
from hocba_app.domain.errors import ErrorCode, HocbaError

GRADES = {"primary": range(1, 6), "lower_secondary": range(6, 10), "upper_secondary": range(10, 13)}
_USUAL_YEARS = {"TT22": 2025, "TT26": 2020, "TT27": 2025}
"""The year played when only the regime is named: for TT26 the last one in which all grades had it."""
_FIRST_YEARS = {"primary": 2024, "lower_secondary": 2015, "upper_secondary": 2015}
"""Schools of earlier years are not simulated."""
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

    @property
    def school(self) -> str:
        """The spec for the SMAS simulator."""
        return f"{self.level}:students={self.students},seed={self.seed},year={self.year},special={self.special:d},moment=september"


def year_played(level: str, regime: str = "", year: str = "") -> str:
    """The school year of a rehearsal. A year implies the regime of each grade; a regime alone implies its usual year.

    Args:
        regime: tt22, tt26 or tt27, in any case; "" for whatever the year has.
        year: "2020-2021"; "" for the regime's usual year.

    Raises:
        HocbaError: REHEARSAL_IMPOSSIBLE, with what does not go together.
    """
    if level not in GRADES:
        raise _impossible(f"cấp học là một trong {', '.join(GRADES)}, không phải {level[:30]}")
    named = regime.upper()
    if named and named not in _USUAL_YEARS:
        raise _impossible(f"quy định đánh giá là tt22, tt26 hoặc tt27, không phải {regime[:30]}")
    first = _first_year(year) if year else _USUAL_YEARS[named] if named else 2025
    if (named == "TT27") != (level == "primary") and named:
        raise _impossible(f"cấp {_NAMES[level]} không đánh giá theo {named}")
    if first < _FIRST_YEARS[level]:
        raise _impossible(
            f"trường {_NAMES[level]} chỉ mô phỏng được từ năm học {_FIRST_YEARS[level]}-{_FIRST_YEARS[level] + 1}"
        )
    used = {regime_in_force(grade, first) for grade in GRADES[level]}
    if named and used != {named}:
        found = " và ".join(sorted(name for name in used if name))
        raise _impossible(
            f"năm học {first}-{first + 1}, cấp {_NAMES[level]} đánh giá theo {found}, không phải theo {named}"
        )
    return f"{first}-{first + 1}"


def _first_year(year: str) -> int:
    if not _YEAR.fullmatch(year) or int(year[5:]) != int(year[:4]) + 1:
        raise _impossible(f"năm học phải có dạng 2025-2026, không phải {year[:30]}")
    return int(year[:4])


def _impossible(detail: str) -> HocbaError:
    return HocbaError(ErrorCode.REHEARSAL_IMPOSSIBLE, detail=detail)
