"""Proof-reading: what a lock would do, and the page as it will be signed."""

from __future__ import annotations

import io

import pypdf
import pytest

from hocba_app.domain.errors import ErrorCode
from hocba_app.services.records.preview import LockRow, lock_preview, preview_pdf
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import change_enrolment, change_result, documents, lock, pupils
from tests.refusals import refused
from tests.school import SmallSchool


def rows(small: SmallSchool, kind: str = "results") -> dict[str, LockRow]:
    return {row.student_id: row for row in lock_preview(small.db, small.people["admin"], kind, small.class_id).students}


def texts(row: LockRow) -> str:
    return " ".join(finding.text for finding in row.findings)


def test_the_view_says_who_is_taken_left_out_blocked_and_locked(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    change_result(small, first, promotion="reassess")
    change_enrolment(small, second, status="moved_out", to_date="2026-03-05")
    change_result(small, third, promotion=None)
    found = rows(small)
    assert [found[key].chosen for key in (first, second, third)] == [False, False, False]
    assert "Đánh giá lại" in found[first].left_out and "Chuyển đi ngày 05/03/2026" in found[second].left_out
    assert not found[third].can_lock and "Chưa có kết luận lên lớp" in texts(found[third])
    change_result(small, third, promotion="promoted")
    lock(small)
    preview = lock_preview(small.db, small.people["admin"], "results", small.class_id)
    assert (preview.ready, preview.blocked, preview.locked) == (0, 0, 1)


def test_a_comment_that_names_another_pupil_is_found(small: SmallSchool) -> None:
    first, second, _ = pupils(small)
    with small.db.write(small.school_id) as session:
        from hocba_app.models import Student

        student = session.get_one(Student, (small.school_id, second))
        student.full_name = "Hoàng Ngọc Bảo Ngữ"
        session.add(student)
    change_result(small, first, homeroom_comment="Em Bảo Ngữ ngoan, lễ phép.")
    found = rows(small)
    assert "nhắc tên «Bảo Ngữ»" in texts(found[first]) and found[first].can_lock
    assert "nhắc tên" not in texts(found[second])


def test_missing_comments_and_particulars_are_warnings(small: SmallSchool) -> None:
    first = pupils(small)[0]
    change_result(small, first, homeroom_comment=None)
    assert "Chưa có nhận xét của giáo viên chủ nhiệm" in texts(rows(small)[first])
    assert "Còn trống: chỗ ở hiện tại" in texts(rows(small, "cover")[first])
    assert all(row.can_lock for row in rows(small).values())


def test_after_an_unlock_the_differences_from_the_void_version_are_shown(small: SmallSchool) -> None:
    first, second, _ = pupils(small)
    lock(small)
    ids = [document.id for document in documents(small).values()]
    unlock.request_unlock(small.db, small.people["principal"], ids, "Sửa nhận xét")
    change_result(small, first, homeroom_comment="Rất ngoan.")
    found = rows(small)
    assert [(row.locked, row.synced) for row in found[first].changed] == [("Ngoan, lễ phép.", "Rất ngoan.")]
    assert found[second].changed == ()


@pytest.mark.parametrize("kind", ["cover", "history", "results"])
def test_the_page_is_marked_and_has_nothing_to_sign(small: SmallSchool, kind: str) -> None:
    name, pdf = preview_pdf(small.db, small.people["admin"], kind, small.class_id, pupils(small)[0])
    assert name.isascii() and name.startswith("HS001-") and name.endswith("-preview.pdf")
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    for page in reader.pages:
        assert "BẢN XEM TRƯỚC" in page.extract_text()
    assert "/AcroForm" not in reader.trailer["/Root"]
    assert documents(small, kind) == {}, "nothing is kept"


def test_what_cannot_be_drawn_is_said(small: SmallSchool, other: SmallSchool) -> None:
    office = small.people["admin"]
    for arguments, code in (
        (("results", other.class_id, pupils(other)[0]), ErrorCode.NOT_FOUND),
        (("results", small.class_id, pupils(other)[0]), ErrorCode.NOT_FOUND),
        (("x", small.class_id, pupils(small)[0]), ErrorCode.INVALID_INPUT),
    ):
        assert refused(preview_pdf, small.db, office, *arguments) is code
    assert (
        refused(lambda: preview_pdf(small.db, small.people["TOAN"], "results", small.class_id, pupils(small)[0]))
        is ErrorCode.FORBIDDEN
    )
    assert (
        refused(lambda: lock_preview(small.db, small.people["homeroom"], "results", small.class_id))
        is ErrorCode.FORBIDDEN
    )
