"""A sealed record made without network, entered in a school's database and document store as signing would leave it."""

from __future__ import annotations

import hashlib

from sqlmodel import select

from bench.sealed_record import Record
from hocba_app.models import Database, Document, DocumentVersion, Enrolment, PublicCode, Revision, Slot, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.storage import blobs
from tests.integration.verification.judging import small_snapshot


def enter(db: Database, school_id: str, record: Record) -> str:
    """Document, version, slots, revisions and code.

    Returns:
        Id of the version.
    """
    snapshot = small_snapshot()
    with db.write(school_id) as session:
        enrolment = session.exec(select(Enrolment)).first()
        teacher = session.exec(select(Staff)).first()
        assert enrolment is not None and teacher is not None
        document = Document(
            student_id=enrolment.student_id,
            class_id=enrolment.class_id,
            kind="results",
            school_year="2025-2026",
            state="sealed",
            version_number=1,
        )
        session.add(document)
        session.flush()
        version = DocumentVersion(
            document_id=document.id,
            number=1,
            snapshot=dict(snapshot),
            snapshot_sha256=record.manifest.snapshot_sha256,
            salt=record.manifest.salt,
            code=record.manifest.code,
            class_id=enrolment.class_id,
            length=len(record.file),
            sha256=hashlib.sha256(record.file).hexdigest(),
            tip=record.tip.dumps(),
            revision_number=len(record.after) - 1,
        )
        session.add(version)
        session.flush()
        document.version_id = version.id
        session.add(document)
        slots = []
        for position, slot in enumerate(record.manifest.slots):
            row = Slot(
                version_id=version.id,
                document_id=document.id,
                field=slot.field,
                stage=slot.stage,
                position=position,
                staff_id=None if slot.stage == "seal" else teacher.id,
                signed_at=utc_now(),
                revision_number=position + 1,
            )
            session.add(row)
            slots.append(row)
        session.flush()
        start = 0
        for number, length in enumerate(record.after):
            signed = 1 <= number <= len(slots)
            session.add(
                Revision(
                    version_id=version.id,
                    number=number,
                    kind="base" if number == 0 else "signature" if signed else "archive",
                    slot_id=slots[number - 1].id if signed else None,
                    blob_sha256=blobs.put(record.file[start:length]),
                    length=length,
                    sha256=hashlib.sha256(record.file[:length]).hexdigest(),
                )
            )
            start = length
        session.add(PublicCode(code=record.manifest.code, school_id=school_id, version_id=version.id))
        return version.id
