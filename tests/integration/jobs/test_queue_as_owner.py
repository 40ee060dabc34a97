"""The queue with the role that docs/administration.md demands: row-level security holds for it, and nothing is missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hocba_app.models import Database, Job, School
from hocba_app.models.base import utc_now
from hocba_app.models.migrate import upgrade
from hocba_app.models.repositories import jobs as rows
from hocba_app.services.jobs.claim import beat, claimable, finish, release_all_of, take
from hocba_app.services.jobs.daily import delete_old_jobs, ensure_daily_jobs
from hocba_app.services.jobs.kinds import DAILY
from tests.integration.jobs.test_claims import fall_silent, new_job, row
from tests.integration.models.test_migrations import empty_url

__all__ = ["empty_url"]


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_every_question_of_the_queue_reaches_all_schools(empty_url: str) -> None:
    upgrade(empty_url)
    db = Database(empty_url)
    schools = [f"{number:026d}" for number in (1, 2)]
    with db.installation(write=True) as session:
        session.add_all(School(id=each, code=each[-8:], name="Trường") for each in schools)
    jobs = {each: new_job(db, each, "batch") for each in schools}
    assert sorted(claimable(db)) == sorted(jobs.items())
    claims = [claim for each in schools if (claim := take(db, each, jobs[each], "w")) is not None]
    assert len(claims) == 2
    for each in schools:
        fall_silent(db, each, jobs[each])
    beat(db, claims)
    assert claimable(db) == [] and all(
        row(db, each, jobs[each]).heartbeat_at > utc_now() - timedelta(seconds=20) for each in schools
    )  # type: ignore[operator]
    assert release_all_of(db, "w") == 2 and len(claimable(db)) == 2
    with db.installation() as session:
        [waiting] = rows.backlog(session)
    assert (waiting.kind, waiting.count) == ("batch", 2)
    for each in schools:
        again = take(db, each, jobs[each], "w")
        assert again is not None
        finish(db, again, "done")
        with db.write(each) as session:
            session.get_one(Job, (each, jobs[each])).ended_at = utc_now() - timedelta(days=31)
    assert ensure_daily_jobs(db) == 2 * len(DAILY) and ensure_daily_jobs(db) == 0
    assert delete_old_jobs(db) == 2
    db.dispose()
