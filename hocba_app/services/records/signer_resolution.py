"""Who signs what: from teaching assignments, corrected by signing assignments where the data leave a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.school_calendar import today
from hocba_app.domain.signing_titles import Title, head_title, title_by_decision
from hocba_app.models import Delegation, School, SchoolClass, SigningAssignment
from hocba_app.models.repositories import signers as rows


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One signature to be made on a document of a class; ``staff_id`` None where nobody is known, and for the seal."""

    field: str
    stage: str
    rows: tuple[str, ...]
    staff_id: str | None
    caption: tuple[str, ...] = ()
    role: str = ""
    """At the head's step: what the file says the signer is (`domain.signing_titles`)."""
    ground: str = ""
    """The decision he signs by, as the form names it."""


def planned_slots(session: Session, kind: str, school_class: SchoolClass, subjects: list[str]) -> list[PlannedSlot]:
    """The slots of one document, in signing order.

    A teacher with several rows signs once: the field at his first row covers the others; several teachers on one row are
    several slots (docs/workflow.md).

    Args:
        subjects: subject codes of the pupil's results in the order of the form; unused for the other kinds.
    """
    principal = principal_slot(session, kind)
    if kind != "results":
        return [principal, PlannedSlot("seal", "seal", (), None)]
    overrides = {field: entry.staff_id for (_, field), entry in signing_assignments(session, [school_class.id]).items()}
    homeroom = PlannedSlot("homeroom", "homeroom", (), overrides.get("homeroom", school_class.homeroom_staff_id))
    taught = teaching(session, [school_class.id]).get(school_class.id, [])
    signers = row_signers(school_class, subjects, taught, overrides)
    return [
        *_subject_slots(school_class, signers, homeroom.staff_id),
        homeroom,
        principal,
        PlannedSlot("seal", "seal", (), None),
    ]


def principal_slot(session: Session, kind: str) -> PlannedSlot:
    """Who acts for the head by a decision in force today, else: of covers the configured signer, else the head himself."""
    office = head_office(session)
    delegation = delegation_today(session, kind)
    if delegation is not None:
        title = title_by_decision(office, delegation.capacity, delegation.decision_number)
        return _head_slot(delegation.deputy_id, title, delegation.decision_number)
    head = rows.principal(session)
    if kind == "cover":
        chosen = rows.settings_row(session)
        signer = chosen.cover_signer_id if chosen and chosen.cover_signer_id else head.id if head else None
        if signer is not None and (head is None or signer != head.id):  # he signs for the post, filled or vacant
            return _head_slot(signer, title_by_decision(office, "deputy", ""))
        return _head_slot(signer, head_title(office))
    return _head_slot(head.id if head else None, head_title(office))


def _head_slot(staff_id: str | None, title: Title, ground: str = "") -> PlannedSlot:
    return PlannedSlot("principal", "principal", (), staff_id, title.caption, title.role, ground)


def head_office(session: Session) -> str:
    """What the head of the school is called, as a key of `signing_titles.OFFICES`."""
    return session.get_one(School, session.info["school_id"]).head_office


def delegation_today(session: Session, kind: str, staff_id: str | None = None) -> Delegation | None:
    """The newest delegation for this kind that is in force today.

    Args:
        staff_id: only a delegation to this deputy.
    """
    day = today().isoformat()
    return next(
        (
            delegation
            for delegation in rows.delegations_in_force(session, day)
            if kind in delegation.kinds and staff_id in (None, delegation.deputy_id)
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class Taught:
    """One teaching assignment of a class."""

    subject_code: str
    staff_id: str
    position: int
    term: str


def teaching(session: Session, class_ids: Sequence[str]) -> dict[str, list[Taught]]:
    """Who teaches what, by class."""
    found: dict[str, list[Taught]] = {}
    for class_id, code, staff_id, position, term in rows.teaching_rows(session, class_ids):
        found.setdefault(class_id, []).append(Taught(code, staff_id, position, term))
    return found


def signing_assignments(session: Session, class_ids: Sequence[str]) -> dict[tuple[str, str], SigningAssignment]:
    """The signing assignments of these classes, by ``(class id, field)``."""
    return {(entry.class_id, entry.field): entry for entry in rows.signing_assignments(session, class_ids)}


@dataclass(frozen=True, slots=True)
class RowSigner:
    """Who signs one place of one row: by SMAS, and by signing assignment where there is one."""

    field: str
    subject_code: str
    by_smas: str | None
    """In primary school the homeroom teacher, where SMAS names nobody for the row."""
    assigned: str | None

    @property
    def staff_id(self) -> str | None:
        """The signing assignment goes before SMAS."""
        return self.assigned or self.by_smas


def row_signers(
    school_class: SchoolClass, subjects: Sequence[str], taught: Sequence[Taught], overrides: Mapping[str, str]
) -> list[RowSigner]:
    """Every place of every row, in the order of the form; who teaches last signs the year.

    Args:
        subjects: subject codes in the order of the form.
        overrides: field → staff id of the class's signing assignments.
    """
    # Term II, or the whole year, before term I.
    rank = {"I": 0, "year": 1, "II": 1}
    usual = overrides.get("homeroom", school_class.homeroom_staff_id) if is_primary(school_class) else None
    found = []
    for code in subjects:
        of_row = [entry for entry in taught if entry.subject_code == code]
        newest = max((rank[entry.term] for entry in of_row), default=0)
        people = sorted({(entry.position, entry.staff_id) for entry in of_row if rank[entry.term] == newest})
        for number, staff_id in enumerate([staff for _, staff in people] or [usual], 1):
            field = f"s.{code}.{number}"
            found.append(RowSigner(field, code, staff_id, overrides.get(field)))
    return found


def is_primary(school_class: SchoolClass) -> bool:
    """Grades 1 to 5: one teacher has most rows, and signs them as homeroom teacher."""
    return school_class.grade <= 5


def _subject_slots(school_class: SchoolClass, signers: Sequence[RowSigner], homeroom: str | None) -> list[PlannedSlot]:
    slots: list[PlannedSlot] = []
    for signer in signers:
        staff_id, code = signer.staff_id, signer.subject_code
        if is_primary(school_class) and staff_id is not None and staff_id == homeroom:
            continue  # docs/workflow.md: the homeroom teacher's own rows are covered by the homeroom slot
        first = next(
            (index for index, slot in enumerate(slots) if staff_id is not None and slot.staff_id == staff_id), None
        )
        if first is None:
            slots.append(PlannedSlot(signer.field, "subject", (code,), staff_id))
        elif code not in slots[first].rows:
            slots[first] = PlannedSlot(slots[first].field, "subject", (*slots[first].rows, code), staff_id)
    return slots
