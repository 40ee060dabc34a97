"""Newer data against locked records: what differs is noted field by field, the locked snapshot stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from hocba_app.domain.snapshot import snapshot_sha256
from hocba_app.models import Database, Document, DocumentVersion, SchoolClass, Student
from hocba_app.services.records.snapshot import build_snapshot
from hocba_app.services.sync.commands import sync_status
from hocba_app.settings import settings
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.fake_sector import SCHOOL, FakeSector, enrolment, filled, pupil, result, room, subject
from tests.integration.sync.test_bad_records import ACCOUNT

KINDS = ("cover", "history", "results")


@pytest.fixture
def fake(configured: pytest.MonkeyPatch) -> Iterator[FakeSector]:
    sector = filled(FakeSector())
    with running(sector.app) as url:
        configured.setenv("HOCBA_SMAS_URL", url)
        settings.cache_clear()
        yield sector


@pytest.fixture
def locked(db: Database, fake: FakeSector) -> Here:
    """Synced, and every document of every pupil locked."""
    here = school_here(db, ACCOUNT)
    here.sync()
    with db.write(here.school_id) as session:
        school_class = session.exec(select(SchoolClass)).one()
        for student in session.exec(select(Student)).all():
            for kind in KINDS:
                document = Document(
                    student_id=student.id, class_id=school_class.id, kind=kind, school_year="" if kind == "cover" else "2025-2026",
                    state="signed", version_number=1,
                )
                session.add(document)
                session.flush()
                snapshot = dict(build_snapshot(session, kind, student, school_class, [], code="AAAA", url="x"))
                version = DocumentVersion(
                    document_id=document.id, number=1, snapshot=snapshot, snapshot_sha256=snapshot_sha256(snapshot), salt="", code="",
                    class_id=school_class.id,
                )
                session.add(version)
                session.flush()
                document.version_id = version.id
                session.add(document)
    return here


def noted(here: Here) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """(pupil, kind) → (path, essential)."""
    with here.db.read(here.school_id) as session:
        rows = session.exec(
            select(Student.source_id, Document.kind, Document.out_of_date).join(
                Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id)  # type: ignore[arg-type]
            )
        ).all()
        for version in session.exec(select(DocumentVersion)).all():
            assert snapshot_sha256(version.snapshot) == version.snapshot_sha256, "a locked snapshot is never touched"
    return {(pupil, kind): [(entry["path"], entry["essential"]) for entry in entries] for pupil, kind, entries in rows if entries}


def test_a_corrected_mark_makes_the_results_of_that_pupil_out_of_date(locked: Here, fake: FakeSector) -> None:
    locked.sync()
    assert noted(locked) == {}
    fake.put("results", "R1", result("P1", year="8.3"))
    job = locked.sync()
    assert noted(locked) == {("P1", "results"): [("results.subjects.TOAN.year", True)]}
    assert job.report["out_of_date"] == 1 and sync_status(locked.db, locked.admin).out_of_date == {"results": 1}
    with locked.db.read(locked.school_id) as session:
        entry = session.exec(select(Document).where(Document.out_of_date.is_not(None))).one().out_of_date  # type: ignore[union-attr]
    assert entry == [
        {"path": "results.subjects.TOAN.year", "label": "Kết quả – môn – Toán – cả năm", "locked": "8.0", "synced": "8.3", "essential": True}
    ]


def test_what_is_set_right_again_is_no_longer_noted(locked: Here, fake: FakeSector) -> None:
    fake.put("results", "R1", result("P1", year="8.3"))
    locked.sync()
    fake.put("results", "R1", result("P1"))
    locked.sync()
    assert noted(locked) == {}


def test_facts_of_a_moment_are_listed_and_do_not_make_a_cover_out_of_date(locked: Here, fake: FakeSector) -> None:
    fake.put("students", "P1", pupil(1, address="12 Lê Lợi", father_job="Kĩ sư", mother_job="Y tá"))
    job = locked.sync()
    assert noted(locked) == {
        ("P1", "cover"): [("student.address", False), ("student.father_job", False), ("student.mother_job", False)]
    }
    assert job.report["out_of_date"] == 0 and sync_status(locked.db, locked.admin).out_of_date == {}


def test_a_changed_name_makes_every_document_of_the_pupil_out_of_date(locked: Here, fake: FakeSector) -> None:
    fake.put("students", "P2", pupil(2, full_name="Nguyễn Văn Ấn"))
    locked.sync()
    assert noted(locked) == {("P2", kind): [("student.full_name", True)] for kind in KINDS}


def test_school_class_and_subject(locked: Here, fake: FakeSector) -> None:
    fake.put("school", "S", SCHOOL | {"name": "Trường THCS Mới"})
    locked.sync()
    assert {path for entries in noted(locked).values() for path in entries} == {
        ("school.name", False), ("history.2025-2026.school_name", False)
    }, "a school renamed later was called otherwise in the year it signed for"
    assert sync_status(locked.db, locked.admin).out_of_date == {}
    fake.put("school", "S", SCHOOL)
    fake.put("classes", "L1", room(name="6A8"))
    locked.sync()
    assert noted(locked)["P1", "cover"] == [("class_name", False)] and ("class_name", True) in noted(locked)["P1", "results"]
    fake.put("classes", "L1", room())
    fake.put("subjects", "M1", subject("TOAN", name="Toán học"))
    locked.sync()
    assert noted(locked) == {(name, "results"): [("results.subjects.TOAN.name", True)] for name in ("P1", "P2")}


def test_who_moves_away_or_loses_his_results(locked: Here, fake: FakeSector) -> None:
    fake.put("enrolments", "E1", enrolment("P1", status="moved_out", to_date="2026-01-15"))
    fake.put("results", "R2", None)
    locked.sync()
    found = noted(locked)
    assert found["P1", "results"] == [("results.departure", True)]
    assert found["P2", "results"] == [("results", True)] and ("history.2025-2026.outcome", True) in found["P2", "history"]
