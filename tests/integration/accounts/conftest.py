"""A school with people, and short ways to make accounts that can log in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hocba_app.models import Account, Database, LoginName, School, Staff
from hocba_app.process_scope import close_process_scope
from hocba_app.services.accounts import passwords, sessions
from hocba_app.services.accounts.identity import Identity, identity_of
from hocba_app.services.accounts.login_names import login_name

PASSWORD = "Hoa phượng nở 1975"


@pytest.fixture(autouse=True)
def light_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id with the smallest parameters: what is tested is who may enter, not the cost."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords._nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    sessions.forget()
    yield
    close_process_scope()


MakeAccount = Callable[..., Account]


@pytest.fixture
def make_account(db: Database, school_id: str) -> MakeAccount:
    """``make_account(username, roles=…, position=…, school=…)``: active, with :data:`PASSWORD`; staff unless position is None."""

    def make(
        username: str,
        *,
        roles: tuple[str, ...] = (),
        position: str | None = "teacher",
        school: str = "",
        password: str | None = PASSWORD,
        email: str | None = None,
    ) -> Account:
        school = school or school_id
        stored = passwords.hash_password(password) if password else None
        with db.write(school) as session:
            staff = None
            if position is not None:
                staff = Staff(source_id=username, code=username, full_name=f"Cô {username}", position=position)
                session.add(staff)
                session.flush()
            account = Account(
                username=login_name(username),
                staff_id=staff.id if staff else None,
                full_name=f"Cô {username}",
                granted_roles=list(roles),
                password_hash=stored,
                email=email,
            )
            session.add(account)
            session.flush()
            session.add(LoginName(name=account.username, school_id=school, account_id=account.id))
        return account

    return make


@pytest.fixture
def other_school_id(db: Database, school_id: str) -> str:
    """A second school of the installation."""
    with db.installation(write=True) as session:
        school = School(code="01000002", name="Trường THCS Trưng Vương", current_year="2025-2026")
        session.add(school)
    return school.id


@pytest.fixture
def who(db: Database) -> Callable[[Account], Identity]:
    """The identity an account has now."""

    def now(account: Account) -> Identity:
        with db.read(account.school_id) as session:
            found = identity_of(session, account.id)
        assert found is not None
        return found

    return now
