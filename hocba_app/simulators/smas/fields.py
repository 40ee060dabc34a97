"""What may be written into the live records, field by field; every wrong field of a request is named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

Exists = Callable[[str, str], bool]
"""Whether a live record (resource, id) exists."""
Error = dict[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it may hold."""

    kind: str = "text"
    """text, date, digits, integer, choice, reference, list."""
    required: bool = False
    """Must be given, and not be null."""
    most: int = 200
    """Letters, digits, or the greatest integer."""
    least: int = 0
    choices: tuple[str, ...] = ()
    to: str = ""
    """The resource a reference points to."""


_SEX = Field("choice", True, choices=("Nam", "Nữ"))
_NAME = Field(required=True, most=100)
_LEARNING = (
    "Tốt", "Khá", "Đạt", "Chưa đạt", "Giỏi", "Trung bình", "Yếu", "Kém", "Hoàn thành xuất sắc", "Hoàn thành tốt", "Hoàn thành",
    "Chưa hoàn thành",
)  # fmt: skip
WRITABLE: dict[str, dict[str, Field]] = {
    "school": {
        "name": _NAME, "commune": Field(required=True), "province": Field(required=True), "department": Field(),
        "tax_code": Field("digits", True, 10, 10),
        "principal_staff_id": Field("reference", True, to="staff"),
    },
    "staff": {
        "code": Field(required=True, most=40), "full_name": _NAME, "id_number": Field("digits", most=12, least=12),
        "old_id_number": Field("digits", most=9, least=9),
        "birth_date": Field("date"), "sex": _SEX,
        "position": Field("choice", True, choices=("principal", "vice_principal", "teacher", "clerk")),
        "email": Field(), "phone": Field(most=30), "status": Field("choice", True, choices=("working", "left")),
    },
    "classes": {
        "code": Field(required=True, most=40), "name": Field(required=True, most=60),
        "grade": Field("integer", True, 12, 1),
        "regime": Field("choice", True, choices=("TT22", "TT26", "TT27", "TT43")), "school_year": Field(required=True, most=9),
        "homeroom_staff_id": Field("reference", to="staff"),
    },
    "students": {
        "code": Field(required=True, most=40), "full_name": _NAME, "birth_date": Field("date", True), "sex": _SEX,
        "ethnic_group": Field(most=40),
        "id_number": Field("digits", most=12, least=12), "birth_place": Field(), "nationality": Field(most=60),
        "home_town": Field(), "address": Field(most=300),
        "register_number": Field(most=20), "admission_date": Field("date"), "priority_category": Field(),
        "father_name": Field(most=100), "father_job": Field(),
        "mother_name": Field(most=100), "mother_job": Field(), "guardian_name": Field(most=100),
        "guardian_job": Field(),
    },
    "enrolments": {
        "student_id": Field("reference", True, to="students"), "class_id": Field("reference", True, to="classes"),
        "school_year": Field(required=True, most=9),
        "status": Field("choice", True, choices=("studying", "moved_in", "moved_out", "left")),
        "from_date": Field("date"), "to_date": Field("date"), "note": Field(most=300), "circumstances": Field("circumstances"),
    },
    "subjects": {
        "code": Field(required=True, most=40), "name": _NAME,
        "kind": Field("choice", True, choices=("marked", "comment")), "order": Field("integer", True, 99, 1),
        "periods_per_year": Field("integer", True, 500, 1), "grades": Field("list", True),
    },
    "teaching_assignments": {
        "class_id": Field("reference", True, to="classes"), "subject_id": Field("reference", True, to="subjects"),
        "staff_id": Field("reference", True, to="staff"),
        "term": Field("choice", True, choices=("I", "II", "year")), "position": Field("integer", True, 9, 1),
    },
    "comment_templates": {"text": Field(required=True, most=500), "learning": Field("choice", choices=_LEARNING)},
    "history": {
        "student_id": Field("reference", True, to="students"), "school_year": Field(required=True, most=9),
        "class_name": Field(required=True, most=60),
        "grade": Field("integer", True, 12, 1), "school_name": _NAME, "commune": Field(), "province": Field(),
        "outcome": Field("choice", True, choices=("promoted", "retained", "moved")), "note": Field(most=300),
    },
}  # fmt: skip
DEFAULTS: dict[str, dict[str, Any]] = {
    "staff": {"status": "working", "position": "teacher"},
    "enrolments": {"status": "studying"},
    "teaching_assignments": {"term": "year", "position": 1},
    "students": {"nationality": "Việt Nam", "ethnic_group": "Kinh"},
}
_YEAR = re.compile(r"20\d\d-20\d\d")


def check(resource: str, values: dict[str, Any], exists: Exists, *, whole: bool) -> list[Error]:
    """Every error in the values of a request.

    Args:
        whole: the record is made, so that what is required must be there; otherwise only what is given is looked at.
    """
    fields, errors = WRITABLE[resource], []
    for name in values:
        if name not in fields:
            errors.append(_error(name, "unknown", "Không có mục này."))
    for name, field in fields.items():
        if name not in values and not whole:
            continue
        value = values.get(name)
        if value is None or value == "":
            if field.required:
                errors.append(_error(name, "required", "Thiếu mục này."))
        elif problem := _problem(name, field, value, exists):
            errors.append(problem)
    return errors


def _problem(name: str, field: Field, value: Any, exists: Exists) -> Error | None:
    if field.kind == "integer":
        right = isinstance(value, int) and not isinstance(value, bool) and field.least <= value <= field.most
        return None if right else _error(name, "out_of_range", f"Số từ {field.least} đến {field.most}.")
    if field.kind == "list":
        right = (
            isinstance(value, list) and bool(value) and all(isinstance(item, int) and 1 <= item <= 12 for item in value)
        )
        return None if right else _error(name, "wrong_type", "Danh sách khối lớp từ 1 đến 12.")
    if field.kind == "circumstances":
        return _circumstances(name, value)
    if not isinstance(value, str):
        return _error(name, "wrong_type", "Mục này là chữ.")
    if field.kind == "choice":
        return None if value in field.choices else _error(name, "unknown", f"Một trong: {', '.join(field.choices)}.")
    if field.kind == "reference":
        return None if exists(field.to, value) else _error(name, "unknown", "Không có mã này.")
    if field.kind == "digits":
        right = value.isascii() and value.isdigit() and field.least <= len(value) <= field.most
        return None if right else _error(name, "wrong_format", f"Gồm đúng {field.most} chữ số.")
    if field.kind == "date":
        return None if _is_date(value) else _error(name, "wrong_format", "Ngày dạng YYYY-MM-DD, từ 1900 đến 2100.")
    if name == "school_year" and not (_YEAR.fullmatch(value) and int(value[5:]) == int(value[:4]) + 1):
        return _error(name, "wrong_format", "Năm học dạng 2025-2026.")
    if len(value) > field.most:
        return _error(name, "too_long", f"Tối đa {field.most} kí tự.")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        return _error(name, "wrong_format", "Có kí tự điều khiển.")
    return None


CIRCUMSTANCES = (
    "disability_not_assessed", "disability_less_demands", "disability_own_plan", "exempt_subjects", "from_abroad",
    "repeats_grade", "skips_grade", "guardian_only", "one_word_name", "birth_place_unknown",
)  # fmt: skip
"""Exceptions of the law a pupil may be here by in a school year."""


def _circumstances(name: str, value: Any) -> Error | None:
    """A list of ``{kind, from_date, to_date, decision, subjects}``: subjects by code, of an exemption only."""
    if not isinstance(value, list) or len(value) > 20 or not all(isinstance(row, dict) for row in value):
        return _error(name, "wrong_type", "Danh sách các trường hợp.")
    for number, row in enumerate(value):
        place = f"{name}.{number}"
        if set(row) - {"kind", "from_date", "to_date", "decision", "subjects"} or row.get("kind") not in CIRCUMSTANCES:
            return _error(f"{place}.kind", "unknown", f"Một trong: {', '.join(CIRCUMSTANCES)}.")
        for day in ("from_date", "to_date"):
            if row.get(day) and not _is_date(str(row[day])):
                return _error(f"{place}.{day}", "wrong_format", "Ngày dạng YYYY-MM-DD, từ 1900 đến 2100.")
        if (row["kind"] == "exempt_subjects") != bool(row.get("subjects")):
            return _error(f"{place}.subjects", "required", "Miễn học phải nêu môn; trường hợp khác thì không.")
    return None


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and 1900 <= date.fromisoformat(text).year <= 2100
    except ValueError:
        return False


def _error(name: str, code: str, message: str) -> Error:
    return {"field": name, "code": code, "message": message}
