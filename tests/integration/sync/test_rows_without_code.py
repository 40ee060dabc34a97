"""Rows without a pupil's code: a sure match by name and birth date is shown, everything else is asked, nobody is made silently."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlmodel import select

from hocba_app.models import Database, Student, StudentResult
from hocba_app.services.workbooks import imports
from hocba_app.services.workbooks.import_views import ImportView
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.test_bad_records import ACCOUNT
from tests.integration.sync.test_excel import CLASSES, PUPILS, SUBJECTS, WHOLE, book, bring
from tests.integration.sync.test_imports import checked, given, imported, rows
from tests.integration.sync.test_sync import everything

TWINS = [
    ["HS3", "Y Moan Ênuôl", "01/02/2014", "Nam", "6A1", "Ê-đê"],
    ["HS4", "Y Moan Ênuôl", "01/02/2014", "Nam", "6A1", "Ê-đê"],
]
HEADS = ["STT", "Họ và tên", "Ngày sinh", "Toán"]


@pytest.fixture
def filled(db: Database, configured: pytest.MonkeyPatch) -> Here:
    here = school_here(db, ACCOUNT)
    sheets = {"staff": WHOLE["staff"], "classes": CLASSES, "subjects": SUBJECTS}
    assert bring(here, book(**sheets, pupils=[*PUPILS, TWINS[0]])).problems == []
    return here


def sheet(*rows: list[Any], title: str = "BẢNG ĐIỂM LỚP 6A1", heads: list[str] | None = None) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "Sheet1"
    for row in ([title], heads or HEADS, *rows):
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def answered(here: Here, found: ImportView, *answers: str) -> ImportView:
    """Answer one question after the other."""
    for answer in answers:
        [asked] = rows(here, found, "question")
        imports.put_right(here.db, here.admin, found.id, answers={asked.key: answer})
        found = checked(here, found.id)
    return found


def marks(here: Here) -> dict[str, str]:
    with here.db.read(here.school_id) as session:
        codes = dict(session.exec(select(Student.id, Student.code)).all())
        return {
            codes[row.student_id]: row.payload["subjects"][0]["year"]
            for row in session.exec(select(StudentResult)).all()
        }


def test_a_sure_match_is_shown_and_written(filled: Here) -> None:
    before = everything(filled)
    found = given(filled, sheet([1, "NGUYỄN THỊ  ÁNH", "06/05/2014", "8,5"], [2, "Lò Văn Pó", "28/02/2014", 7]))
    assert found.ready and found.counts["question"] == 0 and everything(filled) == before
    assert {(row.label, row.matched) for row in rows(filled, found, "new")} == {
        ("Nguyễn Thị Ánh – 6A1", "HS1, khớp theo họ tên + ngày sinh + lớp"),
        ("Lò Văn Pó – 6A1", "HS2, khớp theo họ tên + ngày sinh + lớp"),
    }
    assert any("2 dòng không có mã học sinh" in note for note in found.notes)
    assert [row.label for row in rows(filled, found, "absent")] == ["Y Moan Ênuôl (HS3) – 6A1"]
    assert imported(filled, found).state == "done" and marks(filled) == {"HS1": "8.5", "HS2": "7"}


@pytest.mark.parametrize(
    ("name", "born"),
    [("Nguyễn Thị Anh", "06/05/2014"), ("Nguyễn Thị Ánh", "05/06/2014"), ("Nguyễn Thị Ánh", None), ("Nguyễn Ánh", "06/05/2014")],
    ids=["marks", "day", "undated", "word"],
)  # fmt: skip
def test_a_near_match_is_asked(filled: Here, name: str, born: str | None) -> None:
    found = given(filled, sheet([1, name, born, 8], [2, "Lò Văn Pó", "28/02/2014", 7]))
    [asked] = rows(filled, found, "question")
    assert not found.ready and "HS1 Nguyễn Thị Ánh (06/05/2014)" in asked.reason and asked.cell == "B3"
    imports.put_right(filled.db, filled.admin, found.id, answers={asked.key: "other"})
    refused = checked(filled, found.id)
    assert [(row.cell, row.code) for row in rows(filled, refused, "rejected")] == [("B3", "no_pupil")]
    imports.put_right(filled.db, filled.admin, found.id, answers={asked.key: "same"})
    found = checked(filled, found.id)
    assert found.ready and imported(filled, found).state == "done" and marks(filled) == {"HS1": "8", "HS2": "7"}


def test_two_of_one_name_and_day_are_asked_one_by_one(filled: Here) -> None:
    twin = given(filled, book(pupils=[PUPILS[0], TWINS[1]]), "ds.xlsx")
    imported(filled, answered(filled, twin, "other"))
    found = given(filled, sheet([1, "Y Moan Ênuôl", "01/02/2014", 9], [2, "Lò Văn Pó", "28/02/2014", 7]))
    found = answered(filled, found, "other", "same")
    assert found.ready and imported(filled, found).state == "done" and marks(filled) == {"HS4": "9", "HS2": "7"}


def test_another_class_is_asked_about(filled: Here) -> None:
    assert bring(filled, book(classes=[CLASSES[0], ["6A2", "6A2", *CLASSES[1][2:]]])).problems == []
    found = given(filled, sheet([1, "Lò Văn Pó", "28/02/2014", 7], title="LỚP 6A2"))
    assert found.counts["question"] == 1


def test_nobody_is_made_of_a_row_without_a_code(filled: Here) -> None:
    found = given(
        filled, sheet([1, "Giàng A Páo", "03/03/2014", 7], heads=["STT", "Họ và tên", "Ngày sinh", "Nơi sinh"])
    )
    assert [(row.cell, row.code) for row in rows(filled, found, "rejected")] == [("B3", "no_pupil")]


def test_codes_that_are_missing_here_and_there_are_found_by_name(filled: Here) -> None:
    heads = ["Mã học sinh", "Họ và tên", "Ngày sinh", "Toán"]
    found = given(
        filled, sheet(["HS2", "Lò Văn Pó", "28/02/2014", 7], [None, "Nguyễn Thị Ánh", "06/05/2014", 8], heads=heads)
    )
    assert found.ready and imported(filled, found).state == "done" and marks(filled) == {"HS1": "8", "HS2": "7"}


def test_one_pupil_in_two_rows_is_refused(filled: Here) -> None:
    heads = ["Mã học sinh", "Họ và tên", "Ngày sinh", "Toán"]
    found = given(
        filled,
        sheet(["HS1", "Nguyễn Thị Ánh", "06/05/2014", 7], [None, "Nguyễn Thị Ánh", "06/05/2014", 8], heads=heads),
    )
    assert found.counts["rejected"] == 1 and not found.ready


def test_completion_is_the_way_up_and_praise_is_kept(filled: Here) -> None:
    heads = ["Mã học sinh", "Họ và tên", "Hoàn thành CT", "Lên lớp", "Khen thưởng"]
    found = given(
        filled,
        sheet(
            ["HS1", "Nguyễn Thị Ánh", "x", None, "Giải Nhì chạy 100 m"],
            ["HS2", "Lò Văn Pó", "x", "Ở lại lớp", None],
            heads=heads,
        ),
    )
    assert [(row.cell, row.code) for row in rows(filled, found, "rejected")] == [("C4", "ticked_twice")]
    imports.put_right(filled.db, filled.admin, found.id, cells={("Sheet1", "C4"): ""})
    found = checked(filled, found.id)
    assert found.ready and imported(filled, found).state == "done"
    with filled.db.read(filled.school_id) as session:
        payloads = [row.payload for row in session.exec(select(StudentResult)).all()]
    assert {(each["promotion"], tuple(each["awards"])) for each in payloads} == {
        ("promoted", ("Giải Nhì chạy 100 m",)), ("retained", ()),
    }  # fmt: skip
    assert not any(each.get("programme_completed") for each in payloads), "grade 6 ends no level"


def test_old_letters_are_turned_only_when_somebody_says_so(filled: Here) -> None:
    old = sheet([1, "NguyÔn ThÞ ¸nh", "06/05/2014", 8], [2, "Lß V¨n Pã", "28/02/2014", 7])
    found = given(filled, old)
    [asked] = rows(filled, found, "question")
    assert "TCVN3" in asked.reason and set(asked.choices) == {"same", "other"} and not found.ready
    found = answered(filled, found, "same")
    assert found.ready and imported(filled, found).state == "done" and marks(filled) == {"HS1": "8", "HS2": "7"}
