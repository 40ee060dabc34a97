"""The frozen content of one version of one document: what is signed, as data.

A snapshot is plain JSON (strings, integers, booleans, null, lists, objects; never floats), NFC-normalised, stored and
hashed in one canonical form. Rendering is a pure function of a snapshot and the photo it names, so the same snapshot
always gives the same pages. The shapes below are final: a later format gets a new ``format`` number.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any, Literal, NotRequired, TypedDict

DocumentKind = Literal["cover", "history", "results"]
SNAPSHOT_FORMAT = 1
PUPIL_DETAILS = (
    "ethnic_group",
    "birth_place",
    "nationality",
    "home_town",
    "address",
    "register_number",
    "admission_date",
    "priority_category",
    "father_name",
    "father_job",
    "mother_name",
    "mother_job",
    "guardian_name",
    "guardian_job",
)
"""What only the cover's personal page prints: nothing queries it, so rows keep it as one JSON value."""


class School(TypedDict):
    code: str
    name: str
    level: str  # "primary" | "lower_secondary" | "upper_secondary"
    commune: str
    province: str
    department: str  # the Sở
    tax_code: str  # MST: the seal's certificate must carry it


class Student(TypedDict):
    """On history and results only the first five are present."""

    code: str
    full_name: str
    birth_date: str  # ISO date
    sex: str
    id_number: str | None
    ethnic_group: NotRequired[str]
    birth_place: NotRequired[str | None]
    nationality: NotRequired[str | None]
    home_town: NotRequired[str | None]
    address: NotRequired[str | None]
    register_number: NotRequired[str | None]
    admission_date: NotRequired[str | None]
    priority_category: NotRequired[str | None]
    father_name: NotRequired[str | None]
    father_job: NotRequired[str | None]
    mother_name: NotRequired[str | None]
    mother_job: NotRequired[str | None]
    guardian_name: NotRequired[str | None]
    guardian_job: NotRequired[str | None]
    photo_sha256: NotRequired[str | None]


class Verification(TypedDict):
    code: str  # public code printed on each page, e.g. "K7QM-2RTX-9BHD"
    url: str  # what the QR holds


class Head(TypedDict):
    """Who confirms for the institution: the office as the form prints it, and the decision its holder's deputy signs by."""

    office: str  # "Hiệu trưởng", "Giám đốc"
    ground: str  # "15/QĐ-UBND"; "" for none


class Circumstance(TypedDict):
    """An exception of the law that holds for the year (`domain.circumstances`)."""

    kind: str
    from_date: NotRequired[str]  # ISO
    to_date: NotRequired[str]
    decision: NotRequired[str]
    subjects: list[str]  # codes of the subjects he is exempt from


class SlotField(TypedDict):
    """A signature field and where it belongs. Persons are never here: who signs may change until he signs."""

    field: str  # "s.<subject code>.<n>", "homeroom", "principal", "seal"; the cover's signer is "principal"
    stage: str  # "subject" | "homeroom" | "principal" | "seal"
    rows: list[str]  # subject codes this field covers; its place is the first one. Empty for the other stages


class SubjectRow(TypedDict):
    code: str
    name: str
    kind: str  # "marked" | "comment"
    term1: str | None  # "8.1" or "Đ"/"CĐ"; printed with a decimal comma
    term2: str | None
    year: str | None
    reassessed: str | None
    comment: str | None
    note: str | None
    test: NotRequired[str | None]  # TT27: mark of the year-end test ("9"); ``year`` is then the level T, H or C
    reassessed_test: NotRequired[str | None]  # TT27: mark after help in summer; ``reassessed`` is then the level


class Trait(TypedDict):
    """A quality or competency under TT27."""

    name: str
    level: str | None  # "T" | "Đ" | "C"


class Terms(TypedDict):
    term1: str | None
    term2: str | None
    year: str | None
    reassessed: str | None


class Results(TypedDict):
    regime: str
    subjects: list[SubjectRow]
    learning: Terms
    training: Terms
    absences: dict[str, int | None]  # term1, term2, year
    promotion: str | None  # "promoted" | "retained" | "reassess" | None
    promotion_note: str | None
    title: str | None
    awards: list[str]
    certificates: str | None
    homeroom_comment: str | None
    homeroom_comment_after_summer: str | None
    programme_completed: bool | None
    departure: str | None  # "chuyển đi ngày …" for a pupil who left in mid-year
    averages: NotRequired[Terms]  # TT26: ĐTB các môn
    # TT27: ``learning.year`` is the year's level ("Hoàn thành tốt"); ``absences`` has "excused" and "unexcused" too.
    height_cm: NotRequired[str | None]  # "128" or "128.5"
    weight_kg: NotRequired[str | None]
    qualities: NotRequired[list[Trait]]
    qualities_comment: NotRequired[str | None]
    general_competencies: NotRequired[list[Trait]]
    general_comment: NotRequired[str | None]
    specific_competencies: NotRequired[list[Trait]]
    specific_comment: NotRequired[str | None]


class HistoryRow(TypedDict):
    row: NotRequired[
        str
    ]  # the sector's id of a row from elsewhere: a year may have two. Absent on our own, and in older snapshots
    school_year: str  # "2024-2025"
    class_name: str
    school_name: str
    commune: str
    province: str
    outcome: str | None  # "promoted" | "retained" | "moved" | None
    note: str | None


class Snapshot(TypedDict):
    format: int
    kind: DocumentKind
    school: School
    student: Student
    school_year: str | None  # None on the cover
    class_name: str | None
    grade: int | None
    place: str  # where the document is signed: the commune
    verification: Verification
    slots: list[SlotField]
    form: NotRequired[
        str
    ]  # "results-TT22/2": absent from records locked before forms had versions, whose form is the first
    head: NotRequired[Head]  # absent: a principal, who signs by no decision
    results: NotRequired[Results]  # kind "results"
    circumstances: NotRequired[list[Circumstance]]  # kind "results"; absent for most pupils
    history: NotRequired[list[HistoryRow]]  # kind "history", oldest first; the last row is the one to sign


def normalise(value: Any) -> Any:
    """The same JSON value with every string in NFC (input may arrive decomposed)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {key: normalise(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [normalise(item) for item in value]
    if isinstance(value, float):
        raise TypeError("a snapshot never holds binary floats")
    return value


def canonical_json(value: Any) -> bytes:
    """Canonical bytes: UTF-8, keys sorted, no blanks. Equal values always give equal bytes.

    Raises:
        TypeError: a float, or a type JSON does not know.
    """
    return json.dumps(normalise(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def snapshot_sha256(snapshot: Snapshot | dict[str, Any]) -> str:
    """SHA-256 of the canonical form, in hex: the manifest and the database name a snapshot by it."""
    return hashlib.sha256(canonical_json(snapshot)).hexdigest()
