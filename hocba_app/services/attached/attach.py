"""Attaching records of other schools to a pupil: given, checked by a job, decided on where the check has doubts, detached.

Nothing is deleted: a file that was refused or detached stays in the store with who did it and why.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AttachedRecord, Database, Student
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.attached import left_checking, live_files
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached.intake import pdf_files
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue, live_job
from hocba_app.services.storage import blobs
from hocba_app.services.storage.uploads import Uploaded

KIND = "attached"
"""Of the job that checks."""


def give(db: Database, who: Identity, student_id: str, uploaded: Sequence[Uploaded]) -> int:
    """Take the PDF files of an upload for a pupil; a job checks them. What he has already is passed over.

    Args:
        uploaded: ``(name, bytes or open file)`` as sent: PDF files, or archives of them.

    Returns:
        How many files were taken.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, FILE_TYPE, FILE_TOO_LARGE, TOO_MANY_FILES, FILE_TOO_COMPLEX,
            ALREADY_ATTACHED, BUSY.
    """
    require(who, Right.ATTACH)
    with db.read(who.school_id) as session:
        _pupil(session, who, student_id)
    with blobs.staging() as stage:
        # One file at a time is in memory; none is stored unless the whole upload is taken.
        files = [(file.name, file.package, len(file.data), stage.add(file.data)) for file in pdf_files(uploaded)]
        stage.keep()
    with db.write(who.school_id) as session:
        _pupil(session, who, student_id, lock=True)
        present = live_files(session, student_id)
        rows = [
            AttachedRecord(
                student_id=student_id,
                file_name=name,
                package=package,
                blob_sha256=sha256,
                length=length,
                uploaded_by=who.account_id,
            )
            for name, package, length, sha256 in files
            if sha256 not in present
        ]
        if not rows:
            raise HocbaError(ErrorCode.ALREADY_ATTACHED)
        session.add_all(rows)
        enqueue(session, KIND, {"ids": [row.id for row in rows]}, actor=who.account_id, total=len(rows))
        record(
            session,
            actor=who.account_id,
            action=Action.ATTACHED_GIVEN,
            subject=f"student:{student_id}",
            data={"sha256": [row.blob_sha256 for row in rows]},
        )
    return len(rows)


def accept(db: Database, who: Identity, attached_id: str, reason: str) -> None:
    """Attach a file although the check does not call it valid, or doubts that it is this pupil's.

    Args:
        reason: why; it is shown with the file for ever.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND also while nothing is asked, REASON_MISSING.
    """
    require(who, Right.ATTACH)
    reason = _reason(reason)
    with db.write(who.school_id) as session:
        row = _row(session, who, attached_id, ("asking",))
        row.state, row.accept_reason = "attached", reason
        session.add(row)
        record(
            session,
            actor=who.account_id,
            action=Action.ATTACHED_ACCEPTED,
            subject=f"student:{row.student_id}",
            data={
                "sha256": row.blob_sha256,
                "verdict": row.verdict,
                "doubts": [doubt["code"] for doubt in row.doubts],
                "reason": reason,
            },
        )


def refuse(db: Database, who: Identity, attached_id: str) -> None:
    """Do not attach a file, whose check may still be running.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.ATTACH)
    with db.write(who.school_id) as session:
        _end(session, who, _row(session, who, attached_id, ("checking", "asking")), "refused", "")


def detach(db: Database, who: Identity, attached_id: str, reason: str) -> None:
    """Detach a file; it is kept, shown as detached, and no longer handed out.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, REASON_MISSING.
    """
    require(who, Right.ATTACH)
    reason = _reason(reason)
    with db.write(who.school_id) as session:
        _end(session, who, _row(session, who, attached_id, ("attached",)), "detached", reason)


def _end(session: Session, who: Identity, row: AttachedRecord, state: str, reason: str) -> None:
    row.state, row.ended_at, row.ended_by, row.end_reason = state, utc_now(), who.account_id, reason
    session.add(row)
    action = Action.ATTACHED_DETACHED if state == "detached" else Action.ATTACHED_REFUSED
    data = {"sha256": row.blob_sha256, "verdict": row.verdict} | ({"reason": reason} if reason else {})
    record(session, actor=who.account_id, action=action, subject=f"student:{row.student_id}", data=data)


def _row(session: Session, who: Identity, attached_id: str, states: Sequence[str]) -> AttachedRecord:
    row = session.get(AttachedRecord, (who.school_id, attached_id), with_for_update=True)
    if row is None or row.state not in states:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp đính kèm ở tình trạng này")
    return row


def _reason(text: str) -> str:
    reason = " ".join(text.split())[:500]
    if not reason:
        raise HocbaError(ErrorCode.REASON_MISSING)
    return reason


def _pupil(session: Session, who: Identity, student_id: str, *, lock: bool = False) -> None:
    """Two uploads for one pupil wait for each other, so that neither gives a file twice."""
    if session.get(Student, (who.school_id, student_id), with_for_update=lock) is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="học sinh")


def resume_checks(session: Session, actor: str) -> int:
    """Ask again for the checks whose job has given up: what is given is judged, however long a store was away.

    Returns:
        How many files are judged again.
    """
    ids = left_checking(session)
    if not ids or live_job(session, KIND) is not None:
        return 0
    enqueue(session, KIND, {"ids": ids}, actor=actor, total=len(ids))
    return len(ids)
