"""Queries on what a school was called and what is proposed about it."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from hocba_app.domain.school_calendar import VIETNAM
from hocba_app.models import DocumentVersion, SchoolChange, Slot
from hocba_app.models.database import CROSS_SCHOOL


def open_change(session: Session) -> SchoolChange | None:
    """What waits for an answer."""
    return session.exec(select(SchoolChange).where(SchoolChange.state == "open")).first()


def answered_changes(session: Session, limit: int) -> list[SchoolChange]:
    """The last answers, the newest first."""
    query = select(SchoolChange).where(col(SchoolChange.state).in_(("confirmed", "refused")))
    return list(session.exec(query.order_by(col(SchoolChange.decided_at).desc()).limit(limit)).all())


def confirmed_changes(session: Session) -> list[SchoolChange]:
    """Every change that was made, the oldest first."""
    query = select(SchoolChange).where(SchoolChange.state == "confirmed")
    return list(session.exec(query.order_by(SchoolChange.effective, SchoolChange.id)).all())


def schools_that_changed(session: Session) -> set[str]:
    """Ids of the schools of the installation that were called otherwise before."""
    query = select(SchoolChange.school_id).where(SchoolChange.state == "confirmed").distinct()
    return set(session.exec(query, execution_options=CROSS_SCHOOL).all())


def has_records(session: Session) -> bool:
    """Whether anything was ever locked in the school's name."""
    return session.exec(select(DocumentVersion.id).limit(1)).first() is not None


def last_seal_under(session: Session, name: str, code: str, tax_code: str) -> str:
    """The last day (Vietnam's, ISO) on which a record was sealed that names the school so; "" for none."""
    school = DocumentVersion.snapshot["school"]
    newest = session.exec(
        select(func.max(Slot.signed_at))
        .join(
            DocumentVersion,
            (col(DocumentVersion.id) == Slot.version_id) & (col(DocumentVersion.school_id) == Slot.school_id),
        )
        .where(
            Slot.stage == "seal",
            school["name"].as_string() == name,
            school["code"].as_string() == code,
            school["tax_code"].as_string() == tax_code,
        )
    ).one()
    return newest.astimezone(VIETNAM).date().isoformat() if newest is not None else ""
