"""Who is asking: one account of one school with the roles it has today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from hocba_app.domain.head_words import USUAL, HeadWords
from hocba_app.domain.roles import Duties, roles_of
from hocba_app.domain.school_calendar import today
from hocba_app.models import Account, Staff
from hocba_app.models.repositories import accounts as rows
from hocba_app.models.repositories.head_words import head_words_today


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who acts. Every service function that acts for somebody takes one and checks it."""

    account_id: str
    """"" for the operator at the server's own console."""
    school_id: str
    staff_id: str | None
    username: str
    full_name: str
    roles: frozenset[str]
    words: HeadWords = USUAL
    """What the school calls its head today."""


def identity_of(session: Session, account_id: str) -> Identity | None:
    """The account with its roles of today; None when it is gone, disabled, not activated, or its person has left."""
    found = rows.account_with_staff(session, account_id)
    if found is None or not may_act(*found):
        return None
    account, staff = found
    return identity_with(account, staff, standing_of(session, staff.id if staff else None))


def may_act(account: Account, staff: Staff | None) -> bool:
    """Whether an account is activated and not disabled, and its person has not left."""
    return not account.disabled and account.password_hash is not None and (staff is None or staff.active)


class Standing(NamedTuple):
    """What follows from the school's rows of today."""

    duties: Duties
    words: HeadWords


def standing_of(session: Session, staff_id: str | None) -> Standing:
    """What a person is charged with today, and the words of his school.

    Args:
        staff_id: None for an account without a member of staff behind it.
    """
    held = rows.duties(session, today().isoformat(), staff_id).get(staff_id) if staff_id is not None else None
    return Standing(held or Duties(), head_words_today(session))


def identity_with(account: Account, staff: Staff | None, standing: Standing) -> Identity:
    """The identity of an account that may act."""
    return Identity(
        account_id=account.id,
        school_id=account.school_id,
        staff_id=account.staff_id,
        username=account.username,
        full_name=account.full_name,
        roles=roles_of(account.granted_roles, staff.position if staff else None, standing.duties),
        words=standing.words,
    )
