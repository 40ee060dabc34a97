"""Locking: whom it takes, whom it leaves, and that nothing is ever opened twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlmodel import func, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.page import Page
from hocba_app.models import (
    Database,
    Document,
    DocumentVersion,
    Enrolment,
    Job,
    PublicCode,
    Revision,
    SchoolClass,
    Slot,
    Student,
    StudentResult,
)
from hocba_app.models.base import utc_now
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.claim import ClaimLost
from hocba_app.services.records import lock as locking
from hocba_app.services.records.lock import start_lock
from hocba_app.services.records.out_of_date import refresh_out_of_date
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import (
    change_enrolment,
    change_result,
    documents,
    lock,
    pupils,
    work_on,
)
from tests.school import SmallSchool, small_school
from tests.work import counted


def test_a_lock_makes_document_version_slots_revision_and_code(small: SmallSchool) -> None:
    assert {row["outcome"] for row in lock(small).values()} == {"locked"}
    with small.db.read(small.school_id) as session:
        for document in session.exec(select(Document)).all():
            assert (document.state, document.next_stage, document.version_number) == ("locked", "subject", 1)
            version = session.get_one(DocumentVersion, (small.school_id, document.version_id))
            assert version.snapshot["results"]["homeroom_comment"] == "Ngoan, lễ phép."
            fields = session.exec(select(Slot.field).where(Slot.version_id == version.id).order_by(Slot.position)).all()
            assert fields == ["s.TOAN.1", "s.VAN.1", "s.GDTC.1", "homeroom", "principal", "seal"]
            assert (
                session.exec(select(Revision.length).where(Revision.version_id == version.id)).one() == version.length
            )
            assert session.get_one(PublicCode, version.code).version_id == version.id
        assert verify_chain(session) == []


def test_pupils_due_for_reassessment_and_pupils_who_left_are_left_out_until_named(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    change_result(small, first, promotion="reassess")
    change_enrolment(small, second, status="moved_out", to_date="2026-03-05")
    outcomes = lock(small)
    assert {key: row["outcome"] for key, row in outcomes.items()} == {
        first: "left_out",
        second: "left_out",
        third: "locked",
    }
    assert "Chuyển đi ngày 05/03/2026" in outcomes[second]["reason"]
    assert lock(small, student_ids=[second])[second]["outcome"] == "locked"
    with small.db.read(small.school_id) as session:
        version = session.exec(
            select(DocumentVersion).where(DocumentVersion.document_id == documents(small)[second].id)
        ).one()
        assert version.snapshot["results"]["departure"] == "Chuyển đi ngày 05/03/2026"
    change_result(small, first, promotion="promoted")  # August
    assert lock(small)[first]["outcome"] == "locked"
    assert documents(small)[third].version_number == 1, "the rest of the class is not touched"


def test_left_out_by_hand_and_included_by_hand(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    change_result(small, first, promotion="reassess")
    outcomes = lock(small, leave_out=[second], include=[first])
    assert [outcomes[key]["outcome"] for key in (first, second, third)] == ["locked", "left_out", "locked"]


def test_a_leaving_pupil_is_locked_on_the_data_there_is(small: SmallSchool) -> None:
    first = pupils(small)[0]
    change_enrolment(small, first, status="left", to_date="2026-01-09")
    change_result(
        small,
        first,
        promotion=None,
        subjects=[
            {
                "subject_code": "TOAN",
                "term1": "8.0",
                "term2": None,
                "year": None,
                "reassessed": None,
                "comment": "Tốt.",
                "note": None,
            }
        ],
    )
    assert lock(small, student_ids=[first])[first]["outcome"] == "locked"


@pytest.mark.parametrize("regime", ["TT22", "TT26", "TT27"])
def test_a_pupil_who_left_before_anything_was_entered_is_not_blocked_for_ever(small: SmallSchool, regime: str) -> None:
    """Workflow rule 7: locked alone on the data there is; the rest of the class is not touched, who stays is still blocked."""
    first, second, third = pupils(small)
    change_enrolment(small, first, status="moved_out", to_date="2025-09-30")
    with small.db.write(small.school_id) as session:
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        school_class.regime = regime
        session.add(school_class)
        for row in session.exec(select(StudentResult).where(StudentResult.student_id.in_([first, second]))).all():  # type: ignore[attr-defined]
            session.delete(row)
    for kind in ("history", "results"):
        whole_class = lock(small, kind)
        assert [whole_class[key]["outcome"] for key in (first, second, third)] == ["left_out", "blocked", "locked"]
        assert lock(small, kind, student_ids=[first])[first]["outcome"] == "locked"
    with small.db.read(small.school_id) as session:
        version = session.exec(
            select(DocumentVersion)
            .join(Document, Document.version_id == DocumentVersion.id)  # type: ignore[arg-type]
            .where(Document.student_id == first, Document.kind == "results")
        ).one()
        stages = session.exec(select(Slot.stage).where(Slot.version_id == version.id).order_by(Slot.position)).all()
    results = version.snapshot["results"]
    assert (results["departure"], results["subjects"], results["regime"]) == ("Chuyển đi ngày 30/09/2025", [], regime)
    assert list(stages) == ["homeroom", "principal", "seal"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"promotion": None}, "Chưa có kết luận lên lớp"),
        ({"subjects": []}, "không có môn học nào"),
        (
            {"subjects": [{"subject_code": "TOAN", "term1": "8.0", "year": None, "comment": "x"}]},
            "Thiếu kết quả cả năm: Toán",
        ),
        (
            {"subjects": [{"subject_code": "LA", "term1": "8.0", "year": "8.0", "comment": "x"}]},
            "Môn chưa được đồng bộ: LA",
        ),
    ],
)
def test_what_is_missing_blocks_that_pupil_only(small: SmallSchool, change: dict[str, Any], words: str) -> None:
    first, second, _ = pupils(small)
    change_result(small, first, **change)
    outcomes = lock(small)
    assert outcomes[first]["outcome"] == "blocked" and words in outcomes[first]["reason"]
    assert outcomes[second]["outcome"] == "locked"


def test_results_against_the_rules_need_a_reason(small: SmallSchool) -> None:
    first = pupils(small)[0]
    with small.db.write(small.school_id) as session:
        row = session.exec(select(StudentResult).where(StudentResult.student_id == first)).one()
        row.mismatches = [
            {"field": "subjects.TOAN.year", "submitted": "8.4", "computed": "8.5", "rule": "Điều 9"},
            {"field": "title", "submitted": "Học sinh Giỏi", "computed": None, "rule": "Điều 15"},
        ]
        session.add(row)
    outcome = lock(small)[first]
    assert outcome["outcome"] == "blocked"
    assert outcome["reason"] == (
        "Môn Toán cả năm: đã nộp 8,4, tính lại 8,5 (Điều 9). Danh hiệu: đã nộp Học sinh Giỏi, tính lại (trống) (Điều 15)."
    )
    assert lock(small, accept_mismatches="Đã đối chiếu sổ điểm")[first]["outcome"] == "locked"


def test_what_cannot_be_checked_needs_a_reason_and_what_is_missing_blocks(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    with small.db.read(small.school_id) as session:
        row = session.exec(select(StudentResult).where(StudentResult.student_id == first)).one()
        subjects = [dict(entry) for entry in row.payload["subjects"]]
    term = {"regular": ["8.5"] * 4, "midterm": "8.5", "final": "8.5"}
    subjects[0]["marks"] = {"term1": term | {"midterm": None}, "term2": term}
    subjects[1]["marks"] = {"term1": term, "term2": term}
    subjects[2]["marks"] = {
        name: dict.fromkeys(("midterm", "final"), "Đ") | {"regular": ["Đ", "Đ"]} for name in ("term1", "term2")
    }
    change_result(small, first, subjects=subjects)
    nothing = dict.fromkeys(("term1", "term2", "year", "reassessed"))
    change_result(small, second, learning=nothing, training=nothing)
    outcomes = lock(small)
    assert outcomes[third]["outcome"] == "locked", "single marks the source never submits are told, no more"
    assert outcomes[first]["outcome"] == outcomes[second]["outcome"] == "blocked"
    assert outcomes[first]["reason"].startswith("Môn Toán học kì I: không kiểm tra được – thiếu điểm giữa kì (")
    again = lock(small, accept_mismatches="Đã đối chiếu sổ điểm")
    assert (again[first]["outcome"], again[second]["outcome"]) == ("locked", "blocked"), (
        "no reason makes up for a result that is missing"
    )
    assert "Kết quả rèn luyện cả năm: không kiểm tra được – còn trống (TT22, Điều 8)" in again[second]["reason"]


def test_only_the_office_locks_and_only_its_own_school(small: SmallSchool, other: SmallSchool) -> None:
    for part in ("TOAN", "homeroom", "operator"):
        with pytest.raises(HocbaError) as refused:
            start_lock(small.db, small.people[part], kind="results", class_id=small.class_id)
        assert refused.value.code is ErrorCode.FORBIDDEN
    for asked, code in (
        ({"kind": "results", "class_id": other.class_id}, ErrorCode.NOT_FOUND),
        ({"kind": "x", "class_id": small.class_id}, ErrorCode.INVALID_INPUT),
        ({"kind": "results"}, ErrorCode.NOTHING_TO_DO),
        ({"kind": "results", "class_id": small.class_id, "student_ids": []}, ErrorCode.NOTHING_TO_DO),
        ({"kind": "results", "class_id": small.class_id, "leave_out": ["x"] * 6000}, ErrorCode.INVALID_INPUT),
    ):
        with pytest.raises(HocbaError) as refused:
            start_lock(small.db, small.people["admin"], **asked)  # type: ignore[arg-type]
        assert refused.value.code is code


def test_pupils_of_another_school_are_not_reached_by_their_ids(small: SmallSchool, other: SmallSchool) -> None:
    assert lock(small, student_ids=pupils(other)) == {}
    assert documents(other) == {}


def test_several_classes_are_one_job(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        second = SchoolClass(source_id="c2", code="6A2", name="6A2", grade=6, regime="TT22", school_year="2025-2026")
        session.add(second)
        session.flush()
        row = session.exec(select(Enrolment).order_by(Enrolment.source_id.desc())).first()  # type: ignore[attr-defined]
        assert row is not None
        row.class_id = second.id
        session.add(row)
        class_ids = [small.class_id, second.id]
    job = work_on(small, start_lock(small.db, small.people["admin"], kind="cover", class_ids=class_ids))
    assert (job.state, job.progress, job.total) == ("done", 3, 3)
    assert {document.class_id for document in documents(small, "cover").values()} == set(class_ids)


def test_two_locks_at_once_make_one_version(small: SmallSchool) -> None:
    """On PostgreSQL both would read the pupils as open; so too after an unlock, when the document is there already."""
    for expected in (1, 2):
        jobs = [start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id) for _ in range(2)]
        threads = [threading.Thread(target=work_on, args=(small, job, f"w{number}")) for number, job in enumerate(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = documents(small)
        assert {document.version_number for document in found.values()} == {expected}
        with small.db.read(small.school_id) as session:
            assert session.exec(select(func.count()).select_from(DocumentVersion)).one() == 3 * expected
            assert {row.state for row in session.exec(select(Job).where(Job.kind == "lock")).all()} == {"done"}
        unlock.request_unlock(
            small.db, small.people["principal"], [document.id for document in found.values()], "Làm lại"
        )


def test_data_that_change_while_a_pupil_is_laid_out_are_the_ones_locked(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pupils(small)[0]
    real = locking.freeze
    changes = ["Ngoan.", "Rất ngoan."]

    def freeze(*arguments: Any) -> Any:
        frozen = real(*arguments)
        if changes and frozen.student_id == first:
            change_result(small, first, homeroom_comment=changes.pop(0))
        return frozen

    monkeypatch.setattr(locking, "freeze", freeze)
    assert lock(small)[first]["outcome"] == "locked"
    with small.db.read(small.school_id) as session:
        version = session.exec(
            select(DocumentVersion).where(DocumentVersion.document_id == documents(small)[first].id)
        ).one()
        assert version.snapshot["results"]["homeroom_comment"] == "Rất ngoan."


def test_data_that_come_while_records_are_opened_make_them_out_of_date(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a sync would otherwise not see the records of a lock that is about to commit."""
    first = pupils(small)[0]
    real = locking.open_versions
    syncs: list[threading.Thread] = []

    def sync() -> None:
        with small.db.write(small.school_id) as session:
            row = session.exec(select(StudentResult).where(StudentResult.student_id == first)).one()
            row.payload = {**row.payload, "homeroom_comment": "Rất ngoan."}
            session.add(row)
            session.flush()
            refresh_out_of_date(session, [first])

    def open_versions(*arguments: Any, **named: Any) -> Any:
        opened = real(*arguments, **named)
        if not syncs:
            syncs.append(threading.Thread(target=sync))
            syncs[0].start()
            syncs[0].join(1.0)  # it waits for this transaction
        return opened

    monkeypatch.setattr(locking, "open_versions", open_versions)
    assert lock(small)[first]["outcome"] == "locked"
    syncs[0].join()
    noted = documents(small)[first].out_of_date or []
    assert [(row["locked"], row["synced"]) for row in noted] == [("Ngoan, lễ phép.", "Rất ngoan.")]


def test_data_that_never_stand_still_are_said_so(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    real = locking.freeze

    def freeze(listed: Any, kind: str, candidate: Any) -> Any:
        frozen = real(listed, kind, candidate)
        change_result(small, frozen.student_id, homeroom_comment=frozen.code)
        return frozen

    monkeypatch.setattr(locking, "freeze", freeze)
    outcomes = lock(small)
    assert {row["code"] for row in outcomes.values()} == {ErrorCode.DATA_MOVING.value}
    assert documents(small) == {}


@pytest.mark.parametrize("kind", ["results", "history", "cover"])
def test_nothing_is_locked_whose_pages_show_something_else(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    first, *others = pupils(small)
    with small.db.read(small.school_id) as session:
        name = session.get_one(Student, (small.school_id, first)).full_name.upper()
    real = Page.text
    monkeypatch.setattr(
        Page,
        "text",
        lambda page, text, *given, **named: real(page, "AI ĐÓ" if text == name else text, *given, **named),
    )
    outcomes = lock(small, kind=kind)
    assert (outcomes[first]["outcome"], outcomes[first]["code"]) == ("failed", ErrorCode.FORM_PAGE_DIFFERS.value)
    assert "họ và tên" in outcomes[first]["reason"] and "Trang 1" in outcomes[first]["reason"]
    assert {outcomes[each]["outcome"] for each in others} == {"locked"}
    assert first not in documents(small)


def test_a_killed_lock_goes_on_and_reports_what_it_did_before(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "_TOGETHER", 1)
    real = locking.freeze
    calls: list[str] = []

    def dies(*arguments: Any) -> Any:
        calls.append("")
        if len(calls) == 2:
            raise ClaimLost  # the process is gone: nothing of the job is closed
        return real(*arguments)

    monkeypatch.setattr(locking, "freeze", dies)
    job_id = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    assert work_on(small, job_id).state == "running"
    job = work_on(small, job_id)
    assert job.state == "done" and [row["outcome"] for row in job.report["students"]] == ["locked"] * 3
    assert {document.version_number for document in documents(small).values()} == {1}


def test_a_cancelled_lock_stops_and_keeps_what_it_did(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_TOGETHER", 1)
    real = locking.freeze

    def stops(*arguments: Any) -> Any:
        with small.db.write(small.school_id) as session:
            row = session.get_one(Job, (small.school_id, job_id))
            row.cancel_asked = True
            session.add(row)
        return real(*arguments)

    monkeypatch.setattr(locking, "freeze", stops)
    job_id = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    assert work_on(small, job_id).state == "cancelled"
    assert len(documents(small)) == 1


def test_a_class_of_45_is_no_more_work_a_pupil_than_one_of_15(db: Database, school_id: str) -> None:
    small = small_school(db, school_id, None, students=45)
    with counted(db) as fifteen:
        lock(small, leave_out=pupils(small)[15:])
    with counted(db) as thirty:
        rows = lock(small)
    assert sum(row["outcome"] == "locked" for row in rows.values()) == 30
    print(fifteen, thirty)
    assert thirty.statements <= 2.2 * fifteen.statements and thirty.instructions <= 2.5 * fifteen.instructions
    with small.db.read(small.school_id) as session:
        assert session.exec(select(func.count()).select_from(Student)).one() == 45
        assert all(row.locked_at <= utc_now() for row in session.exec(select(DocumentVersion)).all())
