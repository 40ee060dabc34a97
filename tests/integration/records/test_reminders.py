"""Reminding a teacher who has not signed: who may, whom, once a day, until he has signed or read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import AuditEvent, Job, Reminder, Slot, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.notify import mail
from hocba_app.services.signing import reminders
from hocba_app.services.signing.reminders import bring_back, dismiss, late_teachers, remind, reminders_of
from tests.integration.records.conftest import lock
from tests.school import SmallSchool


def staff_of(small: SmallSchool, part: str) -> str:
    return small.people[part].staff_id or ""


def sign_all(small: SmallSchool, part: str) -> None:
    with small.db.write(small.school_id) as session:
        for slot in session.exec(select(Slot).where(Slot.staff_id == staff_of(small, part))).all():
            slot.signed_at = utc_now()
            session.add(slot)


def refused(small: SmallSchool, by: str, to: str, class_id: str = "") -> ErrorCode:
    with pytest.raises(HocbaError) as caught:
        remind(small.db, small.people[by], class_id or small.class_id, staff_of(small, to))
    return caught.value.code


def test_the_homeroom_teacher_sees_who_is_late_and_reminds_once_a_day(small: SmallSchool) -> None:
    lock(small)
    head = small.people["homeroom"]
    assert [(row.class_name, row.subjects, row.reminded) for row in late_teachers(small.db, head)] == [
        ("6A1", (("Toán", 3),), False),
        ("6A1", (("Ngữ văn", 3),), False),
        ("6A1", (("Giáo dục thể chất", 3),), False),
    ]
    assert not remind(small.db, head, small.class_id, staff_of(small, "TOAN"))  # no mail server here
    assert {row.staff_id for row in late_teachers(small.db, head) if row.reminded} == {staff_of(small, "TOAN")}
    assert refused(small, "homeroom", "TOAN") is ErrorCode.ALREADY_REMINDED
    assert refused(small, "admin", "TOAN") is ErrorCode.ALREADY_REMINDED  # whoever reminds
    with small.db.read(small.school_id) as session:
        [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "reminder.sent")).all()
    assert (event.actor, event.subject, event.data) == (
        head.account_id,
        f"class:{small.class_id}",
        {"staff": staff_of(small, "TOAN"), "records": 3},
    )


def test_the_reminded_person_sees_it_until_he_has_signed(small: SmallSchool) -> None:
    lock(small)
    remind(small.db, small.people["homeroom"], small.class_id, staff_of(small, "TOAN"))
    [asked] = reminders_of(small.db, small.people["TOAN"])
    assert (asked.class_name, asked.by, asked.records) == ("6A1", small.people["homeroom"].full_name, 3)
    assert reminders_of(small.db, small.people["VAN"]) == []
    sign_all(small, "TOAN")
    assert reminders_of(small.db, small.people["TOAN"]) == []
    assert refused(small, "homeroom", "TOAN") is ErrorCode.NOTHING_TO_DO


def test_the_reminded_person_dismisses_it_and_the_older_ones_with_it(small: SmallSchool) -> None:
    lock(small)
    with small.db.write(small.school_id) as session:
        yesterday = Reminder(
            from_account=small.people["admin"].account_id,
            to_staff=staff_of(small, "TOAN"),
            class_id=small.class_id,
            day=(today() - timedelta(days=1)).isoformat(),
            created_at=utc_now() - timedelta(days=1),
        )
        session.add(yesterday)
    remind(small.db, small.people["homeroom"], small.class_id, staff_of(small, "TOAN"))  # another day
    [asked] = reminders_of(small.db, small.people["TOAN"])
    assert asked.by == small.people["homeroom"].full_name
    for stranger in ("VAN", "homeroom"):
        with pytest.raises(HocbaError) as caught:
            dismiss(small.db, small.people[stranger], asked.id)
        assert caught.value.code is ErrorCode.NOT_FOUND
    dismiss(small.db, small.people["TOAN"], asked.id)
    dismiss(small.db, small.people["TOAN"], asked.id)
    assert reminders_of(small.db, small.people["TOAN"]) == []
    with pytest.raises(HocbaError) as caught:
        bring_back(small.db, small.people["VAN"], asked.id)
    assert caught.value.code is ErrorCode.NOT_FOUND
    for _ in range(2):
        bring_back(small.db, small.people["TOAN"], asked.id)
    assert reminders_of(small.db, small.people["TOAN"]) == [asked]
    with small.db.read(small.school_id) as session:
        assert [row.seen_at for row in session.exec(select(Reminder)).all()] == [None, None], "the older one too"


def test_who_may_remind_whom(small: SmallSchool) -> None:
    lock(small)
    assert late_teachers(small.db, small.people["TOAN"]) == [] and late_teachers(small.db, small.people["admin"]) == []
    assert refused(small, "TOAN", "VAN") is ErrorCode.FORBIDDEN
    assert refused(small, "operator", "VAN") is ErrorCode.FORBIDDEN
    assert refused(small, "homeroom", "VAN", "01aaaaaaaaaaaaaaaaaaaaaaaa") is ErrorCode.FORBIDDEN
    assert refused(small, "admin", "VAN", "01aaaaaaaaaaaaaaaaaaaaaaaa") is ErrorCode.FORBIDDEN
    assert refused(small, "homeroom", "principal") is ErrorCode.NOTHING_TO_DO
    remind(small.db, small.people["admin"], small.class_id, staff_of(small, "VAN"))
    assert [row.by for row in reminders_of(small.db, small.people["VAN"])] == ["Quản trị"]


def test_another_school_is_out_of_reach(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    for part in ("admin", "homeroom", "principal"):
        with pytest.raises(HocbaError) as caught:
            remind(other.db, other.people[part], small.class_id, staff_of(small, "TOAN"))
        assert caught.value.code is ErrorCode.FORBIDDEN
        with pytest.raises(HocbaError) as caught:
            remind(other.db, other.people[part], other.class_id, staff_of(small, "TOAN"))
        assert caught.value.code is ErrorCode.NOTHING_TO_DO
    remind(small.db, small.people["homeroom"], small.class_id, staff_of(small, "TOAN"))
    [asked] = reminders_of(small.db, small.people["TOAN"])
    with pytest.raises(HocbaError) as caught:
        dismiss(other.db, other.people["TOAN"], asked.id)
    assert caught.value.code is ErrorCode.NOT_FOUND and late_teachers(other.db, other.people["homeroom"]) == []


def test_a_worker_posts_the_letter_where_mail_is_set_up_and_its_failure_undoes_nothing(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small)
    letters: list[Any] = []

    def post(letter: Any) -> None:
        if letter.to.startswith("refused"):
            raise HocbaError(ErrorCode.MAIL_FAILED)
        letters.append(letter)

    @contextmanager
    def office() -> Iterator[Any]:
        yield post

    monkeypatch.setattr(reminders, "offered", lambda: True)
    monkeypatch.setattr(mail, "post_office", office)
    with small.db.write(small.school_id) as session:
        for part, address in (("TOAN", "toan@school.test"), ("VAN", "refused@school.test")):
            person = session.get_one(Staff, (small.school_id, staff_of(small, part)))
            person.email = address
            session.add(person)
    head = small.people["homeroom"]
    assert [remind(small.db, head, small.class_id, staff_of(small, part)) for part in ("TOAN", "VAN", "GDTC")] == [
        True,
        True,
        False,
    ]
    assert letters == []  # nothing is sent while somebody waits for the page
    with small.db.read(small.school_id) as session:
        jobs = [row.id for row in session.exec(select(Job).where(Job.kind == "reminder_mail").order_by(Job.id)).all()]
    ends = [advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) for job_id in jobs]
    assert ends[0] == "ended" and ends[1] != "ended"  # the refused one is tried again …
    monkeypatch.setattr(reminders, "GIVE_UP_AFTER", timedelta(0))
    with small.db.write(small.school_id) as session:
        waiting = session.get_one(Job, (small.school_id, jobs[1]))
        waiting.wake_at = waiting.created_at
    assert advance(small.db, RunningJobs(), small.school_id, jobs[1], "w0", threading.Event()) == "ended"
    with small.db.read(small.school_id) as session:  # … and given up with its reason
        states = [session.get_one(Job, (small.school_id, job_id)) for job_id in jobs]
    assert [(row.state, row.error_code) for row in states] == [("done", None), ("failed", "reminder_not_mailed")]
    [letter] = letters
    assert (
        letter.to == "toan@school.test"
        and "lớp 6A1 còn 3 hồ sơ" in letter.text
        and "http://school.test/sign" in letter.text
    )
    assert "Đặng" not in letter.text  # no pupil's name travels by mail
    assert len(reminders_of(small.db, small.people["VAN"])) == 1


def test_no_letter_goes_to_who_has_read_the_reminder_or_signed(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small)
    monkeypatch.setattr(reminders, "offered", lambda: True)
    monkeypatch.setattr(reminders, "sent", lambda _letter: pytest.fail("posted"))
    with small.db.write(small.school_id) as session:
        for part in ("TOAN", "VAN"):
            person = session.get_one(Staff, (small.school_id, staff_of(small, part)))
            person.email = f"{part}@school.test"
            session.add(person)
    for part in ("TOAN", "VAN"):
        assert remind(small.db, small.people["homeroom"], small.class_id, staff_of(small, part))
    [asked] = reminders_of(small.db, small.people["TOAN"])
    dismiss(small.db, small.people["TOAN"], asked.id)
    sign_all(small, "VAN")
    with small.db.read(small.school_id) as session:
        jobs = [row.id for row in session.exec(select(Job).where(Job.kind == "reminder_mail")).all()]
    assert [advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) for job_id in jobs] == [
        "ended",
        "ended",
    ]


def test_everybody_is_reminded_at_once_but_oneself_and_a_text_can_be_pasted(small: SmallSchool) -> None:
    lock(small)
    lock(small, "cover")
    assert refused(small, "principal", "principal") is ErrorCode.REMINDER_OWN
    remind(small.db, small.people["homeroom"], small.class_id, staff_of(small, "TOAN"))
    done = reminders.remind_all(small.db, small.people["principal"])
    assert (done.people, done.mailed) == (2, 0), (
        "who was reminded today is not reminded again, nor is the principal himself"
    )
    assert "Nguyễn Thị Ánh 3: 6A1 (3 hồ sơ)" in done.text and "http://school.test/sign" in done.text
    assert small.people["principal"].full_name not in done.text and "Đặng" not in done.text, "no pupil's name"
    assert reminders.remind_all(small.db, small.people["principal"]).people == 0
    assert len(reminders_of(small.db, small.people["VAN"])) == 1
    with small.db.read(small.school_id) as session:
        sent = session.exec(select(AuditEvent).where(AuditEvent.action == "reminder.sent")).all()
    assert len(sent) == 3


def test_a_homeroom_teacher_reminds_his_subject_teachers_at_once(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    assert reminders.remind_all(small.db, small.people["homeroom"]).people == 3
    for school, part in ((small, "TOAN"), (other, "admin"), (other, "homeroom")):
        with pytest.raises(HocbaError) as caught:
            reminders.remind_all(school.db, school.people[part])
        assert caught.value.code is ErrorCode.NOTHING_TO_DO
