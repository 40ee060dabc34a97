"""Who may do what: one table, deny by default (shared domain rules, "Who may do what").

The screens' gates are the first line; every service function that acts for a person asks here again. The numbers are
those of the school's own guide.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum, auto

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.roles import Role
from hocba_app.models import SchoolClass
from hocba_app.models.repositories import accounts as rows
from hocba_app.services.accounts.identity import Identity


class Right(StrEnum):
    """One thing a person may or may not do in his own school."""

    SYNC = auto()  # [12]
    SIGNATURE_IMAGES = auto()  # everybody's signature images [14]
    SEAL_IMAGE = auto()  # [16]
    ASSIGNMENTS = auto()  # check and assign signers [17]
    LOCK = auto()  # [18]
    SIGNING_ACCOUNTS = auto()  # MySign accounts of staff [19]
    COVER_SIGNER = auto()  # [22.1]
    DELEGATE = auto()  # ký thay [22.2]
    SEAL_OPERATOR = auto()  # name him and his account [22.3, 22.4]
    PRINT = auto()  # [29]
    ATTACH = auto()  # records of other schools to a pupil (workflow rule 7)
    OWN_SIGNATURE = auto()  # own signature image [15]
    OWN_SIGNING_ACCOUNT = auto()  # own MySign account and phone [19-21]
    OWN_QUEUE = auto()  # [24, 25]
    SIGN_PRINCIPAL = auto()  # cover, QTHT, KQHT as principal [23, 26]
    SEAL = auto()  # [27]
    UNLOCK_ASK = auto()  # [28]
    UNLOCK_APPROVE = auto()
    ACCEPT_NAME = auto()  # a certificate under another name than its person's
    ACCOUNTS = auto()  # change them
    ACCOUNTS_READ = auto()
    LEADERSHIP_READ = auto()  # who leads the school, what is proposed about it, whose credentials wait
    LEADERSHIP_CONFIRM = auto()  # answer a proposal
    CREDENTIALS_CONFIRM = (
        auto()
    )  # vouch for an account whose code another gave out; of the leadership only (credentials)
    AUDIT_READ = auto()
    SETTINGS_WRITE = auto()
    SETTINGS_READ = auto()
    DASHBOARD = auto()  # [13], each his own part
    RECORDS_READ = auto()  # look at records; of which classes: may_view_class


def _any_of(*roles: Role) -> Callable[[Identity], bool]:
    return lambda who: not who.roles.isdisjoint(roles)


def _everyone(_who: Identity) -> bool:
    return True


def _a_person(who: Identity) -> bool:
    """A member of staff, about his own things; whose they are is checked where they are read."""
    return who.staff_id is not None


_OFFICE = _any_of(Role.ADMIN, Role.MANAGEMENT)
_ADMIN = _any_of(Role.ADMIN)

_TABLE: dict[Right, Callable[[Identity], bool]] = {
    Right.SYNC: _OFFICE,
    Right.SIGNATURE_IMAGES: _OFFICE,
    Right.SEAL_IMAGE: _OFFICE,
    Right.ASSIGNMENTS: _OFFICE,
    Right.LOCK: _OFFICE,
    Right.SIGNING_ACCOUNTS: _OFFICE,
    Right.COVER_SIGNER: _OFFICE,
    Right.DELEGATE: _OFFICE,
    Right.SEAL_OPERATOR: _OFFICE,
    Right.PRINT: _OFFICE,
    Right.ATTACH: _OFFICE,
    Right.OWN_SIGNATURE: _a_person,
    Right.OWN_SIGNING_ACCOUNT: _a_person,
    Right.OWN_QUEUE: _a_person,
    Right.SIGN_PRINCIPAL: _any_of(Role.PRINCIPAL, Role.DEPUTY, Role.COVER_SIGNER),
    Right.SEAL: _any_of(Role.SEAL_OPERATOR),
    Right.UNLOCK_ASK: _OFFICE,
    Right.UNLOCK_APPROVE: _any_of(Role.PRINCIPAL, Role.DEPUTY),
    Right.ACCEPT_NAME: _any_of(Role.PRINCIPAL),
    Right.ACCOUNTS: _ADMIN,
    Right.ACCOUNTS_READ: _OFFICE,
    Right.LEADERSHIP_READ: _OFFICE,
    Right.LEADERSHIP_CONFIRM: _any_of(Role.PRINCIPAL),
    Right.CREDENTIALS_CONFIRM: _any_of(Role.MANAGEMENT),
    Right.AUDIT_READ: _OFFICE,
    Right.SETTINGS_WRITE: _ADMIN,
    Right.SETTINGS_READ: _OFFICE,
    Right.DASHBOARD: _everyone,
    Right.RECORDS_READ: _any_of(
        Role.ADMIN,
        Role.MANAGEMENT,
        Role.PRINCIPAL,
        Role.DEPUTY,
        Role.TEACHER,
        Role.HOMEROOM,
        Role.SUBJECT,
        Role.SEAL_OPERATOR,
        Role.COVER_SIGNER,
    ),
}

_WHOLE_SCHOOL = _any_of(Role.ADMIN, Role.MANAGEMENT, Role.PRINCIPAL, Role.DEPUTY, Role.SEAL_OPERATOR, Role.COVER_SIGNER)
"""Who signs or looks after records of every class may look at every class before he does."""


def allowed(who: Identity | None, right: Right) -> bool:
    """Whether this person has the right in his own school; nobody has none."""
    holds = _TABLE.get(right)
    return who is not None and holds is not None and holds(who)


def require(who: Identity | None, right: Right) -> None:
    """Refuse who lacks the right.

    Raises:
        HocbaError: NOT_SIGNED_IN for nobody, FORBIDDEN otherwise.
    """
    if who is None:
        raise HocbaError(ErrorCode.NOT_SIGNED_IN)
    if not allowed(who, right):
        raise HocbaError(ErrorCode.FORBIDDEN, right=right.value)


def viewable_class_ids(session: Session, who: Identity, school_year: str | None = None) -> set[str]:
    """Classes whose records this person may look at: a teacher his own, the office and who signs for all every one.

    Args:
        school_year: of this year alone; None for all.
    """
    if not _is_of(session, who) or not allowed(who, Right.RECORDS_READ):
        return set()
    if _WHOLE_SCHOOL(who):
        return rows.all_class_ids(session, school_year)
    return rows.own_class_ids(session, who.staff_id, school_year) if who.staff_id else set()


def may_view_class(session: Session, who: Identity, class_id: str) -> bool:
    """Whether this person may look at the records of one class."""
    if not _is_of(session, who) or not allowed(who, Right.RECORDS_READ):
        return False
    if _WHOLE_SCHOOL(who):
        return session.get(SchoolClass, (who.school_id, class_id)) is not None
    return bool(who.staff_id) and class_id in rows.own_class_ids(session, who.staff_id or "")


def require_class(session: Session, who: Identity, class_id: str) -> None:
    """Refuse who may not look at the records of this class.

    Raises:
        HocbaError: FORBIDDEN – also for a class that does not exist, so that ids cannot be probed.
    """
    if not may_view_class(session, who, class_id):
        raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)


def require_pupil(session: Session, who: Identity, student_id: str) -> None:
    """Refuse who may look at the records of no class this pupil is or was in.

    Raises:
        HocbaError: FORBIDDEN – also for a pupil who does not exist, so that ids cannot be probed.
    """
    classes = rows.classes_of_pupil(session, student_id)
    if classes.isdisjoint(viewable_class_ids(session, who)):
        raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)


def _is_of(session: Session, who: Identity) -> bool:
    return session.info.get("school_id") == who.school_id
