"""Conflicts of identity: both sides shown, decided by a person of the office, done by the next run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import (
    Account,
    AuditEvent,
    Database,
    Enrolment,
    Job,
    SigningKey,
    Staff,
    Student,
    SyncCursor,
    SyncRow,
)
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync import conflicts, sync_job
from hocba_app.services.sync.conflicts import open_conflicts, resolve
from hocba_app.settings import settings
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.fake_sector import FakeSector, filled, pupil, teacher
from tests.integration.sync.test_bad_records import ACCOUNT, pupils
from tests.refusals import refused


@pytest.fixture
def fake(configured: pytest.MonkeyPatch) -> Iterator[FakeSector]:
    sector = filled(FakeSector())
    with running(sector.app) as url:
        configured.setenv("HOCBA_SMAS_URL", url)
        settings.cache_clear()
        yield sector


@pytest.fixture
def ours(db: Database, fake: FakeSector) -> Here:
    here = school_here(db, ACCOUNT)
    here.sync()
    return here


def test_a_changed_number_accepted(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P1", pupil(1, id_number="079214000099", full_name="Nguyễn Văn Ấn"))
    ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)
    assert (conflict.ours.values["Số định danh"], conflict.incoming.values["Số định danh"]) == (
        "079214000001",
        "079214000099",
    )
    assert set(conflict.choices) == {"accept", "keep"}
    ours.work(resolve(ours.db, ours.admin, conflict.id, "accept"))
    assert open_conflicts(ours.db, ours.admin) == []
    assert (pupils(ours)["P1"].id_number, pupils(ours)["P1"].full_name) == ("079214000099", "Nguyễn Văn Ấn")
    with ours.db.read(ours.school_id) as session:
        assert (
            session.exec(select(AuditEvent).where(AuditEvent.action == "sync.conflict_resolved")).one().data["choice"]
            == "accept"
        )


def test_a_changed_number_not_taken_stays_away_until_a_newer_version(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P1", pupil(1, id_number="079214000099"))
    ours.sync()
    ours.work(resolve(ours.db, ours.admin, open_conflicts(ours.db, ours.admin)[0].id, "keep"))
    ours.sync()
    assert open_conflicts(ours.db, ours.admin) == [] and pupils(ours)["P1"].id_number == "079214000001"
    fake.put("students", "P1", pupil(1, id_number="079214000098"))
    ours.sync()
    assert len(open_conflicts(ours.db, ours.admin)) == 1


def test_the_same_pupil_under_a_new_id_keeps_everything_he_has(ours: Here, fake: FakeSector) -> None:
    before = pupils(ours)["P1"].id
    fake.put("students", "P9", pupil(1, address="Chỗ mới"))
    ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)
    assert set(conflict.choices) == {"accept", "same", "keep"} and conflict.ours.source_id == "P1"
    ours.work(resolve(ours.db, ours.admin, conflict.id, "same"))
    assert set(pupils(ours)) == {"P9", "P2"} and pupils(ours)["P9"].id == before
    assert pupils(ours)["P9"].details["address"] == "Chỗ mới"
    with ours.db.read(ours.school_id) as session:
        assert before in session.exec(select(Enrolment.student_id)).all()
    fake.put("students", "P1", None)
    ours.sync()
    assert pupils(ours)["P9"].active, "the old id's end is not the pupil's"


def test_a_number_that_belongs_to_the_newcomer(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P9", pupil(9, id_number=pupil(1)["id_number"]))
    ours.sync()
    ours.work(resolve(ours.db, ours.admin, open_conflicts(ours.db, ours.admin)[0].id, "accept"))
    assert (pupils(ours)["P9"].id_number, pupils(ours)["P1"].id_number) == (pupil(1)["id_number"], None)
    assert open_conflicts(ours.db, ours.admin) == []


def test_a_code_two_records_have_is_never_taken_twice(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P9", pupil(9, code="HS001"))
    ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)
    assert set(conflict.choices) == {"same", "keep"}
    assert refused(resolve, ours.db, ours.admin, conflict.id, "accept") is ErrorCode.INVALID_INPUT


def test_a_correction_in_smas_ends_the_conflict_by_itself(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P9", pupil(9, id_number=pupil(1)["id_number"]))
    ours.sync()
    stale = open_conflicts(ours.db, ours.admin)[0].id
    fake.put("students", "P9", pupil(9))
    ours.sync()
    assert open_conflicts(ours.db, ours.admin) == []
    assert refused(resolve, ours.db, ours.admin, stale, "accept") is ErrorCode.NOT_FOUND


def test_nobody_decides_while_a_run_is_at_work_nor_without_the_right_nor_elsewhere(
    ours: Here, fake: FakeSector, db: Database
) -> None:
    fake.put("students", "P9", pupil(9, id_number=pupil(1)["id_number"]))
    job = ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)
    with ours.db.write(ours.school_id) as session:
        row = session.get_one(Job, (ours.school_id, job.id))
        row.state = "running"
        session.add(row)
    assert refused(resolve, ours.db, ours.admin, conflict.id, "accept") is ErrorCode.SYNC_RUNNING
    teacher = Identity("a", ours.school_id, "s", "gv", "Giáo viên", frozenset({"teacher"}))
    for call in (lambda: open_conflicts(ours.db, teacher), lambda: resolve(ours.db, teacher, conflict.id, "keep")):
        assert refused(call) is ErrorCode.FORBIDDEN
    other = school_here(db, {"code": "79770003", "client_id": "x", "client_secret": "y"})
    assert open_conflicts(db, other.admin) == []
    assert refused(resolve, db, other.admin, conflict.id, "keep") is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("column", ["id_number", "old_id_number"])
@pytest.mark.parametrize("has", ["account", "key", "nothing"])
def test_the_first_number_of_somebody_who_signs_here_is_as_grave_as_a_changed_one(
    ours: Here, fake: FakeSector, column: str, has: str
) -> None:
    """It says whose certificate signs in his place. Somebody who has nothing here yet is simply completed."""
    number = {"id_number": "079180000099", "old_id_number": "079180009"}[column]
    fake.put("staff", "T2", teacher(2, id_number=None, old_id_number=None))
    ours.sync()
    with ours.db.write(ours.school_id) as session:
        person = session.exec(select(Staff).where(Staff.source_id == "T2")).one()
        if has == "account":
            account = session.exec(select(Account).where(Account.staff_id == person.id)).one()
            account.password_hash = "in use"
            session.add(account)
        elif has == "key":
            session.add(SigningKey(owner=person.id, provider_user="CMT_079180009"))
    fake.put("staff", "T2", teacher(2, id_number=None, old_id_number=None) | {column: number})
    ours.sync()
    found = open_conflicts(ours.db, ours.admin)
    if has == "nothing":
        assert found == [] and number_of(ours, column) == number
        return
    [conflict] = found
    assert conflict.field == column and set(conflict.choices) == {"accept", "keep"} and number_of(ours, column) is None
    ours.work(resolve(ours.db, ours.admin, conflict.id, "accept"))
    assert number_of(ours, column) == number and open_conflicts(ours.db, ours.admin) == []


def test_an_old_number_that_another_has_is_a_clash(ours: Here, fake: FakeSector) -> None:
    fake.put("staff", "T2", teacher(2, old_id_number="079180009"))
    fake.put("staff", "T3", teacher(3, old_id_number="079180009"))
    ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)
    assert (conflict.field, conflict.ours.source_id, conflict.incoming.source_id) == ("old_id_number", "T2", "T3")


def number_of(ours: Here, column: str) -> str | None:
    with ours.db.read(ours.school_id) as session:
        return session.exec(select(getattr(Staff, column)).where(Staff.source_id == "T2")).one()


def test_what_is_accepted_takes_effect_after_every_check(ours: Here, fake: FakeSector) -> None:
    """Made anew in SMAS under the same code and number: the number decided, the code is still another's. Nobody loses anything."""
    fake.put("students", "P9", pupil(1, address="Chỗ mới"))
    ours.sync()
    ours.work(resolve(ours.db, ours.admin, open_conflicts(ours.db, ours.admin)[0].id, "accept"))
    assert pupils(ours)["P1"].id_number == pupil(1)["id_number"] and "P9" not in pupils(ours)
    [conflict] = open_conflicts(ours.db, ours.admin)
    assert (conflict.field, set(conflict.choices)) == ("code", {"same", "keep"})
    ours.work(resolve(ours.db, ours.admin, conflict.id, "same"))
    assert pupils(ours)["P9"].id_number == pupil(1)["id_number"] and open_conflicts(ours.db, ours.admin) == []


def test_the_same_person_whose_new_record_clashes_with_a_third_is_not_renamed(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P9", pupil(9, code="HS001"))
    ours.sync()
    conflict = open_conflicts(ours.db, ours.admin)[0].id
    job_id = resolve(ours.db, ours.admin, conflict, "same")
    with ours.db.write(ours.school_id) as session:  # meanwhile the number became another pupil's
        row = session.exec(select(Student).where(Student.source_id == "P2")).one()
        row.id_number = pupil(9)["id_number"]
        session.add(row)
    ours.work(job_id)
    assert set(pupils(ours)) == {"P1", "P2"} and len(open_conflicts(ours.db, ours.admin)) == 1


def test_two_who_decide_at_once_lose_nothing(ours: Here, fake: FakeSector, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        fake.put("students", f"P{number}", pupil(number, id_number=f"07921400009{number}"))
    ours.sync()
    both, real = threading.Barrier(2), conflicts._choices

    def slow(session: Session, row: SyncRow) -> dict[str, str]:
        found = real(session, row)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(1)
        return found

    open_ones = open_conflicts(ours.db, ours.admin)
    monkeypatch.setattr(conflicts, "_choices", slow)
    people = [
        threading.Thread(target=resolve, args=(ours.db, ours.admin, conflict.id, "accept")) for conflict in open_ones
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    with ours.db.read(ours.school_id) as session:
        cursor = session.exec(select(SyncCursor).where(SyncCursor.resource == "students")).one()
        assert {row["id"]: row.get("decision") for row in cursor.pending} == {"P1": "accept", "P2": "accept"}
        assert len(session.exec(select(AuditEvent).where(AuditEvent.action == "sync.conflict_resolved")).all()) == 2
        assert len(session.exec(select(Job).where(Job.kind == "sync", Job.state == "queued")).all()) == 1


def test_a_decision_made_while_a_run_reads_is_not_overwritten(
    ours: Here, fake: FakeSector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has read what waits, the decision comes, the run writes: it reads again."""
    fake.put("students", "P1", pupil(1, id_number="079214000091"))
    ours.sync()
    real, decided = sync_job.collect, list[str]()

    def late(client: object, resource: str, *given: object, **more: object) -> object:
        found = real(client, resource, *given, **more)  # type: ignore[arg-type]
        if resource == "students" and not decided:
            with ours.db.write(ours.school_id) as session:
                cursor = session.exec(select(SyncCursor).where(SyncCursor.resource == "students")).one()
                cursor.pending = [row | {"decision": "accept"} for row in cursor.pending]
                session.add(cursor)
            decided.append("accept")
        return found

    monkeypatch.setattr(sync_job, "collect", late)
    ours.sync()
    assert decided and pupils(ours)["P1"].id_number == "079214000091" and open_conflicts(ours.db, ours.admin) == []


def test_a_run_that_cannot_be_asked_for_leaves_nothing_decided(
    ours: Here, fake: FakeSector, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.put("students", "P1", pupil(1, id_number="079214000091"))
    ours.sync()
    [conflict] = open_conflicts(ours.db, ours.admin)

    def refuse(*_given: object, **_more: object) -> str:
        raise HocbaError(ErrorCode.FORBIDDEN)

    monkeypatch.setattr(conflicts, "start_sync", refuse)
    with pytest.raises(HocbaError):
        resolve(ours.db, ours.admin, conflict.id, "accept")
    assert open_conflicts(ours.db, ours.admin)[0].decision == ""
