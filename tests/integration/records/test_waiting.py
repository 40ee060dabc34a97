"""Everybody sees what waits for him, with its number and its page, each role its own, and nothing else."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from hocba_app.models import Account, Document, Job, LeadershipProposal, SigningKey
from hocba_app.models.base import utc_now
from hocba_app.services.objections.objections import answer, raise_objection
from hocba_app.services.overview.waiting import badges, waiting
from hocba_app.services.signing.reminders import dismiss, remind, reminders_of
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import change_result, documents, lock, pupils
from tests.school import SmallSchool
from tests.work import counted

PARTS = ("admin", "principal", "homeroom", "TOAN", "operator")


def told(small: SmallSchool, part: str, *kinds: str) -> dict[str, int]:
    """What this person sees of these kinds, with its number; of every kind but the gaps of this small school without any."""
    found = waiting(small.db, small.people[part])
    wanted = kinds or {task.kind for task in found} - {"problem", "own_image", "own_key", "year", "year_ahead"}
    return {task.kind: task.count for task in found if task.kind in wanted}


def seen_by(small: SmallSchool, kind: str) -> dict[str, int]:
    """By part how many of one kind he sees."""
    return {part: count for part in PARTS if (count := told(small, part, kind).get(kind, 0))}


def test_signatures_wait_for_those_whose_turn_it_is(small: SmallSchool) -> None:
    assert [told(small, part) for part in PARTS] == [{}] * 5
    lock(small)
    assert seen_by(small, "sign") == {"TOAN": 3}
    lock(small, "cover")
    assert seen_by(small, "sign") == {"TOAN": 3, "principal": 3}
    task = next(task for task in waiting(small.db, small.people["TOAN"]) if task.kind == "sign")
    assert (task.href, task.button, task.urgent) == ("/sign", "Ký ngay", True)
    assert badges([task]) == {"/sign": 3}


def test_an_unlock_request_waits_for_who_may_answer_it(small: SmallSchool) -> None:
    lock(small)
    first = documents(small)[pupils(small)[0]].id
    unlock.request_unlock(small.db, small.people["admin"], [first], "Sai điểm")
    assert seen_by(small, "unlock") == {"principal": 1}
    task = next(task for task in waiting(small.db, small.people["principal"]) if task.kind == "unlock")
    assert task.href == "/unlock"
    own = replace(small.people["admin"], roles=frozenset({"management", "deputy"}))
    assert "unlock" not in {task.kind for task in waiting(small.db, own)}, "nobody answers his own"


def test_unlocked_records_wait_for_the_office_to_lock_them_again(small: SmallSchool) -> None:
    lock(small)
    first = documents(small)[pupils(small)[0]].id
    unlock.request_unlock(small.db, small.people["principal"], [first], "Sai điểm")
    assert seen_by(small, "relock") == {"admin": 1, "principal": 1}
    lock(small, student_ids=[pupils(small)[0]])
    assert seen_by(small, "relock") == {}


def test_pupils_whom_a_lock_could_not_take_are_told_with_the_reason(small: SmallSchool) -> None:
    first, second, _ = pupils(small)
    change_result(small, first, promotion=None)
    change_result(small, second, promotion=None)
    lock(small)
    assert seen_by(small, "blocked") == {"admin": 2, "principal": 2}
    task = next(task for task in waiting(small.db, small.people["admin"]) if task.kind == "blocked")
    assert "KQHT 2" in task.title and "Chưa có kết luận lên lớp." in task.text and task.href == "/lock"
    change_result(small, first, promotion="promoted")
    lock(small)
    assert seen_by(small, "blocked") == {"admin": 1, "principal": 1}, "locked since then"


def test_a_report_waits_for_office_and_homeroom_teacher(small: SmallSchool) -> None:
    lock(small)
    first = documents(small)[pupils(small)[0]].id
    report = raise_objection(small.db, small.people["TOAN"], first, fact="marks", reason="Sai")
    assert seen_by(small, "reported") == {"admin": 1, "principal": 1, "homeroom": 1}
    assert told(small, "TOAN", "sign") == {"sign": 2}, "what is held is not his to sign"
    answer(small.db, small.people["admin"], report, "Đúng")
    assert seen_by(small, "reported") == {} and told(small, "TOAN", "sign") == {"sign": 3}


def test_new_data_proposals_reminders_and_failed_work(small: SmallSchool) -> None:
    lock(small)
    with small.db.write(small.school_id) as session:
        row = session.get_one(Document, (small.school_id, documents(small)[pupils(small)[0]].id))
        row.out_of_date = [{"essential": True}]
        staff = small.people["VAN"].staff_id or ""
        session.add_all([row, LeadershipProposal(staff_id=staff, before="teacher", proposed="vice_principal")])
        session.add(Job(kind="sync", state="failed", ended_at=utc_now(), error_code="sector_unreachable"))
        account = session.exec(select(Account).where(Account.staff_id == staff)).one()
        account.credentials_open, account.credentials_by = True, small.people["admin"].account_id
        session.add(account)
    remind(small.db, small.people["homeroom"], small.class_id, small.people["TOAN"].staff_id or "")
    assert seen_by(small, "stale") == {"admin": 1, "principal": 1}
    assert seen_by(small, "proposal") == {"principal": 1} and seen_by(small, "credentials") == {"principal": 1}
    assert seen_by(small, "job") == {"admin": 1, "principal": 1}
    assert seen_by(small, "reminded") == {"TOAN": 1}
    [asked] = reminders_of(small.db, small.people["TOAN"])
    dismiss(small.db, small.people["TOAN"], asked.id)
    assert seen_by(small, "reminded") == {}


def test_a_certificate_that_ends_soon_is_told_its_owner_and_the_office(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        session.add(
            SigningKey(
                owner=small.people["TOAN"].staff_id or "",
                provider_user="CCCD_1",
                credential_id="c",
                chain=[base64.b64encode(b"no certificate").decode()],
                valid_to=utc_now() + timedelta(days=9),
            )
        )
    assert seen_by(small, "expiring") == {"admin": 1, "principal": 1}
    [task] = [task for task in waiting(small.db, small.people["TOAN"]) if task.kind == "own_key"]
    assert "hết hạn" in task.text and task.href == "/my-signature"


def test_another_school_is_told_nothing_of_it(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    first = documents(small)[pupils(small)[0]].id
    raise_objection(small.db, small.people["TOAN"], first, fact="marks", reason="Sai")
    unlock.request_unlock(small.db, small.people["admin"], [first], "Sai điểm")
    assert [told(other, part) for part in PARTS] == [{}] * 5


def test_it_is_counted_in_the_database_and_kept(small: SmallSchool) -> None:
    lock(small)
    for part in PARTS:
        with counted(small.db) as work:
            waiting(small.db, small.people[part])
        with counted(small.db) as again:
            waiting(small.db, small.people[part])
        # What is kept costs two, and two more where a look at the feed of changes is due.
        assert work.statements <= 100 and again.statements <= 5, (part, work.statements, again.statements)
