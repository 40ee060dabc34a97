"""Print packets: a class or one pupil as one file for the printer, made by a worker, kept for a day.

A packet is a copy and holds personal data, so it does not go into the store of documents: it lies beside it, is named by
its job, and is swept away.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, SchoolClass, Student
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.membership import present_in
from hocba_app.models.repositories.printing import last_year
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.school_identity import head_caption
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, RetryAfter
from hocba_app.services.printing.imposition import PacketFile, assemble
from hocba_app.services.printing.options import PacketOptions
from hocba_app.services.printing.selection import Choice, choose
from hocba_app.services.storage.files import current_file
from hocba_app.services.storage.identity import require_ours
from hocba_app.services.storage.store import configured

KIND = "print"
END = "packet_end"
KEPT_SECONDS = 24 * 3600
FOLDER = ".packets"
_EVERY = 10
"""Files read between two looks at whether the job is still wanted."""


def print_packet(
    db: Database, who: Identity, options: PacketOptions, *, class_id: str | None = None, student_id: str | None = None
) -> str:
    """Ask for a packet of a class, or of one pupil's whole record.

    Args:
        class_id: its pupils of today; None with ``student_id``.
        student_id: one pupil, whatever his class.

    Returns:
        Id of the job; when it is done, :func:`packet_file` gives the file.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO when nothing chosen is sealed.
    """
    require(who, Right.PRINT)
    if (class_id is None) == (student_id is None):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chọn một lớp hoặc một học sinh")
    options = PacketOptions.checked(options.as_json())
    arguments: dict[str, Any] = {"class_id": class_id, "student_id": student_id, "options": options.as_json()}
    with db.write(who.school_id) as session:
        choice = _choice(session, arguments)
        if not choice.documents:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        row = enqueue(session, KIND, arguments, actor=who.account_id, total=len(choice.documents))
        subject = f"class:{class_id}" if class_id else f"student:{student_id}"
        record(
            session,
            actor=who.account_id,
            action=Action.PACKET_ASKED,
            subject=subject,
            data={"job": row.id, "options": options.as_json()},
        )
    return row.id


def packet_file(db: Database, who: Identity, job_id: str) -> bytes:
    """The finished packet; each download is logged.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND while it is not finished, after a day, or for another school's job.
    """
    require(who, Right.PRINT)
    with db.write(who.school_id) as session:
        row = session.get(Job, (who.school_id, job_id))
        if row is None or row.kind != KIND or row.state != "done" or not is_kept(job_id):
            raise HocbaError(ErrorCode.NOT_FOUND, what="gói in (chỉ giữ 24 giờ)")
        data = _read(job_id)
        if hashlib.sha256(data).hexdigest() != row.report.get("sha256"):
            raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
        record(
            session,
            actor=who.account_id,
            action=Action.PACKET_DOWNLOADED,
            subject=f"job:{job_id}",
            data={"sha256": row.report["sha256"]},
        )
    return data


def is_kept(job_id: str) -> bool:
    """Whether a finished packet's file is still there."""
    require_ours()
    try:
        made = configured().about(_name(job_id)).modified
    except FileNotFoundError:
        return False
    return utc_now() - made <= timedelta(seconds=KEPT_SECONDS)


@job(KIND)
def make_packet(work: Work) -> Done:
    """Read the signed files, lay them out, keep the result for a day. Repeatable: the same job writes the same file."""
    sweep()
    with work.db.read(work.school_id) as session:
        choice, head = _choice(session, work.arguments), head_caption(session)
    files: list[PacketFile] = []
    total = len(choice.documents)
    for number, chosen in enumerate(choice.documents, 1):
        with work.db.read(work.school_id) as session:
            pdf = current_file(session, chosen.version_id)
        snapshot = chosen.snapshot
        files.append(
            PacketFile(
                pdf,
                chosen.code,
                chosen.title,
                chosen.student_id,
                snapshot["student"]["full_name"],
                snapshot["school"]["name"],
                snapshot["place"],
                head,
            )
        )
        if number % _EVERY == 0 or number == total:
            work.progress(number, total, "Đọc hồ sơ đã ký")
            if work.cancelled():
                return Done()
    work.progress(total, total, "Ghép trang in")
    packet = assemble(files, PacketOptions.checked(work.arguments["options"]))
    _keep(work.job_id, packet)
    _report(work, choice, packet)
    return Done()


@job(END)
def end_packet(work: Work) -> Done:
    """Delete one packet when its day is over."""
    require_ours()
    configured().remove(_name(work.arguments["packet"]))
    return Done()


@job("packet_sweep")
def sweep_daily(work: Work) -> RetryAfter:
    """The same for packets whose own job never came to it: a print copy is personal data, and its day is over."""
    sweep()
    return RetryAfter(float(KEPT_SECONDS))


def sweep(now: datetime | None = None) -> int:
    """Delete packets older than a day, and what killed writers left; gives back how many."""
    require_ours()
    limit = (now or utc_now()) - timedelta(seconds=KEPT_SECONDS)
    old = [each.name for each in configured().list(f"{FOLDER}/") if each.modified < limit]
    for name in old:
        configured().remove(name)
    return len(old) + configured().clean()


def _choice(session: Session, arguments: dict[str, Any]) -> Choice:
    """What the packet holds.

    Raises:
        HocbaError: NOT_FOUND for a class or pupil this school does not have.
    """
    options = PacketOptions.checked(arguments["options"])
    school_id = session.info["school_id"]
    if arguments["class_id"]:
        school_class = session.get(SchoolClass, (school_id, arguments["class_id"]))
        if school_class is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        return choose(
            session, present_in(session, school_class.id, school_class.school_year), school_class.school_year, options
        )
    if session.get(Student, (school_id, arguments["student_id"])) is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="học sinh")
    return choose(session, [arguments["student_id"]], last_year(session, arguments["student_id"]), options)


def _report(work: Work, choice: Choice, packet: bytes) -> None:
    with work.write() as session:
        row = session.get_one(Job, (work.school_id, work.job_id))
        pupils = {chosen.student_id for chosen in choice.documents}
        made = {
            "documents": len(choice.documents),
            "pupils": len(pupils),
            "bytes": len(packet),
            "sha256": hashlib.sha256(packet).hexdigest(),
        }
        row.report = {
            **row.report,
            **made,
            "missing": [{"student": student, "kind": kind} for student, kind in choice.missing],
        }
        session.add(row)
        # On record before the file is shown to anybody: it is deleted even when nobody prints again.
        enqueue(session, END, {"packet": work.job_id}, actor=work.actor, after=KEPT_SECONDS)
        record(
            session,
            actor=work.actor,
            action=Action.PACKET_MADE,
            subject=f"job:{work.job_id}",
            data={**made, "versions": [chosen.version_id for chosen in choice.documents]},
        )


def _name(job_id: str) -> str:
    return f"{FOLDER}/.{job_id}.pdf"  # with a dot: a backup takes no copies along


def _read(job_id: str) -> bytes:
    require_ours()
    return configured().read(_name(job_id))


def _keep(job_id: str, packet: bytes) -> None:
    require_ours()
    configured().write(_name(job_id), packet, replace=True)
