"""One definition of a pupil's class, the same in the rule and in the query – and in lock, lists, print and counts."""

from __future__ import annotations

import random

from sqlmodel import select

from hocba_app.domain.membership import Membership, membership_of
from hocba_app.models import Database, Document, Enrolment, SchoolClass, Student, StudentResult
from hocba_app.models.repositories import membership
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.printing import print_page
from hocba_app.services.records.precheck import candidates
from hocba_app.services.records.preview import lock_preview
from hocba_app.services.records.record_list import records_page
from tests.integration.records.conftest import change_enrolment, documents, lock, pupils
from tests.integration.signers.people import staff_id
from tests.school import SmallSchool

YEAR, BEFORE = "2025-2026", "2024-2025"


def test_the_query_asks_what_the_rule_says(db: Database, school_id: str) -> None:
    chance = random.Random(7)
    with db.write(school_id) as session:
        classes = [
            SchoolClass(
                source_id=f"c{n}",
                code=f"c{n}",
                name=f"c{n}",
                grade=6,
                regime="TT22",
                school_year=YEAR if n < 3 else BEFORE,
                active=n % 3 > 0,
            )
            for n in range(6)
        ]
        students = [
            Student(source_id=f"p{n}", code=f"p{n}", full_name="x", active=chance.random() < 0.8) for n in range(80)
        ]
        session.add_all([*classes, *students])
        session.flush()
        days = (None, "2025-09-05", "2026-01-10")
        rows = [
            Enrolment(
                source_id=f"e{n}-{number}",
                student_id=student.id,
                class_id=(of := chance.choice(classes)).id,
                school_year=of.school_year,
                status=chance.choice(("studying", "moved_in", "moved_out", "left")),
                from_date=chance.choice(days),
                to_date=chance.choice(days),
                active=chance.random() < 0.8,
            )
            for n, student in enumerate(students)
            for number in range(chance.randrange(5))
        ]
        session.add_all(rows)
    active = {row.id: row.active for row in [*classes, *students]}
    expected: dict[str, dict[str, str]] = {YEAR: {}, BEFORE: {}}
    for year, found in expected.items():
        for student in students:
            place = membership_of(
                Membership(
                    row.id,
                    row.class_id,
                    row.status,
                    row.from_date,
                    row.to_date,
                    row.active and active[row.class_id] and active[student.id],
                )
                for row in rows
                if row.student_id == student.id and row.school_year == year
            )
            if place is not None:
                found[student.id] = place.id
    with db.read(school_id) as session:
        for year, found in expected.items():
            assert len(found) > 20
            assert {key: place.id for key, place in membership.memberships_of_year(session, year).items()} == found
            assert {key: place.id for key, place in membership.memberships_of(session, active, year).items()} == found
        everywhere = {student.id: membership.memberships_of_pupil(session, student.id) for student in students[:20]}
        assert {(key, year, place.id) for key, places in everywhere.items() for year, place in places.items()} == {
            (key, year, place) for year, found in expected.items() for key, place in found.items() if key in everywhere
        }
        assert membership.present_per_class(session, YEAR) == {
            of.id: len(members) for of in classes if (members := membership.present_in(session, of.id, YEAR))
        }


def move(small: SmallSchool, student_id: str) -> str:
    """Into 6A2 in January, as SMAS tells it; the year's result goes with him."""
    with small.db.write(small.school_id) as session:
        other = SchoolClass(
            source_id="c2",
            code="6A2",
            name="6A2",
            grade=6,
            regime="TT22",
            school_year=YEAR,
            homeroom_staff_id=staff_id(small, "VAN"),
        )
        session.add(other)
        session.flush()
        row = session.exec(select(Enrolment).where(Enrolment.student_id == student_id)).one()
        row.status, row.to_date = "moved_out", "2026-01-15"
        session.add(row)
        session.add(
            Enrolment(
                source_id="e1b",
                student_id=student_id,
                class_id=other.id,
                school_year=YEAR,
                status="moved_in",
                from_date="2026-01-16",
            )
        )
        result = session.exec(select(StudentResult).where(StudentResult.student_id == student_id)).one()
        result.class_id = other.id
        session.add(result)
        return other.id


def test_who_changed_class_is_no_leaver_in_the_old_one(small: SmallSchool) -> None:
    one, admin = pupils(small)[0], small.people["admin"]
    other = move(small, one)
    for found in (lock(small), lock(small, student_ids=[one])):
        assert found[one]["outcome"] == "left_out" and "6A2" in found[one]["reason"]
    assert one not in documents(small)
    assert one not in {row.student_id for row in lock_preview(small.db, admin, "results", small.class_id).students}
    with small.db.read(small.school_id) as session:
        (there,) = candidates(session, "results", session.get_one(SchoolClass, (small.school_id, other)))
        assert (there.student.id, there.elsewhere, there.left_out) == (one, "", "")
    assert {(row.class_name, row.kind) for row in records_page(small.db, admin).rows if row.student_id == one} == {
        ("6A2", kind) for kind in ("cover", "history", "results")
    }
    assert [row.student_id for row in print_page.print_pupils(small.db, admin, other)] == [one]
    assert one not in {row.student_id for row in print_page.print_pupils(small.db, admin, small.class_id)}
    assert {row.name: row.students for row in overview(small.db, admin).classes} == {"6A1": 2, "6A2": 1}


def test_who_is_cancelled_in_smas_is_not_locked(small: SmallSchool) -> None:
    one = pupils(small)[0]
    with small.db.write(small.school_id) as session:
        row = session.get_one(Student, (small.school_id, one))
        row.active = False
        session.add(row)
    for kind in ("cover", "history", "results"):
        found = lock(small, kind)
        assert found[one]["outcome"] == "left_out" and "SMAS" in found[one]["reason"]
        assert one not in documents(small, kind)
    view = overview(small.db, small.people["admin"]).classes[0]
    assert view.students == 2 and view.steps["results"] == {"subject": 2}, "nobody waits for him"
    assert len(records_page(small.db, small.people["admin"]).rows) == 6


def test_a_leavers_record_hides_no_open_one(small: SmallSchool) -> None:
    leaver, second, third = pupils(small)
    change_enrolment(small, leaver, status="moved_out", to_date="2026-01-15")
    lock(small, student_ids=[leaver, second])
    row = overview(small.db, small.people["admin"]).classes[0]
    assert (row.students, row.steps["results"]) == (2, {"subject": 2, "open": 1}), third


def test_a_cancelled_and_remade_enrolment_lists_a_document_once(small: SmallSchool) -> None:
    one = pupils(small)[0]
    lock(small)
    change_enrolment(small, one, active=False)
    admin = small.people["admin"]
    assert [row.kind for row in records_page(small.db, admin).rows if row.student_id == one] == ["results"], (
        "what he has stays in sight"
    )
    with small.db.write(small.school_id) as session:
        session.add(Enrolment(source_id="e1b", student_id=one, class_id=small.class_id, school_year=YEAR))
    page = records_page(small.db, admin, kind="results")
    assert page.total == 3 and [row.student_id for row in page.rows].count(one) == 1
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(Document)).all()) == 3
    assert overview(small.db, admin).classes[0].steps["results"] == {"subject": 3}
