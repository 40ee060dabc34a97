"""Letters that no typeface has are named before the lock, pupil by pupil, with their place; those of every people are locked."""

from __future__ import annotations

from hocba_app.models import Student
from hocba_app.services.records.preview import lock_preview
from hocba_app.services.sync.odd_letters import odd_letters
from tests.integration.records.conftest import change_result, lock, pupils
from tests.school import SmallSchool


def rename(small: SmallSchool, student_id: str, **values: object) -> None:
    with small.db.write(small.school_id) as session:
        row = session.get_one(Student, (small.school_id, student_id))
        for key, value in values.items():
            setattr(row, key, value)
        session.add(row)


def test_the_place_and_the_letter_are_named_before_the_lock(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    change_result(small, first, homeroom_comment="Ngoan 🌟, chăm\u0001")
    rename(small, second, full_name="Hʼmông Thị ê̆ Ƀuôn", id_number="079214000123")
    rename(small, third, full_name="Nguyễn Văn 中")
    rows = {
        row.student_id: row for row in lock_preview(small.db, small.people["admin"], "results", small.class_id).students
    }
    assert not rows[first].can_lock and not rows[third].can_lock and rows[second].can_lock
    told = " ".join(finding.text for finding in rows[first].findings)
    assert (
        "Mục Nhận xét của giáo viên chủ nhiệm có ký tự không in được: «🌟» U+1F31F, U+0001." in told and "SMAS" in told
    )
    assert "Họ và tên" in " ".join(finding.text for finding in rows[third].findings)
    outcomes = lock(small)
    assert [outcomes[key]["outcome"] for key in (first, second, third)] == ["blocked", "locked", "blocked"]
    assert "«🌟» U+1F31F" in outcomes[first]["reason"] and "«中» U+4E2D" in outcomes[third]["reason"]


def test_what_is_too_long_for_its_page_is_named_too(small: SmallSchool) -> None:
    first, *_ = pupils(small)
    change_result(small, first, homeroom_comment="Em rất chăm chỉ và có nhiều cố gắng. " * 400)
    (row, *_) = lock_preview(small.db, small.people["admin"], "results", small.class_id).students
    assert any("dài quá một trang" in finding.text for finding in row.findings) and not row.can_lock


def test_the_report_of_a_sync_names_them() -> None:
    assert odd_letters("students", {"full_name": "Hʼmông ê̆", "details": {"address": "✓ nhà số 3"}}) == ""
    told = odd_letters("students", {"full_name": "A", "details": {"father_name": "Ông 🌟"}})
    assert "Họ và tên cha: «🌟» U+1F31F" in told and "SMAS" in told
    payload = {"subjects": [{"subject_code": "TOAN", "comment": "Tốt 🎉"}], "homeroom_comment": "Ngoan"}
    assert "Nhận xét môn TOAN: «🎉» U+1F389" in odd_letters("results", {"payload": payload})
    assert odd_letters("staff", {"full_name": "🌟"}) == ""
