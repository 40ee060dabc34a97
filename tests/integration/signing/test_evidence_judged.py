"""Evidence is judged before it is kept: a stale or unknown answer neither spoils a record nor throws away what was confirmed."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from hocba_app.domain.errors import ErrorCode
from hocba_app.pki import revocation_sources
from hocba_app.services.jobs.registry import Work
from hocba_app.services.signing import batch_transitions
from hocba_app.services.signing.steps import confirm
from tests.integration.signing.test_chain import batch, confirm_on_phone, held_leases, lock, sign, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

Outside = tuple[Rig, str, Path]
BAD = ["stale", "unknown"]
"""The others (away, garbage, …) are tried with the sources alone."""


@pytest.fixture(autouse=True)
def well_again(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    revocation_sources.forget()
    monkeypatch.setattr(batch_transitions, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(batch_transitions, "LONGEST_RETRY", 0.1)
    yield
    httpx.delete(f"{outside[1]}/_faults")
    revocation_sources.forget()


def fault(outside: Outside, **values: str) -> None:
    revocation_sources.forget()
    httpx.put(f"{outside[1]}/_faults", json=values).raise_for_status()


def confirmed_then(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch, happens: Callable[[str], None]
) -> tuple[str, threading.Thread]:
    """A batch whose signer confirms; once his answer is kept, something happens outside (it is given the batch's id)."""
    real = confirm.keep_answers

    def kept(work: Work, *rest: object) -> float | None:
        done = real(work, *rest)  # type: ignore[arg-type]
        happens(work.job_id)
        return done

    monkeypatch.setattr(confirm, "keep_answers", kept)
    batch_id = start(small, "TOAN")
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    return batch_id, phone


@pytest.mark.parametrize("kind", BAD)
def test_after_the_phone_a_bad_answer_gives_way_to_a_good_list(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It used to throw the whole batch away with ``certificate_untrusted``."""
    lock(small, "results")
    batch_id, phone = confirmed_then(small, outside, monkeypatch, lambda _: fault(outside, ocsp=kind))
    assert work_on(small, batch_id) == "ended"
    phone.join()
    done = batch(small, batch_id)
    assert (done.state, done.failed, done.error_code) == ("committed", 0, None)


def test_after_the_phone_no_answer_that_counts_is_waited_for(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    batch_id, phone = confirmed_then(small, outside, monkeypatch, lambda _: fault(outside, ocsp="stale", crl="garbage"))
    stop = threading.Event()
    worker = threading.Thread(target=work_on, args=(small, batch_id, "w0", stop))
    worker.start()
    for _ in range(400):
        waiting = batch(small, batch_id)
        if waiting.note == ErrorCode.REVOCATION_UNKNOWN.value and waiting.attempts > 2:
            break
        threading.Event().wait(0.05)
    assert (waiting.state, waiting.note) == ("answered", ErrorCode.REVOCATION_UNKNOWN.value)
    assert held_leases(small) > 0, "what was confirmed is kept"
    fault(outside)
    worker.join(60)
    phone.join()
    assert (batch(small, batch_id).state, batch(small, batch_id).failed) == ("committed", 0)


def test_revoked_after_the_phone_is_final(small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    lock(small, "results")
    authority, revoked = outside[0].authority, []

    def revoke(batch_id: str) -> None:
        certificate = base64.b64decode(batch(small, batch_id).chain[0])
        revoked.append(x509.load_der_x509_certificate(certificate).serial_number)
        authority.revoke(revoked[0])
        revocation_sources.forget()

    batch_id, phone = confirmed_then(small, outside, monkeypatch, revoke)
    try:
        assert work_on(small, batch_id) == "ended"
    finally:
        phone.join()
        for serial in revoked:
            authority.reinstate(serial)
    done = batch(small, batch_id)
    assert (done.state, done.error_code, held_leases(small)) == ("ended", ErrorCode.CERTIFICATE_REVOKED.value, 0)


def test_before_the_phone_nobody_is_asked_until_an_answer_counts(small: SmallSchool, outside: Outside) -> None:
    """A passing fault is tried again for a while; then the signer is told, and nothing stays reserved."""
    lock(small, "results")
    fault(outside, ocsp="unknown", crl="down")
    batch_id = start(small, "TOAN")
    assert work_on(small, batch_id) == "ended"
    given_up = batch(small, batch_id)
    assert (given_up.state, given_up.error_code, held_leases(small)) == ("ended", ErrorCode.REVOCATION_UNKNOWN.value, 0)
    assert given_up.attempts > 2
    fault(outside)
    assert sign(small, outside[0], "TOAN").state == "committed"

