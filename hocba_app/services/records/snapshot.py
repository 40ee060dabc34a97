"""Building a snapshot from the synced tables: what the record would say if it were locked now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from hocba_app.domain.assessment.subject_check import EXEMPT
from hocba_app.domain.circumstances import ON_HISTORY, ON_RESULTS, UNKNOWN, WORDS, Circumstance, Kind, of_year, relief
from hocba_app.domain.levels import level_of_grade
from hocba_app.domain.membership import LEAVING, Membership
from hocba_app.domain.signing_titles import OFFICES
from hocba_app.domain.snapshot import PUPIL_DETAILS, SNAPSHOT_FORMAT, Snapshot, normalise
from hocba_app.forms.form_version import newest_form
from hocba_app.models import HistoryEntry, School, SchoolClass, Student, StudentResult, Subject
from hocba_app.models.repositories import membership
from hocba_app.models.repositories import records as rows
from hocba_app.services.records.signer_resolution import PlannedSlot

_RESULTS = (
    "regime",
    "learning",
    "training",
    "absences",
    "promotion",
    "promotion_note",
    "title",
    "awards",
    "certificates",
    "homeroom_comment",
    "homeroom_comment_after_summer",
    "programme_completed",
)
_RESULTS_OF_SOME_REGIMES = (
    "averages",
    "height_cm",
    "weight_kg",
    "qualities",
    "qualities_comment",
    "general_competencies",
    "general_comment",
    "specific_competencies",
    "specific_comment",
)


@dataclass(slots=True)
class Sources:
    """Everything that documents of one class are built from, read once for all its pupils."""

    school: School
    school_class: SchoolClass
    subjects: dict[str, Subject] = field(default_factory=dict)
    """By code."""
    results: dict[str, StudentResult] = field(default_factory=dict)
    """By pupil; of the class's school year."""
    history: dict[str, list[HistoryEntry]] = field(default_factory=dict)
    """By pupil, oldest first; of the years before, and of this year at whatever school."""
    memberships: dict[str, Membership] = field(default_factory=dict)
    """By pupil; of those to whom this class is home in its school year."""
    students: dict[str, Student] = field(default_factory=dict)
    """By id; filled by who has them."""
    flags: dict[str, tuple[Circumstance, ...]] = field(default_factory=dict)
    """By pupil; the exceptions of the law the source names for the class's school year, whenever they hold."""

    def subject_codes(self, student_id: str) -> list[str]:
        """The pupil's subjects in the order of the form."""
        result = self.results.get(student_id)
        codes = [entry["subject_code"] for entry in result.payload.get("subjects", [])] if result is not None else []
        return sorted(codes, key=lambda code: (self.subjects[code].position if code in self.subjects else 999, code))

    def payload(self, student_id: str) -> dict[str, Any] | None:
        """The pupil's result of the year; an empty one for a pupil who left before anything was entered, else None.

        He must not wait for ever (workflow rule 7): his record is locked on the data there is, which is none.
        """
        result = self.results.get(student_id)
        if result is not None:
            return result.payload
        return nothing_entered(self.school_class.regime) if self.leaving(student_id) is not None else None

    def holding(self, student_id: str, kinds: Collection[str]) -> list[Circumstance]:
        """The pupil's flags of these kinds that hold for the year's results, in the order of the kinds."""
        found = of_year(self.flags.get(student_id, ()), self.school_class.school_year)
        return sorted((each for each in found if each.kind in kinds), key=lambda each: list(kinds).index(each.kind))

    def leaving(self, student_id: str) -> Membership | None:
        """The pupil's membership of this class, when he has left the school from it."""
        member = self.memberships.get(student_id)
        return member if member is not None and member.status in LEAVING else None


def load_sources(session: Session, school_class: SchoolClass, student_ids: Sequence[str]) -> Sources:
    """Read what the documents of these pupils of a class are built from: five queries, however many pupils."""
    members = membership.memberships_of(session, student_ids, school_class.school_year)
    return Sources(
        school=session.get_one(School, session.info["school_id"]),
        school_class=school_class,
        subjects=rows.subjects_by_code(session),
        results=rows.results_of(session, student_ids, school_class.school_year),
        history=rows.history_until(session, student_ids, school_class.school_year),
        memberships={
            student_id: member for student_id, member in members.items() if member.class_id == school_class.id
        },
        flags=rows.circumstances_of(session, school_class.school_year, student_ids),
    )


def build_snapshot(
    session: Session,
    kind: str,
    student: Student,
    school_class: SchoolClass,
    slots: list[PlannedSlot],
    *,
    code: str,
    url: str,
) -> Snapshot:
    """:func:`snapshot_from` for a single pupil."""
    return snapshot_from(load_sources(session, school_class, [student.id]), kind, student, slots, code=code, url=url)


def snapshot_from(
    sources: Sources,
    kind: str,
    student: Student,
    slots: Sequence[PlannedSlot],
    *,
    code: str,
    url: str,
    locked: Mapping[str, Any] | None = None,
) -> Snapshot:
    """The frozen content of one document.

    Args:
        sources: of the pupil's class, with this pupil among them.
        slots: as :func:`hocba_app.services.records.signer_resolution.planned_slots` gives them.
        code: the public code of the version.
        url: what its QR holds.
        locked: what was locked, when this is compared with it: the school may have had another name then.
    """
    school, school_class = sources.school, sources.school_class
    level = level_of_grade(school_class.grade)
    content: dict[str, Any] = {
        "format": SNAPSHOT_FORMAT,
        "kind": kind,
        "school": {
            "code": school.code,
            "name": school.name,
            "level": level,
            "commune": school.commune,
            "province": school.province,
            "department": school.department,
            "tax_code": school.tax_code,
        },
        "student": _student(student, whole=kind == "cover") | _unknown(sources, student, kind),
        "school_year": None if kind == "cover" else school_class.school_year,
        "class_name": school_class.name,
        "grade": school_class.grade,
        "place": school.commune,
        "verification": {"code": code, "url": url},
        "slots": [{"field": slot.field, "stage": slot.stage, "rows": list(slot.rows)} for slot in slots],
    }
    if (head := _head(school, slots)) is not None:
        content["head"] = head
    if kind == "results" and (payload := sources.payload(student.id)) is not None:
        content["results"] = _results(sources, student.id, payload)
        if flags := sources.holding(student.id, ON_RESULTS):
            content["circumstances"] = [_frozen(each) for each in flags]
    content["form"] = newest_form(kind, level, content.get("results", {}).get("regime", school_class.regime))
    if kind == "history":
        content["history"] = _history(sources, student.id, (locked or {}).get("school"))
        if level == "primary":  # the primary QTHT names register number and admission besides
            content["student"] |= {key: student.details.get(key) for key in ("register_number", "admission_date")}
    return normalise(content)


def _head(school: School, slots: Sequence[PlannedSlot]) -> dict[str, str] | None:
    """The office the form prints above the head's place, and the decision he signs by; None for a principal who signs by none."""
    ground = next((slot.ground for slot in slots if slot.stage == "principal"), "")
    if school.head_office == "principal" and not ground:
        return None
    return {"office": OFFICES[school.head_office], "ground": ground}


def _student(student: Student, *, whole: bool) -> dict[str, Any]:
    basic: dict[str, Any] = {
        "code": student.code,
        "full_name": student.full_name,
        "birth_date": student.birth_date,
        "sex": student.sex,
        "id_number": student.id_number,
    }
    if whole:
        basic |= {key: student.details.get(key) for key in PUPIL_DETAILS} | {"photo_sha256": student.photo_sha256}
    return basic


def _unknown(sources: Sources, student: Student, kind: str) -> dict[str, Any]:
    """What nobody can know of this pupil, as the source says, in the form's words."""
    nowhere = not student.details.get("birth_place") and Kind.NO_BIRTH_PLACE in {
        each.kind for each in sources.flags.get(student.id, ())
    }
    return {"birth_place": UNKNOWN} if kind == "cover" and nowhere else {}


def _frozen(flag: Circumstance) -> dict[str, Any]:
    found = {"kind": flag.kind, "from_date": flag.from_date, "to_date": flag.to_date, "decision": flag.decision}
    return {key: value for key, value in found.items() if value} | {"subjects": list(flag.subjects)}


def nothing_entered(regime: str) -> dict[str, Any]:
    """The result of a pupil for whom the school submitted none."""
    terms = dict.fromkeys(("term1", "term2", "year", "reassessed"))
    empty: dict[str, Any] = {
        "regime": regime,
        "subjects": [],
        "learning": terms,
        "training": terms,
        "absences": dict.fromkeys(("term1", "term2", "year")),
        "awards": [],
    }
    if regime == "TT26":
        empty["averages"] = terms
    return empty


def _results(sources: Sources, student_id: str, payload: dict[str, Any]) -> dict[str, Any]:
    entries = {entry["subject_code"]: entry for entry in payload.get("subjects", [])}
    subjects = []
    flags, year = sources.flags.get(student_id, ()), sources.school_class.school_year
    exempt = relief(flags, payload["regime"], year).exempt
    for code in sources.subject_codes(student_id):
        subject, entry = sources.subjects[code], entries[code]
        row = {"code": code, "name": subject.name, "kind": subject.kind}
        row |= {key: entry.get(key) for key in ("term1", "term2", "year", "reassessed", "comment", "note")}
        row |= {key: entry[key] for key in ("test", "reassessed_test") if key in entry}
        if code in exempt and row["term1"] is None and row["term2"] is None and row["year"] is None:
            row["year"] = EXEMPT
        subjects.append(row)
    content = {key: payload.get(key) for key in _RESULTS} | {
        key: payload[key] for key in _RESULTS_OF_SOME_REGIMES if key in payload
    }
    return content | {"subjects": subjects, "departure": departure(sources.leaving(student_id))}


def _came_with(row: Mapping[str, Any], class_name: str, ours: Sequence[Mapping[str, Any]], *, stayed: bool) -> bool:
    """Whether a row of this very year is of a school the pupil came from: not our own, as the next year's list has it, and not
    of one he went to."""
    name = row.get("school_name")
    own = any(
        name == school.get("name")
        and (
            (row.get("commune"), row.get("province")) == (school.get("commune"), school.get("province"))
            or row.get("class_name") == class_name
        )
        for school in ours
    )
    return not own and (stayed or row.get("outcome") == "moved")


def departure(member: Membership | None) -> str | None:
    """What the record says of a pupil who left in mid-year; None for one who stayed."""
    if member is None:
        return None
    words = "Chuyển đi" if member.status == "moved_out" else "Thôi học"
    if not member.to_date:
        return words
    year, month, day = member.to_date.split("-")
    return f"{words} ngày {day}/{month}/{year}"


def _of_level(grade: int | None, level: str) -> bool:
    """Each level has a record of its own: the years of another are in that one. A row that does not say its grade stays."""
    return grade is None or level_of_grade(grade) == level


def _history(sources: Sources, student_id: str, then: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every row from elsewhere with the identity SMAS gives it – a year may have two –, then our own of this year."""
    school, school_class = sources.school, sources.school_class
    result, leaving = sources.results.get(student_id), sources.leaving(student_id)
    ours = ({"name": school.name, "commune": school.commune, "province": school.province}, then or {})
    earlier = [
        {"row": entry.source_id}
        | {
            key: entry.payload.get(key)
            for key in ("school_year", "class_name", "school_name", "commune", "province", "outcome", "note")
        }
        for entry in sources.history.get(student_id, [])
        if (
            _of_level(entry.payload.get("grade"), level_of_grade(school_class.grade))
            if entry.school_year < school_class.school_year
            else _came_with(entry.payload, school_class.name, ours, stayed=leaving is None)
        )
    ]
    promotion = result.payload.get("promotion") if result is not None else None
    told = [WORDS[each.kind] for each in sources.holding(student_id, ON_HISTORY)]
    notes = (departure(leaving), *told, result.payload.get("promotion_note") if result is not None else None)
    outcome = promotion if promotion in ("promoted", "retained") else None
    if outcome is None and leaving is not None and leaving.status == "moved_out":
        outcome = "moved"
    return [
        *earlier,
        {
            "school_year": school_class.school_year,
            "class_name": school_class.name,
            "school_name": school.name,
            "commune": school.commune,
            "province": school.province,
            "outcome": outcome,
            "note": ". ".join(note for note in notes if note) or None,
        },
    ]
