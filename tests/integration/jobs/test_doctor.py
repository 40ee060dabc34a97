"""What `hocba doctor` says about jobs and time stamps: an alarm where nothing moves any more, none where something only waits."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import workers
from hocba_app.pki.tsa_client import TimestampClient
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.services.jobs.claim import take
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance import connection_check, doctor
from hocba_app.services.maintenance.connection_check import redis_answers, school_secrets, workers_seen
from hocba_app.services.signing.providers.mysign import MySignProvider
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
        (HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE, away=True), "Chưa kiểm tra được"),
    ],
)
def test_an_authority_whose_tokens_nobody_takes_is_named(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: HocbaError | None, said: str | None
) -> None:
    """Batches wait for a time stamp that will never be right: `doctor` must say which of the two it is."""
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
    """A fresh school has no signer to ask about: wrong credentials are reported all the same, unproven ones are not called good."""
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


@pytest.fixture(params=["away", "slow"])
def unanswering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Host and port of a service that is not there, or takes a call and never answers."""
    for module in (doctor, connection_check):
        monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if request.param == "away":
            listening.close()
            yield "127.0.0.1:9"
        else:
            yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_what_does_not_answer_is_not_told_as_bad(
    db: Database, school_id: str, unanswering: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each service is named as away; the school's credentials, the authority's tokens and the files are not blamed."""
    (tmp_path / "root.pem").write_text("")
    given = Settings(
        _env_file=None,
        database_url=db.url,
        secret_key=secrets.token_urlsafe(32),
        smas_url=f"http://{unanswering}",
        mysign_url=f"http://{unanswering}",
        tsa_url=f"http://{unanswering}/tsa",
        redis_url=f"redis://{unanswering}/0",
        trust_roots=str(tmp_path / "root.pem"),
        locks_dir=str(tmp_path),
    )
    for name in ("smas_url", "mysign_url", "secret_key"):
        monkeypatch.setenv(f"HOCBA_{name.upper()}", getattr(given, name))
    settings.cache_clear()
    set_credentials(
        db, operator(school_id), smas_client_id="a", smas_secret="b", mysign_client_id="c", mysign_secret="d"
    )
    monkeypatch.setattr(doctor, "timestamp_client", lambda: TimestampClient(given.tsa_url, trust_roots=[], timeout=0.3))
    monkeypatch.setitem(MySignProvider.__init__.__kwdefaults__, "timeout", 0.3)
    said = {
        check.name: check
        for look in (doctor._services, doctor._timestamps, redis_answers, school_secrets)
        for check in look(given, db)
    }
    for name in ("CSDL ngành", "MySign", "Dấu thời gian"):
        assert not said[name].ok and said[name].problem == "Không kết nối được.", name
    assert "Chưa kiểm tra được" in said["Mã dấu thời gian"].problem and "RFC" not in said["Mã dấu thời gian"].problem
    assert "không trả lời" in said["Redis"].problem
    for name in ("CSDL ngành 79760001", "MySign 79760001"):
        assert said[name].ok and said[name].problem.startswith("Chưa thử được"), said[name]


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_wrong_secret_key_is_named_whichever_schools_have_their_turn(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with db.installation(write=True) as session:
        session.add_all([School(code=f"7976100{number}", name="Trường") for number in range(8)])
    monkeypatch.setenv("HOCBA_SECRET_KEY", secrets.token_urlsafe(32))
    settings.cache_clear()
    set_credentials(db, operator(school_id), smas_client_id="a", smas_secret="b")
    monkeypatch.setenv("HOCBA_SECRET_KEY", secrets.token_urlsafe(32))
    settings.cache_clear()
    given = Settings(_env_file=None, locks_dir=str(tmp_path))
    for _ in range(3):
        [wrong] = [check for check in school_secrets(given, db) if check.name == "Khóa của thông tin kết nối"]
        assert not wrong.ok and "79760001" in wrong.problem and wrong.remedy


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_database_that_is_away_is_named_by_what_the_server_said(db: Database) -> None:
    url = "postgresql+psycopg://u:not-shown@127.0.0.1:9/x"
    [check] = doctor._database(Settings(_env_file=None, database_url=url), db)
    assert not check.ok and "127.0.0.1" in check.problem and "not-shown" not in check.problem
