"""No query of locking, signing, sealing or archiving reads a whole table that grows with the years.

Starting and ending a batch once read every item the school had ever signed, inside the one write transaction: 2,000 pupils
took 2.7 times as long as 1,000.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import duties
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs import claim
from hocba_app.services.jobs.behind import behind_here
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.maintenance import nightly_verification
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.overview.audit_log import actors, audit_page
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.overview.office_tasks import attention
from hocba_app.services.overview.year_guide import year_guide
from hocba_app.services.records.preview import lock_preview
from hocba_app.services.records.record_list import classes_for, records_page, years_for
from hocba_app.services.signing import progress, queue_groups, signer_inbox
from tests.integration.signing.test_chain import lock, sign, start, waiting, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

GROWING = (
    "batch_item",
    "slot",
    "revision",
    "document_version",
    "document",
    "lease",
    "audit_event",
    "evidence",
    "student_result",
)
WHOLE = re.compile(
    rf"^(?:SCAN (?:{'|'.join(GROWING)})\b|SEARCH (?:{'|'.join(GROWING)}) USING (?:COVERING )?INDEX (?!uq_lease_held)\w+ \(school_id=\?\)$)"
)
"""``uq_lease_held`` holds no lease but those held now."""


@contextmanager
def plans_of(db: Database) -> Iterator[dict[str, list[str]]]:
    """By statement executed meanwhile, the steps of its plan."""
    found: dict[str, list[str]] = {}

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement not in found and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            raw = cursor.connection.cursor()
            raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            found[statement] = [step[3] for step in raw.fetchall()]

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_batch_reads_no_whole_table(db: Database, small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    """Plans are SQLite's: PostgreSQL counts its rows."""
    with plans_of(db) as plans:
        for kind in ("cover", "history", "results"):
            lock(small, kind)
        second = start(small, "TOAN")
        look_at_screens(db, small, "TOAN")
        signer_inbox.stop_waiting(db, small.people["TOAN"], second)
        work_on(small, second)
        for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
            waiting(small, part)
            look_at_screens(db, small, part)
            sign(small, outside[0], part)
        with db.read(small.school_id) as session:
            archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
        work_on(small, archive)
        claim.claimable(db)
    assert len(plans) > 60
    assert [(statement, steps) for statement, steps in plans.items() if any(WHOLE.match(step) for step in steps)] == []


ALL_SCHOOLS = re.compile(
    rf"^SCAN (?:{'|'.join([*GROWING, 'student', 'enrolment', 'batch', 'job', 'attached_record'])})\b(?! USING (?:COVERING )?INDEX ix_job_)"
)
"""A step that reads every school's rows; jobs have indexes of the few that are due or over."""


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_no_screen_and_no_night_reads_what_other_schools_have(
    db: Database, small: SmallSchool, outside: tuple[Rig, str, Path]
) -> None:
    """Screens of a whole school and the nights' statements use the index by school, whatever other conditions they have."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    sign(small, outside[0], "TOAN")
    who, later = small.people["admin"], utc_now() + timedelta(days=1)
    with plans_of(db) as plans:
        overview(db, who)
        year_guide(db, who)
        attention(db, who)
        audit_page(db, who, search="x", action="record.signed", since="2026-01-01")
        audit_page(db, who)
        actors(db, who)
        records_page(db, who)
        classes_for(db, who)
        years_for(db, who)
        lock_preview(db, who, "results", small.class_id)
        look_at_screens(db, small, "homeroom")
        with db.read(small.school_id) as session:
            duties.to_archive(session, later, 100)
            duties.to_look_at(session, later, later, 100)
            duties.next_try(session)
            behind_here(session)
            compare(session)
            verify_chain(session)
        with db.write(small.school_id) as session:
            job_id = enqueue(session, nightly_verification.KIND, {}, actor="").id
        work_on_once(small, job_id)
    assert len(plans) > 60
    assert [
        (statement, steps) for statement, steps in plans.items() if any(ALL_SCHOOLS.match(step) for step in steps)
    ] == []


def work_on_once(small: SmallSchool, job_id: str) -> None:
    """One turn of a job that comes back every night."""
    assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed"


def look_at_screens(db: Database, small: SmallSchool, part: str) -> None:
    """What a signer's page asks."""
    who = small.people[part]
    queue_groups.my_groups(db, who)
    for view in progress.my_batches(db, who):
        progress.batch_view(db, who, view.id)
        progress.unsigned_slots(db, who, view.id)
