"""A sealed record stays provable when its signers' certificates have long expired: offline, and renewed by the night job."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyhanko.sign.ades.report import AdESPassed
from sqlmodel import select

from bench.sealed_record import Record, World, open_record, staff
from hocba_app.domain import clock
from hocba_app.models import Job
from hocba_app.pki import signer_certificate
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.simulators.trust import authority, revocation, timestamp
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast
from tests.integration.signing.test_chain import files, lock, sign, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.integration.verification.ades import ades_results
from tests.integration.verification.judging import ISSUERS, small_snapshot
from tests.school import SmallSchool

YEAR = timedelta(days=365)


def travel(monkeypatch: pytest.MonkeyPatch, away: timedelta) -> datetime:
    """The clock of our verdicts, of the renewal and of the trust simulator, moved."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + away

    for module in (revocation, authority):
        monkeypatch.setattr(module, "datetime", Moved)
    monkeypatch.setattr(clock, "machine_now", lambda: datetime.now(UTC) + away)
    monkeypatch.setattr(
        timestamp, "time", SimpleNamespace(time=lambda: (datetime.now(UTC) + away).timestamp(), time_ns=time.time_ns)
    )
    return datetime.now(UTC) + away + timedelta(minutes=1)


def assert_provable(file: bytes, roots: tuple[bytes, ...], at: datetime, *, signatures: int, stamps: int) -> None:
    """By replay, by pyHanko's analysis and by pyHanko's AdES engine, with nothing but the file and the roots."""
    results = ades_results(file, roots, at)
    assert {name: result.ades_subindic for name, result in results.items()} == dict.fromkeys(results, AdESPassed.OK)
    assert len(results) == signatures
    for judge in (examine_fast, examine_file):
        report = judge("x", file, roots, ISSUERS)
        assert (report.verdict, report.integrity) == ("valid", "intact"), report.reasons
        assert len(report.signatures) == signatures + stamps
        signers = [each for each in report.signatures if each.field in results]
        assert {(each.trust, each.detail.revocation) for each in signers} == {("trusted", "good")}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory):
    world = World(tmp_path_factory.mktemp("authority"))
    made = open_record(world, small_snapshot(), staff(world, small_snapshot()))
    made.sign_all()
    yield made
    world.close()


def test_a_record_outlives_its_signers_certificates(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates last three years; ten years on the file still holds everything a verifier needs."""
    roots = (record.world.root,)
    without = ades_results(record.file, roots, datetime.now(UTC) + 10 * YEAR)
    assert AdESPassed.OK not in {result.ades_subindic for result in without.values()}, "it is the archive that proves"
    record.archive()
    at = travel(monkeypatch, 10 * YEAR)
    assert all(at > signer_certificate.validity(signer.chain[0])[1] for signer in record.signers.values())
    assert_provable(record.file, roots, at, signatures=5, stamps=1)


def test_the_night_job_renews_once_it_gains_something(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit lasts twenty years and is followed by another: nothing to do after ten, all is renewed in its last one – once."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        done = sign(small, outside[0], part)
        assert done.state == "committed", (part, done.error_code)
    work_on(small, run_archive_job(small))
    for away, stamps in ((10 * YEAR, 1), (19.3 * YEAR, 2), (19.6 * YEAR, 2)):
        at = travel(monkeypatch, away)
        with small.db.write(small.school_id) as session:
            job_id = enqueue(session, "renewal", {}, actor="").id
        assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed"
        for kind, signatures in (("results", 6), ("cover", 2)):
            assert_provable(files(small, kind)[0], trust_roots(), at, signatures=signatures, stamps=stamps)


def run_archive_job(small: SmallSchool) -> str:
    with small.db.read(small.school_id) as session:
        return session.exec(select(Job.id).where(Job.kind == "archive")).one()
