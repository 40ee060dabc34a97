"""Chốt: freeze a snapshot, lay out its file with every signature field, and open it for signing.

Idempotent pupil by pupil: a job that was killed goes on where it stood, a pupil locked already is passed over.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.lifecycle import SlotState
from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.models import Database, Document, DocumentVersion, PublicCode, Revision, School, SchoolClass, Slot, Staff
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.forms.render import render
from hocba_app.services.jobs.queue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.wake import wake
from hocba_app.services.records.life import load_life, save_life
from hocba_app.services.records.precheck import Candidate, candidates
from hocba_app.services.records.snapshot import build_snapshot
from hocba_app.services.signing.base import build_base
from hocba_app.services.signing.manifest import Manifest, ManifestSchool, ManifestSlot, signer_hash
from hocba_app.services.signing.tip import Tip, read_tip
from hocba_app.services.storage import blobs
from hocba_app.settings import settings

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ROLES = {"subject": "Giáo viên bộ môn", "homeroom": "Giáo viên chủ nhiệm", "principal": "Hiệu trưởng", "seal": "Nhà trường"}


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document laid out, not yet in the database."""

    snapshot: Snapshot
    salt: str
    code: str
    number: int
    blob: str
    tip: Tip


def start_lock(
    db: Database, who: Identity, *, kind: str, class_id: str, leave_out: Sequence[str] = (), accept_mismatches: str = ""
) -> str:
    """Lock one kind of document for a class, single pupils left out.

    Args:
        leave_out: student ids; those left out by default must be named too by whoever shows the list.
        accept_mismatches: a reason, where submitted results differ from the rules and are locked all the same.

    Returns:
        Id of the job.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT.
    """
    require(who, Right.LOCK)
    if kind not in ("cover", "history", "results"):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    with db.write(who.school_id) as session:
        if session.get(SchoolClass, (who.school_id, class_id)) is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        arguments = {"kind": kind, "class_id": class_id, "leave_out": list(leave_out), "accept_mismatches": accept_mismatches}
        row = enqueue(session, "lock", arguments, actor=who.account_id)
        record(session, actor=who.account_id, action="lock.started", subject=f"class:{class_id}", data=arguments)
    wake(who.school_id, row.id)
    return row.id


@job("lock")
def lock_class(work: Work) -> float | None:
    """Lock every pupil of the class who can be locked and is not left out."""
    kind = work.arguments["kind"]
    left_out = set(work.arguments["leave_out"])
    accept = bool(work.arguments["accept_mismatches"])
    with work.db.read(work.school_id) as session:
        school_class = session.get_one(SchoolClass, (work.school_id, work.arguments["class_id"]))
        listed = candidates(session, kind, school_class, accept_mismatches=accept)
    rows: list[dict[str, str]] = []
    for number, candidate in enumerate(listed, 1):
        rows.append({"student": candidate.student.id, **_one(work, kind, school_class, candidate, left_out)})
        if number % 5 == 0 or number == len(listed):
            work.progress(number, len(listed), f"Chốt {school_class.name}")
        if work.cancelled():
            break
    work.report({"students": rows})
    return None


def _one(work: Work, kind: str, school_class: SchoolClass, candidate: Candidate, left_out: set[str]) -> dict[str, str]:
    if candidate.locked:
        return {"outcome": "locked_before"}
    if candidate.student.id in left_out:
        return {"outcome": "left_out"}
    if not candidate.can_lock:
        blocking = [finding.text for finding in candidate.findings if finding.severity == "blocking"]
        return {"outcome": "blocked", "reason": " ".join(blocking)}
    try:
        with work.db.read(work.school_id) as session:
            frozen = freeze(session, kind, school_class, candidate)
    except HocbaError as error:
        return {"outcome": "failed", "reason": error.sentence, "code": error.code.value}
    with work.write() as session:
        _open_version(session, kind, school_class, candidate, frozen, work.actor)
    return {"outcome": "locked"}


def freeze(session: Session, kind: str, school_class: SchoolClass, candidate: Candidate) -> Frozen:
    """Snapshot, pages, fields, manifest: the base revision of a new version, in the store.

    Raises:
        HocbaError: FORM_*, STORED_FILE_DAMAGED.
    """
    student = candidate.student
    salt, code = secrets.token_hex(16), public_code()
    number = _last_number(session, kind, student.id, school_class) + 1
    snapshot = build_snapshot(
        session, kind, student, school_class, candidate.slots, code=code, url=f"{settings().public_url.rstrip('/')}/v/{code}"
    )
    photo = blobs.get_cached(student.photo_sha256) if kind == "cover" and student.photo_sha256 else None
    school = session.get_one(School, session.info["school_id"])
    manifest = Manifest(
        kind=kind, school=ManifestSchool(school.code, school.name, school.tax_code), student_code=student.code,
        snapshot_sha256=snapshot_sha256(snapshot), code=code, version=number, salt=salt,
        slots=tuple(
            ManifestSlot(slot.field, _ROLES[slot.stage], slot.stage, _signer(session, salt, slot.staff_id) or school.tax_code)
            for slot in candidate.slots
        ),
    )
    base = build_base(render(snapshot, photo=photo), manifest)
    return Frozen(snapshot, salt, code, number, blobs.put(base), read_tip(base))


def public_code() -> str:
    """A fresh public code: 60 random bits in three groups, without letters that look alike."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _signer(session: Session, salt: str, staff_id: str | None) -> str | None:
    if staff_id is None:
        return None
    staff = session.get_one(Staff, (session.info["school_id"], staff_id))
    return signer_hash(salt, staff.id_number or staff.old_id_number or "")


def _year(kind: str, school_class: SchoolClass) -> str:
    return "" if kind == "cover" else school_class.school_year


def _document(session: Session, kind: str, student_id: str, school_class: SchoolClass) -> Document | None:
    return session.exec(
        select(Document).where(
            Document.student_id == student_id, Document.kind == kind, Document.school_year == _year(kind, school_class)
        )
    ).first()


def _last_number(session: Session, kind: str, student_id: str, school_class: SchoolClass) -> int:
    document = _document(session, kind, student_id, school_class)
    return document.version_number if document is not None else 0


def _open_version(
    session: Session, kind: str, school_class: SchoolClass, candidate: Candidate, frozen: Frozen, actor: str
) -> None:
    """Document, version, slots, base revision, public code and audit together; nothing when it was locked meanwhile."""
    student = candidate.student
    document = _document(session, kind, student.id, school_class) or Document(
        student_id=student.id, class_id=school_class.id, kind=kind, school_year=_year(kind, school_class)
    )
    if document.state != "open" or document.version_number + 1 != frozen.number:
        return
    session.add(document)
    session.flush()
    version = DocumentVersion(
        document_id=document.id, number=frozen.number, snapshot=dict(frozen.snapshot), snapshot_sha256=snapshot_sha256(frozen.snapshot),
        salt=frozen.salt, code=frozen.code, class_id=school_class.id, length=frozen.tip.length, sha256=frozen.tip.sha256,
        tip=frozen.tip.dumps(), locked_by=actor,
    )
    session.add(version)
    session.flush()
    life = load_life(session, document.id).lock(SlotState(slot.field, slot.stage) for slot in candidate.slots)
    for position, slot in enumerate(candidate.slots):
        session.add(
            Slot(
                version_id=version.id, document_id=document.id, field=slot.field, stage=slot.stage, rows=list(slot.rows), position=position,
                staff_id=slot.staff_id, signer_hash=_signer(session, frozen.salt, slot.staff_id), caption=list(slot.caption),
            )
        )
    session.add(
        Revision(version_id=version.id, number=0, kind="base", blob_sha256=frozen.blob, length=version.length, sha256=version.sha256)
    )
    session.add(PublicCode(code=frozen.code, school_id=document.school_id, version_id=version.id))
    document.class_id, document.version_id, document.version_number = school_class.id, version.id, frozen.number
    document.out_of_date = None
    session.add(document)
    session.flush()
    save_life(session, document.id, life)
    record(
        session, actor=actor, action="record.locked", subject=f"document:{document.id}",
        data={"version": frozen.number, "kind": kind, "snapshot": version.snapshot_sha256},
    )


