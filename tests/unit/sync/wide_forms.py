"""Sheets as schools have them: titles, three or four rows of merged heads, one row a pupil; written by several writers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl
import xlsxwriter
import xlwt

TICK = "\uf0fc"
"""A tick of the font Wingdings, as vnEdu's files hold it."""
TRAITS = ("Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm")
GENERAL = ("Tự chủ và tự học", "Giao tiếp và hợp tác", "Giải quyết vấn đề và sáng tạo")


@dataclass
class Form:
    """A sheet as cells, with its merged ones: (top row, left column, bottom row, right column), from 0."""

    title: str = "Sheet1"
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def put(self, top: int, left: int, value: Any, bottom: int | None = None, right: int | None = None) -> None:
        self.cells[top, left] = value
        if (bottom or top, right or left) != (top, left):
            self.merged.append((top, left, bottom or top, right or left))


def vnedu_primary(
    subjects: Sequence[tuple[str, bool]],
    pupils: Sequence[Sequence[Any]],
    *,
    specific: Sequence[str] = ("Ngôn ngữ",),
    code: str = "Mã học sinh",
) -> Form:
    """vnEdu's year-end table of a primary class: four rows of heads from row 5, ticks for the year's level.

    Args:
        subjects: name, and whether it has a test; each takes one column or two, so that all after it are shifted.
        pupils: code, name, birth date, then one value a column.
    """
    form = Form("Lop5A")
    form.put(0, 0, "TRƯỜNG TIỂU HỌC SỐ 1", right=4)
    form.put(1, 0, "BẢNG TỔNG HỢP KẾT QUẢ ĐÁNH GIÁ GIÁO DỤC CUỐI NĂM HỌC", right=12)
    form.put(2, 0, "Năm học 2025 - 2026", right=12)
    for place, head in enumerate(("STT", code, "Họ và tên", "Ngày sinh")):
        form.put(4, place, head, bottom=7)
    at = start = 4
    for name, tested in subjects:
        wide = 1 if tested else 0
        form.put(5, at, name, bottom=6, right=at + wide)
        form.put(7, at, "Mức đạt được")
        if tested:
            form.put(7, at + 1, "Điểm KTĐK")
        at += 1 + wide
    form.put(4, start, "Môn học và hoạt động giáo dục", right=at - 1)
    competencies = at
    for head, names in (("Năng lực chung", GENERAL), ("Năng lực đặc thù", specific)):
        form.put(5, at, head, right=at + len(names) - 1)
        for name in names:
            form.put(6, at, name, bottom=7)
            at += 1
    form.put(4, competencies, "Năng lực cốt lõi", right=at - 1)
    form.put(4, at, "Phẩm chất chủ yếu", right=at + 4)
    for name in TRAITS:
        form.put(5, at, name, bottom=7)
        at += 1
    form.put(4, at, "Đánh giá KQGD", right=at + 3)
    for name in ("Hoàn thành xuất sắc", "Hoàn thành tốt", "Hoàn thành", "Chưa hoàn thành"):
        form.put(5, at, name, bottom=7)
        at += 1
    form.put(4, at, "Lên lớp", bottom=7)
    for number, pupil in enumerate(pupils, 8):
        form.put(number, 0, float(number - 7))
        for place, value in enumerate(pupil, 1):
            if value is not None:
                form.put(number, place, value)
    form.put(len(pupils) + 9, 2, "Hiệu trưởng")
    return form


def secondary_summary(subjects: Sequence[str], pupils: Sequence[Sequence[Any]]) -> Form:
    """A class summary of a secondary school, subjects without a group's name on one sheet's heads of three rows."""
    form = Form("6A1")
    form.put(0, 0, "BẢNG TỔNG HỢP KẾT QUẢ HỌC TẬP CẢ NĂM", right=10)
    for place, head in enumerate(("STT", "Mã học sinh", "Họ và tên", "Ngày sinh")):
        form.put(2, place, head, bottom=4)
    at = 4
    form.put(2, at, "Điểm trung bình các môn", right=at + 3 * len(subjects) - 1)
    for name in subjects:
        form.put(3, at, name, right=at + 2)
        for term in ("HK I", "HK II", "Cả năm"):
            form.put(4, at, term)
            at += 1
    for head in ("Kết quả học tập", "Kết quả rèn luyện"):
        form.put(2, at, head, right=at + 2)
        for term in ("HKI", "HKII", "CN"):
            form.put(3, at, term, bottom=4)
            at += 1
    form.put(2, at, "Số buổi nghỉ cả năm", bottom=4)
    form.put(2, at + 1, "Danh hiệu", bottom=4)
    form.put(2, at + 2, "Được lên lớp", bottom=4)
    for number, pupil in enumerate(pupils, 5):
        form.put(number, 0, number - 4)
        for place, value in enumerate(pupil, 1):
            if value is not None:
                form.put(number, place, value)
    return form


def by_xlwt(form: Form) -> bytes:
    """An .xls."""
    book = xlwt.Workbook()
    sheet = book.add_sheet(form.title)
    spans = {(top, left): (bottom, right) for top, left, bottom, right in form.merged}
    for (row, column), value in form.cells.items():
        if span := spans.get((row, column)):
            sheet.write_merge(row, span[0], column, span[1], value)
        else:
            sheet.write(row, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_openpyxl(form: Form) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = form.title
    for (row, column), value in form.cells.items():
        sheet.cell(row + 1, column + 1, value)
    for top, left, bottom, right in form.merged:
        sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(form: Form) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    sheet = book.add_worksheet(form.title)
    spans = {(top, left): (bottom, right) for top, left, bottom, right in form.merged}
    for (row, column), value in form.cells.items():
        if span := spans.get((row, column)):
            sheet.merge_range(row, column, *span, value)
        elif isinstance(value, str):
            sheet.write_string(row, column, value)
        else:
            sheet.write(row, column, value)
    book.close()
    return out.getvalue()
