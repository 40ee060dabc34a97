"""Proof-reading before a lock: each pupil's findings and differences, and the page as it will be signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot, canonical_json
from hocba_app.domain.snapshot_differences import differences
from hocba_app.forms.fonts import BOLD
from hocba_app.forms.header_footer import QR_NAME, qr_picture
from hocba_app.forms.letters import require_printable
from hocba_app.forms.page import STATE_RED
from hocba_app.forms.pdf_file import write_pdf
from hocba_app.forms.personal_page import PHOTO_NAME
from hocba_app.forms.photo import photo_picture
from hocba_app.forms.render import draw_pages
from hocba_app.forms.text_fitting import fit_line
from hocba_app.forms.wording import printable
from hocba_app.models import Database, SchoolClass, Student
from hocba_app.models.repositories import records as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing.copy_mark import MARK_BOX
from hocba_app.services.records.finding import Finding
from hocba_app.services.records.lock import KINDS
from hocba_app.services.records.precheck import Candidate, ClassList, class_list
from hocba_app.services.records.record_detail import Difference, difference_view, file_name
from hocba_app.services.records.snapshot import snapshot_from
from hocba_app.services.storage import blobs
from hocba_app.settings import settings

MARK = "BẢN XEM TRƯỚC – CHƯA CHỐT, KHÔNG CÓ GIÁ TRỊ"


@dataclass(frozen=True, slots=True)
class LockRow:
    """One pupil in the view before a lock."""

    student_id: str
    student_code: str
    student_name: str
    locked: bool
    """Locked already: nothing is done with him."""
    document_id: str | None
    can_lock: bool
    left_out: str
    """Why he is left out by default; "" when he is not."""
    findings: tuple[Finding, ...]
    changed: tuple[Difference, ...]
    """Against the last, void version."""
    mismatches: str = ""
    """Digest of the mismatches shown; the lock that accepts them carries it."""

    @property
    def needs_reason(self) -> bool:
        """Whether nothing prevents it but results that differ from the rules, or that cannot be checked."""
        blocking = [finding for finding in self.findings if finding.severity == "blocking"]
        return not self.locked and bool(blocking) and all(finding.acceptable for finding in blocking)

    @property
    def chosen(self) -> bool:
        """Whether a lock of the class takes him without further words."""
        return self.can_lock and not self.left_out


@dataclass(frozen=True, slots=True)
class LockPreview:
    """A class before a lock of one kind of document."""

    class_id: str
    class_name: str
    kind: str
    students: tuple[LockRow, ...]

    @property
    def ready(self) -> int:
        """Pupils a lock would take."""
        return sum(row.chosen for row in self.students)

    @property
    def blocked(self) -> int:
        """Pupils whose record cannot be locked."""
        return sum(not row.can_lock and not row.locked for row in self.students)

    @property
    def locked(self) -> int:
        """Pupils locked already."""
        return sum(row.locked for row in self.students)


def lock_preview(db: Database, who: Identity, kind: str, class_id: str) -> LockPreview:
    """What a lock of the class would do, pupil by pupil.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT.
    """
    require(who, Right.LOCK)
    with db.read(who.school_id) as session:
        school_class = _class(session, who, kind, class_id)
        listed = class_list(session, kind, school_class)
        changed = _changed(session, kind, listed)
        return LockPreview(
            class_id=school_class.id,
            class_name=school_class.name,
            kind=kind,
            students=tuple(
                LockRow(
                    student_id=candidate.student.id,
                    student_code=candidate.student.code,
                    student_name=candidate.student.full_name,
                    locked=candidate.locked,
                    document_id=candidate.document.id if candidate.document is not None else None,
                    can_lock=candidate.can_lock,
                    left_out=candidate.left_out,
                    findings=tuple(candidate.findings),
                    changed=changed.get(candidate.student.id, ()),
                    mismatches=candidate.mismatches,
                )
                for candidate in listed.candidates
                if not candidate.elsewhere
            ),
        )


def preview_pdf(db: Database, who: Identity, kind: str, class_id: str, student_id: str) -> tuple[str, bytes]:
    """The pages as they would be signed, marked as a preview, without fields, code or anything kept.

    Returns:
        An ASCII file name without the pupil's name, and the bytes.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, PRECHECK_FAILED when there are no data to lay out, FORM_*.
    """
    require(who, Right.LOCK)
    with db.read(who.school_id) as session:
        listed = class_list(session, kind, _class(session, who, kind, class_id), student_ids=[student_id])
    if not listed.candidates or listed.candidates[0].elsewhere:
        raise HocbaError(ErrorCode.NOT_FOUND, what="học sinh trong lớp")
    candidate = listed.candidates[0]
    if kind == "results" and listed.sources.payload(candidate.student.id) is None:
        raise HocbaError(ErrorCode.PRECHECK_FAILED, count=len(candidate.blocking))
    address = f"{settings().public_url.rstrip('/')}/verify"
    snapshot = snapshot_from(listed.sources, kind, candidate.student, candidate.slots, code="----", url=address)
    name = file_name(candidate.student.code, kind, snapshot["school_year"] or "", 0).replace("-v0", "-preview")
    return name, _draw(snapshot, candidate.student)


def _draw(snapshot: Snapshot, student: Student) -> bytes:
    require_printable(snapshot)
    content: Snapshot = printable(snapshot)
    pictures = {QR_NAME: qr_picture(content["verification"]["url"])}
    if content["kind"] == "cover" and student.photo_sha256:
        picture = photo_picture(blobs.get_cached(student.photo_sha256), student.photo_sha256)
        if picture is not None:
            pictures[PHOTO_NAME] = picture
    pages = draw_pages(content, has_photo=PHOTO_NAME in pictures)
    for page in pages:
        page.fitted(fit_line(MARK, BOLD, MARK_BOX.width, 9.5, 6), MARK_BOX, align="centre", colour=STATE_RED)
    return write_pdf(pages, pictures, title="Bản xem trước", identity=canonical_json(snapshot))


def _class(session: Session, who: Identity, kind: str, class_id: str) -> SchoolClass:
    if kind not in KINDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    school_class = session.get(SchoolClass, (who.school_id, class_id))
    if school_class is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
    return school_class


def _changed(session: Session, kind: str, listed: ClassList) -> dict[str, tuple[Difference, ...]]:
    """What the next version would say differently from the last one, by pupil."""
    again = [candidate for candidate in listed.candidates if candidate.document is not None and not candidate.locked]
    versions = rows.newest_versions(
        session, [candidate.document for candidate in again if candidate.document is not None]
    )
    found = {}
    for candidate in again:
        version = versions.get(candidate.document.id) if candidate.document is not None else None
        if version is not None:
            found[candidate.student.id] = tuple(_differences(version.snapshot, kind, listed, candidate))
    return found


def _differences(before: dict[str, Any], kind: str, listed: ClassList, candidate: Candidate) -> Sequence[Difference]:
    current = snapshot_from(listed.sources, kind, candidate.student, candidate.slots, code="", url="", locked=before)
    return [difference_view(entry) for entry in differences(before, current)]
