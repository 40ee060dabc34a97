"""Chốt: freeze a snapshot, lay out its file with every signature field, and open it for signing.

A few pupils at a time: laid out without a transaction, then checked against the data once more and opened together in
a short one. Idempotent pupil by pupil: a job that was killed goes on where it stood, a pupil locked already is passed
over.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.domain.levels import level_of_document
from hocba_app.domain.lifecycle import DocumentLife, SlotState
from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.forms.render import render
from hocba_app.models import Database, Document, DocumentVersion, Job, PublicCode, Revision, SchoolClass, Slot
from hocba_app.models.repositories import records as rows
from hocba_app.models.repositories.accounts import lock_school
from hocba_app.models.repositories.bulk import add_rows
from hocba_app.models.repositories.document_state import save_life
from hocba_app.models.repositories.school_years import require_open_classes
from hocba_app.recordfile.append_state import Tip
from hocba_app.recordfile.base_revision import base_with_tip
from hocba_app.recordfile.demands import Demand, demand_of
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import changed, record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.objections.objections import close_corrected
from hocba_app.services.records.precheck import Candidate, ClassList, class_list
from hocba_app.services.records.signer_resolution import PlannedSlot
from hocba_app.services.records.snapshot import snapshot_from
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from hocba_app.verification.slot_words import SUBJECT_ROLE

KINDS = ("cover", "history", "results")
_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ROLES = {
    "homeroom": "Giáo viên chủ nhiệm",
    "principal": "Hiệu trưởng",
    "seal": "Nhà trường",
}
_TOGETHER = 25
"""Pupils opened in one transaction: about a tenth of a second on SQLite, which holds up other writers so long."""
_PASSES = 3
"""How often a pupil whose data change while he is laid out is tried."""
_MOST = 5000
"""Ids in one request: more than a school has pupils."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document laid out, not yet in the database."""

    student_id: str
    snapshot: Snapshot
    snapshot_sha256: str
    slots: list[PlannedSlot]
    demands: list[Demand]
    """What each slot's certificate must carry; the seal's is empty, the school's tax code stands for it."""
    salt: str
    code: str
    number: int
    blob: str
    tip: Tip


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a lock job was asked to do."""

    kind: str
    leave_out: frozenset[str]
    include: frozenset[str]
    only: tuple[str, ...] | None
    accepted: Mapping[str, str]
    """By pupil the digest of the mismatches that are locked all the same."""

    def passed_over(self, candidate: Candidate) -> dict[str, str] | None:
        """The outcome of a pupil who is not laid out; None for one who is."""
        student_id = candidate.student.id
        if candidate.elsewhere:
            return {"outcome": "left_out", "reason": candidate.elsewhere}
        if candidate.locked:
            return {"outcome": "locked_before"}
        if student_id in self.leave_out:
            return {"outcome": "left_out"}
        if candidate.left_out and self.only is None and student_id not in self.include:
            return {"outcome": "left_out", "reason": candidate.left_out}
        return None if candidate.can_lock else {"outcome": "blocked", "reason": " ".join(candidate.blocking)}


def start_lock(
    db: Database,
    who: Identity,
    *,
    kind: str,
    class_id: str = "",
    class_ids: Sequence[str] = (),
    student_ids: Sequence[str] | None = None,
    leave_out: Sequence[str] = (),
    include: Sequence[str] = (),
    accept_mismatches: str = "",
    shown: Mapping[str, str] | None = None,
) -> str:
    """Lock one kind of document for one or several classes, as one job.

    Pupils due for re-assessment and pupils who left are left out unless they are named (workflow rule 7).

    Args:
        class_id: the class, when it is one.
        class_ids: the classes, when they are several.
        student_ids: lock these pupils of the classes only, also those left out by default.
        leave_out: pupils not to lock.
        include: pupils to lock although they are left out by default.
        accept_mismatches: a reason, where submitted results differ from the rules and are locked all the same.
        shown: by pupil the digest of the mismatches that the reason was given for (`preview.LockRow.mismatches`); None: as they are
            now. What differs from it when the pupil's turn comes is not locked.

    Returns:
        Id of the job.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO, YEAR_CLOSED; SHOWN_CHANGED when mismatches are no longer those shown.
    """
    require(who, Right.LOCK)
    if kind not in KINDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    classes = list(dict.fromkeys([*([class_id] if class_id else []), *class_ids]))
    if not classes or (student_ids is not None and not student_ids):
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    if max(len(classes), len(student_ids or ()), len(leave_out), len(include)) > _MOST:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="danh sách quá dài")
    arguments = {
        "kind": kind,
        "class_ids": classes,
        "student_ids": None if student_ids is None else list(student_ids),
        "leave_out": list(leave_out),
        "include": list(include),
        "accept_mismatches": accept_mismatches.strip()[:500],
    }
    with db.write(who.school_id) as session:
        found = [session.get(SchoolClass, (who.school_id, asked)) for asked in classes]
        if None in found:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        require_open_classes(session, found, kind)
        if arguments["accept_mismatches"]:
            arguments["accepted"] = _accepted(
                session, kind, [each for each in found if each is not None], student_ids, shown
            )
        row = enqueue(session, "lock", arguments, actor=who.account_id)
        for asked in classes:
            record(
                session,
                actor=who.account_id,
                action="lock.started",
                subject=f"class:{asked}",
                data={"kind": kind, "job": row.id, "leave_out": list(leave_out), "include": list(include)}
                | ({"students": list(student_ids)} if student_ids is not None else {})
                | ({"accept_mismatches": accept_mismatches.strip()[:500]} if accept_mismatches.strip() else {}),
            )
    return row.id


def _accepted(
    session: Session,
    kind: str,
    classes: Sequence[SchoolClass],
    student_ids: Sequence[str] | None,
    shown: Mapping[str, str] | None,
) -> dict[str, str]:
    """By pupil the digest of the mismatches that a reason was given for.

    Raises:
        HocbaError: SHOWN_CHANGED: whoever gave the reason has not seen what is there now.
    """
    now = {
        candidate.student.id: candidate.mismatches
        for each in classes
        for candidate in class_list(session, kind, each, student_ids=student_ids).candidates
        if candidate.mismatches and not candidate.locked
    }
    if shown is None:
        return now
    if any(now.get(student_id, digest) != digest for student_id, digest in shown.items()):
        raise HocbaError(ErrorCode.SHOWN_CHANGED, what="chỗ khác cách tính lại")
    return {student_id: digest for student_id, digest in now.items() if student_id in shown}


@job("lock")
def lock_class(work: Work) -> float | None:
    """Lock every pupil of the classes who can be locked and is not left out. Killed, it goes on after the last pupils opened."""
    asked = work.arguments
    choice = _Choice(
        kind=asked["kind"],
        leave_out=frozenset(asked["leave_out"]),
        include=frozenset(asked["include"]),
        only=None if asked["student_ids"] is None else tuple(asked["student_ids"]),
        accepted=asked.get("accepted", {}),
    )
    with work.db.read(work.school_id) as session:
        before: list[dict[str, str]] = session.get_one(Job, (work.school_id, work.job_id)).report.get("students", [])
        classes = [session.get_one(SchoolClass, (work.school_id, class_id)) for class_id in asked["class_ids"]]
        sizes = [len(rows.pupils_of_class(session, school_class.id, choice.only)) for school_class in classes]
    # What an earlier attempt of this job locked is not "locked before".
    outcomes = {row["student"]: row for row in before if row["outcome"] == "locked"}
    for number, school_class in enumerate(classes):
        if not _lock_one_class(work, choice, school_class, outcomes, sum(sizes[:number]), sum(sizes)):
            break
    _tell_missing(work, choice, outcomes)
    return None


def _tell_missing(work: Work, choice: _Choice, outcomes: dict[str, dict[str, str]]) -> None:
    """Who was asked for by name and is on no list of these classes is told, not passed over in silence."""
    missing = [student_id for student_id in choice.only or () if student_id not in outcomes]
    with work.db.read(work.school_id) as session:
        missing = rows.own_students(session, missing)
    if missing and not work.cancelled():
        reason = "Không có trong danh sách lớp theo dữ liệu mới nhất từ SMAS."
        with work.write() as session:
            row = session.get_one(Job, (work.school_id, work.job_id))
            row.report = {
                "students": [
                    *outcomes.values(),
                    *({"student": each, "outcome": "left_out", "reason": reason} for each in missing),
                ]
            }
            session.add(row)
            changed(session)


def _lock_one_class(
    work: Work, choice: _Choice, school_class: SchoolClass, outcomes: dict[str, dict[str, str]], done: int, total: int
) -> bool:
    """One class, a few pupils at a time; False when the job was asked to stop."""
    with work.db.read(work.school_id) as session:
        listed = class_list(session, choice.kind, school_class, accepted=choice.accepted, student_ids=choice.only)
    for first in range(0, len(listed.candidates), _TOGETHER):
        if work.cancelled():
            return False
        part = listed.candidates[first : first + _TOGETHER]
        found = _few(work, choice, school_class, ClassList(listed.sources, listed.staff, part))
        for student_id, outcome in found.items():
            if outcomes.get(student_id, {}).get("outcome") != "locked":
                outcomes[student_id] = {"student": student_id, **outcome}
        _tell(work, outcomes, done + first + len(part), total, school_class.name)
    return True


def _few(work: Work, choice: _Choice, school_class: SchoolClass, listed: ClassList) -> dict[str, dict[str, str]]:
    """Lay out and open a few pupils; those whose data changed meanwhile again, from the new data."""
    outcomes: dict[str, dict[str, str]] = {}
    for _ in range(_PASSES):
        frozen = []
        for candidate in listed.candidates:
            passed = choice.passed_over(candidate)
            if passed is None:
                try:
                    frozen.append(freeze(listed, choice.kind, candidate))
                    continue
                except HocbaError as error:
                    passed = {"outcome": "failed", "reason": error.sentence, "code": error.code.value}
            outcomes[candidate.student.id] = passed
        if not frozen:
            break
        with work.write() as session:
            opened = _open_versions(session, choice, school_class.id, frozen, work.actor)
        outcomes |= {item.student_id: {"outcome": "locked"} for item in frozen if item.student_id in opened}
        again = [item.student_id for item in frozen if item.student_id not in opened]
        if not again:
            break
        for student_id in again:
            outcomes[student_id] = {
                "outcome": "failed",
                "reason": SENTENCES[ErrorCode.DATA_MOVING],
                "code": ErrorCode.DATA_MOVING.value,
            }
        with work.db.read(work.school_id) as session:
            fresh = session.get_one(SchoolClass, (work.school_id, school_class.id))
            listed = class_list(session, choice.kind, fresh, accepted=choice.accepted, student_ids=again)
    return outcomes


def _tell(work: Work, outcomes: dict[str, dict[str, str]], done: int, total: int, class_name: str) -> None:
    with work.write() as session:
        row = session.get_one(Job, (work.school_id, work.job_id))
        row.progress, row.total, row.stage = done, total, f"Chốt {class_name}"
        row.report = {"students": list(outcomes.values())}
        session.add(row)
        changed(session)


def freeze(listed: ClassList, kind: str, candidate: Candidate) -> Frozen:
    """Snapshot, pages, fields, manifest: the base revision of a new version, in the store.

    Raises:
        HocbaError: FORM_*, STORED_FILE_DAMAGED.
    """
    student, school = candidate.student, listed.sources.school
    salt, code = secrets.token_hex(16), public_code()
    number = (candidate.document.version_number if candidate.document is not None else 0) + 1
    snapshot = snapshot_from(
        listed.sources, kind, student, candidate.slots, code=code, url=f"{settings().public_url.rstrip('/')}/v/{code}"
    )
    digest = snapshot_sha256(snapshot)
    photo = blobs.get_cached(student.photo_sha256) if kind == "cover" and student.photo_sha256 else None
    demands = _demands(listed, candidate.slots, salt)
    manifest = Manifest(
        kind=kind,
        school=ManifestSchool(school.code, school.name, school.tax_code),
        student_code=student.code,
        snapshot_sha256=digest,
        code=code,
        version=number,
        salt=salt,
        slots=tuple(
            ManifestSlot(slot.field, _role(listed, slot), slot.stage, demand)
            for slot, demand in zip(candidate.slots, demands, strict=True)
        ),
    )
    base, tip = base_with_tip(render(snapshot, photo=photo), manifest)
    return Frozen(student.id, snapshot, digest, candidate.slots, demands, salt, code, number, blobs.put(base), tip)


def _role(listed: ClassList, slot: PlannedSlot) -> str:
    """What the signer is; of a subject teacher with his subjects, of the head with his title, so that a verifier can name the signature."""
    if slot.stage != "subject":
        return slot.role or _ROLES[slot.stage]
    subjects = listed.sources.subjects
    return SUBJECT_ROLE + ", ".join(subjects[code].name if code in subjects else code for code in slot.rows)


def public_code() -> str:
    """A fresh public code: 60 random bits in three groups, without letters that look alike."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _demands(listed: ClassList, slots: Sequence[PlannedSlot], salt: str) -> list[Demand]:
    """Every number each signer may sign with, and his name: frozen now, whatever the staff list says later."""
    people = [listed.staff[slot.staff_id] if slot.staff_id is not None else None for slot in slots]
    return [
        demand_of(salt, (person.id_number, person.old_id_number), person.full_name)
        if person is not None
        else Demand(())
        for person in people
    ]


def _open_versions(session: Session, choice: _Choice, class_id: str, frozen: Sequence[Frozen], actor: str) -> set[str]:
    """Documents, versions, slots, base revisions, public codes and audit of a few pupils together.

    Under the school's lock everything is read again: what another lock opened meanwhile, or what newer data would say
    differently, is not opened.

    Returns:
        The pupils whose documents are locked now.
    """
    lock_school(session)  # two locks of one class would otherwise both find it open on PostgreSQL
    school_class = session.get_one(SchoolClass, (session.info["school_id"], class_id), populate_existing=True)
    require_open_classes(session, [school_class], choice.kind)
    listed = class_list(
        session, choice.kind, school_class, accepted=choice.accepted, student_ids=[item.student_id for item in frozen]
    )
    now = {candidate.student.id: candidate for candidate in listed.candidates}
    unchanged = [item for item in frozen if _still_true(choice.kind, listed, now.get(item.student_id), item)]
    documents: dict[str, Document] = {}
    for item in unchanged:
        documents[item.student_id] = now[item.student_id].document or Document(
            student_id=item.student_id,
            class_id=class_id,
            kind=choice.kind,
            school_year=rows.year_of(choice.kind, school_class),
            level=level_of_document(choice.kind, school_class.grade),
        )
        session.add(documents[item.student_id])
    session.flush()
    versions = {item.student_id: _version(item, documents[item.student_id], class_id, actor) for item in unchanged}
    session.add_all(versions.values())
    session.flush()
    add_rows(session, Slot, (row for item in unchanged for row in _slots(item, versions[item.student_id])))
    for item in unchanged:
        _open(session, item, documents[item.student_id], versions[item.student_id], actor)
    close_corrected(session, [documents[item.student_id] for item in unchanged], actor)
    return {item.student_id for item in unchanged}


def _still_true(kind: str, listed: ClassList, candidate: Candidate | None, frozen: Frozen) -> bool:
    if candidate is None or not candidate.can_lock:
        return False
    number = (candidate.document.version_number if candidate.document is not None else 0) + 1
    snapshot = snapshot_from(
        listed.sources,
        kind,
        candidate.student,
        candidate.slots,
        code=frozen.code,
        url=frozen.snapshot["verification"]["url"],
    )
    demands = _demands(listed, candidate.slots, frozen.salt)
    return (number, snapshot, candidate.slots, demands) == (
        frozen.number,
        frozen.snapshot,
        frozen.slots,
        frozen.demands,
    )


def _version(frozen: Frozen, document: Document, class_id: str, actor: str) -> DocumentVersion:
    return DocumentVersion(
        document_id=document.id,
        number=frozen.number,
        snapshot=dict(frozen.snapshot),
        snapshot_sha256=frozen.snapshot_sha256,
        salt=frozen.salt,
        code=frozen.code,
        class_id=class_id,
        length=frozen.tip.length,
        sha256=frozen.tip.sha256,
        tip=frozen.tip.dumps(),
        locked_by=actor,
    )


def _slots(frozen: Frozen, version: DocumentVersion) -> Iterator[dict[str, object]]:
    school = frozen.snapshot["school"]
    of_seal = {"tax_code": school["tax_code"], "name": school["name"]}
    for position, (slot, demand) in enumerate(zip(frozen.slots, frozen.demands, strict=True)):
        yield {
            "version_id": version.id,
            "document_id": version.document_id,
            "field": slot.field,
            "stage": slot.stage,
            "rows": list(slot.rows),
            "position": position,
            "staff_id": slot.staff_id,
            "demand": demand.as_json() if slot.staff_id is not None else of_seal,
            "caption": list(slot.caption),
        }


def _open(session: Session, frozen: Frozen, document: Document, version: DocumentVersion, actor: str) -> None:
    life = DocumentLife(document.kind, document.state).lock(SlotState(slot.field, slot.stage) for slot in frozen.slots)  # type: ignore[arg-type]
    session.add(
        Revision(
            version_id=version.id,
            number=0,
            kind="base",
            blob_sha256=frozen.blob,
            length=version.length,
            sha256=version.sha256,
        )
    )
    session.add(PublicCode(code=frozen.code, school_id=document.school_id, version_id=version.id))
    document.class_id, document.version_id, document.version_number = version.class_id, version.id, frozen.number
    document.out_of_date = None
    save_life(session, document.id, life)
    record(
        session,
        actor=actor,
        action="record.locked",
        subject=f"document:{document.id}",
        data={"version": frozen.number, "kind": document.kind, "snapshot": version.snapshot_sha256},
    )
