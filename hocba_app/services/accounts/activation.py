"""From a name in the staff list to a person who can log in: accounts from sync, one-time codes, the first password."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.email_address import one_address
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.leadership import LEFT
from hocba_app.domain.roles import Role
from hocba_app.models import Account, Database, LoginName, School, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as rows
from hocba_app.models.repositories import find
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.admins import admin_remains, close_account
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.credentials import confirmed, given_out, mailbox_is_own
from hocba_app.services.accounts.devices import device_of
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.leadership import propose
from hocba_app.services.accounts.login_names import login_name, staff_login_name
from hocba_app.services.accounts.one_time_codes import VALID_FOR, code_hash, new_code
from hocba_app.services.accounts.passwords import check_policy, hash_password
from hocba_app.services.accounts.refusals import note_refusal
from hocba_app.services.accounts.reset_letter import tell_owner
from hocba_app.services.accounts.sessions import forget, revoke_all
from hocba_app.services.audit.log import record
from hocba_app.services.notify import letters
from hocba_app.services.notify.mail import Letter, offered, post_office

CodeRow = tuple[str, str, str]
"""Login name, full name, one-time code: what is printed on one slip. Never stored."""


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """What the staff list changed."""

    created: int = 0
    disabled: int = 0


def ensure_staff_accounts(session: Session, *, actor: str = "") -> AccountChanges:
    """Make the school's accounts follow its staff list, in the caller's transaction. May be repeated.

    New staff get an inactive account ``<staff code>@<school code>``; who has left is disabled and logged out. Who comes
    back stays disabled until an admin enables him: a list that says so by mistake must not open a door.

    Args:
        session: write session of the school.
        actor: account id of whoever started the sync.
    """
    school = session.get_one(School, session.info["school_id"])
    accounts = {account.staff_id: account for account in find.all_of(session, Account) if account.staff_id}
    created, left = 0, list[tuple[Staff, Account]]()
    for staff in find.all_of(session, Staff, Staff.code, Staff.id):
        account = accounts.get(staff.id)
        if account is None:
            if staff.active:
                _create(session, school.code, staff, actor)
                created += 1
            continue
        _follow(session, account, staff, actor)
        if not staff.active and not account.disabled:
            left.append((staff, account))
    return AccountChanges(created, _close(session, left, actor))


def _follow(session: Session, account: Account, staff: Staff, actor: str) -> None:
    """Name and mailbox as the list has them. A mailbox that changed is noted: codes go there."""
    email = one_address(staff.email)
    if account.email != email:
        account.email, account.email_since = email, utc_now()
        record(session, actor=actor, action=Action.ACCOUNT_EMAIL_CHANGED, subject=f"account:{account.id}")
    account.full_name = staff.full_name
    session.add(account)


def _close(session: Session, left: list[tuple[Staff, Account]], actor: str) -> int:
    """Disable who has left; the last admin stays, and that he is listed as gone becomes a proposal. Returns how many."""
    going = {account.id for _, account in left}
    last = None
    if any(Role.ADMIN in account.granted_roles for _, account in left) and not admin_remains(session, going):
        last = next((entry for entry in left if Role.ADMIN in entry[1].granted_roles and entry[1].password_hash), None)
        last = last or next(entry for entry in left if Role.ADMIN in entry[1].granted_roles)
    for staff, account in left:
        if last is not None and account.id == last[1].id:
            staff.active = True
            session.add(staff)
            propose(session, staff, LEFT, actor)
        else:
            close_account(session, account, actor=actor)
    return len(left) - (last is not None)


def _create(session: Session, school_code: str, staff: Staff, actor: str) -> None:
    number = 1
    while rows.taken_names(session, [name := staff_login_name(staff.code, school_code, number)]):
        number += 1
    account = Account(username=name, staff_id=staff.id, full_name=staff.full_name, email=one_address(staff.email))
    session.add(account)
    session.flush()
    session.add(LoginName(name=name, school_id=account.school_id, account_id=account.id))
    session.flush()
    record(
        session, actor=actor, action=Action.ACCOUNT_CREATED, subject=f"account:{account.id}", data={"staff": staff.id}
    )


def issue_codes(db: Database, who: Identity, account_ids: Sequence[str]) -> list[CodeRow]:
    """New one-time codes, valid for 14 days. For an account in use it is a reset: old password and sessions end now.

    Returns:
        Login name, full name, code – in order of name, to be printed; the codes cannot be shown again.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT for a disabled account.
    """
    require(who, Right.ACCOUNTS)
    with db.write(who.school_id) as session:
        issued = _issue(session, who, account_ids)
        for account, _ in issued:
            if account.credentials_open:
                tell_owner(session, account, who.account_id)
    forget()
    return [(account.username, account.full_name, code) for account, code in issued]


def _issue(session: Session, who: Identity, account_ids: Sequence[str]) -> list[tuple[Account, str]]:
    wanted = set(account_ids)
    accounts = find.by_ids(session, Account, wanted)
    if len(accounts) != len(wanted):
        raise HocbaError(ErrorCode.NOT_FOUND, what="tài khoản")
    now = utc_now()
    issued = []
    for account in sorted(accounts.values(), key=lambda account: account.username):
        if account.disabled:
            raise HocbaError(
                ErrorCode.INVALID_INPUT, detail=f"tài khoản {account.username} đang bị khóa, hãy mở khóa trước"
            )
        code = new_code()
        reset = account.password_hash is not None
        given_out(session, account, who.account_id, opened_before=reset)
        account.code_hash, account.code_expires_at, account.password_hash = code_hash(code), now + VALID_FOR, None
        session.add(account)
        record(
            session,
            actor=who.account_id,
            action=Action.ACCOUNT_CODE_ISSUED,
            subject=f"account:{account.id}",
            data={"reset": reset},
        )
        issued.append((account, code))
    revoke_all(session, *wanted)
    return issued


@dataclass(slots=True)
class MailReport:
    """What became of a round of letters."""

    sent: list[str] = field(default_factory=list)
    """Login names whose code is on its way."""
    print_these: list[CodeRow] = field(default_factory=list)
    """Codes of people without an address, or whose letter was refused: they have to be printed."""


def mail_offered() -> bool:
    """Whether this installation can send letters."""
    return offered()


def mail_codes(db: Database, who: Identity, account_ids: Sequence[str]) -> MailReport:
    """New one-time codes by mail, as :func:`issue_codes`.

    The mail server is asked before any code changes, so that its failure costs nothing.

    Raises:
        HocbaError: MAIL_FAILED when the mail server does not answer, and as :func:`issue_codes`.
    """
    require(who, Right.ACCOUNTS)
    report, vouching = MailReport(), dict[str, str]()
    with post_office() as post:
        with db.write(who.school_id) as session:
            school = session.get_one(School, who.school_id)
            issued = _issue(session, who, account_ids)
        forget()
        for account, code in issued:
            if account.email and _posted(post, letters.activation(account, code, school.name)):
                report.sent.append(account.username)
                if mailbox_is_own(account):
                    vouching[account.id] = code
            else:
                report.print_these.append((account.username, account.full_name, code))
    with db.write(who.school_id) as session:
        for account_id, code in vouching.items():
            account = session.get_one(Account, (who.school_id, account_id), with_for_update=True)
            if account.code_hash == code_hash(code):  # who sent it has not seen it: using it proves the owner
                account.owner_code_hash = account.code_hash
                session.add(account)
    return report


def _posted(post: Callable[[Letter], None], letter: Letter) -> bool:
    try:
        post(letter)
    except HocbaError:
        return False
    return True


def activate(
    db: Database, username: str, code: str, new_password: str, *, address: str, device: str | None = None
) -> None:
    """Use a one-time code to set a password. An unknown name and a wrong code give the same answer for the same work.

    Args:
        address: the client's network address, for the throttle.
        device: the cookie of `devices`, where the client has one.

    Raises:
        HocbaError: PASSWORD_WEAK (the code stays valid), CODE_INVALID, LOGIN_THROTTLED.
    """
    name = login_name(username)
    check_policy(new_password, name)
    with db.installation() as session:
        known = session.get(LoginName, name)
    attempt = throttle.charge(
        db, name, address, purpose="code", device=device_of(device, known.account_id) if known else ""
    )
    stored = hash_password(new_password)
    if known is None:
        raise HocbaError(ErrorCode.CODE_INVALID)
    with db.read(known.school_id) as session:
        now = session.get(Account, (known.school_id, known.account_id))
    if now is None or not _fits(now, code, utc_now()):
        note_refusal(db, known.school_id, known.account_id, attempt, "code")
        raise HocbaError(ErrorCode.CODE_INVALID)
    with db.write(known.school_id) as session:
        account = session.get(Account, (known.school_id, known.account_id), with_for_update=True)
        if account is None or not _fits(account, code, utc_now()):  # used meanwhile
            raise HocbaError(ErrorCode.CODE_INVALID)
        by_mail = account.owner_code_hash is not None and account.owner_code_hash == account.code_hash
        account.password_hash, account.code_hash, account.code_expires_at = stored, None, None
        session.add(account)
        if account.credentials_open and by_mail:
            confirmed(session, account, account.id)
        revoke_all(session, account.id)
        record(session, actor=account.id, action=Action.ACCOUNT_ACTIVATED, subject=f"account:{account.id}")
    throttle.refund(db, attempt)
    forget()


def _fits(account: Account, code: str, now: datetime) -> bool:
    return (
        not account.disabled
        and account.code_hash is not None
        and account.code_expires_at is not None
        and account.code_expires_at > now
        and hmac.compare_digest(account.code_hash, code_hash(code))
    )
