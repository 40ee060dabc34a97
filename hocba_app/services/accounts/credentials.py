"""Who vouches that the person at an account is its owner (docs/decisions/0025-rights-from-data.md).

Whoever gives out a one-time code can use it himself. So an account opened again with a code that somebody else gave out,
and a leader's account opened at all, decides and signs nothing until somebody vouches for it who is neither: another person
of the leadership, the operator, or the owner with a code that went to his own mailbox.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.models import Account, Database
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import leadership as rows
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.one_time_codes import code_hash
from hocba_app.services.audit.log import record
from hocba_app.services.cache import school_cache

MAILBOX_KNOWN_FOR = timedelta(days=14)
"""A mailbox that a list of staff changed lately proves nothing: the list may be of the same hand as the reset."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An account that decides and signs nothing yet."""

    account_id: str
    full_name: str
    username: str
    given_by: str
    """Name of whoever gave out the code."""
    given_at: datetime | None
    may_confirm: bool


def given_out(session: Session, account: Account, by: str, *, opened_before: bool) -> None:
    """Note that somebody gave out a code for an account; in the transaction that stores it.

    Args:
        by: account id of whoever did, "" for the operator, who has the database anyway.
        opened_before: whether the account had a password.
    """
    account.owner_code_hash, account.credentials_at = None, utc_now()
    if by in ("", account.id):
        account.credentials_by, account.credentials_open = "", False
    elif opened_before or account.credentials_open or rows.leads(session, account.staff_id):
        account.credentials_by, account.credentials_open = by, True


def mailbox_is_own(account: Account) -> bool:
    """Whether a letter to the account's address reaches its owner, as far as we know."""
    return bool(account.email) and (account.email_since is None or account.email_since < utc_now() - MAILBOX_KNOWN_FOR)


def confirmed(session: Session, account: Account, by: str) -> None:
    """Somebody vouches; in the caller's transaction.

    Args:
        by: account id of whoever does: the owner's own for a code from his mailbox, "" for the operator.
    """
    account.credentials_by, account.credentials_open, account.owner_code_hash = "", False, None
    session.add(account)
    record(
        session,
        actor=by,
        action=Action.ACCOUNT_CREDENTIALS_CONFIRMED,
        subject=f"account:{account.id}",
        data={"owner": by == account.id},
    )


def require_own_credentials(session: Session, who: Identity) -> None:
    """Refuse a decision or a signature from an account nobody vouches for. Every service that takes one asks here.

    Raises:
        HocbaError: CREDENTIALS_OPEN.
    """
    account = session.get(Account, (who.school_id, who.account_id)) if who.account_id else None
    if account is not None and account.credentials_open:
        raise HocbaError(ErrorCode.CREDENTIALS_OPEN)


def require_second_person(session: Session, who: Identity, asked_by: str) -> None:
    """Refuse an answer from whoever asked: himself, or through an account whose code he gave out – either way round.

    Raises:
        HocbaError: CREDENTIALS_OPEN, SECOND_PERSON.
    """
    require_own_credentials(session, who)
    if not asked_by or not who.account_id:
        return
    asker = session.get(Account, (who.school_id, asked_by))
    answerer = session.get(Account, (who.school_id, who.account_id))
    given = (asker.credentials_by if asker else "", answerer.credentials_by if answerer else "")
    if asked_by == who.account_id or given[0] == who.account_id or given[1] == asked_by:
        raise HocbaError(ErrorCode.SECOND_PERSON)


def unconfirmed(db: Database, who: Identity) -> list[Unconfirmed]:
    """Accounts that wait for somebody to vouch for them.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LEADERSHIP_READ)
    with db.read(who.school_id) as session:
        found = []
        for account in rows.unconfirmed_accounts(session):
            giver = session.get(Account, (who.school_id, account.credentials_by))
            found.append(
                Unconfirmed(
                    account.id,
                    account.full_name,
                    account.username,
                    (giver.full_name or giver.username) if giver else "",
                    account.credentials_at,
                    may_confirm=_refusal(session, who, account) is None,
                )
            )
        return found


def owner_notice(db: Database, who: Identity) -> tuple[str, bool]:
    """The notice on every page of an account nobody vouches for, and whether a letter with a code is on its way; "" else.

    Kept in the process: it is asked at every page, and only wide changes touch it.
    """

    words = who.words

    def read(session: Session) -> tuple[str, bool]:
        account = session.get(Account, (who.school_id, who.account_id))
        if account is None or not account.credentials_open:
            return "", False
        giver = session.get(Account, (who.school_id, account.credentials_by))
        by = (giver.full_name or giver.username) if giver is not None else "người khác"
        when = f" ngày {local_text(account.credentials_at)}" if account.credentials_at else ""
        return (
            f"Mã kích hoạt của tài khoản này do {by} cấp{when}. Trước khi được xác nhận, tài khoản chưa ký và chưa duyệt được: hãy nhờ một "
            f"người khác trong {words.leaders} xác nhận. Nếu không phải thầy cô đề nghị cấp mã, hãy báo ngay {words.head}.",
            account.owner_code_hash is not None,
        )

    return school_cache.memoize_per_school(db, who.school_id, ("credentials", who.account_id, who.words), read)


def confirm(db: Database, who: Identity, account_id: str) -> None:
    """A second person of the leadership vouches that the owner is at the account; the operator may too.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, CREDENTIALS_OPEN, SECOND_PERSON.
    """
    if who.account_id:
        require(who, Right.CREDENTIALS_CONFIRM)
    with db.write(who.school_id) as session:
        account = session.get(Account, (who.school_id, account_id), with_for_update=True)
        if account is None or not account.credentials_open:
            raise HocbaError(ErrorCode.NOT_FOUND, what="tài khoản chờ xác nhận")
        if (refusal := _refusal(session, who, account)) is not None:
            raise HocbaError(refusal)
        confirmed(session, account, who.account_id)


def _refusal(session: Session, who: Identity, account: Account) -> ErrorCode | None:
    if not who.account_id:
        return None
    if not rows.leads(session, who.staff_id):
        return ErrorCode.FORBIDDEN
    own = session.get(Account, (who.school_id, who.account_id))
    if own is None or own.credentials_open:
        return ErrorCode.CREDENTIALS_OPEN
    return ErrorCode.SECOND_PERSON if who.account_id in (account.id, account.credentials_by) else None


def confirm_as_owner(db: Database, who: Identity, code: str, *, address: str) -> None:
    """The owner proves himself with the code from the letter he was sent.

    Args:
        address: the client's network address, for the throttle.

    Raises:
        HocbaError: CODE_INVALID – also when there is nothing to confirm; LOGIN_THROTTLED.
    """
    attempt = throttle.charge(db, who.username, address, purpose="confirm")
    with db.write(who.school_id) as session:
        account = session.get(Account, (who.school_id, who.account_id), with_for_update=True)
        stored = account.owner_code_hash if account is not None else None
        if account is None or stored is None or not hmac.compare_digest(stored, code_hash(code)):
            raise HocbaError(ErrorCode.CODE_INVALID)
        confirmed(session, account, who.account_id)
    throttle.refund(db, attempt)
