"""What the office has to solve: gaps by kind, certificates that run out, failed jobs of the last day, the last sync."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Job, SigningKey, Student
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import notify_all
from hocba_app.services.overview.office_tasks import attention
from hocba_app.services.overview.waiting import waiting
from tests.refusals import refused
from tests.school import SmallSchool


def test_people_with_the_same_gap_are_one_line(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        for key in session.exec(select(SigningKey).where(SigningKey.owner != "seal")).all():
            session.delete(key)
    found = attention(small.db, small.people["admin"])
    [accounts] = [problem for problem in found.problems if problem.page == "/signing-accounts"]
    assert accounts.blocking and accounts.whom.count(",") == 2 and "và 2 người khác" in accounts.whom
    assert "Chưa có tài khoản ký số" in accounts.text
    assert found.last_sync is None and found.failed == []


def test_certificates_that_run_out_are_listed_once(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        for key in session.exec(select(SigningKey)).all():
            far = key.owner != small.people["TOAN"].staff_id
            key.valid_from, key.valid_to = (
                utc_now() - timedelta(days=300),
                utc_now() + timedelta(days=400 if far else 12, hours=1),
            )
            key.checked_at = utc_now()
            session.add(key)
    found = attention(small.db, small.people["admin"])
    assert [(view.owner, view.days_left) for view in found.expiring] == [(small.people["TOAN"].staff_id, 12)]
    assert not any("hết hạn" in problem.text for problem in found.problems)


def test_failed_jobs_of_the_last_day_with_their_sentence(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        for kind, hours, state, code in (
            ("sync", 2, "failed", "provider_busy"),
            ("lock", 1, "failed", "no_such_code"),
            ("lock", 30, "failed", None),
            ("lock", 1, "done", None),
        ):
            session.add(Job(kind=kind, state=state, error_code=code, ended_at=utc_now() - timedelta(hours=hours)))
    found = attention(small.db, small.people["admin"])
    assert [(job.name, job.page) for job in found.failed] == [("Chốt học bạ", "/lock"), ("Đồng bộ", "/sync")]
    assert found.failed[1].text == HocbaError(ErrorCode.PROVIDER_BUSY).sentence and found.failed[0].text
    assert found.last_sync is not None and found.last_sync.state == "failed"


def test_teachers_are_refused_and_another_school_sees_nothing_of_ours(small: SmallSchool, stranger: Identity) -> None:
    with small.db.write(small.school_id) as session:
        session.add(Job(kind="sync", state="failed", ended_at=utc_now()))
    for part in ("TOAN", "homeroom", "operator"):
        assert refused(attention, small.db, small.people[part]) is ErrorCode.FORBIDDEN
    theirs = attention(small.db, stranger)
    assert theirs.failed == [] and theirs.last_sync is None and theirs.expiring == []


def test_letters_that_cannot_be_printed_wait_for_the_office_before_a_class_is_locked(small: SmallSchool) -> None:
    assert not any("ký tự" in problem.text for problem in attention(small.db, small.people["admin"]).problems)
    with small.db.write(small.school_id) as session:
        student = session.exec(select(Student).where(Student.active)).first()
        assert student is not None
        student.details = student.details | {"birth_place": "ꪣꪳꪉ ꪎꪱꪒ"}  # Mường, in Tai Viet
        session.add(student)
        notify_all(session)
    [problem] = [each for each in attention(small.db, small.people["admin"]).problems if "ký tự" in each.text]
    assert problem.blocking and problem.whom == student.full_name and problem.page == "/sync"
    assert "Nơi sinh" in problem.text and "U+AAA3" in problem.text and "SMAS" in problem.text


def test_before_any_data_have_come_nothing_is_a_fault(small: SmallSchool, stranger: Identity) -> None:
    """A fresh school lacks everything; the guide through the year leads, no red line does."""
    assert attention(small.db, stranger).problems == []
    assert [task for task in waiting(small.db, stranger) if task.urgent] == []
