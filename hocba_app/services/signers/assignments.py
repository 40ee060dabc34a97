"""Checking and assigning who signs: signing assignments only; teaching assignments stay SMAS's."""

from __future__ import annotations

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, SchoolClass, SigningAssignment
from hocba_app.models.repositories import find
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record
from hocba_app.services.signers.assignment_matrix import Cell, ClassRow, Matrix, assignment_matrix, read_matrix
from hocba_app.services.signers.key_owner import working_staff
from hocba_app.services.signers.readiness_gaps import Gap, gaps, matrix_and_gaps
from hocba_app.services.signers.reassignment import (
    ClassField,
    Elsewhere,
    Reassigned,
    checked_reason,
    hand_over,
    other_rows,
    principal_elsewhere,
    reassign_slots,
)


def assign(db: Database, who: Identity, class_id: str, field: str, staff_id: str, reason: str) -> int:
    """Let a person sign one place of a class, where SMAS names nobody or somebody who cannot.

    Documents locked from now on are meant; those locked before keep their signer until :func:`reassign_slots`.

    Args:
        field: ``s.<subject>.<n>`` or ``homeroom``, as the matrix has it.

    Returns:
        How many documents locked already wait for somebody else at this place.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, REASON_MISSING, INVALID_INPUT, SIGNER_NO_ID_NUMBER.
    """
    require(who, Right.ASSIGNMENTS)
    why = checked_reason(reason)
    place = _place(db, who, class_id, field)
    with db.write(who.school_id) as session:
        # Two who assign the same place at once wait for each other here.
        session.get(SchoolClass, (who.school_id, class_id), with_for_update={"key_share": True})
        person = working_staff(session, staff_id)
        if not (person.id_number or person.old_id_number):
            raise HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER, name=person.full_name)
        row = _assignment(session, class_id, field) or SigningAssignment(class_id=class_id, field=field, staff_id="")
        if (row.staff_id, row.reason) != (person.id, why):
            before = row.staff_id
            row.staff_id, row.reason = person.id, why
            session.add(row)
            record(
                session,
                actor=who.account_id,
                action=Action.SIGNER_ASSIGNED,
                subject=f"class:{class_id}",
                data={"field": field, "before": before or place.by_smas or "", "now": person.id, "reason": why},
            )
    forget()
    return _place(db, who, class_id, field).waiting_for_other


def unassign(db: Database, who: Identity, class_id: str, field: str) -> None:
    """Let SMAS decide again who signs this place; doing it twice changes nothing.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.write(who.school_id) as session:
        row = _assignment(session, class_id, field)
        if row is not None:
            session.delete(row)
            record(
                session,
                actor=who.account_id,
                action=Action.SIGNER_UNASSIGNED,
                subject=f"class:{class_id}",
                data={"field": field, "before": row.staff_id},
            )
    forget()


def _place(db: Database, who: Identity, class_id: str, field: str) -> Cell:
    """The place, as the matrix has it.

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.read(who.school_id) as session:
        school_class = session.get(SchoolClass, (who.school_id, class_id))
        if school_class is None or not school_class.active:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        for row in read_matrix(session, school_class.school_year, class_id=class_id).classes:
            for cell in row.cells():
                if cell.field == field:
                    return cell
    raise HocbaError(ErrorCode.NOT_FOUND, what="ô ký của lớp này")


def _assignment(session: Session, class_id: str, field: str) -> SigningAssignment | None:
    return find.first_of(session, SigningAssignment, class_id=class_id, field=field)


__all__ = [
    "Cell",
    "ClassField",
    "ClassRow",
    "Elsewhere",
    "Gap",
    "Matrix",
    "Reassigned",
    "assign",
    "assignment_matrix",
    "gaps",
    "hand_over",
    "matrix_and_gaps",
    "other_rows",
    "principal_elsewhere",
    "reassign_slots",
    "unassign",
]
