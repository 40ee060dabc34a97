"""A school is never left without an admin, whoever or whatever takes accounts away."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.roles import Role
from hocba_app.models import Account
from hocba_app.models.repositories import accounts as rows
from hocba_app.services.accounts.sessions import revoke_all
from hocba_app.services.audit.log import record


def admin_remains(session: Session, without: Collection[str]) -> bool:
    """Whether somebody who can log in today is admin besides these accounts (ids)."""
    for account, staff in rows.accounts_with_staff(session):
        usable = not account.disabled and account.password_hash is not None and (staff is None or staff.active)
        if account.id not in without and usable and Role.ADMIN in account.granted_roles:
            return True
    return False


def require_an_admin_besides(session: Session, leaving: Account) -> None:
    """Refuse to take away the last admin.

    Raises:
        HocbaError: LAST_ADMIN.
    """
    if Role.ADMIN in leaving.granted_roles and not leaving.disabled and not admin_remains(session, {leaving.id}):
        raise HocbaError(ErrorCode.LAST_ADMIN)


def close_account(session: Session, account: Account, *, actor: str) -> None:
    """Disable an account whose person has left, in the caller's transaction."""
    if account.disabled:
        return
    account.disabled, account.code_hash, account.code_expires_at = True, None, None
    session.add(account)
    revoke_all(session, account.id)
    record(
        session, actor=actor, action=Action.ACCOUNT_DISABLED, subject=f"account:{account.id}", data={"reason": "left"}
    )
