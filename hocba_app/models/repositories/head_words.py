"""What the session's school calls its head today (`domain.head_words`)."""

from __future__ import annotations

from sqlmodel import Session

from hocba_app.domain.head_words import HeadWords, head_words
from hocba_app.domain.school_calendar import today
from hocba_app.domain.signing_titles import AS_HEAD
from hocba_app.models import Delegation, School
from hocba_app.models.repositories import signers


def head_words_today(session: Session) -> HeadWords:
    """The words of its people today."""
    acting = acting_head(session)
    return head_words(
        session.get_one(School, session.info["school_id"]).head_office, acting.capacity if acting is not None else ""
    )


def acting_head(session: Session) -> Delegation | None:
    """The newest decision in force today by which somebody acts for the head in everything."""
    decisions = signers.delegations_in_force(session, today().isoformat())
    return next((decision for decision in decisions if decision.capacity in AS_HEAD), None)
