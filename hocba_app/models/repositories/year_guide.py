"""Counting queries of the guide through the year."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.models import (
    SEAL,
    Document,
    Enrolment,
    SchoolClass,
    SignatureImage,
    SigningKey,
    StudentResult,
    SyncCursor,
    TeachingAssignment,
)


def pupils(session: Session, school_year: str) -> int:
    """Pupils of the year who have not left."""
    query = select(func.count()).select_from(Enrolment).where(
        Enrolment.school_year == school_year, col(Enrolment.active).is_(True), col(Enrolment.status).not_in(("moved_out", "left"))
    )
    return session.exec(query).one()


def concluded_results(session: Session, school_year: str) -> int:
    """Pupils whose results of the year have come with a promotion decision."""
    decided = StudentResult.payload["promotion"].as_string()  # type: ignore[index]
    query = select(func.count()).select_from(StudentResult).where(StudentResult.school_year == school_year, decided.is_not(None))
    return session.exec(query).one()


def last_sync(session: Session) -> str | None:
    """When data last came, ISO 8601; None when they never did."""
    newest = session.exec(select(func.max(SyncCursor.updated_at))).one()
    return newest.isoformat() if newest is not None else None


def signers_without(session: Session, school_year: str) -> tuple[int, int]:
    """Homeroom and subject teachers of the year without a signature image, and without a certificate chosen."""
    classes = session.exec(select(SchoolClass).where(SchoolClass.school_year == school_year, col(SchoolClass.active).is_(True))).all()
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


def seal_is_ready(session: Session) -> bool:
    """Whether the school's seal has an image and a certificate."""
    image = session.exec(select(SignatureImage.id).where(SignatureImage.owner == SEAL).limit(1)).first()
    key = session.exec(select(SigningKey.id).where(SigningKey.owner == SEAL, col(SigningKey.credential_id).is_not(None))).first()
    return image is not None and key is not None


def documents_by_state(session: Session, school_year: str) -> dict[tuple[str, str], int]:
    """``(kind, state) → documents`` of the year's classes."""
    rows = session.exec(
        select(Document.kind, Document.state, func.count())
        .join(SchoolClass, (SchoolClass.id == Document.class_id) & (SchoolClass.school_id == Document.school_id))
        .where(SchoolClass.school_year == school_year)
        .group_by(Document.kind, Document.state)
    ).all()
    return {(kind, state): count for kind, state, count in rows}
