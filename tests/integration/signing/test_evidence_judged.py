"""Evidence is judged before it is kept: a stale or unknown answer neither spoils a record nor throws away what was confirmed."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Job
from hocba_app.pki import revocation_sources
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import Result
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.maintenance.archive_standing import waiting_archives
from hocba_app.services.signing import archive_job, archive_renewal_job, batch_transitions
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.signing.steps import confirm
from hocba_app.settings import settings
from hocba_app.verification.judge_files import judge_files
from tests.integration.signing.test_chain import batch, confirm_on_phone, files, held_leases, lock, sign, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool
from tests.unit.pki.world import authority

Outside = tuple[Rig, str, Path]
BAD = ["stale", "unknown"]
"""The others (away, garbage, …) are tried with the sources alone."""


@pytest.fixture(autouse=True)
def well_again(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    revocation_sources.forget()
    monkeypatch.setattr(batch_transitions, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(batch_transitions, "MAX_RETRY", 0.1)
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

    def kept(work: Work, *rest: object) -> Result:
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


def test_revoked_after_the_phone_is_final(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    """A passing fault is tried again for a while; then the signer gets a message, and no lease is kept."""
    lock(small, "results")
    fault(outside, ocsp="unknown", crl="down")
    batch_id = start(small, "TOAN")
    assert work_on(small, batch_id) == "ended"
    given_up = batch(small, batch_id)
    assert (given_up.state, given_up.error_code, held_leases(small)) == ("ended", ErrorCode.REVOCATION_UNKNOWN.value, 0)
    assert given_up.attempts > 2
    fault(outside)
    assert sign(small, outside[0], "TOAN").state == "committed"


# --- the archive ---------------------------------------------------------------------------------------------------------


def sealed(small: SmallSchool, outside: Outside) -> str:
    """A class whose records are sealed; the archive job is still to run."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        assert sign(small, outside[0], part).state == "committed"
    with small.db.read(small.school_id) as session:
        return session.exec(select(Job.id).where(Job.kind == "archive")).one()


def look(small: SmallSchool, job_id: str) -> str:
    """One turn of a job, at once however long it wanted to wait."""
    with small.db.write(small.school_id) as session:
        row = session.get_one(Job, (small.school_id, job_id))
        row.wake_at = row.created_at
        session.add(row)
    return advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event())


def verdicts(small: SmallSchool) -> set[str]:
    found = [file for kind in ("cover", "history", "results") for file in files(small, kind)]
    return {report.verdict for report in judge_files([("", file) for file in found], roots=trust_roots())}


def problems(small: SmallSchool) -> list[str]:
    return [each.problem + each.remedy for each in waiting_archives(small.db)]


def test_a_revision_replaces_another_only_once_it_is_judged_valid(
    small: SmallSchool, outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archiving with a stale answer about the time-stamp unit used to turn a valid record into an invalid one, "done"."""
    archive_job_id = sealed(small, outside)
    before = [file for kind in ("cover", "results") for file in files(small, kind)]
    unit = outside[0].authority.tsa.certificate.serial_number

    fault(outside, ocsp="stale", ocsp_of=f"{unit:x}", crl="down")
    assert look(small, archive_job_id) == "postponed", "a passing fault: the job waits"
    assert [file for kind in ("cover", "results") for file in files(small, kind)] == before
    (told,) = problems(small)
    assert "6 hồ sơ chờ lưu trữ" in told

    with monkeypatch.context() as patch:  # whatever went wrong with the new bytes
        fault(outside)
        patch.setattr(archive_job, "archive", lambda file, tip, *_: (b"%%EOF\n", tip))
        assert look(small, archive_job_id) == "postponed"
        assert [file for kind in ("cover", "results") for file in files(small, kind)] == before
        (told,) = problems(small)
        assert "giữ nguyên bản cũ" in told

    # A second root of the same name, first in the file; and the stale answer with a good list beside it.
    decoy = authority(outside[0].authority.root.certificate.subject)
    both = tmp_path / "roots.pem"
    both.write_bytes(decoy.certificate.public_bytes(Encoding.PEM) + outside[2].read_bytes())
    monkeypatch.setenv("HOCBA_TRUST_ROOTS", str(both))
    settings.cache_clear()
    fault(outside, ocsp="stale", ocsp_of=f"{unit:x}")
    assert look(small, archive_job_id) == "ended"
    assert verdicts(small) == {"valid"} and problems(small) == []

    archived = [file for kind in ("cover", "results") for file in files(small, kind)]
    monkeypatch.setattr(archive_renewal_job, "YOUNG", timedelta(seconds=-1))
    monkeypatch.setattr(archive_renewal_job, "BEFORE_THE_END", timedelta(days=40_000))
    monkeypatch.setattr(archive_renewal_job, "is_due", lambda *_: True)
    with small.db.write(small.school_id) as session:
        renewal_id = enqueue(session, "renewal", {}, actor="").id
    with monkeypatch.context() as patch:
        patch.setattr(archive_job, "archive", lambda file, tip, *_: (b"%%EOF\n", tip))
        assert look(small, renewal_id) == "postponed"
    assert [file for kind in ("cover", "results") for file in files(small, kind)] == archived
    assert len(problems(small)) == 1
    assert look(small, renewal_id) == "postponed"
    assert verdicts(small) == {"valid"} and problems(small) == []
    assert all(
        new.startswith(old) and len(new) > len(old)
        for new, old in zip(
            [file for kind in ("cover", "results") for file in files(small, kind)], archived, strict=True
        )
    )


def test_signers_of_two_roots_of_one_name_sign_in_either_order(
    small: SmallSchool, outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(small, "results")
    decoy = authority(outside[0].authority.root.certificate.subject).certificate.public_bytes(Encoding.PEM)
    honest = outside[2].read_bytes()
    for part, content in (("TOAN", decoy + honest), ("VAN", honest + decoy)):
        roots = tmp_path / f"{part}.pem"
        roots.write_bytes(content)
        monkeypatch.setenv("HOCBA_TRUST_ROOTS", str(roots))
        settings.cache_clear()
        done = sign(small, outside[0], part)
        assert (done.state, done.error_code) == ("committed", None)
