"""One pupil's whole record: every year, the class he is in now, and only what this person may look at."""

from __future__ import annotations

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Document, Enrolment, SchoolClass
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.pupil import pupil_view
from tests.integration.records.conftest import change_enrolment, change_result, lock, pupils
from tests.refusals import refused
from tests.school import SmallSchool


def another_class(small: SmallSchool, name: str, year: str, student_id: str = "", **enrolment: str) -> str:
    with small.db.write(small.school_id) as session:
        row = SchoolClass(source_id=f"{name}{year}", code=name, name=name, grade=6, regime="TT22", school_year=year)
        session.add(row)
        session.flush()
        if student_id:
            session.add(
                Enrolment(
                    source_id=f"{name}{year}", student_id=student_id, class_id=row.id, school_year=year, **enrolment
                )
            )
        return row.id


def test_every_document_there_or_not(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    lock(small, "results")
    change_result(small, pupil, homeroom_comment="Rất ngoan.")
    view = pupil_view(small.db, small.people["admin"], pupil)
    (cover,) = view.covers
    assert (cover.step, cover.document_id, cover.may_lock, cover.level) == (
        "open",
        "",
        True,
        "lower_secondary",
    )
    assert "Chưa có ảnh." in [finding.text for finding in cover.missing]
    ((year),) = view.years
    assert (year.school_year, year.class_name, year.enrolment, year.departure) == ("2025-2026", "6A1", "studying", "")
    history, results = year.documents
    assert (history.kind, history.step, history.may_lock) == ("history", "open", True)
    assert (results.kind, results.step, results.version, results.may_lock, results.missing) == (
        "results",
        "subject",
        1,
        False,
        (),
    )
    assert (view.may_attach, view.may_print, view.attached) == (True, False, ())


def test_years_newest_first_and_the_class_he_is_in_now(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    old = another_class(small, "5A", "2024-2025")
    with small.db.write(small.school_id) as session:
        session.add(
            Document(
                student_id=pupil,
                class_id=old,
                kind="results",
                school_year="2024-2025",
                state="sealed",
                version_number=1,
            )
        )
    change_enrolment(small, pupil, status="moved_out", to_date="2025-10-01")
    now = another_class(small, "6A2", "2025-2026", pupil, from_date="2025-10-01")
    view = pupil_view(small.db, small.people["admin"], pupil)
    assert [(year.school_year, year.class_name, year.enrolment) for year in view.years] == [
        ("2025-2026", "6A2", "studying"),
        ("2024-2025", "5A", ""),
    ]
    assert view.years[1].documents[1].step == "sealed" and view.may_print
    with small.db.write(small.school_id) as session:
        row = session.exec(select(Enrolment).where(Enrolment.class_id == now)).one()
        row.status, row.to_date = "moved_out", "2025-12-01"
        session.add(row)
    view = pupil_view(small.db, small.people["admin"], pupil)
    assert (view.years[0].class_name, view.years[0].departure) == ("6A2", "Chuyển đi ngày 01/12/2025")


def test_a_teacher_sees_his_pupil_and_opens_only_his_classes(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    other = another_class(small, "5A", "2024-2025")
    with small.db.write(small.school_id) as session:
        session.add(
            Document(
                student_id=pupil,
                class_id=other,
                kind="results",
                school_year="2024-2025",
                state="sealed",
                version_number=1,
            )
        )
    view = pupil_view(small.db, small.people["homeroom"], pupil)
    assert [document.document_id for document in view.years[1].documents] == ["", ""], "said to be there, not opened"
    assert view.years[1].documents[1].step == "sealed"
    assert not (
        view.may_attach
        or view.may_print
        or any(document.may_lock for year in view.years for document in year.documents)
    )


def test_nobody_else(small: SmallSchool, other: SmallSchool) -> None:
    pupil = pupils(small)[0]
    stranger = Identity("x", small.school_id, "01aaaaaaaaaaaaaaaaaaaaaaaa", "x", "x", frozenset({"teacher"}))
    for db_user, student_id in (
        (stranger, pupil),
        (other.people["admin"], pupil),
        (small.people["admin"], "01bbbbbbbbbbbbbbbbbbbbbbbb"),
    ):
        assert refused(pupil_view, small.db, db_user, student_id) is ErrorCode.FORBIDDEN
