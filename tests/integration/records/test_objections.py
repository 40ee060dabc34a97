"""Báo sai: holds one record and no other, reaches homeroom teacher and office, ends by correction, answer or withdrawal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import AuditEvent, Document, RecordObjection
from hocba_app.services.objections import objections
from hocba_app.services.objections.objections import answer, objections_page, raise_objection, why_returned, withdraw
from hocba_app.services.reading.record_reading import read_record
from hocba_app.services.signing import queue_groups, signer_inbox
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import change_result, documents, lock, pupils
from tests.refusals import refused
from tests.school import SmallSchool


def report(small: SmallSchool, part: str, document: Document, **more: str) -> str:
    given = {"fact": "marks", "reason": "Điểm học kì II là 8,5"} | more
    return raise_objection(small.db, small.people[part], document.id, **given)  # type: ignore[arg-type]


def ready(small: SmallSchool, part: str) -> dict[str, ErrorCode | None]:
    """By document: None where this person may sign it, else why not."""
    return {item.document_id: item.reason for item in signer_inbox.my_queue(small.db, small.people[part])}


def open_of(small: SmallSchool, part: str) -> list[str]:
    return [row.id for row in objections_page(small.db, small.people[part], open_ones=True).rows]


@pytest.fixture
def locked(small: SmallSchool) -> list[Document]:
    """Results of three pupils, in the order of the class."""
    lock(small)
    found = documents(small)
    return [found[student] for student in pupils(small)]


def test_only_the_reported_record_is_held_and_those_it_concerns_see_it(
    small: SmallSchool, locked: list[Document]
) -> None:
    first = locked[0]
    wrong = report(small, "TOAN", first, subject_code="TOAN")
    assert report(small, "TOAN", first, subject_code="TOAN") == wrong, "the same once more is the same report"
    for part in ("TOAN", "VAN"):
        held = ready(small, part)
        assert held.pop(first.id) is ErrorCode.RECORD_QUESTIONED and set(held.values()) == {None}
        [group] = queue_groups.my_groups(small.db, small.people[part])
        assert (group.waiting, group.ready, group.reasons) == (3, 2, {ErrorCode.RECORD_QUESTIONED})
    slot = next(item for item in signer_inbox.my_queue(small.db, small.people["VAN"]) if item.document_id == first.id)
    assert refused(lambda: signer_inbox.start(small.db, small.people["VAN"], [slot.slot_id])) is ErrorCode.NOTHING_TO_DO
    assert [open_of(small, part) for part in ("admin", "principal", "homeroom", "TOAN")] == [[wrong]] * 4
    assert open_of(small, "VAN") == [] and open_of(small, "operator") == []
    [row] = objections_page(small.db, small.people["admin"], open_ones=True).rows
    assert (row.subject, row.fact, row.reporter, row.may_answer, row.may_withdraw) == (
        "Toán", "marks", small.people["TOAN"].full_name, True, False,
    )  # fmt: skip
    with small.db.read(small.school_id) as session:
        [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "objection.raised")).all()
    assert (event.actor, event.subject) == (small.people["TOAN"].account_id, f"document:{first.id}")


def test_the_office_answers_and_the_record_comes_back_with_the_reason(
    small: SmallSchool, locked: list[Document]
) -> None:
    wrong = report(small, "TOAN", locked[0])
    assert refused(lambda: answer(small.db, small.people["TOAN"], wrong, "x")) is ErrorCode.FORBIDDEN
    assert refused(lambda: answer(small.db, small.people["homeroom"], wrong, "x")) is ErrorCode.FORBIDDEN
    assert refused(lambda: answer(small.db, small.people["admin"], wrong, "  ")) is ErrorCode.REASON_MISSING
    answer(small.db, small.people["admin"], wrong, "Sổ điểm ghi 8,0")
    assert set(ready(small, "TOAN").values()) == {None} and open_of(small, "admin") == []
    assert refused(lambda: answer(small.db, small.people["admin"], wrong, "x")) is ErrorCode.NOT_FOUND
    with small.db.read(small.school_id) as session:
        said = why_returned(session, [document.id for document in locked])
    assert list(said) == [locked[0].id] and "Điểm học kì II là 8,5" in said[locked[0].id]
    assert "Sổ điểm ghi 8,0" in said[locked[0].id]


def test_a_corrected_record_locked_anew_comes_back(small: SmallSchool, locked: list[Document]) -> None:
    report(small, "TOAN", locked[0])
    unlock.request_unlock(small.db, small.people["principal"], [locked[0].id], "Sửa điểm")
    [row] = objections_page(small.db, small.people["admin"], open_ones=True).rows
    assert row.unlocked, "unlocked is not yet corrected"
    change_result(small, locked[0].student_id, homeroom_comment="Đã sửa.")
    lock(small, student_ids=[locked[0].student_id])
    assert set(ready(small, "TOAN").values()) == {None} and len(ready(small, "TOAN")) == 3
    [closed] = objections_page(small.db, small.people["homeroom"], open_ones=False).rows
    assert closed.state == "corrected"
    with small.db.read(small.school_id) as session:
        assert "chốt lại" in why_returned(session, [locked[0].id])[locked[0].id]
        actions = [row.action for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()]
    assert actions.count("objection.corrected") == 1


def test_the_reporter_takes_it_back_and_nobody_else(small: SmallSchool, locked: list[Document]) -> None:
    wrong = report(small, "TOAN", locked[0])
    for part in ("VAN", "homeroom", "admin"):
        assert refused(lambda part=part: withdraw(small.db, small.people[part], wrong)) is ErrorCode.NOT_FOUND
    withdraw(small.db, small.people["TOAN"], wrong)
    assert set(ready(small, "TOAN").values()) == {None}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": " "}, ErrorCode.REASON_MISSING),
        ({"reason": "x" * 501}, ErrorCode.INVALID_INPUT),
        ({"fact": "photo"}, ErrorCode.INVALID_INPUT),
        ({"subject_code": "HÓA"}, ErrorCode.INVALID_INPUT),
    ],
)
def test_what_a_report_needs(small: SmallSchool, locked: list[Document], more: dict[str, str], code: ErrorCode) -> None:
    assert refused(lambda: report(small, "TOAN", locked[0], **more)) is code


def test_who_may_report_and_on_what(small: SmallSchool, other: SmallSchool, locked: list[Document]) -> None:
    for part in ("TOAN", "homeroom", "principal", "operator", "admin"):
        report(small, part, locked[1])
    lock(small, "history")
    history = documents(small, "history")[locked[0].student_id]
    # A subject teacher sees his class's history, and has nothing to sign in it.
    given = {"fact": "other", "reason": "x"}
    assert refused(lambda: raise_objection(small.db, small.people["VAN"], history.id, **given)) is ErrorCode.FORBIDDEN
    for stranger in ("admin", "TOAN", "principal"):
        assert refused(lambda part=stranger: report(other, part, locked[0])) is ErrorCode.FORBIDDEN
        assert objections_page(other.db, other.people[stranger], open_ones=True).total == 0
    mine = open_of(small, "TOAN")[0]
    assert refused(lambda: answer(other.db, other.people["admin"], mine, "x")) is ErrorCode.NOT_FOUND
    with small.db.write(small.school_id) as session:
        for document_id, state in ((locked[0].id, "sealed"), (locked[2].id, "open")):
            row = session.get_one(Document, (small.school_id, document_id))
            row.state = state
            session.add(row)
    assert refused(lambda: report(small, "TOAN", locked[0])) is ErrorCode.RECORD_SEALED
    assert refused(lambda: report(small, "TOAN", locked[2])) is ErrorCode.NOT_LOCKED


def test_a_page_of_reports_is_bounded(
    small: SmallSchool, locked: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objections, "PAGE_ROWS", 2)
    for document in locked:
        report(small, "TOAN", document)
    pages = [objections_page(small.db, small.people["admin"], open_ones=True, page=page) for page in (1, 2)]
    assert [(len(page.rows), page.total) for page in pages] == [(2, 3), (1, 3)]
    with small.db.read(small.school_id) as session:
        assert len({row.id for page in pages for row in page.rows}) == len(session.exec(select(RecordObjection)).all())


def test_who_signs_last_years_records_without_a_class_this_year_reads_and_reports(
    small: SmallSchool, locked: list[Document]
) -> None:
    late = replace(small.people["TOAN"], roles=frozenset())
    assert read_record(small.db, late, locked[0].id, own_queue=True).may_report
    wrong = raise_objection(small.db, late, locked[0].id, fact="marks", reason="Sai", subject_code="TOAN")
    assert [row.id for row in objections_page(small.db, late, open_ones=True).rows] == [wrong]
    withdraw(small.db, late, wrong)
