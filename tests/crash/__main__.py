"""``python -m tests.crash --runs 1000 [--seed N] [--steps]``: a process signs, is killed, another goes on – and again.

With ``--steps`` it is killed at every point in turn; else at random instants. Prints one line of JSON; ends with 1 when a
signature was lost or doubled, a lease stayed, or the audit chain does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Batch, Document, Job, LateAnswer, Lease, Revision, Slot
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signing import signer_inbox
from hocba_app.services.storage.files import current_file
from hocba_app.services.unlocking import unlock
from hocba_app.services.verification.verify import verify
from tests.crash import points
from tests.crash.world import PARTS, PUPILS, Crashing
from tests.school import SmallSchool

MAX_LIVES = 40


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the worker, again and again")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--steps", action="store_true", help="at every point in turn, instead of at random instants")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        crashing = Crashing(Path(name))
        try:
            warm_up(crashing)
            told = every_step(crashing) if arguments.steps else at_random(crashing, arguments.runs, chance)
        finally:
            crashing.close()
    print(json.dumps({"seed": seed, **told}))
    return 0


def warm_up(crashing: Crashing) -> None:
    """One batch in this very process: what it compiles and caches comes with every fork."""
    batch_id = begin(crashing)
    small = crashing.fresh()
    assert advance(small.db, RunningJobs(), small.school_id, batch_id, "w", threading.Event()) == "ended"
    check(crashing, batch_id, "before any crash")


def every_step(crashing: Crashing) -> dict[str, object]:
    """Die at the first point, the second, … until a batch gets through without reaching the point of its death."""
    names: set[str] = set()
    point, killed = 1, 0
    while True:
        batch_id = begin(crashing)
        died = live(crashing, batch_id, die_at=point) is None
        assert live(crashing, batch_id) is not None
        check(crashing, batch_id, f"point {point}")
        names.update(crashing.trail.read_text().split())
        if not died:
            return {"points": point - 1, "killed": killed, "names": sorted(names)}
        killed += 1
        point += 1


def at_random(crashing: Crashing, runs: int, chance: random.Random) -> dict[str, object]:
    """Killed from outside at a random instant, up to three times a batch."""
    killed, spans = 0, [0.4]
    for number in range(runs):
        batch_id = begin(crashing)
        usual = sorted(spans[-15:])[len(spans[-15:]) // 2]
        for _ in range(chance.randrange(1, 4)):
            begun = time.monotonic()
            if live(crashing, batch_id, kill_after=chance.uniform(0, usual)) is not None:
                spans.append(time.monotonic() - begun)
                break
            killed += 1
        lives = 0
        while live(crashing, batch_id) is None:
            lives += 1
            assert lives < MAX_LIVES
        check(crashing, batch_id, f"run {number}")
    return {"runs": runs, "killed": killed}


def begin(crashing: Crashing) -> str:
    """The next signer's batch; records that all have signed are unlocked and locked afresh first."""
    points.arm(None)
    small = crashing.fresh()
    try:
        part = next((each for each in PARTS if ready(small, each)), None)
        if part is None:
            relock(small)
            part = PARTS[0]
        return signer_inbox.start(small.db, small.people[part], ready(small, part))[0]
    finally:
        small.db.dispose()


def ready(small: SmallSchool, part: str) -> list[str]:
    with small.db.read(small.school_id) as session:
        return [item.slot_id for item in signer_inbox.waiting_for(session, small.people[part]) if item.ready]


def relock(small: SmallSchool) -> None:
    with small.db.read(small.school_id) as session:
        locked = session.exec(select(Document.id).where(Document.kind == "results", Document.state != "open")).all()
    if locked:
        unlock.request_unlock(small.db, small.people["principal"], locked, "Ký lại")
    job = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    assert advance(small.db, RunningJobs(), small.school_id, job, "w", threading.Event()) == "ended"


def live(
    crashing: Crashing, batch_id: str, *, die_at: int | None = None, kill_after: float | None = None
) -> str | None:
    """One life of the worker in a process of its own.

    Returns:
        How it ended by itself, or None when it was killed.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            points.arm(die_at)
            small = crashing.fresh()
            while (
                outcome := advance(small.db, RunningJobs(), small.school_id, batch_id, "w", threading.Event())
            ) == "postponed":
                time.sleep(0.01)
            crashing.trail.write_text("\n".join(points.trail()))
            code = 0 if outcome in ("ended", "held") else 1
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the worker failed"
    return "ended"


def check(crashing: Crashing, batch_id: str, where: str) -> None:
    """Every confirmed signature is in its record once, nothing is held, the chain of events holds."""
    small = crashing.fresh()
    try:
        with small.db.read(small.school_id) as session:
            batch = session.get_one(Batch, (small.school_id, batch_id))
            if batch.error_code == ErrorCode.SUBMISSION_UNKNOWN.value:
                assert batch.committed == 0, where  # killed twice around the sending: nobody is asked a third time
            else:
                assert (batch.state, batch.committed, batch.failed) == ("committed", PUPILS, 0), (
                    where,
                    batch.state,
                    batch.error_code,
                )
            assert session.get_one(Job, (small.school_id, batch_id)).state == "done", where
            assert session.exec(select(Lease).where(Lease.released_at.is_(None))).all() == [], where  # type: ignore[union-attr]
            assert session.exec(select(LateAnswer)).all() == [], where
            assert verify_chain(session) == [], where
            for document in session.exec(select(Document).where(Document.kind == "results")).all():
                version = document.version_id or ""
                signed = session.exec(select(Slot).where(Slot.version_id == version, Slot.signed_at.is_not(None))).all()  # type: ignore[union-attr]
                revisions = session.exec(
                    select(Revision).where(Revision.version_id == version, Revision.kind == "signature")
                ).all()
                assert sorted(row.slot_id or "" for row in revisions) == sorted(slot.id for slot in signed), where
                report = verify([("x", current_file(session, version))], roots=[crashing.world.root])[0]
                found = report.integrity, len(report.signatures)
                assert found == ("intact" if signed else "unsigned", len(signed)), (where, report.reasons)
    finally:
        small.db.dispose()


if __name__ == "__main__":
    sys.exit(main())
