"""Two at once, on both databases: taps, starts, unlocks and ends that read the same rows and then write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, DocumentVersion, Job, Lease, SchoolClass, UnlockRequest
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.services.jobs.enqueue import ask_cancel
from hocba_app.services.signing import signer_inbox
from hocba_app.services.signing.admission import Admission, try_admit
from hocba_app.services.signing.batch_transitions import close
from hocba_app.services.unlocking import unlock
from tests.integration.signing.test_chain import batch, documents, held_leases, lock, start, waiting
from tests.school import SmallSchool, add_student

ROUNDS = 6


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Every call on a thread of its own, let go together; results or exceptions in order."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index, call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def try_starting(small: SmallSchool, batch_id: str) -> bool:
    with small.db.write(small.school_id) as session:
        return try_admit(session, session.get_one(Batch, (small.school_id, batch_id))) is Admission.ADMITTED


def end(small: SmallSchool, batch_id: str) -> None:
    with small.db.write(small.school_id) as session:
        close(session, session.get_one(Batch, (small.school_id, batch_id)), HocbaError(ErrorCode.SIGNING_REJECTED))


def test_a_double_tap_is_one_batch(small: SmallSchool) -> None:
    lock(small, "results")
    slots = [item.slot_id for item in waiting(small, "TOAN")]
    results = at_once(*[lambda: signer_inbox.start(small.db, small.people["TOAN"], slots)] * 4)
    started = [result for result in results if isinstance(result, list)]
    refused = [result for result in results if isinstance(result, HocbaError)]
    assert len(started) == 1 and [error.code for error in refused] == [ErrorCode.NOTHING_TO_DO] * 3, results
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(BatchItem)).all()) == len(slots)


def test_one_of_two_teachers_gets_the_class(small: SmallSchool) -> None:
    lock(small, "results")
    for _ in range(ROUNDS):
        first, second = start(small, "TOAN"), start(small, "VAN")
        results = at_once(lambda: try_starting(small, first), lambda: try_starting(small, second))  # noqa: B023
        assert sorted(results, key=str) in ([False, True], [True]), results
        assert [batch(small, one).state for one in (first, second)].count("claimed") == 1
        assert held_leases(small) == 2
        end(small, first)
        end(small, second)
        assert held_leases(small) == 0


def test_a_phone_never_shows_two_requests(small: SmallSchool) -> None:
    """Two batches of one key, of different records: the second waits although its records are free."""
    lock(small, "results")
    for _ in range(ROUNDS):
        slots = [item.slot_id for item in waiting(small, "TOAN")]
        ids = [signer_inbox.start(small.db, small.people["TOAN"], [slot])[0] for slot in slots]
        results = at_once(*[lambda one=one: try_starting(small, one) for one in ids])
        assert results.count(True) == 1 and results.count(False) == 1, results
        for one in ids:
            end(small, one)


def test_an_unlock_and_a_start_never_both_win(small: SmallSchool) -> None:
    """A version is void and free, or leased and waited for: never void under a lease."""
    for _ in range(ROUNDS):
        lock(small, "results")
        chosen = documents(small)[0].id
        batch_id = start(small, "TOAN")
        results = at_once(
            lambda: try_starting(small, batch_id),  # noqa: B023
            lambda: unlock.request_unlock(small.db, small.people["principal"], [chosen], "Sửa"),  # noqa: B023
        )
        assert not any(isinstance(result, Exception) for result in results), results
        with small.db.read(small.school_id) as session:
            voided = session.exec(
                select(Lease.id)
                .join(DocumentVersion, DocumentVersion.id == Lease.version_id)  # type: ignore[arg-type]
                .where(Lease.released_at.is_(None), DocumentVersion.voided_at.is_not(None))  # type: ignore[union-attr]
            ).all()
        assert voided == []
        end(small, batch_id)
        assert {document.id: document.state for document in documents(small)}[chosen] == "open"


def test_an_unlock_asked_while_the_batch_ends_is_never_forgotten(small: SmallSchool) -> None:
    for _ in range(ROUNDS):
        lock(small, "results")
        chosen = documents(small)[0].id
        batch_id = start(small, "TOAN")
        assert try_starting(small, batch_id)
        results = at_once(
            lambda: end(small, batch_id),  # noqa: B023
            lambda: unlock.request_unlock(small.db, small.people["principal"], [chosen], "Sửa"),  # noqa: B023
        )
        assert not any(isinstance(result, Exception) for result in results), results
        with small.db.read(small.school_id) as session:
            assert {row.state for row in session.exec(select(UnlockRequest)).all()} == {"done"}
        assert {document.id: document.state for document in documents(small)}[chosen] == "open"
    assert held_leases(small) == 0


def test_splitting_and_starting_share_nothing(small: SmallSchool) -> None:
    """The part split off and what is left are two batches of one key: one of them starts, each keeps its own items."""
    lock(small, "results")
    blocked = [item.slot_id for item in waiting(small, "VAN")][:1]
    other = signer_inbox.start(small.db, small.people["VAN"], blocked)[0]
    assert try_starting(small, other)
    mine = start(small, "TOAN")
    results = at_once(
        lambda: signer_inbox.split_free(small.db, small.people["TOAN"], mine),
        lambda: try_starting(small, mine),
        lambda: end(small, other),
    )
    with small.db.read(small.school_id) as session:
        leases = {
            lease.version_id: lease.batch_id
            for lease in session.exec(select(Lease).where(Lease.released_at.is_(None))).all()
        }  # type: ignore[union-attr]
        holders = {item.version_id: item.batch_id for item in batch_rows.items_of(session, mine)}
        if isinstance(results[0], str):
            holders |= {item.version_id: item.batch_id for item in batch_rows.items_of(session, results[0])}
    assert all(holders[version] == holder for version, holder in leases.items()), (results, leases, holders)


def test_stopping_beside_a_worker_is_no_deadlock(small: SmallSchool) -> None:
    """The worker locks the job's row first, then its batch; so does whoever stops or accepts."""
    lock(small, "results")
    for _ in range(ROUNDS):
        batch_id = start(small, "TOAN")

        def as_worker() -> None:
            with small.db.write(small.school_id) as session:
                session.get(Job, (small.school_id, batch_id), with_for_update=True)  # noqa: B023
                row = session.get_one(Batch, (small.school_id, batch_id))  # noqa: B023
                row.attempts += 1
                session.add(row)

        results = at_once(
            as_worker,
            lambda: signer_inbox.stop_waiting(small.db, small.people["TOAN"], batch_id),  # noqa: B023
            as_worker,
            lambda: signer_inbox.accept_turn(small.db, small.people["TOAN"], batch_id),  # noqa: B023
        )
        assert results == [None] * 4, results
        end(small, batch_id)


def test_a_batch_is_not_cancelled_like_other_jobs(small: SmallSchool) -> None:
    """Cancelling the job alone would leave the batch, and its leases, to nobody."""
    lock(small, "results")
    batch_id = start(small, "TOAN")
    with small.db.write(small.school_id) as session:
        ask_cancel(session, batch_id)
    with small.db.read(small.school_id) as session:
        assert session.get_one(Job, (small.school_id, batch_id)).state == "queued"


@pytest.mark.parametrize("part", ["VAN"])
def test_nobody_stops_or_accepts_anothers_batch(small: SmallSchool, part: str) -> None:
    lock(small, "results")
    batch_id = start(small, "TOAN")
    for call in (signer_inbox.stop_waiting, signer_inbox.accept_turn, signer_inbox.split_free):
        with pytest.raises(HocbaError) as refused:
            call(small.db, small.people[part], batch_id)
        assert refused.value.code is ErrorCode.NOT_FOUND
    assert not batch(small, batch_id).stop_waiting


def test_a_batch_split_counts_what_left_it_before_once(small: SmallSchool) -> None:
    """One of three is unlocked while the batch waits and leaves it; then what is free is signed at once."""
    with small.db.write(small.school_id) as session:
        add_student(session, session.get_one(SchoolClass, (small.school_id, small.class_id)), 3)
    lock(small, "results")
    van, toan = waiting(small, "VAN"), waiting(small, "TOAN")
    [other] = signer_inbox.start(small.db, small.people["VAN"], [van[0].slot_id])
    assert try_starting(small, other)
    [mine] = signer_inbox.start(small.db, small.people["TOAN"], [item.slot_id for item in toan])
    unlock.request_unlock(small.db, small.people["principal"], [toan[1].document_id], "Sai")
    assert not try_starting(small, mine)
    first = signer_inbox.split_free(small.db, small.people["TOAN"], mine)
    counts = {}
    for name, batch_id in (("free", first), ("rest", mine)):
        row = batch(small, batch_id)
        with small.db.read(small.school_id) as session:
            states = [item.state for item in batch_rows.items_of(session, batch_id)]
        counts[name] = (row.total, row.committed, row.failed, states.count("claimed"), states.count("failed"))
    assert counts == {"free": (1, 0, 0, 1, 0), "rest": (2, 0, 1, 1, 1)}
