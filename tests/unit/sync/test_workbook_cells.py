"""Foreign workbooks: whatever wrote them, the same values come out, or the cell is refused by its address."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from hocba_app.services.workbooks.excel_reading import Sheet, _sheet, sheets_of
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.excel_writing import write_workbook
from hocba_app.services.workbooks.sheet_rows import Rows
from hocba_app.services.workbooks.workbook_cells import _ERROR, RawSheet, raw_sheets, shown_number

MARKS = ["Mã học sinh", "Mã môn", "Học kì I"]
PUPILS = ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Số định danh"]
Edit = Callable[[Any], None]


def by_openpyxl(title: str, rows: list[list[Any]], edit: Edit = lambda sheet: None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    edit(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def by_xlsxwriter(rows: list[list[Any]], number_format: str = "General", **options: Any) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "default_date_format": "dd/mm/yyyy", **options}
    )
    sheet, shown = book.add_worksheet("A"), book.add_format({"num_format": number_format})
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, place, value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                sheet.write_number(number, place, value, shown)
            else:
                sheet.write(number, place, value)
    book.close()
    return file.getvalue()


def parts_changed(data: bytes, edit: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(*edit(name, old.read(name)))
    return out.getvalue()


def sheets(data: bytes) -> list[Sheet]:
    """As read_workbook, without the child."""
    found: list[Sheet] = []
    for told, _ in sheets_of([data]):
        if told is not None:
            found.append(_sheet(told))
    for sheet, raw in zip(found, raw_sheets(data), strict=True):
        sheet.rows, sheet.kinds = raw.rows, raw.kinds
    return found


def understood(data: bytes) -> Rows:
    return read_rows(sheets(data))


def only(data: bytes) -> RawSheet:
    [sheet] = raw_sheets(data)
    return sheet


def refused(data: bytes) -> list[tuple[str, str]]:
    return [(problem.cell, problem.code) for problem in understood(data).problems]


def mark_of(value: Any, number_format: str = "General") -> Any:
    """The mark a cell gives, or the code of its refusal."""

    def shown(sheet: Any) -> None:
        sheet["C2"].number_format = number_format

    found = understood(by_openpyxl("Kết quả môn học", [MARKS, ["HS1", "TOAN", value]], shown))
    if found.problems:
        [problem] = found.problems
        assert problem.cell == "C2"
        assert "term1" not in found.of["subject_results"][0].values, "a mark that is no mark takes no mark's place"
        return problem.code
    return found.of["subject_results"][0].values["term1"]


@pytest.mark.parametrize(
    ("value", "number_format", "mark"),
    [
        (8, "General", "8"), (8.1, "General", "8.1"), ("8,5", "@", "8.5"), (" 8.5 ", "@", "8.5"), ("8,50", "@", "8.5"), ("đ", "@", "Đ"), ("CĐ", "@", "CĐ"),
        (7.666666, "0.0", "7.7"), (7.65, "0.0", "7.7"), (7.666666, "General", "not_a_mark"), (7.5, "0", "shown_otherwise"), (7.666666, "0.00", "not_a_mark"),
        (datetime(2026, 5, 8), "d-mmm", "date_in_mark"), (8, "dd/mm/yyyy", "date_in_mark"), (time(8, 5), "h:mm", "date_in_mark"),
        (11, "General", "not_a_mark"), (-1, "General", "not_a_mark"), ("08/05/2026", "@", "not_a_mark"), ("-", "@", "not_a_mark"), ("8.5.1", "@", "not_a_mark"),
        ("10,1", "@", "not_a_mark"), (True, "General", "not_a_mark"), (46150, "General", "not_a_mark"),
    ],
)  # fmt: skip
def test_a_mark_is_taken_right_or_refused_at_its_cell(value: Any, number_format: str, mark: str) -> None:
    assert mark_of(value, number_format) == mark


@pytest.mark.parametrize(
    ("value", "shown_as", "text", "kind"),
    [
        ("79214000999", "000000000000", "079214000999", "n"), ("12000012599002", "000000000000000", "012000012599002", "n"), ("5", "General", "5", "n"),
        ("5", None, "5", "u"), ("12", "00-00", "12", "u"), ("1E+15", "General", "1000000000000000", "u"), ("5", '00"/A"', "05", "n"), ("5", "#,##0", "5", "n"),
        ("7.25", "#,##0.0", "7.25", "r:7.3"),
    ],
)  # fmt: skip
def test_the_number_format_shows_the_zeros(value: str, shown_as: str | None, text: str, kind: str) -> None:
    assert shown_number(Decimal(value), shown_as) == (text, kind)


def test_zeros_that_only_the_format_shows_are_kept() -> None:
    def shown(sheet: Any) -> None:
        sheet["A2"].number_format, sheet["E2"].number_format = "000000000000000", "000000000000"

    found = understood(
        by_openpyxl("Học sinh", [PUPILS, [12000012599002, "Lê Văn Không", date(2014, 5, 6), "Nam", 79214000999]], shown)
    )
    assert found.problems == []
    assert (
        found.of["students"][0].values
        | {"code": "012000012599002", "id_number": "079214000999", "birth_date": "2014-05-06"}
        == found.of["students"][0].values
    )


def test_a_personal_number_that_lost_its_zero_is_refused() -> None:
    assert refused(
        by_openpyxl("Học sinh", [PUPILS, ["HS1", "Lê Văn Không", date(2014, 5, 6), "Nam", 79214000999]])
    ) == [("E2", "value")]


def test_a_code_that_became_a_date_is_refused() -> None:
    assert refused(by_openpyxl("Học sinh", [PUPILS, [date(2014, 5, 6), "Tên", date(2014, 5, 6), "Nam", None]])) == [
        ("A2", "date_in_code")
    ]


def test_what_nobody_sees_is_told() -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        other = sheet.parent.create_sheet("Điểm")
        other.append(MARKS)
        other.append(["HS1", "SU", 8])
        other.sheet_state = "veryHidden"

    found = understood(by_openpyxl("Kết quả môn học", [MARKS, ["HS1", "TOAN", 8], ["HS2", "TOAN", 9]], hide))
    assert [(note.sheet, note.cell, note.code) for note in found.notes] == [
        ("Kết quả môn học", "3", "hidden_rows"), ("Kết quả môn học", "C", "hidden_columns"), ("Điểm", "", "hidden_sheet"),
    ]  # fmt: skip
    assert len(found.of["subject_results"]) == 3 and found.problems == []


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    def mac(sheet: Any) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904

    assert only(by_openpyxl("A", [[date(2014, 5, 6)]], mac)).rows[1]["A"] == "2014-05-06"
    assert only(by_xlsxwriter([[date(2014, 5, 6)]], date_1904=True)).rows[1]["A"] == "2014-05-06"


def _strict(name: str, content: bytes) -> tuple[str, bytes]:
    for usual, strict in (
        (
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        (
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    ):
        content = content.replace(usual, strict)
    return name, content


def _odd_names(name: str, content: bytes) -> tuple[str, bytes]:
    return name.replace("workbook.xml", "workbook22.xml"), content.replace(b"workbook.xml", b"workbook22.xml")


def _no_addresses(name: str, content: bytes) -> tuple[str, bytes]:
    return name, re.sub(rb'(<(?:c|row)) r="\w+"', rb"\1", content) if "worksheets" in name else content


@pytest.mark.parametrize("edit", [_strict, _odd_names, _no_addresses])
def test_ordinary_oddities_are_read(edit: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    data = by_openpyxl("Học sinh", [PUPILS, ["012", "Đặng Ỷ Lan", date(2014, 5, 6), "Nữ", "079214000999"]])
    assert only(parts_changed(data, edit)).rows == only(data).rows
    assert only(data).rows[2] == {"A": "012", "B": "Đặng Ỷ Lan", "C": "2014-05-06", "D": "Nữ", "E": "079214000999"}


def test_printer_settings_are_no_macro() -> None:
    data = by_xlsxwriter([["x"]])
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as file:
        file.writestr("xl/printerSettings/printerSettings1.bin", b"\0\1")
    assert only(out.getvalue()).rows == {1: {"A": "x"}}


def test_escapes_are_undone_once() -> None:
    assert only(by_openpyxl("A", [["a_x000D_\nb", "_x005F_x000D_"]])).rows[1] == {"A": "a\r\nb", "B": "_x000D_"}
    assert only(write_workbook([("A", ["_x000D_", "=1+1"], [])])).rows[1] == {"A": "_x000D_", "B": "=1+1"}


def test_a_lonely_cell_far_away_costs_nothing() -> None:
    def far(sheet: Any) -> None:
        sheet["A1048576"] = "x"

    assert only(by_openpyxl("A", [["a"]], far)).rows == {1: {"A": "a"}, 1048576: {"A": "x"}}


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=30
)
TEXTS = TEXT | st.sampled_from(
    ["012000012599002", "=1+1", "_x000D_", "_x005F_", "#N/A", "8,5", "TRUE", " x ", "'a", "+84"]
)
NUMBERS = st.integers(-(10**14), 10**14) | st.decimals(-1000, 1000, places=3).map(float)
DATES = st.dates(date(1905, 1, 1), date(2100, 1, 1))


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return "" if _ERROR.fullmatch(value.strip()) else value[:10_000].strip()
    if isinstance(value, date):
        return value.isoformat()
    return shown_number(Decimal(repr(float(value))), "General")[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(TEXTS | NUMBERS | DATES, min_size=1, max_size=5), min_size=1, max_size=5), st.booleans())
def test_what_xlsxwriter_wrote_is_read_back(rows: list[list[Any]], mac: bool) -> None:
    expected = {
        number: cells
        for number, row in enumerate(rows, 1)
        if (cells := {"ABCDE"[place]: text for place, value in enumerate(row) if (text := text_of(value))})
    }
    assert only(by_xlsxwriter(rows, date_1904=mac)).rows == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        NUMBERS | DATES | TEXT.filter(lambda text: not text.startswith(("=", "#")) and "_x" not in text),
        min_size=1,
        max_size=5,
    )
)
def test_what_openpyxl_wrote_is_read_back(row: list[Any]) -> None:
    expected = {"ABCDE"[place]: text for place, value in enumerate(row) if (text := text_of(value))}
    assert only(by_openpyxl("A", [row])).rows.get(1, {}) == expected


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789", min_size=1, max_size=14))
def test_a_code_shown_with_zeros_is_read_as_shown(code: str) -> None:
    sheet = only(by_xlsxwriter([[int(code)]], "0" * len(code)))
    assert sheet.rows[1]["A"] == code
