"""Who leads the school is proposed by its lists of staff and confirmed by somebody with the greater right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.leadership import LEFT, held_back, needs_confirming, post_of
from hocba_app.domain.wording import position_name
from hocba_app.models import Database, LeadershipProposal, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as account_rows
from hocba_app.models.repositories import leadership as rows
from hocba_app.models.repositories.audit import account_names
from hocba_app.services.accounts.admins import close_account, require_an_admin_besides
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.credentials import require_own_credentials
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class ProposalView:
    """One change of post that waits, or its answer."""

    id: str
    staff_code: str
    name: str
    before: str
    """The post he has, in words."""
    proposed: str
    proposed_by: str
    proposed_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    may_decide: bool
    obstacle: str
    """Why it cannot be confirmed now; "" when it can."""


def hold_back(row: Staff | None, values: dict[str, Any]) -> str | None:
    """Put back into a person's new columns what only a confirmation may change.

    Args:
        row: the person as he is, None for somebody new.
        values: columns of the list, changed in place.

    Returns:
        The post to propose, or None when the list may say what it says.
    """
    now = post_of(row.position, row.active) if row is not None else LEFT
    listed = post_of(values["position"], values["active"])
    if not needs_confirming(now, listed):
        return None
    values["position"], values["active"] = held_back(now, row.position if row is not None else "")
    return listed


def propose(session: Session, staff: Staff, listed: str, actor: str) -> bool:
    """Note what a list says of somebody's post, in the caller's transaction; a later list replaces an earlier one.

    Args:
        listed: a position, or ``left``. What he has already withdraws what waits.

    Returns:
        Whether something waits now that did not before.
    """
    now, waiting = post_of(staff.position, staff.active), rows.open_proposal_of(session, staff.id)
    if waiting is not None and waiting.proposed == listed and waiting.before == now:
        return False
    if waiting is not None:
        waiting.state, waiting.decided_at = "withdrawn", utc_now()
        session.add(waiting)
        session.flush()
        record(
            session,
            actor=actor,
            action=Action.LEADERSHIP_WITHDRAWN,
            subject=f"staff:{staff.id}",
            data={"proposal": waiting.id},
        )
    if listed == now:
        return False
    row = LeadershipProposal(staff_id=staff.id, before=now, proposed=listed, proposed_by=actor)
    session.add(row)
    session.flush()
    record(
        session,
        actor=actor,
        action=Action.LEADERSHIP_PROPOSED,
        subject=f"staff:{staff.id}",
        data={"proposal": row.id, "before": now, "proposed": listed},
    )
    return True


def proposals(db: Database, who: Identity, *, answered: int = 20) -> list[ProposalView]:
    """What waits, the oldest first, then the last answers.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LEADERSHIP_READ)
    with db.read(who.school_id) as session:
        names = account_names(session)
        found = [*rows.open_proposals(session), *rows.answered_proposals(session, answered)]
        return [_view(session, who, proposal, staff, names) for proposal, staff in found]


def _view(
    session: Session, who: Identity, row: LeadershipProposal, staff: Staff, names: dict[str, str]
) -> ProposalView:
    waits = row.state == "open"
    return ProposalView(
        id=row.id,
        staff_code=staff.code,
        name=staff.full_name,
        before=position_name(row.before),
        proposed=position_name(row.proposed),
        proposed_by=names.get(row.proposed_by, ""),
        proposed_at=row.proposed_at,
        state=row.state,
        decided_by="" if row.decided_by is None else names.get(row.decided_by, ""),
        decided_at=row.decided_at,
        reason=row.reason,
        may_decide=waits and (not who.account_id or allowed(who, Right.LEADERSHIP_CONFIRM)),
        obstacle=_obstacle(session, row) if waits else "",
    )


def _obstacle(session: Session, row: LeadershipProposal) -> str:
    other = _other_principal(session, row)
    if other is None or rows.open_proposal_of(session, other.id) is not None:
        return ""
    return HocbaError(ErrorCode.PRINCIPAL_EXISTS, name=other.full_name).sentence


def confirm(db: Database, who: Identity, proposal_id: str) -> None:
    """Let a person have the post that was proposed. A new principal takes the place of the present one, whose own proposal
    is confirmed with it: there is never a second one.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, CREDENTIALS_OPEN, PRINCIPAL_EXISTS, PRINCIPAL_NEEDED, LAST_ADMIN.
    """
    with db.write(who.school_id) as session:
        row = _decidable(session, who, proposal_id)
        other = _other_principal(session, row)
        if other is not None:
            leaving = rows.open_proposal_of(session, other.id)
            if leaving is None:
                raise HocbaError(ErrorCode.PRINCIPAL_EXISTS, name=other.full_name)
            _apply_proposal(session, who, leaving)
        elif row.before == "principal" and who.account_id:
            raise HocbaError(ErrorCode.PRINCIPAL_NEEDED)
        _apply_proposal(session, who, row)
    forget()


def confirm_all(db: Database, who: Identity) -> list[str]:
    """Confirm everything that waits, as one would one by one.

    Returns:
        Sentences about what could not be confirmed.
    """
    refused = list[str]()
    for view in sorted(
        (view for view in proposals(db, who, answered=0) if view.state == "open"),
        key=lambda view: view.proposed != position_name("principal"),
    ):
        try:
            confirm(db, who, view.id)
        except HocbaError as error:
            if error.code is not ErrorCode.NOT_FOUND:  # a new principal has taken his predecessor's along
                refused.append(f"{view.name}: {error.sentence}")
    return refused


def refuse(db: Database, who: Identity, proposal_id: str, reason: str) -> None:
    """Leave everything as it is; the next list that says the same proposes it again.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, CREDENTIALS_OPEN, REASON_MISSING, INVALID_INPUT.
    """
    why = " ".join(reason.split())
    if not why:
        raise HocbaError(ErrorCode.REASON_MISSING)
    if len(why) > MAX_REASON or not why.isprintable():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"lý do dài tối đa {MAX_REASON} ký tự")
    with db.write(who.school_id) as session:
        row = _decidable(session, who, proposal_id)
        row.state, row.decided_by, row.decided_at, row.reason = "refused", who.account_id, utc_now(), why
        session.add(row)
        record(
            session,
            actor=who.account_id,
            action=Action.LEADERSHIP_REFUSED,
            subject=f"staff:{row.staff_id}",
            data={"proposal": row.id, "reason": why},
        )


def _decidable(session: Session, who: Identity, proposal_id: str) -> LeadershipProposal:
    """The open proposal, for somebody who may answer it: the acting principal, or the operator at the server's console."""
    if who.account_id:
        require(who, Right.LEADERSHIP_CONFIRM)
    account_rows.lock_school(session)
    if who.account_id:
        require_own_credentials(session, who)
        if not any(
            person.id == who.staff_id for person in rows.principals(session)
        ):  # asked again: he may just have handed over
            raise HocbaError(ErrorCode.FORBIDDEN)
    row = session.get(LeadershipProposal, (who.school_id, proposal_id), populate_existing=True)
    if row is None or row.state != "open":
        raise HocbaError(ErrorCode.NOT_FOUND, what="đề nghị thay đổi chức vụ")
    return row


def _other_principal(session: Session, row: LeadershipProposal) -> Staff | None:
    """Whose place a proposed principal would take."""
    if row.proposed != "principal":
        return None
    return next((person for person in rows.principals(session) if person.id != row.staff_id), None)


def _apply_proposal(session: Session, who: Identity, row: LeadershipProposal) -> None:
    staff = session.get_one(Staff, (row.school_id, row.staff_id))
    account = rows.accounts_of(session, [staff.id]).get(staff.id)
    if row.proposed == LEFT:
        if account is not None:
            require_an_admin_besides(session, account)
            close_account(session, account, actor=who.account_id)
        staff.active = False
    else:
        staff.position, staff.active = row.proposed, True
    staff.updated_at = utc_now()
    row.state, row.decided_by, row.decided_at = "confirmed", who.account_id, utc_now()
    session.add(staff)
    session.add(row)
    session.flush()  # one principal goes before the next one comes
    record(
        session,
        actor=who.account_id,
        action=Action.LEADERSHIP_CONFIRMED,
        subject=f"staff:{staff.id}",
        data={"proposal": row.id, "before": row.before, "now": row.proposed},
    )
