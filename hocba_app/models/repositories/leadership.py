"""Queries on who leads the school, what is proposed about it, and who knows whose credentials."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from hocba_app.domain.leadership import LEADERS
from hocba_app.models import Account, LeadershipProposal, Staff


def open_proposals(session: Session) -> list[tuple[LeadershipProposal, Staff]]:
    """What waits for an answer, the oldest first."""
    rows = session.exec(
        select(LeadershipProposal, Staff)
        .join(
            Staff,
            (col(Staff.id) == LeadershipProposal.staff_id) & (col(Staff.school_id) == LeadershipProposal.school_id),
        )
        .where(LeadershipProposal.state == "open")
        .order_by(col(LeadershipProposal.proposed_at), col(LeadershipProposal.id))
    ).all()
    return [(proposal, staff) for proposal, staff in rows]


def answered_proposals(session: Session, limit: int) -> list[tuple[LeadershipProposal, Staff]]:
    """The last answers, newest first."""
    rows = session.exec(
        select(LeadershipProposal, Staff)
        .join(
            Staff,
            (col(Staff.id) == LeadershipProposal.staff_id) & (col(Staff.school_id) == LeadershipProposal.school_id),
        )
        .where(col(LeadershipProposal.state).in_(("confirmed", "refused")))
        .order_by(col(LeadershipProposal.decided_at).desc(), col(LeadershipProposal.id).desc())
        .limit(limit)
    ).all()
    return [(proposal, staff) for proposal, staff in rows]


def open_proposal_of(session: Session, staff_id: str) -> LeadershipProposal | None:
    """What waits about one person."""
    return session.exec(
        select(LeadershipProposal).where(LeadershipProposal.staff_id == staff_id, LeadershipProposal.state == "open")
    ).first()


def principals(session: Session) -> list[Staff]:
    """Who is principal now: one person or nobody (the database holds no second one)."""
    return list(
        session.exec(select(Staff).where(Staff.position == "principal", col(Staff.active)).order_by(Staff.code)).all()
    )


def leads(session: Session, staff_id: str | None) -> bool:
    """Whether this member of staff is of the school's leadership now."""
    staff = session.get(Staff, (session.info["school_id"], staff_id)) if staff_id else None
    return staff is not None and staff.active and staff.position in LEADERS


def unconfirmed_accounts(session: Session) -> list[Account]:
    """Accounts whose credentials somebody else gave out and nobody has confirmed, by name."""
    return list(
        session.exec(select(Account).where(col(Account.credentials_open)).order_by(Account.full_name, Account.id)).all()
    )


def accounts_of(session: Session, staff_ids: Sequence[str]) -> dict[str, Account]:
    """Accounts by member of staff."""
    rows = session.exec(select(Account).where(col(Account.staff_id).in_(list(staff_ids)))).all()
    return {str(row.staff_id): row for row in rows}
