"""Excel in and out: the same pipeline, every wrong cell named, whole or not at all; hostile files refused."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import (
    Account,
    Database,
    Enrolment,
    Job,
    School,
    SchoolClass,
    Staff,
    Student,
    StudentResult,
    Subject,
    TeachingAssignment,
)
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync.commands import start_sync, sync_report
from hocba_app.services.workbooks.excel import export_workbook, template
from hocba_app.services.workbooks.excel_reading import read_workbook
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.excel_writing import write_workbook
from hocba_app.services.workbooks.problems_file import problems_csv
from hocba_app.settings import settings
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here, Sector, school_here
from tests.integration.sync.fake_sector import FakeSector, filled, pupil
from tests.integration.sync.importing import ExcelReport, import_workbook
from tests.integration.sync.test_bad_records import ACCOUNT, pupils
from tests.integration.sync.test_sync import everything
from tests.refusals import refused

Rows = Sequence[Sequence[str | None]]
BROUGHT: tuple[Any, ...] = (Staff, SchoolClass, Student, Enrolment, Subject, TeachingAssignment, StudentResult)
STAFF: Rows = [
    ["Mã giáo viên *", "Họ và\ntên", "CHỨC VỤ", "Số định danh"],
    ["GV1", "Lê Thị Hồng", "Giáo viên", "079180000001"],
    ["HT", "Trần Văn Hai", "Hiệu trưởng", None],
]
CLASSES: Rows = [["Mã lớp", "Tên lớp", "Khối", "Thông tư đánh giá", "Mã GVCN"], ["6A1", "6A1", "6", "TT22", "GV1"]]
SUBJECTS: Rows = [
    ["Mã môn", "Tên môn", "Loại", "Thứ tự"],
    ["TOAN", "Toán", "Tính điểm", "1"],
    ["GDTC", "GDTC", "Nhận xét", "2"],
]
PUPILS: Rows = [
    ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp", "Dân tộc"],
    ["HS1", "Nguyễn Thị Ánh", "06/05/2014", "Nữ", "6A1", "Kinh"],
    ["HS2", "Lò Văn Pó", "2014-02-28", "nam", "6A1", "Thái"],
]
TAUGHT: Rows = [["Mã lớp", "Mã môn", "Mã giáo viên"], ["6A1", "TOAN", "GV1"]]
MARKS: Rows = [
    ["Mã HS", "Mã môn", "Học kì I", "HK II", "Cả năm", "Nhận xét"],
    ["HS1", "TOAN", "8,2", "8.5", "8,4", "Chăm chỉ"],
    ["HS1", "GDTC", "Đ", "Đ", "Đ", None],
    ["HS2", "TOAN", "7", "7,5", "7,9", None],
]
YEAR: Rows = [
    ["Mã học sinh", "Học tập cả năm", "Rèn luyện cả năm", "Lên lớp", "Khen thưởng"],
    ["HS1", None, "Tốt", "Lên lớp", "Giải nhất; Giải ba"],
]


def book(**sheets: Rows) -> bytes:
    titles = {
        "staff": "Giáo viên",
        "classes": "Lớp",
        "subjects": "Môn học",
        "pupils": "Học sinh",
        "taught": "Phân công",
        "marks": "Kết quả môn học",
        "year": "Tổng kết",
    }
    return write_workbook([(titles[key], rows[0], rows[1:]) for key, rows in sheets.items()])  # type: ignore[misc]


WHOLE = {
    "staff": STAFF,
    "classes": CLASSES,
    "subjects": SUBJECTS,
    "pupils": PUPILS,
    "taught": TAUGHT,
    "marks": MARKS,
    "year": YEAR,
}


@pytest.fixture
def empty(db: Database, configured: pytest.MonkeyPatch) -> Here:
    return school_here(db, ACCOUNT)


@pytest.fixture
def fake(configured: pytest.MonkeyPatch) -> Iterator[FakeSector]:
    sector = filled(FakeSector())
    with running(sector.app) as url:
        configured.setenv("HOCBA_SMAS_URL", url)
        settings.cache_clear()
        yield sector


def bring(here: Here, data: bytes) -> ExcelReport:
    return import_workbook(here.db, here.admin, data)


def test_a_whole_school_comes_from_a_workbook(empty: Here) -> None:
    report = bring(empty, book(**WHOLE))
    assert report.problems == [] and report.job_id is not None
    assert report.counts == {"new": 12}
    with empty.db.read(empty.school_id) as session:
        found = {row.code: row for row in session.exec(select(Student)).all()}
        assert (found["HS1"].birth_date, found["HS2"].sex, found["HS2"].details["ethnic_group"]) == (
            "2014-05-06",
            "Nam",
            "Thái",
        )
        assert (
            session.exec(select(SchoolClass)).one().homeroom_staff_id
            == session.exec(select(Staff).where(Staff.code == "GV1")).one().id
        )
        assert (
            len(session.exec(select(Enrolment)).all()) == 2 and len(session.exec(select(TeachingAssignment)).all()) == 1
        )
        results = {row.student_id: row for row in session.exec(select(StudentResult)).all()}
        first, second = results[found["HS1"].id], results[found["HS2"].id]
        assert (
            first.payload["subjects"][0]
            | {"subject_code": "TOAN", "term1": "8.2", "year": "8.4", "comment": "Chăm chỉ"}
            == first.payload["subjects"][0]
        )
        assert first.payload["awards"] == ["Giải nhất", "Giải ba"] and first.mismatches == []
        assert [(entry["field"], entry["computed"]) for entry in second.mismatches] == [
            ("subjects.TOAN.year", "7.3")
        ], "recomputed like synced results"
        assert len(session.exec(select(Account).where(Account.staff_id.is_not(None))).all()) == 2  # type: ignore[union-attr]
    assert sync_report(empty.db, empty.admin, report.job_id).total == 12


def test_the_same_workbook_again_changes_nothing(empty: Here) -> None:
    bring(empty, book(**WHOLE))
    before = everything(empty)
    assert bring(empty, book(**WHOLE)).counts == {}
    assert everything(empty) == before


def test_what_was_exported_comes_back_without_a_change(here: Here, sector: Sector) -> None:
    here.sync()
    before = everything(here)
    report = bring(here, export_workbook(here.db, here.admin))
    assert (report.problems, report.counts) == ([], {})
    assert everything(here) == before


def test_the_template_has_every_header_and_holds_nothing(empty: Here) -> None:
    rows = read_rows(read_workbook(template(empty.admin)))
    assert rows.problems == [] and set(rows.of) == {
        "staff",
        "classes",
        "subjects",
        "students",
        "circumstances",
        "teaching_assignments",
        "subject_results",
        "results",
    }
    assert not any(rows.of.values())


def test_every_wrong_cell_is_named_and_nothing_is_written(empty: Here) -> None:
    wrong: Rows = [
        PUPILS[0],
        ["HS1", "Nguyễn Thị Ánh", "31/02/2014", "Nữ", "6A1", "Kinh"],
        ["HS2", None, "2014-02-28", "X", "6A9", "Thái"],
        ["HS1", "Trùng Mã", "06/05/2014", "Nữ", "6A1", None],
    ]
    report = bring(empty, book(**(WHOLE | {"pupils": wrong})))
    assert report.job_id is None
    assert {(problem.sheet, problem.row, problem.column) for problem in report.problems} == {
        ("Học sinh", 2, "C"),
        ("Học sinh", 3, "B"),
        ("Học sinh", 3, "D"),
    }
    with empty.db.read(empty.school_id) as session:
        assert (
            session.exec(select(Staff)).first() is None
            and session.exec(select(Job).where(Job.kind == "sync")).first() is None
        )
    lines = problems_csv(report.problems).decode("utf-8-sig").splitlines()
    assert lines[0] == '"Trang tính","Dòng","Cột","Lý do"' and len(lines) == 4


@pytest.mark.parametrize(
    ("key", "row", "column"),
    [
        ("marks", ["HS404", "TOAN", "8", "8", "8", None], "A"), ("marks", ["HS1", "SU", "8", "8", "8", None], "B"),
        ("marks", ["HS1", "TOAN", "8", "8", "8", None], "B"), ("pupils", ["HS3", "Tên", "01/01/2014", "Nam", "9Z", None], "E"),
        ("pupils", ["HS1", "Tên", "01/01/2014", "Nam", "6A1", None], "A"), ("staff", ["GV9", "Tên", "Giáo viên", "123"], "D"),
        ("staff", ["GV9", "Tên", "Giáo viên", "079180000001"], "D"), ("classes", ["6A2", "6A2", "13", "TT22", None], "C"),
        ("classes", ["6A2", "6A2", "6", "TT99", None], "D"), ("classes", ["6A2", "6A2", "sáu", "TT22", None], "C"),
        ("classes", ["6A2", "6A2", "6", "TT22", "GV404"], "E"), ("taught", ["6A1", "TOAN", "HT"], "C"), ("subjects", ["A.B", "Tên", "Nhận xét", "3"], "A"),
        ("year", ["HS1", "Tốt", "Tốt", "Lên lớp", None], "A"), ("year", ["HS2", "Tốt", "Tốt", "Chắc là lên", None], "D"),
        ("pupils", ["HS3", "x" * 300, "01/01/2014", "Nam", "6A1", None], "B"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_found_where_it_is(empty: Here, key: str, row: list[str | None], column: str) -> None:
    sheet = WHOLE[key]
    report = bring(empty, book(**(WHOLE | {key: [*sheet, row]})))
    assert [(problem.row, problem.column) for problem in report.problems] == [(len(sheet) + 1, column)], report.problems
    with empty.db.read(empty.school_id) as session:
        assert session.exec(select(Staff)).first() is None


def test_headers_are_known_below_titles_and_in_decomposed_unicode(empty: Here) -> None:
    header = [unicodedata.normalize("NFD", text).upper().replace(" ", "\r\n") for text in PUPILS[0] if text]
    rows: Rows = [["DANH SÁCH HỌC SINH"], ["Năm học 2025-2026"], ["STT", *header], ["1", *PUPILS[1]], ["2", *PUPILS[2]]]
    assert bring(empty, book(classes=[CLASSES[0][:4], CLASSES[1][:4]], pupils=rows)).counts == {"new": 5}


def test_a_missing_column_and_an_unknown_workbook_are_said(empty: Here) -> None:
    report = bring(empty, book(pupils=[["Mã học sinh", "Họ và tên"], ["HS1", "Tên"]]))
    assert "thiếu cột: Ngày sinh" in report.problems[0].reason
    report = bring(empty, write_workbook([("Sheet1", ["a"], [["b"]])]))
    assert "không có trang tính" in report.problems[0].reason


def test_synced_people_are_matched_by_code_and_the_sector_wins_with_its_next_version(
    db: Database, fake: FakeSector
) -> None:
    here = school_here(db, ACCOUNT)
    here.sync()
    before = pupils(here)["P1"]
    rows: Rows = [
        ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Nơi ở"],
        ["HS001", "Nguyễn Văn Ân", "02/03/2014", "Nam", "12 Lê Lợi"],
    ]
    assert bring(here, book(pupils=rows)).counts == {"changed": 1}
    after = pupils(here)["P1"]
    assert (after.id, after.source_version, after.id_number, after.details["address"]) == (
        before.id,
        before.source_version,
        before.id_number,
        "12 Lê Lợi",
    )
    here.sync()
    assert pupils(here)["P1"].details["address"] == "12 Lê Lợi"
    fake.put("students", "P1", pupil(1, address="9 Hai Bà Trưng"))
    here.sync()
    assert pupils(here)["P1"].details["address"] == "9 Hai Bà Trưng"


def test_no_import_while_a_run_is_at_work_nor_without_the_right(empty: Here) -> None:
    teacher = Identity("a", empty.school_id, "s", "gv", "Giáo viên", frozenset({"teacher"}))
    calls: list[Callable[[], Any]] = [
        lambda: import_workbook(empty.db, teacher, book(**WHOLE)), lambda: export_workbook(empty.db, teacher), lambda: template(teacher),
    ]  # fmt: skip
    for call in calls:
        assert refused(call) is ErrorCode.FORBIDDEN
    job_id = start_sync(empty.db, empty.admin)
    with empty.db.write(empty.school_id) as session:
        job = session.get_one(Job, (empty.school_id, job_id))
        job.state = "running"
        session.add(job)
    assert refused(lambda: bring(empty, book(**WHOLE))) is ErrorCode.SYNC_RUNNING


def test_another_schools_data_are_not_exported(empty: Here, db: Database) -> None:
    bring(empty, book(**WHOLE))
    other = school_here(db, {"code": "79770004", "client_id": "x", "client_secret": "y"})
    assert not any(read_rows(read_workbook(export_workbook(db, other.admin))).of.values())


def test_an_export_holds_no_formula(empty: Here) -> None:
    rows: Rows = [PUPILS[0], ["HS1", '=HYPERLINK("http://x")', "06/05/2014", "Nữ", "6A1", "@SUM(1)"]]
    bring(empty, book(staff=STAFF, classes=CLASSES, pupils=rows))
    [sheet] = [
        sheet
        for sheet in load_workbook(io.BytesIO(export_workbook(empty.db, empty.admin)))
        if sheet.title == "Học sinh"
    ]
    cells = {cell.value: cell for row in sheet.iter_rows() for cell in row if cell.value}
    for text in ('=HYPERLINK("http://x")', "@SUM(1)"):
        assert (cells[text].data_type, cells[text].quotePrefix) == ("s", True)
    assert not any(cell.data_type == "f" for cell in cells.values())


def changed(data: bytes, edit: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    edit(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_formula_is_refused_where_it_is(empty: Here) -> None:
    workbook = load_workbook(io.BytesIO(book(staff=STAFF)))
    workbook["Giáo viên"]["B2"] = "=1+1"
    saved = io.BytesIO()
    workbook.save(saved)
    report = bring(empty, saved.getvalue())
    assert [(problem.sheet, problem.row, problem.column) for problem in report.problems] == [("Giáo viên", 2, "B")]
    assert "công thức" in report.problems[0].reason


def _doctype(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(
        b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet', 1
    )


def _bomb(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b"<a>" + b" " * 130_000_000 + b"</a>"


HOSTILE: dict[str, Callable[[dict[str, bytes]], None]] = {
    "macro": lambda parts: parts.update({"xl/vbaProject.bin": b"x"}),
    "macro type": lambda parts: parts.update(
        {"[Content_Types].xml": parts["[Content_Types].xml"].replace(b"sheet.main+xml", b"macroEnabled.main+xml")}
    ),
    "link": lambda parts: parts.update({"xl/externalLinks/externalLink1.xml": b"<a/>"}),
    "embedded": lambda parts: parts.update({"xl/embeddings/a.xlsx": b"x"}),
    "doctype": _doctype,
    "bomb": _bomb,
    "many parts": lambda parts: parts.update({f"xl/x{number}.xml": b"" for number in range(600)}),
    "no workbook": lambda parts: parts.pop("xl/workbook.xml") and None,
    "cut xml": lambda parts: parts.update({SHEET: parts[SHEET][:-40]}),
    "not xml": lambda parts: parts.update({SHEET: b"\x00\x01"}),
    "number": lambda parts: parts.update(
        {SHEET: re.sub(rb'<c r="A2".*?</c>', b'<c r="A2"><v>NaN</v></c>', parts[SHEET])}
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(HocbaError) as refusal:
        read_workbook(changed(book(staff=STAFF), HOSTILE[name]))
    assert refusal.value.code is ErrorCode.FILE_TYPE and "Excel" in refusal.value.sentence


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"a,b\n1,2", b"%PDF-1.7"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    assert refused(read_workbook, data) is ErrorCode.FILE_TYPE


def test_numbers_and_dates_as_excel_stores_them() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        b'<c r="A1"><v>8.0999999999999996</v></c><c r="B1"><v>8</v></c><c r="C1" s="3"><v>41765</v></c><c r="D1" t="b"><v>1</v></c><c r="E1" t="str"><v>x</v></c>'
        b'<c r="F1" t="e"><v>#REF!</v></c><c r="G1"><v>79214000001</v></c><c r="H1" s="0"><v>41765</v></c></row></sheetData></worksheet>'
    )

    def edit(parts: dict[str, bytes]) -> None:
        styles = parts["xl/styles.xml"]
        parts[SHEET] = sheet.replace(b's="3"', b's="%d"' % int(re.search(rb'<cellXfs count="(\d+)"', styles)[1]))  # type: ignore[index]
        parts["xl/styles.xml"] = styles.replace(b"</cellXfs>", b'<xf numFmtId="14"/></cellXfs>')

    [found] = read_workbook(changed(book(staff=STAFF), edit))
    assert found.rows[1] == {
        "A": "8.1",
        "B": "8",
        "C": "2014-05-06",
        "D": "có",
        "E": "x",
        "G": "79214000001",
        "H": "41765",
    }
    assert [(each.cell, each.code) for each in found.problems] == [("F1", "error")]


def test_the_source_takes_over_what_a_workbook_brought_first(db: Database, here: Here, sector: Sector) -> None:
    """The sector's database did not answer, so the office imported a workbook; when it answers, nobody is doubled."""
    here.sync()
    workbook = export_workbook(db, here.admin)
    with db.installation(write=True) as session:
        session.get_one(School, here.school_id).code = "another"
    here = school_here(db, sector.account)
    assert bring(here, workbook).problems == []
    with db.read(here.school_id) as session:
        before = {model: len(session.exec(select(model)).all()) for model in BROUGHT}
    job = here.sync()
    counts = {name: found for name, found in job.report["resources"].items() if name != "school"}
    assert sum(each["rejected"] + each["conflict"] for each in counts.values()) == 0, counts
    with db.read(here.school_id) as session:
        kept = {}
        for model in BROUGHT:
            rows = session.exec(select(model)).all()
            kept[model] = len(rows)
            assert not [row.source_id for row in rows if row.source_id.startswith("excel:")], model
    assert kept == before, "nothing is doubled"
    assert here.sync().report.get("resources", {}) == {}, "nothing is new to the source"
