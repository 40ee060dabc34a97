"""Undoing the change of a signer: the assignment as it was, and the locked records back to whom they waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, SchoolClass, SigningAssignment
from hocba_app.models.repositories import find
from hocba_app.models.repositories.signers import still_unsigned
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record
from hocba_app.services.signers.reassignment import Moved, reassign_within

NOBODY = ("", "")
"""No assignment: SMAS decides."""
_REASON = "Hoàn tác đổi người ký"


def assigned_now(db: Database, who: Identity, class_id: str, field: str) -> tuple[str, str]:
    """``(staff id, reason)`` of the place's signing assignment, or :data:`NOBODY`.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.read(who.school_id) as session:
        return _standing(_row(session, class_id, field))


def restore_assignment(
    db: Database,
    who: Identity,
    class_id: str,
    field: str,
    now: Sequence[str],
    before: Sequence[str],
    moved: Sequence[Sequence[str]] = (),
) -> int:
    """Put a place back as it was.

    Args:
        now: ``(staff id, reason)`` that the act left; what somebody has changed since is not touched.
        before: the same before the act.
        moved: records that the act reassigned, as :class:`Moved`; those signed since stay with who signed.

    Returns:
        How many records went back.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND; UNDO_TOO_LATE when the place was changed since; REASSIGN_BUSY and the others of
            :func:`reassign_within` when records cannot go back: then nothing is undone.
    """
    require(who, Right.ASSIGNMENTS)
    with db.write(who.school_id) as session:
        if session.get(SchoolClass, (who.school_id, class_id), with_for_update={"key_share": True}) is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        row = _row(session, class_id, field)
        standing = _standing(row)
        if standing not in (tuple(now), tuple(before)):
            raise HocbaError(ErrorCode.UNDO_TOO_LATE)
        if standing != tuple(before):
            _restore_signer(session, who, class_id, field, row, (before[0], before[1]))
        given_back = _give_back(session, who, now[0], [Moved(*entry) for entry in moved])
    forget()
    return given_back


def _restore_signer(
    session: Session, who: Identity, class_id: str, field: str, row: SigningAssignment | None, before: tuple[str, str]
) -> None:
    was = row.staff_id if row is not None else ""
    if before == NOBODY:
        session.delete(row)
    else:
        row = row or SigningAssignment(class_id=class_id, field=field, staff_id="")
        row.staff_id, row.reason = before
        session.add(row)
    record(
        session,
        actor=who.account_id,
        action=Action.SIGNER_UNASSIGNED if before == NOBODY else Action.SIGNER_ASSIGNED,
        subject=f"class:{class_id}",
        data={"field": field, "before": was, "now": before[0], "reason": _REASON},
    )


def _give_back(session: Session, who: Identity, now: str, moved: list[Moved]) -> int:
    still = still_unsigned(session, [entry.slot_id for entry in moved], now)
    by_person: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in moved:
        if entry.slot_id in still and entry.staff_id:
            by_person[entry.staff_id, entry.reason or _REASON].append(entry.slot_id)
    changed = 0
    for (person, reason), slots in by_person.items():
        done = reassign_within(session, who, slots, person, reason)
        if done.busy:
            raise HocbaError(ErrorCode.REASSIGN_BUSY, count=done.busy)
        changed += done.changed
    return changed


def _row(session: Session, class_id: str, field: str) -> SigningAssignment | None:
    return find.first_of(session, SigningAssignment, class_id=class_id, field=field)


def _standing(row: SigningAssignment | None) -> tuple[str, str]:
    return (row.staff_id, row.reason) if row is not None else NOBODY
