"""One person however his code is spelled: nothing that looks alike makes a second one in silence."""

from __future__ import annotations

import pytest
from sqlmodel import select

from hocba_app.models import Database, Student, SyncRow
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.fake_sector import FakeSector, pupil
from tests.integration.sync.test_bad_records import ACCOUNT
from tests.integration.sync.test_excel import CLASSES, MARKS, PUPILS, STAFF, SUBJECTS, book, bring, fake

__all__ = ["fake"]


@pytest.fixture
def empty(db: Database, configured: pytest.MonkeyPatch) -> Here:
    here = school_here(db, ACCOUNT)
    whole = {
        "staff": STAFF,
        "classes": CLASSES,
        "subjects": SUBJECTS,
        "pupils": [PUPILS[0], ["012000012599002", *PUPILS[1][1:]], ["HS2", *PUPILS[2][1:]]],
    }
    assert bring(here, book(**whole)).problems == []
    return here


def codes(here: Here) -> list[str]:
    with here.db.read(here.school_id) as session:
        return sorted(session.exec(select(Student.code)).all())


@pytest.mark.parametrize("spelling", ["012000012599002\u200b", " 012000012599002\u00a0", "０12000012599002"])
def test_what_nobody_sees_makes_no_second_pupil(empty: Here, spelling: str) -> None:
    assert bring(empty, book(pupils=[PUPILS[0], [spelling, *PUPILS[1][1:]], ["hs2", *PUPILS[2][1:]]])).counts == {}
    assert bring(empty, book(marks=[MARKS[0], [spelling, *MARKS[1][1:]], ["Hs2", *MARKS[3][1:]]])).counts == {"new": 2}
    assert codes(empty) == ["012000012599002", "HS2"]


def test_a_code_that_lost_its_zero_is_asked_about(empty: Here) -> None:
    report = bring(empty, book(pupils=[PUPILS[0], ["12000012599002", *PUPILS[1][1:]]]))
    assert [(problem.cell, problem.code) for problem in report.problems] == [
        ("A2", "near_match")
    ] and "012000012599002" in report.problems[0].reason
    report = bring(empty, book(marks=[MARKS[0], ["12000012599002", *MARKS[1][1:]]]))
    assert [(problem.cell, problem.code) for problem in report.problems] == [("A2", "near_match")]
    rows = [["7", "Người Thứ Ba", *PUPILS[1][2:]], ["07", "Người Thứ Tư", *PUPILS[2][2:]]]
    assert [(problem.cell, problem.code) for problem in bring(empty, book(pupils=[PUPILS[0], *rows])).problems] == [
        ("A3", "near_match")
    ]
    assert codes(empty) == ["012000012599002", "HS2"]


def test_a_name_with_another_d_is_stored_as_vietnamese_writes_it(empty: Here) -> None:
    bring(empty, book(pupils=[PUPILS[0], ["HS2", "\u00d0ặng Ỷ Lan\u200b", *PUPILS[2][2:]]]))
    with empty.db.read(empty.school_id) as session:
        assert session.exec(select(Student.full_name).where(Student.code == "HS2")).one() == "Đặng Ỷ Lan"


def test_the_sector_makes_no_second_pupil_in_silence(db: Database, fake: FakeSector) -> None:
    fake.put("students", "P8", pupil(8, code="0123"))
    here = school_here(db, ACCOUNT)
    here.sync()
    before = codes(here)
    fake.put("students", "P9", pupil(9, code="123"))
    here.sync()
    assert codes(here) == before
    with here.db.read(here.school_id) as session:
        assert [row.field for row in session.exec(select(SyncRow).where(SyncRow.source_id == "P9")).all()] == ["code"]


def test_a_new_code_for_somebody_who_may_be_here_is_asked_about(empty: Here) -> None:
    namesake = ["HS9", *PUPILS[1][1:]]
    report = bring(empty, book(pupils=[PUPILS[0], namesake]))
    assert [(problem.cell, problem.code) for problem in report.problems] == [("A2", "near_match")]
    assert "012000012599002 Nguyễn Thị Ánh" in report.problems[0].reason
    assert len(codes(empty)) == 2, "nobody was made"
    stranger = ["HS2", "Người Khác Hẳn", "01/01/2015", *PUPILS[1][3:]]
    report = bring(empty, book(pupils=[PUPILS[0], stranger]))
    assert [(problem.cell, problem.code) for problem in report.problems] == [("B2", "near_match")]
    corrected = ["HS2", "Lò Văn Páo", *PUPILS[2][2:]]
    assert bring(empty, book(pupils=[PUPILS[0], corrected])).problems == [], "the same day of birth: a name put right"
