"""A whole school goes in by short transactions; killed anywhere, another worker goes on. Counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.models import Database, Job, LoginThrottle, Student, StudentResult
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.claim import SILENT_AFTER
from hocba_app.services.sync import steps
from hocba_app.services.sync.apply import Applier
from hocba_app.services.sync.commands import sync_report
from hocba_app.services.sync.fetch import Collected
from tests.integration.sync.conftest import Here
from tests.integration.sync.importing import import_workbook
from tests.integration.sync.test_excel import CLASSES, STAFF, SUBJECTS, book, empty  # noqa: F401
from tests.integration.sync.test_sync import everything

CHUNK = 10


def school_of(pupils: int) -> bytes:
    codes = [f"HS{number:04d}" for number in range(pupils)]
    return book(
        staff=STAFF,
        classes=CLASSES,
        subjects=SUBJECTS,
        pupils=[
            ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp"],
            *([code, f"Nguyễn {code}", "06/05/2014", "Nữ", "6A1"] for code in codes),
        ],
        marks=[
            ["Mã HS", "Mã môn", "Học kì I", "HK II", "Cả năm"],
            *([code, "TOAN", "8,2", "8.5", "8,4"] for code in codes),
        ],
    )


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MIN_CHUNK", "_FIRST_CHUNK", "_MAX_CHUNK"):
        monkeypatch.setattr(steps, name, CHUNK)
    monkeypatch.setattr(steps, "BREATH_SECONDS", 0.0)


@contextmanager
def rows_by_transaction(
    db: Database, tables: Sequence[str] = ("student", "enrolment", "student_result")
) -> Iterator[list[int]]:
    """How many rows of some tables each transaction inserted."""
    counted: list[int] = []

    def begun(_connection: Any) -> None:
        counted.append(0)

    def executed(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lower().startswith("insert into") and any(f"into {name} " in statement.lower() for name in tables):
            counted[-1] += max(1, cursor.rowcount)

    event.listen(db.engine, "begin", begun)
    event.listen(db.engine, "after_cursor_execute", executed)
    try:
        yield counted
    finally:
        event.remove(db.engine, "begin", begun)
        event.remove(db.engine, "after_cursor_execute", executed)


def test_a_transaction_is_as_long_for_many_pupils_as_for_few(empty: Here) -> None:
    with rows_by_transaction(empty.db) as counted:
        report = import_workbook(empty.db, empty.admin, school_of(65))
    assert report.problems == [] and report.counts["new"] >= 3 * 65
    assert max(counted) <= CHUNK and sum(counted) >= 3 * 65
    with empty.db.read(empty.school_id) as session:
        assert len(session.exec(select(Student)).all()) == len(session.exec(select(StudentResult)).all()) == 65
    assert report.job_id is not None
    assert sync_report(empty.db, empty.admin, report.job_id).totals["students"]["new"] == 65


def test_refusals_are_reported_in_steps_as_well(empty: Here) -> None:
    with empty.db.write(empty.school_id) as session:
        job = Job(kind="sync", state="running")
        session.add(job)
        session.flush()
        job_id = job.id
    steps_of_run = steps.Steps(
        empty.db, empty.school_id, job_id, lambda: empty.db.write(empty.school_id), actor=empty.admin.account_id
    )
    with Collected("students") as found, rows_by_transaction(empty.db, ["sync_row"]) as counted:
        found.add([{"id": f"S{number}", "version": 1, "event": "UPDATE", "data": {}} for number in range(35)])
        steps_of_run.data_set(found, "2025-2026")
    assert sum(counted) == 35 and max(counted) <= CHUNK
    with empty.db.read(empty.school_id) as session:
        report = session.get_one(Job, (empty.school_id, job_id)).report
    assert report["resources"]["students"]["rejected"] == 35


def test_another_writer_has_its_turn_between_any_two_steps(empty: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    write, between = Applier.write, []

    def watched(self: Applier, session: Any, chunk: Any) -> None:
        write(self, session, chunk)
        between.append(len(chunk))

    def breathe(_seconds: float) -> None:
        with empty.db.installation(write=True) as session:  # as another process would
            session.add(LoginThrottle(key_sha256=f"{len(between)}-{len(written)}"))
        written.append(len(between))

    written: list[int] = []
    monkeypatch.setattr(Applier, "write", watched)
    monkeypatch.setattr(steps.time, "sleep", breathe)
    import_workbook(empty.db, empty.admin, school_of(35))
    assert set(range(1, len(between) + 1)) <= set(written), "after every chunk"


def test_what_is_wrong_is_found_before_anything_is_written(empty: Here) -> None:
    before = everything(empty)
    wrong = book(
        staff=STAFF,
        classes=CLASSES,
        subjects=SUBJECTS,
        pupils=[
            ["Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Mã lớp", "Số định danh"],
            *([f"HS{n}", f"Nguyễn {n}", "06/05/2014", "Nữ", "6A1", "079214000001"] for n in range(2 * CHUNK)),
        ],
    )
    with rows_by_transaction(empty.db) as counted:
        report = import_workbook(empty.db, empty.admin, wrong)
    assert len(report.problems) == 2 * CHUNK - 1 and sum(counted) == 0
    assert everything(empty) == before
    with empty.db.read(empty.school_id) as session:
        assert session.exec(select(Job).where(Job.kind == "sync")).all() == []


@pytest.mark.parametrize("killed_at", [1, 4, 9])
def test_killed_in_the_middle_a_worker_goes_on(empty: Here, monkeypatch: pytest.MonkeyPatch, killed_at: int) -> None:
    write, calls = Applier.write, []

    class Killed(BaseException):
        pass

    def dying(self: Applier, session: Any, chunk: Any) -> None:
        write(self, session, chunk)
        calls.append(1)
        if len(calls) == killed_at:
            raise Killed

    monkeypatch.setattr(Applier, "write", dying)
    with pytest.raises(Killed):
        import_workbook(empty.db, empty.admin, school_of(35))
    monkeypatch.setattr(Applier, "write", write)
    with empty.db.write(empty.school_id) as session:
        row = session.exec(select(Job).where(Job.kind == "sync")).one()
        assert row.state == "running"
        row.heartbeat_at = utc_now() - 2 * SILENT_AFTER
        session.add(row)
    done = empty.work(row.id)
    assert (
        done.state == "done"
        and done.report["resources"]["students"]["new"] == 35
        and done.report["resources"]["results"]["new"] == 35
    )
    again = import_workbook(empty.db, empty.admin, school_of(35))
    assert (again.problems, again.counts) == ([], {})
