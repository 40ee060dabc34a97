"""Whoever gives out a code can use it: such an account decides nothing until a second person vouches for its owner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Account, AuditEvent, Database, Job
from hocba_app.services.accounts import activation, credentials, reset_letter
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.one_time_codes import code_hash
from hocba_app.services.accounts.schools import operator
from hocba_app.services.signing import signer_inbox
from hocba_app.services.unlocking import unlock
from tests.integration.accounts.conftest import PASSWORD
from tests.refusals import refused

Make, Who = Callable[..., Account], Callable[[Account], Identity]
NEW = "Mùa thu 1945 rực rỡ"


@pytest.fixture
def people(make_account: Make) -> dict[str, Account]:
    return {
        code: make_account(code, position=position, roles=roles)
        for code, position, roles in (
            ("ht", "principal", ()),
            ("pht", "vice_principal", ()),
            ("qt", "clerk", ("admin",)),
            ("gv", "teacher", ()),
        )
    }


def taken_over(db: Database, who: Who, by: Account, account: Account) -> Identity:
    """One resets another's account and logs in there."""
    [(name, _, code)] = activation.issue_codes(db, who(by), [account.id])
    activation.activate(db, name, code, NEW, address="198.51.100.7")
    return who(account)


def test_an_account_reset_by_another_decides_and_signs_nothing(
    db: Database, school_id: str, people: dict[str, Account], who: Who
) -> None:
    principal = taken_over(db, who, people["qt"], people["ht"])
    with db.read(school_id) as session:
        assert refused(lambda: credentials.require_own_credentials(session, principal)) is ErrorCode.CREDENTIALS_OPEN
    assert refused(lambda: signer_inbox.start(db, principal, ["x"])) is ErrorCode.CREDENTIALS_OPEN
    assert refused(lambda: signer_inbox.accept_turn(db, principal, "x")) is ErrorCode.CREDENTIALS_OPEN
    assert refused(lambda: credentials.confirm(db, principal, people["ht"].id)) is ErrorCode.CREDENTIALS_OPEN
    assert refused(lambda: credentials.confirm(db, who(people["qt"]), people["ht"].id)) is ErrorCode.FORBIDDEN
    assert refused(lambda: credentials.confirm(db, who(people["gv"]), people["ht"].id)) is ErrorCode.FORBIDDEN
    credentials.confirm(db, who(people["pht"]), people["ht"].id)
    assert refused(lambda: signer_inbox.start(db, principal, ["x"])) is ErrorCode.NOTHING_TO_DO
    with db.read(school_id) as session:
        actions = [row.action for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()]
    assert actions[-1] == "account.credentials_confirmed"


def test_whoever_gave_out_the_code_does_not_vouch(
    db: Database, make_account: Make, people: dict[str, Account], who: Who
) -> None:
    both = make_account("pht2", position="vice_principal", roles=("admin",))
    taken_over(db, who, both, people["ht"])
    taken_over(db, who, both, people["pht"])
    assert refused(lambda: credentials.confirm(db, who(both), people["ht"].id)) is ErrorCode.SECOND_PERSON
    assert refused(lambda: credentials.confirm(db, who(people["pht"]), people["ht"].id)) is ErrorCode.CREDENTIALS_OPEN
    credentials.confirm(db, operator(both.school_id), people["ht"].id)
    credentials.confirm(db, who(people["ht"]), people["pht"].id)


def test_a_leaders_first_code_from_an_admin_waits_too_and_the_operators_does_not(
    db: Database, make_account: Make, people: dict[str, Account], who: Who
) -> None:
    first, second, teacher = (
        make_account(name, position=post, password=None)
        for name, post in (("p1", "vice_principal"), ("p2", "vice_principal"), ("g1", "teacher"))
    )
    for account, giver in (
        (first, who(people["qt"])),
        (second, operator(first.school_id)),
        (teacher, who(people["qt"])),
    ):
        [(name, _, code)] = activation.issue_codes(db, giver, [account.id])
        activation.activate(db, name, code, NEW, address="198.51.100.7")
    with db.read(first.school_id) as session:
        assert [
            session.get_one(Account, (each.school_id, each.id)).credentials_open for each in (first, second, teacher)
        ] == [True, False, False]


def test_who_asked_does_not_answer_through_an_account_he_opened(
    db: Database, school_id: str, people: dict[str, Account], who: Who
) -> None:
    asker, approver = people["pht"], people["ht"]
    with db.write(school_id) as session:
        for given, by in ((approver, asker), (asker, approver)):
            account = session.get_one(Account, (school_id, given.id))
            account.credentials_by = by.id
            session.add(account)
            session.flush()
            assert (
                refused(lambda: credentials.require_second_person(session, who(approver), asker.id))
                is ErrorCode.SECOND_PERSON
            )
            account.credentials_by = ""
            session.add(account)
            session.flush()
        credentials.require_second_person(session, who(approver), asker.id)
        assert (
            refused(lambda: credentials.require_second_person(session, who(approver), approver.id))
            is ErrorCode.SECOND_PERSON
        )


def test_unlocking_asks_for_a_second_person(
    db: Database, people: dict[str, Account], who: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(unlock, "require_second_person", lambda _session, _who, by: asked.append(by))
    with db.write(people["ht"].school_id) as session:
        row = unlock.UnlockRequest(document_ids=[], reason="sai", requested_by=people["pht"].id)
        session.add(row)
    unlock.decide(db, who(people["ht"]), row.id, approve=False)
    assert asked == [people["pht"].id]


def test_the_owner_is_told_by_letter_and_confirms_with_its_code(
    db: Database,
    school_id: str,
    make_account: Make,
    people: dict[str, Account],
    who: Who,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reset_letter, "offered", lambda: True)
    teacher = make_account("co.hoa", email="hoa@school.example")
    taken_over(db, who, people["qt"], teacher)
    with db.write(school_id) as session:
        assert [job.kind for job in session.exec(select(Job)).all()] == [reset_letter.KIND]
        account = session.get_one(Account, (school_id, teacher.id))
        account.owner_code_hash = code_hash("K7QM-2RTX-9BHD")
        session.add(account)
    assert (
        refused(lambda: credentials.confirm_as_owner(db, who(teacher), "AAAA-BBBB-CCCC", address="198.51.100.7"))
        is ErrorCode.CODE_INVALID
    )
    credentials.confirm_as_owner(db, who(teacher), "k7qm 2rtx 9bhd", address="198.51.100.7")
    assert refused(lambda: signer_inbox.start(db, who(teacher), ["x"])) is ErrorCode.NOTHING_TO_DO
    assert (
        refused(lambda: credentials.confirm_as_owner(db, who(teacher), "K7QM-2RTX-9BHD", address="198.51.100.7"))
        is ErrorCode.CODE_INVALID
    )


def test_ones_own_reset_and_the_operators_need_nobody(db: Database, people: dict[str, Account], who: Who) -> None:
    taken_over(db, who, people["qt"], people["qt"])
    [(name, _, code)] = activation.issue_codes(db, operator(people["ht"].school_id), [people["ht"].id])
    activation.activate(db, name, code, PASSWORD, address="198.51.100.7")
    with db.read(people["ht"].school_id) as session:
        assert not any(row.credentials_open for row in session.exec(select(Account)).all())
