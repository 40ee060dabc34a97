"""The people of a generated school: staff with their subjects, classes, pupils with families, photos and earlier years."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hocba_app.simulators.smas.generation.curriculum import (
    GRADES,
    SubjectPlan,
    curriculum,
    electives,
    other_set,
    teachers_needed,
)
from hocba_app.simulators.smas.generation.names import JOBS, PROVINCES, TEST_NAMES, Name, Names, plain
from hocba_app.simulators.smas.generation.portraits import portrait
from hocba_app.simulators.smas.rules.regimes import regime
from hocba_app.simulators.smas.spec import SchoolSpec

CLASS_SIZE = 45
_LAST_PRIMARY_GRADE = 5
_GRADE_ORDER = {
    "lower_secondary": (6, 9, 7, 8),
    "primary": (1, 5, 3, 4, 2),
    "upper_secondary": (10, 12, 11),
    "primary+lower_secondary": (5, 9, 6, 1, 3, 7, 2, 8, 4),
    "lower_secondary+upper_secondary": (9, 12, 10, 6, 7, 11, 8),
    "primary+lower_secondary+upper_secondary": (5, 9, 12, 6, 10, 1, 7, 11, 3, 2, 8, 4),
}
"""The grades classes are made for, so that a small school has a first and a last grade."""
SCHOOL_NAMES = {
    "primary": "Trường Tiểu học {}",
    "lower_secondary": "Trường THCS {}",
    "upper_secondary": "Trường THPT {}",
    "primary+lower_secondary": "Trường Tiểu học và THCS {}",
    "lower_secondary+upper_secondary": "Trường THCS và THPT {}",
    "primary+lower_secondary+upper_secondary": "Trường Tiểu học, THCS và THPT {}",
}
CENTRE_NAME = "Trung tâm GDNN-GDTX {}"
_HEROES = (
    "Nguyễn Du",
    "Lê Quý Đôn",
    "Trần Quốc Toản",
    "Phan Bội Châu",
    "Võ Thị Sáu",
    "Nguyễn Trãi",
    "Hai Bà Trưng",
    "Kim Đồng",
    "Lương Thế Vinh",
    "Chu Văn An",
)


@dataclass(slots=True)
class Person:
    """A record with its id."""

    id: str
    data: dict[str, Any]


@dataclass(slots=True)
class ClassPlan:
    """A class, who teaches what in it, and its pupils in the order of the list."""

    id: str
    data: dict[str, Any]
    teachers: dict[str, str] = field(default_factory=dict)
    """Subject code → staff id."""
    pupils: list[Person] = field(default_factory=list)
    sets: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    """Upper secondary: the electives of its pupils; a second set where some chose otherwise."""

    @property
    def grade(self) -> int:
        """Its grade (khối)."""
        return int(self.data["grade"])

    def taught(self, plan: SubjectPlan, *, to_set: int | None = None) -> bool:
        """Whether a subject is taught in it, or to the pupils of one set."""
        sets = self.sets if to_set is None else [self.sets[to_set]]
        chosen_by_some = (
            not plan.elective or self.data.get("regime") == "TT26" or any(plan.choice in chosen for chosen in sets)
        )
        return self.grade in plan.grades and chosen_by_some


@dataclass(slots=True)
class People:
    """Everybody, as the school year begins."""

    school: Person
    staff: list[Person] = field(default_factory=list)
    subjects: list[Person] = field(default_factory=list)
    plans: dict[str, SubjectPlan] = field(default_factory=dict)
    """By subject id."""
    classes: list[ClassPlan] = field(default_factory=list)
    history: list[Person] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    teachers_of: dict[str, list[str]] = field(default_factory=dict)
    """Staff ids by subject code."""


class Maker:
    """Makes the people of one school.

    Args:
        spec: of the school.
        random: of the school's people; the order of draws is part of what "the same seed" means.
    """

    def __init__(self, spec: SchoolSpec, random: Random) -> None:
        self.spec, self._random = spec, random
        self.names = Names(random)
        self._pupils = 0

    def begin_after(self, pupils: int, id_numbers: set[str]) -> None:
        """For pupils who come later: the school has so many already, with these id numbers."""
        self._pupils = pupils
        self.names.taken(id_numbers)

    def make(self) -> People:
        """Staff, subjects, classes and pupils."""
        people = People(Person(self.spec.code, {}))
        classes = max(-(-self.spec.students // CLASS_SIZE), min(self.spec.classes, self.spec.students))
        order = _GRADE_ORDER[self.spec.level]
        grades = sorted((order[number % len(order)], number // len(order) + 1) for number in range(classes))
        self._subjects(people)
        self._staff(people, [grade for grade, _ in grades])
        self._school(people)
        for index, (grade, number) in enumerate(grades):
            plan = ClassPlan(f"{self.spec.code}-L{index + 1:03d}", {
                "code": f"{grade}A{number}", "name": f"{grade}A{number}", "grade": grade,
                "regime": regime(grade, self.spec.first_year, centre=self.spec.centre),
                "school_year": self.spec.year, "homeroom_staff_id": None,
            })  # fmt: skip
            people.classes.append(plan)
            if grade >= 10:
                chosen = electives(self._random, number, centre=self.spec.centre)
                plan.sets = [chosen, other_set(chosen)] if self.spec.special and index == 0 else [chosen]
            size = self.spec.students // classes + (index < self.spec.students % classes)
            for _ in range(size):
                plan.pupils.append(self.pupil(people, plan))
            plan.pupils.sort(key=lambda pupil: plain(" ".join(reversed(pupil.data["full_name"].split()))))
        self._teaching(people)
        return people

    def pupil(self, people: People, plan: ClassPlan, *, admitted: int | None = None) -> Person:
        """One pupil with his family, photo and earlier years.

        Args:
            admitted: the calendar year he came to this school, where it is not the first year of the level.
        """
        choose = self._random.choice
        self._pupils += 1
        number = self._pupils
        name = Name(*TEST_NAMES[number - 1]) if number <= len(TEST_NAMES) else self.names.person()
        born = self.spec.first_year - plan.grade - 5
        code_of_province, province = PROVINCES[0] if self._random.random() < 0.8 else choose(PROVINCES)
        first_grade = GRADES[self.spec.level][0]
        admission = admitted or self.spec.first_year - (plan.grade - first_grade)
        photo = portrait(f"{self.spec.code}/{number}", girl=name.sex == "Nữ")
        digest = hashlib.sha256(photo).hexdigest()
        people.photos[digest] = photo
        lone = self._random.random()
        data = {
            "code": f"{self.spec.code}{admission % 100:02d}{number:05d}", "full_name": name.full,
            "birth_date": f"{born}-{self._random.randrange(1, 13):02d}-{self._random.randrange(1, 29):02d}",
            "sex": name.sex, "ethnic_group": name.ethnic_group,
            "id_number": self.names.id_number(born, name.sex, code_of_province), "birth_place": province,
            "nationality": "Việt Nam", "home_town": province,
            "address": self.names.address(), "register_number": f"{number:04d}/{admission}",
            "admission_date": f"{admission}-09-05",
            "priority_category": choose(("Con thương binh", "Hộ nghèo", "Con liệt sĩ")) if self._random.random() < 0.03 else None,
            "father_name": self.names.parent(name, "Nam") if lone > 0.04 else None,
            "father_job": choose(JOBS) if lone > 0.04 else None,
            "mother_name": self.names.parent(name, "Nữ"), "mother_job": choose(JOBS),
            "guardian_name": self.names.kinh("Nữ") if lone < 0.02 else None,
            "guardian_job": choose(JOBS) if lone < 0.02 else None, "photo_sha256": digest,
        }  # fmt: skip
        person = Person(f"{self.spec.code}-HS{number:05d}", data)
        for grade in range(first_grade, plan.grade):
            year = self.spec.first_year - (plan.grade - grade)
            self.earlier_year(
                people, person, year, grade, f"{grade}{plan.data['name'][len(str(plan.grade)) :]}", "promoted"
            )
        return person

    def earlier_year(
        self,
        people: People,
        pupil: Person,
        year: int,
        grade: int,
        class_name: str,
        outcome: str,
        note: str | None = None,
    ) -> None:
        """One row of the learning history."""
        school = people.school.data
        people.history.append(Person(f"{pupil.id}-{year}", {
            "student_id": pupil.id, "school_year": f"{year}-{year + 1}", "class_name": class_name, "grade": grade,
            "school_name": school["name"],
            "commune": school["commune"], "province": school["province"], "outcome": outcome, "note": note,
        }))  # fmt: skip

    def _subjects(self, people: People) -> None:
        for order, plan in enumerate(curriculum(self.spec.level, self.spec.first_year, centre=self.spec.centre), 1):
            subject_id = f"{self.spec.code}-{plan.code}"
            people.plans[subject_id] = plan
            people.subjects.append(Person(subject_id, {
                "code": plan.code, "name": plan.name, "kind": plan.kind, "order": order,
                "periods_per_year": plan.periods, "grades": list(plan.grades),
                "periods_by_grade": {str(grade): periods for grade, periods in plan.other_periods.items()},
            }))  # fmt: skip

    def _staff(self, people: People, grades: list[int]) -> None:
        self._member(people, "principal")
        for _ in range(2):
            self._member(people, "vice_principal")
        self._member(people, "clerk")
        for plan in people.plans.values():
            count = teachers_needed(plan, grades)
            people.teachers_of[plan.code] = [self._member(people, "teacher").id for _ in range(count)]
        primary = [grade for grade in grades if grade <= _LAST_PRIMARY_GRADE]
        if primary:  # each class has a teacher of its own, who takes most of its rows
            people.teachers_of[""] = [self._member(people, "teacher").id for _ in primary]

    def _member(self, people: People, position: str) -> Person:
        number = len(people.staff) + 1
        sex = self._random.choice(("Nam", "Nữ", "Nữ"))
        name, born = self.names.kinh(sex), self._random.randrange(1968, 2000)
        mailbox = "".join(word[0] for word in plain(name).split()[:-1])
        member = Person(f"{self.spec.code}-GV{number:03d}", {
            "code": f"GV{number:03d}", "full_name": name, "id_number": self.names.id_number(born, sex),
            "old_id_number": f"{self._random.randrange(20, 32):03d}{self._random.randrange(1_000_000):06d}" if born < 1990 else None,
            "birth_date": f"{born}-{self._random.randrange(1, 13):02d}-{self._random.randrange(1, 29):02d}", "sex": sex,
            "position": position,
            "email": f"{plain(name).split()[-1]}{mailbox}{number}@{self.spec.code}.example",
            "phone": self.names.phone(), "status": "working",
        })  # fmt: skip
        people.staff.append(member)
        return member

    def _school(self, people: People) -> None:
        hero = self._random.choice(_HEROES)
        people.school.data.update({
            "code": self.spec.code, "name": (CENTRE_NAME if self.spec.centre else SCHOOL_NAMES[self.spec.level]).format(hero), "level": self.spec.level,
            "commune": "Xã Củ Chi",
            "province": "Thành phố Hồ Chí Minh", "department": "Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh",
            "tax_code": f"03{self._random.randrange(10**8):08d}", "principal_staff_id": people.staff[0].id,
        })  # fmt: skip

    def _teaching(self, people: People) -> None:
        """In a secondary class every teacher takes exactly one row, and each has its own homeroom teacher where there are enough."""
        turn: dict[str, int] = {}
        own_teachers = iter(people.teachers_of.get("", []))
        for plan in people.classes:
            own = next(own_teachers) if plan.grade <= _LAST_PRIMARY_GRADE else ""
            for subject in people.plans.values():
                if not plan.taught(subject):
                    continue
                if teachers := people.teachers_of[subject.code]:
                    turn[subject.code] = turn.get(subject.code, -1) + 1
                    plan.teachers[subject.code] = teachers[turn[subject.code] % len(teachers)]
                else:
                    plan.teachers[subject.code] = own
            if own:
                plan.data["homeroom_staff_id"] = own
        taken: set[str] = set()
        for plan in people.classes:
            if plan.grade <= _LAST_PRIMARY_GRADE:
                continue
            here = list(plan.teachers.values())
            free = [staff for staff in here if staff not in taken]
            chosen = self._random.choice(free or here)
            taken.add(chosen)
            plan.data["homeroom_staff_id"] = chosen


def decomposed(person: Person) -> None:
    """The same text in NFD, as some school's computer sends it."""
    for key in ("full_name", "address", "mother_name"):
        if person.data[key]:
            person.data[key] = unicodedata.normalize("NFD", person.data[key])
