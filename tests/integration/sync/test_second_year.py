"""The year after: declared in SMAS and submitted, it is offered, named, brought in, and then the school's current one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlmodel import select

from hocba_app.domain import school_calendar
from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, School, SchoolClass
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.overview.waiting import waiting
from hocba_app.services.sync.commands import sync_status
from hocba_app.services.sync.school_years import sync_years
from hocba_app.services.workbooks.excel import export_workbook
from hocba_app.settings import settings
from hocba_app.state.sync_scope import SyncScopeState
from tests.integration.simulators import smas_rig
from tests.integration.simulators.smas_rig import smas
from tests.integration.sync.conftest import YEAR, Here, school_here
from tests.integration.sync.importing import import_workbook
from tests.integration.sync.test_excel import WHOLE, book
from tests.refusals import refused

NEXT = "2026-2027"


@pytest.fixture
def in_june(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calendar still says 2025-2026."""
    _on(monkeypatch, date(2026, 6, 20))


def _on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr(school_calendar, "today", lambda: day)
    monkeypatch.setattr("hocba_app.services.sync.school_years.today", lambda: day)


@pytest.fixture
def school(tmp_path: Path, configured: pytest.MonkeyPatch) -> Iterator[smas_rig.School]:
    with smas(tmp_path / "smas", "lower_secondary:students=30,seed=6,moment=summer") as (school,):
        configured.setenv("HOCBA_SMAS_URL", school.url)
        settings.cache_clear()
        yield school


def _submitted(school: smas_rig.School, year: str) -> None:
    answer = school.http.post("/smas/v1/submissions", json={"kind": "beginning_of_year", "school_year": year}).json()
    while school.http.get(f"/smas/v1/submissions/{answer['id']}").json()["state"] == "running":
        time.sleep(0.02)


def _named(here: Here) -> list[str]:
    return [task.href for task in waiting(here.db, here.admin) if task.kind in ("year", "unfinished")]


@pytest.mark.usefixtures("in_june")
def test_the_year_smas_declared_is_offered_named_and_brought_in(db: Database, school: smas_rig.School) -> None:
    school.submit()
    here = school_here(db, school.info)
    assert here.sync().state == "done"
    assert sync_years(db, here.admin)[0] == YEAR and _named(here) == []
    assert school.http.post("/smas/v1/years", json={"school_year": NEXT, "roll_over": True}).status_code == 201
    assert sync_status(db, here.admin).school_year == YEAR, "declared, nothing submitted"
    _submitted(school, NEXT)
    status = sync_status(db, here.admin)  # the page is opened
    assert (status.school_year, [snapshot.received for snapshot in status.snapshots]) == (NEXT, [False])
    assert sync_years(db, here.admin)[:2] == [NEXT, YEAR]
    assert _named(here) == [f"/sync?year={NEXT}"]
    assert here.sync(school_year=NEXT).state == "done"
    with db.read(here.school_id) as session:
        assert session.get_one(School, here.school_id).current_year == NEXT
        assert set(session.exec(select(SchoolClass.school_year)).all()) == {YEAR, NEXT}
    assert _named(here) == [] and sync_years(db, here.admin)[:2] == [NEXT, YEAR]
    assert overview(db, here.admin).school_year == NEXT


@pytest.mark.usefixtures("in_june")
def test_the_nightly_run_sees_the_new_year_too(db: Database, school: smas_rig.School) -> None:
    school.submit()
    school.http.post("/smas/v1/years", json={"school_year": NEXT, "roll_over": True})
    _submitted(school, NEXT)
    here = school_here(db, school.info)
    assert here.sync().state == "done"  # of the current year, as every night
    assert _named(here) == [f"/sync?year={NEXT}"]
    with db.read(here.school_id) as session:
        assert session.get_one(School, here.school_id).current_year == YEAR, "no screen moves on by itself overnight"


def test_the_calendars_year_is_offered_for_sync_and_excel(db: Database, configured: pytest.MonkeyPatch) -> None:
    _on(configured, date(2026, 8, 1))
    here = school_here(db, {"code": "79760001", "client_id": "x", "client_secret": "y"})
    assert sync_years(db, here.admin)[:2] == [NEXT, YEAR]
    assert _named(here) == [], "a school without any data is led to its first sync, not warned of a next year"
    assert (
        refused(lambda: import_workbook(db, here.admin, book(**WHOLE), school_year="2027-2028"))
        is ErrorCode.INVALID_INPUT
    ), "a year nobody is in yet would take every screen along"
    assert import_workbook(db, here.admin, book(**WHOLE), school_year=NEXT).problems == []
    with db.read(here.school_id) as session:
        assert session.get_one(School, here.school_id).current_year == NEXT
        assert session.exec(select(SchoolClass.school_year)).first() == NEXT
    assert export_workbook(db, here.admin, school_year=NEXT) and _named(here) == []


def test_an_older_workbook_does_not_take_the_school_back(db: Database, configured: pytest.MonkeyPatch) -> None:
    here = school_here(db, {"code": "79760001", "client_id": "x", "client_secret": "y"})
    assert import_workbook(db, here.admin, book(**WHOLE), school_year="2020-2021").problems == []
    with db.read(here.school_id) as session:
        assert session.get_one(School, here.school_id).current_year == YEAR


def test_the_page_asks_for_the_year_that_is_shown() -> None:
    """The newest year is no longer always the current one: leaving it out would sync another."""
    for year in (NEXT, YEAR):
        shown = SimpleNamespace(year=year, years=[NEXT, YEAR], part=False)
        assert SyncScopeState._chosen(shown)["school_year"] == year  # type: ignore[arg-type]
