"""Every sealed record has its archive data and every archive is renewed in time, whatever failed once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Document, Job, Revision
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import duties
from hocba_app.services.jobs.behind import behind_here
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signing import archive_job, archive_renewal_job
from hocba_app.services.storage import blobs
from tests.integration.signing.test_chain import sign, work_on
from tests.integration.signing.test_seal_elsewhere import ready_to_seal
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]


def archives(small: SmallSchool) -> int:
    with small.db.read(small.school_id) as session:
        return len(session.exec(select(Revision).where(Revision.kind == "archive")).all())


def sealed(small: SmallSchool, rig: Rig) -> str:
    """Six sealed records; the id of their batch's archive job."""
    ready_to_seal(small, rig)
    assert sign(small, rig, "operator").committed == 6
    with small.db.read(small.school_id) as session:
        return session.exec(select(Job.id).where(Job.kind == "archive")).one()


def night(small: SmallSchool) -> Job:
    """One turn of the sweep."""
    with small.db.write(small.school_id) as session:
        job_id = enqueue(session, "renewal", {}, actor="").id
    assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed"
    with small.db.write(small.school_id) as session:
        row = session.get_one(Job, (small.school_id, job_id))
        row.state = "done"
    return row


def documents(small: SmallSchool, change: Callable[[Document], None] | None = None) -> list[Document]:
    with small.db.write(small.school_id) as session:
        found = list(session.exec(select(Document).order_by(Document.id)).all())
        for document in found if change else ():
            change(document)  # type: ignore[misc]
    return found


def test_an_archive_job_that_failed_for_ever_is_made_up_for(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = sealed(small, outside[0])
    with monkeypatch.context() as full:
        full.setattr(
            archive_job.blobs, "put", lambda _data: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed", (
            "tried again"
        )
    with small.db.write(small.school_id) as session:
        session.get_one(Job, (small.school_id, job_id)).state = "failed"
    documents(small, lambda each: setattr(each, "updated_at", utc_now() - timedelta(hours=2)))
    with small.db.read(small.school_id) as session:
        assert behind_here(session).archives == 6
    assert night(small).report == {"archived": 6, "renewed": 0, "failed": 0, "ending": None}
    assert archives(small) == 6 and all(each.archived_at for each in documents(small))
    with small.db.read(small.school_id) as session:
        assert not behind_here(session).any


def test_one_damaged_record_does_not_hold_up_the_others(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(small, outside[0])
    bad = documents(small)[0]
    real = archive_job.archive_version

    def archive_version(work: object, version_id: str, **more: object) -> bool:
        if version_id == bad.version_id:
            raise OSError(5, "Input/output error")
        return real(work, version_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(archive_renewal_job, "archive_version", archive_version)
    assert night(small).report["failed"] == 1 and archives(small) == 5
    first = next(each for each in documents(small) if each.id == bad.id)
    assert first.archive_failures == 1 and first.archive_look_at is not None
    assert night(small).report == {"archived": 0, "renewed": 0, "failed": 0, "ending": None}, "its pause is not over"
    documents(small, lambda each: setattr(each, "archive_look_at", utc_now()) if each.id == bad.id else None)
    night(small)
    second = next(each for each in documents(small) if each.id == bad.id)
    assert second.archive_failures == 2 and second.archive_look_at - utc_now() > first.archive_look_at - utc_now()  # type: ignore[operator]
    documents(small, lambda each: setattr(each, "archive_look_at", None) if each.id == bad.id else None)
    monkeypatch.setattr(archive_renewal_job, "archive_version", real)
    night(small)
    assert archives(small) == 6 and {each.archive_failures for each in documents(small)} == {0}


def test_renewal_reaches_what_is_due_behind_what_is_not(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest stamps are of an authority with a long certificate; those behind them are due, and a night looks at three."""
    assert work_on(small, sealed(small, outside[0])) == "ended"
    monkeypatch.setattr(archive_renewal_job, "YOUNG", timedelta(seconds=-1))
    monkeypatch.setattr(archive_renewal_job, "MAX_STAMPS_A_NIGHT", 3)
    with small.db.read(small.school_id) as session:
        later = utc_now() + timedelta(seconds=1)
        old = {bytes(blobs.get(blob)) for _, blob in duties.to_look_at(session, later, later, 3)}
    assert len(old) == 3
    real, judged = archive_renewal_job.stamp_certificates, []

    def stamp_certificates(update: bytes) -> tuple[bytes, ...]:
        judged.append(bytes(update) not in old)
        return real(update)

    monkeypatch.setattr(archive_renewal_job, "stamp_certificates", stamp_certificates)
    monkeypatch.setattr(archive_renewal_job, "_is_due", lambda *_: judged[-1])
    found = [night(small).report["renewed"] for _ in range(4)]
    assert found == [0, 3, 0, 0] and archives(small) == 9


def test_with_the_authority_down_the_sweep_waits_longer_each_time(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(small, outside[0])

    def down(*_: object, **__: object) -> bool:
        raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)

    monkeypatch.setattr(archive_renewal_job, "archive_version", down)
    pauses = []
    with small.db.write(small.school_id) as session:
        job_id = enqueue(session, "renewal", {}, actor="").id
    for _ in range(3):
        assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed"
        with small.db.write(small.school_id) as session:
            row = session.get_one(Job, (small.school_id, job_id))
            pauses.append((row.wake_at - utc_now()).total_seconds())
            row.wake_at = row.created_at
    assert pauses[0] < pauses[1] < pauses[2] and row.report[archive_job.WAITING]["tries"] == 3
    assert [each.archive_failures for each in documents(small)].count(0) == 3, "one is tried a turn, each time another"
