"""What the nightly check finds: missing, altered, and sealed records that no longer verify; and nothing where all is well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bench.sealed_record import Record, World, pem
from hocba_app.domain.errors import ErrorCode
from hocba_app.models import AttachedRecord, AuditEvent, Database, DocumentVersion, Enrolment, Job, Revision
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import stored_files
from hocba_app.services.jobs import registry
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.maintenance.doctor import _stored_files
from hocba_app.services.maintenance.nightly_verification import KIND, check_now, files_standing, seconds_to_next
from hocba_app.services.overview.office_tasks import attention
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from tests.integration.verification.on_record import enter
from tests.refusals import refused
from tests.school import SmallSchool, small_school


@pytest.fixture
def school(
    db: Database, school_id: str, sealed: Record, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallSchool]:
    (tmp_path / "root.pem").write_bytes(pem(world.root))
    values = {
        "TRUST_ROOTS": str(tmp_path / "root.pem"),
        "DOCUMENTS_URL": str(tmp_path / "documents"),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    small = small_school(db, school_id, None)
    enter(db, school_id, sealed)
    yield small
    settings.cache_clear()


def checked(db: Database, school_id: str) -> Job:
    ensure_daily_jobs(db)
    with db.read(school_id) as session:
        job_id = session.exec(select(Job.id).where(Job.kind == KIND)).one()
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "postponed"
    with db.read(school_id) as session:
        return session.get_one(Job, (school_id, job_id))


def blob_of(db: Database, school_id: str, number: int) -> Path:
    with db.read(school_id) as session:
        return blobs.path_of(session.exec(select(Revision.blob_sha256).where(Revision.number == number)).one())


def test_a_night_without_findings(db: Database, school_id: str, school: SmallSchool, sealed: Record) -> None:
    job = checked(db, school_id)
    report = {
        key: job.report[key] for key in ("files", "versions", "verified", "missing", "altered", "not_valid", "problems")
    }
    assert report == {
        "files": len(sealed.after),
        "versions": 1,
        "verified": 1,
        "missing": 0,
        "altered": 0,
        "not_valid": 0,
        "problems": [],
    }
    assert job.state == "queued" and job.wake_at > utc_now(), "it waits for the next night"
    with db.read(school_id) as session:
        assert session.exec(select(AuditEvent.action)).all().count("store.checked") == 1
    assert [standing.ok for standing in files_standing(db)] == [True]
    assert all(problem.whom != "Kho hồ sơ" for problem in attention(db, school.people["admin"]).problems)


def test_the_night_makes_way_for_a_person(
    db: Database, school_id: str, school: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write(school_id) as session:
        job = enqueue(session, "print", {}, actor="").id
        session.get_one(Job, (school_id, job)).state = "running"
        session.get_one(Job, (school_id, job)).heartbeat_at = utc_now()
    waited = []

    def person_is_served(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            with db.write(school_id) as session:
                session.get_one(Job, (school_id, job)).state = "done"

    monkeypatch.setattr(registry.time, "sleep", person_is_served)
    assert checked(db, school_id).report["verified"] == 1
    assert len(waited) == 3


def test_a_night_looks_at_as_much_of_the_past_as_the_year_makes(
    db: Database, school_id: str, school: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.read(school_id) as session:
        pupils = len(session.exec(select(Enrolment.id)).all())
        assert stored_files.a_nights_share(session, 1000) == stored_files.MIN_A_NIGHT
        monkeypatch.setattr(stored_files, "MIN_A_NIGHT", 1)
        assert stored_files.a_nights_share(session, 1000) == 3 * pupils > 3
        assert stored_files.a_nights_share(session, 2) == 2


@pytest.mark.parametrize(("damage", "kind"), [("gone", "missing"), ("flipped", "altered"), ("cut", "altered")])
def test_a_damaged_file_is_found_and_told(
    db: Database, school_id: str, school: SmallSchool, damage: str, kind: str
) -> None:
    path = blob_of(db, school_id, 3)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "cut" else data[:50] + bytes((data[50] ^ 1,)) + data[51:])
    job = checked(db, school_id)
    assert job.report[kind] == 1 and job.report["problems"][0]["problem"] == kind
    assert set(job.report["problems"][0]) == {"problem", "version", "revision"}
    with db.read(school_id) as session:
        assert "store.damaged" in session.exec(select(AuditEvent.action)).all()
    (told,) = _stored_files(settings(), db)
    assert not told.ok and told.problem.startswith("1 tệp bị") and told.remedy
    first = attention(db, school.people["admin"]).problems[0]
    assert first.blocking and first.text.startswith("1 tệp bị") and "phục hồi" in first.text, (
        "the office is told before anything else"
    )


def test_a_hand_in_the_database_too(db: Database, school_id: str, school: SmallSchool, sealed: Record) -> None:
    """Store and hash changed together: the signatures still tell."""
    import hashlib

    with db.write(school_id) as session:
        base = session.exec(select(Revision).where(Revision.number == 0)).one()
        forged = sealed.file[: base.length].replace(b"/Lang (vi-VN)", b"/Lang (vi-US)")
        whole = forged + sealed.file[base.length :]
        base.blob_sha256 = blobs.put(forged)
        for revision in session.exec(select(Revision)).all():
            revision.sha256 = hashlib.sha256(whole[: revision.length]).hexdigest()
            session.add(revision)
        version = session.exec(select(DocumentVersion)).one()
        version.sha256 = hashlib.sha256(whole).hexdigest()
        session.add(version)
    job = checked(db, school_id)
    assert (job.report["altered"], job.report["not_valid"]) == (0, 1)
    assert (
        job.report["problems"][0]["problem"] == "not_valid" and "học bạ đã đóng dấu" in next(files_standing(db)).problem
    )
    told = next(files_standing(db)).remedy
    assert "hủy chốt, chốt lại và ký lại" in told and "phục hồi" not in told and sealed.manifest.code in told, (
        "a backup has the same wrong record"
    )
    first = attention(db, school.people["admin"]).problems[0]
    assert first.blocking and "hủy chốt" in first.text and "phục hồi" not in first.text


def test_a_record_sealed_under_the_schools_former_tax_code_is_still_its_own(
    db: Database, school_id: str, school: SmallSchool
) -> None:
    from hocba_app.models import School

    with db.write(school_id) as session:
        row = session.get_one(School, school_id)
        row.tax_code = "0399999999"
        session.add(row)
    assert checked(db, school_id).report["not_valid"] == 0


def test_a_missing_photo(db: Database, school_id: str, school: SmallSchool) -> None:
    from hocba_app.models import Student

    with db.write(school_id) as session:
        student = session.exec(select(Student)).first()
        assert student is not None
        student.photo_sha256 = "a" * 64
        session.add(student)
    assert checked(db, school_id).report["missing"] == 1


@pytest.mark.parametrize("state", ["attached", "detached"])
def test_a_lost_record_of_another_school(db: Database, school_id: str, school: SmallSchool, state: str) -> None:
    """Detached ones are evidence too."""
    with db.write(school_id) as session:
        enrolment = session.exec(select(Enrolment)).first()
        assert enrolment is not None
        row = AttachedRecord(
            student_id=enrolment.student_id,
            file_name="x.pdf",
            blob_sha256=blobs.put(b"%PDF-"),
            length=5,
            state=state,
            uploaded_by="",
        )
        session.add(row)
    blobs.path_of(row.blob_sha256).write_bytes(b"%PDF+")
    report = checked(db, school_id).report
    assert report["altered"] == 1 and report["problems"] == [{"problem": "altered", "attached": row.id}]


def test_asked_for_now(db: Database, school_id: str, school: SmallSchool) -> None:
    first = checked(db, school_id)
    assert check_now(db, school.people["admin"]) == first.id, "one job a school"
    with db.read(school_id) as session:
        assert session.get_one(Job, (school_id, first.id)).wake_at <= utc_now()
    assert refused(lambda: check_now(db, school.people["TOAN"])) is ErrorCode.FORBIDDEN


def test_doctor_wants_a_check_every_two_days(db: Database, school_id: str, school: SmallSchool) -> None:
    assert not next(files_standing(db)).ok, "never checked"
    job = checked(db, school_id)
    with db.write(school_id) as session:
        row = session.get_one(Job, (school_id, job.id))
        row.report = {**row.report, "finished_at": (utc_now() - timedelta(days=3)).isoformat()}
        session.add(row)
    assert "hai ngày" in next(files_standing(db)).problem


@pytest.mark.parametrize(("now", "hours"), [((18, 0), 1.0), ((19, 0), 24.0), ((20, 0), 23.0), ((0, 0), 19.0)])
def test_the_next_night_is_vietnams(now: tuple[int, int], hours: float) -> None:
    assert seconds_to_next(datetime(2026, 5, 1, *now, tzinfo=UTC)) == hours * 3600
