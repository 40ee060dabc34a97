"""Whatever wrote a workbook, the values that were put in come out – or their cell is refused by name."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hocba_app.services.workbooks.excel_rows import Rows, read_rows
from hocba_app.services.workbooks.wide_columns import head_key
from tests.unit.sync import wide_forms
from tests.unit.sync.test_workbook_cells import sheets
from tests.unit.sync.wide_forms import Form

OFFICE = shutil.which("soffice")
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
NAMES = st.lists(st.text(LETTERS, min_size=1, max_size=7).map(str.capitalize), min_size=2, max_size=4).map(" ".join)
CODES = st.text("0123456789", min_size=1, max_size=15)
MARKS = st.integers(0, 100).map(lambda tenths: tenths / 10)
LEVELS = st.sampled_from(("T", "H", "C", "Đ", "CĐ"))
ROWS = st.lists(
    st.tuples(CODES, NAMES, MARKS, st.booleans(), LEVELS), min_size=1, max_size=8, unique_by=lambda row: row[0]
)
WRITERS = {"xlwt": wide_forms.by_xlwt, "openpyxl": wide_forms.by_openpyxl, "xlsxwriter": wide_forms.by_xlsxwriter}
Data = list[tuple[str, str, float, bool, str]]


def form_of(data: Data) -> Form:
    """Codes as text, marks as a number or as text with a comma, levels as letters."""
    form = Form("6A1")
    for place, head in enumerate(("STT", "Mã học sinh", "Họ và tên")):
        form.put(0, place, head, bottom=1)
    form.put(0, 3, "Môn học", right=4)
    form.put(1, 3, "Toán")
    form.put(1, 4, "Đạo đức")
    for number, (code, name, mark, as_text, level) in enumerate(data, 2):
        form.put(number, 0, number - 1)
        form.put(number, 1, code)
        form.put(number, 2, name)
        form.put(number, 3, f"{mark:.1f}".replace(".", ",") if as_text else mark)
        form.put(number, 4, level)
    return form


def same_or_refused(data: Data, rows: Rows) -> None:
    """Every value that went in is there, or its own cell has a problem; none is another one."""
    wrong = {problem.cell for problem in rows.problems}
    marks = {
        (e.place.row, e.values["subject_code"]): e.values["year"]
        for e in rows.of.get("subject_results", [])
        if "year" in e.values
    }
    pupils = {entry.place.row: entry.values for entry in rows.pupils}
    for number, (code, name, mark, _, level) in enumerate(data, 3):
        if f"B{number}" in wrong:
            continue
        assert (pupils[number]["student_code"], pupils[number]["full_name"]) == (code, name)
        for column, subject, value in (("D", "Toán", mark), ("E", "Đạo đức", level)):
            if f"{column}{number}" not in wrong:
                found = marks[number, subject]
                assert (found == value) if subject == "Đạo đức" else float(found) == value


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@given(data=ROWS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_goes_in_comes_out(writer: Callable[[Form], bytes], data: Data) -> None:
    rows = read_rows(sheets(writer(form_of(data))))
    same_or_refused(data, rows)
    assert rows.problems == [], "text codes and marks with one decimal are always taken"


BATCH: Data = [
    (f"{'0' * (number % 3)}{number}", f"Đặng Thị Ỷ {'ABCDEĐÊ'[number % 7]}", number % 101 / 10, number % 2 == 0, ("T", "H", "C", "Đ", "CĐ")[number % 5])
    for number in range(1, 120)
]  # fmt: skip


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here: .ods and its .xls, .xlsx are not tried")
@pytest.mark.parametrize("kind", ["ods", "xls", "xlsx"])
def test_what_libreoffice_saves_comes_out(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xlsx").write_bytes(wide_forms.by_xlsxwriter(form_of(BATCH)))
    command = [str(OFFICE), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind]
    subprocess.run(
        [*command, "--outdir", str(tmp_path), str(tmp_path / "in" / "a.xlsx")],
        check=True,
        capture_output=True,
        timeout=240,
    )
    rows = read_rows(sheets((tmp_path / f"a.{kind}").read_bytes()))
    same_or_refused(BATCH, rows)
    assert rows.problems == [] and len(rows.pupils) == len(BATCH)


def test_a_binary_workbook_comes_out() -> None:
    """No library of ours writes .xlsb: its few records are written here."""
    rows = read_rows(sheets(by_hand(form_of(BATCH[:9]))))
    same_or_refused(BATCH[:9], rows)
    assert rows.problems == [] and len(rows.pupils) == 9


def by_hand(form: Form) -> bytes:
    """An .xlsb with one sheet of inline strings and numbers; it tells no merged cells."""
    rows: dict[int, dict[int, Any]] = {}
    for (row, column), value in sorted(form.cells.items()):
        rows.setdefault(row, {})[column] = value
    last = max(column for cells in rows.values() for column in cells)
    sheet = _record(129) + _record(148, struct.pack("<4I", 0, max(rows), 0, last)) + _record(145)
    for row, cells in rows.items():
        sheet += _record(0, struct.pack("<IIHBBBI", row, 0, 300, 0, 0, 0, 0))
        for column, value in cells.items():
            head = struct.pack("<II", column, 0)
            sheet += (
                _record(6, head + _text(value))
                if isinstance(value, str)
                else _record(5, head + struct.pack("<d", value))
            )
    sheet += _record(146) + _record(130)
    book = (
        _record(131)
        + _record(143)
        + _record(156, struct.pack("<II", 0, 1) + _text("rId1") + _text(form.title))
        + _record(144)
        + _record(132)
    )
    relation = '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
    relations = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
    ).replace(".macroEnabled", "")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("[Content_Types].xml", types)
        package.writestr("_rels/.rels", relations.format(relation.format("officeDocument", "xl/workbook.bin")))
        package.writestr(
            "xl/_rels/workbook.bin.rels", relations.format(relation.format("worksheet", "worksheets/sheet1.bin"))
        )
        package.writestr("xl/workbook.bin", book)
        package.writestr("xl/worksheets/sheet1.bin", sheet)
    return out.getvalue()


def _record(kind: int, data: bytes = b"") -> bytes:
    name = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(data)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
        length >>= 7
        if not length:
            return name + size + data


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def test_heads_are_compared_without_marks_and_spelling() -> None:
    assert head_key("Học kỳ I") == head_key("HỌC KÌ  I") and head_key("Mỹ thuật") == head_key("Mĩ thuật")
