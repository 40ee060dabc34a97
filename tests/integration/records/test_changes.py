"""What moved in a school and whom it concerns, as two hundred open screens hear of it; and cached answers end with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from hocba_app.domain.audit_wording import Action
from hocba_app.models import Batch, BatchItem, Document, SchoolClass, Slot
from hocba_app.models.base import utc_now
from hocba_app.models.database import TenancyError
from hocba_app.models.repositories import record_list
from hocba_app.services.audit.log import Tells, notify_all, notify_narrow, record
from hocba_app.services.cache import school_cache
from hocba_app.services.change_feed import change_feed
from hocba_app.services.change_feed.change_feed import ChangeSet, Counters
from hocba_app.services.records.record_list import classes_for, records_page
from tests.integration.records.conftest import lock
from tests.school import SmallSchool


def now(small: SmallSchool) -> Counters:
    return school_cache.read_counters(small.db).get(small.school_id, Counters())


def moved(small: SmallSchool, write: Callable[[Session], None]) -> ChangeSet:
    """The change set of one transaction."""
    before = now(small)
    with small.db.write(small.school_id) as session:
        write(session)
    after = now(small)
    assert after.value == before.value + 1
    return change_feed.changes_between(small.db, small.school_id, before, after)


def signed(small: SmallSchool, part: str, next_stage: str) -> tuple[str, Callable[[Session], None]]:
    """One document signed by one person, as a batch's commit leaves it."""
    with small.db.read(small.school_id) as session:
        slot = session.exec(
            select(Slot).where(Slot.staff_id == small.people[part].staff_id, Slot.signed_at.is_(None))
        ).first()  # type: ignore[union-attr]
    assert slot is not None

    def write(session: Session) -> None:
        row = session.get_one(Slot, (small.school_id, slot.id))
        row.signed_at = utc_now()
        document = session.get_one(Document, (small.school_id, slot.document_id))
        document.next_stage = next_stage
        session.add_all([row, document])
        record(
            session,
            actor="a",
            action=Action.RECORD_SIGNED,
            tells=Tells.CONCERNED,
            subject=f"document:{slot.document_id}",
            data={"stage": slot.stage},
        )

    return slot.document_id, write


def test_a_signature_concerns_its_record_its_class_and_who_signs_next(small: SmallSchool) -> None:
    lock(small)
    document_id, write = signed(small, "TOAN", "subject")  # others of the stage are missing: nobody gets new work
    assert moved(small, write) == ChangeSet(documents=frozenset({document_id}), classes=frozenset({small.class_id}))
    document_id, write = signed(small, "VAN", "homeroom")
    what = moved(small, write)
    assert (what.wide, what.documents, what.staff) == (False, {document_id}, {small.people["homeroom"].staff_id})


def test_a_batch_concerns_who_started_it_and_the_records_it_holds(small: SmallSchool) -> None:
    lock(small)
    teacher = small.people["TOAN"]
    with small.db.write(small.school_id) as session:
        slot = session.exec(select(Slot).where(Slot.staff_id == teacher.staff_id)).first()
        assert slot is not None
        batch = Batch(
            staff_id=teacher.staff_id or "",
            account_id=teacher.account_id,
            stage="subject",
            owner=teacher.staff_id or "",
            state="waiting",
        )
        session.add(batch)
        session.flush()
        session.add(BatchItem(batch_id=batch.id, slot_id=slot.id, version_id=slot.version_id))
    assert moved(small, notify_narrow) == ChangeSet(accounts=frozenset({teacher.account_id}))

    def end(session: Session) -> None:
        row = session.get_one(Batch, (small.school_id, batch.id))
        row.state = "ended"
        session.add(row)
        record(
            session, actor=row.account_id, action=Action.BATCH_ENDED, tells=Tells.CONCERNED, subject=f"batch:{batch.id}"
        )

    assert moved(small, end) == ChangeSet(
        documents=frozenset({slot.document_id}), accounts=frozenset({teacher.account_id})
    )
    assert moved(small, notify_narrow) == ChangeSet()


@pytest.mark.parametrize(
    "write", [notify_all, lambda session: record(session, actor="a", action=Action.SIGNER_ASSIGNED, subject="class:1")]
)
def test_whatever_else_changes_concerns_everybody(small: SmallSchool, write: Callable[[Session], None]) -> None:
    assert moved(small, write) == ChangeSet(wide=True)


def test_a_kept_answer_ends_with_the_next_wide_change_of_its_own_school(small: SmallSchool, other: SmallSchool) -> None:
    moved(small, notify_all)  # there is a counter from here on
    asked: list[str] = []

    def answer(of: SmallSchool) -> str:
        def make(session: Session) -> str:
            asked.append(session.info["school_id"])
            return f"{len(asked)}"

        return school_cache.memoize_per_school(of.db, of.school_id, "key", make)

    assert [answer(small), answer(small), answer(other)] == ["1", "1", "2"]
    for write in (
        notify_narrow,
        lambda session: record(
            session,
            actor="a",
            action=Action.RECORD_SIGNED,
            tells=Tells.CONCERNED,
            subject="document:1",
            data={"stage": "subject"},
        ),
    ):
        moved(small, write)
        assert answer(small) == "1"
    moved(other, notify_all)
    assert [answer(small), answer(other)] == ["1", "3"]
    moved(small, notify_all)
    assert [answer(small), answer(other)] == ["4", "3"]
    assert asked == [small.school_id, other.school_id, other.school_id, small.school_id]


def test_the_list_and_its_classes_follow_a_change_of_assignment_at_once(small: SmallSchool) -> None:
    lock(small)
    who = small.people["principal"]
    assert [row.name for row in classes_for(small.db, who)] == ["6A1"] and records_page(small.db, who).total == 9
    with small.db.write(small.school_id) as session:
        session.add(
            SchoolClass(source_id="c2", code="6A2", name="6A2", grade=6, regime="TT22", school_year="2025-2026")
        )
        notify_all(session)
    assert [row.name for row in classes_for(small.db, who)] == ["6A1", "6A2"]


def test_a_prepared_query_needs_a_session_of_a_school(small: SmallSchool) -> None:
    with small.db.installation() as session, pytest.raises(TenancyError):
        record_list.unlocks_asked(session)
