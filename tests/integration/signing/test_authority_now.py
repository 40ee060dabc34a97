"""What a batch was allowed at its tap is asked again at its start, before its phone is asked, and in the transaction that commits.

A signature confirmed too late is kept as evidence, the slot waits again, and the signer is told why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import (
    Account,
    AuditEvent,
    Batch,
    Database,
    Job,
    LateAnswer,
    School,
    SigningSettings,
    Slot,
    Staff,
    UnlockRequest,
)
from hocba_app.models.base import utc_now
from hocba_app.services.objections.objections import raise_objection
from hocba_app.services.signers import settings as signing
from hocba_app.services.signers.assignments import hand_over, principal_elsewhere, reassign_slots
from hocba_app.services.signing import authority, queue_groups, signer_inbox
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing.admission import Admission, drop_refused, try_admit
from hocba_app.services.signing.batch_transitions import close
from hocba_app.services.signing.progress import my_batches
from hocba_app.services.signing.steps import commit
from hocba_app.services.unlocking import unlock
from hocba_app.verification.replay import replay
from tests.integration.signers.people import add_staff, staff_id
from tests.integration.signers.test_assignments import person_with_key
from tests.integration.signing.test_chain import (
    batch,
    confirm_on_phone,
    documents,
    files,
    held_leases,
    lock,
    sign,
    start,
    waiting,
    work_on,
)
from tests.integration.signing.test_seal_elsewhere import accepted, ready_to_seal
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]


@contextmanager
def on_phone(small: SmallSchool, rig: Rig, part: str, batch_id: str) -> Iterator[None]:
    """The request is on the phone inside the block; at its end it is confirmed and the batch works to its end."""
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    user = small.users["seal" if part == "operator" else part]
    deadline = time.monotonic() + 30
    while not rig.pending(user):
        assert worker.is_alive() and time.monotonic() < deadline
        time.sleep(0.05)
    yield
    confirm_on_phone(small, rig, part)
    worker.join(60)


def assert_refused(small: SmallSchool, batch_id: str, part: str, code: ErrorCode, *, confirmed: int) -> None:
    """Nothing was embedded, what was confirmed is evidence, nothing is held, the signer reads why."""
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.error_code) == ("ended", 0, code.value)
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(LateAnswer).where(LateAnswer.batch_id == batch_id)).all()) == confirmed
    assert held_leases(small) == 0
    shown = next(view for view in my_batches(small.db, small.people[part]) if view.id == batch_id)
    assert shown.problem == HocbaError(code).sentence


def with_decision(small: SmallSchool, rig: Rig) -> tuple[str, str]:
    """A deputy and the decision by which he signs QTHT."""
    deputy = person_with_key(small, rig, "PHT", "079100000091", "vice_principal")
    until = (today() + timedelta(days=9)).isoformat()
    return deputy, signing.add_delegation(
        small.db, small.people["admin"], deputy, ["history"], today().isoformat(), until, "12/QĐ"
    )


def leaves(small: SmallSchool, part: str) -> None:
    """No longer in the staff list, his account disabled."""
    with small.db.write(small.school_id) as session:
        row = session.get_one(Staff, (small.school_id, staff_id(small, part)))
        row.active = False
        account = session.exec(select(Account).where(Account.staff_id == row.id)).one()
        account.disabled = True
        session.add_all([row, account])


def test_a_seal_operator_replaced_while_queued_is_not_asked(small: SmallSchool, outside: Outside) -> None:
    ready_to_seal(small, outside[0])
    batch_id = start(small, "operator")
    signing.set_seal_operator(small.db, small.people["admin"], add_staff(small, "GV090"))
    assert work_on(small, batch_id) == "ended" and outside[0].pending(small.users["seal"]) == []
    assert_refused(small, batch_id, "operator", ErrorCode.SEAL_OPERATOR_OVER, confirmed=0)


def test_a_queued_batch_of_which_nothing_is_left_sets_free_who_waits_behind_it(
    small: SmallSchool, outside: Outside
) -> None:
    """It ended in silence once: the next looked again only when its own time came, and the log did not know of the end."""
    lock(small, "results")
    first, second = start(small, "TOAN"), start(small, "VAN")
    later = utc_now() + timedelta(hours=1)
    with small.db.write(small.school_id) as session:
        session.get_one(Job, (small.school_id, second)).wake_at = later
    leaves(small, "TOAN")
    assert work_on(small, first) == "ended"
    assert_refused(small, first, "TOAN", ErrorCode.SIGNER_LEFT, confirmed=0)
    with small.db.read(small.school_id) as session:
        woken = session.get_one(Job, (small.school_id, second)).wake_at
        ends = session.exec(
            select(AuditEvent.action).where(AuditEvent.subject == f"batch:{first}").order_by(AuditEvent.seq)
        ).all()
    assert woken is not None and woken < later
    assert list(ends) == ["batch.started", "batch.ended"]


def test_a_seal_operator_replaced_while_his_phone_is_asked_seals_nothing(small: SmallSchool, outside: Outside) -> None:
    ready_to_seal(small, outside[0])
    batch_id = start(small, "operator")
    with on_phone(small, outside[0], "operator", batch_id):
        signing.set_seal_operator(small.db, small.people["admin"], add_staff(small, "GV090"))
    assert_refused(small, batch_id, "operator", ErrorCode.SEAL_OPERATOR_OVER, confirmed=6)
    assert {document.state for document in documents(small)} == {"signed"}


def test_a_decision_revoked_or_over_at_midnight_before_the_commit(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, decision = with_decision(small, outside[0])
    lock(small, "history")
    second = start(small, "PHT")
    with on_phone(small, outside[0], "PHT", second):
        monkeypatch.setattr(authority, "today", lambda: today() + timedelta(days=10))
    assert_refused(small, second, "PHT", ErrorCode.DELEGATION_OVER, confirmed=2)
    monkeypatch.setattr(authority, "today", today)
    third = start(small, "PHT")
    with on_phone(small, outside[0], "PHT", third):
        signing.revoke_delegation(small.db, small.people["admin"], decision)
    assert_refused(small, third, "PHT", ErrorCode.DELEGATION_OVER, confirmed=2)
    assert [group.ready for group in queue_groups.my_groups(small.db, small.people["PHT"])] == [0]


def test_a_deputy_who_is_a_teacher_now(small: SmallSchool, outside: Outside) -> None:
    deputy, _ = with_decision(small, outside[0])
    lock(small, "history")
    batch_id = start(small, "PHT")
    with on_phone(small, outside[0], "PHT", batch_id), small.db.write(small.school_id) as session:
        session.get_one(Staff, (small.school_id, deputy)).position = "teacher"
    assert_refused(small, batch_id, "PHT", ErrorCode.POST_CHANGED, confirmed=2)


def test_a_cover_signer_who_was_replaced(small: SmallSchool, outside: Outside) -> None:
    deputy = person_with_key(small, outside[0], "PHT", "079100000091", "vice_principal")
    signing.set_cover_signer(small.db, small.people["admin"], deputy)
    lock(small, "cover")
    batch_id = start(small, "PHT")
    signing.set_cover_signer(small.db, small.people["admin"], None)
    assert work_on(small, batch_id) == "ended"
    assert_refused(small, batch_id, "PHT", ErrorCode.COVER_SIGNER_OVER, confirmed=0)
    reassign_slots(
        small.db,
        small.people["admin"],
        [item.slot_id for item in waiting(small, "PHT")],
        staff_id(small, "principal"),
        "Đổi người ký",
    )
    assert sign(small, outside[0], "principal").committed == 2


@pytest.mark.parametrize("when", ["queued", "prepared", "on_phone"])
def test_who_has_left_signs_nothing(
    small: SmallSchool, outside: Outside, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    batch_id = start(small, "TOAN")
    if when == "on_phone":
        with on_phone(small, outside[0], "TOAN", batch_id):
            leaves(small, "TOAN")
    else:
        if when == "prepared":
            real = batches._HANDLERS["prepared"]
            monkeypatch.setitem(batches._HANDLERS, "prepared", lambda work: (leaves(small, "TOAN"), real(work))[1])
        else:
            leaves(small, "TOAN")
        assert work_on(small, batch_id) == "ended" and outside[0].pending(small.users["TOAN"]) == []
    assert_refused(small, batch_id, "TOAN", ErrorCode.SIGNER_LEFT, confirmed=2 if when == "on_phone" else 0)


def test_a_tax_code_changed_while_the_phone_waits_is_sealed_under_no_more(small: SmallSchool, outside: Outside) -> None:
    """Asked when the batch is prepared, and again in the transaction that commits."""
    ready_to_seal(small, outside[0])
    batch_id = start(small, "operator")
    with on_phone(small, outside[0], "operator", batch_id), small.db.write(small.school_id) as session:
        session.get_one(School, small.school_id).tax_code = "0399999999"
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.error_code) == ("ended", 0, ErrorCode.SEAL_TAX_CODE_CHANGED.value)
    assert held_leases(small) == 0 and {document.state for document in documents(small)} == {"signed"}


def test_a_cover_is_not_sealed_when_the_results_were_unlocked_meanwhile(small: SmallSchool, outside: Outside) -> None:
    ready_to_seal(small, outside[0])
    covers = {document.id for document in documents(small, "cover")}
    due = [item.slot_id for item in waiting(small, "operator") if item.document_id in covers and item.ready]
    [batch_id] = signer_inbox.start(small.db, small.people["operator"], due)
    with on_phone(small, outside[0], "operator", batch_id):
        unlock.request_unlock(small.db, small.people["principal"], [each.id for each in documents(small)], "Sai điểm")
    assert_refused(small, batch_id, "operator", ErrorCode.NOT_SEALABLE, confirmed=2)
    assert {document.state for document in documents(small, "cover")} == {"signed"}


def test_results_about_to_be_unlocked_count_as_open_for_the_others(small: SmallSchool, outside: Outside) -> None:
    """All six seals are on one phone; the results' unlock is approved and waits for it. Covers and QTHT must not be sealed."""
    ready_to_seal(small, outside[0])
    batch_id = start(small, "operator")
    with on_phone(small, outside[0], "operator", batch_id):
        unlock.request_unlock(small.db, small.people["principal"], [each.id for each in documents(small)], "Sai điểm")
    assert_refused(small, batch_id, "operator", ErrorCode.NOT_SEALABLE, confirmed=6)
    assert {kind: {each.state for each in documents(small, kind)} for kind in ("cover", "history", "results")} == {
        "cover": {"signed"},
        "history": {"signed"},
        "results": {"open"},
    }


def test_an_approved_unlock_closes_the_gate_at_once(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two chunks of one batch's commit another batch would have taken the record that is to be void."""
    lock(small, "results")
    first = waiting(small, "TOAN")[0]
    van = start(small, "VAN")
    [toan] = signer_inbox.start(small.db, small.people["TOAN"], [first.slot_id])
    monkeypatch.setattr(commit, "CHUNK", 1)
    real, seen = commit._commit_some, []

    def gap(*arguments: object, last: bool) -> bool:
        over = real(*arguments, last=last)  # type: ignore[arg-type]
        if not last and not seen:
            with small.db.write(small.school_id) as session:
                row = session.get_one(Batch, (small.school_id, toan))
                assert try_admit(session, row) is Admission.EMPTY
                close(session, row, None)
                seen.append(toan)
            assert [item.reason for item in waiting(small, "TOAN") if item.document_id == first.document_id] == [
                ErrorCode.UNLOCK_APPROVED
            ]
        return over

    monkeypatch.setattr(commit, "_commit_some", gap)
    with on_phone(small, outside[0], "VAN", van):
        request = unlock.request_unlock(small.db, small.people["principal"], [first.document_id], "Sai điểm")
    assert_refused(small, toan, "TOAN", ErrorCode.UNLOCK_APPROVED, confirmed=0)
    with small.db.read(small.school_id) as session:
        assert session.get_one(UnlockRequest, (small.school_id, request)).state == "done"
    assert {document.id: document.state for document in documents(small)}[first.document_id] == "open"


def test_a_record_reported_while_the_phone_is_asked_is_left_out_and_no_other(
    small: SmallSchool, outside: Outside
) -> None:
    lock(small, "results")
    first = waiting(small, "TOAN")[0]
    batch_id = start(small, "TOAN")
    with on_phone(small, outside[0], "TOAN", batch_id):
        raise_objection(small.db, small.people["VAN"], first.document_id, fact="comment", reason="Nhận xét của em khác")
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.failed) == ("ended", 1, 1)
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(LateAnswer).where(LateAnswer.batch_id == batch_id)).all()) == 1
    assert [(item.document_id, item.reason) for item in waiting(small, "TOAN")] == [
        (first.document_id, ErrorCode.RECORD_QUESTIONED)
    ]


def test_a_slot_names_the_decision_that_covers_the_signature(small: SmallSchool, outside: Outside) -> None:
    admin = small.people["admin"]
    deputy = person_with_key(small, outside[0], "PHT", "079100000091", "vice_principal")
    lock(small, "history")
    day, later = today().isoformat(), (today() + timedelta(days=5)).isoformat()
    first = signing.add_delegation(small.db, admin, deputy, ["history"], day, day, "1/QĐ")
    with small.db.read(small.school_id) as session:
        slots = list(session.exec(select(Slot.id).where(Slot.stage == "principal")).all())
    reassign_slots(small.db, admin, slots, deputy, "Đi công tác")
    signing.revoke_delegation(small.db, admin, first)
    signing.add_delegation(small.db, admin, deputy, ["history"], day, later, "2/QĐ")
    assert sign(small, outside[0], "PHT").committed == 2
    with small.db.read(small.school_id) as session:
        named = session.exec(select(Slot.reassignment).where(Slot.stage == "principal")).all()
    assert {given["delegation"] for given in named if given} == {"2/QĐ"}


def test_a_slot_as_locked_names_the_decision_that_covers_the_signature(
    small: SmallSchool, outside: Outside, tmp_path: Path
) -> None:
    """The decision of the lock has ended since; the seal tells the one he signed by."""
    admin, rig = small.people["admin"], outside[0]
    deputy, made = with_decision(small, rig)
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    signing.revoke_delegation(small.db, admin, made)
    until = (today() + timedelta(days=9)).isoformat()
    signing.add_delegation(small.db, admin, deputy, ["history"], today().isoformat(), until, "40/QĐ")
    assert sign(small, rig, "PHT").committed == 2
    with small.db.read(small.school_id) as session:
        named = session.exec(select(Slot.reassignment).where(Slot.stage == "principal")).all()
    assert [given["delegation"] for given in named if given] == ["40/QĐ"] * 2
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        assert sign(small, rig, part).failed == 0
    for number, file in enumerate(files(small, "history")):
        assert replay(file).updates[-1].reassigned["principal"].delegation == "40/QĐ"
        accepted(file, tmp_path / f"{number}.pdf")


def post_of(small: SmallSchool, part: str, position: str) -> None:
    """The source has given him another post, and somebody has confirmed it."""
    with small.db.write(small.school_id) as session:
        session.get_one(Staff, (small.school_id, staff_id(small, part))).position = position


@pytest.mark.parametrize("was", ["deputy", "principal"])
def test_nobody_signs_under_a_title_that_is_not_his_any_more(small: SmallSchool, outside: Outside, was: str) -> None:
    """A deputy who became principal would sign "KT. HIỆU TRƯỞNG" for himself; a principal who signs by a decision now, as the head."""
    admin, rig = small.people["admin"], outside[0]
    if was == "deputy":
        part, (deputy, _) = "PHT", with_decision(small, rig)
    else:
        part, deputy = "principal", staff_id(small, "principal")
    lock(small, "history")
    batch_id = start(small, part)
    with on_phone(small, rig, part, batch_id):
        if was == "deputy":
            post_of(small, "principal", "teacher")
            post_of(small, "PHT", "principal")
        else:
            post_of(small, "principal", "vice_principal")
            day = today().isoformat()
            signing.add_delegation(small.db, admin, deputy, ["history"], day, day, "41/QĐ")
    assert_refused(small, batch_id, part, ErrorCode.TITLE_CHANGED, confirmed=2)
    (left,) = principal_elsewhere(small.db, admin)
    assert (left.now_id, left.slots) == (deputy, 2) and "với chức danh" in left.waits_for
    assert hand_over(small.db, admin, "history", "Bổ nhiệm").changed == 2
    assert principal_elsewhere(small.db, admin) == []
    assert sign(small, rig, part).committed == 2
    with small.db.read(small.school_id) as session:
        captions = session.exec(select(Slot.caption).where(Slot.stage == "principal")).all()
    assert captions == [[] if was == "deputy" else ["KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"]] * 2


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_asking_costs_the_same_for_one_record_and_for_many(db: Database, small: SmallSchool, outside: Outside) -> None:
    """The facts come in as many queries for a batch as for a record."""
    ready_to_seal(small, outside[0])
    slots = [item.slot_id for item in waiting(small, "operator")]
    counts = []
    for chosen in (slots[:1], slots):
        [batch_id] = signer_inbox.start(db, small.people["operator"], chosen)
        statements: list[str] = []
        note = lambda _c, _k, statement, *_, into=statements: into.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        with db.read(small.school_id) as session:
            assert drop_refused(session, session.get_one(Batch, (small.school_id, batch_id)), "claimed") == 0
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
        signer_inbox.stop_waiting(db, small.people["operator"], batch_id)
        work_on(small, batch_id)
    assert counts[0] == counts[1] <= 8


def test_no_setting_is_no_cover_signer(small: SmallSchool, outside: Outside) -> None:
    """A school without a row of signing settings: the principal signs, nobody seals."""
    with small.db.write(small.school_id) as session:
        session.delete(session.exec(select(SigningSettings)).one())
    lock(small, "cover")
    assert sign(small, outside[0], "principal").committed == 2
