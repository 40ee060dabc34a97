"""Nobody waits for ever on PostgreSQL, and nobody who looks after jobs waits at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from hocba_app.domain import clock
from hocba_app.models import Database, Job, School, connections
from hocba_app.models.base import utc_now
from hocba_app.models.connections import KEEPALIVE, SERVER_TIMEOUTS
from hocba_app.models.database import is_busy
from hocba_app.models.database_time import database_time
from hocba_app.services.jobs import claim as job_claims
from hocba_app.services.jobs.claim import beat, claimable, fenced_write, take, take_some
from hocba_app.services.maintenance import doctor
from hocba_app.settings import Settings
from tests.integration.jobs.test_claims import fall_silent, new_job, row


@pytest.fixture
def postgres(db: Database) -> Database:
    if db.is_sqlite:
        pytest.skip("SQLite has no row locks and no server")
    return db


@pytest.mark.postgres
def test_every_connection_has_its_limits(postgres: Database) -> None:
    for _ in range(2):  # a fresh connection and one of the pool
        with postgres.installation() as session:
            found = {name: session.execute(text(f"show {name}")).scalar_one() for name in SERVER_TIMEOUTS}
            parameters = session.connection().connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
        assert found == {
            "lock_timeout": "10s",
            "statement_timeout": "1min",
            "idle_in_transaction_session_timeout": "5min",
        }
        assert {name: parameters.get(name) for name in KEEPALIVE} == {
            name: str(value) for name, value in KEEPALIVE.items()
        }


@pytest.mark.postgres
def test_a_row_that_is_held_too_long_is_told_as_busy(postgres: Database, school_id: str) -> None:
    with postgres.installation(write=True) as holder:
        holder.get_one(School, school_id, with_for_update=True)
        with pytest.raises(OperationalError) as error, postgres.installation(write=True) as session:
            session.execute(text("set local lock_timeout = '50ms'"))
            session.get_one(School, school_id, with_for_update=True)
    assert is_busy(error.value)


@pytest.mark.postgres
def test_heartbeat_and_look_pass_a_held_row_by(postgres: Database, school_id: str) -> None:
    held_job, free_job = new_job(postgres, school_id), new_job(postgres, school_id)
    held, free = (take(postgres, school_id, job_id, "w0") for job_id in (held_job, free_job))
    assert held is not None and free is not None
    for job_id in (held_job, free_job):
        fall_silent(postgres, school_id, job_id)
    with fenced_write(postgres, held):  # a long transaction of the job's own holds its row
        assert claimable(postgres) == [(school_id, held_job), (school_id, free_job)]
        beat(postgres, [held, free])
        assert claimable(postgres) == [(school_id, held_job)], "the other one was heard of"
        assert take_some(postgres, school_id, [held_job], "w1") == [], "left for the next look"
    assert claimable(postgres) == [], "its own commit says that it lives"


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1)])
def test_the_databases_clock_decides_who_is_silent(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch, wrong: timedelta
) -> None:
    """A machine whose clock is an hour off neither takes jobs of others nor loses its own."""
    job_id = new_job(db, school_id)
    monkeypatch.setattr(job_claims, "utc_now", lambda: utc_now() + wrong)
    mine = take(db, school_id, job_id, "w0")
    assert mine is not None
    beat(db, [mine])
    with fenced_write(db, mine):
        pass
    heard = row(db, school_id, job_id).heartbeat_at
    assert heard is not None and abs(heard - utc_now()) < timedelta(minutes=2)
    assert claimable(db) == [] and take(db, school_id, job_id, "w1") is None
    fall_silent(db, school_id, job_id)
    assert claimable(db) == [(school_id, job_id)] and take(db, school_id, job_id, "w1") is not None


@pytest.mark.postgres
@pytest.mark.parametrize("minutes", [10, -10])
def test_a_wrong_clock_follows_the_databases(postgres: Database, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """A deadline that another machine wrote was ten minutes later for one that is ten minutes behind."""

    def off() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=minutes)

    monkeypatch.setattr(clock._Correction, "added", timedelta(0))
    with monkeypatch.context() as wrong:
        for module in (clock, connections):
            wrong.setattr(module, "machine_now", off)
        assert abs(utc_now() - datetime.now(UTC)) > timedelta(minutes=9)
        new = Database(postgres.url)
        with new.installation():
            assert abs(utc_now() - datetime.now(UTC)) < timedelta(seconds=2)
        [told] = doctor._clock(Settings(), new)
        assert not told.ok and "600 giây" in told.problem and "cơ sở dữ liệu" in told.problem
    with new.installation():
        pass
    monkeypatch.setattr(connections._Asked, "at", -inf)  # as if some seconds had passed
    with new.installation():
        assert clock.correction() == timedelta(0), "set right meanwhile"
    new.dispose()


def test_database_time_is_stored_and_compared_as_any_other(db: Database, school_id: str) -> None:
    job_id = new_job(db, school_id)
    with db.write(school_id) as session:
        session.exec(update(Job).where(Job.id == job_id).values(heartbeat_at=database_time(-90)))  # type: ignore[call-overload]
    with db.read(school_id) as session:
        heard, now = session.exec(select(Job.heartbeat_at, database_time()).where(Job.id == job_id)).one()
        assert timedelta(seconds=89) < now - heard < timedelta(seconds=95)
        for seconds, expected in ((-60, [job_id]), (-120, [])):
            assert session.exec(select(Job.id).where(Job.heartbeat_at < database_time(seconds))).all() == expected  # type: ignore[operator]
