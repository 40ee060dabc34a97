"""Given out for a class: the sector's form and the summary ("bảng tổng hợp kết quả"), filled from what is here.

Their heads are those that an import knows (`wide_columns`): what is given out can be read back, here and elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.file_names import file_word
from hocba_app.domain.levels import LAST_GRADES
from hocba_app.models import Database, School, SchoolClass, Staff, Student, StudentResult, Subject
from hocba_app.models.repositories import find
from hocba_app.models.repositories.membership import present_in
from hocba_app.services.accounts.authority import Right, require, require_class
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.workbooks.cell_values import shown_day, shown_result
from hocba_app.services.workbooks.form_writing import Form, write_form
from hocba_app.services.workbooks.wide_columns import LEVELS, TRAITS

FORMS = {"summary": "bang-tong-hop", "sector": "bieu-mau-nganh"}
"""Form → name of its file."""
_TERMS = (("HK I", "term1"), ("HK II", "term2"), ("Cả năm", "year"))
_SHORT = dict(zip(LEVELS, ("HTXS", "HTT", "HT", "CHT"), strict=True))
Value = Callable[[Student, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class _Head:
    """One column: its heads from the top down and its values."""

    path: tuple[str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class _Content:
    """What is here of a class."""

    school: School
    school_class: SchoolClass
    homeroom: str
    pupils: list[tuple[Student, dict[str, Any]]]
    subjects: list[Subject]


def class_form(db: Database, who: Identity, class_id: str, form: str) -> tuple[str, bytes]:
    """A form of a class as a workbook.

    Args:
        form: of :data:`FORMS`.

    Returns:
        The name for its file, and the file.

    Raises:
        HocbaError: FORBIDDEN (also for a class of nobody here), NOT_FOUND for an unknown form.
    """
    require(who, Right.RECORDS_READ)
    if form not in FORMS:
        raise HocbaError(ErrorCode.NOT_FOUND, what="biểu mẫu")
    with db.read(who.school_id) as session:
        require_class(session, who, class_id)
        content = _content(session, class_id)
        made = _primary(content, form) if content.school_class.regime == "TT27" else _secondary(content, form)
        name = file_word(f"{FORMS[form]}-{content.school_class.code}".replace(" ", "-"))
        return f"{name}.xlsx", write_form(made)


def _content(session: Session, class_id: str) -> _Content:
    school_class = session.get_one(SchoolClass, (session.info["school_id"], class_id))
    ids = present_in(session, class_id, school_class.school_year)
    pupils = find.by_ids(session, Student, ids)
    columns = StudentResult.student_id, StudentResult.payload
    found = dict(find.columns_of(session, *columns, school_year=school_class.school_year))
    results: dict[str, dict[str, Any]] = {id: found[id] for id in ids if id in found}
    used = {entry["subject_code"] for payload in results.values() for entry in payload["subjects"]}
    subjects = [row for row in find.all_of(session, Subject, Subject.position, Subject.code) if row.code in used]
    teacher = session.get(Staff, (session.info["school_id"], school_class.homeroom_staff_id or ""))
    school = session.get_one(School, session.info["school_id"])
    listed = [(pupils[id], results.get(id, {"subjects": []})) for id in ids]
    return _Content(school, school_class, teacher.full_name if teacher else "", listed, subjects)


def _identity(content: _Content, form: str) -> list[_Head]:
    code = content.school_class.code
    heads = [_Head(("Mã lớp",), lambda _pupil, _result: code)] if form == "sector" else []
    return [
        *heads,
        _Head(("Mã học sinh",), lambda pupil, _: pupil.code),
        _Head(("Họ và tên",), lambda pupil, _: pupil.full_name),
        _Head(("Ngày sinh",), lambda pupil, _: shown_day(pupil.birth_date)),
    ]


def _mark(code: str, key: str) -> Value:
    def value(_pupil: Student, result: Mapping[str, Any]) -> str:
        found = next((entry.get(key) for entry in result["subjects"] if entry["subject_code"] == code), None)
        return shown_result(found) if found is not None else ""

    return value


def _of(group: str, key: str, write: Callable[[Any], str] = str) -> Value:
    """A value of the year's summary, or of a part of it."""

    def value(_pupil: Student, result: Mapping[str, Any]) -> str:
        found = (result.get(group) or {}).get(key) if group else result.get(key)
        return "" if found is None else write(found)

    return value


def _level(group: str, name: str) -> Value:
    return lambda _pupil, result: next(
        (row["level"] or "" for row in result.get(group) or () if row["name"].casefold() == name.casefold()), ""
    )


def _promoted(value: Any) -> str:
    return {"promoted": "x"}.get(value, "")


def _completed(grade: int) -> Value:
    """A tick for the grade's programme; in a level's last grade the level's must be completed with it."""
    last = grade in LAST_GRADES.values()
    return lambda _pupil, result: (
        _promoted(result.get("promotion")) if result.get("programme_completed") or not last else ""
    )


def _secondary(content: _Content, form: str) -> Form:
    group = "Điểm trung bình các môn"
    heads = _identity(content, form)
    heads += [
        _Head((group, subject.name, words), _mark(subject.code, key))
        for subject in content.subjects
        for words, key in _TERMS
    ]
    for words, part in (("Kết quả học tập", "learning"), ("Kết quả rèn luyện", "training")):
        heads += [_Head((words, term), _of(part, key)) for term, key in _TERMS]
    heads += [
        _Head(("Số buổi nghỉ cả năm",), _of("absences", "year")),
        _Head(("Danh hiệu",), _of("", "title")),
        _Head(("Khen thưởng",), _of("", "awards", "; ".join)),
        _Head(("Được lên lớp",), _of("", "promotion", _promoted)),
    ]
    return _form(content, form, heads, ("Tốt", "Khá", "Đạt", "Chưa đạt"))


def _primary(content: _Content, form: str) -> Form:
    group = "Môn học và hoạt động giáo dục"
    heads = _identity(content, form)
    for subject in content.subjects:
        heads.append(_Head((group, subject.name, "Mức đạt được"), _mark(subject.code, "year")))
        if subject.kind == "marked":
            heads.append(_Head((group, subject.name, "Điểm KTĐK"), _mark(subject.code, "test")))
    for words, key in (("Năng lực chung", "general_competencies"), ("Năng lực đặc thù", "specific_competencies")):
        names = [name for name in TRAITS[key] if content.school_class.grade > 2 or name not in ("Công nghệ", "Tin học")]
        heads += [_Head(("Năng lực cốt lõi", words, name), _level(key, name)) for name in names]
    heads += [_Head(("Phẩm chất chủ yếu", name), _level("qualities", name)) for name in TRAITS["qualities"]]
    heads += [
        _Head(("Xếp loại",), _of("learning", "year", lambda value: _SHORT.get(value, value))),
        _Head(("Danh hiệu",), _of("", "title")),
        _Head(("Khen thưởng",), _of("", "awards", "; ".join)),
        _Head(("Hoàn thành CT",), _completed(content.school_class.grade)),
        _Head(("Lên lớp",), _of("", "promotion", _promoted)),
    ]
    return _form(content, form, heads, LEVELS)


def _form(content: _Content, form: str, heads: Sequence[_Head], scale: Sequence[str]) -> Form:
    rows = [
        [str(number), *(head.value(pupil, result) for head in heads)]
        for number, (pupil, result) in enumerate(content.pupils, 1)
    ]
    paths = [("STT",), *(head.path for head in heads)]
    year, name = content.school_class.school_year, content.school_class.name
    if form == "sector":
        return Form(name, [f"KẾT QUẢ HỌC TẬP CẢ NĂM – NĂM HỌC {year}"], paths, rows, [], list(_instructions(heads)))
    titles = [
        content.school.name.upper(),
        f"BẢNG TỔNG HỢP KẾT QUẢ CẢ NĂM – LỚP {name.upper()}",
        f"Năm học {year}" + (f" – Giáo viên chủ nhiệm: {content.homeroom}" if content.homeroom else ""),
    ]
    counts = Counter((result.get("learning") or {}).get("year") for _, result in content.pupils)
    totals = [f"Tổng số học sinh: {len(rows)}", *(f"{level}: {counts[level]}" for level in scale)]
    return Form(name, titles, paths, rows, totals)


def _instructions(heads: Sequence[_Head]) -> Iterator[tuple[str, str, str]]:
    """The sheet of the sector's form that says how each column is filled."""
    said = {
        "Mức đạt được": "T, H hoặc C", "Điểm KTĐK": "Số nguyên từ 0 đến 10", "Xếp loại": "HTXS, HTT, HT hoặc CHT", "Lên lớp": "x hoặc để trống",
        "Hoàn thành CT": "x hoặc để trống",
        "Được lên lớp": "x hoặc để trống", "Khen thưởng": "Nội dung, cách nhau bằng dấu chấm phẩy", "Ngày sinh": "ngày/tháng/năm",
    }  # fmt: skip
    for number, head in enumerate(heads, 1):
        how = said.get(head.path[-1]) or (
            "T, Đ hoặc C" if head.path[0] in ("Năng lực cốt lõi", "Phẩm chất chủ yếu") else ""
        )
        yield str(number), " ▸ ".join(head.path), how
