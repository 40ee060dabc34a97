"""Who signs what in a school year: class by class, row by row, by SMAS and by signing assignment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.models import Database, SchoolClass, SigningAssignment, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records import signer_resolution as planned

HOMEROOM = "homeroom"


@dataclass(frozen=True, slots=True)
class Cell:
    """One place to sign on the results of a class."""

    class_id: str
    field: str
    """``s.<subject>.<n>`` or ``homeroom``."""
    subject_code: str
    """"" for the homeroom teacher."""
    by_smas: str | None
    """Staff id of the teaching assignment (or the class's homeroom teacher)."""
    by_smas_name: str
    assigned: str | None
    """Staff id of the signing assignment, which goes before SMAS."""
    assigned_name: str
    reason: str
    """Why it was assigned."""
    problem: str
    """"" or ``nobody``, ``left`` (no longer on the staff list), ``no_id_number``."""
    waiting: int
    """Documents locked already that wait for a signature here."""
    waiting_for_other: int
    """Of these, those that wait for somebody else than the person shown: locked before he was assigned."""
    under_homeroom: bool
    """Primary: covered by the homeroom teacher's signature."""

    @property
    def staff_id(self) -> str | None:
        """Who signs documents locked from now on."""
        return self.assigned or self.by_smas

    @property
    def name(self) -> str:
        return self.assigned_name if self.assigned else self.by_smas_name


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class."""

    class_id: str
    name: str
    grade: int
    homeroom: Cell
    subjects: dict[str, list[Cell]]
    """By subject code; several teachers on one row are several cells."""

    def cells(self) -> Iterator[Cell]:
        """Every place of the class, subjects first."""
        for cells in self.subjects.values():
            yield from cells
        yield self.homeroom


@dataclass(frozen=True, slots=True)
class Matrix:
    """One school year."""

    school_year: str
    subjects: list[tuple[str, str]]
    """``(code, name)`` in the order of the form; those that some class has."""
    classes: list[ClassRow]
    years: list[str]
    """School years that have classes, the newest first."""


def assignment_matrix(db: Database, who: Identity, school_year: str) -> Matrix:
    """The whole year's signers.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.read(who.school_id) as session:
        return read_matrix(session, school_year)


def read_matrix(session: Session, school_year: str, *, class_id: str = "") -> Matrix:
    """The matrix, for whoever was found to have the right.

    A class's subjects are those its teachers are assigned to and those its pupils have results in.

    Args:
        class_id: only this class.
    """
    classes = [row for row in rows.classes_of(session, school_year) if class_id in ("", row.id)]
    ids = [row.id for row in classes]
    taught = planned.teaching(session, ids)
    overrides = planned.signing_assignments(session, ids)
    in_results = rows.subject_codes_in_results(session, ids)
    subjects = rows.subjects_by_code(session)
    order = {code: (subject.position, code) for code, subject in subjects.items()}
    staff = {person.id: person for person in rows.staff_of(session, active=False)}
    waiting: dict[tuple[str, str], dict[str | None, int]] = {}
    for class_id, kind, field, staff_id, slots in rows.unsigned_by_place(session, ids):
        if kind == "results":
            waiting.setdefault((class_id, field), {})[staff_id] = slots
    found = []
    for row in classes:
        codes = {entry.subject_code for entry in taught.get(row.id, [])} | in_results.get(row.id, set())
        codes |= {_code(field) for class_id, field in overrides if class_id == row.id and field != HOMEROOM}
        ordered = sorted(codes, key=lambda code: order.get(code, (999, code)))
        found.append(_class_row(row, ordered, taught.get(row.id, []), overrides, staff, waiting))
    used = {code for row in found for code in row.subjects}
    named = [(code, subjects[code].name if code in subjects else code) for code in used]
    return Matrix(
        school_year, sorted(named, key=lambda item: order.get(item[0], (999, item[0]))), found, rows.years(session)
    )


def _code(field: str) -> str:
    return field.split(".")[1]


def _class_row(
    row: SchoolClass,
    codes: list[str],
    taught: list[planned.Taught],
    overrides: dict[tuple[str, str], SigningAssignment],
    staff: dict[str, Staff],
    waiting: dict[tuple[str, str], dict[str | None, int]],
) -> ClassRow:
    own = {field: entry.staff_id for (class_id, field), entry in overrides.items() if class_id == row.id}
    homeroom = own.get(HOMEROOM, row.homeroom_staff_id)

    def cell(field: str, code: str, by_smas: str | None, assigned: str | None) -> Cell:
        signer = staff.get(assigned or by_smas or "")
        places = waiting.get((row.id, field), {})
        override = overrides.get((row.id, field))
        return Cell(
            class_id=row.id,
            field=field,
            subject_code=code,
            by_smas=by_smas,
            by_smas_name=_name(staff, by_smas),
            assigned=assigned,
            assigned_name=_name(staff, assigned),
            reason=override.reason if override else "",
            problem=_problem(signer),
            waiting=sum(places.values()),
            waiting_for_other=sum(slots for person, slots in places.items() if person != (assigned or by_smas)),
            under_homeroom=planned.is_primary(row) and signer is not None and signer.id == homeroom and code != "",
        )

    subjects: dict[str, list[Cell]] = {}
    for signer in planned.row_signers(row, codes, taught, own):
        subjects.setdefault(signer.subject_code, []).append(
            cell(signer.field, signer.subject_code, signer.by_smas, signer.assigned)
        )
    return ClassRow(row.id, row.name, row.grade, cell(HOMEROOM, "", row.homeroom_staff_id, own.get(HOMEROOM)), subjects)


def _name(staff: dict[str, Staff], staff_id: str | None) -> str:
    return staff[staff_id].full_name if staff_id in staff else ""


def _problem(signer: Staff | None) -> str:
    if signer is None:
        return "nobody"
    if not signer.active:
        return "left"
    return "" if signer.id_number or signer.old_id_number else "no_id_number"
