"""What is taught: subjects of a level, periods a year by grade (GDPT 2018, and secondary schools as they were before)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from hocba_app.simulators.smas.rules.regimes import regime


@dataclass(frozen=True, slots=True)
class SubjectPlan:
    """One subject of a level."""

    code: str
    name: str
    kind: str
    """"marked" or "comment"; in primary schools "marked" are the subjects with tests."""
    periods: int
    grades: tuple[int, ...]
    teachers: int = 1
    """Fewest teachers a school of the level has for it; none where the homeroom teacher takes it."""
    other_periods: dict[int, int] = field(default_factory=dict)
    """By grade, where it differs from ``periods``."""
    elective: bool = False
    """Upper secondary: one of the four a class or pupil chooses."""

    @property
    def choice(self) -> str:
        """What a set of electives calls it."""
        return self.code.removesuffix("PT")

    def periods_in(self, grade: int) -> int:
        """Periods a year in a grade."""
        return self.other_periods.get(grade, self.periods)


_LOWER, _UPPER, _PRIMARY = (6, 7, 8, 9), (10, 11, 12), (1, 2, 3, 4, 5)
GRADES = {
    "primary": _PRIMARY,
    "lower_secondary": _LOWER,
    "upper_secondary": _UPPER,
    "primary+lower_secondary": _PRIMARY + _LOWER,
    "lower_secondary+upper_secondary": _LOWER + _UPPER,
    "primary+lower_secondary+upper_secondary": _PRIMARY + _LOWER + _UPPER,
}
LAST_GRADES = (5, 9, 12)
"""With which a level is finished, in whatever school."""
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
_LOWER_SECONDARY_2006 = (
    SubjectPlan("TOAN", "Toán", "marked", 140, _LOWER, 3),
    SubjectPlan("VL", "Vật lí", "marked", 35, _LOWER, 1, {9: 70}),
    SubjectPlan("HH", "Hóa học", "marked", 70, (8, 9)),
    SubjectPlan("SH", "Sinh học", "marked", 70, _LOWER, 2),
    SubjectPlan("TIN", "Tin học", "marked", 70, _LOWER),
    SubjectPlan("VAN", "Ngữ văn", "marked", 140, _LOWER, 3),
    SubjectPlan("LS", "Lịch sử", "marked", 52, _LOWER, 1, {6: 35}),
    SubjectPlan("DL", "Địa lí", "marked", 52, _LOWER, 1, {6: 35, 7: 70}),
    SubjectPlan("NN1", "Tiếng Anh", "marked", 105, _LOWER, 2, {9: 70}),
    SubjectPlan("GDCD", "Giáo dục công dân", "marked", 35, _LOWER),
    SubjectPlan("CN", "Công nghệ", "marked", 52, _LOWER, 1, {6: 70, 9: 35}),
    SubjectPlan("GDTC", "Thể dục", "comment", 70, _LOWER),
    SubjectPlan("AN", "Âm nhạc", "comment", 35, _LOWER),
    SubjectPlan("MT", "Mĩ thuật", "comment", 35, _LOWER),
)
_UPPER_SECONDARY = (
    SubjectPlan("VAN", "Ngữ văn", "marked", 105, _UPPER, 3),
    SubjectPlan("TOAN", "Toán", "marked", 105, _UPPER, 3),
    SubjectPlan("NN1", "Ngoại ngữ 1 (Tiếng Anh)", "marked", 105, _UPPER, 2),
    SubjectPlan("LS", "Lịch sử", "marked", 52, _UPPER),
    SubjectPlan("DL", "Địa lí", "marked", 70, _UPPER, elective=True),
    SubjectPlan("GDKTPL", "Giáo dục kinh tế và pháp luật", "marked", 70, _UPPER, elective=True),
    SubjectPlan("VL", "Vật lí", "marked", 70, _UPPER, 2, elective=True),
    SubjectPlan("HH", "Hóa học", "marked", 70, _UPPER, 2, elective=True),
    SubjectPlan("SH", "Sinh học", "marked", 70, _UPPER, elective=True),
    SubjectPlan("CN", "Công nghệ", "marked", 70, _UPPER, elective=True),
    SubjectPlan("TIN", "Tin học", "marked", 70, _UPPER, elective=True),
    SubjectPlan("AN", "Âm nhạc", "comment", 70, _UPPER, elective=True),
    SubjectPlan("MT", "Mĩ thuật", "comment", 70, _UPPER, elective=True),
    SubjectPlan("GDQPAN", "Giáo dục quốc phòng và an ninh", "marked", 35, _UPPER),
    SubjectPlan("GDTC", "Giáo dục thể chất", "comment", 70, _UPPER),
    SubjectPlan("HDTN", "Hoạt động trải nghiệm, hướng nghiệp", "comment", 105, _UPPER, 2),
    SubjectPlan("GDDP", "Nội dung giáo dục của địa phương", "comment", 35, _UPPER, 2),
)
_UPPER_SECONDARY_2006 = (
    SubjectPlan("TOAN", "Toán", "marked", 122, _UPPER, 3),
    SubjectPlan("VL", "Vật lí", "marked", 70, _UPPER, 2),
    SubjectPlan("HH", "Hóa học", "marked", 70, _UPPER, 2),
    SubjectPlan("SH", "Sinh học", "marked", 52, _UPPER, 1, {10: 35}),
    SubjectPlan("TIN", "Tin học", "marked", 52, _UPPER, 1, {10: 70}),
    SubjectPlan("VAN", "Ngữ văn", "marked", 105, _UPPER, 3),
    SubjectPlan("LS", "Lịch sử", "marked", 52, _UPPER, 1, {11: 35}),
    SubjectPlan("DL", "Địa lí", "marked", 52, _UPPER, 1, {11: 35}),
    SubjectPlan("NN1", "Tiếng Anh", "marked", 105, _UPPER, 2),
    SubjectPlan("GDCD", "Giáo dục công dân", "marked", 35, _UPPER),
    SubjectPlan("CN", "Công nghệ", "marked", 52, _UPPER, 1, {12: 35}),
    SubjectPlan("GDQPAN", "Giáo dục quốc phòng và an ninh", "marked", 35, _UPPER),
    SubjectPlan("GDTC", "Thể dục", "comment", 70, _UPPER),
)
_PRIMARY_SCHOOL = (
    SubjectPlan("TV", "Tiếng Việt", "marked", 245, _PRIMARY, 0, {1: 420, 2: 350}),
    SubjectPlan("TOAN", "Toán", "marked", 175, _PRIMARY, 0, {1: 105}),
    SubjectPlan("DD", "Đạo đức", "comment", 35, _PRIMARY, 0),
    SubjectPlan("NN1", "Ngoại ngữ 1 (Tiếng Anh)", "marked", 140, (3, 4, 5), 1),
    SubjectPlan("TNXH", "Tự nhiên và Xã hội", "comment", 70, (1, 2, 3), 0),
    SubjectPlan("LSDL", "Lịch sử và Địa lí", "marked", 70, (4, 5), 0),
    SubjectPlan("KH", "Khoa học", "marked", 70, (4, 5), 0),
    SubjectPlan("THCN", "Tin học và Công nghệ", "marked", 70, (3, 4, 5), 1),
    SubjectPlan("GDTC", "Giáo dục thể chất", "comment", 70, _PRIMARY, 1),
    SubjectPlan("AN", "Nghệ thuật (Âm nhạc)", "comment", 35, _PRIMARY, 1),
    SubjectPlan("MT", "Nghệ thuật (Mĩ thuật)", "comment", 35, _PRIMARY, 1),
    SubjectPlan("HDTN", "Hoạt động trải nghiệm", "comment", 105, _PRIMARY, 0),
)
_SETS = (
    ("VL", "HH", "SH", "TIN"),
    ("DL", "GDKTPL", "TIN", "CN"),
    ("VL", "HH", "TIN", "CN"),
    ("DL", "GDKTPL", "SH", "MT"),
    ("VL", "DL", "GDKTPL", "AN"),
)
"""Sets of electives a school offers: sciences, social sciences, techniques, arts."""
_PERIODS_A_TEACHER = 19 * 35
"""A teacher's load a year (Circular 28/2009: 19 periods a week in lower secondary)."""


def curriculum(level: str, first_year: int, *, centre: bool = False) -> tuple[SubjectPlan, ...]:
    """The subjects of a school in a year; while the programme changes, each grade has those of its own programme."""
    if centre:
        return tuple(plan for plan in _UPPER_SECONDARY if plan.code in CENTRE_SUBJECTS)
    if "+" in level:
        return _merged(level, first_year)
    if level == "primary":
        return _PRIMARY_SCHOOL
    before, after = {
        "lower_secondary": (_LOWER_SECONDARY_2006, LOWER_SECONDARY),
        "upper_secondary": (_UPPER_SECONDARY_2006, _UPPER_SECONDARY),
    }[level]
    new = tuple(grade for grade in GRADES[level] if regime(grade, first_year) == "TT22")
    plans = {plan.code: replace(plan, grades=tuple(grade for grade in plan.grades if grade in new)) for plan in after}
    for plan in before:
        grades = tuple(grade for grade in plan.grades if grade not in new)
        known = plans.get(plan.code)
        plans[plan.code] = (
            replace(known, grades=known.grades + grades) if known and known.grades else replace(plan, grades=grades)
        )
    return tuple(plan for plan in plans.values() if plan.grades)


_ORDER_OF_CODES = ("lower_secondary", "upper_secondary", "primary")
"""Whose subjects keep their codes in a school of several levels: rules of the secondary levels name subjects by code."""
_SUFFIXES = {"lower_secondary": "", "upper_secondary": "PT", "primary": "TH"}


def _merged(level: str, first_year: int) -> tuple[SubjectPlan, ...]:
    """The subjects of a school of several levels: what another level has under the same code and is taught otherwise is a subject of
    its own."""
    found: dict[str, SubjectPlan] = {}
    for each in (one for one in _ORDER_OF_CODES if one in level.split("+")):
        for plan in curriculum(each, first_year):
            known = found.get(plan.code)
            if known is None:
                found[plan.code] = plan
            elif each != "primary" and (known.name, known.kind, known.elective) == (
                plan.name,
                plan.kind,
                plan.elective,
            ):
                periods = {grade: one.periods_in(grade) for one in (known, plan) for grade in one.grades}
                found[plan.code] = replace(known, grades=known.grades + plan.grades, other_periods=periods)
            else:
                code = plan.code + _SUFFIXES[each]
                found[code] = replace(plan, code=code)
    return tuple(sorted(found.values(), key=lambda plan: plan.grades[0]))


def electives(random: Random, number: int, *, centre: bool = False) -> tuple[str, ...]:
    """The electives of a class: the first classes of a grade take the usual sets; a centre offers no arts."""
    sets = _SETS[:3] if centre else _SETS
    return sets[number - 1] if number <= len(sets) else random.choice(sets)


CENTRE_SUBJECTS = frozenset(("VAN", "TOAN", "LS", "DL", "GDKTPL", "VL", "HH", "SH", "CN", "TIN", "HDTN", "GDDP"))
"""What a centre of continuing education teaches in grades 10 to 12: seven marked subjects a pupil, as far as is known here."""


def other_set(chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The set of those pupils of a class who chose otherwise: one subject is another."""
    spare = next(code for code in ("TIN", "SH", "DL", "CN") if code not in chosen)
    return (*chosen[:-1], spare)


def teachers_needed(plan: SubjectPlan, grades_of_classes: list[int]) -> int:
    """How many teachers a subject needs in a school with these classes."""
    if plan.teachers == 0:
        return 0
    load = sum(plan.periods_in(grade) for grade in grades_of_classes if grade in plan.grades)
    return max(plan.teachers, -(-load // _PERIODS_A_TEACHER))
