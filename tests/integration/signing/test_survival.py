"""What a batch outlives: a database that is away, a defect of ours, a service that dawdles, a certificate renewed meanwhile."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.models import Batch, BatchItem, DocumentVersion, Job, LateAnswer
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.results import Result
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing import batch_transitions
from hocba_app.services.signing.providers.provider import ProviderStatus
from hocba_app.services.signing.steps import commit, confirm, timestamp
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, lock, start, waiting, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off as it is, only shorter."""
    monkeypatch.setattr(batch_transitions, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(batch_transitions, "MAX_RETRY", 0.1)


def phone(small: SmallSchool, outside: Outside, part: str = "TOAN") -> threading.Thread:
    thread = threading.Thread(target=confirm_on_phone, args=(small, outside[0], part))
    thread.start()
    return thread


def once(monkeypatch: pytest.MonkeyPatch, state: str, error: BaseException) -> list[str]:
    """The handler of a state fails the first time it is called."""
    real, failed = batches._HANDLERS[state], []

    def fails(work: object) -> Result:
        if not failed:
            failed.append(state)
            raise error
        return real(work)  # type: ignore[arg-type]

    monkeypatch.setitem(batches._HANDLERS, state, fails)
    return failed


def job(small: SmallSchool, job_id: str) -> Job:
    with small.db.read(small.school_id) as session:
        return session.get_one(Job, (small.school_id, job_id))


def item_codes(small: SmallSchool, batch_id: str) -> set[str | None]:
    with small.db.read(small.school_id) as session:
        return set(session.exec(select(BatchItem.error_code).where(BatchItem.batch_id == batch_id)).all())


@pytest.mark.parametrize("state", ["claimed", "prepared", "waiting", "answered", "stamped"])
def test_a_database_away_for_a_moment_fails_nothing(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Such a job used to be closed as failed, and its batch's leases stayed for ever."""
    lock(small, "results")
    failed = once(monkeypatch, state, OperationalError("select", {}, Exception("database is locked")))
    batch_id = start(small, "TOAN")
    thread = phone(small, outside)
    assert work_on(small, batch_id) == "ended"
    thread.join()
    assert failed and (batch(small, batch_id).state, job(small, batch_id).state, held_leases(small)) == (
        "committed",
        "done",
        0,
    )


@pytest.mark.parametrize("state", ["waiting", "answered", "stamped"])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), HocbaError(ErrorCode.SECRET_KEY_WRONG)], ids=["defect", "refusal"]
)
def test_once_sent_nothing_of_ours_loses_the_answer(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch, state: str, error: Exception
) -> None:
    lock(small, "results")
    failed = once(monkeypatch, state, error)
    batch_id = start(small, "TOAN")
    thread = phone(small, outside)
    assert work_on(small, batch_id) == "ended"
    thread.join()
    assert failed and (batch(small, batch_id).state, batch(small, batch_id).committed, held_leases(small)) == (
        "committed",
        2,
        0,
    )


@pytest.mark.parametrize("state", ["claimed", "prepared"])
def test_before_sending_a_defect_ends_the_batch_and_frees_everything(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    lock(small, "results")
    once(monkeypatch, state, ZeroDivisionError())
    batch_id = start(small, "TOAN")
    assert work_on(small, batch_id) == "ended"
    ended = batch(small, batch_id)
    assert (ended.state, ended.error_code, held_leases(small)) == ("ended", ErrorCode.INTERNAL.value, 0)
    assert len(ended.error_params["reference"]) == 8 and all(item.ready for item in waiting(small, "TOAN"))


class Says:
    """A service that says one thing, then another."""

    max_hashes, window_seconds, poll_seconds = 500, 120, 0.01

    def __init__(self, *states: str | HocbaError) -> None:
        self.states = list(states)

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        said = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(said, HocbaError):
            raise said
        return ProviderStatus(said)  # type: ignore[arg-type]


def waits(small: SmallSchool, sent: timedelta, window_ended: timedelta) -> str:
    """A batch that waits for its answer, sent so long ago."""
    lock(small, "results")
    batch_id = start(small, "TOAN")
    with small.db.write(small.school_id) as session:
        row = session.get_one(Batch, (small.school_id, batch_id))
        row.state, row.transaction_id, row.sent_at, row.window_ends_at = (
            "waiting",
            "t",
            utc_now() - sent,
            utc_now() - window_ended,
        )
        session.add(row)
    return batch_id


def test_confirmed_and_being_signed_is_waited_for_past_the_window(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window's end used to end a batch that was just being signed: the signatures were lost."""
    batch_id = waits(small, timedelta(seconds=200), timedelta(seconds=50))
    service = Says("signing", "signing", "rejected")
    monkeypatch.setattr(confirm, "provider_for", lambda *_: service)
    assert work_on(small, batch_id) == "ended"
    assert (batch(small, batch_id).error_code, service.states) == (ErrorCode.SIGNING_REJECTED.value, ["rejected"])


@pytest.mark.parametrize(
    ("says", "sent", "code"),
    [
        ("waiting", timedelta(seconds=200), ErrorCode.SIGNING_TIMED_OUT),
        ("signing", timedelta(hours=25), ErrorCode.SIGNING_TIMED_OUT),
        (HocbaError(ErrorCode.PROVIDER_UNREACHABLE), timedelta(hours=25), ErrorCode.SIGNING_TIMED_OUT),
    ],
    ids=["waiting", "for ever signing", "for ever unreachable"],
)
def test_a_lease_ends_once_an_answer_would_be_useless(
    small: SmallSchool, monkeypatch: pytest.MonkeyPatch, says: str | HocbaError, sent: timedelta, code: ErrorCode
) -> None:
    batch_id = waits(small, sent, timedelta(seconds=1))
    monkeypatch.setattr(confirm, "provider_for", lambda *_: Says(says))
    assert work_on(small, batch_id) == "ended"
    assert (batch(small, batch_id).error_code, held_leases(small)) == (code.value, 0)


def test_unreachable_keeps_the_lease_past_the_window(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core decision 3: a lease ends only when the service says "not signed"."""
    batch_id = waits(small, timedelta(seconds=200), timedelta(seconds=50))
    away = HocbaError(ErrorCode.PROVIDER_REFUSED_CLIENT, detail="58007")
    service = Says(away, away, "timed_out")
    monkeypatch.setattr(confirm, "provider_for", lambda *_: service)
    notes = []
    real = confirm.wait_for
    monkeypatch.setattr(confirm, "wait_for", lambda work, code, **more: notes.append(code) or real(work, code, **more))
    assert work_on(small, batch_id) == "ended"
    assert (
        notes == [ErrorCode.RESULT_UNKNOWN] * 2
        and batch(small, batch_id).error_code == ErrorCode.SIGNING_TIMED_OUT.value
    )


def test_a_service_that_is_away_is_given_up_with_a_sentence(small: SmallSchool, outside: Outside) -> None:
    """Nothing was taken: after ten tries the signer hears of it, instead of a request on his phone hours later."""
    lock(small, "results")
    outside[0].fault("http", path="/vtss/service/signHash", status=429, retry_after=0, times=None)
    batch_id = start(small, "TOAN")
    assert work_on(small, batch_id) == "ended"
    ended = batch(small, batch_id)
    assert (ended.state, ended.error_code, held_leases(small)) == ("ended", ErrorCode.PROVIDER_BUSY.value, 0)
    outside[0].well()
    thread = phone(small, outside)
    again = start(small, "TOAN")
    assert work_on(small, again) == "ended" and batch(small, again).state == "committed"
    thread.join()


def test_a_renewed_certificate_is_named(small: SmallSchool, outside: Outside) -> None:
    """Every further answer would be wrong too: "sign again" would be the wrong advice."""
    lock(small, "results")
    batch_id = start(small, "TOAN")
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    user, rig = small.users["TOAN"], outside[0]
    deadline = time.monotonic() + 180
    while not (pending := rig.pending(user)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rig.service.users.renew(user)
    rig.confirm(pending[0]["transactionId"])
    worker.join(180)
    assert (batch(small, batch_id).committed, item_codes(small, batch_id)) == (0, {ErrorCode.CERTIFICATE_CHANGED.value})
    assert held_leases(small) == 0


def test_a_void_answer_is_kept_as_evidence(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    monkeypatch.setattr(timestamp, "token_fits", lambda *_: False)
    batch_id = start(small, "TOAN")
    thread = phone(small, outside)
    assert work_on(small, batch_id) == "ended"
    thread.join()
    assert item_codes(small, batch_id) == {ErrorCode.ANSWER_VOID.value}
    with small.db.read(small.school_id) as session:
        assert len(session.exec(select(LateAnswer).where(LateAnswer.batch_id == batch_id)).all()) == 2
    assert held_leases(small) == 0 and all(item.ready for item in waiting(small, "TOAN"))


def test_a_damaged_file_fails_its_own_record_only(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    seen: list[str] = []
    whole = commit.file_of

    def damaged(session: Session, version: DocumentVersion) -> bytes:
        seen.append(version.id)
        if version.id == seen[0]:
            raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
        return whole(session, version)

    monkeypatch.setattr(commit, "file_of", damaged)
    batch_id = start(small, "TOAN")
    thread = phone(small, outside)
    assert work_on(small, batch_id) == "ended"
    thread.join()
    ended = batch(small, batch_id)
    assert (ended.state, ended.committed, ended.failed) == ("ended", 1, 1)
    assert item_codes(small, batch_id) == {None, ErrorCode.STORED_FILE_DAMAGED.value} and held_leases(small) == 0


def test_every_note_and_end_has_its_sentence() -> None:
    assert {ErrorCode.BATCH_RETRYING, ErrorCode.CERTIFICATE_CHANGED, *confirm._ERROR_OF_STATE.values()} <= set(
        SENTENCES
    )
