"""Who signs what: from teaching assignments, corrected by signing assignments where the data leave a gap."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, select

from hocba_app.domain.calendar import today
from hocba_app.models import (
    Delegation,
    SchoolClass,
    SigningAssignment,
    SigningSettings,
    Staff,
    Subject,
    TeachingAssignment,
)

DEPUTY_CAPTION = ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One signature to be made on a document of a class; ``staff_id`` None where nobody is known, and for the seal."""

    field: str
    stage: str
    rows: tuple[str, ...]
    staff_id: str | None
    caption: tuple[str, ...] = ()


def planned_slots(session: Session, kind: str, school_class: SchoolClass, subjects: list[str]) -> list[PlannedSlot]:
    """The slots of one document, in signing order.

    A teacher with several rows signs once: the field at his first row covers the others; several teachers on one row are
    several slots (design §3).

    Args:
        subjects: subject codes of the pupil's results in the order of the form; unused for the other kinds.
    """
    principal = principal_slot(session, kind)
    if kind != "results":
        return [principal, PlannedSlot("seal", "seal", (), None)]
    overrides = dict(
        session.exec(select(SigningAssignment.field, SigningAssignment.staff_id).where(SigningAssignment.class_id == school_class.id)).all()
    )
    homeroom = PlannedSlot("homeroom", "homeroom", (), overrides.get("homeroom", school_class.homeroom_staff_id))
    return [*_subject_slots(session, school_class, subjects, overrides), homeroom, principal, PlannedSlot("seal", "seal", (), None)]


def principal_slot(session: Session, kind: str) -> PlannedSlot:
    """Cover: the configured signer, else the principal. QTHT and results: a deputy within his delegation, else the principal."""
    principal = session.exec(select(Staff).where(Staff.position == "principal", Staff.active.is_(True)).order_by(Staff.code)).first()  # type: ignore[attr-defined]
    chosen = session.exec(select(SigningSettings)).first()
    if kind == "cover":
        signer = chosen.cover_signer_id if chosen and chosen.cover_signer_id else principal.id if principal else None
        deputy = principal is not None and signer != principal.id
        return PlannedSlot("principal", "principal", (), signer, DEPUTY_CAPTION if deputy else ())
    day = today().isoformat()
    for delegation in session.exec(select(Delegation).where(Delegation.revoked_at.is_(None)).order_by(Delegation.created_at.desc())).all():  # type: ignore[union-attr, attr-defined]
        if kind in delegation.kinds and delegation.from_date <= day <= delegation.to_date:
            return PlannedSlot("principal", "principal", (), delegation.deputy_id, DEPUTY_CAPTION)
    return PlannedSlot("principal", "principal", (), principal.id if principal else None)


def _subject_slots(
    session: Session, school_class: SchoolClass, subjects: list[str], overrides: dict[str, str]
) -> list[PlannedSlot]:
    taught = session.exec(
        select(Subject.code, TeachingAssignment.staff_id, TeachingAssignment.position, TeachingAssignment.term)
        .join(TeachingAssignment, (TeachingAssignment.subject_id == Subject.id) & (TeachingAssignment.school_id == Subject.school_id))
        .where(TeachingAssignment.class_id == school_class.id, TeachingAssignment.active.is_(True))  # type: ignore[attr-defined]
    ).all()
    # Who teaches last signs the year: term II, or the whole year, before term I.
    rank = {"I": 0, "year": 1, "II": 1}
    found: dict[str, str | None] = {}
    for code in subjects:
        of_row = [entry for entry in taught if entry[0] == code]
        newest = max((rank[term] for _, _, _, term in of_row), default=0)
        people = sorted({(position, staff) for _, staff, position, term in of_row if rank[term] == newest})
        for number, staff_id in enumerate([staff for _, staff in people] or [None], 1):
            field = f"s.{code}.{number}"
            found[field] = overrides.get(field, staff_id)
    slots: list[PlannedSlot] = []
    for field, staff_id in found.items():
        code = field.split(".")[1]
        first = next((index for index, slot in enumerate(slots) if staff_id is not None and slot.staff_id == staff_id), None)
        if first is None:
            slots.append(PlannedSlot(field, "subject", (code,), staff_id))
        elif code not in slots[first].rows:
            slots[first] = PlannedSlot(slots[first].field, "subject", (*slots[first].rows, code), staff_id)
    return slots
