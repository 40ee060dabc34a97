"""What other programs write: formulas with and without a value, errors, merged and hidden cells of .xls, .xlsb and .ods, footers, twins."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, timedelta
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from hocba_app.domain.errors import HocbaError
from hocba_app.services.workbooks.excel_reading import sheets_of
from hocba_app.services.workbooks.workbook_command import understand
from tests.unit.sync.test_clerks_files import AN, BINH, HEADS, book, read, told, with_cells
from tests.unit.sync.test_wide_forms import by_subject
from tests.unit.sync.test_writers import _record, by_hand
from tests.unit.sync.wide_forms import Form

OWN = ("Mã học sinh", "Mã môn", "Học kì I", "Cả năm")
PUPIL = ("Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Lớp")


def codes(found: list[Any]) -> list[tuple[str, str]]:
    return [(each.cell, each.code) for each in found]


def by_formula(value: Any, *, asks: bool) -> bytes:
    """An .xlsx whose E2 is a formula with that value; whether it asks for all to be computed when it is opened."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet("6A1")
    for number, row in enumerate((HEADS, AN)):
        sheet.write_row(number, 0, row)
    sheet.write_formula(1, 4, "=AVERAGE(7,8,8)", made.add_format({"num_format": "0.0"}), value)
    made.close()
    data = out.getvalue() if asks else replaced(out.getvalue(), ' fullCalcOnLoad="1"', "")
    return replaced(data, ' s="1"><f>', ' s="1" t="str"><f>') if value == "" else data


def replaced(data: bytes, text: str, other: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(text.encode(), other.encode()))
    return out.getvalue()


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize(("value", "mark"), [(8.5, "8.5"), (7.666666, "7.7"), ("Miễn", "Miễn"), ("", None)])
def test_a_formula_counts_by_the_value_it_had(value: Any, mark: str | None, asks: bool) -> None:
    rows = read(by_formula(value, asks=asks))
    assert rows.problems == [] and by_subject(rows, "0791").get("Toán", {}).get("year") == mark
    assert codes(rows.notes) == [("E2", "formula_value")] and "E2" in rows.notes[0].reason


def test_a_zero_that_only_keeps_the_place_of_a_value_is_no_mark() -> None:
    assert told(read(by_formula(0, asks=True))) == [("E2", "formula")]
    assert by_subject(read(by_formula(0, asks=False)), "0791")["Toán"] == {"year": "0"}


def test_a_formula_of_an_old_file_that_nobody_computed_is_refused() -> None:
    made = xlwt.Workbook()
    sheet = made.add_sheet("Kết quả môn học", cell_overwrite_ok=True)
    for number, row in enumerate((OWN, ("0791", "TOAN", "8", "8"), ("0792", "TOAN", "8", "8"))):
        for place, value in enumerate(row):
            sheet.write(number, place, value)
    sheet.write(1, 3, xlwt.Formula("AVERAGE(8,9)"))
    sheet.row(2).set_cell_error(3, 0x2A)
    sheet.row(2).hidden = True
    sheet.col(1).hidden = True
    out = io.BytesIO()
    made.save(out)
    rows = read(out.getvalue())
    assert sorted(told(rows)) == [("D2", "formula"), ("D3", "error")]
    assert all("year" not in entry.values for entry in rows.of["subject_results"]), "an empty cell would erase a mark"
    assert codes(rows.notes) == [("3", "hidden_rows"), ("B", "hidden_columns")]


CELL = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>
<table:table table:name="6A1"><table:table-column table:number-columns-repeated="5"/><table:table-column table:visibility="collapse"/>{}
</table:table></office:spreadsheet></office:body></office:document-content>"""


def ods(*rows: str, manifest: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", ODS.format("".join(rows)))
        package.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return out.getvalue()


def ods_row(*values: object, more: str = "", **cells: str) -> str:
    made = [cells.get("ABCDEFG"[place], CELL.format("", value)) for place, value in enumerate(values)]
    return f"<table:table-row{more}>{''.join(made)}</table:table-row>"


def test_an_ods_tells_errors_formulas_merged_and_hidden_cells() -> None:
    error = CELL.format(' table:formula="of:=1/0" office:string-value="" calcext:value-type="error"', "#DIV/0!")
    formula = '<table:table-cell table:formula="of:=AVERAGE(8;9)" office:value-type="float" office:value="8.5"/>'
    merged = CELL.format(' table:number-rows-spanned="2"', "Tốt")
    data = ods(
        ods_row(*HEADS),
        ods_row(*AN, E=formula, G=merged),
        ods_row(*BINH, E=error, G="<table:covered-table-cell/>", more=' table:visibility="filter"'),
    )
    rows = read(data)
    assert sorted(told(rows)) == [("E3", "error"), ("G2", "merged_cells"), ("G3", "merged_cells")]
    assert by_subject(rows, "0791")["Toán"] == {"year": "8.5"}
    assert codes(rows.notes) == [("3", "hidden_rows"), ("E2", "formula_value"), ("F", "hidden_columns")]


def test_an_xlsb_tells_errors_formulas_merged_and_hidden_cells() -> None:
    form = Form("6A1")
    for number, row in enumerate((HEADS, AN, BINH)):
        for place, value in enumerate(row):
            form.put(number, place, value)
    data = by_hand(form)
    part = "xl/worksheets/sheet1.bin"
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    text = "8,5".encode("utf-16-le")
    mark = _record(6, struct.pack("<III", 4, 0, 3) + text)
    assert mark in parts[part]
    error = _record(3, struct.pack("<IIB", 4, 0, 0x2A))
    formula = _record(9, struct.pack("<IIdHII", 4, 0, 7.0, 0, 0, 0))
    seven = _record(6, struct.pack("<III", 4, 0, 1) + "7".encode("utf-16-le"))
    merged = _record(177, struct.pack("<I", 1)) + _record(176, struct.pack("<4I", 1, 2, 6, 6)) + _record(178)
    sheet = parts[part].replace(mark, error).replace(seven, formula)
    parts[part] = sheet.replace(_record(146), _record(146) + merged)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    rows = read(out.getvalue())
    assert sorted(told(rows)) == [("E2", "error"), ("G2", "merged_cells"), ("G3", "merged_cells")]
    assert by_subject(rows, "0792")["Toán"] == {"year": "7"} and codes(rows.notes) == [("E3", "formula_value")]


@pytest.mark.parametrize("text", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "Err:502", "#######"])
def test_an_error_as_text_is_an_error(text: str) -> None:
    rows = read(book((*HEADS, "Nhận xét của GVCN"), [*with_cells(AN, C=text, G=text), text]))
    assert {code for _, code in told(rows)} == {"error"} and len(told(rows)) == 3


def test_a_row_whose_code_and_name_are_errors_is_not_passed_over() -> None:
    rows = read(book(HEADS, AN, with_cells(BINH, B="#N/A", C="#N/A")))
    assert sorted(told(rows)) == [("B3", "error"), ("C3", "error")]


@pytest.mark.parametrize(
    ("heads", "parts"),
    [
        (("Họ", "Tên"), ("Nguyễn Văn", "An")), (("Họ đệm", "Tên"), ("Nguyễn  Văn", "An ")), (("Họ và tên đệm", "Tên HS"), ("Nguyễn Văn", "An")),
        (("Họ và tên", None), ("Nguyễn Văn", "An")),
    ],
)  # fmt: skip
def test_a_name_in_two_columns_is_one_name(heads: tuple[str, str | None], parts: tuple[str, str]) -> None:
    made = book(["STT", "Mã HS", *heads, "Ngày sinh", "Toán"], [1, "0791", *parts, "06/05/2014", 8.5])
    if heads[1] is None:
        made.active.merge_cells("C1:D1")
    rows = read(made)
    assert rows.problems == [] and rows.unknown == [] and rows.pupils[0].values["full_name"] == "Nguyễn Văn An"


def test_a_name_with_letters_of_another_script_is_the_name_it_looks_like() -> None:
    rows = read(book(HEADS, with_cells(AN, C="Nguуễn  Văn\u200b Аn")))
    assert rows.pupils[0].values["full_name"] == "Nguyễn Văn An"


def test_tables_side_by_side_are_refused_by_name() -> None:
    other = ("STT", "Mã học sinh", "Họ và tên", "Toán")
    rows = read(
        book(["LỚP 6A1", *[None] * 7, "LỚP 6A2"], [*HEADS, None, *other], [*AN, None, 1, "0799", "Lò Văn Tư", 9])
    )
    assert told(rows) == [("I2", "tables_beside")] and rows.of == {}


def test_totals_and_signatures_below_our_own_form_are_told_and_not_read() -> None:
    foot = (
        ["Tổng số: 1 học sinh"],
        [],
        [None] * 3 + ["Lào Cai, ngày 5 tháng 9"],
        [None, "Người lập", None, "Hiệu trưởng"],
    )
    rows = read(book(PUPIL, ["0791", "An", "06/05/2014", "Nam", "6A1"], *foot, title="Học sinh"))
    assert rows.problems == [] and len(rows.of["students"]) == 1 and codes(rows.notes) == [("3", "unread_rows")]


def test_a_last_row_with_a_code_alone_is_no_signature() -> None:
    rows = read(book(PUPIL, ["0791", "An", "06/05/2014", "Nam", "6A1"], ["HS 0792"], title="Học sinh"))
    assert told(rows) == [("B3", "missing"), ("C3", "missing"), ("D3", "missing")]
    rows = read(book(PUPIL, [None, "An", "06/05/2014"], title="Học sinh"))
    assert ("A2", "missing") in told(rows)


@pytest.mark.parametrize(
    ("phone", "code"),
    [("912345678", ""), (912345678, ""), (212345678, "value"), ("9.12E+08", "number_in_code"), ("9,12E+8", "number_in_code"), ("0912 345 678", ""), ("+84912345678", "")],
)  # fmt: skip
def test_a_telephone_number_that_lost_digits_is_refused(phone: Any, code: str) -> None:
    heads = ("Mã giáo viên", "Họ và tên", "Chức vụ", "Điện thoại")
    rows = read(book(heads, ("GV1", "Lê Hoa", "Giáo viên", phone), title="Giáo viên"))
    assert told(rows) == ([("D2", code)] if code else [])
    if "912345678" in str(phone):
        assert rows.of["staff"][0].values["phone"].replace(" ", "") in ("0912345678", "+84912345678")


def test_a_class_like_a_power_of_ten_is_a_class() -> None:
    rows = read(book(PUPIL, ["0791", "An", "06/05/2014", "Nam", "6E1"], title="Học sinh"))
    assert rows.problems == [] and rows.of["students"][0].values["class_code"] == "6E1"


@pytest.mark.parametrize("text", ["06/05/1014", "06/05/2204", "0206-05-06"])
def test_a_year_that_cannot_be_is_refused(text: str) -> None:
    assert told(read(book(HEADS, with_cells(AN, D=text)))) == [("D2", "value")]


def test_nobody_is_born_tomorrow() -> None:
    soon = (date.today() + timedelta(days=2)).strftime("%d/%m/%Y")
    assert told(read(book(HEADS, with_cells(AN, D=soon)))) == [("D2", "value")]


@given(
    st.dates(date(1950, 1, 1), date(2025, 12, 31)),
    st.sampled_from(["{0.day}/{0.month}/{0.year}", "{0:%d.%m.%Y}", "{0:%Y-%m-%d}", "{0:%Y/%m/%d}", "ngày {0.day} tháng {0.month} năm {0.year}"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_date_is_the_same_however_it_is_written(day: date, form: str) -> None:
    rows = read(book(HEADS, with_cells(AN, D=form.format(day))))
    assert rows.problems == [] and rows.pupils[0].values["birth_date"] == day.isoformat()


@pytest.mark.parametrize("tick", ["x", "Х", "✓", "✔\ufe0f", "√", "☑", "☒", "×", "ü", "\uf0fc", "v", True, 1])
def test_ticks_as_people_draw_them(tick: Any) -> None:
    rows = read(book((*HEADS[:4], "Lên lớp"), (*AN[:4], tick)))
    assert rows.problems == [] and rows.of["results"][0].values["promotion"] == "promoted"


@pytest.mark.parametrize("empty", ["□", "☐", "⬜", "0", "-"])
def test_an_empty_box_is_no_tick(empty: str) -> None:
    rows = read(book((*HEADS[:4], "Lên lớp"), (*AN[:4], empty), (*BINH[:4], "x")))
    assert rows.problems == [] and [entry.place.row for entry in rows.of["results"]] == [3]
    assert told(read(book((*HEADS[:4], "Lên lớp"), (*AN[:4], empty)))) == [("", "no_values")]


def test_numbers_of_excel_2003s_xml_are_numbers() -> None:
    cell = '<Cell{}><Data ss:Type="{}">{}</Data></Cell>'
    heads = "".join(cell.format("", "String", head) for head in HEADS)
    values = (
        ("", "Number", 1), ("", "Number", 791), ("", "String", "Nguyễn Văn An"), ("", "DateTime", "2014-05-06T00:00:00.000"),
        (' ss:Formula="=A1"', "Number", 8.5), ("", "DateTime", "2026-05-08T00:00:00.000"), ("", "Error", "#N/A"),
    )  # fmt: skip
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    table = f"<Row>{heads}</Row><Row>{''.join(cell.format(*each) for each in values)}</Row>"
    rows = read(
        f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="a"><Table>{table}</Table></Worksheet></Workbook>'.encode()
    )
    assert told(rows) == [("G2", "error"), ("B2", "number_in_code"), ("F2", "date_in_mark")]
    assert codes(rows.notes)[0] == ("E2", "formula_value")


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_read(coding: str) -> None:
    rows = read("\r\n".join("\t".join(map(str, row)) for row in (HEADS, AN)).encode(coding))
    assert rows.problems == [] and rows.pupils[0].values["full_name"] == "Nguyễn Văn An"


def test_what_is_not_taken_says_what_to_do() -> None:
    made = io.BytesIO()
    book(HEADS, AN).save(made)
    for part, word in (
        ("xl/vbaProject.bin", "macro"), ("xl/externalLinks/externalLink1.xml", "Ngắt nối kết"), ("xl/embeddings/a.bin", "nhúng"),
    ):  # fmt: skip
        data = io.BytesIO(made.getvalue())
        with zipfile.ZipFile(data, "a") as package:
            package.writestr(part, "<a/>")
        with pytest.raises(HocbaError) as refused:
            list(sheets_of([data.getvalue()]))
        assert word in refused.value.sentence
    with pytest.raises(HocbaError) as refused:
        list(sheets_of([ods(ods_row(*HEADS), manifest="<manifest:encryption-data/>")]))
    assert "mật khẩu" in refused.value.sentence


def _command(tmp_path: Path, made: openpyxl.Workbook) -> dict[str, Any]:
    made.save(tmp_path / "a.xlsx")
    found = understand(tmp_path / "a.xlsx")
    return found.as_json() | {"exit": found.exit_code}


def test_the_command_tells_who_comes_twice(tmp_path: Path) -> None:
    again = (3, "791", "Nguyễn Văn An", "06/05/2014", "9", "Đ", "Tốt")
    found = _command(tmp_path, book(HEADS, AN, AN, again))
    assert found["exit"] == 1
    assert [(each["cell"], each["code"]) for each in found["problems"]] == [
        ("B2", "duplicate"), ("B3", "duplicate"), ("B4", "near_match"),
    ]  # fmt: skip
    nameless = ("STT", "Họ và tên", "Ngày sinh", "Toán")
    twins = [(number, "Nguyễn Văn An", "06/05/2014", 8) for number in (1, 2)]
    found = _command(tmp_path, book(nameless, *twins))
    assert [(each["cell"], each["code"]) for each in found["problems"]] == [("B2", "duplicate"), ("B3", "duplicate")]


def test_the_command_tells_of_a_row_without_its_code(tmp_path: Path) -> None:
    found = _command(tmp_path, book(PUPIL, [None, "An", "06/05/2014", "Nam", "6A1"], title="Học sinh"))
    assert found["exit"] == 1 and [each["cell"] for each in found["problems"]] == ["A2"]


@pytest.mark.parametrize("titles", [[], [["TRƯỜNG THCS SỐ 1", "XÃ BA", "HUYỆN TƯ"], ["LỚP 6A1"]]])
def test_a_decimal_comma_that_parts_two_cells_moves_no_mark_under_another_head(titles: list[list[str]]) -> None:
    lines = [*titles, HEADS, AN, BINH]
    rows = read("\r\n".join(",".join(map(str, row)) for row in lines).encode())
    assert {code for _, code in told(rows)} == {"shifted"} and f"E{len(titles) + 2}" in [cell for cell, _ in told(rows)]
    assert by_subject(rows, "0791") == {} and by_subject(rows, "0792")["Toán"] == {"year": "7"}


def test_a_page_in_one_file_is_read() -> None:
    page = f"<table><tr>{''.join(f'<th>{head}</th>' for head in HEADS)}</tr><tr>{''.join(f'<td>{value}</td>' for value in AN)}</tr></table>"
    mail = MIMEMultipart("related")
    mail.attach(MIMEText(page, "html", "utf-8"))
    rows = read(b"MIME-Version: 1.0\r\n" + mail.as_bytes())
    assert rows.problems == [] and by_subject(rows, "0791")["Toán"] == {"year": "8.5"}


def test_two_columns_of_one_head_are_refused_in_our_own_form() -> None:
    rows = read(book((*OWN, "Cả năm"), ("0791", "TOAN", "8", "8", "9"), title="Kết quả môn học"))
    assert told(rows) == [("E1", "column_twice")]


def test_a_head_may_name_subject_and_term_at_once() -> None:
    rows = read(book((*HEADS[:4], "TOÁN\n(HKI)", "Ngữ văn HKII", "GDTC CN"), (*AN[:4], 8, 7, "Đ")))
    assert rows.problems == [] and by_subject(rows, "0791") == {
        "Toán": {"term1": "8"}, "Ngữ văn": {"term2": "7"}, "GDTC": {"year": "Đ"},
    }  # fmt: skip
