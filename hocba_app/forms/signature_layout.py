"""How large signature fields are, where the seal lies, and the proof that a layout placed exactly the slots asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import SlotField, SubjectRow
from hocba_app.forms.form_version import Form
from hocba_app.forms.page import MM, Box, Page
from hocba_app.recordfile.signature_fields import SignatureField

SUBJECT_HEIGHT = 14.5 * MM
"""Handwriting 9 mm high, the name under it, the time under that; how wide is the form's own."""
PERSON_WIDTH, PERSON_HEIGHT = 48 * MM, 28 * MM
"""Homeroom teacher and principal; room for the two lines above a deputy's signature."""
SEAL_SIZE = 38 * MM
"""True size of a school's round seal."""
APPROVAL_WIDTH = PERSON_WIDTH * 2 / 3 + SEAL_SIZE
"""Principal and seal together: the seal covers the left third of the principal's field."""
_OFFICE_LINES = 16 * MM
"""Day, office and how it is signed, above the principal's place."""
_NAMED = SEAL_SIZE + 4.5 * MM
"""The seal, and a little more: the principal's name is under it."""

HOMEROOM, PRINCIPAL, SEAL = "homeroom", "principal", "seal"


@dataclass(frozen=True, slots=True)
class RowSigning:
    """Who signs one subject row: fields inside it, and rows elsewhere whose signature covers it too."""

    fields: tuple[str, ...] = ()
    signed_at: tuple[str, ...] = ()


def row_signing(slots: Iterable[SlotField], subjects: Iterable[SubjectRow]) -> dict[str, RowSigning]:
    """The subject slots sorted out by row: a slot's field is in its first row, its other rows name that one.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH when a slot covers no row or a row that is not there.
    """
    names = {row["code"]: row["name"] for row in subjects}
    fields: dict[str, list[str]] = {code: [] for code in names}
    elsewhere: dict[str, list[str]] = {code: [] for code in names}
    for slot in slots:
        if slot["stage"] != "subject":
            continue
        if not slot["rows"] or not set(slot["rows"]) <= set(names):
            raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"ô {slot['field']} không có dòng môn học của mình")
        first, *others = slot["rows"]
        fields[first].append(slot["field"])
        for other in others:
            elsewhere[other].append(names[first])
    return {code: RowSigning(tuple(fields[code]), tuple(elsewhere[code])) for code in names}


def approval_height(form: Form) -> float:
    """Of the place where the head signs and the seal is set, with the lines above it."""
    return _OFFICE_LINES + (_NAMED if form.dated else SEAL_SIZE)


def place_approval(page: Page, right: float, top: float, form: Form) -> None:
    """Place principal and seal under the lines that name the office.

    The seal covers the left third of the signature. Where the form has a line for the day the name stands under the seal, and the
    field reaches up to that line, for its signature writes the day.
    """
    if form.dated:
        upper = top if form.dated == PRINCIPAL else top - _OFFICE_LINES
        principal = Box(right - PERSON_WIDTH, top - _OFFICE_LINES - _NAMED, right, upper)
        middle = top - _OFFICE_LINES - SEAL_SIZE / 2
    else:
        middle = top - 15 * MM - SEAL_SIZE / 2
        principal = Box(right - PERSON_WIDTH, middle - PERSON_HEIGHT / 2, right, middle + PERSON_HEIGHT / 2)
    edge = principal.left + PERSON_WIDTH / 3
    page.sign_here(PRINCIPAL, principal)
    page.sign_here(SEAL, Box(edge - SEAL_SIZE, middle - SEAL_SIZE / 2, edge, middle + SEAL_SIZE / 2))


def fields_of(pages: list[Page], slots: Iterable[SlotField]) -> tuple[SignatureField, ...]:
    """The placed fields in the order of the slots.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH when the layout and the slots differ in any field or stage.
    """
    placed = {name: (number, box) for number, page in enumerate(pages) for name, box in page.fields.items()}
    wanted: dict[str, str] = {}
    for slot in slots:
        if slot["field"] in wanted:
            raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"ô {slot['field']} có hai lần")
        wanted[slot["field"]] = slot["stage"]
    _compare(placed, wanted)
    return tuple(SignatureField(name, stage, placed[name][0], placed[name][1].rect) for name, stage in wanted.items())


def _compare(placed: Mapping[str, object], wanted: Mapping[str, str]) -> None:
    if missing := sorted(set(wanted) - set(placed)):
        raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"mẫu không có chỗ cho {', '.join(missing)}")
    if unwanted := sorted(set(placed) - set(wanted)):
        raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"hồ sơ thiếu ô {', '.join(unwanted)}")
    for name, stage in wanted.items():
        if stage != (name if name in (HOMEROOM, PRINCIPAL, SEAL) else "subject"):
            raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH, detail=f"ô {name} không thuộc bước {stage}")
