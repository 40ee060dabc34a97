"""What the school's admin does with accounts: see them, grant and take back roles, disable and enable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.roles import GRANTABLE, Duties, Role, roles_of
from hocba_app.domain.school_calendar import today
from hocba_app.models import Account, Database, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as rows
from hocba_app.services.accounts.admins import require_an_admin_besides
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.login_names import plain
from hocba_app.services.accounts.sessions import forget, revoke_all
from hocba_app.services.audit.log import record

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account as the admin sees it."""

    account_id: str
    username: str
    full_name: str
    email: str
    position: str
    """The post in the staff list; "" for an account without a member of staff."""
    granted_roles: tuple[str, ...]
    roles: tuple[str, ...]
    """All roles of today, the granted ones among them."""
    state: str
    """"active", "invited" (an unused code is out), "inactive" or "disabled"."""
    code_expires_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """One page of a sorted, filtered list."""

    rows: list[AccountRow]
    total: int
    """Accounts that match, over all pages."""


_SORTS: dict[str, Callable[[AccountRow], Any]] = {
    "name": lambda row: (
        plain(row.full_name.split()[-1] if row.full_name.split() else ""),
        plain(row.full_name),
        row.username,
    ),
    "username": lambda row: row.username,
    "state": lambda row: (row.state, row.username),
    "last_seen": lambda row: (
        row.last_seen_at is not None,
        row.last_seen_at.timestamp() if row.last_seen_at else 0.0,
        row.username,
    ),
}


def accounts_page(
    db: Database, who: Identity, search: str = "", page: int = 1, size: int = 20, sort: str = "name", *, state: str = ""
) -> AccountsPage:
    """A page of the school's accounts. A school has at most a few hundred: they are filtered and sorted here.

    Args:
        search: part of a name or login name, with or without Vietnamese marks.
        page: from 1; a page past the end is empty.
        size: rows a page, at most 100.
        sort: "name" (given name first), "username", "state" or "last_seen"; with a leading "-" from the end.
        state: only accounts in this state.

    Raises:
        HocbaError: FORBIDDEN.
    """
    found = _found(db, who, search, state)
    key = _SORTS.get(sort.removeprefix("-"), _SORTS["name"])
    found.sort(key=key, reverse=sort.startswith("-"))
    size = max(1, min(size, MAX_PAGE))
    start = max(0, page - 1) * size
    return AccountsPage(rows=found[start : start + size], total=len(found))


def account_ids(db: Database, who: Identity, search: str = "", *, state: str = "inactive") -> list[str]:
    """The ids of every account a filter finds, to print codes for all who need one.

    Raises:
        HocbaError: FORBIDDEN.
    """
    return [row.account_id for row in _found(db, who, search, state)]


def _found(db: Database, who: Identity, search: str, state: str) -> list[AccountRow]:
    require(who, Right.ACCOUNTS_READ)
    with db.read(who.school_id) as session:
        accounts = rows.accounts_with_staff(session)
        held = rows.duties(session, today().isoformat())
        seen = rows.last_seen(session)
    now, wanted = utc_now(), plain(search.strip())
    shown = (_row(account, staff, held, seen, now) for account, staff in accounts)
    return [
        row
        for row in shown
        if (not wanted or wanted in plain(row.full_name) or wanted in plain(row.username)) and state in ("", row.state)
    ]


def _row(
    account: Account, staff: Staff | None, held: dict[str, Duties], seen: dict[str, datetime], now: datetime
) -> AccountRow:
    duties = held.get(account.staff_id or "", Duties())
    return AccountRow(
        account_id=account.id,
        username=account.username,
        full_name=account.full_name,
        email=account.email or "",
        position=staff.position if staff else "",
        granted_roles=tuple(sorted(account.granted_roles)),
        roles=tuple(sorted(roles_of(account.granted_roles, staff.position if staff else None, duties))),
        state=_state(account, now),
        code_expires_at=account.code_expires_at,
        last_seen_at=seen.get(account.id),
    )


def _state(account: Account, now: datetime) -> str:
    if account.disabled:
        return "disabled"
    if account.password_hash is not None:
        return "active"
    waiting = account.code_hash is not None and account.code_expires_at is not None and account.code_expires_at > now
    return "invited" if waiting else "inactive"


def grant(db: Database, who: Identity, account_id: str, role: str) -> None:
    """Give an account the role of admin or management; giving it twice changes nothing.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT for a role that is not given by hand.
    """
    with _changing(db, who) as session:
        account = _account(session, who, account_id)
        if _grantable(role) not in account.granted_roles:
            account.granted_roles = sorted({*account.granted_roles, role})
            _note(session, who, account, Action.ACCOUNT_ROLE_GRANTED, role=role)


def revoke(db: Database, who: Identity, account_id: str, role: str) -> None:
    """Take a granted role back; taking one that is not there changes nothing.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, LAST_ADMIN.
    """
    with _changing(db, who) as session:
        account = _account(session, who, account_id)
        if _grantable(role) in account.granted_roles:
            if role == Role.ADMIN:
                require_an_admin_besides(session, account)
            account.granted_roles = sorted(set(account.granted_roles) - {role})
            _note(session, who, account, Action.ACCOUNT_ROLE_REVOKED, role=role)


def disable(db: Database, who: Identity, account_id: str) -> None:
    """Close an account: its sessions end now, its code is void; nothing it did is lost.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, LAST_ADMIN.
    """
    with _changing(db, who) as session:
        account = _account(session, who, account_id)
        if not account.disabled:
            require_an_admin_besides(session, account)
            account.disabled, account.code_hash, account.code_expires_at = True, None, None
            revoke_all(session, account.id)
            _note(session, who, account, Action.ACCOUNT_DISABLED)


def enable(db: Database, who: Identity, account_id: str) -> None:
    """Open a disabled account again; its password, if it had one, counts again.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT when the person is no longer on the staff list.
    """
    with _changing(db, who) as session:
        account = _account(session, who, account_id)
        staff = session.get(Staff, (who.school_id, account.staff_id)) if account.staff_id else None
        if staff is not None and not staff.active:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="người này không còn trong danh sách cán bộ đã đồng bộ")
        if account.disabled:
            account.disabled = False
            _note(session, who, account, Action.ACCOUNT_ENABLED)


@contextmanager
def _changing(db: Database, who: Identity) -> Iterator[Session]:
    """A write transaction of somebody who may change accounts, one at a time in a school: two admins who remove each
    other at the same moment would otherwise both still see the other."""
    require(who, Right.ACCOUNTS)
    with db.write(who.school_id) as session:
        rows.lock_school(session)
        yield session
    forget()


def _account(session: Session, who: Identity, account_id: str) -> Account:
    account = session.get(Account, (who.school_id, account_id))
    if account is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tài khoản")
    return account


def _grantable(role: str) -> str:
    if role not in GRANTABLE:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"vai trò {role}")
    return role


def _note(session: Session, who: Identity, account: Account, action: Action, **data: Any) -> None:
    session.add(account)
    record(session, actor=who.account_id, action=action, subject=f"account:{account.id}", data=data)
