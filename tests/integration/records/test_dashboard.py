"""The dashboard's numbers are those of the rows; sixty classes are no more questions than thirty."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import select

from hocba_app.models import Document, DocumentVersion, Enrolment, SchoolClass, Slot, Student
from hocba_app.models.base import utc_now
from hocba_app.services.overview.dashboard import overview
from tests.integration.records.conftest import change_enrolment, documents, lock, pupils
from tests.school import SmallSchool
from tests.work import Work, counted


def test_numbers_of_a_class(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    lock(small, leave_out=[third])
    with small.db.write(small.school_id) as session:
        document = session.get_one(Document, (small.school_id, documents(small)[first].id))
        document.out_of_date = [{"essential": True}]
        other = session.get_one(Document, (small.school_id, documents(small)[second].id))
        other.out_of_date = [{"essential": False}]
        for slot in session.exec(select(Slot).where(Slot.stage == "subject", Slot.document_id == document.id)).all():
            slot.signed_at = utc_now()
            session.add(slot)
        document.next_stage, document.state = "homeroom", "signing"
        session.add_all([document, other])
    view = overview(small.db, small.people["principal"])
    row = view.classes[0]
    assert (row.students, row.out_of_date, {k: v for k, v in row.steps["results"].items() if v}) == (
        3,
        1,
        {"open": 1, "subject": 1, "homeroom": 1},
    )
    assert row.steps["cover"]["open"] == 3 and view.totals["results"]["homeroom"] == 1
    assert {(person.stage, person.slots) for person in view.people} == {("subject", 1), ("homeroom", 1)}
    assert sum(count for _, count in view.days) == 3
    progress = {row.staff_id: (row.signed, row.slots) for row in view.signers}
    assert progress[small.people["TOAN"].staff_id or ""] == (1, 2) and progress[
        small.people["homeroom"].staff_id or ""
    ] == (0, 2)
    assert overview(small.db, small.people["homeroom"]).signers == []
    assert overview(small.db, small.people["TOAN"]).days == [] and overview(small.db, small.people["TOAN"]).mine == {
        "subject": 1
    }
    assert overview(small.db, small.people["homeroom"]).mine == {"homeroom": 1}


def test_a_signature_late_in_the_evening_counts_for_the_day_in_vietnam(small: SmallSchool) -> None:
    lock(small)
    with small.db.write(small.school_id) as session:
        first, second, *_ = session.exec(select(Slot).where(Slot.stage == "subject")).all()
        first.signed_at, second.signed_at = (
            datetime(2026, 5, 24, 16, 59, tzinfo=UTC),
            datetime(2026, 5, 24, 17, 1, tzinfo=UTC),
        )
        session.add_all([first, second])
    assert overview(small.db, small.people["principal"]).days == [("2026-05-24", 1), ("2026-05-25", 1)]


def test_a_pupil_who_left_is_not_waited_for(small: SmallSchool) -> None:
    change_enrolment(small, pupils(small)[0], status="moved_out")
    row = overview(small.db, small.people["admin"]).classes[0]
    assert (row.students, row.steps["results"]["open"]) == (2, 2)


def test_another_school_sees_its_own(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    view = overview(other.db, other.people["principal"])
    assert (view.people, [row.students for row in view.classes]) == ([], [2])
    assert view.classes[0].steps["results"]["open"] == 2


def test_sixty_classes_are_no_more_questions_than_thirty(small: SmallSchool, other: SmallSchool) -> None:
    def view(school: SmallSchool, records: int) -> Work:
        with school.db.read(school.school_id) as session:
            session.connection()  # what a connection is told when it opens is not the dashboard's work
        with counted(school.db) as work:
            assert overview(school.db, school.people["principal"]).totals["results"]["homeroom"] == records
        return work

    for school, prefix in ((other, "o"), (small, "h"), (small, "k")):
        thirty_more_classes(school, prefix)
    half, whole = view(other, 1200), view(small, 2400)
    assert whole.statements <= half.statements
    assert whole.instructions <= 2.5 * half.instructions
    assert overview(small.db, small.people["homeroom"]).mine == {"homeroom": 2400}


def thirty_more_classes(small: SmallSchool, prefix: str) -> None:
    """1,200 records, 6,000 slots."""
    with small.db.write(small.school_id) as session:
        classes = [
            SchoolClass(
                source_id=f"{prefix}{n}",
                code=f"{prefix}{n}",
                name=f"{prefix}{n}",
                grade=6,
                regime="TT22",
                school_year="2025-2026",
            )
            for n in range(30)
        ]
        session.add_all(classes)
        students = [
            Student(source_id=f"{prefix}{n}", code=f"{prefix}{n}", full_name=f"Trần Văn {n}", sort_name=str(n))
            for n in range(1200)
        ]
        session.add_all(students)
        session.flush()
        for n, student in enumerate(students):
            class_id = classes[n // 40].id
            session.add(
                Enrolment(source_id=f"{prefix}{n}", student_id=student.id, class_id=class_id, school_year="2025-2026")
            )
        records = [
            Document(
                student_id=student.id,
                class_id=classes[n // 40].id,
                kind="results",
                school_year="2025-2026",
                state="locked",
                next_stage="homeroom",
            )
            for n, student in enumerate(students)
        ]
        session.add_all(records)
        session.flush()
        versions = [
            DocumentVersion(
                document_id=row.id,
                number=1,
                snapshot={},
                snapshot_sha256="",
                salt="",
                code=f"{prefix}{n}",
                class_id=row.class_id,
            )
            for n, row in enumerate(records)
        ]
        session.add_all(versions)
        session.flush()
        for row, version in zip(records, versions, strict=True):
            row.version_id = version.id
            for n, stage in enumerate(("subject", "subject", "subject", "homeroom", "principal")):
                session.add(
                    Slot(
                        version_id=version.id,
                        document_id=row.id,
                        field=f"s.{n}",
                        stage=stage,
                        position=n,
                        staff_id=small.people["homeroom"].staff_id,
                        signed_at=utc_now() if stage == "subject" else None,
                    )
                )
