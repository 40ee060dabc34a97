"""What is taught (GDPT 2018): subjects of a level, periods a year by grade."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SubjectPlan:
    """One subject of a level."""

    code: str
    name: str
    kind: str
    """"marked" or "comment"."""
    periods: int
    grades: tuple[int, ...]
    teachers: int = 1
    """Fewest teachers a school of the level has for it."""
    other_periods: dict[int, int] = field(default_factory=dict)
    """By grade, where it differs from ``periods``."""

    def periods_in(self, grade: int) -> int:
        """Periods a year in a grade."""
        return self.other_periods.get(grade, self.periods)


_LOWER = (6, 7, 8, 9)
LOWER_SECONDARY = (
    SubjectPlan("VAN", "Ngữ văn", "marked", 140, _LOWER, 3),
    SubjectPlan("TOAN", "Toán", "marked", 140, _LOWER, 3),
    SubjectPlan("NN1", "Ngoại ngữ 1 (Tiếng Anh)", "marked", 105, _LOWER, 2),
    SubjectPlan("GDCD", "Giáo dục công dân", "marked", 35, _LOWER),
    SubjectPlan("LSDL", "Lịch sử và Địa lí", "marked", 105, _LOWER, 2),
    SubjectPlan("KHTN", "Khoa học tự nhiên", "marked", 140, _LOWER, 3),
    SubjectPlan("CN", "Công nghệ", "marked", 35, _LOWER, 1, {8: 52, 9: 52}),
    SubjectPlan("TIN", "Tin học", "marked", 35, _LOWER),
    SubjectPlan("GDTC", "Giáo dục thể chất", "comment", 70, _LOWER),
    SubjectPlan("NT", "Nghệ thuật", "comment", 70, _LOWER, 2),
    SubjectPlan("HDTN", "Hoạt động trải nghiệm, hướng nghiệp", "comment", 105, _LOWER),
    SubjectPlan("GDDP", "Nội dung giáo dục của địa phương", "comment", 35, _LOWER),
)

CURRICULA = {"lower_secondary": LOWER_SECONDARY}
GRADES = {"primary": (1, 2, 3, 4, 5), "lower_secondary": _LOWER, "upper_secondary": (10, 11, 12)}
_PERIODS_A_TEACHER = 19 * 35
"""A teacher's load a year (Circular 28/2009: 19 periods a week in lower secondary)."""


def teachers_needed(plan: SubjectPlan, grades_of_classes: list[int]) -> int:
    """How many teachers a subject needs in a school with these classes."""
    load = sum(plan.periods_in(grade) for grade in grades_of_classes if grade in plan.grades)
    return max(plan.teachers, -(-load // _PERIODS_A_TEACHER))
