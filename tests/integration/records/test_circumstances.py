"""Exceptions of the law at the lock: shown with their article, frozen with their days, printed, compared with newer data."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from hocba_app.models import DocumentVersion, HistoryEntry, SchoolClass, Student
from hocba_app.services.records.precheck import Candidate, candidates
from hocba_app.services.records.pupil import pupil_view
from hocba_app.services.storage.files import current_file
from hocba_app.verification.layout_grammar import read_layout
from tests.integration.records.conftest import change_enrolment, change_result, documents, lock, pupils
from tests.school import SmallSchool

DISABLED = {"kind": "disability_not_assessed", "from_date": "2025-09-05", "decision": "11/QĐ-THCS"}
NONE = {"term1": None, "term2": None, "year": None, "reassessed": None}


def looked_at(small: SmallSchool, pupil: str, kind: str = "results") -> Candidate:
    with small.db.read(small.school_id) as session:
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        (found,) = candidates(session, kind, school_class, student_ids=[pupil])
        return found


def texts(found: Candidate) -> str:
    return " | ".join(finding.text for finding in found.findings)


def flagged(small: SmallSchool, pupil: str, *flags: dict[str, Any]) -> None:
    change_enrolment(small, pupil, circumstances=list(flags))


def nothing(small: SmallSchool, pupil: str) -> None:
    rows = [{"subject_code": code, **NONE, "comment": "Có tiến bộ.", "note": None} for code in ("TOAN", "VAN", "GDTC")]
    change_result(small, pupil, subjects=rows, learning=NONE, training=NONE)


def snapshot(small: SmallSchool, pupil: str, kind: str = "results") -> tuple[dict[str, Any], str]:
    """What was locked, and everything its pages show."""
    with small.db.read(small.school_id) as session:
        version = session.get_one(DocumentVersion, (small.school_id, documents(small, kind)[pupil].version_id))
        pages = read_layout(current_file(session, version.id)).texts
        return version.snapshot, " ".join(line.text for page in pages for line in page)


def test_who_is_not_assessed_is_locked_without_results_and_the_form_says_why(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    nothing(small, pupil)
    assert not looked_at(small, pupil).can_lock
    flagged(small, pupil, DISABLED)
    found = looked_at(small, pupil)
    assert found.can_lock and "TT22, Điều 11" in texts(found)
    lock(small, student_ids=[pupil])
    locked, page = snapshot(small, pupil)
    assert locked["circumstances"] == [DISABLED | {"subjects": []}]
    assert "Học sinh khuyết tật học hòa nhập, không đánh giá (11/QĐ-THCS; từ ngày 05/09/2025)" in page


def test_a_flag_that_ended_before_the_results_relaxes_nothing(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    nothing(small, pupil)
    flagged(small, pupil, DISABLED | {"to_date": "2026-01-10"})
    found = looked_at(small, pupil)
    assert not found.can_lock and "đã hết hiệu lực" in texts(found)


def test_an_exemption_is_printed_and_needs_its_article(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    rows = [
        {"subject_code": code, "comment": "Tốt.", "note": None, "reassessed": None}
        | dict.fromkeys(("term1", "term2", "year"), value)
        for code, value in (("TOAN", "8.5"), ("VAN", "8.5"), ("GDTC", None))
    ]
    change_result(small, pupil, subjects=rows)
    exempt = {"kind": "exempt_subjects", "subjects": ["GDTC"]}
    flagged(small, pupil, exempt)
    assert "chỉ mở cho học sinh khuyết tật" in " ".join(looked_at(small, pupil).blocking)
    flagged(small, pupil, exempt, DISABLED | {"kind": "disability_less_demands"})
    found = looked_at(small, pupil)
    assert found.can_lock, found.blocking
    lock(small, student_ids=[pupil])
    locked, page = snapshot(small, pupil)
    assert [row["year"] for row in locked["results"]["subjects"]] == ["8.5", "8.5", "Miễn"]
    assert "Miễn học: Giáo dục thể chất" in page


def test_a_flag_that_comes_after_the_lock_makes_the_record_out_of_date(small: SmallSchool) -> None:
    from hocba_app.services.records.out_of_date import refresh_out_of_date

    pupil = pupils(small)[0]
    lock(small, student_ids=[pupil])
    flagged(small, pupil, DISABLED | {"kind": "disability_less_demands"})
    with small.db.write(small.school_id) as session:
        assert refresh_out_of_date(session, [pupil]) == 1
    noted = documents(small)[pupil].out_of_date or []
    assert any("giảm nhẹ" in entry["label"] or "trường hợp" in entry["label"] for entry in noted), noted


@pytest.mark.parametrize(
    ("last", "outcome", "flag", "said"),
    [
        (4, "promoted", None, "mà không khai học vượt lớp"),
        (4, "promoted", "skips_grade", ""),
        (4, "promoted", "from_abroad", ""),
        (6, "promoted", None, "mà năm nay vẫn học lớp 6"),
        (6, "retained", None, ""),
        (6, "promoted", "repeats_grade", ""),
        (5, "promoted", "skips_grade", "lên đúng lớp kế tiếp"),
    ],
)
def test_the_grades_of_the_history_follow_one_another_or_a_flag_says_why(
    small: SmallSchool, last: int, outcome: str, flag: str | None, said: str
) -> None:
    pupil = pupils(small)[0]
    payload = {"school_year": "2024-2025", "class_name": f"{last}A", "grade": last, "outcome": outcome}
    with small.db.write(small.school_id) as session:
        session.add(HistoryEntry(source_id="h1", student_id=pupil, school_year="2024-2025", payload=payload))
    if flag:
        flagged(small, pupil, {"kind": flag})
    told = texts(looked_at(small, pupil, "history"))
    assert (said in told) if said else ("QTHT" not in told)
    if flag and not said:
        assert "Điều 28 khoản 2" in told
        lock(small, "history", student_ids=[pupil])
        assert snapshot(small, pupil, "history")[0]["history"][-1]["note"]


def test_a_guardian_an_unknown_birthplace_and_one_word(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    with small.db.write(small.school_id) as session:
        student = session.get_one(Student, (small.school_id, pupil))
        student.full_name, student.details = "Póh", {"ethnic_group": "Ba Na", "address": "Xã Ia Băng"}
        session.add(student)
    told = texts(looked_at(small, pupil, "cover"))
    assert "Chưa có họ tên cha, mẹ hay người giám hộ" in told and "nơi sinh" in told
    flagged(small, pupil, {"kind": "guardian_only"}, {"kind": "birth_place_unknown"}, {"kind": "one_word_name"})
    assert "chưa có họ tên người giám hộ" in texts(looked_at(small, pupil, "cover"))
    with small.db.write(small.school_id) as session:
        student = session.get_one(Student, (small.school_id, pupil))
        student.details = student.details | {"guardian_name": "Siu H'Lan"}
        session.add(student)
    told = texts(looked_at(small, pupil, "cover"))
    assert "Còn trống" not in told and "chưa có họ tên" not in told and "Điều 47" in told
    lock(small, "cover", student_ids=[pupil])
    locked, page = snapshot(small, pupil, "cover")
    assert locked["student"]["birth_place"] == "Không rõ" and "PÓH" in page and "Không rõ" in page


def test_the_pupils_page_names_them_by_year(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    flagged(small, pupil, DISABLED)
    (year,) = pupil_view(small.db, small.people["admin"], pupil).years
    assert year.circumstances == ("Học sinh khuyết tật học hòa nhập, không đánh giá (11/QĐ-THCS; từ ngày 05/09/2025)",)
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(Student)).all()) == 3
