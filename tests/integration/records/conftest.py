"""A small school without keys: enough to lock, look at and unlock records."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from hocba_app.models import Database, Document, Enrolment, Job, School, StudentResult
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from hocba_app.settings import settings
from tests.school import SmallSchool, small_school


@pytest.fixture(autouse=True)
def own_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store and a jobs database of the test's own."""
    for name, value in {
        "SECRET_KEY": "test secret, 8Jq2Lr5Tz0Xc7",
        "DOCUMENTS_URL": str(tmp_path / "documents"),
        "PUBLIC_URL": "http://school.test",
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def small(db: Database, school_id: str) -> SmallSchool:
    """Three pupils, nobody with a key."""
    return small_school(db, school_id, None, students=3)


@pytest.fixture
def other(db: Database) -> SmallSchool:
    """Another school of the same installation."""
    with db.installation(write=True) as session:
        row = School(code="79760002", name="Trường THCS Trưng Vương", tax_code="0398765432", current_year="2025-2026")
        session.add(row)
    return small_school(db, row.id, None, mark=" B")


def work_on(small: SmallSchool, job_id: str, worker: str = "w0") -> Job:
    """Run a job to its end as a worker would."""
    advance(small.db, RunningJobs(), small.school_id, job_id, worker, threading.Event())
    with small.db.read(small.school_id) as session:
        return session.get_one(Job, (small.school_id, job_id))


def lock(small: SmallSchool, kind: str = "results", **options: Any) -> dict[str, dict[str, str]]:
    """Lock and give each pupil's outcome, by pupil."""
    job_id = start_lock(small.db, small.people["admin"], kind=kind, class_id=small.class_id, **options)
    job = work_on(small, job_id)
    assert job.state == "done", (job.error_code, job.error_params)
    return {row["student"]: row for row in job.report.get("students", [])}


def pupils(small: SmallSchool) -> list[str]:
    """Ids of the class's pupils in the order of its list."""
    with small.db.read(small.school_id) as session:
        return list(session.exec(select(Enrolment.student_id).order_by(Enrolment.source_id)).all())


def documents(small: SmallSchool, kind: str = "results") -> dict[str, Document]:
    """Documents of one kind, by pupil."""
    with small.db.read(small.school_id) as session:
        return {row.student_id: row for row in session.exec(select(Document).where(Document.kind == kind)).all()}


def change_result(small: SmallSchool, student_id: str, **values: Any) -> None:
    """Newer data, as a sync would leave them."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(StudentResult).where(StudentResult.student_id == student_id)).one()
        row.payload = {**row.payload, **values}
        session.add(row)


def change_enrolment(small: SmallSchool, student_id: str, **values: Any) -> None:
    """Newer data on the class list."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(Enrolment).where(Enrolment.student_id == student_id)).one()
        for key, value in values.items():
            setattr(row, key, value)
        session.add(row)
