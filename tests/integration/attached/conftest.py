"""A school that trusts the test authority, and a pupil whose sealed record another school made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from bench.sealed_record import Record, World, pem
from hocba_app.models import AttachedRecord, Database, Enrolment, Job, School, Student
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached import attach
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.settings import settings
from tests import samples
from tests.integration.verification.conftest import sealed, world  # noqa: F401 - fixtures
from tests.school import SmallSchool, small_school


@dataclass
class Receiving:
    """The school a pupil moved to."""

    small: SmallSchool
    pupil: str
    """Of whom the sealed record is."""
    other: str
    """Another pupil of the class."""

    @property
    def db(self) -> Database:
        return self.small.db

    @property
    def office(self) -> Identity:
        return self.small.people["admin"]

    def give(self, *files: tuple[str, bytes], pupil: str = "") -> list[AttachedRecord]:
        """Give files for the pupil and let the job judge them."""
        attach.give(self.db, self.office, pupil or self.pupil, files)
        with self.db.read(self.small.school_id) as session:
            jobs = session.exec(select(Job.id).where(Job.kind == attach.KIND, Job.state == "queued")).all()
        for job_id in jobs:
            assert advance(self.db, RunningJobs(), self.small.school_id, job_id, "w0", threading.Event()) == "ended"
        with self.db.read(self.small.school_id) as session:
            assert {session.get_one(Job, (self.small.school_id, job_id)).state for job_id in jobs} == {"done"}
        return self.rows(pupil)

    def rows(self, pupil: str = "") -> list[AttachedRecord]:
        """What was ever given for a pupil, oldest first."""
        with self.db.read(self.small.school_id) as session:
            return list(
                session.exec(
                    select(AttachedRecord)
                    .where(AttachedRecord.student_id == (pupil or self.pupil))
                    .order_by(AttachedRecord.id)
                ).all()
            )


@pytest.fixture
def receiving(
    db: Database, school_id: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Receiving]:
    (tmp_path / "root.pem").write_bytes(pem(world.root))
    values = {
        "TRUST_ROOTS": str(tmp_path / "root.pem"),
        "DOCUMENTS_URL": str(tmp_path / "documents"),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    small = small_school(db, school_id, None)
    person = samples.student()
    with db.write(school_id) as session:
        # The other school is not one of this installation's: the receiving one has another tax code.
        school = session.get_one(School, school_id)
        school.tax_code, school.code = "0399999999", "79769999"
        first, second = session.exec(select(Enrolment).order_by(Enrolment.source_id)).all()
        student = session.get_one(Student, (school_id, first.student_id))
        student.code, student.full_name, student.birth_date, student.id_number = (
            person["code"],
            person["full_name"],
            person["birth_date"],
            person["id_number"],
        )
        first.status = "moved_in"
        session.add_all([student, first, school])
    yield Receiving(small, first.student_id, second.student_id)
    settings.cache_clear()


@pytest.fixture
def theirs(sealed: Record) -> bytes:
    """The pupil's results as his old school sealed them."""
    return sealed.file
