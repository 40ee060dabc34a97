"""Sync of chosen classes takes everything that concerns them: what is cancelled or moves away too, and says so."""

from __future__ import annotations

from sqlmodel import select

from hocba_app.models import Enrolment, HistoryEntry, SchoolClass, Student, StudentResult, SyncRow
from tests.integration.sync.conftest import Here
from tests.integration.sync.fake_sector import FakeSector, enrolment, pupil, result, room
from tests.integration.sync.test_conflicts import fake, ours  # noqa: F401
from tests.integration.sync.test_out_of_date import entry


def class_id(here: Here, source_id: str = "L1") -> str:
    with here.db.read(here.school_id) as session:
        return session.exec(select(SchoolClass.id).where(SchoolClass.source_id == source_id)).one()


def enrolled(here: Here) -> dict[str, tuple[str, bool]]:
    with here.db.read(here.school_id) as session:
        return {row.source_id: (row.class_id, row.active) for row in session.exec(select(Enrolment)).all()}


def gone(here: Here, job_id: str) -> set[tuple[str, str]]:
    with here.db.read(here.school_id) as session:
        rows = session.exec(select(SyncRow).where(SyncRow.job_id == job_id, SyncRow.outcome == "gone")).all()
        return {(row.resource, row.source_id) for row in rows}


def test_cancellations_come_and_are_reported(ours: Here, fake: FakeSector) -> None:
    fake.put("classes", "L2", room(code="6A2", name="6A2"))
    fake.put("students", "P3", pupil(3))
    fake.put("enrolments", "E3", enrolment("P3", class_id="L2"))
    fake.put("history", "H1", entry("P1"))
    ours.sync()
    for resource, identity in (
        ("enrolments", "E1"),
        ("results", "R1"),
        ("history", "H1"),
        ("teaching_assignments", "A1"),
        ("enrolments", "E3"),
    ):
        fake.put(resource, identity, None)
    job = ours.sync(class_ids=[class_id(ours)])
    taken = {("enrolments", "E1"), ("results", "R1"), ("history", "H1"), ("teaching_assignments", "A1")}
    assert gone(ours, job.id) == taken, "of the chosen class, and of no other"
    assert {name: found["gone"] for name, found in job.report["resources"].items() if found["gone"]} == dict.fromkeys(
        (name for name, _ in taken), 1
    )
    assert not enrolled(ours)["E1"][1] and enrolled(ours)["E3"][1]
    with ours.db.read(ours.school_id) as session:
        assert session.exec(select(StudentResult.source_id)).all() == ["R2"]
        assert not session.exec(select(HistoryEntry)).one().active
    assert gone(ours, ours.sync().id) == {("enrolments", "E3")}, "the whole school's run brings the rest"


def test_who_moves_out_of_a_chosen_class_is_moved(ours: Here, fake: FakeSector) -> None:
    fake.put("classes", "L2", room(code="6A2", name="6A2"))
    ours.sync()
    fake.put("enrolments", "E1", enrolment("P1", class_id="L2"))
    fake.put("results", "R1", result("P1", class_id="L2"))
    ours.sync(class_ids=[class_id(ours)])
    assert enrolled(ours)["E1"][0] == class_id(ours, "L2")
    with ours.db.read(ours.school_id) as session:
        student = session.exec(select(Student.id).where(Student.source_id == "P1")).one()
        assert session.exec(
            select(StudentResult.class_id).where(StudentResult.student_id == student)
        ).one() == class_id(ours, "L2")
