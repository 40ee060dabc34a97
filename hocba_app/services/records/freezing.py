"""A record laid out and opened for signing: snapshot, pages, fields, manifest, then its rows.

Laid out without a transaction; opened together with others in a short one, after the data were looked at once more.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.document_lifecycle import SlotState
from hocba_app.domain.levels import level_of_document
from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.forms.render import render
from hocba_app.models import Document, DocumentVersion, PublicCode, Revision, SchoolClass, Slot
from hocba_app.models.repositories import records as rows
from hocba_app.models.repositories.accounts import lock_school
from hocba_app.models.repositories.bulk import add_rows
from hocba_app.models.repositories.document_state import life_of, save_life
from hocba_app.models.repositories.school_years import require_open_classes
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.base_revision import base_with_tip
from hocba_app.recordfile.demands import Demand, demand_of
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.services.audit.log import record
from hocba_app.services.objections.objections import close_corrected
from hocba_app.services.records.precheck import Candidate, ClassList, class_list
from hocba_app.services.records.signer_resolution import PlannedSlot
from hocba_app.services.records.snapshot import snapshot_from
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from hocba_app.verification.slot_words import SUBJECT_ROLE
from hocba_app.verification.snapshot_agreement import require_printed

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ROLES = {
    "homeroom": "Giáo viên chủ nhiệm",
    "principal": "Hiệu trưởng",
    "seal": "Nhà trường",
}


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document laid out, not yet in the database."""

    student_id: str
    snapshot: Snapshot
    snapshot_sha256: str
    slots: list[PlannedSlot]
    demands: list[Demand]
    """What each slot's certificate must carry; the seal's is empty, the school's tax code is asked instead."""
    salt: str
    code: str
    number: int
    blob: str
    tip: AppendState


def freeze(listed: ClassList, kind: str, candidate: Candidate) -> Frozen:
    """Snapshot, pages, fields, manifest: the base revision of a new version, in the store.

    Raises:
        HocbaError: FORM_* (FORM_PAGE_DIFFERS when the finished pages do not show the snapshot), STORED_FILE_DAMAGED.
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
    rendered = render(snapshot, photo=photo)
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
        form=rendered.form,
        dated=rendered.dated,
    )
    base, tip = base_with_tip(rendered, manifest)
    require_printed(base, snapshot)
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


def open_versions(
    session: Session,
    kind: str,
    class_id: str,
    frozen: Sequence[Frozen],
    actor: str,
    *,
    accepted: Mapping[str, str],
    reasons: Mapping[str, str],
) -> set[str]:
    """Documents, versions, slots, base revisions, public codes and audit of a few pupils together.

    Under the school's lock everything is read again: what another lock opened meanwhile, or what newer data would say
    differently, is not opened.

    Args:
        accepted: by pupil the digest of the mismatches that are locked all the same.
        reasons: by these pupils why; it is kept in the log.

    Returns:
        The pupils whose documents are locked now.
    """
    lock_school(session)  # two locks of one class would otherwise both find it open on PostgreSQL
    school_class = session.get_one(SchoolClass, (session.info["school_id"], class_id), populate_existing=True)
    require_open_classes(session, [school_class], kind)
    listed = class_list(
        session, kind, school_class, accepted=accepted, student_ids=[item.student_id for item in frozen]
    )
    now = {candidate.student.id: candidate for candidate in listed.candidates}
    unchanged = [item for item in frozen if _still_true(kind, listed, now.get(item.student_id), item)]
    documents: dict[str, Document] = {}
    for item in unchanged:
        documents[item.student_id] = now[item.student_id].document or Document(
            student_id=item.student_id,
            class_id=class_id,
            kind=kind,
            school_year=rows.year_of(kind, school_class),
            level=level_of_document(kind, school_class.grade),
        )
        session.add(documents[item.student_id])
    session.flush()
    versions = {item.student_id: _version(item, documents[item.student_id], class_id, actor) for item in unchanged}
    session.add_all(versions.values())
    session.flush()
    add_rows(session, Slot, (row for item in unchanged for row in _slots(item, versions[item.student_id])))
    for item in unchanged:
        why = reasons.get(item.student_id, "")
        _open_document(session, item, documents[item.student_id], versions[item.student_id], actor, why)
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


def _open_document(
    session: Session, frozen: Frozen, document: Document, version: DocumentVersion, actor: str, why: str
) -> None:
    life = life_of(document, (), None).lock(SlotState(slot.field, slot.stage) for slot in frozen.slots)
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
        action=Action.RECORD_LOCKED,
        subject=f"document:{document.id}",
        data={"version": frozen.number, "kind": document.kind, "snapshot": version.snapshot_sha256}
        | ({"accept_mismatches": why} if why else {}),
    )
