"""A class of 45 on SQLite: from "answers received" to "all committed", by the product's own batch, over real HTTP to a
time-stamp authority in a process of its own. Only the signing service is in this process: its answers are given."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from sqlmodel import SQLModel, select

from bench.sealed_record import ink
from hocba_app.models import Batch, Database, School, SigningKey, Staff
from hocba_app.models import SignatureImage as ImageRow
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.services.jobs.claim import Claim, take
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import Done
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records import lock
from hocba_app.services.signing import batch as batches
from hocba_app.services.signing import signer_inbox
from hocba_app.services.signing.providers.provider import Credential, ProviderStatus, SignRequest, Submitted
from hocba_app.services.signing.steps import confirm
from hocba_app.settings import settings
from hocba_app.simulators.trust.authority import Authority
from tests.school import SmallSchool, small_school

PUPILS, ROUNDS = 45, 3
_PREHASHED = Prehashed(hashes.SHA256())


class Answered:
    """A signing service whose signer has confirmed before he was asked."""

    max_hashes, window_seconds, poll_seconds = 500, 120, 0.0

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._answer: tuple[bytes, ...] = ()

    def credentials(self, user: str) -> list[Credential]:
        """None is asked for."""
        return []

    def start(self, request: SignRequest) -> Submitted:
        """Sign at once; answer when asked."""
        self._answer = tuple(self._key.sign(digest, padding.PKCS1v15(), _PREHASHED) for digest in request.hashes)
        return Submitted("t")

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """The answers."""
        return ProviderStatus("signed", self._answer)


def batch45_seconds(folder: Path) -> float:
    """Seconds on the clock for one batch, the median of three teachers of one class."""
    folder.mkdir(parents=True)
    with _trust(folder / "trust") as url, _settings(folder, url):
        db = Database(f"sqlite:///{folder}/bench.db")
        SQLModel.metadata.create_all(db.engine)
        tell_sizes(db.engine)
        authority = Authority(folder / "trust", url)
        try:
            small = _school(db, authority)
            return sorted(_one(small, part, service) for part, service in _services(small, authority))[ROUNDS // 2]
        finally:
            authority.close()
            db.dispose()


@contextmanager
def _trust(folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hocba_app.simulators.trust", "--data", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def _settings(folder: Path, trust: str) -> Iterator[None]:
    """This process works on the bench's own places while inside."""
    before = dict(os.environ)
    os.environ.update(
        HOCBA_SECRET_KEY="bench-8Jq2Lr5Tz0Xc7Vb1Mn",
        HOCBA_TSA_URL=f"{trust}/tsa",
        HOCBA_TRUST_ROOTS=str(folder / "trust" / "root.pem"),
        HOCBA_DOCUMENTS_URL=str(folder / "documents"),
    )
    settings.cache_clear()
    real = confirm.provider_for
    try:
        yield
    finally:
        confirm.provider_for = real
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


def _school(db: Database, authority: Authority) -> SmallSchool:
    with db.installation(write=True) as session:
        school = School(
            code="79760001",
            name="Trường THCS Kim Đồng",
            tax_code="0312345678",
            current_year="2025-2026",
            province="TP. Hồ Chí Minh",
        )
        session.add(school)
    small = small_school(db, school.id, None, students=PUPILS)
    job = lock.start_lock(db, small.people["admin"], kind="results", class_id=small.class_id)
    advance(db, RunningJobs(), school.id, job, "bench", threading.Event())
    return small


def _services(small: SmallSchool, authority: Authority) -> Iterator[tuple[str, Answered]]:
    for part in ("TOAN", "VAN", "GDTC"):
        key = rsa.generate_private_key(65537, 2048)
        owner = small.people[part].staff_id or ""
        with small.db.read(small.school_id) as session:
            person = session.exec(select(Staff).where(Staff.id == owner)).one()
        certificate = authority.issue_person(person.full_name, f"CCCD:{person.id_number}", key.public_key())
        chain = [base64.b64encode(item).decode() for item in authority.chain(certificate)]
        with small.db.write(small.school_id) as session:
            session.add(SigningKey(owner=owner, provider_user=part, credential_id="c", chain=chain))
            session.add(ImageRow(owner=owner, sha256="0" * 64, image=ink().dumps(), preview_png=b"", created_by=""))
        yield part, Answered(key)


def _one(small: SmallSchool, part: str, service: Answered) -> float:
    confirm.provider_for = lambda *_: service  # type: ignore[assignment] # instead of the real one
    with small.db.read(small.school_id) as session:
        slots = [item.slot_id for item in signer_inbox.waiting_for(session, small.people[part]) if item.ready]
    batch_id = signer_inbox.start(small.db, small.people[part], slots)[0]
    claim = take(small.db, small.school_id, batch_id, "bench")
    assert isinstance(claim, Claim)
    work = Work(small.db, claim, {}, "")
    while _batch(small, batch_id).state != "waiting":
        batches.advance_batch(work)
    begun = time.perf_counter()
    while batches.advance_batch(work) != Done():
        pass
    seconds = time.perf_counter() - begun
    done = _batch(small, batch_id)
    if (done.state, done.committed) != ("committed", PUPILS):
        raise AssertionError(f"{done.state} {done.committed} {done.error_code}")
    return seconds


def _batch(small: SmallSchool, batch_id: str) -> Batch:
    with small.db.read(small.school_id) as session:
        return session.get_one(Batch, (small.school_id, batch_id))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print(round(batch45_seconds(Path(name) / "b"), 3))
