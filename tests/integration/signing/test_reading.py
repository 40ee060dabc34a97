"""What a signer reads before he signs: his subject's year, what is odd, what is new since he signed, why it came back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, Slot
from hocba_app.models.base import utc_now
from hocba_app.services.objections.objections import raise_objection
from hocba_app.services.reading.queue_content import Content, group_content
from hocba_app.services.reading.record_reading import read_record
from hocba_app.services.signing.queue_groups import my_groups
from hocba_app.services.signing.signer_inbox import my_queue
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import change_result, documents, lock, own_documents, pupils
from tests.refusals import refused
from tests.school import SUBJECTS, SmallSchool, small_school

__all__ = ["own_documents"]


@pytest.fixture
def small(db: Database, school_id: str) -> SmallSchool:
    return small_school(db, school_id, None, students=3)


def content(small: SmallSchool, part: str) -> list[Content]:
    return [
        row
        for group in my_groups(small.db, small.people[part])
        for row in group_content(
            small.db, small.people[part], stage=group.stage, kind=group.kind, school_year=group.school_year,
            class_id=group.class_id, subjects=group.subjects,
        )
    ]  # fmt: skip


def subjects(**marks: str | None) -> list[dict[str, str | None]]:
    """A year's subjects, with Toán's as given."""
    rows = [
        {"subject_code": code, "comment": "Chăm chỉ, tiến bộ.", "note": None, "reassessed": None}
        | dict.fromkeys(("term1", "term2", "year"), "8.5" if kind == "marked" else "Đ")
        for code, _, kind in SUBJECTS
    ]
    rows[0] |= marks
    return rows


def sign(small: SmallSchool, part: str) -> None:
    with small.db.write(small.school_id) as session:
        for slot in session.exec(select(Slot).where(Slot.staff_id == small.people[part].staff_id)).all():
            slot.signed_at = utc_now()
            session.add(slot)


def test_a_teacher_reads_his_own_subject_with_commas_and_is_shown_what_strikes(small: SmallSchool) -> None:
    student = pupils(small)[1]
    change_result(
        small, student, subjects=subjects(term1="9.5", term2="6.5", year="7.5", comment="Em Lan 3 chăm ngoan.")
    )
    lock(small)
    rows = content(small, "TOAN")
    assert [row.student_name for row in rows] == ["Đặng Ỷ Lan 1", "Đặng Ỷ Lan 2", "Đặng Ỷ Lan 3"]
    assert rows[0].values == (
        ("HK I", "8,5"), ("HK II", "8,5"), ("Cả năm", "8,5"), ("Nhận xét", "Chăm chỉ, tiến bộ."),
    )  # fmt: skip
    assert rows[0].odd == () and dict(rows[1].values)["HK I"] == "9,5"
    assert rows[1].odd == ("Hai học kì chênh 3,0 điểm.",)
    assert next(row.values[-1] for row in content(small, "GDTC")) == ("Nhận xét", "Chăm chỉ, tiến bộ.")
    assert dict(content(small, "GDTC")[0].values)["Cả năm"] == "Đạt"


def test_what_is_new_since_he_signed_and_why_it_came_back(small: SmallSchool) -> None:
    lock(small)
    student = pupils(small)[0]
    document = documents(small)[student].id
    sign(small, "TOAN")
    unlock.request_unlock(small.db, small.people["principal"], [document], "Sửa điểm Toán")
    change_result(small, student, subjects=subjects(term2="9.0", year="8.8"))
    lock(small, student_ids=[student])
    [row] = content(small, "TOAN")
    assert [(label.split(" – ")[-1], then, now) for label, then, now in row.changed] == [
        ("học kì II", "8,5", "9,0"), ("cả năm", "8,5", "8,8"),
    ]  # fmt: skip
    assert "Sửa điểm Toán" in row.returned
    van = next(row for row in content(small, "VAN") if row.document_id == document)
    assert van.changed == () and van.returned, (
        "he had not signed: nothing is new to him, but he is told why it came back"
    )


def test_who_signs_for_the_whole_record_reads_its_outcome(small: SmallSchool) -> None:
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    rows = content(small, "principal")
    assert {tuple(label for label, _ in row.values) for row in rows} == {
        ("Ngày sinh", "Giới tính", "Nơi sinh", "Dân tộc", "Ảnh"), ("Số năm", "Năm nay", "Kết quả", "Ghi chú"),
    }  # fmt: skip
    assert ("Kết quả", "Được lên lớp") in rows[3].values and ("Ngày sinh", "06/05/2014") in rows[0].values
    for part in ("TOAN", "VAN", "GDTC"):
        sign(small, part)
    assert content(small, "VAN") == []


def test_the_queries_do_not_grow_with_the_class(db: Database, school_id: str) -> None:
    counts = []
    small = small_school(db, school_id, None, students=3)
    lock(small)
    with db.write(school_id) as session:
        slots = session.exec(select(Slot).where(Slot.staff_id == small.people["TOAN"].staff_id)).all()
        for slot in slots[1:]:
            slot.signed_at = utc_now()
            session.add(slot)
    for _ in range(2):
        statements: list[str] = []
        note = lambda _c, _k, statement, *_, into=statements: into.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        rows = group_content(
            db, small.people["TOAN"], stage="subject", kind="results", school_year="2025-2026",
            class_id=small.class_id, subjects=["TOAN"],
        )  # fmt: skip
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append((len(rows), len(statements)))
        with db.write(school_id) as session:
            for slot in session.exec(select(Slot).where(Slot.staff_id == small.people["TOAN"].staff_id)).all():
                slot.signed_at = None
                session.add(slot)
    assert [rows for rows, _ in counts] == [1, 3] and counts[0][1] == counts[1][1] <= 10


def test_a_record_is_read_with_its_neighbours(small: SmallSchool) -> None:
    lock(small)
    found = documents(small)
    order = [found[student].id for student in pupils(small)]
    teacher = small.people["TOAN"]
    first = read_record(small.db, teacher, order[0], own_queue=True)
    assert (first.previous, first.next, first.place, first.of) == ("", order[1], 1, 3)
    lines = {line.label: line.text for section in first.sections for line in section.lines}
    assert (
        lines["Toán"].startswith("HK I 8,5 · HK II 8,5 · Cả năm 8,5") and lines["Đánh giá cuối năm"] == "Được lên lớp"
    )
    assert not any("promoted" in text for text in lines.values())
    assert first.may_report and ("TOAN", "Toán") in first.subjects
    raise_objection(small.db, teacher, order[1], fact="marks", reason="Nhầm", subject_code="TOAN")
    middle = read_record(small.db, small.people["admin"], order[1], own_queue=False)
    assert (middle.previous, middle.next) == (order[0], order[2]) and "Nhầm" in middle.questioned


def test_a_record_is_read_by_those_of_its_class_only(small: SmallSchool, db: Database) -> None:
    lock(small)
    document = documents(small)[pupils(small)[0]]
    stranger = replace(small.people["TOAN"], staff_id="x" * 26, roles=frozenset({"teacher"}))
    elsewhere = replace(small.people["admin"], school_id="y" * 26)
    for who in (stranger, elsewhere):
        assert refused(read_record, db, who, document.id, own_queue=False) is ErrorCode.FORBIDDEN
    assert my_queue(db, stranger) == []
