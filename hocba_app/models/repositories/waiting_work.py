"""Counting queries of what waits for a person: a few numbers, whatever the size of the school."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from hocba_app.models import (
    Account,
    AttachedRecord,
    Document,
    Job,
    LeadershipProposal,
    SchoolClass,
    SignatureImage,
    UnlockRequest,
)
from hocba_app.models.repositories.records import chunks
from hocba_app.models.repositories.school_years import UNSEALED


def unlocks_to_decide(session: Session, account_id: str) -> int:
    """Requests to unlock that somebody else than this account asked for."""
    query = select(func.count()).select_from(UnlockRequest)
    return int(
        session.exec(query.where(UnlockRequest.state == "asked", UnlockRequest.requested_by != account_id)).one()
    )


def proposals_to_answer(session: Session, staff_id: str | None) -> int:
    """Open proposals about posts of others."""
    query = select(func.count()).select_from(LeadershipProposal).where(LeadershipProposal.state == "open")
    return int(session.exec(query.where(LeadershipProposal.staff_id != (staff_id or ""))).one())


def accounts_to_vouch_for(session: Session, account_id: str) -> int:
    """Accounts whose code somebody else than this account gave out, and nobody has confirmed."""
    return int(
        session.exec(
            select(func.count())
            .select_from(Account)
            .where(col(Account.credentials_open), Account.id != account_id, Account.credentials_by != account_id)
        ).one()
    )


def reopened_documents(session: Session, school_year: str) -> set[str]:
    """Documents of a year that were unlocked and are not locked again."""
    rows = session.exec(
        select(Document.id)
        .join(
            SchoolClass, (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id)
        )
        .where(
            UNSEALED,
            Document.state == "open",
            Document.version_number > 0,
            or_(
                Document.school_year == school_year,
                (Document.school_year == "") & (SchoolClass.school_year == school_year),
            ),
        )
    ).all()
    return set(rows)


def attached_to_decide(session: Session) -> int:
    """Files from other schools that somebody must decide about."""
    return int(
        session.exec(select(func.count()).select_from(AttachedRecord).where(AttachedRecord.state == "asking")).one()
    )


def has_image(session: Session, owner: str) -> bool:
    """Whether a signature image is there."""
    return session.exec(select(SignatureImage.id).where(SignatureImage.owner == owner).limit(1)).first() is not None


def lock_reports(session: Session, school_year: str) -> list[tuple[str, list[dict[str, str]]]]:
    """``(kind, outcomes)`` of the year's locks, newest first."""
    classes = set(session.exec(select(SchoolClass.id).where(SchoolClass.school_year == school_year)).all())
    begun = datetime(int(school_year[:4]), 5, 1, tzinfo=UTC)  # before there are no classes of the year to lock
    rows = session.exec(
        select(Job.arguments, Job.report)
        .where(Job.kind == "lock", col(Job.created_at) >= begun)
        .order_by(col(Job.created_at).desc())
    ).all()
    return [
        (str(arguments["kind"]), report.get("students", []))
        for arguments, report in rows
        if not classes.isdisjoint(arguments.get("class_ids", ()))
    ]


def locked_of(session: Session, kind: str, school_year: str, student_ids: list[str]) -> set[str]:
    """Of these pupils, those whose document of this kind is locked."""
    year = "" if kind == "cover" else school_year
    found: set[str] = set()
    for chunk in chunks(student_ids):
        found.update(
            session.exec(
                select(Document.student_id).where(
                    Document.kind == kind,
                    Document.school_year == year,
                    Document.state != "open",
                    col(Document.student_id).in_(chunk),
                )
            ).all()
        )
    return found
