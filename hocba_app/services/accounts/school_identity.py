"""A school renamed, re-coded, with another tax code or level: proposed by what comes in, confirmed by who may, kept with its days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import are_levels
from hocba_app.domain.school_calendar import today
from hocba_app.domain.school_facts import DESCRIBING, IDENTIFYING, LABELS, states_until_today
from hocba_app.domain.signing_titles import OFFICES, title_by_decision
from hocba_app.models import Account, Database, School, SchoolChange
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as account_rows
from hocba_app.models.repositories import find
from hocba_app.models.repositories import leadership as leadership_rows
from hocba_app.models.repositories import school_changes as rows
from hocba_app.models.repositories.head_words import acting_head
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.credentials import require_own_credentials
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import notify_all, record

MAX_REASON = 300
MAX_DECISION = 120


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change of the school's facts."""

    id: str
    state: str
    facts: tuple[tuple[str, str, str], ...]
    """``(words, before, after)``."""
    effective: str
    decision: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    may_decide: bool


def facts_of(school: School) -> dict[str, str]:
    """Every fact as it is now."""
    return {key: getattr(school, key) for key in (*IDENTIFYING, *DESCRIBING)}


def propose(session: Session, school: School, after: Mapping[str, str], actor: str) -> bool:
    """Note what a list says of the school, in the caller's transaction; a later list replaces an earlier one, and one that says
    nothing new any more withdraws it.

    Returns:
        Whether something waits now that did not before.
    """
    waiting = rows.open_change(session)
    if waiting is not None:
        if waiting.after == dict(after):
            return False
        waiting.state, waiting.decided_at = "withdrawn", utc_now()
        session.add(waiting)
        session.flush()
        _record_change(session, actor, Action.SCHOOL_CHANGE_WITHDRAWN, {"proposal": waiting.id})
    if not after:
        return False
    row = SchoolChange(before=facts_of(school), after=dict(after), proposed_by=actor)
    session.add(row)
    session.flush()
    _record_change(session, actor, Action.SCHOOL_CHANGE_PROPOSED, {"proposal": row.id, "after": dict(after)})
    return True


def changes(db: Database, who: Identity, *, answered: int = 20) -> list[ChangeView]:
    """What waits, then the last answers.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LEADERSHIP_READ)
    with db.read(who.school_id) as session:
        names = dict(find.columns_of(session, Account.id, Account.full_name))
        waiting = rows.open_change(session)
        found = [*([waiting] if waiting is not None else []), *rows.answered_changes(session, answered)]
        may = not who.account_id or allowed(who, Right.LEADERSHIP_CONFIRM)
        return [_view(row, names, may_decide=may and row.state == "open") for row in found]


def confirm(db: Database, who: Identity, change_id: str, *, effective: str = "", decision: str = "") -> None:
    """Let the school be called so from a day on; what was sealed before keeps what it says.

    Args:
        effective: ISO, the first day; "" for today.
        decision: the decision it goes by.

    Raises:
        HocbaError: FORBIDDEN, CREDENTIALS_OPEN, NOT_FOUND, INVALID_INPUT (also for a code another school has).
    """
    with _code_taken(), db.write(who.school_id) as session:
        row = _decidable(session, who, change_id)
        _apply_change(session, who, row, effective, decision)


def refuse(db: Database, who: Identity, change_id: str, reason: str) -> None:
    """Leave everything as it is; the next list that says the same proposes it again.

    Raises:
        HocbaError: FORBIDDEN, CREDENTIALS_OPEN, NOT_FOUND, REASON_MISSING.
    """
    why = " ".join(reason.split())[:MAX_REASON]
    if not why:
        raise HocbaError(ErrorCode.REASON_MISSING)
    with db.write(who.school_id) as session:
        row = _decidable(session, who, change_id)
        row.state, row.decided_by, row.decided_at, row.reason = "refused", who.account_id, utc_now(), why
        session.add(row)
        _record_change(session, who.account_id, Action.SCHOOL_CHANGE_REFUSED, {"proposal": row.id, "reason": why})


def change_by_operator(
    db: Database, who: Identity, facts: Mapping[str, str], *, effective: str = "", decision: str = ""
) -> None:
    """The operator enters a change himself.

    Args:
        facts: those of :data:`IDENTIFYING` and :data:`DESCRIBING` that change.

    Raises:
        HocbaError: FORBIDDEN for anybody else, INVALID_INPUT.
    """
    if who.account_id:
        raise HocbaError(ErrorCode.FORBIDDEN)
    unknown = set(facts) - {*IDENTIFYING, *DESCRIBING}
    after = {key: " ".join(value.split()) for key, value in facts.items()}
    if unknown or not after or not all(after.values()) or not are_levels(after.get("level", "primary")):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="thông tin nhà trường")
    with _code_taken(), db.write(who.school_id) as session:
        school = account_rows.lock_school(session)
        waiting = rows.open_change(session)
        if waiting is not None:
            waiting.state, waiting.decided_at = "withdrawn", utc_now()
            session.add(waiting)
            session.flush()
        row = SchoolChange(before=facts_of(school), after=after)
        session.add(row)
        session.flush()
        _apply_change(session, who, row, effective, decision)


def set_head_office(db: Database, who: Identity, office: str) -> None:
    """What the head is called from now on: records locked before keep what they say.

    Raises:
        HocbaError: FORBIDDEN for anybody but the operator, INVALID_INPUT.
    """
    if who.account_id:
        raise HocbaError(ErrorCode.FORBIDDEN)
    if office not in OFFICES:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"chức danh phải là một trong {', '.join(OFFICES)}")
    with db.write(who.school_id) as session:
        school = account_rows.lock_school(session)
        before, school.head_office = school.head_office, office
        session.add(school)
        _record_change(session, "", Action.SCHOOL_HEAD_OFFICE_SET, {"before": before, "now": office})


def issuer_entry(session: Session) -> dict[str, Any]:
    """The school as an entry of a list of issuers, with what it was called before and until when it sealed so."""
    school = session.get_one(School, session.info["school_id"])
    ended = {"until": school.ended_on} if school.ended_on else {}
    made = [(row.effective, row.before) for row in rows.confirmed_changes(session)]
    present, *former = states_until_today(facts_of(school), made)
    for state in former:
        # What was under way on the day of the change was sealed under the old name: until then it was in use.
        sealed = rows.last_seal_under(session, state["name"], state["code"], state["tax_code"])
        state["until"] = max(state["until"], sealed)
    return present | ended | ({"former": former} if former else {})


def issuers(db: Database) -> list[dict[str, Any]]:
    """Every school of the installation as a list of issuers: two queries, and a look at each school that was called otherwise."""
    with db.installation() as session:
        schools = find.all_of(session, School, School.code)
        renamed = rows.schools_that_changed(session)
    found = []
    for school in schools:
        if school.id in renamed:
            with db.read(school.id) as session:
                found.append(issuer_entry(session))
        else:
            found.append(_present_entry(school))
    return found


def _present_entry(school: School) -> dict[str, Any]:
    (present,) = states_until_today(facts_of(school), [])
    return present | ({"until": school.ended_on} if school.ended_on else {})


def _decidable(session: Session, who: Identity, change_id: str) -> SchoolChange:
    """What waits, for somebody who may answer it: the acting principal, or the operator at the server's console."""
    if who.account_id:
        require(who, Right.LEADERSHIP_CONFIRM)
    account_rows.lock_school(session)
    if who.account_id:
        require_own_credentials(session, who)
        if not any(person.id == who.staff_id for person in leadership_rows.principals(session)):
            raise HocbaError(ErrorCode.FORBIDDEN)
    row = session.get(SchoolChange, (who.school_id, change_id), populate_existing=True)
    if row is None or row.state != "open":
        raise HocbaError(ErrorCode.NOT_FOUND, what="đề nghị thay đổi thông tin trường")
    return row


def _apply_change(session: Session, who: Identity, row: SchoolChange, effective: str, decision: str) -> None:
    school = session.get_one(School, row.school_id)
    row.before = facts_of(school)
    for key, value in row.after.items():
        setattr(school, key, value)
    row.effective = _day(session, effective)
    row.decision = " ".join(decision.split())[:MAX_DECISION]
    row.state, row.decided_by, row.decided_at = "confirmed", who.account_id, utc_now()
    session.add(school)
    session.add(row)
    session.flush()
    data = {"proposal": row.id, "before": {key: row.before[key] for key in row.after}, "after": row.after}
    _record_change(
        session, who.account_id, Action.SCHOOL_CHANGED, data | {"effective": row.effective, "decision": row.decision}
    )
    notify_all(session)


def _day(session: Session, text: str) -> str:
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else today()
    except ValueError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày có hiệu lực không phải ngày hợp lệ") from error
    before = [other.effective for other in rows.confirmed_changes(session)]
    if day > today() or (before and day.isoformat() < max(before)):
        raise HocbaError(
            ErrorCode.INVALID_INPUT, detail="ngày có hiệu lực không ở sau hôm nay, không trước lần thay đổi gần nhất"
        )
    return day.isoformat()


class _code_taken:
    """A code another school of the installation has."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="mã trường này đã có trường khác dùng") from error


def _view(row: SchoolChange, names: Mapping[str, str], *, may_decide: bool) -> ChangeView:
    return ChangeView(
        id=row.id,
        state=row.state,
        facts=tuple(
            (LABELS.get(key, key), str(row.before.get(key, "")) or "–", str(value)) for key, value in row.after.items()
        ),
        effective=row.effective,
        decision=row.decision,
        proposed_by=names.get(row.proposed_by, ""),
        proposed_at=row.proposed_at,
        decided_by="" if row.decided_by is None else names.get(row.decided_by, ""),
        decided_at=row.decided_at,
        reason=row.reason,
        may_decide=may_decide,
    )


def _record_change(session: Session, actor: str, action: Action, data: dict[str, Any]) -> None:
    record(session, actor=actor, action=action, subject=f"school:{session.info['school_id']}", data=data)


def head_caption(session: Session) -> tuple[str, ...]:
    """How whoever heads the session's school today is worded above his signature, on paper too."""
    office = session.get_one(School, session.info["school_id"]).head_office
    acting = acting_head(session)
    if acting is None:
        return (OFFICES[office].upper(),)
    return title_by_decision(office, acting.capacity, acting.decision_number).caption
