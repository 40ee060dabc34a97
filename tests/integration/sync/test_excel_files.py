"""Workbooks that LibreOffice saved (not made in the tests): typed dates and numbers, merged titles, wrapped headers, NFD, empty formatted rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, SchoolClass, Staff, Student, StudentResult
from hocba_app.services.sync.commands import sync_runs
from hocba_app.services.sync.school_years import sync_years
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.importing import import_workbook
from tests.integration.sync.test_bad_records import ACCOUNT
from tests.integration.sync.test_excel import WHOLE, book
from tests.refusals import refused

FILES = Path(__file__).parent / "files"


@pytest.fixture
def empty(db: Database, configured: pytest.MonkeyPatch) -> Here:
    return school_here(db, ACCOUNT)


def test_an_offices_own_workbook_comes_in_whole(empty: Here) -> None:
    report = import_workbook(empty.db, empty.admin, (FILES / "van-phong.xlsx").read_bytes())
    assert report.problems == []
    with empty.db.read(empty.school_id) as session:
        pupils = {row.code: row for row in session.exec(select(Student)).all()}
        staff = {row.code: row for row in session.exec(select(Staff)).all()}
        results = {row.student_id: row.payload for row in session.exec(select(StudentResult)).all()}
    first, second = pupils["7979000101"], pupils["7979000102"]
    assert (first.full_name, first.birth_date, first.id_number) == ("Y Moan Ênuôl", "2014-05-06", "079214000123"), (
        "a zero in front stays"
    )
    assert (second.full_name, second.birth_date) == ("Nguyễn Thị Huyền Trang", "2014-02-28"), (
        "decomposed letters are joined"
    )
    assert first.details["admission_date"] == "2025-09-05"
    assert staff["HT"].full_name == "Trần Văn Hải"
    marks = {row["subject_code"]: (row["term1"], row["term2"], row["year"]) for row in results[first.id]["subjects"]}
    assert marks == {"TOAN": ("8.1", "8.5", "8.4"), "GDTC": ("Đ", "Đ", "Đ")}, "a binary 8.1 of the file is 8.1"
    assert results[first.id]["awards"] == ["Giải Nhất cờ vua", "Học sinh tiêu biểu"]
    assert [run.from_file for run in sync_runs(empty.db, empty.admin)] == [True]
    again = import_workbook(empty.db, empty.admin, (FILES / "van-phong.xlsx").read_bytes())
    assert (again.problems, again.counts) == ([], {})


def test_a_workbook_of_an_earlier_year_and_one_of_no_year(empty: Here) -> None:
    assert import_workbook(empty.db, empty.admin, book(**WHOLE), school_year="2020-2021").problems == []
    with empty.db.read(empty.school_id) as session:
        assert set(session.exec(select(SchoolClass.school_year)).all()) == {"2020-2021"}
    for wrong in ("2020", "2020-2022", "x" * 400):
        assert (
            refused(import_workbook, empty.db, empty.admin, book(**WHOLE), school_year=wrong) is ErrorCode.INVALID_INPUT
        )
    years = sync_years(empty.db, empty.admin)
    assert years[-1] == "2015-2016" and years == sorted(years, reverse=True)


def test_our_workbook_saved_again_says_the_same(empty: Here) -> None:
    assert import_workbook(empty.db, empty.admin, book(**WHOLE)).problems == []
    saved = import_workbook(empty.db, empty.admin, (FILES / "luu-lai.xlsx").read_bytes())
    assert (saved.problems, saved.counts) == ([], {})
