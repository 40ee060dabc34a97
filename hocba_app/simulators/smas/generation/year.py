"""A school's whole year as a script: what is there in September, and what each later moment adds."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from hocba_app.simulators.smas.generation import marks, primary, special
from hocba_app.simulators.smas.generation.case import Case
from hocba_app.simulators.smas.generation.curriculum import LAST_GRADES
from hocba_app.simulators.smas.generation.marks import Pupil
from hocba_app.simulators.smas.generation.people import ClassPlan, Maker, People, Person
from hocba_app.simulators.smas.spec import SchoolSpec


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the live data: merged into the record, which is made where it is not there."""

    resource: str
    id: str
    values: dict[str, Any]


@dataclass(slots=True)
class Script:
    """The school's year."""

    school: dict[str, Any]
    entries: dict[str, list[Entry]] = field(
        default_factory=lambda: {"september": [], "term1": [], "year_end": [], "summer": []}
    )
    photos: dict[str, bytes] = field(default_factory=dict)


def generate(spec: SchoolSpec) -> Script:
    """The year of a school, the same for the same spec."""
    people_random, marks_random = (Random(f"{spec.level}/{spec.seed}/{part}") for part in ("people", "marks"))  # noqa: S311 - a made-up school
    maker = Maker(spec, people_random)
    people = maker.make()
    cases = special.assign(people_random, maker, people) if spec.special else {}
    script = Script(people.school.data, photos=people.photos)
    _september(script, spec, people, cases)
    moved: dict[str, str] = {}
    if spec.special:
        _changes_of_classes(script, people)
        moved = _split_class(script, spec, people, cases)
    _results(script, spec, people, cases, marks_random, moved)
    return script


def _september(script: Script, spec: SchoolSpec, people: People, cases: dict[str, Case]) -> None:
    september, year_end = script.entries["september"], script.entries["year_end"]
    september.append(Entry("school", people.school.id, people.school.data))
    for resource, records in (("staff", people.staff), ("subjects", people.subjects)):
        september.extend(Entry(resource, record.id, record.data) for record in records)
    late = {student for student, case in cases.items() if case.name == "moved_in"}
    for plan in people.classes:
        september.append(Entry("classes", plan.id, plan.data))
        for code, staff_id in plan.teachers.items():
            september.append(_assignment(plan, f"{spec.code}-{code}", staff_id))
        for pupil in plan.pupils:
            moment = year_end if pupil.id in late else september
            moment.append(Entry("students", pupil.id, pupil.data))
            enrolment: dict[str, Any] = {
                "student_id": pupil.id, "class_id": plan.id, "school_year": spec.year, "status": "studying",
                "from_date": f"{spec.first_year}-09-05", "to_date": None, "note": None,
            }  # fmt: skip
            case = cases.get(pupil.id)
            if case and case.circumstances:
                enrolment["circumstances"] = case.circumstances
            if case and case.name == "moved_in":
                enrolment |= case.enrolment
            elif case and case.enrolment:
                script.entries["term1"].append(Entry("enrolments", f"{pupil.id}-{spec.year}", case.enrolment))
            moment.append(Entry("enrolments", f"{pupil.id}-{spec.year}", enrolment))
    for row in people.history:
        (year_end if row.data["student_id"] in late else september).append(Entry("history", row.id, row.data))


def _assignment(
    plan: ClassPlan, subject_id: str, staff_id: str, *, position: int = 1, term: str = "year", suffix: str = ""
) -> Entry:
    identity = f"{plan.id}-{subject_id.rpartition('-')[2]}-{position}{suffix}"
    return Entry("teaching_assignments", identity, {
        "class_id": plan.id, "subject_id": subject_id, "staff_id": staff_id, "term": term, "position": position,
    })  # fmt: skip


def _changes_of_classes(script: Script, people: People) -> None:
    """The first class: several teachers on a row, another replaced in mid-term; the last class is renamed."""
    plan, here = people.classes[0], set(people.classes[0].teachers.values())
    for subject_id, subject in people.plans.items():
        if subject.code not in plan.teachers:
            continue
        others = [staff for staff in people.teachers_of[subject.code] if staff not in here]
        if subject.code in ("KHTN", "LSDL", "NT") or (subject.code == "GDDP" and others):
            for position, staff_id in enumerate(others[:2], 2):
                script.entries["september"].append(_assignment(plan, subject_id, staff_id, position=position))
        elif subject.code == "NN1" and others:
            first = _assignment(plan, subject_id, plan.teachers[subject.code], term="I")
            script.entries["year_end"].append(first)
            script.entries["year_end"].append(_assignment(plan, subject_id, others[0], term="II", suffix="-II"))
    if len(people.classes) > 1:
        last = people.classes[-1]
        script.entries["term1"].append(Entry("classes", last.id, {"name": f"{last.data['name']} (tăng cường)"}))


def _split_class(script: Script, spec: SchoolSpec, people: People, cases: dict[str, Case]) -> dict[str, str]:
    """In a school of four classes or more the third is split before term I ends: half its pupils get a class of their own.

    Returns:
        The new class by student id.
    """
    if len(people.classes) < 4:
        return {}
    plan = people.classes[2]
    numbers = [
        int(other.data["name"][len(str(plan.grade)) + 1 :]) for other in people.classes if other.grade == plan.grade
    ]
    name, identity = f"{plan.grade}A{max(numbers) + 1}", f"{plan.id}-2"
    heads = {other.data["homeroom_staff_id"] for other in people.classes}
    homeroom = next((staff for staff in plan.teachers.values() if staff not in heads), plan.data["homeroom_staff_id"])
    script.entries["term1"].append(
        Entry("classes", identity, {**plan.data, "code": name, "name": name, "homeroom_staff_id": homeroom})
    )
    new = ClassPlan(identity, {}, dict(plan.teachers))
    script.entries["term1"].extend(
        _assignment(new, f"{spec.code}-{code}", staff_id) for code, staff_id in plan.teachers.items()
    )
    moved = [pupil.id for pupil in plan.pupils[len(plan.pupils) // 2 :] if pupil.id not in cases]
    script.entries["term1"].extend(
        Entry("enrolments", f"{student}-{spec.year}", {"class_id": identity, "note": f"Tách lớp {plan.data['name']}"})
        for student in moved
    )
    return dict.fromkeys(moved, identity)


def _results(
    script: Script, spec: SchoolSpec, people: People, cases: dict[str, Case], random: Random, moved: dict[str, str]
) -> None:
    plain: list[dict[str, Any]] = []
    made: list[tuple[Person, dict[str, Any]]] = []
    for plan in people.classes:
        regime, last_grade = plan.data["regime"], plan.grade in LAST_GRADES
        fill = primary.whole_year if regime == "TT27" else marks.whole_year
        for place, person in enumerate(plan.pupils):
            chosen = place % 3 // 2 if len(plan.sets) > 1 else 0  # two of three pupils have the class's first set
            subject_ids = [key for key, subject in people.plans.items() if plan.taught(subject, to_set=chosen)]
            case = cases.get(person.id)
            if case and case.name == "left_early":
                continue
            pupil = case.pupil if case else Pupil(min(9.6, max(5.6, random.gauss(7.7, 0.95))))
            result = marks.empty_result(
                person.id, moved.get(person.id, plan.id), spec.year, regime, subject_ids, plan.grade
            )
            fill(random, result, people.plans, plan.grade, pupil, last_grade=last_grade)
            made.append((person, result))
            if case is None:
                plain.append(result)
    if spec.special:
        special.wrong_results(random, plain, spec.code)
    for person, result in made:
        case = cases.get(person.id)
        identity = f"{person.id}-{spec.year}"
        if case is None or not case.pupil.moved_in:
            script.entries["term1"].append(Entry("results", identity, marks.revealed_in_term1(result)))
        ends = "term1" if case and case.pupil.moved_out else "year_end"
        script.entries[ends].append(Entry("results", identity, marks.revealed_at_year_end(result)))
        if case and case.summer:
            script.entries["summer"].append(Entry("results", identity, case.summer))
