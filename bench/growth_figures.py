"""What people and nights ask of the database: the acts whose cost must not grow with the years behind and the schools beside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from hocba_app.models import Database, Document, Enrolment, Job
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import duties
from hocba_app.models.repositories.jobs import backlog, delete_over, schools_without
from hocba_app.services.accounts.administration import accounts_page
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.cache import school_cache
from hocba_app.services.jobs.behind import behind_here
from hocba_app.services.jobs.claim import claimable
from hocba_app.services.jobs.kinds import DAILY
from hocba_app.services.jobs.registry import MODULES
from hocba_app.services.jobs.runner import advance
from hocba_app.services.jobs.running_jobs import RunningJobs
from hocba_app.services.objections.objections import objections_page
from hocba_app.services.overview.audit_log import actors, audit_page
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.overview.office_tasks import attention
from hocba_app.services.overview.school_years import school_years
from hocba_app.services.overview.waiting import waiting
from hocba_app.services.overview.year_guide import year_guide
from hocba_app.services.reading.record_reading import read_record
from hocba_app.services.records.lock_request import start_lock
from hocba_app.services.records.out_of_date import refresh_out_of_date
from hocba_app.services.records.preview import lock_preview
from hocba_app.services.records.pupil import pupil_view
from hocba_app.services.records.record_detail import record_view
from hocba_app.services.records.record_list import classes_for, records_page, years_for
from hocba_app.services.signers.key_views import keys_page
from hocba_app.services.signers.readiness_gaps import gaps
from hocba_app.services.signing import progress, queue_groups
from hocba_app.services.sync.commands import sync_runs, sync_status
from hocba_app.services.sync.conflicts import open_conflicts
from hocba_app.services.workbooks.imports import views

Figure = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Place:
    """A school in the midst of its year, and who acts in it."""

    db: Database
    school_id: str
    school_year: str
    class_id: str
    """A class with records to be signed."""
    admin: Identity
    homeroom: Identity
    teacher: Identity


def looks(place: Place) -> dict[str, Figure]:
    """What a person waits for who opens a page, with nothing remembered: every signature makes the process forget."""
    db, admin, homeroom, teacher = place.db, place.admin, place.homeroom, place.teacher
    since = f"{place.school_year[:4]}-08-01"
    with db.read(place.school_id) as session:
        pupil = session.exec(
            select(Enrolment.student_id).where(Enrolment.class_id == place.class_id).order_by(Enrolment.student_id)
        ).first()
        document = session.exec(
            select(Document.id).where(Document.class_id == place.class_id, col(Document.version_id).is_not(None))
        ).first()
    return {
        "dashboard, office": lambda: overview(db, admin),
        "dashboard, teacher": lambda: overview(db, homeroom),
        "what waits, office": lambda: waiting(db, admin),
        "what waits, teacher": lambda: waiting(db, teacher),
        "queue of a teacher": lambda: queue_groups.my_groups(db, teacher),
        "batches of a teacher": lambda: progress.my_batches(db, teacher),
        "guide of the year": lambda: year_guide(db, admin),
        "attention of the office": lambda: attention(db, admin),
        "years of the school": lambda: school_years(db, admin),
        "log, first page": lambda: audit_page(db, admin),
        "log, of a record": lambda: audit_page(db, admin, subject=f"document:{document}"),
        "log, an act this year": lambda: audit_page(db, admin, action="record", since=since),
        "log, searched this year": lambda: audit_page(db, admin, search="HS", since=since),
        "log, who acts": lambda: actors(db, admin),
        "lock page": lambda: lock_preview(db, admin, "results", place.class_id),
        "list of records": lambda: records_page(db, admin),
        "list of a teacher": lambda: records_page(db, homeroom),
        "classes": lambda: classes_for(db, admin),
        "years": lambda: years_for(db, admin),
        "a pupil": lambda: pupil_view(db, admin, pupil or ""),
        "a record": lambda: record_view(db, admin, document or ""),
        "reading a record": lambda: read_record(db, admin, document or "", own_queue=False),
        "gaps of signing": lambda: gaps(db, admin, place.school_year),
        "signing accounts": lambda: keys_page(db, admin),
        "accounts": lambda: accounts_page(db, admin),
        "objections": lambda: objections_page(db, admin, open_ones=True),
        "sync page": lambda: (
            sync_runs(db, admin),
            sync_status(db, admin),
            open_conflicts(db, admin),
            views(db, admin),
        ),
    }


def nights(place: Place) -> dict[str, Figure]:
    """What a night does for one school, a turn of each daily job, and what workers ask all the time."""
    db = place.db
    for module in MODULES:
        __import__(module)
    with db.read(place.school_id) as session:
        ids = dict(session.exec(select(Job.kind, Job.id).where(col(Job.kind).in_(DAILY), Job.state == "queued")).all())

    def in_school(ask: Callable[[Session], object]) -> Figure:
        def look() -> None:
            with db.read(place.school_id) as session:
                ask(session)

        return look

    def everywhere(ask: Callable[[Session], object]) -> Figure:
        def look() -> None:
            with db.installation() as session:
                ask(session)

        return look

    def turn(job_id: str) -> Figure:
        return lambda: advance(db, RunningJobs(), place.school_id, job_id, "growth", threading.Event())

    def held_against_the_class() -> None:
        with db.write(place.school_id) as session:
            refresh_out_of_date(session, class_ids=[place.class_id])

    def look_for_old_jobs() -> None:
        with db.installation(write=True) as session:
            delete_over(session, ["batch"], now - timedelta(days=99_999), 10)

    now = utc_now()
    return {
        **{f"night: {kind}": turn(job_id) for kind, job_id in sorted(ids.items())},
        "night: to archive": in_school(lambda session: duties.to_archive(session, now, 100)),
        "night: next try": in_school(duties.next_try),
        "what is owed here": in_school(behind_here),
        "a class held against the source": held_against_the_class,
        "look for due jobs": lambda: claimable(db),
        "age of the queue": everywhere(backlog),
        "look for missing jobs": everywhere(lambda session: schools_without(session, DAILY)),
        "look for old jobs": look_for_old_jobs,
    }


def lock(place: Place) -> None:
    """The office locks a class, and a worker does it."""
    job_id = start_lock(place.db, place.admin, kind="results", class_id=place.class_id)
    advance(place.db, RunningJobs(), place.school_id, job_id, "growth", threading.Event())


def forget(db: Database) -> None:
    """Nothing that was kept in this process is known any more, but the schools' counters, which are looked at for all at once."""
    school_cache._answers = school_cache._Answers()
    school_cache.read_counters(db)
