"""Queries on accounts: who a session belongs to, what a person is charged with, which classes are his own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, or_, update
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from hocba_app.domain.roles import Duties
from hocba_app.models import (
    Account,
    Delegation,
    Document,
    Enrolment,
    LoginName,
    LoginSession,
    LoginThrottle,
    School,
    SchoolClass,
    SigningAssignment,
    SigningSettings,
    Slot,
    Staff,
    TeachingAssignment,
)
from hocba_app.models.database import CROSS_SCHOOL


def account_with_staff(session: Session, account_id: str) -> tuple[Account, Staff | None] | None:
    """An account and the member of staff behind it, if there is one."""
    row = session.exec(
        select(Account, Staff)
        .outerjoin(Staff, (col(Staff.id) == Account.staff_id) & (col(Staff.school_id) == Account.school_id))
        .where(Account.id == account_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def accounts_with_staff(session: Session) -> list[tuple[Account, Staff | None]]:
    """Every account of the school with its member of staff."""
    rows = session.exec(
        select(Account, Staff).outerjoin(
            Staff, (col(Staff.id) == Account.staff_id) & (col(Staff.school_id) == Account.school_id)
        )
    ).all()
    return [(account, staff) for account, staff in rows]


def duties(session: Session, today: str, staff_id: str | None = None) -> dict[str, Duties]:
    """What members of staff are charged with today, by staff id; who has no duty is not in it.

    Args:
        today: ISO date in Vietnam.
        staff_id: only this person.
    """
    homeroom, subject = _teaching(session, staff_id)
    deputies = select(Delegation.deputy_id).where(
        col(Delegation.revoked_at).is_(None), Delegation.from_date <= today, Delegation.to_date >= today
    )
    if staff_id is not None:
        deputies = deputies.where(Delegation.deputy_id == staff_id)
    deputy = set(session.exec(deputies).all())
    settings = session.exec(select(SigningSettings)).first()
    seal_operator = settings.seal_operator_id if settings else None
    cover_signer = settings.cover_signer_id if settings else None
    people = homeroom | subject | deputy | ({seal_operator, cover_signer} - {None})
    return {
        person: Duties(
            homeroom=person in homeroom,
            subject=person in subject,
            deputy=person in deputy,
            seal_operator=person == seal_operator,
            cover_signer=person == cover_signer,
        )
        for person in people
        if person is not None and staff_id in (None, person)
    }


def _teaching(session: Session, staff_id: str | None) -> tuple[set[str], set[str]]:
    """Homeroom and subject teachers of the current year's classes, by SMAS or by signing assignment."""
    year = session.exec(select(School.current_year).where(School.id == session.info["school_id"])).one()
    classes = select(SchoolClass.homeroom_staff_id).where(SchoolClass.school_year == year, col(SchoolClass.active))
    teaching = (
        select(TeachingAssignment.staff_id)
        .join(SchoolClass, _same_class(TeachingAssignment))
        .where(SchoolClass.school_year == year, col(SchoolClass.active), col(TeachingAssignment.active))
        .distinct()
    )
    signing = (
        select(SigningAssignment.staff_id, SigningAssignment.field)
        .join(SchoolClass, _same_class(SigningAssignment))
        .where(SchoolClass.school_year == year, col(SchoolClass.active))
    )
    if staff_id is not None:
        classes = classes.where(SchoolClass.homeroom_staff_id == staff_id)
        teaching = teaching.where(TeachingAssignment.staff_id == staff_id)
        signing = signing.where(SigningAssignment.staff_id == staff_id)
    homeroom = {person for person in session.exec(classes).all() if person}
    subject = set(session.exec(teaching).all())
    for person, field in session.exec(signing).all():
        (homeroom if field == "homeroom" else subject).add(person)
    return homeroom, subject


def _same_class(table: type[TeachingAssignment] | type[SigningAssignment] | type[Document]) -> ColumnElement[bool]:
    return (col(SchoolClass.id) == table.class_id) & (col(SchoolClass.school_id) == table.school_id)


def own_class_ids(session: Session, staff_id: str, school_year: str | None = None) -> set[str]:
    """Classes a person has to do with: homeroom, teaching or signing assignment, or a slot given to him.

    Args:
        school_year: of this year alone, which reads nothing of the others; None for all.
    """
    queries = [
        select(SchoolClass.id).where(SchoolClass.homeroom_staff_id == staff_id, col(SchoolClass.active)),
        select(SchoolClass.id)
        .join(TeachingAssignment, _same_class(TeachingAssignment))
        .where(TeachingAssignment.staff_id == staff_id, col(TeachingAssignment.active)),
        select(SchoolClass.id)
        .join(SigningAssignment, _same_class(SigningAssignment))
        .where(SigningAssignment.staff_id == staff_id),
        select(SchoolClass.id)
        .join(Document, _same_class(Document))
        .join(Slot, (col(Slot.version_id) == Document.version_id) & (col(Slot.school_id) == Document.school_id))
        .where(Slot.staff_id == staff_id),
    ]
    if school_year is not None:
        queries = [query.where(SchoolClass.school_year == school_year) for query in queries]
    else:
        queries = [query.distinct() for query in queries]
    return {class_id for query in queries for class_id in session.exec(query).all()}


def classes_of_pupil(session: Session, student_id: str) -> set[str]:
    """Classes a pupil is or was in, and those he has documents of."""
    queries = (
        select(Enrolment.class_id).where(Enrolment.student_id == student_id, col(Enrolment.active)),
        select(Document.class_id).where(Document.student_id == student_id),
    )
    return {class_id for query in queries for class_id in session.exec(query.distinct()).all()}


def all_class_ids(session: Session, school_year: str | None = None) -> set[str]:
    """Every class of the school, of one year or (None) of all."""
    query = select(SchoolClass.id)
    return set(
        session.exec(query if school_year is None else query.where(SchoolClass.school_year == school_year)).all()
    )


def lock_school(session: Session) -> School:
    """Serialise what must not happen twice at once in a school (removing admins); inserts are not held up."""
    return session.exec(
        select(School).where(School.id == session.info["school_id"]).with_for_update(key_share=True)
    ).one()


def lock_school_if_free(session: Session) -> bool:
    """:func:`lock_school` for work that comes back anyway: False when another transaction holds the row."""
    query = select(School.id).where(School.id == session.info["school_id"])
    return session.exec(query.with_for_update(key_share=True, skip_locked=True)).first() is not None


_LIVE_SESSION = (
    select(LoginSession.last_seen_at, Account, Staff)
    .join(Account, (col(Account.id) == LoginSession.account_id) & (col(Account.school_id) == LoginSession.school_id))
    .outerjoin(Staff, (col(Staff.id) == Account.staff_id) & (col(Staff.school_id) == Account.school_id))
    .where(
        LoginSession.token_sha256 == bindparam("token"),
        col(LoginSession.revoked_at).is_(None),
        LoginSession.expires_at > bindparam("now"),
        LoginSession.last_seen_at > bindparam("idle_since"),
    )
    .options(
        load_only(
            *(
                getattr(Account, name)
                for name in ("staff_id", "username", "full_name", "granted_roles", "disabled", "password_hash")
            )
        ),
        load_only(Staff.active, Staff.position),  # type: ignore[arg-type] # a column, which SQLModel types by its value
    )
)
"""Made once: it is asked on every event of every tab."""


def live_session(
    session: Session, token_sha256: str, now: datetime, idle_since: datetime
) -> tuple[datetime, Account, Staff | None] | None:
    """When a token was last used, its account and the person behind it; None when its login session is revoked,
    expired, or was last used before ``idle_since``. In an installation session: the token alone says which school."""
    values = {"token": token_sha256, "now": now, "idle_since": idle_since}
    row = session.execute(_LIVE_SESSION, values, execution_options=CROSS_SCHOOL).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def note_seen(session: Session, seen: Mapping[str, datetime]) -> None:
    """When each of these tokens was last used; a session that was revoked meanwhile stays as it is."""
    query = select(LoginSession).where(
        col(LoginSession.token_sha256).in_(list(seen)), col(LoginSession.revoked_at).is_(None)
    )
    for row in session.exec(query).all():
        row.last_seen_at = max(row.last_seen_at, seen[row.token_sha256])
        session.add(row)


def revoke_sessions(session: Session, account_ids: Sequence[str], now: datetime, *, keep: str = "") -> None:
    """End every live session of these accounts, except the one with token hash ``keep``."""
    session.execute(
        update(LoginSession)
        .where(
            col(LoginSession.school_id) == session.info["school_id"],
            col(LoginSession.account_id).in_(list(account_ids)),
            col(LoginSession.revoked_at).is_(None),
            col(LoginSession.token_sha256) != keep,
        )
        .values(revoked_at=now),
        execution_options={"synchronize_session": False},
    )


def last_seen(session: Session) -> dict[str, datetime]:
    """When each account of the school was last used, by account id."""
    seen: dict[str, datetime] = {}
    for account_id, at in session.exec(
        select(LoginSession.account_id, LoginSession.last_seen_at).where(
            LoginSession.school_id == session.info["school_id"]
        )
    ).all():
        seen[account_id] = max(at, seen.get(account_id, at))
    return seen


def taken_names(session: Session, names: Sequence[str]) -> set[str]:
    """Those of ``names`` that some account of the installation already logs in with."""
    return set(session.exec(select(LoginName.name).where(col(LoginName.name).in_(list(names)))).all())


def forget_old_logins(session: Session, before: datetime) -> None:
    """Delete sessions and throttle rows that ended long ago."""
    options = {"synchronize_session": False}
    session.execute(delete(LoginSession).where(col(LoginSession.expires_at) < before), execution_options=options)
    session.execute(
        delete(LoginThrottle).where(
            col(LoginThrottle.window_started_at) < before,
            or_(col(LoginThrottle.blocked_until).is_(None), col(LoginThrottle.blocked_until) < before),
        ),
        execution_options=options,
    )


def throttle_rows(session: Session, keys: Sequence[str]) -> list[LoginThrottle]:
    """Counters of failed attempts, locked in the order of their keys so that two attempts never wait for each other."""
    query = select(LoginThrottle).where(col(LoginThrottle.key_sha256).in_(keys))
    return list(session.exec(query.order_by(LoginThrottle.key_sha256).with_for_update()).all())
