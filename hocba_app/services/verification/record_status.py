"""What this installation knows of a record: its version's status, and what ``/v/<code>`` may tell anybody."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import HocbaError
from hocba_app.models import Database, Document, DocumentVersion, PublicCode, Revision, Slot
from hocba_app.models.repositories import find
from hocba_app.models.repositories.printing import signers_with_evidence
from hocba_app.models.repositories.stored_files import revision_blobs
from hocba_app.pki.signer_certificate import Evidence
from hocba_app.pki.subjects import subject_of
from hocba_app.recordfile.incremental_writer import drawn_name
from hocba_app.services.storage import blobs
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport, Status
from hocba_app.verification.report_presentation import STATUS_SENTENCES

_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
_KINDS = {"cover": "Bìa và trang thông tin", "history": "Quá trình học tập", "results": "Kết quả học tập"}
_ROLES = {
    "subject": "Giáo viên bộ môn",
    "homeroom": "Giáo viên chủ nhiệm",
    "principal": "Hiệu trưởng",
    "seal": "Nhà trường (đóng dấu)",
}


@dataclass(frozen=True, slots=True)
class PublicSigner:
    """One signature of a version, as its page shows it."""

    role: str
    name: str
    """The signer's name as it is drawn on the page; the school's for the seal."""
    signed_at: datetime | None
    """The time stamp's time, UTC; None while it is still to be signed."""


@dataclass(frozen=True, slots=True)
class PublicStanding:
    """What anybody who holds the paper, and so its code, may know: nothing of the pupil."""

    code: str
    kind: str
    kind_name: str
    school: str
    school_class: str
    school_year: str
    version: int
    status: Status
    status_text: str
    sealed: bool
    signers: tuple[PublicSigner, ...]
    voided_at: datetime | None = None


def normal_code(text: str) -> str | None:
    """A public code as it is stored, from what somebody typed (small letters, blanks for hyphens), or None."""
    letters = re.sub(r"[\s-]", "", text.upper())[:13]
    code = f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
    return code if _CODE.fullmatch(code) else None


def standing_of(db: Database, code: str) -> PublicStanding | None:
    """The status of the version with this public code, for the page behind the QR on every sheet.

    Args:
        code: as printed; the reader may have typed it.

    Returns:
        None when this installation has no such version.
    """
    normal = normal_code(code)
    if normal is None:
        return None
    with db.installation() as session:
        entry = session.get(PublicCode, normal)
    if entry is None:
        return None
    with db.read(entry.school_id) as session:
        version = session.get_one(DocumentVersion, (entry.school_id, entry.version_id))
        document = session.get_one(Document, (entry.school_id, version.document_id))
        slots = find.all_of(session, Slot, Slot.position, version_id=version.id)
        status = _status(version, document)
        snapshot = version.snapshot
        school = str(snapshot.get("school", {}).get("name", ""))
        drawn = _drawn_names(session, version.id)
        signers = tuple(
            PublicSigner(_role(slot), school if slot.stage == "seal" else drawn.get(slot.id, ""), slot.signed_at)
            for slot in slots
        )
    return PublicStanding(
        code=normal,
        kind=document.kind,
        kind_name=_KINDS[document.kind],
        school=school,
        school_class=str(snapshot.get("class_name") or ""),
        school_year=document.school_year,
        version=version.number,
        status=status,
        status_text=STATUS_SENTENCES[status],
        sealed=any(slot.stage == "seal" and slot.signed_at for slot in slots),
        signers=signers,
        voided_at=version.voided_at,
    )


def add_standing(db: Database, report: FileReport, data: bytes, *, must_be_known: bool = True) -> None:
    """Add to a report its version's status here, found by the public code in its manifest.

    Args:
        data: the file.
        must_be_known: a code nobody knows here speaks against the record; otherwise it may be another installation's.
    """
    if report.code is None:
        return
    normal = normal_code(report.code)
    with db.installation() as session:
        entry = session.get(PublicCode, normal) if normal is not None and normal == report.code else None
    if entry is None:
        if must_be_known:
            _not_on_record(report)
        return
    with db.read(entry.school_id) as session:
        version = session.get_one(DocumentVersion, (entry.school_id, entry.version_id))
        document = session.get_one(Document, (entry.school_id, version.document_id))
        on_record = _is_on_record(session, version, report.sha256, data)
    status = _status(version, document)
    if status == "void":  # whatever was appended to it since
        report.status, report.verdict = status, "invalid"
        add(report, Reason.VOID)
    if not on_record:
        _not_on_record(report)
        return
    report.status = status
    if status == "out_of_date":
        add(report, Reason.OUT_OF_DATE)


def school_at_lock(db: Database, code: str | None) -> dict[str, Any] | None:
    """The school of a version as it was called, and its tax code, when the version was locked: both may have changed since.

    Args:
        code: the version's public code.

    Returns:
        As an entry of a list of issuers, with the name on the seal that the school used; None when this installation has no such version.
    """
    normal = normal_code(code) if code else None
    if normal is None or normal != code:
        return None
    with db.installation() as session:
        entry = session.get(PublicCode, normal)
    if entry is None:
        return None
    with db.read(entry.school_id) as session:
        school = session.get_one(DocumentVersion, (entry.school_id, entry.version_id)).snapshot["school"]
        signed = signers_with_evidence(session, entry.version_id)
    sealed_by = [checked.content for slot, checked in signed if slot.stage == "seal"]
    names = [name for content in sealed_by for name in subject_of(Evidence.loads(content).chain[0]).names]
    identity = {key: str(school[key]) for key in ("tax_code", "name", "code") if school.get(key)}
    return identity | {"certificate_name": [*names, identity.get("name", "")]}


def _is_on_record(session: Session, version: DocumentVersion, sha256: str, data: bytes) -> bool:
    """Whether the file is a state on record, or the sealed record with archive data renewed elsewhere.

    A prefix (an earlier revision) is a state on record too; its missing signatures speak for themselves.
    """
    revisions = find.all_of(session, Revision, Revision.number, version_id=version.id)
    if any(revision.sha256 == sha256 for revision in revisions):
        return True
    seals = set(find.columns_of(session, Slot.id, version_id=version.id, stage="seal"))
    return any(
        revision.slot_id in seals and hashlib.sha256(data[: revision.length]).hexdigest() == revision.sha256
        for revision in revisions
    )


def _not_on_record(report: FileReport) -> None:
    add(report, Reason.NOT_ON_RECORD)
    report.issued_here = False


def _status(version: DocumentVersion, document: Document) -> Status:
    if version.voided_at is not None or document.version_id != version.id:
        return "void"
    if any(entry.get("essential") for entry in document.out_of_date or ()):
        return "out_of_date"
    return "current"


def _role(slot: Slot) -> str:
    """As the page words it: a deputy signs "KT. HIỆU TRƯỞNG / PHÓ HIỆU TRƯỞNG"."""
    return (
        " / ".join(slot.caption) if slot.stage == "principal" and slot.caption else _ROLES.get(slot.stage, slot.stage)
    )


def _drawn_names(session: Session, version_id: str) -> dict[str, str]:
    """By slot, the name its signature shows on the page: the staff list may have another by now. "" where the store has lost it."""
    return {slot_id: _drawn_name(blob) for slot_id, blob in revision_blobs(session, version_id)}


def _drawn_name(blob: str) -> str:
    try:
        return drawn_name(blobs.get(blob))
    except HocbaError:
        return ""  # the nightly check names it
