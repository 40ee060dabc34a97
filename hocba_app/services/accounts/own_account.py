"""What everybody may do with his own account."""

from __future__ import annotations

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Database
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.passwords import check_policy, hash_password, verify_password
from hocba_app.services.accounts.refusals import note_refusal
from hocba_app.services.accounts.sessions import forget, revoke_all
from hocba_app.services.audit.log import record


def change_password(db: Database, who: Identity, old: str, new: str, *, address: str, keep_token: str) -> None:
    """Set another password; every other session of the account ends.

    Args:
        address: the client's network address, for the throttle: a session left open must not help to guess.
        keep_token: the session in which it is done, which stays.

    Raises:
        HocbaError: LOGIN_FAILED for a wrong old password, LOGIN_THROTTLED, PASSWORD_WEAK.
    """
    check_policy(new, who.username)
    attempt = throttle.charge(db, who.username, address, purpose="change")
    with db.read(who.school_id) as session:
        account = session.get_one(Account, (who.school_id, who.account_id))
    right, _ = verify_password(old, account.password_hash)
    if not right:
        note_refusal(db, who.school_id, who.account_id, attempt, "change")
        raise HocbaError(ErrorCode.LOGIN_FAILED)
    stored = hash_password(new)
    with db.write(who.school_id) as session:
        current = session.get_one(Account, (who.school_id, who.account_id), with_for_update=True)
        if current.password_hash != account.password_hash or current.disabled:
            raise HocbaError(ErrorCode.LOGIN_FAILED)
        current.password_hash = stored
        session.add(current)
        revoke_all(session, current.id, keep_token=keep_token)
        record(session, actor=who.account_id, action=Action.ACCOUNT_PASSWORD_CHANGED, subject=f"account:{current.id}")
    throttle.refund(db, attempt)
    forget()
