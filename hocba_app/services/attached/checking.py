"""The job that judges given files in the sandbox: valid and plainly this pupil's is attached, everything else is asked about."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.same_pupil import Doubt, Pupil, doubts
from hocba_app.models import AttachedRecord, Student
from hocba_app.models.base import utc_now
from hocba_app.services.attached.attach import KIND
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done
from hocba_app.services.storage import blobs
from hocba_app.services.verification.cli import verify_from_elsewhere
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.sandbox import read_content

_MAX_TEXT, _MAX_ENTRIES = 2000, 300


@job(KIND)
def check_given(work: Work) -> Done:
    """Judge each file once; killed, it goes on with those nobody judged."""
    ids = work.arguments["ids"]
    for number, attached_id in enumerate(ids, 1):
        if work.cancelled():
            return Done()
        _check(work, attached_id)
        work.progress(number, len(ids), "Kiểm tra hồ sơ từ trường khác")
    return Done()


def _check(work: Work, attached_id: str) -> None:
    with work.db.read(work.school_id) as session:
        row = session.get_one(AttachedRecord, (work.school_id, attached_id))
        student = session.get_one(Student, (work.school_id, row.student_id))
    if row.state != "checking":
        return
    try:
        report, against = _judge(work, row, student)
    except HocbaError as error:
        if error.code is not ErrorCode.STORED_FILE_DAMAGED:
            raise
        report, against = None, ()
    with work.write() as session:
        row = session.get_one(
            AttachedRecord, (work.school_id, attached_id), with_for_update=True, populate_existing=True
        )
        if row.state != "checking":  # refused meanwhile
            return
        row.checked_at = utc_now()
        if report is None:
            row.state, row.ended_at, row.end_reason = (
                "refused",
                row.checked_at,
                HocbaError(ErrorCode.STORED_FILE_DAMAGED).sentence,
            )
        else:
            row.verdict, row.report, row.doubts = (
                report.verdict,
                _storable(asdict(report)),
                [doubt.as_json() for doubt in against],
            )
            row.state = "attached" if report.verdict == "valid" and not against else "asking"
        session.add(row)
        if row.state == "attached":
            record(
                session,
                actor=work.actor,
                action=Action.ATTACHED_ATTACHED,
                subject=f"student:{row.student_id}",
                data={"sha256": row.blob_sha256, "verdict": row.verdict},
            )
        notify_all(session)


def _judge(work: Work, row: AttachedRecord, student: Student) -> tuple[FileReport, tuple[Doubt, ...]]:
    data = blobs.get(row.blob_sha256)
    (report,) = verify_from_elsewhere([("", data)], work.db)
    (content,) = read_content([data])
    pupil = Pupil(student.code, student.full_name, student.birth_date, student.id_number)
    if content is None:  # the reader was stopped
        return report, doubts(pupil, "", student_code=None, kind=None)
    return report, doubts(pupil, content.words, student_code=content.student_code, kind=content.kind)


def _storable(value: Any) -> Any:
    """A report whose texts come from a hostile file: nothing that does not print (PostgreSQL stores no NUL), nothing endless."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter.isprintable())[:_MAX_TEXT]
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value[:_MAX_ENTRIES]]
    return value
