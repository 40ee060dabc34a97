"""Lives that real pupils and small schools have: who leaves and comes back, repeats twice, skips, is called otherwise later; who teaches
and leads in one person."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from hocba_app.models import (
    Document,
    DocumentVersion,
    Enrolment,
    HistoryEntry,
    School,
    SchoolClass,
    Slot,
    Student,
    StudentResult,
    TeachingAssignment,
)
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.records.lock import start_lock
from hocba_app.services.records.out_of_date import refresh_out_of_date
from hocba_app.services.records.precheck import Candidate, candidates
from hocba_app.services.records.record_list import records_page
from hocba_app.services.signing.signer_inbox import waiting_for
from tests.integration.records.conftest import change_enrolment, change_result, documents, lock, pupils, work_on
from tests.integration.records.test_circumstances import snapshot, texts
from tests.school import SmallSchool

YEAR, NEXT = "2025-2026", "2026-2027"


def new_class(small: SmallSchool, name: str, grade: int, school_year: str) -> str:
    with small.db.write(small.school_id) as session:
        first = session.get_one(SchoolClass, (small.school_id, small.class_id))
        row = SchoolClass(
            source_id=name, code=name, name=name, grade=grade, regime="TT22", school_year=school_year,
            homeroom_staff_id=first.homeroom_staff_id,
        )  # fmt: skip
        session.add(row)
        session.flush()
        for taught in session.exec(
            select(TeachingAssignment).where(TeachingAssignment.class_id == small.class_id)
        ).all():
            session.add(
                TeachingAssignment(
                    source_id=f"{name}{taught.source_id}", class_id=row.id, subject_id=taught.subject_id,
                    staff_id=taught.staff_id,
                )
            )  # fmt: skip
        return row.id


def enrol(small: SmallSchool, pupil: str, class_id: str, school_year: str, **values: Any) -> None:
    with small.db.write(small.school_id) as session:
        number = len(session.exec(select(Enrolment)).all())
        session.add(
            Enrolment(source_id=f"n{number}", student_id=pupil, class_id=class_id, school_year=school_year, **values)
        )


def results_of(small: SmallSchool, pupil: str, class_id: str, school_year: str) -> None:
    """The same marks in another class or year."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(StudentResult).where(StudentResult.student_id == pupil)).one()
        if row.school_year == school_year:
            row.class_id = class_id
            session.add(row)
            return
        session.add(
            StudentResult(
                source_id=f"{pupil[-6:]}{school_year}", student_id=pupil, class_id=class_id, school_year=school_year,
                payload=row.payload,
            )
        )  # fmt: skip


def earlier(small: SmallSchool, pupil: str, school_year: str, **payload: Any) -> None:
    with small.db.write(small.school_id) as session:
        number = len(session.exec(select(HistoryEntry)).all())
        told = {"school_year": school_year} | payload
        session.add(HistoryEntry(source_id=f"h{number}", student_id=pupil, school_year=school_year, payload=told))


def compared(small: SmallSchool) -> dict[tuple[str, str, str], list[str]]:
    """What newer data would change of each document that is out of date."""
    with small.db.write(small.school_id) as session:
        refresh_out_of_date(session)
    with small.db.read(small.school_id) as session:
        return {
            (row.student_id, row.kind, row.school_year): sorted(
                entry["path"] for entry in row.out_of_date or () if entry["essential"]
            )
            for row in session.exec(select(Document).where(col(Document.version_id).is_not(None))).all()
            if any(entry["essential"] for entry in row.out_of_date or ())
        }


def sealed(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        for row in session.exec(select(Document).where(col(Document.version_id).is_not(None))).all():
            row.state, row.next_stage = "sealed", None
            session.add(row)


def looked_at(small: SmallSchool, pupil: str, kind: str, class_id: str) -> Candidate:
    with small.db.read(small.school_id) as session:
        (found,) = candidates(
            session, kind, session.get_one(SchoolClass, (small.school_id, class_id)), student_ids=[pupil]
        )
        return found


def lock_in(small: SmallSchool, class_id: str, kind: str, pupil: str) -> str:
    job = work_on(
        small,
        start_lock(small.db, small.people["admin"], kind=kind, class_id=class_id, student_ids=[pupil]),
    )
    (row,) = job.report["students"]
    return str(row["outcome"])


def test_who_comes_back_in_the_same_year_is_no_leaver_any_more(small: SmallSchool) -> None:
    one = pupils(small)[0]
    change_enrolment(small, one, status="moved_out", to_date="2025-12-01")
    for kind in ("results", "history"):
        assert lock(small, kind, student_ids=[one])[one]["outcome"] == "locked"
    assert "Chuyển đi ngày 01/12/2025" in snapshot(small, one)[1]
    earlier(small, one, YEAR, class_name="6B", grade=6, school_name="Trường THCS Xa", outcome="moved")
    enrol(small, one, small.class_id, YEAR, status="moved_in", from_date="2026-02-10")
    found = compared(small)
    assert found[(one, "results", YEAR)] == ["results.departure"]
    assert any(path.startswith("history") for path in found[(one, "history", YEAR)])
    admin = small.people["admin"]
    assert overview(small.db, admin).classes[0].students == 3
    assert [row.kind for row in records_page(small.db, admin).rows if row.student_id == one] == [
        "cover",
        "history",
        "results",
    ]
    assert lock(small, "cover", student_ids=[one])[one]["outcome"] == "locked"


def test_who_comes_back_next_year_has_the_cover_he_had(small: SmallSchool) -> None:
    one = pupils(small)[0]
    lock(small, "cover")
    change_enrolment(small, one, status="moved_out", to_date="2025-12-01")
    for kind in ("results", "history"):
        lock(small, kind, student_ids=[one])
    sealed(small)
    earlier(small, one, YEAR, class_name="6A1", grade=6, school_name=_name(small), outcome="moved")
    earlier(small, one, YEAR, class_name="6B", grade=6, school_name="Trường THCS Xa", outcome="promoted")
    seven = new_class(small, "7A1", 7, NEXT)
    enrol(small, one, seven, NEXT, status="moved_in", from_date="2026-09-05")
    results_of(small, one, seven, NEXT)
    assert compared(small) == {}, "what he left with says what was so"
    assert looked_at(small, one, "cover", seven).locked
    for kind in ("results", "history"):
        assert lock_in(small, seven, kind, one) == "locked"
    with small.db.read(small.school_id) as session:
        row = session.exec(select(Document).where(Document.kind == "history", Document.school_year == NEXT)).one()
        history = session.get_one(DocumentVersion, (small.school_id, row.version_id)).snapshot["history"]
    assert [(each["school_year"], each["class_name"], each["outcome"]) for each in history] == [
        (YEAR, "6A1", "moved"),
        (YEAR, "6B", "promoted"),
        (NEXT, "7A1", "promoted"),
    ]


def test_who_repeats_a_grade_twice(small: SmallSchool) -> None:
    one = pupils(small)[0]
    for year in ("2023-2024", "2024-2025"):
        earlier(small, one, year, class_name="6A1", grade=6, school_name=_name(small), outcome="retained")
    change_enrolment(small, one, circumstances=[{"kind": "repeats_grade"}])
    assert "QTHT" not in texts(looked_at(small, one, "history", small.class_id))
    assert lock(small, "history", student_ids=[one])[one]["outcome"] == "locked"
    content, page = snapshot(small, one, "history")
    assert [row["school_year"] for row in content["history"]] == ["2023-2024", "2024-2025", YEAR]
    assert page.count("Ở lại lớp") == 2 and "Học lại lớp" in page


def test_who_skips_a_grade_in_mid_year_belongs_where_he_is(small: SmallSchool) -> None:
    one = pupils(small)[0]
    change_enrolment(small, one, status="moved_out", to_date="2026-01-10")
    eight = new_class(small, "8A1", 8, YEAR)
    skipped = [{"kind": "skips_grade", "decision": "12/QĐ-THCS", "from_date": "2026-01-11"}]
    enrol(small, one, eight, YEAR, status="studying", from_date="2026-01-11", circumstances=skipped)
    earlier(small, one, "2024-2025", class_name="6A1", grade=6, school_name=_name(small), outcome="promoted")
    results_of(small, one, eight, YEAR)
    found = looked_at(small, one, "history", eight)
    assert (found.elsewhere, found.left_out, found.blocking) == ("", "", []) and "Điều 28" in texts(found)
    assert "8A1" in looked_at(small, one, "history", small.class_id).elsewhere
    assert lock_in(small, eight, "results", one) == "locked"


def test_a_name_corrected_after_a_year_was_sealed(small: SmallSchool) -> None:
    one = pupils(small)[0]
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    sealed(small)
    seven = new_class(small, "7A1", 7, NEXT)
    enrol(small, one, seven, NEXT)
    results_of(small, one, seven, NEXT)
    with small.db.write(small.school_id) as session:
        row = session.get_one(Student, (small.school_id, one))
        row.full_name, row.birth_date, row.id_number = "Đặng Ỷ Linh", "2014-06-05", "079300009999"
        session.add(row)
    found = compared(small)
    changed = ["student.birth_date", "student.full_name", "student.id_number"]
    assert found == {(one, kind, "" if kind == "cover" else YEAR): changed for kind in ("cover", "history", "results")}
    assert lock_in(small, seven, "results", one) == "locked"
    assert (one, "results", NEXT) not in compared(small), "the new year says what is so now"


def test_a_class_renamed_in_mid_year(small: SmallSchool) -> None:
    one, two, _ = pupils(small)
    lock(small, "cover")
    lock(small, "results", student_ids=[one])
    with small.db.write(small.school_id) as session:
        row = session.get_one(SchoolClass, (small.school_id, small.class_id))
        row.name = "6 Tiếng Anh 1"
        session.add(row)
    found = compared(small)
    assert found == {(one, "results", YEAR): ["class_name"]}, "a cover is of no class"
    assert lock(small, "results", student_ids=[two])[two]["outcome"] == "locked"
    assert snapshot(small, two)[0]["class_name"] == "6 Tiếng Anh 1"


def test_the_principal_teaches_and_so_does_the_homeroom_teacher(small: SmallSchool) -> None:
    one = pupils(small)[0]
    staff = {part: who.staff_id for part, who in small.people.items()}
    with small.db.write(small.school_id) as session:
        for row in session.exec(select(TeachingAssignment)).all():
            row.staff_id = {"TOAN": staff["principal"], "VAN": staff["homeroom"]}.get(row.source_id, row.staff_id)
            session.add(row)
    assert lock(small, "results", student_ids=[one])[one]["outcome"] == "locked"
    with small.db.read(small.school_id) as session:
        version = documents(small)[one].version_id
        slots = session.exec(select(Slot).where(Slot.version_id == version)).all()
        waiting = waiting_for(session, small.people["principal"])
    fields = {slot.field: slot.staff_id for slot in slots}
    assert (fields["s.TOAN.1"], fields["principal"]) == (staff["principal"], staff["principal"])
    assert (fields["s.VAN.1"], fields["homeroom"]) == (staff["homeroom"], staff["homeroom"])
    by_id = {slot.id: slot.field for slot in slots}
    assert {by_id[row.slot_id]: row.ready for row in waiting} == {"s.TOAN.1": True}, "he approves when all have signed"


def test_a_teacher_replaced_in_mid_year_signs_for_the_year(small: SmallSchool) -> None:
    one = pupils(small)[0]
    with small.db.write(small.school_id) as session:
        row = session.exec(select(TeachingAssignment).where(TeachingAssignment.source_id == "TOAN")).one()
        row.term = "I"
        session.add(row)
        session.add(
            TeachingAssignment(
                source_id="TOAN2", class_id=row.class_id, subject_id=row.subject_id, staff_id=small.people["VAN"].staff_id or "",
                term="II",
            )
        )  # fmt: skip
    found = looked_at(small, one, "results", small.class_id)
    (slot,) = [slot for slot in found.slots if "TOAN" in slot.rows]
    assert slot.staff_id == small.people["VAN"].staff_id and set(slot.rows) == {"TOAN", "VAN"}, "one slot a person"


def test_a_pupil_who_left_is_not_promoted_by_a_result_of_his_new_school(small: SmallSchool) -> None:
    """His new school submits the year: our record of him still ends on the day he left."""
    one = pupils(small)[0]
    change_enrolment(small, one, status="moved_out", to_date="2026-02-01")
    change_result(small, one, promotion=None)
    assert lock(small, "history", student_ids=[one])[one]["outcome"] == "locked"
    row = snapshot(small, one, "history")[0]["history"][-1]
    assert (row["outcome"], row["note"]) == ("moved", "Chuyển đi ngày 01/02/2026")


def _name(small: SmallSchool) -> str:
    with small.db.read(small.school_id) as session:
        return session.get_one(School, small.school_id).name
