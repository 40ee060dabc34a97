"""``python -m tests.crash.machine [--examples N] [--steps N] [--database URL]``: taps, turns of workers, deaths, rejections, lapses, stops, unlocks, locks, reassignments and late
pupils in any order, over the real services and rows (Hypothesis). After every step: one prepared revision a record at most, stages in order, every
signature in its record's file; in the end nothing is held."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from hocba_app.domain.batch_lifecycle import BATCH_OVER
from hocba_app.domain.document_lifecycle import STAGES
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, Document, Job, Lease, Revision, SchoolClass, Slot, Student, UnlockRequest
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.claim import Claim, ClaimLost, take
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import Done
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signers import reassignment
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing import signer_inbox
from hocba_app.services.signing.providers.provider import ProviderStatus
from hocba_app.services.unlocking import unlock
from tests.crash.__main__ import ready, relock
from tests.crash.world import PARTS, PUPILS, Crashing
from tests.school import SmallSchool, add_student

EXAMPLES, STEPS = 25, 30
_CRASHING: list[Crashing] = []
_ORDER = {stage: number for number, stage in enumerate(STAGES["results"])}
_LIVE = ("prepared", "answered", "stamped")
_NOT_REASSIGNED = {
    ErrorCode.NOT_FOUND,
    ErrorCode.NOTHING_TO_DO,
    ErrorCode.REASSIGN_BUSY,
    ErrorCode.SIGNERS_DIFFER,
    ErrorCode.SIGNER_NOT_ENTITLED,
}
MAX_PUPILS = PUPILS + 2
choices = st.integers(0, 1 << 16)


class School(RuleBasedStateMachine):
    """One school's signing, driven by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.crashing = _CRASHING[0]
        self.small = self.crashing.small
        self.claims: dict[str, Claim] = {}
        self.drain()
        relock(self.small)

    @rule(part=st.sampled_from(PARTS))
    def tap(self, part: str) -> None:
        slots = ready(self.small, part)
        if slots:
            signer_inbox.start(self.small.db, self.small.people[part], slots)

    @rule(part=st.sampled_from(PARTS), choice=choices)
    def tap_one(self, part: str, choice: int) -> None:
        slots = ready(self.small, part)
        if slots:
            signer_inbox.start(self.small.db, self.small.people[part], [slots[choice % len(slots)]])

    @rule(choice=choices, turns=st.integers(1, 4))
    def work(self, choice: int, turns: int) -> None:
        """A worker takes a few turns at some batch; its claim is its own."""
        if live := self.live():
            batch = live[choice % len(live)]
            for _ in range(turns):
                if batch.id in {each.id for each in self.live()}:
                    self.turn(batch)

    @rule(choice=choices, state=st.sampled_from(("rejected", "timed_out")))
    def not_confirmed(self, choice: int, state: Any) -> None:
        """The signer says no on his phone, or nothing until the window is over; the worker hears it at its next turn."""
        batch = self.driven_to("waiting", choice)
        if batch is not None:
            real = self.crashing.service.poll
            self.crashing.service.poll = lambda *_: ProviderStatus(state)  # type: ignore[method-assign]
            self.crashing.connect_service()
            try:
                self.turn(batch)
            finally:
                self.crashing.service.poll = real  # type: ignore[method-assign]
                self.crashing.connect_service()

    @rule(part=st.sampled_from(PARTS), other=st.sampled_from(PARTS), choice=choices)
    def reassign(self, part: str, other: str, choice: int) -> None:
        """A teacher falls ill after the lock: another signs one of his records, or all that nobody is signing."""
        slots = ready(self.small, part)
        asked = [slots[choice % len(slots)]] if slots and choice % 3 else slots
        person = self.small.people[other].staff_id or ""
        try:
            reassignment.reassign_slots(self.small.db, self.small.people["admin"], asked, person, "Nghỉ ốm")
        except HocbaError as error:
            assert error.code in _NOT_REASSIGNED, error.code

    @rule(number=st.integers(PUPILS + 1, MAX_PUPILS))
    def late_pupil(self, number: int) -> None:
        """A pupil who joins a class that is being signed is locked alone; nobody else's record moves."""
        small = self.small
        with small.db.write(small.school_id) as session:
            known = session.exec(select(Student.id).where(Student.source_id == f"p{number}")).first()
            if known is None:
                add_student(session, session.get_one(SchoolClass, (small.school_id, small.class_id)), number)
                known = session.exec(select(Student.id).where(Student.source_id == f"p{number}")).one()
        before = {each.id: each.version_id for each in self.documents() if each.student_id != known}
        lock_open(small, [known])
        assert before == {each.id: each.version_id for each in self.documents() if each.student_id != known}

    @rule(choice=choices)
    def worker_dies(self, choice: int) -> None:
        """Another takes the job over; the first must not be able to write any more."""
        if self.claims:
            batch_id = sorted(self.claims)[choice % len(self.claims)]
            old = self.claims.pop(batch_id)
            new = take(self.small.db, self.small.school_id, batch_id, old.worker)
            if new is not None:
                self.claims[batch_id] = new
                before = self.states()
                with contextlib.suppress(ClaimLost):
                    batches.advance_batch(Work(self.small.db, old, {}, ""))
                assert self.states() == before, "a fenced worker has written"

    @rule(choice=choices, state=st.sampled_from(("queued", "claimed", "prepared", "waiting", "answered", "stamped")))
    def stop(self, choice: int, state: str) -> None:
        batch = self.driven_to(state, choice)
        if batch is not None:
            who = next(person for person in self.small.people.values() if person.account_id == batch.account_id)
            signer_inbox.stop_waiting(self.small.db, who, batch.id)

    @rule(choice=choices, state=st.sampled_from(("claimed", "prepared", "waiting", "answered", "stamped")))
    def unlock_under_a_lease(self, choice: int, state: str) -> None:
        if self.driven_to(state, choice) is not None:
            self.unlock_one(choice)

    def driven_to(self, state: str, choice: int, *, begin: bool = True) -> Batch | None:
        """A live batch in this state, worked on until it is there; None when there is none that gets there."""
        for batch in sorted(self.live(), key=lambda each: each.state == "queued"):
            for _ in range(6):
                now = next((each for each in self.live() if each.id == batch.id), None)
                if now is None or now.state == state:
                    break
                self.turn(now)
            if now is not None and now.state == state:
                return now
        slots = ready(self.small, part := PARTS[choice % len(PARTS)])
        if begin and slots and not self.live():
            signer_inbox.start(self.small.db, self.small.people[part], slots)
            return self.driven_to(state, choice, begin=False)  # once: who has left starts batches that end at once
        return None

    @rule(choice=choices)
    def unlock_one(self, choice: int) -> None:
        documents = [document for document in self.documents() if document.state != "open"]
        if documents:
            try:
                unlock.request_unlock(
                    self.small.db, self.small.people["principal"], [documents[choice % len(documents)].id], "Sửa"
                )
            except HocbaError as error:
                assert error.code is ErrorCode.UNLOCK_OPEN

    @rule()
    def lock_again(self) -> None:
        if any(document.state == "open" for document in self.documents()):
            lock_open(self.small)

    @invariant()
    def everything_holds(self) -> None:
        with self.small.db.read(self.small.school_id) as session:
            leases = {
                lease.version_id: lease.batch_id
                for lease in session.exec(select(Lease).where(Lease.released_at.is_(None))).all()
            }  # type: ignore[union-attr]
            prepared = session.exec(
                select(BatchItem.version_id, BatchItem.batch_id).where(BatchItem.state.in_(_LIVE))
            ).all()  # type: ignore[attr-defined]
            assert len({version for version, _ in prepared}) == len(prepared), "two prepared revisions of one record"
            assert all(leases.get(version) == batch for version, batch in prepared), "prepared without a lease"
            over = set(session.exec(select(Batch.id).where(Batch.state.in_(BATCH_OVER))).all())  # type: ignore[attr-defined]
            assert not over & set(leases.values()), "an orphan lease"
            current = set(session.exec(select(Document.version_id).where(Document.version_id.is_not(None))).all())  # type: ignore[union-attr]
            assert set(leases) <= current, "a version was voided under a lease"
            for document in session.exec(select(Document).where(Document.kind == "results")).all():
                slots = session.exec(select(Slot).where(Slot.version_id == (document.version_id or ""))).all()
                signed = [slot for slot in slots if slot.signed_at is not None]
                if signed:
                    highest = max(_ORDER[slot.stage] for slot in signed)
                    assert all(slot.signed_at for slot in slots if _ORDER[slot.stage] < highest), "a stage out of order"
                revisions = session.exec(
                    select(Revision.slot_id).where(
                        Revision.version_id == (document.version_id or ""), Revision.kind == "signature"
                    )
                ).all()
                assert sorted(map(str, revisions)) == sorted(slot.id for slot in signed), "a signature lost or doubled"

    def teardown(self) -> None:
        self.drain()
        with self.small.db.read(self.small.school_id) as session:
            assert session.exec(select(Lease).where(Lease.released_at.is_(None))).all() == []  # type: ignore[union-attr]
            assert session.exec(select(UnlockRequest).where(UnlockRequest.state == "approved")).all() == [], (
                "an unlock was forgotten"
            )
            assert verify_chain(session) == []

    def drain(self) -> None:
        """Every batch gets its turns, and every signer accepts when he is asked to, until all are over."""
        for _ in range(400):
            live = self.live()
            if not live:
                return
            for batch in live:
                if batch.state == "queued" and not batch.accepted:
                    who = next(person for person in self.small.people.values() if person.account_id == batch.account_id)
                    signer_inbox.accept_turn(self.small.db, who, batch.id)
                self.turn(batch)
        raise AssertionError(f"never over: {[(batch.id, batch.state, batch.note) for batch in self.live()]}")

    def turn(self, batch: Batch) -> None:
        claim = self.claims.get(batch.id) or take(self.small.db, self.small.school_id, batch.id, "w")
        assert claim is not None
        self.claims[batch.id] = claim
        if batches.advance_batch(Work(self.small.db, claim, {}, "")) == Done():
            self.claims.pop(batch.id)
            with self.small.db.write(self.small.school_id) as session:
                job = session.get_one(Job, (self.small.school_id, batch.id))
                job.state = "done"
                session.add(job)

    def live(self) -> list[Batch]:
        with self.small.db.read(self.small.school_id) as session:
            return list(
                session.exec(select(Batch).where(Batch.state.not_in(BATCH_OVER)).order_by(Batch.queued_at)).all()
            )  # type: ignore[attr-defined]

    def documents(self) -> list[Document]:
        with self.small.db.read(self.small.school_id) as session:
            return list(session.exec(select(Document).where(Document.kind == "results").order_by(Document.id)).all())

    def states(self) -> list[Any]:
        with self.small.db.read(self.small.school_id) as session:
            return [
                (batch.id, batch.state, batch.committed)
                for batch in session.exec(select(Batch).order_by(Batch.id)).all()
            ]


def lock_open(small: SmallSchool, student_ids: Sequence[str] | None = None) -> None:
    """Lock what is open – these pupils' alone, where they are named – and leave the rest."""
    job = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id, student_ids=student_ids)
    assert advance(small.db, RunningJobs(), small.school_id, job, "w", threading.Event()) == "ended"


def main() -> None:
    from tests.crash import acts, machine  # this very module by its name: its rules are those that the acts add to

    parser = argparse.ArgumentParser(description="Any order of acts, jobs and failures")
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--database", default="", help="URL of an empty database; a file of its own without")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        crashing = Crashing(Path(name), arguments.database)
        machine._CRASHING.append(crashing)
        try:
            run_state_machine_as_test(
                acts.SchoolWithPower,
                settings=settings(
                    max_examples=arguments.examples,
                    stateful_step_count=arguments.steps,
                    deadline=None,
                    database=None,
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate,),  # shrinking on rows that stay would lead nowhere
                ),
            )
        finally:
            crashing.small.db.dispose()
            crashing.close()
    print("ok")


if __name__ == "__main__":
    main()
