"""The list of records and one record's story: complete, paged on the server, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Enrolment, SchoolClass, Student
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.record_detail import record_file, record_view
from hocba_app.services.records.record_list import (
    RecordsPage,
    chosen_documents,
    classes_for,
    records_page,
    years_for,
)
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import change_enrolment, change_result, documents, lock, pupils
from tests.refusals import refused
from tests.school import SmallSchool
from tests.work import Work, counted


def page(small: SmallSchool, part: str = "admin", **filters: Any) -> RecordsPage:
    return records_page(small.db, small.people[part], **filters)


def stranger(small: SmallSchool) -> Identity:
    """A teacher of the school who has nothing to do with the class."""
    who = small.people["TOAN"]
    return Identity(who.account_id, who.school_id, "0" * 26, "x", "x", frozenset({"teacher", "subject"}))


def test_pupils_without_documents_stand_in_the_list(small: SmallSchool) -> None:
    found = page(small)
    assert (found.total, len(found.rows)) == (9, 9)
    assert {row.step for row in found.rows} == {"open"} and {row.document_id for row in found.rows} == {None}
    lock(small, "results")
    found = page(small, kind="results")
    assert {row.step for row in found.rows} == {"subject"}
    assert found.rows[0].waits_for == tuple(f"Nguyễn Thị Ánh {number}" for number in (3, 4, 5))
    assert (page(small, state="open").total, page(small, state="subject").total, page(small, state="seal").total) == (
        6,
        3,
        0,
    )


def test_pages_sorts_and_searches_are_the_servers(small: SmallSchool) -> None:
    names = [row.student_name for row in page(small, kind="cover", sort="name").rows]
    assert names == [row.student_name for row in reversed(page(small, kind="cover", sort="name", descending=True).rows)]
    second = page(small, kind="cover", sort="code", page=2, size=2)
    assert (second.pages, [row.student_code for row in second.rows]) == (2, ["HS003"])
    assert page(small, page=99, size=4).page == 3
    assert [row.student_code for row in page(small, kind="cover", search="lan 2").rows] == ["HS002"]
    assert [row.student_code for row in page(small, kind="cover", search="DANG Y hs003").rows] == ["HS003"]
    assert page(small, search="không có ai").total == 0
    for sort in ("class", "step", "updated"):
        assert page(small, sort=sort).total == 9


@pytest.mark.parametrize("filters", [{"kind": "x"}, {"state": "x"}, {"sort": "student; drop table"}])
def test_filters_nobody_offers_are_refused(small: SmallSchool, filters: dict[str, str]) -> None:
    assert refused(page, small, **filters) is ErrorCode.INVALID_INPUT


def test_a_pupil_who_changed_class_stands_once_and_one_who_left_stays(small: SmallSchool) -> None:
    first, second, third = pupils(small)
    change_enrolment(small, first, status="moved_out")
    change_enrolment(small, second, status="moved_out", to_date="2026-03-05")
    with small.db.write(small.school_id) as session:
        other = SchoolClass(source_id="c2", code="6A2", name="6A2", grade=6, regime="TT22", school_year="2025-2026")
        session.add(other)
        session.flush()
        session.add(Enrolment(source_id="again", student_id=first, class_id=other.id, school_year="2025-2026"))
    found = page(small, kind="cover")
    assert sorted((row.student_id, row.class_name) for row in found.rows if row.student_id != second) == sorted(
        [(first, "6A2"), (third, "6A1")]
    )
    assert [row.enrolment for row in found.rows if row.student_id == second] == ["moved_out"]


def test_out_of_date_means_an_essential_difference(small: SmallSchool) -> None:
    first, second, _ = pupils(small)
    lock(small)
    with small.db.write(small.school_id) as session:
        from hocba_app.models import Document

        for student_id, essential in ((first, True), (second, False)):
            document = session.get_one(Document, (small.school_id, documents(small)[student_id].id))
            document.out_of_date = [
                {"path": "x", "label": "Nhận xét", "locked": "a", "synced": None, "essential": essential}
            ]
            session.add(document)
    assert [row.student_id for row in page(small, stale=True).rows] == [first]
    view = record_view(small.db, small.people["admin"], documents(small)[second].id)
    assert not view.out_of_date and [(row.label, row.locked, row.synced) for row in view.differences] == [
        ("Nhận xét", "a", "")
    ]


def test_a_record_tells_its_story(small: SmallSchool) -> None:
    first = pupils(small)[0]
    lock(small, "cover")
    lock(small)
    document = documents(small)[first]
    admin = small.people["admin"]
    view = record_view(small.db, admin, document.id)
    assert (view.student_code, view.kind, view.step, view.class_name) == ("HS001", "results", "subject", "6A1")
    assert [slot.field for slot in view.versions[0].slots if slot.due] == ["s.TOAN.1", "s.VAN.1", "s.GDTC.1"]
    assert view.versions[0].slots[0].subjects == ("Toán",) and view.versions[0].slots[0].signer == "Nguyễn Thị Ánh 3"
    assert view.others == (("cover", documents(small, "cover")[first].id),)
    assert view.may_ask_unlock and not view.may_lock and view.missing == () and view.has_file
    unlock.request_unlock(small.db, admin, [document.id], "Sai điểm")
    view = record_view(small.db, admin, document.id)
    assert view.unlock is not None and (view.unlock.state, view.unlock.reason) == ("asked", "Sai điểm")
    unlock.decide(small.db, small.people["principal"], view.unlock.id, approve=True)
    change_result(small, first, promotion=None)
    view = record_view(small.db, admin, document.id)
    assert (view.step, view.has_file, view.unlock, view.may_lock) == ("open", False, None, True)
    assert view.versions[0].void_reason == "Sai điểm" and view.versions[0].voided_at is not None
    assert any("Chưa có kết luận" in finding.text for finding in view.missing)


def test_the_file_of_a_void_version_is_kept(small: SmallSchool) -> None:
    lock(small)
    first = pupils(small)[0]
    document = documents(small)[first]
    name, pdf = record_file(small.db, small.people["TOAN"], document.id)
    assert name == "HS001-results-2025-2026-v1.pdf" and pdf.startswith(b"%PDF")
    unlock.request_unlock(small.db, small.people["principal"], [document.id], "Sai điểm")
    lock(small)
    assert record_file(small.db, small.people["admin"], document.id)[0].endswith("-v2.pdf")
    assert record_file(small.db, small.people["admin"], document.id, 1)[1] == pdf
    assert refused(lambda: record_file(small.db, small.people["admin"], document.id, 9)) is ErrorCode.NOT_FOUND


def test_a_teacher_sees_his_own_classes_and_nobody_another_schools(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    document = documents(small)[pupils(small)[0]]
    assert [row.name for row in classes_for(small.db, small.people["TOAN"])] == ["6A1"]
    assert page(small, "TOAN", kind="results").total == 3 and years_for(small.db, small.people["TOAN"]) == ["2025-2026"]
    nobody = stranger(small)
    assert classes_for(small.db, nobody) == [] and records_page(small.db, nobody).total == 0
    for who, code in (
        (nobody, ErrorCode.FORBIDDEN),
        (other.people["admin"], ErrorCode.NOT_FOUND),
        (other.people["TOAN"], ErrorCode.NOT_FOUND),
    ):
        assert refused(records_page, small.db, who, class_id=small.class_id) is ErrorCode.FORBIDDEN
        for ask in (record_view, record_file):
            assert refused(ask, small.db, who, document.id) is code
            assert refused(ask, small.db, who, "0" * 26) is ErrorCode.NOT_FOUND
    assert page(other, kind="results").total == 2
    assert chosen_documents(other.db, other.people["admin"], class_id=small.class_id, kind="results") == []


def test_the_whole_class_is_what_is_locked_of_it(small: SmallSchool) -> None:
    lock(small, leave_out=[pupils(small)[0]])
    chosen = chosen_documents(small.db, small.people["admin"], class_id=small.class_id, kind="results")
    assert sorted(chosen) == sorted(document.id for document in documents(small).values()) and len(chosen) == 2
    with pytest.raises(HocbaError):
        chosen_documents(small.db, small.people["TOAN"], class_id=small.class_id, kind="results")


def test_a_school_of_2500_pupils_is_listed_with_as_many_questions_as_one_of_1250(small: SmallSchool) -> None:
    def view(lines: int) -> Work:
        with counted(small.db) as work:
            assert page(small, search="tran van", page=3).total == lines
        return work

    more_pupils(small, range(1250))
    half = view(3750)
    more_pupils(small, range(1250, 2500))
    whole = view(7500)
    assert whole.statements <= half.statements and whole.instructions <= 2.5 * half.instructions


def more_pupils(small: SmallSchool, numbers: range) -> None:
    with small.db.write(small.school_id) as session:
        students = [
            Student(source_id=f"m{n}", code=f"M{n}", full_name=f"Trần Văn {n}", sort_name=str(n)) for n in numbers
        ]
        session.add_all(students)
        session.flush()
        session.add_all(
            Enrolment(
                source_id=f"m{student.sort_name}",
                student_id=student.id,
                class_id=small.class_id,
                school_year="2025-2026",
            )
            for student in students
        )
    with small.db.engine.begin() as connection:
        connection.execute(text("analyze"))  # as the server's own upkeep does within a minute
