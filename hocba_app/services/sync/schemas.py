"""The contract's records (docs/smas-contract.md), strictly: what does not fit is refused row by row, with the field named.

Fields the contract may add later are passed over; a field of a wrong type, too long, or with control characters is not.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from hocba_app.domain.identifiers import clean_text, identifier
from hocba_app.domain.levels import are_levels

MAX_INTEGER = 2**53 - 1


def _levels(text: str) -> str:
    if not are_levels(text):
        raise ValueError("không phải cấp học")
    return text


def _date(text: str) -> str:
    from datetime import date

    if not 1900 <= date.fromisoformat(text).year <= 2100:
        raise ValueError("year")
    return text


def _text(longest: int, *, least: int = 0) -> StringConstraints:
    """Text on one line: no control characters, which neither forms nor databases take."""
    return StringConstraints(
        strip_whitespace=True, min_length=least, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]*$"
    )


Id = Annotated[str, _text(64, least=1)]
Code = Annotated[
    str, BeforeValidator(lambda value: identifier(value) if isinstance(value, str) else value), _text(40, least=1)
]
Name = Annotated[
    str,
    BeforeValidator(lambda value: clean_text(value).strip() if isinstance(value, str) else value),
    _text(200, least=1),
]
Word = Annotated[str, _text(60)]
Line = Annotated[str, _text(300)]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_date)]
SubjectCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
"""A dot would end the code inside a signature field's name ("s.<code>.<n>")."""
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
"""A comment: may have several lines."""
Value = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""A mark or level as submitted; whether it is a right one is the rules' matter, not the shape's."""
SchoolYear = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-20[0-9]{2}$")]
Count = Annotated[int, Field(ge=0, le=1000)]
PersonalId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Regime = Literal["TT22", "TT26", "TT27", "TT43"]
Level = Annotated[str, StringConstraints(max_length=60), AfterValidator(_levels)]
"""One level, or several of one school: "primary+lower_secondary"."""


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Record(Shape):
    """The envelope of the delta protocol."""

    id: Id
    version: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    event: Literal["NEW", "UPDATE", "CANCEL"]
    data: dict[str, Any] | None = None


class SchoolData(Shape):
    code: Code
    name: Name
    level: Level
    commune: Annotated[str, _text(120)] = ""
    province: Annotated[str, _text(120)] = ""
    department: Annotated[str, _text(200)] = ""
    tax_code: Annotated[str, _text(20)] = ""


class StaffData(Shape):
    code: Code
    full_name: Name
    id_number: PersonalId | None = None
    old_id_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")] | None = None
    position: Literal["principal", "vice_principal", "teacher", "clerk"]
    email: Annotated[str, _text(200)] | None = None
    phone: Annotated[str, _text(30)] | None = None
    status: Literal["working", "left"]


class ClassData(Shape):
    code: Code
    name: Annotated[str, _text(60, least=1)]
    grade: Annotated[int, Field(ge=1, le=12)]
    regime: Regime
    school_year: SchoolYear
    homeroom_staff_id: Id | None = None


class StudentData(Shape):
    code: Code
    full_name: Name
    birth_date: Day
    sex: Literal["Nam", "Nữ"]
    ethnic_group: Word | None = None
    id_number: PersonalId | None = None
    birth_place: Line | None = None
    nationality: Word | None = None
    home_town: Line | None = None
    address: Line | None = None
    register_number: Word | None = None
    admission_date: Day | None = None
    priority_category: Line | None = None
    father_name: Line | None = None
    father_job: Line | None = None
    mother_name: Line | None = None
    mother_job: Line | None = None
    guardian_name: Line | None = None
    guardian_job: Line | None = None
    photo_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class CircumstanceData(Shape):
    """An exception of the law, for one pupil and school year (`domain.circumstances`)."""

    kind: Literal[
        "disability_not_assessed",
        "disability_less_demands",
        "disability_own_plan",
        "exempt_subjects",
        "from_abroad",
        "repeats_grade",
        "skips_grade",
        "guardian_only",
        "one_word_name",
        "birth_place_unknown",
    ]
    from_date: Day | None = None
    to_date: Day | None = None
    decision: Annotated[str, _text(120)] | None = None
    subjects: Annotated[list[SubjectCode], Field(max_length=40)] = []


class EnrolmentData(Shape):
    student_id: Id
    class_id: Id
    school_year: SchoolYear
    status: Literal["studying", "moved_in", "moved_out", "left"]
    from_date: Day | None = None
    to_date: Day | None = None
    note: Annotated[str, _text(500)] | None = None
    circumstances: Annotated[list[CircumstanceData], Field(max_length=20)] | None = None


class SubjectData(Shape):
    code: SubjectCode
    name: Annotated[str, _text(120, least=1)]
    kind: Literal["marked", "comment"]
    order: Annotated[int, Field(ge=0, le=999)] = 0


class AssignmentData(Shape):
    class_id: Id
    subject_id: Id
    staff_id: Id
    term: Literal["I", "II", "year"]
    position: Annotated[int, Field(ge=1, le=99)] = 1


class HistoryData(Shape):
    student_id: Id
    school_year: SchoolYear
    class_name: Annotated[str, _text(60)]
    grade: Annotated[int, Field(ge=1, le=12)] | None = None
    school_name: Annotated[str, _text(200)] = ""
    commune: Annotated[str, _text(120)] | None = None
    province: Annotated[str, _text(120)] | None = None
    outcome: Literal["promoted", "retained", "moved"] | None = None
    note: Line | None = None


class TermMarks(Shape):
    regular: Annotated[list[Value], Field(max_length=40)] = []
    midterm: Value | None = None
    final: Value | None = None
    midterm_test: Value | None = None
    test: Value | None = None


class SubjectMarks(Shape):
    term1: TermMarks | None = None
    term2: TermMarks | None = None


class SubjectResult(Shape):
    subject_id: Id
    term1: Value | None = None
    term2: Value | None = None
    year: Value | None = None
    reassessed: Value | None = None
    test: Value | None = None
    reassessed_test: Value | None = None
    comment: Prose | None = None
    note: Prose | None = None
    marks: SubjectMarks | None = None


class Columns(Shape):
    term1: Value | None = None
    term2: Value | None = None
    year: Value | None = None
    reassessed: Value | None = None


class Absences(Shape):
    term1: Count | None = None
    term2: Count | None = None
    year: Count | None = None
    excused: Count | None = None
    unexcused: Count | None = None


class Trait(Shape):
    name: Annotated[str, _text(120, least=1)]
    level: Literal["T", "Đ", "C"] | None = None


Traits = Annotated[list[Trait], Field(max_length=20)]


class ResultData(Shape):
    student_id: Id
    class_id: Id
    school_year: SchoolYear
    regime: Regime
    subjects: Annotated[list[SubjectResult], Field(max_length=40)]
    learning: Columns = Columns()
    training: Columns = Columns()
    absences: Absences = Absences()
    promotion: Literal["promoted", "retained", "reassess"] | None = None
    promotion_note: Prose | None = None
    title: Annotated[str, _text(120)] | None = None
    awards: Annotated[list[Line], Field(max_length=40)] = []
    certificates: Prose | None = None
    homeroom_comment: Prose | None = None
    homeroom_comment_after_summer: Prose | None = None
    programme_completed: bool | None = None
    averages: Columns | None = None
    height_cm: Value | None = None
    weight_kg: Value | None = None
    qualities: Traits | None = None
    qualities_comment: Prose | None = None
    general_competencies: Traits | None = None
    general_comment: Prose | None = None
    specific_competencies: Traits | None = None
    specific_comment: Prose | None = None
    traits_reassessed: Traits | None = None


SHAPES: dict[str, type[Shape]] = {
    "school": SchoolData,
    "staff": StaffData,
    "classes": ClassData,
    "students": StudentData,
    "enrolments": EnrolmentData,
    "subjects": SubjectData,
    "history": HistoryData,
    "teaching_assignments": AssignmentData,
    "results": ResultData,
}
"""By resource, in the order in which they are brought in: what is referred to comes first."""

_REASONS = {
    "missing": "thiếu mục này", "string_type": "phải là chữ", "int_type": "phải là số nguyên", "list_type": "phải là danh sách",
    "dict_type": "phải là nhóm mục", "model_type": "phải là nhóm mục", "model_attributes_type": "phải là nhóm mục",
    "bool_type": "phải là đúng/sai", "string_too_long": "dài quá mức cho phép", "string_too_short": "để trống",
    "string_pattern_mismatch": "không đúng dạng hoặc có ký tự điều khiển", "string_unicode": "có ký tự hỏng",
    "literal_error": "giá trị không có trong danh mục", "too_long": "quá nhiều dòng", "value_error": "không phải ngày có thật",
    "greater_than_equal": "nhỏ hơn mức cho phép", "less_than_equal": "lớn hơn mức cho phép",
}  # fmt: skip


def first_problem(error: ValidationError) -> tuple[str, str]:
    """The first wrong field of a record and why, for the report. The refused value itself is not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    entry = found[0]
    path = ".".join(str(part) for part in entry["loc"]) or "data"
    more = f" (và {len(found) - 1} mục khác)" if len(found) > 1 else ""
    return path[:60], f"{_REASONS.get(entry['type'], 'không đúng dạng')}{more}"
