"""The whole chain over real HTTP: lock, teachers, homeroom teacher, principal, seal, archive, verification, unlock."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Batch, BatchItem, Document, Job, LateAnswer, Lease, Revision, Slot
from hocba_app.models.base import utc_now
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.results import Result
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signing import archive_renewal_job, signer_inbox
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.signing.steps import confirm
from hocba_app.services.storage.files import current_file
from hocba_app.services.unlocking import unlock
from hocba_app.services.verification.verify import verify
from hocba_app.verification.pyhanko_verifier import examine_file
from tests.integration.simulators.mysign_rig import Rig
from tests.refusals import refused
from tests.school import SmallSchool


def work_on(small: SmallSchool, job_id: str, worker: str = "w0", stop: threading.Event | None = None) -> str:
    """As a worker does: a job given back (a batch that waits for its turn) is taken up again."""
    deadline = time.monotonic() + 180
    while (
        outcome := advance(small.db, RunningJobs(), small.school_id, job_id, worker, stop or threading.Event())
    ) == "postponed":
        assert time.monotonic() < deadline, "never over"
        time.sleep(0.2)
    return outcome


def lock(small: SmallSchool, kind: str) -> Job:
    job_id = start_lock(small.db, small.people["admin"], kind=kind, class_id=small.class_id)
    work_on(small, job_id)
    with small.db.read(small.school_id) as session:
        return session.get_one(Job, (small.school_id, job_id))


def waiting(small: SmallSchool, part: str) -> list[signer_inbox.Waiting]:
    with small.db.read(small.school_id) as session:
        return signer_inbox.waiting_for(session, small.people[part])


def start(small: SmallSchool, part: str) -> str:
    ready = [item.slot_id for item in waiting(small, part) if item.ready]
    return signer_inbox.start(small.db, small.people[part], ready)[0]


def confirm_on_phone(small: SmallSchool, rig: Rig, part: str, stop: threading.Event | None = None) -> None:
    user = small.users["seal" if part == "operator" else part]
    deadline = time.monotonic() + 180
    while not (requests := rig.pending(user)):
        assert time.monotonic() < deadline, "no request on the phone"
        time.sleep(0.05)
    assert len(requests) == 1, "one confirmation for the whole batch"
    rig_answer = rig.phone("confirm", user_id=user, transactionId=requests[0]["transactionId"], pin="246813")
    assert rig_answer.status_code == 200, rig_answer.text


def sign(small: SmallSchool, rig: Rig, part: str) -> Batch:
    batch_id = start(small, part)
    phone = threading.Thread(target=confirm_on_phone, args=(small, rig, part))
    phone.start()
    assert work_on(small, batch_id) == "ended"
    phone.join()
    return batch(small, batch_id)


def batch(small: SmallSchool, batch_id: str) -> Batch:
    with small.db.read(small.school_id) as session:
        return session.get_one(Batch, (small.school_id, batch_id))


def documents(small: SmallSchool, kind: str = "results") -> list[Document]:
    with small.db.read(small.school_id) as session:
        return list(session.exec(select(Document).where(Document.kind == kind).order_by(Document.id)).all())


def held_leases(small: SmallSchool) -> int:
    with small.db.read(small.school_id) as session:
        return len(session.exec(select(Lease).where(Lease.released_at.is_(None))).all())  # type: ignore[union-attr]


def files(small: SmallSchool, kind: str) -> list[bytes]:
    with small.db.read(small.school_id) as session:
        return [current_file(session, document.version_id or "") for document in documents(small, kind)]


def test_a_year_from_lock_to_archive(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = outside[0]
    for kind in ("cover", "history", "results"):
        report = lock(small, kind).report["students"]
        assert [row["outcome"] for row in report] == ["locked", "locked"], report
    assert waiting(small, "homeroom") == [], "the homeroom teacher comes after the subject teachers"
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal"):
        done = sign(small, rig, part)
        assert (done.state, done.failed) == ("committed", 0), (part, done.error_code)
    assert {document.state for document in documents(small)} == {"signed"}
    sealed = sign(small, rig, "operator")
    assert (sealed.state, sealed.committed) == ("committed", 6)
    with small.db.read(small.school_id) as session:
        archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
    assert work_on(small, archive) == "ended"
    for kind, signatures in (("results", 6), ("cover", 2), ("history", 2)):
        for file in files(small, kind):
            verdict = examine_file("x", file, list(trust_roots()), [{"tax_code": "0312345678"}])
            assert (verdict.verdict, verdict.integrity, verdict.issued_here) == ("valid", "intact", True), (
                verdict.reasons
            )
            assert len(verdict.signatures) == signatures + 1  # the document time stamp
    assert held_leases(small) == 0
    renewed(small, monkeypatch)
    with small.db.read(small.school_id) as session:
        assert verify_chain(session) == [] and compare(session) == []


def renewed(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night job leaves stamps alone that are not in their last year, or that a new one would not outlast; others it renews."""
    monkeypatch.setattr(archive_renewal_job, "YOUNG", timedelta(seconds=-1))
    for before_the_end, gain, stamps in (
        (archive_renewal_job.BEFORE_THE_END, None, 1),
        (timedelta(days=40_000), None, 1),
        (timedelta(days=40_000), True, 2),
    ):
        monkeypatch.setattr(archive_renewal_job, "BEFORE_THE_END", before_the_end)
        if gain is not None:
            monkeypatch.setattr(archive_renewal_job, "is_due", lambda *_: True)
        with small.db.write(small.school_id) as session:
            job_id = enqueue(session, "renewal", {}, actor="").id
        assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "postponed"
        for kind, signatures in (("results", 6), ("cover", 2), ("history", 2)):
            for file in files(small, kind):
                verdict = verify([("x", file)], roots=trust_roots(), issuers=[{"tax_code": "0312345678"}])[0]
                assert (verdict.verdict, verdict.method) == ("valid", "replay"), verdict.reasons
                assert len(verdict.signatures) == signatures + stamps


def test_two_teachers_at_once_each_confirm_once(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    first, second = start(small, "TOAN"), start(small, "VAN")
    stop = threading.Event()
    threads = [
        threading.Thread(target=work_on, args=(small, job_id, worker, stop))
        for job_id, worker in ((first, "w0"), (second, "w1"))
    ]
    for thread in threads:
        thread.start()
    for part in ("TOAN", "VAN"):
        confirm_on_phone(small, outside[0], part)
    for thread in threads:
        thread.join(180)
    assert {batch(small, job_id).state for job_id in (first, second)} == {"committed"}
    assert held_leases(small) == 0


@pytest.mark.parametrize("state", ["claimed", "prepared", "waiting", "answered", "stamped"])
def test_a_worker_killed_in_any_state_loses_and_repeats_nothing(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """The handler of each state dies after its outside work, before or inside its commit; another worker goes on."""
    lock(small, "results")
    batch_id = start(small, "TOAN")
    real = batches._HANDLERS[state]
    killed = []

    def dies(work: object) -> Result:
        if not killed:
            killed.append(state)
            raise SystemExit  # the process is gone: no clean-up of ours runs
        return real(work)  # type: ignore[arg-type]

    monkeypatch.setitem(batches._HANDLERS, state, dies)
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    with pytest.raises(SystemExit):
        work_on(small, batch_id, "w0")
    with small.db.write(small.school_id) as session:  # thirty seconds of silence later
        job = session.get_one(Job, (small.school_id, batch_id))
        job.heartbeat_at = utc_now() - timedelta(seconds=31)
        session.add(job)
    assert work_on(small, batch_id, "w1") == "ended"
    phone.join()
    done = batch(small, batch_id)
    assert killed and (done.state, done.committed, done.failed) == ("committed", 2, 0)
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(Revision).where(Revision.kind == "signature")).all()) == 2
    assert held_leases(small) == 0


def test_an_answer_that_does_not_verify_is_never_embedded(
    small: SmallSchool, outside: tuple[Rig, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    monkeypatch.setattr(confirm.cms, "verify_raw", lambda *_: False)
    done = sign(small, outside[0], "TOAN")
    assert (done.state, done.committed, done.failed) == ("ended", 0, 2)
    with small.db.read(small.school_id) as session:
        assert {item.error_code for item in session.exec(select(BatchItem)).all()} == {ErrorCode.SIGNATURE_WRONG.value}
        assert not session.exec(select(Slot).where(Slot.signed_at.is_not(None))).all()  # type: ignore[union-attr]
    assert held_leases(small) == 0 and len(waiting(small, "TOAN")) == 2


def test_a_rejected_request_frees_every_document(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    batch_id = start(small, "TOAN")
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    user = small.users["TOAN"]
    while not (requests := outside[0].pending(user)):
        time.sleep(0.05)
    outside[0].phone("reject", user_id=user, transactionId=requests[0]["transactionId"])
    worker.join(180)
    ended = batch(small, batch_id)
    assert (ended.state, ended.error_code) == ("ended", ErrorCode.SIGNING_REJECTED.value)
    assert held_leases(small) == 0 and all(item.ready for item in waiting(small, "TOAN"))


def test_unlock_voids_keeps_and_lets_everybody_sign_again(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    sign(small, outside[0], "TOAN")
    chosen = documents(small)[0]
    again = unlock.consequences(small.db, small.people["admin"], [chosen.id])
    assert [(row.stage, row.documents) for row in again] == [("subject", 1)]
    request = unlock.request_unlock(small.db, small.people["admin"], [chosen.id], "Sửa điểm Toán")
    assert refused(lambda: unlock.decide(small.db, small.people["TOAN"], request, approve=True)) is ErrorCode.FORBIDDEN
    unlock.decide(small.db, small.people["principal"], request, approve=True)
    assert {document.id: document.state for document in documents(small)}[chosen.id] == "open"
    report = lock(small, "results").report["students"]
    assert sorted(row["outcome"] for row in report) == ["locked", "locked_before"]
    new = next(document for document in documents(small) if document.id == chosen.id)
    assert (new.state, new.version_number) == ("locked", 2)
    with small.db.read(small.school_id) as session:
        kept = session.exec(select(Slot).where(Slot.document_id == chosen.id, Slot.signed_at.is_not(None))).all()  # type: ignore[union-attr]
        assert len(kept) == 1 and kept[0].version_id == chosen.version_id
        assert session.exec(select(LateAnswer)).all() == []
    assert len(waiting(small, "TOAN")) == 1


def test_an_unlock_waits_for_the_pending_confirmation(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    batch_id = start(small, "TOAN")
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    while not outside[0].pending(small.users["TOAN"]):
        time.sleep(0.05)
    chosen = documents(small)[0]
    unlock.request_unlock(small.db, small.people["principal"], [chosen.id], "Sai tên")
    assert {document.id: document.state for document in documents(small)}[chosen.id] == "locked"
    confirm_on_phone(small, outside[0], "TOAN")
    worker.join(180)
    assert {document.id: document.state for document in documents(small)}[chosen.id] == "open"
    assert held_leases(small) == 0
