"""What `hocba doctor` says about jobs and time stamps: an alarm where something stands still, none where it only waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance import doctor
from hocba_app.settings import Settings


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
        (HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE, unit=True), "Chứng thư của dịch vụ dấu thời gian"),
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
