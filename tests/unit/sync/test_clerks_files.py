"""Workbooks as clerks really have them: old fonts, pages that call themselves .xls, spoilt codes, two classes on a sheet, merged rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import openpyxl
import openpyxl.styles
import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.workbooks import old_fonts, workbook_cells
from hocba_app.services.workbooks.excel_reading import sheets_of
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.sheet_rows import Rows
from hocba_app.services.workbooks.wide_columns import meaning_of
from tests.unit.sync.test_wide_forms import by_subject
from tests.unit.sync.test_workbook_cells import sheets

HEADS = ("STT", "Mã học sinh", "Họ và tên", "Ngày sinh", "Toán", "GDTC", "Kết quả học tập")
AN = (1, "0791", "Nguyễn Văn An", "06/05/2014", "8,5", "Đ", "Tốt")
BINH = (2, "0792", "Lò Thị Bình", "07/05/2014", "7", "CĐ", "Khá")


def book(*rows: Sequence[Any], title: str = "6A1") -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def read(made: openpyxl.Workbook | bytes) -> Rows:
    if isinstance(made, bytes):
        return read_rows(sheets(made))
    out = io.BytesIO()
    made.save(out)
    return read_rows(sheets(out.getvalue()))


def told(rows: Rows) -> list[tuple[str, str]]:
    return [(problem.cell, problem.code) for problem in rows.problems]


def with_cells(row: Sequence[Any], **cells: Any) -> list[Any]:
    letters = "ABCDEFG"
    return [cells.get(letters[place], value) for place, value in enumerate(row)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("8,5\u00a0", "8.5"), ("'8,5", "8.5"), ("M", "Miễn"), ("Miễn", "Miễn"), ("-", None), ("/", None), ("\u00d0", "Đ"), ("cđ", "CĐ")],
)  # fmt: skip
def test_marks_as_people_write_them(cell: str, value: str | None) -> None:
    rows = read(book(HEADS, with_cells(AN, E=cell)))
    assert rows.problems == [] and by_subject(rows, "0791").get("Toán", {}).get("year") == value


@pytest.mark.parametrize("cell", ["x", "Vắng", "8,25", "11", "8;5", "?"])
def test_what_is_no_mark_is_refused_at_its_cell(cell: str) -> None:
    assert told(read(book(HEADS, with_cells(AN, E=cell)))) == [("E2", "not_a_mark")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("06/05/2014 00:00:00", "2014-05-06"), ("Ngày 6 tháng 5 năm 2014", "2014-05-06"), ("6-5-2014", "2014-05-06"), ("6/5/14", None), ("2014", None)],
)  # fmt: skip
def test_dates_as_people_write_them(cell: str, value: str | None) -> None:
    rows = read(book(HEADS, with_cells(AN, D=cell)))
    assert told(rows) == ([] if value else [("D2", "value")]) and rows.pupils[0].values.get("birth_date") == value


@pytest.mark.parametrize(
    "cell", ["1.23457E+11", "1,23457E+11", "123,457,000,000", "123.457.000.000", 123457000000, 1.23457e15]
)
def test_a_code_that_a_spreadsheet_has_spoilt_is_refused(cell: Any) -> None:
    assert told(read(book(HEADS, with_cells(AN, B=cell)))) == [("B2", "number_in_code")]


def test_a_class_that_became_a_date_is_refused() -> None:
    made = book(["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Lớp"], title="Học sinh")
    made.active.append(["0791", "An", "06/05/2014", "Nam", datetime(2026, 1, 6)])
    made.active.append(["0792", "Bình", "06/05/2014", "Nữ", "6/1"])
    made.active["E2"].number_format = "d-mmm"
    rows = read(made)
    assert told(rows) == [("E2", "date_in_code")] and rows.of["students"][1].values["class_code"] == "6/1"


def test_two_classes_on_a_sheet_are_two_tables() -> None:
    second = ("STT", "Mã học sinh", "Họ và tên", "Ngày sinh", "GDTC", "Toán")
    other = (1, "0799", "Giàng A Páo", "01/02/2014", "Đ", "9")
    rows = read(
        book(
            ["Lớp: 6A1"], HEADS, AN, BINH, ["Tổng số: 2"], [], ["Lớp: 6A2"], second, other, ["Người lập", "", "Ký tên"]
        )
    )
    assert rows.problems == []
    assert by_subject(rows, "0799") == {"Toán": {"year": "9"}, "GDTC": {"year": "Đ"}}
    assert [entry.values["named_class"] for entry in rows.pupils] == ["6A1", "6A1", "6A2"]


def test_a_second_table_with_more_heads_hides_no_first_one() -> None:
    first = (*HEADS[:3], "Toán")
    rows = read(book(first, (1, "0791", "Nguyễn Văn An", "8,5"), [], HEADS, BINH, title="Tổng hợp"))
    assert rows.problems == [] and [entry.values["student_code"] for entry in rows.pupils] == ["0791", "0792"]


def test_a_cell_merged_over_several_pupils_is_nobodys() -> None:
    made = book(HEADS, AN, BINH)
    made.active.merge_cells("G2:G3")
    assert told(read(made)) == [("G2", "merged_cells"), ("G3", "merged_cells")]


def test_what_is_not_read_refuses_nothing() -> None:
    made = book(HEADS, with_cells(AN, A="=ROW()-1"), BINH, [None, None, "Tổng", None, "=SUM(E2:E3)"])
    assert read(made).problems == []
    made.active["E2"] = "=AVERAGE(7,8)"
    assert told(read(made)) == [("E2", "formula")]


def test_a_book_with_a_sheet_a_subject_is_read() -> None:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, marks in (("Toán", ("8,1", "8,3", "8,2")), ("Ngữ văn", ("7", "7,2", "7,1"))):
        sheet = made.create_sheet(name)
        sheet.append([f"BẢNG ĐIỂM MÔN {name.upper()} LỚP 6A1"])
        sheet.append([*HEADS[:4], "TX1", "GK", "CK", "ĐTBmhk I", "ĐTBmhk II", "ĐTBmcn"])
        sheet.append([*AN[:4], 8, 9, 8, *marks])
    rows = read(made)
    assert rows.problems == [] and by_subject(rows, "0791") == {
        "Toán": {"term1": "8.1", "term2": "8.3", "year": "8.2"}, "Ngữ văn": {"term1": "7", "term2": "7.2", "year": "7.1"},
    }  # fmt: skip


PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset={}"><style>td {{x: y}}</style></head><body>
<table><tr><td colspan=4>BẢNG TỔNG HỢP</td></tr></table><table border=1><tr><th rowspan="2">STT<th rowspan=2>Mã học sinh<th rowspan=2>Họ và tên
<th rowspan=2>Ngày sinh<th colspan=2>Môn học</tr><tr><th>Toán</th><th>GDTC</th></tr>
<tr><td>1</td><td>0791</td><td>Nguyễn&nbsp;Văn <b>An</b></td><td>06/05/2014</td><td>8,5</td><td>Đ</td></tr></table></body></html>"""
XML = """<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="6A1"><Table>
<Row>{}</Row><Row ss:Index="4">{}<Cell ss:Index="5"><Data ss:Type="Number">8.5</Data></Cell><Cell><Data ss:Type="String">Đ</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def xml() -> bytes:
    cell = '<Cell><Data ss:Type="String">{}</Data></Cell>'
    return XML.format("".join(map(cell.format, HEADS[:6])), "".join(map(cell.format, AN[:4]))).encode()


def separated(delimiter: str, coding: str, first: str = "") -> bytes:
    text = first + "\r\n".join(
        delimiter.join(f'"{value}"' if delimiter in str(value) else str(value) for value in row) for row in (HEADS, AN)
    )
    return text.encode(coding)


@pytest.mark.parametrize(
    "data",
    [
        PAGE.format("utf-8").encode(), PAGE.format("utf-16").encode("utf-16"), xml(), separated("\t", "utf-8"), separated(";", "utf-8-sig"),
        separated(",", "utf-8"), separated("\t", "utf-16"), separated("|", "utf-8", "sep=|\r\n"),
    ],
    ids=["page", "page16", "xml2003", "tabs", "semicolons", "commas", "tabs16", "sep"],
)  # fmt: skip
def test_text_that_calls_itself_a_workbook_is_read(data: bytes) -> None:
    rows = read(data)
    assert rows.problems == [] and by_subject(rows, "0791") == {"Toán": {"year": "8.5"}, "GDTC": {"year": "Đ"}}
    assert rows.pupils[0].values["full_name"] == "Nguyễn Văn An"


def test_the_vietnamese_code_page_is_read() -> None:
    text = separated("\t", "utf-8").decode()
    for composed, parts in (
        ("ễ", "ê\u0303"),
        ("ọ", "o\u0323"),
        ("ế", "ê\u0301"),
        ("ả", "a\u0309"),
        ("ậ", "â\u0323"),
        ("ố", "ô\u0301"),
        ("ã", "a\u0303"),
    ):
        text = text.replace(composed, parts)
    rows = read(text.encode("cp1258"))
    assert rows.problems == [] and rows.pupils[0].values["full_name"] == "Nguyễn Văn An"


@pytest.mark.parametrize(
    "data",
    [
        b"no workbook",
        b"",
        b"<html><p>a, b, c</p></html>",
        b"a\nb\n",
        b"\0\1\2,\0,\0\n" * 9,
        b"a,b,c\n\x01,2,3\n",
        b"%PDF-1.7\nxref 1,2,3",
    ],
)
def test_other_text_is_refused(data: bytes) -> None:
    with pytest.raises(HocbaError) as refused:
        list(sheets_of([data]))
    assert refused.value.code is ErrorCode.FILE_TYPE


def test_a_document_type_is_refused() -> None:
    evil = xml().replace(b"<Workbook", b'<!DOCTYPE a [<!ENTITY b "c">]><Workbook', 1)
    with pytest.raises(HocbaError):
        list(sheets_of([evil]))


def test_a_locked_file_says_how_to_take_the_password_off() -> None:
    with pytest.raises(HocbaError) as refused:
        list(sheets_of([b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")]))
    assert "mật khẩu" in refused.value.sentence and "Mã hóa" in refused.value.sentence


def test_old_fonts_are_turned_heads_and_levels_with_them() -> None:
    old = ("STT", "M· häc sinh", "Hä vµ tªn", "Ngµy sinh", "To¸n", "GDTC", "KÕt qu¶ häc tËp")
    made = book(
        old, with_cells(AN, C="NguyÔn V¨n An", F="§", G="Tèt"), with_cells(BINH, C="Vò ThÞ B×nh", F="C§", G="Kh¸")
    )
    out = io.BytesIO()
    made.save(out)
    found = sheets(out.getvalue())
    turned = old_fonts.turn(found)
    rows = read_rows(found)
    assert rows.problems == [] and [entry.values["full_name"] for entry in rows.pupils] == [
        "Nguyễn Văn An",
        "Vũ Thị Bình",
    ]
    assert by_subject(rows, "0792")["GDTC"] == {"year": "CĐ"}
    assert list(turned) == ["tcvn3"] and turned["tcvn3"].code == "old_letters" and "→" in turned["tcvn3"].reason
    assert old_fonts.turn(sheets(out.getvalue()), {"tcvn3"}) == {}


def test_letters_that_were_lost_are_refused() -> None:
    assert told(read(book(HEADS, with_cells(AN, C="Nguy?n V?n An")))) == [("C2", "lost_letters")]


def test_rows_without_a_code_are_kept_with_what_names_the_pupil() -> None:
    heads = ("STT", "Họ và tên", "Ngày sinh", "Toán")
    rows = read(
        book(
            ["LỚP 6A1"],
            heads,
            (1, "Nguyễn Văn An", "06/05/2014", 8),
            (2, "Lò Thị Bình", "07/05/2014", 7),
            [None, "Nguyễn Văn Hiệu", None, "Ký"],
        )
    )
    assert rows.problems == [] and [note.code for note in rows.notes] == ["matched_by_name"]
    assert [entry.values for entry in rows.pupils] == [
        {"full_name": "Nguyễn Văn An", "birth_date": "2014-05-06", "student_code": None, "named_class": "6A1"},
        {"full_name": "Lò Thị Bình", "birth_date": "2014-05-07", "student_code": None, "named_class": "6A1"},
    ]
    assert [entry.values for entry in rows.of["subject_results"]] == [
        {"student_code": None, "subject_code": "Toán", "year": "8"}, {"student_code": None, "subject_code": "Toán", "year": "7"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (("Khen thưởng",), "results/awards"), (("Khen thưởng", "Đột xuất"), "results/awards"), (("Hoàn thành CT",), "results/completed"),
        (("Hoàn thành chương trình lớp học",), "results/completed"), (("Hoàn thành CT lớp/cấp",), "results/completed"),
        (("Hoàn thành chương trình", "Cấp học"), "results/programme_completed"), (("HTCTTH",), "results/programme_completed"),
    ],
)  # fmt: skip
def test_praise_and_completion_have_a_home(path: tuple[str, ...], target: str) -> None:
    assert meaning_of(path, "year", None) == target


@pytest.mark.parametrize(
    ("level", "praise", "title", "awards"),
    [
        ("HTXS", "x", "Học sinh Xuất sắc", None), ("HTT", "x", "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", None),
        ("HT", None, None, None), ("HT", "Tiến bộ môn Toán; Đọc hay", None, ["Tiến bộ môn Toán", "Đọc hay"]),
        ("HTXS", "HSXS; Giấy khen của xã", "Học sinh Xuất sắc", ["Giấy khen của xã"]),
    ],
)  # fmt: skip
def test_praise_is_read(level: str, praise: str | None, title: str | None, awards: list[str] | None) -> None:
    heads = (*HEADS[:4], "Xếp loại", "Khen thưởng")
    rows = read(book(heads, (*AN[:4], level, praise)))
    assert rows.problems == []
    values = rows.of["results"][0].values
    assert (values.get("title"), values.get("awards")) == (title, awards)
    assert bool([note for note in rows.notes if note.code == "title_by_level"]) == (praise == "x")


def test_a_tick_that_says_not_what_for_is_refused() -> None:
    assert told(read(book((*HEADS[:4], "Xếp loại", "Khen thưởng"), (*AN[:4], "HT", "x")))) == [("F2", "award_unnamed")]


def test_a_million_framed_cells_are_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    made = book(HEADS, AN, BINH)
    frame = openpyxl.styles.Border(left=openpyxl.styles.Side("thin"))
    for number in range(4, 400):
        for place in range(1, 12):
            made.active.cell(number, place).border = frame
    monkeypatch.setattr(workbook_cells, "MAX_BLANKS", 2000)
    monkeypatch.setattr(workbook_cells, "MAX_CELLS", 100)
    rows = read(made)
    assert rows.problems == [] and len(rows.pupils) == 2
