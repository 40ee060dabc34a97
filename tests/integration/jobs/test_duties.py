"""What must be true for ever is found from state, whatever became of a job; what is behind is counted and seen."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from hocba_app.domain.document_lifecycle import DocumentLife
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Document, Job, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.document_state import life_values
from hocba_app.models.repositories.duties import Behind, behind_everywhere
from hocba_app.services.jobs import registry
from hocba_app.services.jobs.behind import behind_by_school, behind_here, words_of
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.enqueue import enqueue, live_job
from hocba_app.services.jobs.kinds import DAILY, KINDS
from hocba_app.services.jobs.results import GiveUp, RetryAfter
from hocba_app.services.jobs.retry import MAX_FAILURES, MAX_PAUSE, after_failure
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.metrics import as_text


def turn(db: Database, school_id: str, job_id: str) -> str:
    return advance(db, RunningJobs(), school_id, job_id, "w0", threading.Event())


def disk_full(_work: object) -> float:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("kind", DAILY)
def test_daily_work_that_fails_is_tried_again_with_growing_pauses_and_seen(
    db: Database, school_id: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_daily_jobs(db)
    with db.read(school_id) as session:
        job_id = live_job(session, kind).id  # type: ignore[union-attr]
    registry.function_of(kind)
    pauses = []
    with monkeypatch.context() as patch:
        patch.setitem(registry._FUNCTIONS, kind, disk_full)
        for _ in range(3):
            assert turn(db, school_id, job_id) == "postponed"
            with db.write(school_id) as session:
                row = session.get_one(Job, (school_id, job_id))
                pauses.append((row.wake_at - utc_now()).total_seconds())
                assert (row.state, row.error_code) == ("queued", ErrorCode.INTERNAL.value)
                row.wake_at = row.created_at
    assert pauses[0] < pauses[1] < pauses[2]
    with db.read(school_id) as session:
        assert behind_here(session).daily == 1
    assert 'hocba_behind{duty="daily"} 1.0' in as_text(db)
    monkeypatch.setitem(registry._FUNCTIONS, kind, lambda _work: RetryAfter(3600.0))
    assert turn(db, school_id, job_id) == "postponed"
    with db.read(school_id) as session:
        row = session.get_one(Job, (school_id, job_id))
        assert (row.failures, row.error_code, row.well_at is not None) == (0, None, True)
        assert behind_here(session) == Behind()


def test_what_is_tried_again_and_what_has_failed() -> None:
    assert after_failure("renewal", 500, refused=True) == RetryAfter(MAX_PAUSE)
    assert isinstance(after_failure("archive", 1, refused=False), RetryAfter)
    assert after_failure("archive", MAX_FAILURES + 1, refused=False) == GiveUp()
    assert after_failure("archive", 1, refused=True) == GiveUp(), (
        "a refusal says what is wrong; the sweep finds what is left"
    )
    assert after_failure("lock", 1, refused=False) == GiveUp(), "who asked for it asks again"
    assert not [name for name, kind in KINDS.items() if kind.daily and kind.tried_again]


def test_one_schools_trouble_is_not_the_next_ones(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hocba_app.services.jobs import daily

    with db.installation(write=True) as session:
        session.add(School(id="0" * 26, code="79760000", name="Trường khác"))
    real = daily._ensure
    monkeypatch.setattr(daily, "_ensure", lambda *a: disk_full(a) if a[1] == "0" * 26 else real(*a))
    assert ensure_daily_jobs(db) == len(DAILY)


def test_daily_work_nobody_does_is_behind_after_two_days(db: Database, school_id: str) -> None:
    assert dict(behind_by_school(db)) == {"79760001": Behind()}, "a school of today owes nothing yet"
    with db.installation(write=True) as session:
        session.get_one(School, school_id).created_at = utc_now() - timedelta(days=3)
    with db.read(school_id) as session:
        assert behind_here(session).daily == len(DAILY)
    ensure_daily_jobs(db)
    with db.read(school_id) as session:
        assert behind_here(session) == Behind()
    with db.write(school_id) as session:
        for row in session.exec(select(Job)).all():
            row.created_at = row.well_at = utc_now() - timedelta(days=3)
    owed = dict(behind_by_school(db))["79760001"]
    assert owed.daily == len(DAILY) and words_of(owed) == [f"{len(DAILY)} việc hằng ngày chưa làm được"]


def test_a_second_row_of_a_kind_does_not_hide_or_double(db: Database, school_id: str) -> None:
    ensure_daily_jobs(db)
    with db.write(school_id) as session:
        enqueue(session, "renewal", {}, actor="")
    with db.installation() as session:
        assert behind_everywhere(session, utc_now(), DAILY) == {}


def test_an_unlocked_document_owes_no_archive() -> None:
    """Its next version starts afresh: the mark of the version before must not count for it."""
    values = life_values(DocumentLife("results", "sealed").unlock())
    assert {name: values[name] for name in ("archived_at", "archive_look_at", "archive_failures")} == {
        "archived_at": None,
        "archive_look_at": None,
        "archive_failures": 0,
    }
    assert set(values) <= set(Document.model_fields)


def test_a_refusal_is_named(db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_work: object) -> float:
        raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)

    ensure_daily_jobs(db)
    with db.read(school_id) as session:
        job_id = live_job(session, "renewal").id  # type: ignore[union-attr]
    registry.function_of("renewal")
    monkeypatch.setitem(registry._FUNCTIONS, "renewal", down)
    assert turn(db, school_id, job_id) == "postponed"
    with db.read(school_id) as session:
        assert session.get_one(Job, (school_id, job_id)).error_code == ErrorCode.TIMESTAMP_UNAVAILABLE.value
