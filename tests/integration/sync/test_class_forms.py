"""Given out: the sector's form and the class summary, filled from our data, readable by whoever knows their heads."""

from __future__ import annotations

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.roles import Role
from hocba_app.models import Database, SchoolClass, Staff
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.workbooks.class_forms import FORMS, class_form
from hocba_app.services.workbooks.excel_reading import read_workbook
from hocba_app.services.workbooks.excel_rows import read_rows
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.test_bad_records import ACCOUNT
from tests.integration.sync.test_excel import WHOLE, book, bring
from tests.integration.sync.test_imports import given
from tests.refusals import refused
from tests.unit.sync.wide_forms import TRAITS

PRIMARY = {
    "staff": WHOLE["staff"],
    "classes": [WHOLE["classes"][0], ["5A", "5A", "5", "TT27", "GV1"]],
    "subjects": [["Mã môn", "Tên môn", "Loại", "Thứ tự"], ["TV", "Tiếng Việt", "Tính điểm", "1"], ["DD", "Đạo đức", "Nhận xét", "2"]],
    "pupils": [WHOLE["pupils"][0], ["T1", "=Nguyễn Ánh", "06/05/2015", "Nữ", "5A", "Kinh"]],
    "marks": [["Mã HS", "Mã môn", "Cả năm", "Điểm kiểm tra cuối năm"], ["T1", "TV", "T", "9"], ["T1", "DD", "H", None]],
    "year": [
        ["Mã học sinh", "Học tập cả năm", "Lên lớp", "Phẩm chất", "Khen thưởng", "Hoàn thành chương trình"],
        ["T1", "Hoàn thành tốt", "Lên lớp", "; ".join(f"{name}: T" for name in TRAITS), "Thư khen; Giải Ba", "Có"],
    ],
}  # fmt: skip


@pytest.fixture
def empty(db: Database, configured: pytest.MonkeyPatch) -> Here:
    return school_here(db, ACCOUNT)


def class_id(here: Here) -> str:
    with here.db.read(here.school_id) as session:
        return session.exec(select(SchoolClass)).one().id


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("school", [WHOLE, PRIMARY], ids=["secondary", "primary"])
def test_what_is_given_out_is_read_back_as_it_is_here(empty: Here, school: dict, form: str) -> None:  # type: ignore[type-arg]
    assert bring(empty, book(**school)).problems == []
    name, data = class_form(empty.db, empty.admin, class_id(empty), form)
    assert name.endswith((".xlsx",)) and name.startswith(FORMS[form])
    rows = read_rows(read_workbook(data))
    assert rows.problems == [] and rows.unknown == [] and len(rows.pupils) == len(school["pupils"]) - 1
    assert rows.forms == {"primary_results" if school is PRIMARY else "secondary_results"}
    found = given(empty, data, name)
    assert (found.state, found.counts["rejected"], found.counts["question"], found.writes) == ("preview", 0, 0, 0)


def test_a_class_code_stays_inside_the_files_name(empty: Here) -> None:
    """A quotation mark would end it in the answer's header, and what follows be parameters of it."""
    bring(empty, book(**WHOLE))
    with empty.db.write(empty.school_id) as session:
        session.exec(select(SchoolClass)).one().code = "9A\"; filename*=UTF-8''x.exe Đ/.."
    name, _ = class_form(empty.db, empty.admin, class_id(empty), "summary")
    assert name == "bang-tong-hop-9A-filenameUTF-8xexe-.xlsx"


def test_a_summary_counts_its_levels_and_carries_no_formula(empty: Here) -> None:
    bring(empty, book(**PRIMARY))
    _, data = class_form(empty.db, empty.admin, class_id(empty), "summary")
    [sheet] = read_workbook(data)
    said = [text for cells in sheet.rows.values() for text in cells.values()]
    assert "Tổng số học sinh: 1" in said and "Hoàn thành tốt: 1" in said and "=Nguyễn Ánh" in said
    assert sheet.problems == []
    assert any(text.startswith("BẢNG TỔNG HỢP KẾT QUẢ CẢ NĂM – LỚP 5A") for text in said)


def test_who_may_not_see_the_class_gets_nothing(empty: Here, db: Database) -> None:
    bring(empty, book(**WHOLE))
    other = school_here(db, ACCOUNT | {"code": "99999998"})
    with db.read(empty.school_id) as session:
        staff = {row.code: row.id for row in session.exec(select(Staff)).all()}
    stranger, homeroom = (
        Identity(
            account_id="x",
            school_id=empty.school_id,
            staff_id=staff[code],
            username=code,
            full_name=code,
            roles=frozenset({Role.TEACHER}),
        )
        for code in ("HT", "GV1")
    )
    assert class_form(db, homeroom, class_id(empty), "summary")[1][:2] == b"PK"
    for who, asked, form, code in (
        (other.admin, class_id(empty), "summary", ErrorCode.FORBIDDEN), (empty.admin, "unknown", "summary", ErrorCode.FORBIDDEN),
        (empty.admin, class_id(empty), "../x", ErrorCode.NOT_FOUND), (stranger, class_id(empty), "summary", ErrorCode.FORBIDDEN),
    ):  # fmt: skip
        assert refused(class_form, db, who, asked, form) is code
