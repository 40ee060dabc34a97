"""Accounts from the staff list, codes, the first password."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, AuditEvent, Database, LoginName, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.activation import AccountChanges, activate, ensure_staff_accounts, issue_codes
from hocba_app.services.accounts.code_sheet import codes_sheet_pdf
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.own_account import change_password
from hocba_app.services.accounts.sessions import forget, identify, login
from hocba_app.services.audit.log import verify_chain
from tests.integration.accounts.conftest import PASSWORD
from tests.refusals import refused

ADDRESS = "198.51.100.7"
NEW = "Sông Hồng cuộn sóng"


@pytest.fixture
def admin(make_account: Callable[..., Account], who: Callable[[Account], Identity]) -> Identity:
    return who(make_account("admin@79760001", roles=("admin",), position=None))


def staff(db: Database, school_id: str, *codes: str) -> list[Staff]:
    people = [
        Staff(source_id=f"id-{code}-{n}", code=code, full_name=f"Thầy {code}", email=f"{n}@school.example")
        for n, code in enumerate(codes)
    ]
    with db.write(school_id) as session:
        session.add_all(people)
    return people


def sync(db: Database, school_id: str) -> AccountChanges:
    with db.write(school_id) as session:
        return ensure_staff_accounts(session)


def accounts(db: Database, school_id: str) -> dict[str, Account]:
    with db.read(school_id) as session:
        return {account.username: account for account in session.exec(select(Account))}


def test_new_staff_get_inactive_accounts_once(db: Database, school_id: str, other_school_id: str) -> None:
    staff(db, school_id, "GV01", "GV02", "GV01")
    staff(db, other_school_id, "GV01")
    assert sync(db, school_id) == AccountChanges(created=3, disabled=0)
    assert sync(db, school_id) == AccountChanges()
    sync(db, other_school_id)
    mine = accounts(db, school_id)
    assert sorted(mine) == ["gv01.2@79760001", "gv01@79760001", "gv02@79760001"]
    assert sorted(accounts(db, other_school_id)) == ["gv01@01000002"]
    assert all(
        account.password_hash is None and account.code_hash is None and not account.disabled
        for account in mine.values()
    )
    with db.installation() as session:
        assert session.get_one(LoginName, "gv01@01000002").school_id == other_school_id


def test_who_left_is_disabled_and_logged_out_and_stays_so_when_he_comes_back(
    db: Database, school_id: str, admin: Identity
) -> None:
    [person] = staff(db, school_id, "GV01")
    sync(db, school_id)
    [(name, _, code)] = issue_codes(db, admin, [accounts(db, school_id)["gv01@79760001"].id])
    activate(db, name, code, NEW, address=ADDRESS)
    token = login(db, name, NEW, address=ADDRESS)

    def set_active(active: bool) -> AccountChanges:
        with db.write(school_id) as session:
            session.get_one(Staff, (school_id, person.id)).active = active
        return sync(db, school_id)

    assert set_active(False) == AccountChanges(created=0, disabled=1)
    assert set_active(True) == AccountChanges()
    assert accounts(db, school_id)[name].disabled
    forget()  # the sync runs in the worker: another process than the one that answers the browser
    assert identify(db, token) is None
    assert refused(lambda: login(db, name, NEW, address=ADDRESS)) is ErrorCode.LOGIN_FAILED


def test_names_and_addresses_follow_the_staff_list(db: Database, school_id: str) -> None:
    [person] = staff(db, school_id, "GV01")
    sync(db, school_id)
    with db.write(school_id) as session:
        session.get_one(Staff, (school_id, person.id)).full_name = "Thầy Đặng Văn Lâm"
    sync(db, school_id)
    assert accounts(db, school_id)["gv01@79760001"].full_name == "Thầy Đặng Văn Lâm"


def test_a_code_works_once_and_only_its_hash_is_stored(db: Database, school_id: str, admin: Identity) -> None:
    staff(db, school_id, "GV01", "GV02")
    sync(db, school_id)
    before = accounts(db, school_id)
    ids = [before[name].id for name in ("gv02@79760001", "gv01@79760001")]
    (name, full_name, code), (other, _, other_code) = issue_codes(db, admin, ids)
    assert (name, full_name, other) == ("gv01@79760001", "Thầy GV01", "gv02@79760001")
    assert code not in str(accounts(db, school_id)[name].model_dump())
    assert refused(lambda: activate(db, name, other_code, NEW, address=ADDRESS)) is ErrorCode.CODE_INVALID
    assert refused(lambda: activate(db, name, code, "ngắn", address=ADDRESS)) is ErrorCode.PASSWORD_WEAK
    activate(db, "GV01@79760001", code.lower().replace("-", ""), NEW, address=ADDRESS)
    assert refused(lambda: activate(db, name, code, PASSWORD, address=ADDRESS)) is ErrorCode.CODE_INVALID
    who = identify(db, login(db, name, NEW, address=ADDRESS))
    assert who is not None and who.username == name
    assert refused(lambda: login(db, other, other_code, address=ADDRESS)) is ErrorCode.LOGIN_FAILED


def test_expired_disabled_and_unknown_give_the_same_answer(db: Database, school_id: str, admin: Identity) -> None:
    staff(db, school_id, "GV01", "GV02")
    sync(db, school_id)
    ids = {name: account.id for name, account in accounts(db, school_id).items() if name.startswith("gv")}
    codes = {name: code for name, _, code in issue_codes(db, admin, list(ids.values()))}
    with db.write(school_id) as session:
        session.get_one(Account, (school_id, ids["gv01@79760001"])).code_expires_at = utc_now() - timedelta(seconds=1)
        session.get_one(Account, (school_id, ids["gv02@79760001"])).disabled = True
    codes["nobody@79760001"] = "K7QM-2RTX-9BHD"
    for name, code in codes.items():
        assert (
            refused(lambda name=name, code=code: activate(db, name, code, NEW, address=ADDRESS))
            is ErrorCode.CODE_INVALID
        )


def test_guessing_codes_is_throttled_apart_from_logging_in(db: Database, make_account: Callable[..., Account]) -> None:
    make_account("gv01")
    for _ in range(throttle.FREE_PER_NAME):
        assert refused(lambda: activate(db, "gv01", "AAAA-AAAA-AAAA", NEW, address=ADDRESS)) is ErrorCode.CODE_INVALID
    assert refused(lambda: activate(db, "gv01", "AAAA-AAAA-AAAA", NEW, address=ADDRESS)) is ErrorCode.LOGIN_THROTTLED
    login(db, "gv01", PASSWORD, address=ADDRESS)


def test_one_code_used_by_two_at_once_sets_one_password(db: Database, school_id: str, admin: Identity) -> None:
    staff(db, school_id, "GV01")
    sync(db, school_id)
    [(name, _, code)] = issue_codes(db, admin, [accounts(db, school_id)["gv01@79760001"].id])
    outcomes: list[object] = []

    def use(password: str) -> None:
        try:
            activate(db, name, code, password, address=ADDRESS)
            outcomes.append(password)
        except HocbaError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=use, args=(f"{NEW} {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, str) and not isinstance(outcome, ErrorCode)]
    assert len(winners) == 1 and outcomes.count(ErrorCode.CODE_INVALID) == 2
    login(db, name, winners[0], address=ADDRESS)


def test_a_reset_ends_password_and_sessions_now(
    db: Database, school_id: str, admin: Identity, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)
    assert identify(db, token) is not None
    [(_, _, code)] = issue_codes(db, admin, [account.id])
    assert identify(db, token) is None
    assert refused(lambda: login(db, "gv01", PASSWORD, address=ADDRESS)) is ErrorCode.LOGIN_FAILED
    activate(db, "gv01", code, NEW, address=ADDRESS)
    assert identify(db, token) is None
    with db.read(school_id) as session:
        events = session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
        assert [(event.action, event.actor) for event in events] == [
            ("session.opened", account.id),
            ("account.code_issued", admin.account_id),
            ("session.refused", ""),
            ("account.activated", account.id),
        ]
        assert code not in str([event.data for event in events])
        assert verify_chain(session) == []


def test_codes_are_for_admins_of_the_same_school_only(
    db: Database,
    other_school_id: str,
    admin: Identity,
    make_account: Callable[..., Account],
    who: Callable[[Account], Identity],
) -> None:
    teacher = make_account("gv01", roles=("management",))
    stranger = make_account("admin@01000002", roles=("admin",), position=None, school=other_school_id)
    assert refused(lambda: issue_codes(db, who(teacher), [teacher.id])) is ErrorCode.FORBIDDEN
    assert refused(lambda: issue_codes(db, who(stranger), [teacher.id])) is ErrorCode.NOT_FOUND
    assert refused(lambda: issue_codes(db, admin, [teacher.id, stranger.id])) is ErrorCode.NOT_FOUND
    login(db, "gv01", PASSWORD, address=ADDRESS)  # nothing was changed


def test_no_code_for_a_disabled_account(
    db: Database, school_id: str, admin: Identity, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv01")
    with db.write(school_id) as session:
        session.get_one(Account, (school_id, account.id)).disabled = True
    assert refused(lambda: issue_codes(db, admin, [account.id])) is ErrorCode.INVALID_INPUT


def test_changing_the_own_password(
    db: Database, make_account: Callable[..., Account], who: Callable[[Account], Identity]
) -> None:
    account = make_account("gv01")
    here, elsewhere = (login(db, "gv01", PASSWORD, address=ADDRESS) for _ in range(2))
    me = who(account)
    wrong = lambda: change_password(db, me, "not it", NEW, address=ADDRESS, keep_token=here)  # noqa: E731
    assert refused(wrong) is ErrorCode.LOGIN_FAILED
    assert (
        refused(lambda: change_password(db, me, PASSWORD, "gv01", address=ADDRESS, keep_token=here))
        is ErrorCode.PASSWORD_WEAK
    )
    change_password(db, me, PASSWORD, NEW, address=ADDRESS, keep_token=here)
    assert identify(db, here) is not None and identify(db, elsewhere) is None
    login(db, "gv01", NEW, address=ADDRESS)
    for _ in range(throttle.FREE_PER_NAME):
        assert refused(wrong) is ErrorCode.LOGIN_FAILED
    assert refused(wrong) is ErrorCode.LOGIN_THROTTLED


def test_the_sheet_has_every_name_and_code_in_one_piece() -> None:
    rows = [(f"gv{n:02}@79760001", f"Nguyễn Thị Hoàng Ngọc Bảo Ngữ {n}", f"K7QM-2RTX-9B{n:02}") for n in range(13)]
    rows.append(("a" * 66 + "@79760001", "Công Tằng Tôn Nữ Hoàng Ngọc Nguyễn Phước Bảo Quỳnh Ênuôl", "ABCD-EFGH-JKMN"))
    reader = PdfReader(io.BytesIO(codes_sheet_pdf(rows, school_name="Trường THCS Kim Đồng", valid_until=utc_now())))
    assert len(reader.pages) == 2
    text = "\n".join(page.extract_text() for page in reader.pages)
    for username, full_name, code in rows:
        assert username in text and full_name in text and code in text
