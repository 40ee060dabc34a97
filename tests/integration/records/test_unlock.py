"""Unlocking: two steps, with the price shown first; nobody approves his own request; a class at once."""

from __future__ import annotations

import threading

import pytest
from sqlmodel import func, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, AuditEvent, Document, DocumentVersion, Slot, UnlockRequest
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import documents, lock, pupils
from tests.school import SmallSchool


def refused_with(code: ErrorCode, call: object, *arguments: object, **named: object) -> None:
    with pytest.raises(HocbaError) as refused:
        call(*arguments, **named)  # type: ignore[operator]
    assert refused.value.code is code


@pytest.fixture
def deputy(small: SmallSchool) -> Identity:
    """A vice-principal within his delegation."""
    with small.db.write(small.school_id) as session:
        account = Account(username="pht", full_name="Y Moan Ênuôl")
        session.add(account)
    return Identity(account.id, small.school_id, None, "pht", account.full_name, frozenset({"management", "deputy"}))


def ids(small: SmallSchool) -> list[str]:
    lock(small)
    return [document.id for document in documents(small).values()]


def sign(small: SmallSchool, document_ids: list[str], field: str) -> None:
    """Mark a field as signed, as a commit would."""
    with small.db.write(small.school_id) as session:
        for slot in session.exec(select(Slot).where(Slot.field == field)).all():
            if slot.document_id in document_ids:
                slot.signed_at = utc_now()
                session.add(slot)


def test_the_price_is_shown_to_whoever_must_agree(small: SmallSchool) -> None:
    chosen = ids(small)
    sign(small, chosen, "s.TOAN.1")
    sign(small, chosen[:1], "homeroom")
    price = unlock.consequences(small.db, small.people["admin"], chosen)
    assert [(row.name, row.stage, row.documents) for row in price] == [
        ("Nguyễn Thị Ánh 3", "subject", 3),
        ("Nguyễn Thị Ánh 2", "homeroom", 1),
    ]
    unlock.request_unlock(small.db, small.people["admin"], chosen, "  Sai  điểm ")


def test_a_request_and_its_answer(small: SmallSchool, deputy: Identity) -> None:
    chosen = ids(small)
    sign(small, chosen, "s.TOAN.1")
    asker = Identity(deputy.account_id, small.school_id, None, "x", "x", frozenset({"management"}))
    request = unlock.request_unlock(small.db, asker, chosen, "  Sai  điểm ")
    seen = unlock.unlock_requests(small.db, small.people["principal"])[0]
    assert (seen.id, seen.state, seen.reason, seen.asked_by) == (request, "asked", "Sai điểm", "Y Moan Ênuôl")
    assert (len(seen.documents), seen.again[0].documents, seen.may_decide) == (3, 3, True)
    own = unlock.unlock_requests(small.db, asker)[0]
    assert (own.may_decide, own.may_withdraw) == (False, True)
    unlock.decide(small.db, small.people["principal"], request, approve=True)
    done = unlock.unlock_requests(small.db, asker)[0]
    assert (done.state, done.again, done.may_withdraw, len(done.documents)) == ("done", (), False, 3)
    assert {document.state for document in documents(small).values()} == {"open"}


def test_nobody_answers_his_own_request(small: SmallSchool, deputy: Identity) -> None:
    request = unlock.request_unlock(small.db, deputy, ids(small)[:1], "Sai điểm")
    refused_with(ErrorCode.UNLOCK_OWN, unlock.decide, small.db, deputy, request, approve=True)
    unlock.withdraw(small.db, deputy, request)
    assert unlock.unlock_requests(small.db, deputy)[0].state == "withdrawn"
    refused_with(ErrorCode.NOT_FOUND, unlock.decide, small.db, small.people["principal"], request, approve=True)


def test_a_principals_own_request_needs_no_approval(small: SmallSchool) -> None:
    unlock.request_unlock(small.db, small.people["principal"], ids(small)[:1], "Sai điểm")
    assert unlock.unlock_requests(small.db, small.people["principal"])[0].state == "done"


def test_a_refused_request_changes_nothing_and_may_be_made_again(small: SmallSchool, deputy: Identity) -> None:
    chosen = ids(small)
    request = unlock.request_unlock(small.db, small.people["admin"], chosen, "Sai điểm")
    refused_with(ErrorCode.UNLOCK_OPEN, unlock.request_unlock, small.db, deputy, chosen[:1], "Nữa")
    unlock.decide(small.db, deputy, request, approve=False)
    assert {document.state for document in documents(small).values()} == {"locked"}
    unlock.request_unlock(small.db, small.people["admin"], chosen, "Lần nữa")


@pytest.mark.parametrize(
    ("reason", "take", "code"),
    [("  ", 1, ErrorCode.REASON_MISSING), ("x" * 501, 1, ErrorCode.INVALID_INPUT), ("Sai", 0, ErrorCode.NOTHING_TO_DO)],
)
def test_what_a_request_needs(small: SmallSchool, reason: str, take: int, code: ErrorCode) -> None:
    refused_with(code, unlock.request_unlock, small.db, small.people["admin"], ids(small)[:take], reason)


def test_rights_and_schools(small: SmallSchool, other: SmallSchool, deputy: Identity) -> None:
    chosen = ids(small)
    request = unlock.request_unlock(small.db, deputy, chosen[:1], "Sai điểm")
    for part in ("TOAN", "homeroom", "operator"):
        who = small.people[part]
        for call, arguments in (
            (unlock.request_unlock, (chosen[1:], "x")),
            (unlock.consequences, (chosen,)),
            (unlock.unlock_requests, ()),
            (unlock.withdraw, (request,)),
        ):
            refused_with(ErrorCode.FORBIDDEN, call, small.db, who, *arguments)
        refused_with(ErrorCode.FORBIDDEN, unlock.decide, small.db, who, request, approve=True)
    assert unlock.consequences(other.db, other.people["admin"], chosen) == []
    assert unlock.unlock_requests(other.db, other.people["principal"]) == []
    refused_with(ErrorCode.NOT_FOUND, unlock.decide, other.db, other.people["principal"], request, approve=True)
    refused_with(ErrorCode.NOT_FOUND, unlock.withdraw, other.db, other.people["principal"], request)
    refused_with(ErrorCode.NOT_FOUND, unlock.request_unlock, other.db, other.people["principal"], chosen[1:], "x")


def test_two_who_ask_at_once_make_one_request(small: SmallSchool, deputy: Identity) -> None:
    chosen = ids(small)
    results: list[str] = []

    def ask(who: Identity) -> None:
        try:
            results.append(unlock.request_unlock(small.db, who, chosen, "Sai điểm"))
        except HocbaError as error:
            results.append(error.code.value)

    threads = [threading.Thread(target=ask, args=(who,)) for who in (deputy, small.people["admin"], deputy)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(ErrorCode.UNLOCK_OPEN.value) == 2


def test_two_answers_at_once_void_once(small: SmallSchool, deputy: Identity) -> None:
    chosen = ids(small)
    with small.db.write(small.school_id) as session:
        account = Account(username="vanthu", full_name="Giàng A Páo")
        session.add(account)
    asker = Identity(account.id, small.school_id, None, "vanthu", "", frozenset({"admin"}))
    request = unlock.request_unlock(small.db, asker, chosen, "Sai điểm")
    outcomes: list[str] = []

    def answer(who: Identity) -> None:
        try:
            unlock.decide(small.db, who, request, approve=True)
            outcomes.append("done")
        except HocbaError as error:
            outcomes.append(error.code.value)

    threads = [threading.Thread(target=answer, args=(who,)) for who in (deputy, small.people["principal"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", ErrorCode.NOT_FOUND.value]
    with small.db.read(small.school_id) as session:
        voided = session.exec(
            select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "record.unlocked")
        ).one()
        assert voided == 3
        assert session.exec(select(UnlockRequest.state)).all() == ["done"]


def test_what_was_unlocked_and_locked_again_may_be_asked_for_while_the_rest_waits(small: SmallSchool) -> None:
    first, second, _ = ids(small)
    with small.db.write(small.school_id) as session:
        session.add(
            UnlockRequest(
                document_ids=[first, second],
                remaining_ids=[second],
                reason="x",
                state="approved",
                requested_by=small.people["homeroom"].account_id,
            )
        )
    unlock.request_unlock(small.db, small.people["admin"], [first], "Sai nữa")
    refused_with(ErrorCode.UNLOCK_OPEN, unlock.request_unlock, small.db, small.people["admin"], [second], "x")


def test_the_new_version_is_the_next_number(small: SmallSchool) -> None:
    chosen = ids(small)
    unlock.request_unlock(small.db, small.people["principal"], chosen, "Sai điểm")
    assert lock(small, student_ids=pupils(small)[:1])[pupils(small)[0]]["outcome"] == "locked"
    with small.db.read(small.school_id) as session:
        document = session.get_one(Document, (small.school_id, documents(small)[pupils(small)[0]].id))
        numbers = session.exec(
            select(DocumentVersion.number, DocumentVersion.void_reason)
            .where(DocumentVersion.document_id == document.id)
            .order_by(DocumentVersion.number)
        ).all()
        assert numbers == [(1, "Sai điểm"), (2, None)]
