"""Newer data against locked records: what differs is noted field by field, the locked snapshot stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from hocba_app.domain.snapshot import snapshot_sha256
from hocba_app.models import Database, Document, DocumentVersion, SchoolClass, Student
from hocba_app.models.repositories import membership
from hocba_app.services.accounts import school_identity
from hocba_app.services.accounts.schools import operator
from hocba_app.services.records.out_of_date import refresh_out_of_date
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
                    student_id=student.id,
                    class_id=school_class.id,
                    kind=kind,
                    school_year="" if kind == "cover" else "2025-2026",
                    state="signed",
                    version_number=1,
                )
                session.add(document)
                session.flush()
                snapshot = dict(build_snapshot(session, kind, student, school_class, [], code="AAAA", url="x"))
                version = DocumentVersion(
                    document_id=document.id,
                    number=1,
                    snapshot=snapshot,
                    snapshot_sha256=snapshot_sha256(snapshot),
                    salt="",
                    code="",
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
                Student,
                (Student.id == Document.student_id) & (Student.school_id == Document.school_id),  # type: ignore[arg-type]
            )
        ).all()
        for version in session.exec(select(DocumentVersion)).all():
            assert snapshot_sha256(version.snapshot) == version.snapshot_sha256, "a locked snapshot is never touched"
    return {
        (pupil, kind): [(entry["path"], entry["essential"]) for entry in entries]
        for pupil, kind, entries in rows
        if entries
    }


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
        {
            "path": "results.subjects.TOAN.year",
            "label": "Kết quả – môn – Toán – cả năm",
            "locked": "8.0",
            "synced": "8.3",
            "essential": True,
        }
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
    assert noted(locked) == {}, "what the school is called is a proposal once records were locked in its name"
    (waiting,) = school_identity.changes(locked.db, locked.admin)
    school_identity.confirm(locked.db, operator(locked.school_id), waiting.id)
    with locked.db.write(locked.school_id) as session:
        refresh_out_of_date(session)
    assert {path for entries in noted(locked).values() for path in entries} == {
        ("school.name", False),
        ("history.2025-2026.school_name", False),
    }, "a school renamed later was called otherwise in the year it signed for"
    assert sync_status(locked.db, locked.admin).out_of_date == {}
    fake.put("school", "S", SCHOOL)
    fake.put("classes", "L1", room(name="6A8"))
    locked.sync()
    (waiting, _) = school_identity.changes(locked.db, locked.admin)
    school_identity.confirm(locked.db, operator(locked.school_id), waiting.id)
    with locked.db.write(locked.school_id) as session:
        refresh_out_of_date(session)
    assert (
        noted(locked)["P1", "cover"] == [("class_name", False)]
        and ("class_name", True) in noted(locked)["P1", "results"]
    )
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
    assert (
        found["P2", "results"] == [("results", True)] and ("history.2025-2026.outcome", True) in found["P2", "history"]
    )


def test_a_class_corrected_after_the_lock(locked: Here, fake: FakeSector) -> None:
    """The comparison starts from what the source says of the pupil, not from the class that was locked."""
    fake.put("classes", "L2", room(code="6A2", name="6A2"))
    fake.put("enrolments", "E1", enrolment("P1", class_id="L2"))
    fake.put("results", "R1", result("P1", class_id="L2"))
    locked.sync()
    found = noted(locked)
    assert found["P1", "results"] == [("class_name", True)] and found["P1", "cover"] == [("class_name", False)]
    assert sorted(found["P1", "history"]) == [("class_name", True), ("history.2025-2026.class_name", True)]
    assert not [key for key in found if key[0] == "P2"]


def test_a_move_inside_the_school_is_no_departure(locked: Here, fake: FakeSector) -> None:
    fake.put("classes", "L2", room(code="6A2", name="6A2"))
    fake.put("enrolments", "E1", enrolment("P1", status="moved_out", to_date="2026-01-15"))
    fake.put("enrolments", "E1b", enrolment("P1", class_id="L2", status="moved_in", from_date="2026-01-16"))
    locked.sync()
    assert noted(locked)["P1", "results"] == [("class_name", True)]


def test_classes_merged(locked: Here, fake: FakeSector) -> None:
    fake.put("classes", "L2", room(code="6A", name="6A"))
    for number in (1, 2):
        fake.put("enrolments", f"E{number}", None)
        fake.put("enrolments", f"F{number}", enrolment(f"P{number}", class_id="L2"))
        fake.put("results", f"R{number}", result(f"P{number}", class_id="L2"))
    fake.put("classes", "L1", None)
    job = locked.sync()
    assert {key: entries for key, entries in noted(locked).items() if key[1] == "results"} == {
        (name, "results"): [("class_name", True)] for name in ("P1", "P2")
    }
    assert job.report["out_of_date"] == 4, (
        "a class that goes makes nobody's record out of date while the list of enrolments is to come"
    )


def test_what_has_vanished_is_a_difference(locked: Here, fake: FakeSector) -> None:
    fake.put("enrolments", "E1", None)
    locked.sync()
    assert {key: entries[0] for key, entries in noted(locked).items()} == {
        ("P1", kind): ("enrolment", True) for kind in KINDS
    }
    fake.put("enrolments", "E1", enrolment("P1"))
    locked.sync()
    assert noted(locked) == {}
    fake.put("students", "P2", None)
    locked.sync()
    assert {key: entries[0] for key, entries in noted(locked).items()} == {
        ("P2", kind): ("student", True) for kind in KINDS
    }
    fake.put("students", "P2", pupil(2))
    fake.put("classes", "L1", None)
    locked.sync()
    assert {key: entries[0] for key, entries in noted(locked).items()} == {
        (name, kind): ("enrolment", True) for name in ("P1", "P2") for kind in KINDS
    }, "a class that is cancelled has no pupils, whatever the list of enrolments says"


def entry(student: str, **other: object) -> dict[str, object]:
    return {
        "student_id": student,
        "school_year": "2024-2025",
        "class_name": "5A",
        "grade": 5,
        "school_name": "TH A",
        "commune": "X",
        "province": "Y",
        "outcome": "promoted",
        "note": None,
    } | other


def test_two_schools_in_one_year(fake: FakeSector, locked: Here) -> None:
    """A row is known by the sector's id, not by its year; a school left this year has its row, our own is not doubled."""
    fake.put(
        "history", "H1", entry("P1", school_year="2025-2026", class_name="6C", school_name="THCS B", outcome="moved")
    )
    fake.put(
        "history",
        "H2",
        entry(
            "P2",
            school_year="2025-2026",
            class_name="6A1",
            school_name=SCHOOL["name"],
            commune=SCHOOL["commune"],
            province=SCHOOL["province"],
        ),
    )
    locked.sync()
    found = noted(locked)
    assert set(found) == {("P1", "history")} and ("history.2025-2026#1.school_name", True) in found["P1", "history"]
    with locked.db.read(locked.school_id) as session:
        school_class = session.exec(select(SchoolClass)).one()
        student = session.exec(select(Student).where(Student.source_id == "P1")).one()
        rows = build_snapshot(session, "history", student, school_class, [], code="", url="")["history"]
    assert [(row["school_name"], row.get("row")) for row in rows] == [("THCS B", "H1"), (SCHOOL["name"], None)]


def test_a_cancel_of_this_year_leaves_the_years_before_alone(locked: Here, fake: FakeSector) -> None:
    """Who is on no list of the new year was a pupil all the same; in the new year he is none."""
    fake.by_year = True
    fake.put("history", "H1", entry("P1"))
    locked.sync()
    before = noted(locked)
    fake.put("classes", "L9", room(code="7A1", name="7A1", grade=7, school_year="2026-2027"))
    fake.put("enrolments", "E9", enrolment("P1", class_id="L9", school_year="2026-2027"))
    locked.sync(school_year="2026-2027")
    for resource, identity in (("students", "P1"), ("enrolments", "E9"), ("history", "H1")):
        fake.put(resource, identity, None)
    locked.sync(school_year="2026-2027")
    assert noted(locked) == before
    with locked.db.read(locked.school_id) as session:
        student = session.exec(select(Student).where(Student.source_id == "P1")).one()
        assert student.active and list(membership.memberships_of_pupil(session, student.id)) == ["2025-2026"]
