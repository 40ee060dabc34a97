"""Disks that are full and a database that only reads: what waits goes on by itself, people read a sentence, doctor names it."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import func, select

from hocba_app.domain.errors import SENTENCES, ErrorCode, StoreUnavailable
from hocba_app.models import Database, Job, School, connections
from hocba_app.services.jobs import runner
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.maintenance import doctor
from hocba_app.services.maintenance.readiness import readiness
from hocba_app.services.maintenance.room import room_left
from hocba_app.services.records.lock_request import start_lock
from hocba_app.services.records.lock_runs import lock_runs
from hocba_app.services.signers import image_draft
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing import batch_transitions, progress
from hocba_app.services.storage import folder_store
from hocba_app.settings import settings
from hocba_app.state.shared.failures import refusal_of
from tests.conftest import POSTGRES
from tests.integration.signers.test_images import paper
from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, lock, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.machines import small_disk
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]
Fill = Callable[[], Callable[[], None]]
ONE_TURN = threading.Event()
ONE_TURN.set()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Fill]:
    """The documents' own disk, 3 MB large."""
    with small_disk(tmp_path / "documents", 3000) as fill:
        yield fill


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((runner, "STORE_PAUSE"), (runner, "DATABASE_PAUSE"), (batches, "STORE_PAUSE")):
        monkeypatch.setattr(module, name, 0.05)
    monkeypatch.setattr(runner, "MAX_STAY", 0.01)  # every wait gives the job back
    monkeypatch.setattr(batch_transitions, "FIRST_RETRY", 0.02)


def turn(small: SmallSchool, job_id: str) -> Job:
    """One turn of a job, and its row afterwards."""
    runner.advance(small.db, runner.RunningJobs(), small.school_id, job_id, "w0", ONE_TURN)
    with small.db.read(small.school_id) as session:
        return session.get_one(Job, (small.school_id, job_id))


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_full_documents_folder(disk: Fill, small: SmallSchool, outside: Outside, tmp_path: Path) -> None:
    """A lock, a signing batch and an upload meet a full disk; each says so, and the two that wait go on when there is room."""
    make_room = disk()
    job_id = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    waiting = turn(small, job_id)
    assert (waiting.state, waiting.error_code, waiting.failures) == ("queued", "store_full", 0)
    [shown] = lock_runs(small.db, small.people["admin"])
    assert shown.live and "đã hết chỗ" in shown.problem and "tự chạy tiếp" in shown.problem
    told = {
        check.name: check.problem
        for look in (doctor._documents, room_left)
        for check in look(settings(), small.db)
        if not check.ok
    }
    assert "đã hết chỗ" in told["Kho hồ sơ"] and "Chỉ còn 0 MB" in told["Chỗ trống"]
    found = readiness(small.db)
    assert [part.name for part in found.parts if not part.ok and part.name == "room"] == ["room"]
    with pytest.raises(StoreUnavailable) as refused:
        image_draft.begin(small.db, small.people["TOAN"], str(small.people["TOAN"].staff_id), paper(1))
    assert refusal_of(refused.value).sentence == refused.value.sentence and "đã hết chỗ" in refused.value.sentence
    assert not list((tmp_path / "documents" / folder_store.PARTIAL).iterdir()), "nothing is left half"
    make_room()
    work_on(small, job_id)
    [shown] = lock_runs(small.db, small.people["admin"])
    assert (shown.state, shown.problem, shown.counts["locked"]) == ("done", "", 2)

    batch_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    while batch(small, batch_id).state not in ("answered", "stamped"):
        turn(small, batch_id)
    phone.join()
    make_room = disk()
    while batch(small, batch_id).note != "store_waits":
        turn(small, batch_id)
    shown_batch = progress.batch_view(small.db, small.people["TOAN"], batch_id)[0]
    assert shown_batch.note == SENTENCES[ErrorCode.STORE_WAITS] and not shown_batch.over
    make_room()
    assert work_on(small, batch_id) == "ended"
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.failed, held_leases(small)) == ("committed", 2, 0, 0)


@pytest.mark.postgres
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_database_that_only_reads(small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standby, or a server somebody has made read-only: jobs wait, a press is answered, doctor and /readyz say no."""
    lock(small, "results")
    batch_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    while batch(small, batch_id).state != "answered":
        turn(small, batch_id)
    phone.join()
    name = small.db.url.rsplit("/", 1)[1]
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'alter database "{name}" set default_transaction_read_only = on')
        small.db.dispose()
        try:
            with pytest.raises(OperationalError):  # what a worker's look survives: nothing is claimed, nothing lost
                turn(small, batch_id)
            with pytest.raises(OperationalError) as refused:
                start(small, "VAN")
            assert refusal_of(refused.value).code is ErrorCode.SERVICE_PAUSED
            found = readiness(small.db)
            assert not found.ready and not found.parts[0].ok
            assert found.as_json()["sentence"] == SENTENCES[ErrorCode.SERVICE_PAUSED]
            [told] = room_left(settings(), small.db)
            assert not told.ok and "chỉ đọc được" in told.problem
        finally:
            server.execute(f'alter database "{name}" reset default_transaction_read_only')
    small.db.dispose()
    assert readiness(small.db).parts[0].ok and [check.ok for check in room_left(settings(), small.db)] == [True]
    assert work_on(small, batch_id) == "ended"
    done = batch(small, batch_id)
    assert (done.state, done.committed, done.failed, held_leases(small)) == ("committed", 2, 0, 0)


@pytest.mark.postgres
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_full_disk_under_postgresql(
    db: Database, school_id: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One table and the temporary ones lie on a disk of their own, and it is full."""
    monkeypatch.setattr(connections._Full, "at", float("-inf"))
    place = Path(f"/tmp/hocba-disk-{secrets.token_hex(4)}")
    name, database = place.name.replace("-", "_"), db.url.rsplit("/", 1)[1]
    with small_disk(place, 1500) as fill, psycopg.connect(POSTGRES, autocommit=True) as server:
        try:
            owner = os.stat(str(server.execute("show data_directory").fetchone()[0]))  # type: ignore[index]
            os.chown(place, owner.st_uid, owner.st_gid)
            server.execute(f"create tablespace {name} location '{place}'")
        except (OSError, psycopg.Error) as error:
            sys.stderr.write(f"\nNOT TESTED: the server cannot have a small disk here ({error})\n")
            pytest.skip("the server is on another machine, or another user's")
        with psycopg.connect(db.url.replace("+psycopg", ""), autocommit=True) as own:
            own.execute(
                "vacuum full job"
            )  # the tests before left free pages: they would fill the small disk, or take new rows
            own.execute(f"alter table job set tablespace {name}")
            server.execute(f"alter database {database} set temp_tablespaces = {name}")
        db.dispose()
        try:
            make_room = fill()
            assert not readiness(db).parts[0].sentence, "looking works"
            with pytest.raises(OperationalError) as refused:
                for _ in range(500):  # what is left of the table's last page
                    with db.write(school_id) as session:
                        enqueue(session, "print", {}, actor="")
            assert refusal_of(refused.value).code is ErrorCode.SERVICE_PAUSED
            [told] = room_left(settings(), db)
            assert not told.ok and "đã đầy" in told.problem
            found = readiness(db)
            assert "room" in [part.name for part in found.parts if not part.ok]
            with db.installation(write=True) as session:
                session.add(School(code="79760009", name="Trường khác"))  # what lies elsewhere goes on
            make_room()
            with db.write(school_id) as session:
                before = session.exec(select(func.count()).select_from(Job)).one()
                enqueue(session, "print", {}, actor="")
            with db.read(school_id) as session:
                assert session.exec(select(func.count()).select_from(Job)).one() == before + 1
            assert [check.ok for check in room_left(settings(), db)] == [True]
        finally:
            db.dispose()
            server.execute(f"alter database {database} reset temp_tablespaces")
            with psycopg.connect(db.url.replace("+psycopg", ""), autocommit=True) as own:
                own.execute("alter table job set tablespace pg_default")
            server.execute(f"drop tablespace {name}")
    place.rmdir()
