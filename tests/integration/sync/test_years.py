"""Sync of a school year other than the current one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Database, School, SchoolClass, StudentResult
from hocba_app.services.sync.commands import sync_runs, sync_status
from hocba_app.settings import settings
from tests.integration.simulators.smas_rig import smas
from tests.integration.sync.conftest import school_here
from tests.refusals import refused

OLD = "2020-2021"


def test_a_historic_year_comes_in_by_its_own_rules_and_the_current_year_stays(
    db: Database, configured: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with smas(tmp_path / "smas", f"lower_secondary:students=6,seed=7,year={OLD}") as (school,):
        answer = school.http.post(
            "/smas/v1/submissions", json={"kind": "results", "term": "II", "school_year": OLD}
        ).json()
        while school.http.get(f"/smas/v1/submissions/{answer['id']}").json()["state"] == "running":
            pass
        configured.setenv("HOCBA_SMAS_URL", school.url)
        settings.cache_clear()
        here = school_here(db, school.info)
        for year, classes in (("2019-2020", set()), (OLD, {(OLD, "TT26")})):
            job = here.sync(school_year=year)
            assert job.state == "done", (job.error_code, job.error_params)
            with here.db.read(here.school_id) as session:
                assert set(session.exec(select(SchoolClass.school_year, SchoolClass.regime)).all()) == classes
                assert session.get_one(School, here.school_id).current_year == "2025-2026"
        with here.db.read(here.school_id) as session:
            assert len(session.exec(select(StudentResult)).all()) >= 6
        assert [run.school_year for run in sync_runs(here.db, here.admin)] == [OLD, "2019-2020"]
        shown = {year: sync_status(here.db, here.admin, year) for year in (OLD, "2019-2020", None)}
        assert [(snapshot.kind, snapshot.received) for snapshot in shown[OLD].snapshots] == [("results", True)]
        assert shown["2019-2020"].snapshots == shown[None].snapshots == [] and shown[None].school_year == "2025-2026"
        assert refused(sync_status, here.db, here.admin, "2020-2025") is ErrorCode.INVALID_INPUT
