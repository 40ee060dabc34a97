"""Two schools become one: pupils, staff, keys and records of the one that ends go to the one that stays, with an act in both logs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import LEVELS, SEPARATOR, are_levels, levels_of
from hocba_app.domain.school_calendar import VIETNAM, today
from hocba_app.models import Database, LeadershipProposal, School, SchoolChange
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as account_rows
from hocba_app.models.repositories import school_merger as rows
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.school_identity import facts_of
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record


@dataclass(frozen=True, slots=True)
class Merged:
    """What went over."""

    students: int
    staff: int
    documents: int
    unfinished: int
    """Records that were being signed: unlocked, locked and signed again under the name and seal of the school that stays."""


def merge(db: Database, who: Identity, source_id: str, *, effective: str = "", decision: str = "") -> Merged:
    """Let another school of the installation go into the operator's.

    What was sealed stays as it is and keeps verifying; the other school's log stays with it. Posts and roles are not taken over: who
    led the other school is proposed for a post here, and the acting principal answers.

    Args:
        who: the operator, of the school that stays.
        source_id: the school that ends.
        effective: ISO, its last day is the one before; "" for today.
        decision: the decision it goes by.

    Raises:
        HocbaError: FORBIDDEN for anybody else, INVALID_INPUT, NOT_FOUND, SCHOOL_BUSY.
    """
    if who.account_id:
        raise HocbaError(ErrorCode.FORBIDDEN)
    day = day_of(effective)
    decision = " ".join(decision.split())[:120]
    with db.write(who.school_id) as session:
        target = account_rows.lock_school(session)
        source = session.get(School, source_id, with_for_update={"key_share": True})
        if source is None or source.id == target.id or source.merged_into or target.merged_into:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="hãy chọn hai trường khác nhau đang hoạt động")
        rows.see_every_school(session)
        if rows.busy(session, source.id, target.id):
            raise HocbaError(ErrorCode.SCHOOL_BUSY)
        merged = Merged(**rows.counts(session, source.id))
        posts = rows.held_posts(session, source.id)
        sealed = rows.last_seal(session, source.id)
        rows.move_rows(session, source.id, target.id, source.code)
        session.flush()
        for staff_id in posts:
            session.add(LeadershipProposal(staff_id=staff_id, before="teacher", proposed="vice_principal"))
        _end(source, target, day, sealed.astimezone(VIETNAM).date().isoformat() if sealed is not None else "")
        session.add(source)
        _take_levels(session, source, target, day, decision)
        record(
            session,
            actor="",
            action=Action.SCHOOL_MERGED,
            subject=f"school:{source.id}",
            data={"code": source.code, "effective": day, "decision": decision} | asdict(merged),
        )
    with db.write(source_id) as session:
        record(
            session,
            actor="",
            action=Action.SCHOOL_ENDED,
            subject=f"school:{source_id}",
            data={"into": who.school_id, "effective": day, "decision": decision} | asdict(merged),
        )
    forget()
    return merged


def _end(source: School, target: School, day: str, sealed: str) -> None:
    last = date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()
    source.merged_into, source.ended_on = target.id, max(last, sealed)
    source.daily_sync_at, source.daily_sync_since = "", None
    source.smas_client_id = source.smas_secret_encrypted = ""
    source.mysign_client_id = source.mysign_secret_encrypted = ""


def _take_levels(session: Session, source: School, target: School, day: str, decision: str) -> None:
    """The school teaches what both did."""
    taught = {*levels_of(source.level), *levels_of(target.level)}
    level = SEPARATOR.join(each for each in LEVELS if each in taught)
    if level == target.level or not are_levels(level):
        return
    session.add(
        SchoolChange(
            state="confirmed",
            before=facts_of(target),
            after={"level": level},
            effective=day,
            decision=decision,
            decided_by="",
            decided_at=utc_now(),
        )
    )
    target.level = level
    session.add(target)


def day_of(text: str) -> str:
    """The day a change takes effect; "" for today.

    Raises:
        HocbaError: INVALID_INPUT.
    """
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else today()
    except ValueError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày có hiệu lực không phải ngày hợp lệ") from error
    if day > today():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày có hiệu lực không ở sau hôm nay")
    return day.isoformat()
