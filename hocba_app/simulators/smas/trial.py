"""A year to practise with: teachers and marks made up for whatever the school has declared, on demand (simulator only)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from hocba_app.simulators.smas import school_calendar
from hocba_app.simulators.smas.generation import marks, primary
from hocba_app.simulators.smas.generation.curriculum import LAST_GRADES, SubjectPlan
from hocba_app.simulators.smas.generation.marks import Pupil
from hocba_app.simulators.smas.gradebook import TERMS, Books
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store


def fill(store: Store, code: str, values: Any) -> dict[str, Any]:
    """Assign teachers to the rows that have none, and enter marks, comments and the rest where a term has no mark yet.

    What people entered stays. The same for the same school, year and pupil. Nothing is submitted.

    Args:
        values: ``term`` I, or II (term I is filled too, and the year is closed).

    Returns:
        Counts of new ``assignments`` and of ``results`` written.

    Raises:
        Refused: no such term.
    """
    term = values.get("term") if isinstance(values, dict) else None
    if term not in ("I", "II"):
        raise Refused.field("term", "unknown", "Học kì là I hoặc II.")
    year = str((store.school(code) or {})["school_year"])
    with store.transaction():
        return {"assignments": _assign(store, code, year), "results": _results(store, code, year, term)}


def _plans(books: Books) -> dict[str, SubjectPlan]:
    """The school's subjects as the generator knows them."""
    return {
        key: SubjectPlan(
            row["code"],
            row["name"],
            row["kind"],
            row.get("periods_per_year") or 35,
            tuple(row.get("grades") or ()),
            other_periods={int(grade): periods for grade, periods in (row.get("periods_by_grade") or {}).items()},
        )
        for key, row in books.subjects().items()
    }


def _assign(store: Store, code: str, year: str) -> int:
    """A teacher for each row of each class: one who has taught the subject, the least busy first; in a primary school the homeroom teacher."""
    books = Books(store, code)
    working = {key for key, row in store.records(code, "staff").items() if row["status"] == "working"}
    everything = store.records(code, "teaching_assignments").values()
    here = store.records(code, "teaching_assignments", year).values()
    taken = {(row["class_id"], row["subject_id"]) for row in here}
    load = Counter(row["staff_id"] for row in here)
    taught: dict[str, set[str]] = {}
    for row in everything:
        taught.setdefault(row["subject_id"], set()).add(row["staff_id"])
    electives = _electives(store, code)
    made = 0
    for class_id, data in store.records(code, "classes", year).items():
        for subject_id, subject in books.subjects().items():
            if (
                data["grade"] not in subject["grades"]
                or (class_id, subject_id) in taken
                or subject["code"] not in electives.get(class_id, {subject["code"]})
            ):
                continue
            able = taught.get(subject_id, set()) & working
            homeroom = data["homeroom_staff_id"]
            if not able and homeroom not in working:
                continue
            staff_id = homeroom if homeroom in able or not able else min(able, key=lambda key: (load[key], key))
            load[staff_id] += 1
            store.put(code, "teaching_assignments", f"{class_id}-{subject['code']}-1", {
                "class_id": class_id, "subject_id": subject_id, "staff_id": staff_id, "term": "year", "position": 1,
            })  # fmt: skip
            made += 1
    return made


def _electives(store: Store, code: str) -> dict[str, set[str]]:
    """Upper secondary: what a rolled-over class is taught is what its pupils took the year before, or what was chosen for it; others
    take every subject."""
    if "upper_secondary" not in (store.school(code) or {})["level"]:
        return {}
    upper = {key for key, row in store.records(code, "classes").items() if row["grade"] > 10}
    subjects = Books(store, code).subjects()
    took: dict[str, set[str]] = {}
    for row in store.records(code, "results").values():
        took[row["student_id"]] = {subjects[key]["code"] for key in row["subjects"] if key in subjects}
    found: dict[str, set[str]] = {}
    for row in store.records(code, "enrolments").values():
        if row["student_id"] in took and row["class_id"] in upper:
            found.setdefault(row["class_id"], set()).update(took[row["student_id"]])
    for row in store.records(code, "teaching_assignments").values():
        if row["class_id"] not in upper and row["subject_id"] in subjects:
            found.setdefault(row["class_id"], set()).add(subjects[row["subject_id"]]["code"])
    first = {key for key, row in store.records(code, "classes").items() if row["grade"] == 10}
    return {key: codes for key, codes in found.items() if key in upper or key in first}


def _results(store: Store, code: str, year: str, term: str) -> int:
    books = Books(store, code)
    plans = _plans(books)
    written = 0
    for key, enrolment in store.records(code, "enrolments", year).items():
        if enrolment["status"] not in ("studying", "moved_in"):
            continue
        current = store.record(code, "results", key)
        wanted = [
            each
            for each in (("I",) if term == "I" else ("I", "II"))
            if current is None or not _entered(current, TERMS[each])
        ]
        if enrolment["status"] == "moved_in":
            wanted = [each for each in wanted if each == "II"]
        if not wanted:
            continue
        if current is None:
            current = books.empty(enrolment["student_id"], enrolment["class_id"], year)
        grade, regime = books.school_class(current["class_id"])["grade"], current["regime"]
        random = Random(f"{code}/{key}")  # noqa: S311 - a made-up year
        whole = marks.empty_result(
            current["student_id"], current["class_id"], year, regime, list(current["subjects"]), grade
        )
        make = primary.whole_year if regime == "TT27" else marks.whole_year
        make(
            random,
            whole,
            plans,
            grade,
            Pupil(min(9.6, max(5.6, random.gauss(7.7, 0.95)))),
            last_grade=grade in LAST_GRADES,
        )
        if "I" in wanted:
            school_calendar.reveal_result(store, code, books, key, marks.revealed_in_term1(whole))
        if "II" in wanted:
            school_calendar.reveal_result(store, code, books, key, marks.revealed_at_year_end(whole))
        written += 1
    return written


def _entered(result: dict[str, Any], term: str) -> bool:
    """Whether somebody has entered a mark of the term."""
    return any(
        value not in (None, [], "") for row in result["subjects"].values() for value in row["marks"][term].values()
    )
