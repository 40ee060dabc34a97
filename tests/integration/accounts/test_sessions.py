"""Log in, be known, be throttled, be thrown out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Database, LoginSession, LoginThrottle, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.accounts import devices, passwords, sessions, throttle
from hocba_app.services.accounts.networks import network_of
from hocba_app.services.accounts.sessions import identify, login, logout, revoke_all, token_hash
from hocba_app.settings import settings
from tests.integration.accounts.conftest import PASSWORD

ADDRESS = "198.51.100.7"


@pytest.fixture(autouse=True)
def keyed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With a key devices can be remembered."""
    monkeypatch.setenv("HOCBA_SECRET_KEY", "a key of the tests, 8Jq2Lr5Tz0")
    settings.cache_clear()
    yield
    settings.cache_clear()


def refused(db: Database, name: str, password: str, address: str = ADDRESS, device: str | None = None) -> ErrorCode:
    with pytest.raises(HocbaError) as caught:
        login(db, name, password, address=address, device=device)
    return caught.value.code


def test_login_gives_a_token_that_names_the_person_and_is_not_stored(
    db: Database, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv01@79760001", roles=("admin",))
    token = login(db, "GV01@79760001 ", PASSWORD, address=ADDRESS)
    who = identify(db, token)
    assert who is not None
    assert (who.account_id, who.school_id, who.staff_id) == (account.id, account.school_id, account.staff_id)
    assert who.roles == {"admin"}
    with db.installation() as session:
        assert [row.token_sha256 for row in session.exec(select(LoginSession))] == [token_hash(token)]
    assert len(token) >= 43  # 256 bits


def test_name_and_password_may_be_typed_in_decomposed_letters(
    db: Database, make_account: Callable[..., Account]
) -> None:
    make_account("cô.thúy@79760001")
    name, password = (unicodedata.normalize("NFD", text) for text in ("CÔ.Thúy@79760001", PASSWORD))
    assert name != "CÔ.Thúy@79760001"
    assert identify(db, login(db, name, password, address=ADDRESS)) is not None


def test_unknown_wrong_disabled_inactive_and_gone_give_the_same_answer_for_the_same_work(
    db: Database, school_id: str, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account("known")
    make_account("inactive", password=None)
    disabled, gone = make_account("disabled"), make_account("gone")
    with db.write(school_id) as session:
        session.get_one(Account, (school_id, disabled.id)).disabled = True
        session.get_one(Staff, (school_id, gone.staff_id)).active = False
    work: list[bool] = []
    hasher = passwords._hasher()
    compare = hasher.verify_and_update

    def counted(password: str, stored: str) -> tuple[bool, str | None]:
        work.append(stored.startswith("$argon2id$"))
        return compare(password, stored)

    monkeypatch.setattr(hasher, "verify_and_update", counted)
    for name, password in (
        ("nobody", PASSWORD),
        ("known", "wrong password"),
        ("inactive", PASSWORD),
        ("disabled", PASSWORD),
        ("gone", PASSWORD),
    ):
        assert refused(db, name, password) is ErrorCode.LOGIN_FAILED
    assert work == [True] * 5


def test_a_name_is_blocked_after_five_failures_and_the_right_password_waits_too(
    db: Database, make_account: Callable[..., Account]
) -> None:
    make_account("gv01")
    make_account("gv02")
    for _ in range(throttle.FREE_PER_NAME):
        assert refused(db, "gv01", "wrong password") is ErrorCode.LOGIN_FAILED
    with pytest.raises(HocbaError) as caught:
        login(db, "gv01", PASSWORD, address="203.0.113.9")
    assert caught.value.code is ErrorCode.LOGIN_THROTTLED
    assert caught.value.params["minutes"] == 1
    assert identify(db, login(db, "gv02", PASSWORD, address=ADDRESS)) is not None  # the address is still free


def test_waits_grow_and_are_forgotten(db: Database, make_account: Callable[..., Account]) -> None:
    make_account("gv01")
    key = throttle._key("login-from", f"{ADDRESS}|gv01")

    def age(by: timedelta) -> LoginThrottle:
        with db.installation(write=True) as session:
            rows = {row.key_sha256: row for row in session.exec(select(LoginThrottle)).all()}
            for row in rows.values():
                row.window_started_at -= by
                row.blocked_until = row.blocked_until - by if row.blocked_until else None
        return rows[key]

    for _ in range(throttle.FREE_PER_NAME):
        refused(db, "gv01", "wrong password")
    age(timedelta(minutes=1, seconds=1))
    assert refused(db, "gv01", "wrong password") is ErrorCode.LOGIN_FAILED
    assert refused(db, "gv01", PASSWORD) is ErrorCode.LOGIN_THROTTLED
    row = age(timedelta(0))
    assert row.blocked_until is not None
    assert timedelta(seconds=100) < row.blocked_until - utc_now() <= timedelta(minutes=2)
    age(timedelta(hours=2))
    assert refused(db, "gv01", "wrong password") is ErrorCode.LOGIN_FAILED
    assert identify(db, login(db, "gv01", PASSWORD, address=ADDRESS)) is not None
    with db.installation() as session:
        assert session.get(LoginThrottle, key) is None


def test_strangers_cannot_lock_out_a_device_that_has_logged_in_before(
    db: Database, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv01")
    own = devices.remembered(None, account.id)
    for number in range(3 * throttle.FREE_PER_NAME):
        refused(db, "gv01", "wrong password", address=f"198.51.100.{number}")
    other = devices.remembered(None, "another account")
    for number, cookie in enumerate((other, own[:-4] + "AAAA", "v1.x", "[" * 100_000, None)):
        assert refused(db, "gv01", PASSWORD, address=f"192.0.2.{number}", device=cookie) is ErrorCode.LOGIN_THROTTLED
    assert identify(db, login(db, "gv01", PASSWORD, address="198.51.100.0", device=own)) is not None, (
        "from the strangers' own network too"
    )


def test_a_known_device_that_guesses_waits(db: Database, make_account: Callable[..., Account]) -> None:
    own = devices.remembered(None, make_account("gv01").id)
    for _ in range(throttle.FREE_PER_NAME):
        assert refused(db, "gv01", "wrong password", device=own) is ErrorCode.LOGIN_FAILED
    assert refused(db, "gv01", PASSWORD, device=own) is ErrorCode.LOGIN_THROTTLED
    assert identify(db, login(db, "gv01", PASSWORD, address="192.0.2.1")) is not None, "others are not concerned"


def test_a_device_keeps_the_accounts_of_the_staff_room() -> None:
    cookie = ""
    for number in range(devices.MAX_ACCOUNTS + 1):
        cookie = devices.remembered(cookie, f"a{number}")
    device = devices.device_of(cookie, "a1")
    assert (
        device
        and device == devices.device_of(cookie, f"a{devices.MAX_ACCOUNTS}")
        and devices.device_of(cookie, "a0") == ""
    )


def test_the_right_password_from_elsewhere_is_taken_after_a_wait_whatever_others_do_meanwhile(
    db: Database, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account("gv01")
    now = utc_now()
    monkeypatch.setattr(throttle, "utc_now", lambda: now)
    for number in range(40):
        refused(db, "gv01", "wrong password", address=f"198.51.100.{number}")
    with pytest.raises(HocbaError) as caught:
        login(db, "gv01", PASSWORD, address="203.0.113.9")
    assert caught.value.code is ErrorCode.LOGIN_THROTTLED
    waits = caught.value.params["minutes"]
    assert isinstance(waits, int) and waits <= throttle.MAX_WAIT.total_seconds() / 60
    for _ in range(waits):
        now += timedelta(minutes=1, seconds=1)
        for number in range(40, 60):
            refused(db, "gv01", "wrong password", address=f"198.51.100.{number}")
    assert identify(db, login(db, "gv01", PASSWORD, address="203.0.113.9")) is not None


def test_a_guess_from_elsewhere_costs_a_wait_of_its_own(
    db: Database, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account("gv01")
    now = utc_now()
    monkeypatch.setattr(throttle, "utc_now", lambda: now)
    for _ in range(throttle.FREE_PER_NAME):
        refused(db, "gv01", "wrong password")
    checked = 0
    for _ in range(60):  # an hour of a guess a minute from one other place
        checked += refused(db, "gv01", "wrong password", address="203.0.113.9") is ErrorCode.LOGIN_FAILED
        now += timedelta(minutes=1, seconds=1)
    assert checked <= 8


@pytest.mark.parametrize("address", ["2001:db8:1:2::7", "2001:db8:1:2:ffff:ffff:ffff:ffff", "[2001:db8:1:2::9]"])
def test_one_ipv6_network_is_one_guesser(db: Database, make_account: Callable[..., Account], address: str) -> None:
    make_account("gv01")
    for number in range(throttle.FREE_PER_NAME):
        refused(db, "gv01", "wrong password", address=f"2001:db8:1:2::{number:x}")
    assert refused(db, "gv01", "wrong password", address=address) is ErrorCode.LOGIN_THROTTLED
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1" and network_of("2001:db8:1:3::1") != network_of(
        "2001:db8:1:2::1"
    )


def test_an_address_that_tries_many_names_is_blocked_and_an_own_account_does_not_clear_it(
    db: Database, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FREE_PER_ADDRESS", 6)
    make_account("gv01")
    for number in range(5):
        assert refused(db, f"nobody{number}", "x") is ErrorCode.LOGIN_FAILED
    login(db, "gv01", PASSWORD, address=ADDRESS)
    assert refused(db, "nobody9", "x") is ErrorCode.LOGIN_FAILED
    assert refused(db, "gv01", PASSWORD) is ErrorCode.LOGIN_THROTTLED
    login(db, "gv01", PASSWORD, address="203.0.113.9")


def test_nobody_behind_the_same_address_waits_for_somebody_elses_school(
    db: Database, make_account: Callable[..., Account]
) -> None:
    """The address's counter is held in transactions of its own, never in one that waits for the end of a school's log."""
    make_account("gv01")
    transactions: list[list[str]] = [[]]  # and what is asked before any begins

    def begun(_connection: object) -> None:
        transactions.append([])

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        transactions[-1].append(statement)

    event.listen(db.engine, "begin", begun)
    event.listen(db.engine, "before_cursor_execute", executed)
    try:
        login(db, "gv01", PASSWORD, address=ADDRESS)
    finally:
        event.remove(db.engine, "begin", begun)
        event.remove(db.engine, "before_cursor_execute", executed)
    counted, logged = (
        {number for number, statements in enumerate(transactions) if any(word in each for each in statements)}
        for word in ("key_sha256", "audit_event")
    )
    assert len(counted) > 1 and logged and not counted & logged


def test_logout_and_revocation_take_effect_at_once(
    db: Database, school_id: str, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv01")
    first, second, third = (login(db, "gv01", PASSWORD, address=ADDRESS) for _ in range(3))
    assert identify(db, first) and identify(db, second) and identify(db, third)
    logout(db, first)
    assert identify(db, first) is None
    assert identify(db, second) is not None
    with db.write(school_id) as session:
        revoke_all(session, account.id, keep_token=third)
    sessions.forget()
    assert identify(db, second) is None
    assert identify(db, third) is not None
    logout(db, "no such token")
    logout(db, None)


def test_a_session_ends_by_age_and_by_idleness(db: Database, make_account: Callable[..., Account]) -> None:
    make_account("gv01")
    for field, value in (
        ("expires_at", utc_now() - timedelta(seconds=1)),
        ("last_seen_at", utc_now() - timedelta(hours=2)),
    ):
        token = login(db, "gv01", PASSWORD, address=ADDRESS)
        assert identify(db, token) is not None
        with db.installation(write=True) as session:
            setattr(session.get_one(LoginSession, token_hash(token)), field, value)
        sessions.forget()
        assert identify(db, token) is None


def test_identify_writes_at_most_once_a_minute(db: Database, make_account: Callable[..., Account]) -> None:
    make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)

    def seen() -> timedelta:
        sessions.forget()
        identify(db, token)
        sessions.settle()
        with db.installation() as session:
            return utc_now() - session.get_one(LoginSession, token_hash(token)).last_seen_at

    with db.installation(write=True) as session:
        session.get_one(LoginSession, token_hash(token)).last_seen_at = utc_now() - timedelta(seconds=40)
    assert seen() > timedelta(seconds=30)
    with db.installation(write=True) as session:
        session.get_one(LoginSession, token_hash(token)).last_seen_at = utc_now() - timedelta(seconds=90)
    assert seen() < timedelta(seconds=30)


def test_answers_are_kept_two_seconds_in_the_process(
    db: Database, school_id: str, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)
    assert identify(db, token) is not None
    with db.write(school_id) as session:  # as another process would
        session.get_one(Account, (school_id, account.id)).disabled = True
    assert identify(db, token) is not None
    clock = sessions.time.monotonic() + sessions.KEPT_SECONDS
    monkeypatch.setattr(sessions.time, "monotonic", lambda: clock + 0.01)
    assert identify(db, token) is None


def test_an_answer_read_before_a_revocation_is_not_kept_after_it(
    db: Database, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account("gv01")
    token = login(db, "gv01", PASSWORD, address=ADDRESS)
    read = sessions.identity_with

    def revoked_meanwhile(*found: object) -> object:
        logout(db, token)
        return read(*found)  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "identity_with", revoked_meanwhile)
    assert identify(db, token) is not None
    monkeypatch.setattr(sessions, "identity_with", read)
    assert identify(db, token) is None


def test_old_sessions_are_deleted_at_a_login(db: Database, make_account: Callable[..., Account]) -> None:
    make_account("gv01")
    old = login(db, "gv01", PASSWORD, address=ADDRESS)
    with db.installation(write=True) as session:
        session.get_one(LoginSession, token_hash(old)).expires_at = utc_now() - timedelta(days=8)
    login(db, "gv01", PASSWORD, address=ADDRESS)
    with db.installation() as session:
        assert session.get(LoginSession, token_hash(old)) is None
