"""Counting queries of the guide through the year."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import and_, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from hocba_app.models import (
    SEAL,
    Account,
    Enrolment,
    SchoolClass,
    SignatureImage,
    SigningKey,
    StudentResult,
    SyncCursor,
    TeachingAssignment,
)
from hocba_app.models.repositories.membership import memberships, present_per_class
from hocba_app.models.repositories.prepared_queries import given, own_school, rows_of
from hocba_app.models.repositories.record_list import counts_by_step


def pupils(session: Session, school_year: str) -> int:
    """Pupils of the year who have not left."""
    return sum(present_per_class(session, school_year).values())


@cache
def _concluded() -> Any:
    member = memberships(col(Enrolment.school_year) == given("year"))
    decided = StudentResult.payload["promotion"].as_string()
    return (
        core_select(func.count())
        .select_from(member)
        .join(StudentResult, and_(own_school(StudentResult), col(StudentResult.student_id) == member.c.student_id))
        .where(member.c.counts, member.c.present, col(StudentResult.school_year) == given("year"), decided.is_not(None))
    )


def concluded_results(session: Session, school_year: str) -> int:
    """Of these pupils, those whose results of the year have come with a promotion decision."""
    return int(rows_of(session, _concluded(), year=school_year)[0][0])


def last_sync(session: Session) -> str | None:
    """When data last came, ISO 8601; None when they never did."""
    newest = session.exec(select(func.max(SyncCursor.updated_at))).one()
    return newest.isoformat() if newest is not None else None


def signers_without(session: Session, school_year: str) -> tuple[int, int]:
    """Homeroom and subject teachers of the year without a signature image, and without a certificate chosen."""
    classes = session.exec(
        select(SchoolClass).where(SchoolClass.school_year == school_year, col(SchoolClass.active).is_(True))
    ).all()
    ids = [row.id for row in classes]
    people = {row.homeroom_staff_id for row in classes if row.homeroom_staff_id}
    people |= set(
        session.exec(
            select(TeachingAssignment.staff_id)
            .where(col(TeachingAssignment.class_id).in_(ids), col(TeachingAssignment.active).is_(True))
            .distinct()
        ).all()
    )
    images = set(session.exec(select(SignatureImage.owner).distinct()).all())
    keys = set(session.exec(select(SigningKey.owner).where(col(SigningKey.credential_id).is_not(None))).all())
    return len(people - images), len(people - keys)


def accounts_without_code(session: Session) -> int:
    """Accounts of the staff that nobody has been given a code for: their owners cannot log in."""
    query = select(func.count()).where(
        col(Account.staff_id).is_not(None),
        col(Account.disabled).is_(False),
        col(Account.password_hash).is_(None),
        col(Account.code_hash).is_(None),
    )
    return session.exec(query).one()


def has_begun(session: Session, school_year: str) -> bool:
    """Whether any data have come; before that a school lacks everything, and nothing of it is a fault."""
    return last_sync(session) is not None or pupils(session, school_year) > 0


def seal_is_ready(session: Session) -> bool:
    """Whether the school's seal has an image and a certificate."""
    image = session.exec(select(SignatureImage.id).where(SignatureImage.owner == SEAL).limit(1)).first()
    key = session.exec(
        select(SigningKey.id).where(SigningKey.owner == SEAL, col(SigningKey.credential_id).is_not(None))
    ).first()
    return image is not None and key is not None


def documents_by_state(session: Session, school_year: str) -> dict[tuple[str, str], int]:
    """``(kind, state) → documents`` of these pupils; not made yet is ``open``."""
    found: dict[tuple[str, str], int] = {}
    for _, kind, state, _, present, count in counts_by_step(session, school_year):
        if present:
            found[kind, state or "open"] = found.get((kind, state or "open"), 0) + count
    return found
