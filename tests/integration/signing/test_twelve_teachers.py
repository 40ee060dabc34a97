"""Twelve teachers of one class tap within a second: 540 signatures, each teacher confirms once, and sees why he waits."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

import tests.school
from hocba_app.models import Database, Slot
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.claim import claimable
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signing import progress, signer_inbox
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.verification.verify import verify
from tests.integration.signing.conftest import for_school
from tests.integration.signing.test_chain import batch, files, held_leases, lock, start
from tests.integration.simulators.mysign_rig import PIN, Rig
from tests.school import SmallSchool, small_school

CODES = ("TOAN", "VAN", "NN1", "GDCD", "LSDL", "KHTN", "CN", "TIN", "GDTC", "NT", "HDTN", "GDDP")
PUPILS = 45


@pytest.fixture
def twelve(
    db: Database, school_id: str, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SmallSchool:
    monkeypatch.setattr(tests.school, "SUBJECTS", tuple((code, f"Môn {code}", "marked") for code in CODES))
    with for_school(outside, tmp_path, monkeypatch):
        yield small_school(db, school_id, outside[0], students=PUPILS)  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twelve_teachers_at_once(twelve: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    small, rig = twelve, outside[0]
    report = lock(small, "results").report["students"]
    assert Counter(row["outcome"] for row in report) == {"locked": PUPILS}
    mine = {code: start(small, code) for code in CODES}
    asked, over, waited = Counter(), threading.Event(), {}

    def work(name: str) -> None:
        claims = RunningJobs()
        while not over.is_set():
            for school_id, job_id in claimable(small.db):
                advance(small.db, claims, school_id, job_id, name, over)
            time.sleep(0.1)

    def teachers() -> None:
        """Each looks at his page, taps when his turn comes, and confirms what his phone shows."""
        while not over.is_set():
            for code, batch_id in mine.items():
                view, _ = progress.batch_view(small.db, small.people[code], batch_id)
                if view.state == "queued" and view.ahead:
                    waited[code] = max(waited.get(code, 0), view.wait_seconds)
                if view.your_turn:
                    signer_inbox.accept_turn(small.db, small.people[code], batch_id)
                if view.state == "waiting":
                    for request in rig.pending(small.users[code]):
                        asked[code] += 1
                        rig.confirm(request["transactionId"], PIN)
            time.sleep(0.05)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)] + [
        threading.Thread(target=teachers)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 600
    while (
        any(batch(small, batch_id).state not in ("committed", "ended") for batch_id in mine.values())
        and time.monotonic() < deadline
    ):
        time.sleep(0.2)
    over.set()
    for thread in threads:
        thread.join()
    assert {batch(small, batch_id).state for batch_id in mine.values()} == {"committed"}
    assert asked == dict.fromkeys(CODES, 1), "each was asked once"
    assert len(waited) >= 10 and max(waited.values()) >= 60, "who waits is told how many are before him, and how long"
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(Slot.id).where(Slot.signed_at.is_not(None))).all()) == 12 * PUPILS  # type: ignore[union-attr]
        assert verify_chain(session) == []
    assert held_leases(small) == 0
    for report_ in verify([("x", file) for file in files(small, "results")], roots=trust_roots()):
        assert report_.integrity == "intact" and len(report_.signatures) == 12
