"""What the page "In học bạ" shows: classes and pupils with what is finished, and the packets of the last day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, School, SchoolClass, Student
from hocba_app.models.repositories import dashboard as counts
from hocba_app.models.repositories import find, membership
from hocba_app.models.repositories.job_history import newest_jobs
from hocba_app.models.repositories.printing import finished_counts
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.enqueue import LIVE, ask_cancel
from hocba_app.services.printing.options import PacketOptions
from hocba_app.services.printing.print_job import KIND, is_kept
from hocba_app.services.printing.selection import FINISHED


@dataclass(frozen=True, slots=True)
class PrintClass:
    """A class of the current year."""

    class_id: str
    name: str
    pupils: int
    finished: int
    """Sealed documents of its pupils, of every kind and year."""


@dataclass(frozen=True, slots=True)
class PrintPupil:
    """A pupil of one class."""

    student_id: str
    code: str
    name: str
    finished: int


@dataclass(frozen=True, slots=True)
class PacketView:
    """One packet asked for."""

    job_id: str
    title: str
    options: PacketOptions
    state: str
    stage: str
    progress: int
    total: int
    documents: int
    missing: int
    size: int
    kept: bool
    """The file is still there."""
    created_at: datetime
    problem: HocbaError | None


def print_classes(db: Database, who: Identity, school_year: str = "") -> list[PrintClass]:
    """Classes of a year, by default the current one, with what is finished.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        year = school_year or session.get_one(School, who.school_id).current_year
        pupils = membership.present_per_class(session, year)
        finished = membership.documents_per_class(session, year, FINISHED)
        rows = counts.classes_of_year(session, year)
    return [PrintClass(row.id, row.name, pupils.get(row.id, 0), finished.get(row.id, 0)) for row in rows]


def print_pupils(db: Database, who: Identity, class_id: str) -> list[PrintPupil]:
    """Pupils of a class with what is finished; none for a class this school does not have.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        school_class = session.get(SchoolClass, (who.school_id, class_id))
        ids = membership.present_in(session, class_id, school_class.school_year) if school_class is not None else []
        finished = finished_counts(session, ids)
        people = find.by_ids(session, Student, ids)
    return [PrintPupil(key, people[key].code, people[key].full_name, finished.get(key, 0)) for key in ids]


def pupil_words(db: Database, who: Identity, student_id: str) -> str:
    """Name and code of a pupil, whatever his class; "" for no pupil of this school.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        student = session.get(Student, (who.school_id, student_id))
    return f"{student.full_name} · {student.code}" if student is not None else ""


def class_of_pupil(db: Database, who: Identity, student_id: str) -> str:
    """The class a pupil is in this year; "" for who has left, or is no pupil of this school.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        year = session.get_one(School, who.school_id).current_year
        place = membership.memberships_of(session, [student_id], year).get(student_id)
        return place.class_id if place is not None and place.present else ""


def packets(db: Database, who: Identity, limit: int = 10) -> list[PacketView]:
    """The school's newest packets, newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        rows = newest_jobs(session, KIND, limit)
        return [_view(row, _title(session, row.arguments)) for row in rows]


def cancel_packet(db: Database, who: Identity, job_id: str) -> None:
    """Ask a packet's job to stop.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.PRINT)
    with db.write(who.school_id) as session:
        row = session.get(Job, (who.school_id, job_id))
        if row is None or row.kind != KIND:
            raise HocbaError(ErrorCode.NOT_FOUND, what="gói in")
        if row.state in LIVE:
            ask_cancel(session, job_id)


def _view(row: Job, title: str) -> PacketView:
    report = row.report
    problem = HocbaError(ErrorCode(row.error_code), **row.error_params) if row.error_code else None
    return PacketView(
        row.id,
        title,
        PacketOptions.checked(row.arguments["options"]),
        row.state,
        row.stage,
        row.progress,
        row.total,
        report.get("documents", 0),
        len(report.get("missing", ())),
        report.get("bytes", 0),
        row.state == "done" and is_kept(row.id),
        row.created_at,
        problem,
    )


def _title(session: Session, arguments: Mapping[str, Any]) -> str:
    school_id = session.info["school_id"]
    if arguments["class_id"]:
        school_class = session.get(SchoolClass, (school_id, arguments["class_id"]))
        return f"Lớp {school_class.name}" if school_class else "Lớp đã xóa"
    student = session.get(Student, (school_id, arguments["student_id"]))
    return f"{student.full_name} ({student.code})" if student else "Học sinh đã xóa"
