"""``hocba workbook``: what was understood of a file, without a database."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import xlwt  # type: ignore[import-untyped]
from typer.testing import CliRunner

from hocba_app.cli import app
from hocba_app.services.workbooks.excel_writing import write_workbook
from tests.unit.sync.test_wide_forms import BINH, GRADE_5
from tests.unit.sync.wide_forms import by_xlwt, vnedu_primary

MARKS = ["Mã học sinh", "Mã môn", "Học kì I"]


def asked(path: Path) -> tuple[int, dict[str, Any]]:
    found = CliRunner().invoke(app, ["workbook", str(path), "--json"])
    return found.exit_code, json.loads(found.stdout)


def test_understood_refused_and_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(write_workbook([("Điểm", ["Năm học 2025-2026"], [MARKS, ["HS1", "TOAN", "8,5"]])]))
    code, told = asked(file)
    assert (code, told["form"], told["year"], told["problems"]) == (0, "hocba", "2025-2026", [])
    [sheet] = told["sheets"]
    assert (sheet["key"], sheet["count"]) == ("subject_results", 1)
    assert sheet["rows"] == [
        {"sheet": "Điểm", "row": 3, "values": {"student_code": "HS1", "subject_code": "TOAN", "term1": "8.5"}}
    ]
    file.write_bytes(write_workbook([("Điểm", MARKS, [["HS1", "TOAN", "tốt lắm"]])]))
    code, told = asked(file)
    assert code == 1 and [(item["sheet"], item["cell"], item["code"]) for item in told["problems"]] == [
        ("Điểm", "C2", "not_a_mark")
    ]
    file.write_bytes(b"no workbook")
    code, told = asked(file)
    assert code == 2 and told["problems"][0]["code"] == "file_type" and told["form"] is None


@pytest.mark.parametrize(("code", "problems"), [("012", []), (12, [("A2", "number_in_code")])])
def test_an_old_xls_is_read_and_a_number_for_a_code_refused(
    tmp_path: Path, code: Any, problems: list[tuple[str, str]]
) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Điểm")
    for number, row in enumerate([MARKS, [code, "TOAN", 8.5]]):
        for place, value in enumerate(row):
            sheet.write(number, place, value)
    out = io.BytesIO()
    book.save(out)
    file = tmp_path / "a.xls"
    file.write_bytes(out.getvalue())
    _, told = asked(file)
    assert [(item["cell"], item["code"]) for item in told["problems"]] == problems
    assert told["sheets"][0]["rows"][0]["values"]["term1"] == "8.5"


def test_vnedus_form_is_recognised_by_its_heads(tmp_path: Path) -> None:
    file = tmp_path / "a.xls"
    file.write_bytes(by_xlwt(vnedu_primary(GRADE_5, [BINH])))
    code, told = asked(file)
    assert (code, told["form"], told["year"], told["problems"]) == (0, "primary_results", "2025-2026", [])
    assert told["columns"][5] == {
        "sheet": "Lop5A", "column": "F", "head": "Môn học và hoạt động giáo dục ▸ Tiếng Việt ▸ Điểm KTĐK",
        "target": "subject_results/Tiếng Việt/test", "text": "Môn Tiếng Việt: điểm kiểm tra cuối năm",
    }  # fmt: skip
    file.write_bytes(by_xlwt(vnedu_primary((("Câu lạc bộ", False), *GRADE_5), [[*BINH[:3], "T", *BINH[3:]]])))
    code, told = asked(file)
    assert (code, told["problems"]) == (0, []), "without a school any name under the subjects' head is a subject"
    file.write_bytes(by_xlwt(vnedu_primary(GRADE_5, [BINH], specific=("Bơi lội",))))
    code, told = asked(file)
    assert code == 1 and [(item["cell"], item["code"]) for item in told["problems"]] == [("M", "unknown_column")]
