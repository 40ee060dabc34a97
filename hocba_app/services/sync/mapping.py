"""Where each data set of the contract goes: its table, how a record becomes a row, and what it refers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from hocba_app.domain.circumstances import Kind
from hocba_app.domain.snapshot import PUPIL_DETAILS
from hocba_app.domain.vietnamese_collation import sort_name
from hocba_app.models import (
    Enrolment,
    HistoryEntry,
    SchoolClass,
    Staff,
    Student,
    StudentResult,
    Subject,
    TeachingAssignment,
)
from hocba_app.models.repositories import find

WORKBOOK_ID = "excel:"
"""How the id of a record begins that only a workbook has told of: the source has not named it yet."""

RECOMPUTED = "_mismatches"
"""Where the recomputation leaves what it found in a record that waits to be written."""


class Refused(Exception):
    """A record that cannot go in: the field and the reason, as the report shows them."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field)
        self.field, self.reason = field, reason


@dataclass(slots=True)
class Known:
    """What records may refer to, by the sector's stable id: our id and the name the report shows."""

    school_year: str
    staff: dict[str, tuple[str, str]] = field(default_factory=dict)
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    students: dict[str, tuple[str, str]] = field(default_factory=dict)
    subjects: dict[str, tuple[str, str]] = field(default_factory=dict)

    def our_id(self, kind: str, source_id: str, field: str) -> str:
        """Our id of a record another one refers to.

        Raises:
            Refused: it is not known here: not submitted, or refused itself.
        """
        found: tuple[str, str] | None = getattr(self, kind).get(source_id)
        if found is None:
            raise Refused(field, f"{_KINDS[kind]} này chưa có trong dữ liệu đã nhận")
        return found[0]

    def name(self, kind: str, source_id: str) -> str:
        """The name of a record for the report; its id where it is not known."""
        found = getattr(self, kind).get(source_id)
        return found[1] if found else source_id


_KINDS = {"staff": "Giáo viên", "classes": "Lớp", "students": "Học sinh", "subjects": "Môn học"}


def known(session: Session, resource: str, school_year: str) -> Known:
    """Everything a data set may refer to."""
    found = Known(school_year)
    for kind in TABLES[resource].refers_to:
        model = TABLES[kind].model
        name = model.full_name if kind in ("staff", "students") else model.code if kind == "subjects" else model.name
        rows = find.columns_of(session, model.source_id, model.id, name)
        setattr(found, kind, {source_id: (id, text) for source_id, id, text in rows})
    return found


Convert = Callable[[dict[str, Any], Known], dict[str, Any]]
Label = Callable[[dict[str, Any], Known], str]


@dataclass(frozen=True, slots=True)
class Table:
    """One data set's home."""

    model: Any
    convert: Convert
    """A record's data as the columns of a row.

    Raises:
        Refused: it refers to what is not known here.
    """
    label: Label
    natural: tuple[str, ...]
    """Columns that say which one it is, whatever its id. A record of the source takes over the row that a workbook made of it."""
    refers_to: tuple[str, ...] = ()
    identifying: tuple[str, ...] = ()
    """Columns that no two active rows share; a clash, or a change, is for a person to decide."""
    signing: tuple[str, ...] = ()
    """Columns with the numbers a person signs with. For somebody who has an account, a key or signatures here, a first number is as
    grave as a changed one: it says whose certificate signs in his place."""


def _staff(data: dict[str, Any], _known: Known) -> dict[str, Any]:
    kept = ("code", "full_name", "id_number", "old_id_number", "position", "email", "phone")
    return {key: data[key] for key in kept} | {"active": data["status"] == "working"}


def _of_year(data: dict[str, Any], known: Known) -> None:
    if data["school_year"] != known.school_year:
        raise Refused("school_year", f"thuộc năm học {data['school_year']}, không phải {known.school_year}")


def _class(data: dict[str, Any], known: Known) -> dict[str, Any]:
    _of_year(data, known)
    homeroom = data["homeroom_staff_id"]
    return {key: data[key] for key in ("code", "name", "grade", "regime", "school_year")} | {
        "homeroom_staff_id": known.our_id("staff", homeroom, "homeroom_staff_id") if homeroom else None,
        "active": True,
    }


def _student(data: dict[str, Any], _known: Known) -> dict[str, Any]:
    kept = ("code", "full_name", "birth_date", "sex", "id_number", "photo_sha256")
    return {key: data[key] for key in kept} | {
        "sort_name": sort_name(data["full_name"]),
        "details": {key: data[key] for key in PUPIL_DETAILS},
        "active": True,
    }


def _enrolment(data: dict[str, Any], known: Known) -> dict[str, Any]:
    _of_year(data, known)
    kept = ("school_year", "status", "from_date", "to_date", "note")
    flags = [_circumstance(row, number) for number, row in enumerate(data["circumstances"] or ())]
    return _whose(data, known) | {key: data[key] for key in kept} | {"circumstances": flags or None, "active": True}


def _circumstance(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A flag as a pupil-year keeps it: what it does not say is left out."""
    place = f"circumstances.{number}"
    if (row["from_date"] or "") > (row["to_date"] or "9999"):
        raise Refused(f"{place}.to_date", "trước ngày bắt đầu")
    if (row["kind"] == Kind.EXEMPT) != bool(row["subjects"]):
        raise Refused(f"{place}.subjects", "miễn học phải nêu môn; trường hợp khác thì không")
    kept = {key: row[key] for key in ("kind", "from_date", "to_date", "decision") if row[key]}
    return kept | ({"subjects": sorted(set(row["subjects"]))} if row["subjects"] else {})


def _whose(data: dict[str, Any], known: Known) -> dict[str, Any]:
    return {
        "student_id": known.our_id("students", data["student_id"], "student_id"),
        "class_id": known.our_id("classes", data["class_id"], "class_id"),
    }


def _subject(data: dict[str, Any], _known: Known) -> dict[str, Any]:
    return {key: data[key] for key in ("code", "name", "kind")} | {"position": data["order"], "active": True}


def _assignment(data: dict[str, Any], known: Known) -> dict[str, Any]:
    return {
        "class_id": known.our_id("classes", data["class_id"], "class_id"),
        "subject_id": known.our_id("subjects", data["subject_id"], "subject_id"),
        "staff_id": known.our_id("staff", data["staff_id"], "staff_id"),
        "term": data["term"], "position": data["position"], "active": True,
    }  # fmt: skip


def _history(data: dict[str, Any], known: Known) -> dict[str, Any]:
    payload = {key: value for key, value in data.items() if key != "student_id"}
    student_id = known.our_id("students", data["student_id"], "student_id")
    return {"student_id": student_id, "school_year": data["school_year"], "payload": payload, "active": True}


def _result(data: dict[str, Any], known: Known) -> dict[str, Any]:
    _of_year(data, known)
    payload = result_payload(data, known)
    return _whose(data, known) | {
        "school_year": data["school_year"],
        "payload": payload,
        "mismatches": data.get(RECOMPUTED) or [],
    }


def result_payload(data: dict[str, Any], known: Known) -> dict[str, Any]:
    """The stored form of a result: the contract's record with subjects by code.

    Raises:
        Refused: a subject is unknown, or has two rows.
    """
    subjects = []
    for number, entry in enumerate(data["subjects"]):
        known.our_id("subjects", entry["subject_id"], f"subjects.{number}.subject_id")
        subjects.append(
            {"subject_code": known.name("subjects", entry["subject_id"])}
            | {k: v for k, v in entry.items() if k != "subject_id"}
        )
    codes = [entry["subject_code"] for entry in subjects]
    if len(set(codes)) != len(codes):
        raise Refused("subjects", "một môn có hai dòng kết quả")
    outside = ("student_id", "class_id", "school_year", "subjects", RECOMPUTED)
    kept = {key: value for key, value in data.items() if key not in outside}
    if (
        kept.get("traits_reassessed") is None
    ):  # a later field of the contract: results stored before it stay as they are
        kept.pop("traits_reassessed", None)
    return kept | {"subjects": subjects}


def _named(data: dict[str, Any], _known: Known) -> str:
    return f"{data['full_name']} ({data['code']})"


def _titled(data: dict[str, Any], _known: Known) -> str:
    return f"{data['name']} ({data['code']})"


def _pupil(data: dict[str, Any], known: Known) -> str:
    name = known.name("students", data["student_id"])
    return (
        f"{name} – {known.name('classes', data['class_id'])}"
        if "class_id" in data
        else f"{name} – {data['school_year']}"
    )


def _teaching(data: dict[str, Any], known: Known) -> str:
    subject, room = known.name("subjects", data["subject_id"]), known.name("classes", data["class_id"])
    return f"{subject} {room} – {known.name('staff', data['staff_id'])}"


TABLES: dict[str, Table] = {
    "staff": Table(
        Staff,
        _staff,
        _named,
        ("code",),
        identifying=("id_number", "old_id_number", "code"),
        signing=("id_number", "old_id_number"),
    ),
    "classes": Table(SchoolClass, _class, _titled, ("code", "school_year"), ("staff",)),
    "students": Table(Student, _student, _named, ("code",), identifying=("id_number", "code")),
    "enrolments": Table(Enrolment, _enrolment, _pupil, ("student_id", "class_id"), ("students", "classes")),
    "subjects": Table(Subject, _subject, _titled, ("code",), identifying=("code",)),
    "history": Table(HistoryEntry, _history, _pupil, ("student_id", "school_year"), ("students",)),
    "teaching_assignments": Table(
        TeachingAssignment,
        _assignment,
        _teaching,
        ("class_id", "subject_id", "term", "position"),
        ("staff", "classes", "subjects"),
    ),
    "results": Table(
        StudentResult, _result, _pupil, ("student_id", "school_year"), ("students", "classes", "subjects")
    ),
}
"""By resource; ``school`` is not a table of the school but the school itself (:mod:`hocba_app.services.sync.sync_job`)."""
