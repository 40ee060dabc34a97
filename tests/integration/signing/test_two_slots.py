"""One person with two slots at one stage of a document: one tap, two batches one after the other, never two revisions at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.models import Batch, BatchItem, Job, Revision, Slot
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signers.reassignment import ClassField, reassign_slots
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing import batch_transitions, progress, signer_inbox
from hocba_app.services.signing.admission import STILL_THERE
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.verification.verify import verify
from tests.integration.signing.test_chain import (
    batch,
    confirm_on_phone,
    files,
    held_leases,
    lock,
    sign,
    waiting,
    work_on,
)
from tests.integration.simulators.mysign_rig import Rig
from tests.school import TAX_CODE, SmallSchool


def tap(small: SmallSchool) -> tuple[str, str]:
    """The teacher of mathematics signs literature too; he signs all with one tap."""
    who = small.people["TOAN"]
    reassign_slots(
        small.db, small.people["admin"], ClassField(small.class_id, "s.VAN.1"), who.staff_id or "", "Nghỉ ốm"
    )
    first, second = signer_inbox.start(small.db, who, [item.slot_id for item in waiting(small, "TOAN")])
    return first, second


def working(small: SmallSchool, *batch_ids: str) -> list[threading.Thread]:
    threads = [
        threading.Thread(target=work_on, args=(small, batch_id, f"w{number}"))
        for number, batch_id in enumerate(batch_ids)
    ]
    for thread in threads:
        thread.start()
    return threads


def waited_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def signed_once(small: SmallSchool) -> None:
    """Both slots of both documents are signed, each in one revision of its own."""
    with small.db.read(small.school_id) as session:
        slots = [slot for slot in session.exec(select(Slot)).all() if slot.field in ("s.TOAN.1", "s.VAN.1")]
        made = [row.slot_id for row in session.exec(select(Revision).where(Revision.kind == "signature")).all()]
    assert len(slots) == 4 and all(slot.signed_at is not None for slot in slots)
    assert sorted(made) == sorted(slot.id for slot in slots)
    assert held_leases(small) == 0


def test_one_tap_signs_both_one_after_the_other(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    first, second = tap(small)
    with small.db.read(small.school_id) as session:
        in_each = [
            session.exec(select(BatchItem.version_id).where(BatchItem.batch_id == each)).all()
            for each in (first, second)
        ]
    assert sorted(in_each[0]) == sorted(in_each[1]) and len(set(in_each[0])) == 2, "each document once in each"
    assert all(not item.ready for item in waiting(small, "TOAN"))
    threads = working(small, first, second)
    waited_for(lambda: batch(small, first).state == "waiting")
    after = {view.id: view.after_own for view in progress.my_batches(small.db, small.people["TOAN"])}
    assert after == {first: False, second: True}
    assert batch(small, second).state == "queued" and held_leases(small) == 2, (
        "never two prepared revisions of one document"
    )
    with small.db.write(small.school_id) as session:  # he took his time on the phone
        row = session.get_one(Batch, (small.school_id, second))
        row.queued_at = utc_now() - STILL_THERE - timedelta(seconds=10)
        session.add(row)
    confirm_on_phone(small, outside[0], "TOAN")
    waited_for(lambda: batch(small, second).state == "waiting")
    assert batch(small, second).offered_at is None, "he has just confirmed: no second tap"
    confirm_on_phone(small, outside[0], "TOAN")
    for thread in threads:
        thread.join(180)
    assert [batch(small, each).state for each in (first, second)] == ["committed", "committed"]
    signed_once(small)
    for part in ("GDTC", "homeroom", "principal", "operator"):
        assert sign(small, outside[0], part).state == "committed", part
    for file in files(small, "results"):
        [verdict] = verify([("x", file)], roots=trust_roots(), issuers=[{"tax_code": TAX_CODE}], always_analyse=True)
        assert (verdict.integrity, {reason.code for reason in verdict.reasons}) == ("intact", {"not_archived"}), (
            "nothing but the archive is missing"
        )


def test_who_rejects_the_first_is_asked_before_the_second(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    first, second = tap(small)
    [thread] = working(small, first)
    user, rig = small.users["TOAN"], outside[0]
    waited_for(lambda: bool(rig.pending(user)))
    assert rig.phone("reject", user_id=user, transactionId=rig.pending(user)[0]["transactionId"]).status_code == 200
    thread.join(180)
    assert batch(small, first).state == "ended"
    assert advance(small.db, RunningJobs(), small.school_id, second, "w1", threading.Event()) == "postponed"
    row = batch(small, second)
    assert (row.state, row.offered_at is not None, row.accepted) == ("queued", True, False)
    assert rig.pending(user) == []
    signer_inbox.stop_waiting(small.db, small.people["TOAN"], second)
    assert work_on(small, second, "w1") == "ended"
    assert len([item for item in waiting(small, "TOAN") if item.ready]) == 4 and held_leases(small) == 0


class Killed(BaseException):
    """The process is gone at this instruction."""


def _kill(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "point", ["end of the first", "claim of the second", "prepared revision of the second", "answer of the second"]
)
def test_killed_between_the_two(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Whoever takes over signs what is missing, once."""
    lock(small, "results")
    first, second = tap(small)
    with monkeypatch.context() as patch:
        if point == "end of the first":
            patch.setattr(batch_transitions, "look_again", _kill)  # the first is committed, the second was not told
            phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
            phone.start()
            with pytest.raises(Killed):
                work_on(small, first)
            phone.join()
        else:
            phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
            phone.start()
            assert work_on(small, first) == "ended"
            phone.join()
            handler = {
                "claim of the second": "claimed",
                "prepared revision of the second": "prepared",
                "answer of the second": "answered",
            }[point]
            patch.setitem(batches._HANDLERS, handler, _kill)
            if point == "answer of the second":
                phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
                phone.start()
            with pytest.raises(Killed):
                work_on(small, second)
            phone.join()
    assert batch(small, first).committed == 2
    with small.db.write(small.school_id) as session:  # nobody has heard of the dead worker for a while
        for job in session.exec(select(Job).where(Job.kind == "batch")).all():
            job.wake_at = job.created_at
            if job.heartbeat_at is not None:
                job.heartbeat_at -= timedelta(minutes=1)
            session.add(job)
    threads = working(small, first, second)
    if point != "answer of the second":
        confirm_on_phone(small, outside[0], "TOAN")
    for thread in threads:
        thread.join(180)
    assert batch(small, second).state == "committed"
    signed_once(small)
