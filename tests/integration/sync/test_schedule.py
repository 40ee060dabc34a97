"""The daily sync: when it starts a run, when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, Job
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.claim import postpone, take
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.registry import Work
from hocba_app.services.sync import schedule as module
from hocba_app.services.sync.schedule import schedule, set_schedule, sync_daily
from tests.integration.sync.conftest import Here, school_here
from tests.refusals import refused

NIGHT = datetime(2026, 5, 20, 19, 30, tzinfo=UTC)  # 02:30 of 21 May in Vietnam


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The present instant, as a test sets it."""
    now = [NIGHT - timedelta(hours=10)]
    monkeypatch.setattr(module, "utc_now", lambda: now[0])
    return now


@pytest.fixture
def ours(db: Database, configured: pytest.MonkeyPatch) -> Here:
    here = school_here(db, {"code": "79770009", "client_id": "c", "client_secret": "s"})
    ensure_daily_jobs(db)
    return here


def turn(here: Here) -> tuple[float, int]:
    """One turn of the daily job: seconds to its next, and runs there are now."""
    with here.db.read(here.school_id) as session:
        row = session.exec(select(Job).where(Job.kind == "sync_daily")).one()
    claim = take(here.db, here.school_id, row.id, "w")
    assert claim is not None
    wait = sync_daily(Work(here.db, claim, row.arguments, "")).seconds
    postpone(here.db, claim, 3600)
    with here.db.read(here.school_id) as session:
        return wait, len(session.exec(select(Job).where(Job.kind == "sync")).all())


def done(here: Here) -> None:
    with here.db.write(here.school_id) as session:
        for row in session.exec(select(Job).where(Job.kind == "sync")).all():
            row.state = "done"
            session.add(row)


def test_a_run_a_day_at_the_time_chosen(ours: Here, clock: list[datetime]) -> None:
    assert schedule(ours.db, ours.admin) is None and turn(ours)[1] == 0
    set_schedule(ours.db, ours.admin, "02:30")
    assert schedule(ours.db, ours.admin) == "02:30"
    wait, runs = turn(ours)
    assert runs == 0 and wait == pytest.approx(10 * 3600, abs=5)
    clock[0] = NIGHT + timedelta(seconds=1)
    wait, runs = turn(ours)
    assert runs == 1 and wait == pytest.approx(24 * 3600, abs=5)
    done(ours)
    assert turn(ours)[1] == 1, "once a day"
    clock[0] = NIGHT + timedelta(days=3, hours=4)
    assert turn(ours)[1] == 2, "what was missed is made up for once"


def test_switched_off_it_starts_nothing(ours: Here, clock: list[datetime]) -> None:
    set_schedule(ours.db, ours.admin, "02:30")
    set_schedule(ours.db, ours.admin, None)
    clock[0] = NIGHT + timedelta(hours=1)
    assert schedule(ours.db, ours.admin) is None and turn(ours)[1] == 0


@pytest.mark.parametrize("at", ["", "2:30", "24:00", "02:60", "02:30:00", "٠٢:٣٠", "02:30\n"])
def test_a_time_that_is_none(ours: Here, at: str) -> None:
    assert refused(set_schedule, ours.db, ours.admin, at) is ErrorCode.INVALID_INPUT


def test_only_the_office_and_each_school_its_own(ours: Here, db: Database) -> None:
    teacher = Identity("a", ours.school_id, "s", "gv", "Giáo viên", frozenset({"teacher"}))
    for call in (lambda: schedule(ours.db, teacher), lambda: set_schedule(ours.db, teacher, "01:00")):
        assert refused(call) is ErrorCode.FORBIDDEN
    other = school_here(db, {"code": "79770010", "client_id": "x", "client_secret": "y"})
    set_schedule(ours.db, ours.admin, "03:15")
    assert schedule(db, other.admin) is None
