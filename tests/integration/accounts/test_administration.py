"""Roles granted and taken back, accounts closed and opened, the list the admin sees; never a school without an admin."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, AuditEvent, Database, SchoolClass, Staff
from hocba_app.services.accounts.activation import issue_codes
from hocba_app.services.accounts.administration import account_ids, accounts_page, disable, enable, grant, revoke
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import identify, login
from tests.integration.accounts.conftest import PASSWORD
from tests.refusals import refused

ADDRESS = "198.51.100.7"
Who = Callable[[Account], Identity]


@pytest.fixture
def admin(make_account: Callable[..., Account]) -> Account:
    return make_account("admin@79760001", roles=("admin",), position=None)


def test_grant_and_revoke_take_effect_at_once_and_are_logged(
    db: Database, school_id: str, admin: Account, make_account: Callable[..., Account], who: Who
) -> None:
    teacher = make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)

    def roles() -> frozenset[str]:
        found = identify(db, token)
        assert found is not None
        return found.roles

    assert roles() == frozenset()
    grant(db, who(admin), teacher.id, "admin")
    grant(db, who(admin), teacher.id, "admin")
    assert roles() == {"admin"}
    revoke(db, who(teacher), teacher.id, "admin")
    assert roles() == frozenset()
    with db.read(school_id) as session:
        events = session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
        told = [event for event in events if not event.action.startswith("session.")]
        assert [(event.action, event.actor, event.subject, event.data) for event in told] == [
            ("account.role_granted", admin.id, f"account:{teacher.id}", {"role": "admin"}),
            ("account.role_revoked", teacher.id, f"account:{teacher.id}", {"role": "admin"}),
        ]


@pytest.mark.parametrize("role", ["principal", "seal_operator", "teacher", "root", ""])
def test_only_admin_and_management_are_given_by_hand(
    db: Database, admin: Account, make_account: Callable[..., Account], who: Who, role: str
) -> None:
    teacher = make_account("gv01")
    assert refused(lambda: grant(db, who(admin), teacher.id, role)) is ErrorCode.INVALID_INPUT
    assert refused(lambda: revoke(db, who(admin), teacher.id, role)) is ErrorCode.INVALID_INPUT


def test_the_last_admin_who_can_log_in_stays(
    db: Database, school_id: str, admin: Account, make_account: Callable[..., Account], who: Who
) -> None:
    make_account("not yet active", roles=("admin",), password=None)
    gone = make_account("gone", roles=("admin",))
    with db.write(school_id) as session:
        session.get_one(Staff, (school_id, gone.staff_id)).active = False
    me = who(admin)
    assert refused(lambda: revoke(db, me, admin.id, "admin")) is ErrorCode.LAST_ADMIN
    assert refused(lambda: disable(db, me, admin.id)) is ErrorCode.LAST_ADMIN
    make_account("second", roles=("admin",))
    disable(db, me, admin.id)
    assert refused(lambda: login(db, "admin@79760001", PASSWORD, address=ADDRESS)) is ErrorCode.LOGIN_FAILED


def test_two_admins_who_remove_each_other_leave_one(
    db: Database, admin: Account, make_account: Callable[..., Account], who: Who
) -> None:
    second = make_account("second", roles=("admin",))
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def remove(actor: Identity, target: Account) -> None:
        start.wait()
        try:
            revoke(db, actor, target.id, "admin")
            outcomes.append("removed")
        except HocbaError as error:
            outcomes.append(error.code)

    threads = [
        threading.Thread(target=remove, args=(who(admin), second)),
        threading.Thread(target=remove, args=(who(second), admin)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["last_admin", "removed"]


def test_disable_ends_sessions_and_enable_gives_the_password_back(
    db: Database, school_id: str, admin: Account, make_account: Callable[..., Account], who: Who
) -> None:
    teacher = make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)
    assert identify(db, token) is not None
    disable(db, who(admin), teacher.id)
    assert identify(db, token) is None
    enable(db, who(admin), teacher.id)
    assert identify(db, token) is None
    login(db, "gv01", PASSWORD, address=ADDRESS)
    with db.write(school_id) as session:
        session.get_one(Staff, (school_id, teacher.staff_id)).active = False
    assert refused(lambda: enable(db, who(admin), teacher.id)) is ErrorCode.INVALID_INPUT


def test_only_the_schools_own_admin_changes_accounts(
    db: Database, admin: Account, other_school_id: str, make_account: Callable[..., Account], who: Who
) -> None:
    manager, principal = make_account("manager", roles=("management",)), make_account("principal", position="principal")
    stranger = make_account("admin@01000002", roles=("admin",), position=None, school=other_school_id)
    for change in (
        lambda me: grant(db, me, manager.id, "admin"),
        lambda me: revoke(db, me, manager.id, "management"),
        lambda me: disable(db, me, manager.id),
        lambda me: enable(db, me, manager.id),
    ):
        assert refused(lambda change=change: change(who(manager))) is ErrorCode.FORBIDDEN
        assert refused(lambda change=change: change(who(principal))) is ErrorCode.FORBIDDEN
        assert refused(lambda change=change: change(who(stranger))) is ErrorCode.NOT_FOUND


def test_the_list_is_searched_sorted_and_paged(
    db: Database, school_id: str, admin: Account, make_account: Callable[..., Account], who: Who
) -> None:
    for name, full_name in (
        ("gv1", "Đặng Ỷ Lan"),
        ("gv2", "Nguyễn Văn An"),
        ("gv3", "Trần Thị Lân"),
        ("gv4", "Y Moan Ênuôl"),
    ):
        account = make_account(name, password=None if name == "gv4" else PASSWORD)
        with db.write(school_id) as session:
            session.get_one(Account, (school_id, account.id)).full_name = full_name
            if name == "gv1":
                session.add(
                    SchoolClass(
                        source_id="c1",
                        code="6A1",
                        name="6A1",
                        grade=6,
                        regime="TT22",
                        school_year="2025-2026",
                        homeroom_staff_id=account.staff_id,
                    )
                )
    me = who(admin)
    everyone = accounts_page(db, me)
    assert everyone.total == 5
    assert [row.full_name for row in everyone.rows][1:3] == ["Nguyễn Văn An", "Y Moan Ênuôl"]
    assert [row.username for row in accounts_page(db, me, "LAN").rows] == ["gv1", "gv3"]
    assert [row.username for row in accounts_page(db, me, "dang").rows] == ["gv1"]
    assert set(accounts_page(db, me, "dang").rows[0].roles) == {"homeroom", "teacher"}
    second = accounts_page(db, me, page=2, size=2, sort="-username")
    assert ([row.username for row in second.rows], second.total) == (["gv2", "gv1"], 5)
    assert accounts_page(db, me, page=9).rows == []
    assert [row.username for row in accounts_page(db, me, state="inactive").rows] == ["gv4"]
    issue_codes(db, me, account_ids(db, me))
    assert [row.username for row in accounts_page(db, me, state="invited").rows] == ["gv4"]
    login(db, "gv2", PASSWORD, address=ADDRESS)
    assert accounts_page(db, me, sort="-last_seen").rows[0].username == "gv2"


def test_the_list_is_of_the_own_school_and_not_for_teachers(
    db: Database, admin: Account, other_school_id: str, make_account: Callable[..., Account], who: Who
) -> None:
    stranger = make_account("admin@01000002", roles=("admin",), position=None, school=other_school_id)
    assert [row.username for row in accounts_page(db, who(stranger)).rows] == ["admin@01000002"]
    assert refused(lambda: accounts_page(db, who(make_account("gv01")))) is ErrorCode.FORBIDDEN
    assert accounts_page(db, who(make_account("ht", position="principal"))).total == 3
