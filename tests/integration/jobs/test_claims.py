"""Jobs: one worker at a time, whoever is thought dead is fenced off, nothing is forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.claim import ClaimLost, beat, claimable, fenced_write, release_all_of, take, take_some
from hocba_app.services.jobs.enqueue import ask_cancel, enqueue, live_job
from hocba_app.services.jobs.process_lock import lock_first_free
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.jobs.runner import RunningJobs, advance


def new_job(db: Database, school_id: str, kind: str = "k") -> str:
    with db.write(school_id) as session:
        return enqueue(session, kind, {"n": 1}, actor="a").id


def row(db: Database, school_id: str, job_id: str) -> Job:
    with db.read(school_id) as session:
        return session.get_one(Job, (school_id, job_id))


def fall_silent(db: Database, school_id: str, job_id: str) -> None:
    with db.write(school_id) as session:
        job = session.get_one(Job, (school_id, job_id))
        job.heartbeat_at = utc_now() - timedelta(seconds=31)
        session.add(job)


def test_a_live_worker_keeps_its_job(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    assert take(db, school_id, job_id, "w0") is not None
    assert take(db, school_id, job_id, "w1") is None


def test_a_silent_worker_is_fenced_off(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    first = take(db, school_id, job_id, "w0")
    assert first is not None
    fall_silent(db, school_id, job_id)
    assert claimable(db) == [(school_id, job_id)]
    second = take(db, school_id, job_id, "w1")
    assert second is not None and second.attempt == first.attempt + 1
    with pytest.raises(ClaimLost), fenced_write(db, first):
        pass
    with fenced_write(db, second):
        pass


def test_a_heartbeat_keeps_the_sweep_away(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    claim = take(db, school_id, job_id, "w0")
    assert claim is not None
    fall_silent(db, school_id, job_id)
    beat(db, [claim])
    assert claimable(db) == []


def test_two_workers_reaching_at_once_get_one_claim(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    barrier, won = threading.Barrier(6), []

    def reach(name: str) -> None:
        barrier.wait()
        if claim := take(db, school_id, job_id, name):
            won.append(claim)

    threads = [threading.Thread(target=reach, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


@pytest.mark.usefixtures("kinds")
def test_a_job_runs_reports_and_ends(db: Database, school_id: str) -> None:
    turns = []

    @job("k")
    def run(work: Work) -> Result:
        turns.append(work.arguments["n"])
        work.progress(len(turns), 2, "bước")
        work.report({"turns": len(turns)})
        return RetryAfter(0.01) if len(turns) < 2 else Done()

    job_id = new_job(db, school_id)
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "ended"
    done = row(db, school_id, job_id)
    assert (done.state, done.progress, done.report) == ("done", 2, {"turns": 2})
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "held"


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(
    ("raised", "code"),
    [(HocbaError(ErrorCode.FILE_TYPE, accepted="PNG"), "file_type"), (ZeroDivisionError(), "internal")],
)
def test_a_failure_is_kept_with_its_code(db: Database, school_id: str, raised: Exception, code: str) -> None:
    @job("k")
    def run(work: Work) -> Result:
        raise raised

    job_id = new_job(db, school_id)
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "ended"
    failed = row(db, school_id, job_id)
    assert (failed.state, failed.error_code) == ("failed", code)


@pytest.mark.usefixtures("kinds")
def test_a_job_that_finds_no_room_on_its_machine_is_tried_again(db: Database, school_id: str) -> None:
    @job("k")
    def run(work: Work) -> Result:
        raise HocbaError(ErrorCode.BUSY)

    job_id = new_job(db, school_id)
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "postponed"
    waiting = row(db, school_id, job_id)
    assert (waiting.state, waiting.error_code, waiting.failures) == ("queued", None, 0)


@pytest.mark.usefixtures("kinds")
def test_a_long_wait_gives_the_job_back(db: Database, school_id: str) -> None:
    @job("k")
    def run(work: Work) -> Result:
        return RetryAfter(60.0)

    job_id = new_job(db, school_id)
    assert advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event()) == "postponed"
    assert row(db, school_id, job_id).state == "queued" and claimable(db) == []


def test_a_queued_job_is_cancelled_at_once(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    with db.write(school_id) as session:
        ask_cancel(session, job_id)
    assert row(db, school_id, job_id).state == "cancelled"
    with db.read(school_id) as session:
        assert live_job(session, "k") is None


def test_several_jobs_are_claimed_at_once_but_nobody_elses(db: Database, school_id: str) -> None:
    mine, others, over = (new_job(db, school_id) for _ in range(3))
    assert take(db, school_id, others, "w1") is not None
    with db.write(school_id) as session:
        ask_cancel(session, over)
    claims = take_some(db, school_id, [mine, others, over, "no such job"], "w0")
    assert [(claim.job_id, claim.worker) for claim in claims] == [(mine, "w0")]


def test_one_thread_a_job(db: Database, school_id: str, kinds: None) -> None:
    """Whoever starts a job of this process once more finds it in hand."""
    job_id = new_job(db, school_id)
    claims = RunningJobs()
    claims.reserve(job_id)
    claim = take(db, school_id, job_id, "w0")
    assert claim is not None
    claims.add(claim)
    assert advance(db, claims, school_id, job_id, "w0", threading.Event()) == "held"
    assert claims.held(job_id) == claim


def test_a_restarted_worker_goes_on_at_once_and_its_earlier_life_is_fenced_off(db: Database, school_id: str) -> None:
    mine, others = new_job(db, school_id), new_job(db, school_id)
    dead, alive = take(db, school_id, mine, "w0"), take(db, school_id, others, "w1")
    assert dead is not None and alive is not None and claimable(db) == []
    assert release_all_of(db, "w0") == 1
    assert claimable(db) == [(school_id, mine)]
    with pytest.raises(ClaimLost), fenced_write(db, dead):
        pass
    again = take(db, school_id, mine, "w0")
    assert again is not None and again.attempt == dead.attempt + 1
    with fenced_write(db, alive):
        pass


def test_machines_of_one_host_name_have_two_identities(tmp_path: Path) -> None:
    """Cloned machines and containers: neither may take the other's live jobs for those of its own earlier life."""
    one, other = (lock_first_free(tmp_path / folder, "worker") for folder in ("a", "b"))
    assert one.name == other.name and one.identity != other.identity
    one.release()
    again = lock_first_free(tmp_path / "a", "worker")
    assert again.identity == one.identity
    again.release()
    other.release()
