"""An unmounted folder is an empty one: without the mark nothing is read, written or ended, and it goes on when the mark is back."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, StoreUnavailable
from hocba_app.models import Database, Document, DocumentVersion, Installation, Job, Revision, SchoolClass, Student
from hocba_app.models.base import utc_now
from hocba_app.services.jobs import runner
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance import doctor, nightly_verification
from hocba_app.services.storage import blobs, folder_store, identity
from hocba_app.services.storage.folder_store import FolderStore
from hocba_app.services.storage.store import configured
from hocba_app.settings import settings
from tests.s3 import FaultyS3

Use = Callable[[object], None]


@pytest.fixture
def place(tmp_path: Path, use: Use) -> Path:
    use(tmp_path / "documents")
    return tmp_path / "documents"


def refused(act: Callable[[], object]) -> ErrorCode:
    with pytest.raises(StoreUnavailable) as error:
        act()
    return error.value.refusal.code


def row_of(db: Database) -> Installation:
    with db.installation() as session:
        return session.get_one(Installation, 1)


def test_the_first_start_marks_the_store(db: Database, place: Path) -> None:
    identity.adopt(db)
    row = row_of(db)
    assert json.loads((place / identity.MARK).read_bytes()) == {"installation": row.mark}
    assert row.store_marked_at is not None
    assert blobs.get(blobs.put(b"a record")) == b"a record" and identity.trouble() == ""
    identity.adopt(db)
    assert row_of(db) == row, "once"


def test_without_its_disk_nothing_is_read_or_written(db: Database, place: Path) -> None:
    identity.adopt(db)
    sha256 = blobs.put(b"a record")
    mounted = place.rename(place.with_name("elsewhere"))
    place.mkdir()
    for act in (
        lambda: blobs.get(sha256),
        lambda: blobs.put(b"another"),
        lambda: blobs.exists(sha256),
        lambda: blobs.Stage().add(b"another"),
    ):
        assert refused(act) is ErrorCode.STORE_AWAY
    assert list(place.iterdir()) == [] and str(place) in identity.trouble()
    place.rmdir()
    assert refused(lambda: blobs.get(sha256)) is ErrorCode.STORE_AWAY and not place.exists()
    mounted.rename(place)
    assert blobs.get(sha256) == b"a record" and identity.trouble() == ""


def test_a_process_that_starts_without_the_disk_marks_nothing_and_goes_on_with_it(
    db: Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_AGAIN_SECONDS", 0.02)
    identity.adopt(db)
    sha256 = blobs.put(b"a record")
    mounted = place.rename(place.with_name("elsewhere"))
    identity.adopt(db)
    assert refused(lambda: blobs.put(b"x")) is ErrorCode.STORE_AWAY and not place.exists()
    mounted.rename(place)
    assert blobs.get(sha256) == b"a record"


def test_a_disk_that_goes_while_a_file_is_written_is_noticed(
    db: Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.adopt(db)
    keep = folder_store._Partial.keep

    def unmounted(self: folder_store._Partial) -> None:
        place.rename(place.with_name("elsewhere"))
        (place / folder_store.PARTIAL).mkdir(parents=True)
        self.path.write_bytes(b"on the disk below")
        keep(self)

    monkeypatch.setattr(folder_store._Partial, "keep", unmounted)
    assert refused(lambda: blobs.put(b"a record")) is ErrorCode.STORE_AWAY


def test_anothers_store_is_refused(db: Database, place: Path) -> None:
    place.mkdir()
    identity.write_mark(FolderStore(place), "another")
    identity.adopt(db)
    assert refused(lambda: blobs.put(b"x")) is ErrorCode.STORE_OTHER
    (place / identity.MARK).write_text("no json")
    assert refused(lambda: blobs.put(b"x")) is ErrorCode.STORE_OTHER


def some_record(session: Session, sha256: str) -> None:
    """A version whose file is one blob."""
    student = Student(source_id="1", code="S1", full_name="Em", birth_date="2014-01-01", sex="Nam")
    school_class = SchoolClass(
        source_id="1", code="6A", name="6A", grade=6, regime="tt22", school_year="2025-2026", homeroom_staff_id=None
    )
    session.add_all([student, school_class])
    session.flush()
    document = Document(student_id=student.id, class_id=school_class.id, kind="history", school_year="2025-2026")
    session.add(document)
    session.flush()
    version = DocumentVersion(
        document_id=document.id,
        class_id=school_class.id,
        number=1,
        snapshot={},
        snapshot_sha256="0" * 64,
        salt="",
        code="C1",
    )
    session.add(version)
    session.flush()
    session.add(Revision(version_id=version.id, number=0, blob_sha256=sha256, length=8, sha256=sha256, kind="base"))


def test_an_installation_of_before_gets_its_mark_only_where_its_files_are(
    db: Database, school_id: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = blobs.put(b"a record")  # by a version that knew no mark
    with db.write(school_id) as session:
        some_record(session, sha256)
    mounted = place.rename(place.with_name("elsewhere"))
    identity.adopt(db)
    assert refused(lambda: blobs.put(b"x")) is ErrorCode.STORE_AWAY and not place.exists()
    assert row_of(db).store_marked_at is None
    mounted.rename(place)
    identity.adopt(db)
    assert blobs.get(sha256) == b"a record" and row_of(db).store_marked_at is not None


def test_jobs_wait_for_the_disk_and_blame_no_file(db: Database, school_id: str, place: Path) -> None:
    """This once ended 51 batches, with a message that files were damaged."""
    identity.adopt(db)
    with db.write(school_id) as session:
        some_record(session, blobs.put(b"a record"))
        job_id = enqueue(session, nightly_verification.KIND, {}, actor="").id
    mounted = place.rename(place.with_name("elsewhere"))

    def turn() -> Job:
        with db.write(school_id) as session:
            session.get_one(Job, (school_id, job_id)).wake_at = utc_now()
        runner.advance(db, runner.RunningJobs(), school_id, job_id, "w", threading.Event())
        with db.read(school_id) as session:
            return session.get_one(Job, (school_id, job_id))

    job = turn()
    assert (job.state, job.error_code, job.failures, job.report) == ("queued", "store_away", 0, {})
    assert job.wake_at is not None and job.wake_at > utc_now()
    told = next(doctor._documents(settings(), db))
    assert not told.ok and str(place) in told.problem and not place.exists()
    mounted.rename(place)
    assert turn().report["missing"] == 0
    assert next(doctor._documents(settings(), db)).ok


def test_partial_files_of_killed_writers_are_cleaned(db: Database, place: Path) -> None:
    identity.adopt(db)
    partial = place / folder_store.PARTIAL
    blobs.put(b"a record")
    assert list(partial.iterdir()) == []
    for name, age in ((".old", folder_store.ABANDONED_SECONDS + 60), (".young", 0)):
        (partial / name).write_bytes(b"half")
        os.utime(partial / name, (time.time() - age,) * 2)
    assert configured().clean() == 1
    assert [path.name for path in partial.iterdir()] == [".young"]
    assert [each.name for each in configured().list() if each.name != identity.MARK] != [".partial/.young"]


def test_a_bucket_has_the_mark_too(db: Database, s3: FaultyS3, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hocba_app.services.storage.bucket_store.BELIEVED_SECONDS", 1e-6)
    use(s3.settings(f"marked-{db.is_sqlite}"))
    identity.adopt(db)
    sha256 = blobs.put(b"a record")
    assert blobs.get(sha256) == b"a record"
    configured().remove(identity.MARK)
    assert refused(lambda: blobs.get(sha256)) is ErrorCode.STORE_AWAY
    identity.write_mark(configured(), row_of(db).mark)
    with blobs.staging() as stage:
        staged = stage.add(b"staged")
        assert not blobs.exists(staged)
        stage.keep()
    assert blobs.get(staged) == b"staged"
