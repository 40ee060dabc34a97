"""One record's whole story: its chain of signatures with their evidence, every version, what is changed or missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.file_names import file_word
from hocba_app.domain.levels import level_of_grade
from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.forms.wording import stored_value
from hocba_app.models import (
    Account,
    Database,
    Document,
    DocumentVersion,
    Evidence,
    SchoolClass,
    Student,
    UnlockRequest,
)
from hocba_app.models.repositories import find, record_list
from hocba_app.models.repositories import record_story as rows
from hocba_app.pki.signer_certificate import Evidence as Checked
from hocba_app.process_scope import on_close
from hocba_app.services.accounts.authority import Right, allowed, require, require_class
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.finding import Finding
from hocba_app.services.records.precheck import candidates
from hocba_app.services.records.record_list import step_of, visible_classes
from hocba_app.services.storage.files import current_file


@dataclass(frozen=True, slots=True)
class CertificateView:
    """The certificate a signature was made with, as it was checked then."""

    subject: str
    issuer: str
    serial: str
    valid_from: datetime
    valid_to: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class SlotView:
    """One signature: made, or to be made."""

    field: str
    stage: str
    subjects: tuple[str, ...]
    signer: str
    """The name; "" for the seal."""
    caption: str
    """"KT. HIỆU TRƯỞNG …" above a deputy's."""
    signed_at: datetime | None
    due: bool
    """It is this slot's turn."""
    reassigned: str
    """Why another person signs than the one at locking; "" when he does."""
    certificate: CertificateView | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version, void ones included: they are evidence."""

    number: int
    code: str
    locked_at: datetime
    locked_by: str
    voided_at: datetime | None
    void_reason: str
    sha256: str
    length: int
    slots: tuple[SlotView, ...]

    @property
    def signed(self) -> int:
        """Signatures in it."""
        return sum(slot.signed_at is not None for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which newer data differ from what was locked."""

    label: str
    locked: str
    synced: str
    essential: bool


@dataclass(frozen=True, slots=True)
class UnlockView:
    """A request to unlock that is not over."""

    id: str
    state: str
    """``asked``, or ``approved`` while a confirmation is pending."""
    reason: str
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class RecordView:
    """One document."""

    document_id: str
    student_id: str
    student_code: str
    student_name: str
    birth_date: str
    class_id: str
    class_name: str
    kind: str
    school_year: str
    step: str
    out_of_date: bool
    differences: tuple[Difference, ...]
    versions: tuple[VersionView, ...]
    """Newest first."""
    has_file: bool
    """There is a current version to look at."""
    waits_for: tuple[str, ...]
    missing: tuple[Finding, ...]
    """While open: what the pre-check says."""
    confirmation_pending: bool
    unlock: UnlockView | None
    may_ask_unlock: bool
    may_lock: bool
    others: tuple[tuple[str, str], ...]
    """The pupil's other documents of this year: ``(kind, document id)``."""


def record_view(db: Database, who: Identity, document_id: str) -> RecordView:
    """A document with its whole story.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.RECORDS_READ)
    visible = visible_classes(db, who)
    with db.read(who.school_id) as session:
        document = session.get(Document, (who.school_id, document_id))
        if document is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
        if document.class_id not in visible:
            raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)
        student = session.get_one(Student, (who.school_id, document.student_id))
        school_class = session.get_one(SchoolClass, (who.school_id, document.class_id))
        views = tuple(_versions(session, document, rows.versions_of(session, document.id)))
        lease = rows.is_held(session, document.version_id)
        return RecordView(
            document_id=document.id,
            student_id=student.id,
            student_code=student.code,
            student_name=student.full_name,
            birth_date=student.birth_date,
            class_id=school_class.id,
            class_name=school_class.name,
            kind=document.kind,
            school_year=document.school_year,
            step=step_of(document),
            out_of_date=is_out_of_date(document.out_of_date),
            differences=tuple(difference_view(entry) for entry in document.out_of_date or ()),
            versions=views,
            has_file=document.version_id is not None,
            waits_for=tuple(record_list.waits_for(session, [document.version_id]).get(document.version_id, ()))
            if document.version_id
            else (),
            missing=_missing(session, document, school_class),
            confirmation_pending=lease,
            unlock=_unlock(session, document),
            may_ask_unlock=allowed(who, Right.UNLOCK_ASK) and document.state != "open",
            may_lock=allowed(who, Right.LOCK) and document.state == "open",
            others=_others(session, document, school_class),
        )


def record_file(db: Database, who: Identity, document_id: str, version: int | None = None) -> tuple[str, bytes]:
    """The current file of a document, half signed or not: for people of the school who may look at its class.

    Args:
        version: its number; None for the current one. Void versions are kept as evidence and may be looked at.

    Returns:
        An ASCII file name with the pupil's code and without his name, and the bytes.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, STORED_FILE_DAMAGED.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        document = _document(session, who, document_id)
        which = {"id": document.version_id or ""} if version is None else {"number": version}
        row = find.first_of(session, DocumentVersion, document_id=document.id, **which)
        if row is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="bản của hồ sơ này")
        student = session.get_one(Student, (who.school_id, document.student_id))
        name = file_name(student.code, document.kind, document.school_year, row.number)
        return name, current_file(session, row.id)


def file_name(code: str, kind: str, school_year: str, version: int) -> str:
    """``7976000100123-results-2025-2026-v1.pdf``: ASCII, the pupil's code, never his name."""
    return "-".join(part for part in (file_word(code), kind, school_year, f"v{version}") if part) + ".pdf"


def _document(session: Session, who: Identity, document_id: str) -> Document:
    document = session.get(Document, (who.school_id, document_id))
    if document is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
    require_class(session, who, document.class_id)
    return document


def _versions(session: Session, document: Document, versions: Sequence[rows.Version]) -> list[VersionView]:
    slots = rows.slots_of(session, [version.id for version in versions])
    names = rows.staff_names(session, {slot.staff_id for slot in slots if slot.staff_id})
    accounts = rows.account_names(session, {version.locked_by for version in versions})
    certificates = _certificates(session, {slot.evidence_id for slot in slots if slot.evidence_id})
    views = []
    for version in versions:
        subjects = _subjects(session, version.id)
        current = version.id == document.version_id
        views.append(
            VersionView(
                number=version.number,
                code=version.code,
                locked_at=version.locked_at,
                locked_by=accounts.get(version.locked_by, ""),
                voided_at=version.voided_at,
                void_reason=version.void_reason or "",
                sha256=version.sha256,
                length=version.length,
                slots=tuple(
                    SlotView(
                        field=slot.field,
                        stage=slot.stage,
                        subjects=tuple(subjects.get(code, code) for code in slot.subjects),
                        signer=names.get(slot.staff_id or "", ""),
                        caption=" / ".join(slot.caption),
                        signed_at=slot.signed_at,
                        due=current and slot.signed_at is None and slot.stage == document.next_stage,
                        reassigned=(slot.reassignment or {}).get("reason", ""),
                        certificate=certificates.get(slot.evidence_id or ""),
                    )
                    for slot in slots
                    if slot.version_id == version.id
                ),
            )
        )
    return views


_MAX_KEPT = 5_000
_subject_names: dict[tuple[str, str], dict[str, str]] = {}
_certificate_views: dict[tuple[str, str], CertificateView] = {}
"""By school and id: a snapshot is frozen and evidence is never changed, so what was read of them once stays true."""
on_close(_subject_names.clear)
on_close(_certificate_views.clear)


def _subjects(session: Session, version_id: str) -> dict[str, str]:
    """Names of the subjects as the version has them, by code."""
    key = (session.info["school_id"], version_id)
    if key not in _subject_names:
        snapshot = rows.snapshot_of(session, version_id)
        _make_room(_subject_names)
        _subject_names[key] = {row["code"]: row["name"] for row in snapshot.get("results", {}).get("subjects", [])}
    return _subject_names[key]


def _certificates(session: Session, evidence_ids: Collection[str]) -> dict[str, CertificateView]:
    school_id = session.info["school_id"]
    unread = [evidence_id for evidence_id in evidence_ids if (school_id, evidence_id) not in _certificate_views]
    for row in rows.evidence(session, unread):
        _make_room(_certificate_views)
        _certificate_views[school_id, row.id] = _certificate(row)
    return {
        evidence_id: _certificate_views[school_id, evidence_id]
        for evidence_id in evidence_ids
        if (school_id, evidence_id) in _certificate_views
    }


def _make_room(kept: dict[tuple[str, str], Any]) -> None:
    if len(kept) >= _MAX_KEPT:
        kept.clear()


def _certificate(row: Evidence) -> CertificateView:
    subject, issuer, serial, begins, ends = _read(Checked.loads(row.content).chain[0])
    return CertificateView(subject, issuer, serial, begins, ends, row.checked_at)


@lru_cache(maxsize=1024)
def _read(der: bytes) -> tuple[str, str, str, datetime, datetime]:
    found = x509.load_der_x509_certificate(der)
    subject, issuer = (
        next((str(entry.value) for entry in name.get_attributes_for_oid(NameOID.COMMON_NAME)), name.rfc4514_string())
        for name in (found.subject, found.issuer)
    )
    return subject, issuer, f"{found.serial_number:x}", found.not_valid_before_utc, found.not_valid_after_utc


def difference_view(entry: Mapping[str, Any]) -> Difference:
    """A noted difference in words."""
    return Difference(
        entry["label"], stored_value(entry["locked"]), stored_value(entry["synced"]), bool(entry["essential"])
    )


def _missing(session: Session, document: Document, school_class: SchoolClass) -> tuple[Finding, ...]:
    if document.state != "open":
        return ()
    found = candidates(session, document.kind, school_class, student_ids=[document.student_id])
    return tuple(finding for candidate in found for finding in candidate.findings)


def _unlock(session: Session, document: Document) -> UnlockView | None:
    if document.state == "open" or document.id not in record_list.unlocks_asked(session):
        return None
    row: UnlockRequest | None = next(
        (row for row in record_list.open_unlocks(session) if document.id in record_list.waiting_documents(row)), None
    )
    if row is None:
        return None
    account = session.get(Account, (row.school_id, row.requested_by))
    return UnlockView(row.id, row.state, row.reason, account.full_name if account is not None else "", row.requested_at)


def _others(session: Session, document: Document, school_class: SchoolClass) -> tuple[tuple[str, str], ...]:
    year = document.school_year or school_class.school_year
    rows = find.all_of(session, Document, Document.kind, student_id=document.student_id)
    beside = ("", year), ("", level_of_grade(school_class.grade))
    return tuple(
        (row.kind, row.id)
        for row in rows
        if row.school_year in beside[0] and row.level in beside[1] and row.id != document.id
    )
