"""The queue: who waits comes first, every school has its share, a look costs the same whatever waits, and what is over goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, text
from sqlmodel import SQLModel, select

from hocba_app.models import Database, Job, School
from hocba_app.models.base import new_id, utc_now
from hocba_app.models.job_signal import JobSignal
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import jobs as rows
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.services.jobs.claim import finish, postpone, take
from hocba_app.services.jobs.daily import delete_old_jobs, ensure_daily_jobs
from hocba_app.services.jobs.enqueue import enqueue, look_again
from hocba_app.services.jobs.kinds import DAILY, KINDS
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Result, RetryAfter, Turn
from hocba_app.services.jobs.runner import advance
from hocba_app.services.jobs.running_jobs import MAX_RUNNING, RunningJobs
from hocba_app.services.signing.batch import MAX_QUEUE_LOOK, QUEUE_LOOK, queue_pause
from tests.integration.jobs.test_claims import new_job, row

EVERYTHING = {(computes, priority): 100 for computes in (False, True) for priority in Priority}


@contextmanager
def statements_of(db: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is executed meanwhile, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if "set_config" not in statement and not statement.startswith("BEGIN"):
            found.append((statement, parameters[0] if many else parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def due_kinds(db: Database, **crowded: Any) -> list[str]:
    with db.installation() as session:
        found = rows.due(session, EVERYTHING, **crowded)
    kinds = []
    for each in found:
        with db.read(each.school_id) as session:
            kinds.append(rows.kind_of(session, each.job_id) or "")
    return kinds


def other_school(db: Database, number: int) -> str:
    school_id = f"{number:026d}"
    with db.installation(write=True) as session:
        session.add(School(id=school_id, code=f"{number:08d}", name="Trường khác"))
    return school_id


def test_a_person_comes_before_a_phone_before_what_follows_before_the_night(db: Database, school_id: str) -> None:
    with db.write(school_id) as session:
        for kind in ("integrity", "archive", "batch", "lock"):  # the oldest is the least urgent
            enqueue(session, kind, {}, actor="")
        enqueue(session, "sync", {}, actor="", priority=Priority.PHONE)
    found = due_kinds(db)
    assert set(found[:2]) == {"batch", "lock"} and found[2:] == ["sync", "archive", "integrity"]


def test_what_is_not_due_is_not_found_and_may_be_asked_for(db: Database, school_id: str) -> None:
    with db.write(school_id) as session:
        job_id = enqueue(session, "integrity", {}, actor="", after=3600).id
    assert due_kinds(db) == []
    with db.write(school_id) as session:
        look_again(session, "integrity", [job_id], priority=Priority.PERSON)
    with db.installation() as session:
        assert [each.priority for each in rows.due(session, EVERYTHING)] == [Priority.PERSON]


def test_the_nights_work_leaves_places_for_people_who_come_while_it_runs() -> None:
    claims = RunningJobs()
    for number in range(100):
        claims.reserve_due(rows.Due(f"school {number}", f"night {number}", True, Priority.NIGHTLY))
        claims.reserve_due(rows.Due(f"school {number}", f"sync {number}", False, Priority.NIGHTLY))
        claims.reserve_due(rows.Due(f"school {number}", f"archive {number}", False, Priority.LATER))
    room = claims.room(100)
    assert (True, Priority.NIGHTLY) not in room and (False, Priority.LATER) not in room
    assert room[True, Priority.PERSON] == MAX_RUNNING[True] - 1
    assert room[False, Priority.PERSON] == room[False, Priority.PHONE] == MAX_RUNNING[False] // 2


@pytest.mark.parametrize("computes", [False, True])
def test_whatever_one_school_asks_for_the_next_finds_a_place_at_once(computes: bool) -> None:
    claims = RunningJobs()
    taken = [claims.reserve_due(rows.Due("big", f"big {number}", computes, Priority.PERSON)) for number in range(99)]
    assert sum(taken) * 3 >= MAX_RUNNING[computes] * 2, "alone it has two thirds"
    assert claims.crowded()[computes] == {"big"}
    for number in range(3 if not computes else 1):
        assert claims.reserve_due(rows.Due(f"small {number}", f"small {number}", computes, Priority.PERSON))


def test_a_crowded_school_does_not_stand_before_the_others(db: Database, school_id: str) -> None:
    for _ in range(20):
        new_job(db, school_id, "batch")
    other = other_school(db, 1)
    theirs = new_job(db, other, "batch")
    with db.installation() as session:
        room = {(False, Priority.PERSON): 4}
        assert {each.school_id for each in rows.due(session, room)} == {school_id}
        assert [each.job_id for each in rows.due(session, room, {False: {school_id}})] == [theirs]


def test_a_look_is_one_statement_of_seeks_at_two_thousand_schools(db: Database, school_id: str) -> None:
    """Rows that wait for their day, and those that are over, are not read: the plan is of one index alone."""
    schools = [f"{number:026d}" for number in range(2_000)]
    now = utc_now()
    blank = {name: value for name, value in Job(kind="").model_dump().items() if name not in ("school_id", "id")}
    later = [
        {**blank, "school_id": school, "id": new_id(), "kind": kind, "priority": 3, "computes": KINDS[kind].computes}
        | {"wake_at": now + timedelta(hours=1)}
        for school in schools
        for kind in DAILY
    ]
    with db.installation(write=True) as session:
        session.connection().execute(
            insert(School), [School(id=each, code=each[-8:], name="").model_dump() for each in schools]
        )
        session.connection().execute(insert(Job), later)
    mine = new_job(db, school_id, "batch")
    if db.is_sqlite:
        tell_sizes(db.engine)
    else:
        with db.engine.begin() as connection:
            connection.execute(text("analyze job"))
    with statements_of(db) as executed, db.installation() as session:
        assert [each.job_id for each in rows.due(session, EVERYTHING)] == [mine]
    [(statement, parameters)] = executed
    with db.engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN (ANALYZE, FORMAT TEXT, TIMING OFF) "
        plan = [str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters).all()]
    if db.is_sqlite:
        reading = [step for step in plan if " job" in step]
        assert len(reading) == 9 and all(
            "ix_job_due (computes=? AND priority=? AND wake_at<?)" in s or "ix_job_held (heartbeat_at<?)" in s
            for s in reading
        ), reading
        assert not [step for step in plan if "TEMP B-TREE" in step]
    else:
        assert not [step for step in plan if "Seq Scan on job" in step or "Sort" in step], plan
        removed = [step for step in plan if "Rows Removed by Filter" in step]
        assert not removed, "rows that are not due were read"


def test_what_is_missing_is_found_by_one_statement_and_nothing_else_is_written(db: Database, school_id: str) -> None:
    for number in range(30):
        other_school(db, number)
    assert ensure_daily_jobs(db) == 31 * len(DAILY)
    with statements_of(db) as executed:
        assert ensure_daily_jobs(db) == 0
    assert len(executed) == 1 and executed[0][0].startswith("SELECT")
    with db.write(school_id) as session:
        session.delete(session.exec(select(Job).where(Job.kind == "anchor")).one())
    assert ensure_daily_jobs(db) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_school_that_somebody_holds_is_passed_by(db: Database, school_id: str) -> None:
    other_school(db, 1)
    with db.installation(write=True) as holder:
        holder.get_one(School, school_id, with_for_update=True)
        assert ensure_daily_jobs(db) == len(DAILY), "the other one's"
    assert ensure_daily_jobs(db) == len(DAILY)


def test_old_rows_go_but_not_histories_nor_what_is_not_over(db: Database, school_id: str) -> None:
    long_ago = utc_now() - timedelta(days=31)
    with db.write(school_id) as session:
        for kind in ("batch", "archive", "reminder_mail", "sync", "lock", "print", "images"):
            session.add(Job(kind=kind, state="done", ended_at=long_ago))
        session.add(Job(kind="batch", state="done", ended_at=utc_now()))
        session.add(Job(kind="batch", created_at=long_ago))
    assert delete_old_jobs(db) == 3
    with db.read(school_id) as session:
        kept = session.exec(select(Job.kind, Job.state).order_by(Job.kind, Job.state)).all()
    assert kept == [
        ("batch", "done"), ("batch", "queued"), ("images", "done"), ("lock", "done"), ("print", "done"), ("sync", "done"),
    ]  # fmt: skip


def test_the_backlog_says_how_old_the_oldest_due_job_of_a_kind_is(db: Database, school_id: str) -> None:
    with db.write(school_id) as session:
        for minutes in (1, 10):
            session.add(Job(kind="lock", wake_at=utc_now() - timedelta(minutes=minutes)))
        session.add(Job(kind="renewal", wake_at=utc_now() + timedelta(hours=1)))
        session.add(Job(kind="batch", state="running", heartbeat_at=utc_now()))
    with db.installation() as session:
        [found] = rows.backlog(session)
    assert (found.kind, found.priority, found.count) == ("lock", Priority.PERSON, 2)
    assert 595 < found.oldest_seconds < 660


def test_a_waiting_worker_is_woken_by_the_commit(db: Database, school_id: str) -> None:
    signal = JobSignal(db)
    try:
        signal.wait(1.0)  # listening now
        signal.wait(0.2)
        waited: list[float] = []

        def wait() -> None:
            begun = time.monotonic()
            signal.wait(60.0)
            waited.append(time.monotonic() - begun)

        thread = threading.Thread(target=wait)
        thread.start()
        new_job(db, school_id)
        thread.join(30)
        assert waited and waited[0] < 30, "not the net: the signal"
    finally:
        signal.close()


def test_a_turn_of_a_waiting_batch_makes_no_row(db: Database, school_id: str) -> None:
    """A place in the queue that nobody claims is looked at for ever: by claims of one row, whatever it costs else."""
    job_id = new_job(db, school_id, "batch")

    def counts() -> dict[str, int]:
        with db.engine.connect() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in SQLModel.metadata.sorted_tables
            }

    before = counts()
    for _ in range(5):
        claim = take(db, school_id, job_id, "w")
        assert claim is not None
        postpone(db, claim, 0)
    assert counts() == before
    claim = take(db, school_id, job_id, "w")
    assert claim is not None
    finish(db, claim, "done")


def test_a_place_that_nobody_claims_is_looked_at_ever_less_often() -> None:
    now = utc_now()
    pauses = [queue_pause(now - timedelta(minutes=minutes)) for minutes in (0, 0.5, 5, 60 * 24)]
    assert pauses == sorted(pauses) and pauses[0] == pauses[1] == QUEUE_LOOK and pauses[-1] == MAX_QUEUE_LOOK


@pytest.mark.usefixtures("kinds")
def test_whoever_waits_for_it_now_is_said_by_the_turn_and_forgotten_with_the_day(db: Database, school_id: str) -> None:
    """A signer at his phone comes after those at the page; a check of the night that somebody asked for is the night's again."""

    @job("batch")
    def asks_the_phone(_work: Work) -> Result:
        return RetryAfter(60.0, Priority.PHONE)

    @job("integrity")
    def checked(_work: Work) -> Result:
        return RetryAfter(3600.0)

    batch, check = (new_job(db, school_id, kind) for kind in ("batch", "integrity"))
    with db.write(school_id) as session:
        look_again(session, "integrity", [check], priority=Priority.PERSON)
    for job_id, priority in ((batch, Priority.PHONE), (check, Priority.NIGHTLY)):
        assert advance(db, RunningJobs(), school_id, job_id, "w", threading.Event()) is Turn.POSTPONED
        assert row(db, school_id, job_id).priority == priority
