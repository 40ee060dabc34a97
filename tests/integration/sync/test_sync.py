"""Sync against the running simulator: what comes, what comes again, what changed, what is refused."""

from __future__ import annotations

import pytest
from sqlmodel import select

from hocba_app.models import Account, Enrolment, School, SchoolClass, Staff, Student, StudentResult, SyncRow
from hocba_app.services.storage import blobs
from hocba_app.services.sync.commands import report_csv, sync_report, sync_runs, sync_status
from tests.integration.sync.conftest import Here, Sector


def test_a_first_sync_brings_the_whole_school(here: Here, sector: Sector) -> None:
    job = here.sync()
    assert (job.state, job.progress) == ("done", job.total)
    with here.db.read(here.school_id) as session:
        school = session.get_one(School, here.school_id)
        assert (school.name, school.tax_code) == (sector.account["name"], sector.account["tax_code"])
        for model, resource in (
            (Staff, "staff"),
            (SchoolClass, "classes"),
            (Student, "students"),
            (Enrolment, "enrolments"),
            (StudentResult, "results"),
        ):
            assert len(session.exec(select(model)).all()) == len(sector.live(resource)) > 0
        assert session.exec(select(SyncRow).where(SyncRow.outcome.in_(("rejected", "conflict")))).all() == []  # type: ignore[attr-defined]
        pupils = session.exec(select(Student)).all()
        assert all(blobs.exists(pupil.photo_sha256) for pupil in pupils if pupil.photo_sha256)
        working = [row for row in session.exec(select(Staff)).all() if row.active]
        assert {row.staff_id for row in session.exec(select(Account)).all()} >= {row.id for row in working}
        result = session.exec(select(StudentResult)).first()
        assert result is not None and result.payload["subjects"][0]["subject_code"]
        assert "subject_id" not in result.payload["subjects"][0]


@pytest.mark.parametrize(
    "spec",
    [
        "lower_secondary:students=36,seed=7",
        "primary:students=60,seed=2,moment=summer",
        "upper_secondary:students=60,seed=2",
        "lower_secondary:students=60,seed=5,moment=summer",
    ],
    ids=lambda spec: spec.partition(":")[0] + spec[-6:],
    indirect=True,
)
def test_the_recomputation_finds_the_known_errors_no_more_and_no_fewer(spec: str, here: Here, sector: Sector) -> None:
    here.sync()
    with here.db.read(here.school_id) as session:
        codes = {pupil.id: pupil.code for pupil in session.exec(select(Student)).all()}
        found = {
            (codes[row.student_id], entry["field"], entry["submitted"], entry["computed"])
            for row in session.exec(select(StudentResult)).all()
            for entry in row.mismatches
        }
    known = {
        (row["student_code"], row["field"], row["submitted"], row["correct"])
        for row in sector.http.get("/_known_errors").json()
    }
    assert found == known and known


def test_a_second_run_changes_nothing(here: Here) -> None:
    here.sync()
    before = everything(here)
    job = here.sync()
    assert everything(here) == before
    assert sync_report(here.db, here.admin, job.id).total == 0
    assert [run.state for run in sync_runs(here.db, here.admin)] == ["done", "done"]
    status = sync_status(here.db, here.admin)
    assert (status.sector_problem, [each.received for each in status.snapshots]) == ("", [True, True])


def test_a_corrected_mark_comes_once_it_is_submitted(here: Here, sector: Sector) -> None:
    here.sync()
    result = sector.live("results")[3]
    subject = next(
        entry
        for entry in result["data"]["subjects"]
        if entry["marks"] and entry["marks"]["term2"]["final"] not in (None, "Đ", "CĐ")
    )
    values = {
        "student_id": result["data"]["student_id"],
        "subject_id": subject["subject_id"],
        "term": "II",
        "kind": "final",
        "index": 0,
        "value": "10",
    }
    assert sector.http.put("/smas/v1/marks", json=values).status_code == 200
    assert here.sync().report.get("resources", {}) == {}, "a live edit is invisible until it is submitted"
    sector.submit("results", "II")
    assert sum(not each.received for each in sync_status(here.db, here.admin).snapshots) == 1
    report = sync_report(here.db, here.admin, here.sync().id)
    assert [(row.resource, row.outcome, row.source_id) for row in report.rows] == [("results", "changed", result["id"])]
    assert any(change["after"] == "10" for change in report.rows[0].changes)
    assert b"10" in report_csv(here.db, here.admin, report.run.id)


def everything(here: Here) -> list[object]:
    with here.db.read(here.school_id) as session:
        return [
            sorted((row.id, row.model_dump_json()) for row in session.exec(select(model)).all())
            for model in (Staff, SchoolClass, Student, Enrolment, StudentResult, Account)
        ]
