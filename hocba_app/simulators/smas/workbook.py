"""What SMAS has of a school year as an Excel file: the pages a school exports, in the columns the sector's form uses."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hocba_app.simulators.smas.generation.names import plain
from hocba_app.simulators.smas.gradebook import Books, shown
from hocba_app.simulators.smas.store import Store

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_POSITIONS = {
    "principal": "Hiệu trưởng",
    "vice_principal": "Phó hiệu trưởng",
    "teacher": "Giáo viên",
    "clerk": "Nhân viên",
}
_STATUSES = {"studying": "Đang học", "moved_in": "Chuyển đến", "moved_out": "Chuyển đi", "left": "Thôi học"}
_PROMOTIONS = {"promoted": "Lên lớp", "retained": "Ở lại lớp", "reassess": "Đánh giá lại"}
_PUPIL = (
    ("Số định danh", "id_number"), ("Dân tộc", "ethnic_group"), ("Quốc tịch", "nationality"), ("Nơi sinh", "birth_place"),
    ("Quê quán", "home_town"), ("Nơi ở", "address"), ("Số đăng bộ", "register_number"), ("Diện ưu tiên", "priority_category"),
    ("Họ tên cha", "father_name"), ("Nghề của cha", "father_job"), ("Họ tên mẹ", "mother_name"), ("Nghề của mẹ", "mother_job"),
    ("Người giám hộ", "guardian_name"), ("Nghề người giám hộ", "guardian_job"),
)  # fmt: skip
_TERMS = (("HK I", "term1"), ("HK II", "term2"), ("cả năm", "year"), ("sau đánh giá lại", "reassessed"))
_TRAITS = (
    ("Phẩm chất", "qualities", "qualities_comment"), ("Năng lực chung", "general_competencies", "general_comment"),
    ("Năng lực đặc thù", "specific_competencies", "specific_comment"),
)  # fmt: skip
_CIRCUMSTANCES = {
    "disability_not_assessed": "Học sinh khuyết tật học hòa nhập, không đánh giá",
    "disability_less_demands": "Học sinh khuyết tật học hòa nhập, đánh giá với yêu cầu được giảm nhẹ",
    "disability_own_plan": "Học sinh khuyết tật học hòa nhập, đánh giá theo kế hoạch giáo dục cá nhân",
    "exempt_subjects": "Miễn học", "from_abroad": "Học sinh từ nước ngoài về nước", "repeats_grade": "Học lại lớp",
    "skips_grade": "Học vượt lớp", "guardian_only": "Có người giám hộ thay cha mẹ",
    "one_word_name": "Họ và tên chỉ có một chữ", "birth_place_unknown": "Không rõ nơi sinh",
}  # fmt: skip
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
Sheet = tuple[str, list[str], list[list[str]]]


def export(store: Store, code: str, year: str) -> bytes:
    """Staff, classes, subjects, pupils, teaching assignments and results of a year as .xlsx."""
    return xlsx(sheets(store, code, year))


def sheets(store: Store, code: str, year: str) -> list[Sheet]:
    """Title, header and rows of each page."""
    staff, subjects = store.records(code, "staff"), Books(store, code).subjects()
    classes = dict(
        sorted(store.records(code, "classes", year).items(), key=lambda item: (item[1]["grade"], item[1]["name"]))
    )
    students = store.records(code, "students")
    enrolments = [
        row
        for row in store.records(code, "enrolments", year).values()
        if row["student_id"] in students and row["class_id"] in classes
    ]
    places = list(classes)
    enrolments.sort(
        key=lambda row: (places.index(row["class_id"]), plain(students[row["student_id"]]["full_name"]).split()[::-1])
    )
    results = {row["student_id"]: shown(row, subjects) for row in store.records(code, "results", year).values()}
    found = [
        (students[row["student_id"]]["code"], results[row["student_id"]])
        for row in enrolments
        if row["student_id"] in results
    ]
    return [
        ("Giáo viên", ["Mã giáo viên", "Họ và tên", "Số định danh", "Số CMND cũ", "Chức vụ", "Thư điện tử", "Điện thoại", "Trạng thái"], [
            [row["code"], row["full_name"], _text(row["id_number"]), _text(row["old_id_number"]), _POSITIONS[row["position"]],
             _text(row["email"]), _text(row["phone"]), "Đã nghỉ" if row["status"] == "left" else "Đang làm việc"]
            for row in staff.values()
        ]),
        ("Lớp", ["Mã lớp", "Tên lớp", "Khối", "Thông tư đánh giá", "Mã GVCN"], [
            [row["code"], row["name"], str(row["grade"]), row["regime"], _text((staff.get(row["homeroom_staff_id"]) or {}).get("code"))]
            for row in classes.values()
        ]),
        ("Môn học", ["Mã môn", "Tên môn", "Loại", "Thứ tự"], [
            [row["code"], row["name"], "Tính điểm" if row["kind"] == "marked" else "Nhận xét", str(row["order"])] for row in subjects.values()
        ]),
        ("Học sinh", ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp", "Tình trạng", "Ngày vào trường", *(name for name, _ in _PUPIL)], [
            _pupil(students[row["student_id"]], classes[row["class_id"]]["code"], row["status"]) for row in enrolments
        ]),
        ("Trường hợp", ["Mã học sinh", "Trường hợp", "Mã môn", "Từ ngày", "Đến ngày", "Số quyết định"], [
            [students[row["student_id"]]["code"], _CIRCUMSTANCES[flag["kind"]], "; ".join(flag.get("subjects") or ()),
             _day(flag.get("from_date")), _day(flag.get("to_date")), _text(flag.get("decision"))]
            for row in enrolments for flag in row.get("circumstances") or ()
        ]),
        ("Phân công", ["Mã lớp", "Mã môn", "Mã giáo viên", "Học kì", "Thứ tự"], [
            [classes[row["class_id"]]["code"], subjects[row["subject_id"]]["code"], staff[row["staff_id"]]["code"],
             "Cả năm" if row["term"] == "year" else row["term"], str(row["position"])]
            for row in store.records(code, "teaching_assignments", year).values()
            if row["class_id"] in classes and row["subject_id"] in subjects and row["staff_id"] in staff
        ]),
        ("Kết quả môn học", ["Mã học sinh", "Mã môn", "Học kì I", "Học kì II", "Cả năm", "Đánh giá lại", "Điểm kiểm tra cuối năm", "Điểm kiểm tra lại",
                             "Nhận xét", "Ghi chú"], [
            [pupil, subjects[row["subject_id"]]["code"],
             *(_mark(row.get(key)) for key in ("term1", "term2", "year", "reassessed", "test", "reassessed_test")),
             _text(row["comment"]), _text(row.get("note"))]
            for pupil, result in found for row in result["subjects"]
        ]),
        ("Tổng kết", _summary_header(), [[pupil, *_summary(result)] for pupil, result in found]),
    ]  # fmt: skip


def _pupil(data: dict[str, Any], class_code: str, status: str) -> list[str]:
    return [
        data["code"], data["full_name"], _day(data["birth_date"]), data["sex"], class_code, _STATUSES[status], _day(data.get("admission_date")),
        *(_text(data.get(key)) for _, key in _PUPIL),
    ]  # fmt: skip


def _summary_header() -> list[str]:
    return [
        "Mã học sinh", *(f"Học tập {name}" for name, _ in _TERMS), *(f"Rèn luyện {name}" for name, _ in _TERMS),
        *(f"Số buổi nghỉ {name}" for name, _ in _TERMS[:3]), *(f"ĐTB các môn {name}" for name, _ in _TERMS), "Lên lớp", "Ghi chú lên lớp", "Danh hiệu",
        "Khen thưởng", "Chứng chỉ", "Nhận xét của GVCN", "Nhận xét của GVCN sau hè", "Hoàn thành chương trình", "Số buổi nghỉ có phép",
        "Số buổi nghỉ không phép", "Chiều cao (cm)", "Cân nặng (kg)", *(part for name, _, _ in _TRAITS for part in (name, f"Nhận xét {name.lower()}")),
    ]  # fmt: skip


def _summary(result: dict[str, Any]) -> list[str]:
    completed = result["programme_completed"]
    return [
        *(_text(result["learning"].get(key)) for _, key in _TERMS), *(_text(result["training"].get(key)) for _, key in _TERMS),
        *(_text(result["absences"].get(key)) for _, key in _TERMS[:3]), *(_mark((result.get("averages") or {}).get(key)) for _, key in _TERMS),
        _PROMOTIONS.get(result["promotion"], ""), _text(result["promotion_note"]), _text(result["title"]), "; ".join(result["awards"]),
        _text(result["certificates"]), _text(result["homeroom_comment"]), _text(result["homeroom_comment_after_summer"]),
        "" if completed is None else "Có" if completed else "Không", _text(result["absences"].get("excused")), _text(result["absences"].get("unexcused")),
        _mark(result.get("height_cm")), _mark(result.get("weight_kg")),
        *(part for _, key, comment in _TRAITS for part in (_levels(result.get(key)), _text(result.get(comment)))),
    ]  # fmt: skip


def _levels(traits: list[dict[str, Any]] | None) -> str:
    return "; ".join(f"{row['name']}: {row['level'] or ''}" for row in traits or [])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _mark(value: Any) -> str:
    return _text(value).replace(".", ",")


def _day(value: str | None) -> str:
    return f"{value[8:10]}/{value[5:7]}/{value[:4]}" if value else ""


# --- the file ----------------------------------------------------------------------------------------------------

_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(pages: Sequence[Sheet]) -> bytes:
    """A workbook of text cells."""
    numbers = range(1, len(pages) + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>' for n in numbers
    )
    names = "".join(
        f'<sheet name={quoteattr(page[0])} sheetId="{n}" r:id="r{n}"/>' for n, page in zip(numbers, pages, strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
    }
    for number, (_, header, rows) in zip(numbers, pages, strict=True):
        lines = "".join(_row(place, cells) for place, cells in enumerate((header, *rows), 1))
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            package.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return out.getvalue()


def _row(number: int, cells: Iterable[str]) -> str:
    shown = "".join(
        f'<c r="{_column(place)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(_FORBIDDEN.sub("", text))}</t></is></c>'
        for place, text in enumerate(cells)
        if text
    )
    return f'<row r="{number}">{shown}</row>'


def _column(place: int) -> str:
    """0 → "A", 26 → "AA"."""
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)
