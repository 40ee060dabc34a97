"""New pupils of a school year: the first grade of a level fills up again, with families, photos and register numbers."""

from __future__ import annotations

from random import Random
from typing import Any

from hocba_app.simulators.smas.generation.curriculum import GRADES, curriculum, electives
from hocba_app.simulators.smas.generation.people import ClassPlan, Maker, People, Person
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules.regimes import regime
from hocba_app.simulators.smas.spec import SchoolSpec
from hocba_app.simulators.smas.store import Store

MAX_PUPILS = 1000
"""Pupils in one call."""


def admit(store: Store, code: str, values: Any) -> dict[str, Any]:
    """Enrol made-up pupils: in the first grades of the year that is worked on, in turn, or in one class.

    Args:
        values: ``students``; ``class_id`` and ``moved_in_on`` for pupils who come from another school in mid-year.

    Returns:
        ``students``: ids of the new pupils.

    Raises:
        Refused: no such number or class, or the year has no class of a first grade.
    """
    count, class_id, day = (values if isinstance(values, dict) else {}).get("students"), "", ""
    if type(count) is not int or not 0 <= count <= MAX_PUPILS:
        raise Refused.field("students", "out_of_range", f"Số học sinh từ 0 đến {MAX_PUPILS}.")
    class_id, day = str(values.get("class_id") or ""), str(values.get("moved_in_on") or "")
    with store.transaction():
        school = store.school(code) or {}
        year, level = school["school_year"], school["level"]
        known = store.records(code, "students")
        classes = _classes(store, code, year, level, class_id) if count else []
        spec = SchoolSpec(level, max(count, 1), int(code[3:]), year, False)
        maker = Maker(spec, Random(f"{code}/{year}/{len(known)}"))  # noqa: S311 - a made-up school
        maker.begin_after(len(known), {data["id_number"] for data in known.values() if data["id_number"]})
        people = People(Person(code, next(iter(store.records(code, "school").values()))))
        for key, data in store.records(code, "classes", year).items():
            if data["grade"] == 10:
                _choose_electives(store, code, spec, ClassPlan(key, data))
        given = []
        for number in range(count):
            plan = classes[number % len(classes)]
            person = maker.pupil(people, plan, admitted=spec.first_year)
            _enrol(store, code, year, plan, person, day)
            given.append(person.id)
        for row in people.history:  # of a pupil from elsewhere: his years at the other school
            store.put(code, "history", row.id, {**row.data, "school_name": "Trường nơi chuyển đi"})
        for digest, jpeg in people.photos.items():
            store.run("insert or ignore into photo (school, sha256, jpeg) values (?,?,?)", code, digest, jpeg)
    return {"students": given}


def _classes(store: Store, code: str, year: str, level: str, class_id: str) -> list[ClassPlan]:
    found = store.records(code, "classes", year)
    chosen = {
        key: data for key, data in found.items() if (key == class_id if class_id else data["grade"] == GRADES[level][0])
    }
    if not chosen and not class_id and found:
        chosen = _first_class(store, code, year, GRADES[level][0])
    if not chosen:
        raise Refused.field("class_id", "unknown", "Năm học này không có lớp đó.")
    return [ClassPlan(key, data) for key, data in chosen.items()]


def _first_class(store: Store, code: str, year: str, grade: int) -> dict[str, dict[str, Any]]:
    """Nobody of the last year's classes left the school: the new pupils get a class of their own."""
    heads = {data["homeroom_staff_id"] for data in store.records(code, "classes", year).values()}
    staff = {key: row for key, row in store.records(code, "staff").items() if row["status"] == "working"}
    free = [key for key, row in staff.items() if row["position"] == "teacher" and key not in heads]
    centre = any(row["regime"] == "TT43" for row in store.records(code, "classes").values())
    data = {
        "code": f"{grade}A1", "name": f"{grade}A1", "grade": grade, "regime": regime(grade, int(year[:4]), centre=centre),
        "school_year": year, "homeroom_staff_id": (free or sorted(staff))[0],
    }  # fmt: skip
    identity = f"{code}-{year[:4]}-{grade}A1-N"
    store.put(code, "classes", identity, data)
    return {identity: data}


def _enrol(store: Store, code: str, year: str, plan: ClassPlan, person: Person, day: str) -> None:
    if day:
        person.data["admission_date"] = day
    store.put(code, "students", person.id, person.data)
    store.put(code, "enrolments", f"{person.id}-{year}", {
        "student_id": person.id, "class_id": plan.id, "school_year": year, "status": "moved_in" if day else "studying",
        "from_date": day or f"{year[:4]}-09-05", "to_date": None,
        "note": "Chuyển đến từ trường khác" if day else None,
    })  # fmt: skip


def _choose_electives(store: Store, code: str, spec: SchoolSpec, plan: ClassPlan) -> None:
    """A new class of upper secondary has no subjects of the year before: it takes one of the school's sets."""
    if store.records(code, "teaching_assignments", owner=plan.id):
        return
    chosen = electives(Random(f"{code}/{plan.id}"), len(plan.data["name"]))  # noqa: S311 - a made-up school
    taught = {
        subject.code
        for subject in curriculum(spec.level, spec.first_year)
        if plan.grade in subject.grades and (not subject.elective or subject.choice in chosen)
    }
    teachers: dict[str, list[str]] = {}
    working = {key for key, row in store.records(code, "staff").items() if row["status"] == "working"}
    for row in store.records(code, "teaching_assignments").values():
        if row["staff_id"] in working and row["staff_id"] not in teachers.setdefault(row["subject_id"], []):
            teachers[row["subject_id"]].append(row["staff_id"])
    for subject_id, subject in store.records(code, "subjects").items():
        able = teachers.get(subject_id) or [plan.data["homeroom_staff_id"]]
        if subject["code"] in taught:
            store.put(code, "teaching_assignments", f"{plan.id}-{subject['code']}-1", {
                "class_id": plan.id, "subject_id": subject_id, "staff_id": sorted(able)[0], "term": "year",
                "position": 1,
            })  # fmt: skip
