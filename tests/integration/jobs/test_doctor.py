"""What `hocba doctor` says about jobs and time stamps: an alarm where something stands still, none where it only waits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import workers
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance import doctor
from hocba_app.services.maintenance.connection_check import school_secrets, workers_seen
from hocba_app.settings import Settings, settings
from tests.integration.simulators.mysign_rig import TEACHER, mysign_rig


def _job(db: Database, school_id: str, *, minutes_old: float) -> str:
    with db.write(school_id) as session:
        job = enqueue(session, "lock", {}, actor="")
        job.created_at = job.wake_at = utc_now() - timedelta(minutes=minutes_old)
        return job.id


def test_jobs_behind_a_busy_worker_are_no_alarm(db: Database, school_id: str) -> None:
    _job(db, school_id, minutes_old=5)
    [alone] = doctor._jobs(Settings(), db)
    assert not alone.ok and "1 công việc" in alone.problem
    assert take(db, school_id, _job(db, school_id, minutes_old=6), "w0") is not None
    assert [check.ok for check in doctor._jobs(Settings(), db)] == [True]


class Authority:
    """A time-stamp authority that refuses in its own way, or does not."""

    def __init__(self, error: HocbaError | None) -> None:
        self.error = error

    def tokens(self, values: Sequence[bytes]) -> list[bytes]:
        if self.error is not None:
            raise self.error
        return [b"token" for _ in values]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, None),
        (HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE), "RFC 3161"),
        (HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE, unit=True), "Chứng thư dấu thời gian"),
    ],
)
def test_an_authority_whose_tokens_nobody_takes_is_named(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: HocbaError | None, said: str | None
) -> None:
    """Batches wait for a time stamp that will never be right: the operator must be told which of the two it is."""
    roots = tmp_path / "root.pem"
    roots.write_text("")
    monkeypatch.setattr(doctor, "timestamp_client", lambda: Authority(error))
    [check] = doctor._timestamps(Settings(tsa_url="http://tsa.example", trust_roots=str(roots)), db)
    assert check.ok is (said is None)
    assert said is None or (said in check.problem and check.remedy)


def test_before_a_worker_ever_ran_it_is_told_what_to_start_and_nothing_is_late(db: Database, school_id: str) -> None:
    """On the first day the operator runs `doctor` before `worker`: that is no fault; a worker that has gone is one."""
    with db.installation(write=True) as session:
        session.get_one(School, school_id).created_at = utc_now() - timedelta(days=9)
    [worker] = workers_seen(Settings(), db)
    assert worker.ok and "./hocba worker" in worker.remedy, "a remark, neither an alarm nor silence"
    assert [check for check in doctor._duties(Settings(), db) if not check.ok] == []
    with db.installation(write=True) as session:
        workers.seen(session, "w-0")
    assert [check.ok for check in doctor._duties(Settings(), db)] == [False]
    with db.installation(write=True) as session:
        workers.gone(session, "w-0")
    _job(db, school_id, minutes_old=1)
    assert [check.ok for check in workers_seen(Settings(), db)] == [True], "a job that waits was begun by nobody"
    assert take(db, school_id, _job(db, school_id, minutes_old=1), "w0") is not None
    assert [check.ok for check in workers_seen(Settings(), db)] == [False]


def test_credentials_are_tried_before_anybody_is_connected(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A fresh school has no signer to ask about: wrong credentials are told all the same, unproven ones are not called good."""
    with mysign_rig(tmp_path / "mysign") as rig:
        rig.add(TEACHER)
        monkeypatch.setenv("HOCBA_MYSIGN_URL", rig.url)
        monkeypatch.setenv("HOCBA_SMAS_URL", "")
        monkeypatch.setenv("HOCBA_SECRET_KEY", secrets.token_urlsafe(32))
        settings.cache_clear()
        try:
            assert [(c.ok, bool(c.problem)) for c in school_secrets(settings(), db, whole=True)] == [(True, True)]
            for secret, told in ((rig.client["client_secret"], (True, "thử")), ("wrong", (False, "từ chối"))):
                set_credentials(db, operator(school_id), mysign_client_id=rig.client["client_id"], mysign_secret=secret)
                [check] = school_secrets(settings(), db, whole=True)
                assert check.ok is told[0] and told[1] in check.problem and check.remedy
        finally:
            settings.cache_clear()
