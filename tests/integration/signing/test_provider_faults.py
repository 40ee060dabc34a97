"""Every fault of the signing service, from the tap to the record: a clear end with code and sentence, nothing lost, nobody
asked twice for what is signed, and "ký tiếp phần còn lại" signs only what is missing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import BatchItem, Slot
from hocba_app.services.signing import batch_transitions, progress, signer_inbox
from hocba_app.services.signing.integrations import provider_for
from hocba_app.services.signing.providers.mysign import MySignProvider
from hocba_app.services.signing.steps import confirm
from tests.integration.signing.test_chain import batch, held_leases, lock, start, waiting, work_on
from tests.integration.simulators.mysign_rig import PIN, Rig
from tests.school import SmallSchool

SIGN, STATUS = "/vtss/service/signHash", "/vtss/service/requests/status"
PUPILS = 2


@dataclass(frozen=True)
class Fault:
    """One fault and how it ends."""

    fault: dict[str, Any]
    committed: int
    code: ErrorCode | None = None
    """Of the items that failed."""
    confirms: int | None = 1
    """How often the signer confirms until the batch is over; 0: his phone lies in a bag; None: whoever is faster, he or
    the fault."""


FAULTS = {
    "4001": Fault({"kind": "lapse_seconds", "seconds": 0.2}, 0, ErrorCode.SIGNING_TIMED_OUT, 0),
    "4004": Fault({"kind": "sign_fails"}, 0, ErrorCode.SIGNING_FAILED),
    "4005": Fault({"kind": "quota"}, 0, ErrorCode.SIGNING_QUOTA, 0),
    "13004": Fault({"kind": "status_code", "status": "13004"}, 0, ErrorCode.SIGNING_CERTIFICATE, None),
    "50000": Fault({"kind": "status_code", "status": "50000"}, 0, ErrorCode.SIGNING_FAILED, None),
    "http 503 when asked how it stands": Fault({"kind": "http", "path": STATUS, "status": 503, "times": 3}, PUPILS),
    "http 404 when asked how it stands": Fault({"kind": "http", "path": STATUS, "status": 404, "times": 2}, PUPILS),
    "429 with Retry-After": Fault({"kind": "http", "path": SIGN, "status": 429, "retry_after": 1}, PUPILS),
    "no answer when asked how it stands": Fault({"kind": "slow", "path": STATUS, "seconds": 2.0}, PUPILS),
    "cut before it was taken": Fault({"kind": "cut", "path": SIGN}, PUPILS),
    "cut after it was taken": Fault({"kind": "cut_after_taken"}, PUPILS),
    "no JSON after it was taken": Fault({"kind": "garbage_after_taken"}, PUPILS),
    "duplicated answer": Fault({"kind": "duplicate"}, 1, ErrorCode.SIGNATURE_WRONG),
    "one answer too many": Fault({"kind": "repeat"}, PUPILS),
    "answers swapped": Fault({"kind": "swap"}, PUPILS),
    "signed with another key": Fault({"kind": "other_key"}, 0, ErrorCode.SIGNATURE_WRONG),
    "CRLF in base64": Fault({"kind": "crlf"}, PUPILS),
    "0 for pending": Fault({"kind": "zero_pending", "times": 2}, PUPILS),
    "status as a number": Fault({"kind": "number_status", "times": None}, PUPILS),
}


class Phone:
    """The signer: confirms the newest request, each one once, and counts."""

    def __init__(self, rig: Rig, user: str) -> None:
        self.rig, self.user, self.confirmed = rig, user, 0
        self._stop, self._seen = threading.Event(), set()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            for request in self.rig.pending(self.user)[:1]:
                if request["transactionId"] not in self._seen and self._known(request["transactionId"]):
                    self._seen.add(request["transactionId"])
                    if self.rig.phone("confirm", transactionId=request["transactionId"], pin=PIN).status_code == 200:
                        self.confirmed += 1

    def _known(self, transaction: str) -> bool:
        """His page says that a lost request is void; the batch waits for the request that counts."""
        return self.counts(transaction)

    counts: Any = staticmethod(lambda _transaction: True)

    def __enter__(self) -> Phone:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch, small: SmallSchool, outside: tuple[Rig, str, Path]) -> Any:
    """Windows, time-outs and back-off as they are, only shorter."""
    rig = outside[0]
    monkeypatch.setattr(batch_transitions, "FIRST_RETRY", 0.1)
    monkeypatch.setattr(confirm, "GRACE", timedelta(seconds=0.5))
    provider = MySignProvider(
        rig.url, rig.client["client_id"], rig.client["client_secret"], timeout=1.0, poll_seconds=0.1, window_seconds=3
    )
    monkeypatch.setattr(confirm, "provider_for", lambda *_: provider)
    yield provider
    provider.close()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_fault_has_its_end(small: SmallSchool, outside: tuple[Rig, str, Path], fault: Fault) -> None:
    rig, user, who = outside[0], small.users["TOAN"], small.people["TOAN"]
    lock(small, "results")
    rig.fault(**fault.fault)
    batch_id = start(small, "TOAN")
    with Phone(rig, user) as phone:
        phone.counts = lambda transaction: fault.confirms != 0 and batch(small, batch_id).transaction_id == transaction
        assert work_on(small, batch_id) == "ended"
    rig.well()
    done = batch(small, batch_id)
    assert (done.committed, done.failed, held_leases(small)) == (fault.committed, PUPILS - fault.committed, 0), (
        done.error_code
    )
    assert fault.confirms in (None, phone.confirmed)
    view, items = progress.batch_view(small.db, who, batch_id)
    assert view.over and all((item.problem is None) == (item.state == "committed") for item in items)
    with small.db.read(small.school_id) as session:
        codes = set(session.exec(select(BatchItem.error_code).where(BatchItem.error_code.is_not(None))).all())  # type: ignore[union-attr]
    assert codes == ({fault.code.value} if fault.code else set())
    sign_the_rest(small, rig, batch_id, fault.committed)


def sign_the_rest(small: SmallSchool, rig: Rig, batch_id: str, committed: int) -> None:
    who = small.people["TOAN"]
    rest = progress.unsigned_slots(small.db, who, batch_id)
    assert len(rest) == PUPILS - committed == len(waiting(small, "TOAN"))
    if rest:
        again = signer_inbox.start(small.db, who, rest)[0]
        with Phone(rig, small.users["TOAN"]) as phone:
            phone.counts = lambda transaction: batch(small, again).transaction_id == transaction
            assert work_on(small, again) == "ended"
        assert (batch(small, again).committed, batch(small, again).total) == (len(rest), len(rest))
    with small.db.read(small.school_id) as session:
        signed = session.exec(select(Slot).where(Slot.staff_id == who.staff_id, Slot.signed_at.is_not(None))).all()  # type: ignore[union-attr]
    assert len(signed) == PUPILS


@pytest.mark.parametrize(
    "down",
    [
        {"tsa": "down", "tsa_times": 3},
        {"tsa": "garbage", "tsa_times": 2},
        {"tsa": "wrong_imprint", "tsa_times": 1},
        {"tsa": "no_nonce", "tsa_times": 1},
    ],
)
def test_an_authority_that_fails_makes_nobody_confirm_again(
    small: SmallSchool, outside: tuple[Rig, str, Path], down: dict[str, Any]
) -> None:
    rig, trust = outside[0], outside[1]
    lock(small, "results")
    batch_id = start(small, "TOAN")
    httpx.put(f"{trust}/_faults", json=down)
    try:
        with Phone(rig, small.users["TOAN"]) as phone:
            phone.counts = lambda transaction: batch(small, batch_id).transaction_id == transaction
            assert work_on(small, batch_id) == "ended"
    finally:
        httpx.delete(f"{trust}/_faults")
    assert (batch(small, batch_id).state, phone.confirmed, held_leases(small)) == ("committed", 1, 0)


def test_an_unknown_service_is_said_so(small: SmallSchool) -> None:
    with small.db.read(small.school_id) as session, pytest.raises(HocbaError) as refused:
        provider_for(session, "smartca")
    assert refused.value.code is ErrorCode.PROVIDER_NOT_SET_UP
