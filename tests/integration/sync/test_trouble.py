"""Sync in trouble: every fault of the service, a process killed in mid-run, wrong credentials, a service that is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AuditEvent, Job, Student, SyncRow
from hocba_app.services.accounts.schools import set_credentials
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.registry import Work, function_of
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.sync import photos
from hocba_app.services.sync.commands import cancel_sync, start_sync, sync_runs, sync_status
from hocba_app.settings import settings
from tests.integration.sync.conftest import Here, Sector
from tests.integration.sync.test_sync import everything
from tests.refusals import refused

ROOT = Path(__file__).resolve().parents[3]
FAULTS: list[dict[str, Any]] = [
    {"kind": "slow", "seconds": 0.5, "path": "/sector"},
    {"kind": "status", "status": 429, "retry_after": 1, "path": "/sector/v1/students"},
    {"kind": "status", "status": 503, "times": 2, "path": "/sector"},
    {"kind": "status", "status": 502, "path": "/oauth2"},
    {"kind": "cut", "times": 2, "path": "/sector/v1/results"},
    {"kind": "cut", "times": 1, "path": "/sector/v1/photos"},
    {"kind": "duplicate_page", "times": 3, "path": "/sector/v1/results"},
    {"kind": "duplicate_page", "times": 1, "path": "/sector/v1/students"},
    {"kind": "expire_tokens", "times": 3, "path": "/sector"},
]


def _counts(here: Here) -> dict[str, dict[str, int]]:
    return sync_runs(here.db, here.admin)[0].resources


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}-{fault['path'].rpartition('/')[2]}")
def test_a_fault_is_survived_and_nothing_comes_twice(here: Here, sector: Sector, fault: dict[str, Any]) -> None:
    sector.fault(**fault)
    assert here.sync().state == "done"
    waiting = sector.http.get("/_faults").json()["waiting"]
    assert waiting == [], "the fault struck"
    sector.login()
    assert _counts(here)["students"]["new"] == len(sector.live("students"))
    assert _counts(here)["results"]["new"] == len(sector.live("results"))
    assert not any(found["rejected"] or found["conflict"] for found in _counts(here).values())
    before = everything(here)
    here.sync()
    assert everything(here) == before


def _step(here: Here, job_id: str) -> Result:
    claim = take(here.db, here.school_id, job_id, "test-worker")
    assert claim is not None
    with here.db.read(here.school_id) as session:
        row = session.get_one(Job, (here.school_id, job_id))
    return function_of("sync")(Work(here.db, claim, row.arguments, row.created_by))


def test_a_service_that_asks_to_wait_longer_gets_it_and_the_worker_is_free_meanwhile(
    here: Here, sector: Sector
) -> None:
    sector.fault(kind="status", status=503, retry_after=900, path="/sector/v1/classes")
    job_id = start_sync(here.db, here.admin)
    asked = _step(here, job_id)
    assert isinstance(asked, RetryAfter) and asked.seconds >= 900
    assert start_sync(here.db, here.admin) == job_id, "the run that waits is the run"
    assert _step(here, job_id) == Done()
    assert _counts(here)["staff"]["new"] > 0


def test_a_service_that_goes_away_among_the_photos_is_not_asked_for_each_of_them(
    here: Here, sector: Sector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "MAX_CONCURRENT", 2)  # of a small school, sixteen at once are nearly all
    sector.fault(kind="status", status=503, retry_after=60, times=1000, path="/sector/v1/photos")
    job_id = start_sync(here.db, here.admin)
    assert isinstance(_step(here, job_id), RetryAfter)
    (left,) = [fault["times"] for fault in sector.http.get("/_faults").json()["waiting"] if fault["kind"] == "status"]
    assert 1000 - left < len(sector.live("students")), "those that were on their way, and no other"
    with here.db.read(here.school_id) as session:
        assert session.exec(select(Student)).first() is None, "pupils come with their photos"
    sector.http.delete("/_faults")
    assert _step(here, job_id) == Done()
    assert _counts(here)["students"]["new"] == len(sector.live("students"))


def test_a_service_that_stays_away_ends_the_run_with_a_sentence_in_the_end(
    here: Here, sector: Sector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hocba_app.services.sync.sync_job._PAUSES", (0.0,))
    sector.fault(kind="status", status=503, retry_after=60, times=None, path="/sector")
    job_id = start_sync(here.db, here.admin)
    assert isinstance(_step(here, job_id), RetryAfter)
    assert refused(_step, here, job_id) is ErrorCode.SECTOR_UNREACHABLE
    assert "CSDL ngành" in sync_status(here.db, here.admin).sector_problem


def test_wrong_credentials_are_said_to_be_wrong(here: Here) -> None:
    set_credentials(here.db, here.admin, smas_secret="wrong")
    job_id = start_sync(here.db, here.admin)
    with pytest.raises(HocbaError) as refusal:
        _step(here, job_id)
    assert refusal.value.code is ErrorCode.SECTOR_REFUSED and "tài khoản" in refusal.value.sentence


def test_the_credentials_of_another_school_bring_nothing_in(here: Here, sector: Sector) -> None:
    from hocba_app.models import School

    with here.db.installation(write=True) as session:
        school = session.get_one(School, here.school_id)
        school.code = "79999999"
        session.add(school)
    job_id = start_sync(here.db, here.admin)
    with pytest.raises(HocbaError) as refusal:
        _step(here, job_id)
    assert refusal.value.code is ErrorCode.SECTOR_REFUSED and sector.account["code"] in refusal.value.sentence
    with here.db.read(here.school_id) as session:
        assert session.exec(select(Student)).first() is None


def test_a_cancelled_run_keeps_what_is_in_and_the_next_brings_the_rest(here: Here, sector: Sector) -> None:
    job_id = start_sync(here.db, here.admin)
    claim = take(here.db, here.school_id, job_id, "test-worker")
    assert claim is not None
    work = Work(here.db, claim, {"school_year": None, "resources": [], "class_ids": []}, "")
    cancel_sync(here.db, here.admin, job_id)
    assert function_of("sync")(work) == Done()
    with here.db.read(here.school_id) as session:
        assert session.exec(select(Student)).first() is None
    from hocba_app.services.jobs.claim import finish

    finish(here.db, claim, "cancelled")
    assert here.sync().state == "done"


_CHILD = """
import json, sys
from hocba_app.models import Job, database
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.registry import Work, function_of
school, job = sys.argv[1:]
db = database()
claim = take(db, school, job, "killed-worker")
with db.read(school) as session:
    row = session.get_one(Job, (school, job))
print("begun", flush=True)
function_of("sync")(Work(db, claim, row.arguments, row.created_by))
print("ended", flush=True)
"""


def _kill_when(here: Here, job_id: str, moment: Callable[[], bool]) -> bool:
    """Run the job in a process and kill it at a moment; whether it was still at work."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, here.school_id, job_id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOCBA_DATABASE_URL": here.db.url},
    )
    try:
        assert child.stdout is not None
        while b"begun" not in child.stdout.readline():
            assert child.poll() is None
        deadline = time.monotonic() + 180
        while child.poll() is None and not moment():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        alive = child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
    return alive


@pytest.mark.parametrize("resource", ["staff", "students", "teaching_assignments"])
def test_killed_in_mid_run_and_run_again(here: Here, sector: Sector, resource: str) -> None:
    job_id = start_sync(here.db, here.admin)

    def reached() -> bool:
        with here.db.read(here.school_id) as session:
            return resource in session.get_one(Job, (here.school_id, job_id)).report.get("resources", {})

    assert _kill_when(here, job_id, reached)
    with here.db.write(here.school_id) as session:  # long dead
        job = session.get_one(Job, (here.school_id, job_id))
        job.heartbeat_at = None
        session.add(job)
    assert here.work(job_id).state == "done"
    counts = _counts(here)
    with here.db.read(here.school_id) as session:
        rows = session.exec(
            select(SyncRow.resource, SyncRow.source_id).where(SyncRow.job_id == job_id, SyncRow.outcome == "new")
        ).all()
        assert len(rows) == len(set(rows)), "no record came twice"
        applied = session.exec(select(AuditEvent).where(AuditEvent.action == "sync.applied")).all()
        assert (
            len(applied)
            == len({json.dumps(row.data, sort_keys=True) for row in applied})
            == len({row.data["resource"] for row in applied})
        )
        assert session.execute(select(func.count()).select_from(Student)).scalar_one() == len(sector.live("students"))
    assert counts["students"]["new"] == len(sector.live("students")) and counts["results"]["new"] == len(
        sector.live("results")
    )
    before = everything(here)
    here.sync()
    assert everything(here) == before


def test_no_address_configured(here: Here, configured: pytest.MonkeyPatch) -> None:
    configured.setenv("HOCBA_SMAS_URL", "")
    settings.cache_clear()
    assert "chưa khai báo" in sync_status(here.db, here.admin).sector_problem
