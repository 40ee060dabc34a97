"""What is here of a school year as the sheets of an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from sqlmodel import Session

from hocba_app.models import SchoolClass, Staff, Student, StudentResult, Subject, TeachingAssignment
from hocba_app.models.repositories import find
from hocba_app.models.repositories.membership import memberships_of_year
from hocba_app.models.repositories.records import circumstances_of
from hocba_app.services.workbooks.excel_columns import SHEETS, SheetSpec
from hocba_app.services.workbooks.excel_writing import Table


def export_tables(session: Session, school_year: str) -> list[Table]:
    """Every sheet with its rows, active records only, in the order people expect."""
    classes = {row.id: row for row in find.all_of(session, SchoolClass, school_year=school_year, active=True)}
    staff = {row.id: row for row in find.all_of(session, Staff, Staff.code)}
    subjects = {row.id: row for row in find.all_of(session, Subject, Subject.position, active=True)}
    enrolled = {
        student_id: place
        for student_id, place in memberships_of_year(session, school_year).items()
        if place.class_id in classes
    }
    students = [row for row in find.all_of(session, Student, Student.sort_name, Student.id) if row.id in enrolled]
    students.sort(key=lambda row: (classes[enrolled[row.id].class_id].grade, classes[enrolled[row.id].class_id].name))
    flags = circumstances_of(session, school_year)
    rows: dict[str, list[dict[str, Any]]] = {
        "staff": [row.model_dump() | {"status": "working" if row.active else "left"} for row in staff.values()],
        "classes": [
            row.model_dump() | {"homeroom_code": staff[row.homeroom_staff_id].code if row.homeroom_staff_id in staff else None}
            for row in sorted(classes.values(), key=lambda row: (row.grade, row.name))
        ],
        "subjects": [row.model_dump() | {"order": row.position} for row in subjects.values()],
        "students": [
            row.model_dump() | row.details | {"class_code": classes[enrolled[row.id].class_id].code, "status": enrolled[row.id].status} for row in students
        ],
        "circumstances": [
            {key: value for key, value in asdict(flag).items() if value} | {"student_code": student.code}
            for student in students
            for flag in flags.get(student.id, ())
        ],
        "teaching_assignments": [
            {"class_code": classes[row.class_id].code, "subject_code": subjects[row.subject_id].code, "staff_code": staff[row.staff_id].code,
             "term": row.term, "position": row.position}
            for row in find.all_of(session, TeachingAssignment, TeachingAssignment.id, active=True)
            if row.class_id in classes and row.subject_id in subjects
        ],
    }  # fmt: skip
    rows |= _results(session, school_year, students)
    return [(spec.title, [entry.header for entry in spec.fields], _lines(spec, rows[spec.key])) for spec in SHEETS]


def _results(session: Session, school_year: str, students: list[Student]) -> dict[str, list[dict[str, Any]]]:
    payloads = dict(find.columns_of(session, StudentResult.student_id, StudentResult.payload, school_year=school_year))
    found = [(student.code, payloads[student.id]) for student in students if student.id in payloads]
    return {
        "subject_results": [entry | {"student_code": code} for code, payload in found for entry in payload["subjects"]],
        "results": [_flat(payload) | {"student_code": code} for code, payload in found],
    }


def _flat(payload: Mapping[str, Any]) -> dict[str, Any]:
    nested = ("learning", "training", "absences", "averages")
    return {key: value for key, value in payload.items() if key not in nested} | {
        f"{name}.{key}": value for name in nested for key, value in (payload.get(name) or {}).items()
    }


def _lines(spec: SheetSpec, rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    for row in rows:
        yield ["" if (value := row.get(entry.key)) is None else entry.write(value) for entry in spec.fields]
