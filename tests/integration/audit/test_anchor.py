"""A chain rewritten whole, hashes and head included, still contradicts what was stamped and kept outside the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.audit_wording import Action
from hocba_app.models import AuditEvent, AuditHead, Database, Job
from hocba_app.models.base import utc_now
from hocba_app.services.audit.log import GENESIS, event_hash, record, verify_chain
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.jobs.kinds import DAILY
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.maintenance import audit_anchor
from hocba_app.services.maintenance.audit_anchor import AnchorProblem, verify_anchors
from hocba_app.services.maintenance.audit_check import audit_checks
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from hocba_app.simulators.trust.app import create_app
from hocba_app.simulators.trust.authority import Authority
from tests.integration.simulators.running import running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("trust")
    with running(lambda url: create_app(Authority(folder, url))) as url:
        yield f"{url}/tsa", folder / "root.pem"


@pytest.fixture(autouse=True)
def stamped(authority: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "TSA_URL": authority[0],
        "TRUST_ROOTS": str(authority[1]),
        "DOCUMENTS_URL": str(tmp_path / "documents"),
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    yield
    settings.cache_clear()


def write_events(db: Database, school_id: str, count: int) -> None:
    with db.write(school_id) as session:
        for number in range(count):
            record(session, actor="a", action=Action.STORE_CHECKED, subject=f"document:{number}")


def anchor_now(db: Database, school_id: str) -> Job:
    ensure_daily_jobs(db)
    with db.write(school_id) as session:
        job = session.exec(select(Job).where(Job.kind == "anchor")).one()
        job.wake_at = job.created_at
        session.add(job)
    advance(db, RunningJobs(), school_id, job.id, "w0", threading.Event())
    with db.read(school_id) as session:
        return session.get_one(Job, (school_id, job.id))


def problems(db: Database, school_id: str) -> list[AnchorProblem]:
    with db.read(school_id) as session:
        return verify_anchors(session, trust_roots())[0]


def files(school_id: str) -> list[Path]:
    return [blobs.folder() / name for name in audit_anchor._names(school_id)]


def rewrite(db: Database, school_id: str, *, keep: int) -> None:
    """What somebody with full rights on the database can do: another history whose hashes all fit."""
    with db.write(school_id) as session:
        previous = GENESIS
        for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all():
            if row.seq > keep:
                session.delete(row)
                continue
            row.actor, row.previous_hash = "somebody else", previous
            row.hash = previous = event_hash(row)
            session.add(row)
        head = session.get_one(AuditHead, school_id)
        head.seq, head.hash = keep, previous
        session.add(head)


def test_the_head_is_stamped_once_a_day_and_only_when_it_moved(db: Database, school_id: str) -> None:
    assert anchor_now(db, school_id).state == "queued" and files(school_id) == []
    write_events(db, school_id, 4)
    job = anchor_now(db, school_id)
    assert job.state == "queued" and job.wake_at > utc_now() + timedelta(hours=23)
    assert [path.name for path in files(school_id)] == ["000000000004.json"] and problems(db, school_id) == []
    anchor_now(db, school_id)
    assert len(files(school_id)) == 1
    write_events(db, school_id, 1)
    anchor_now(db, school_id)
    assert len(files(school_id)) == 2
    with db.read(school_id) as session:
        newest = verify_anchors(session, trust_roots())[1]
    assert newest is not None and abs(newest - utc_now()) < timedelta(minutes=2)


def test_a_chain_rewritten_whole_is_found(db: Database, school_id: str) -> None:
    write_events(db, school_id, 4)
    anchor_now(db, school_id)
    rewrite(db, school_id, keep=4)
    with db.read(school_id) as session:
        assert verify_chain(session) == [], "in itself it holds"
    assert problems(db, school_id) == [AnchorProblem(4, "rewritten")]
    rewrite(db, school_id, keep=2)
    assert problems(db, school_id) == [AnchorProblem(4, "cut")]
    said = [check for check in audit_checks(settings(), db) if not check.ok]
    assert ["số 4 (cut" in check.problem for check in said][:1] == [True]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'"hash": "', b'"hash": "0', "not_stamped"),
        (b'"token": "', b'"token": "AAAA', "not_stamped"),
        (b"{", b"", "unreadable"),
    ],
)
def test_a_forged_anchor_is_found(db: Database, school_id: str, old: bytes, new: bytes, problem: str) -> None:
    write_events(db, school_id, 4)
    anchor_now(db, school_id)
    path = files(school_id)[0]
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert problems(db, school_id) == [AnchorProblem(4, problem)]


def test_a_token_of_another_root_proves_nothing(db: Database, school_id: str, tmp_path: Path) -> None:
    write_events(db, school_id, 4)
    anchor_now(db, school_id)
    Authority(tmp_path / "other", "http://127.0.0.1:9")
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    other = x509.load_pem_x509_certificate((tmp_path / "other" / "root.pem").read_bytes()).public_bytes(Encoding.DER)
    with db.read(school_id) as session:
        assert verify_anchors(session, [other]) == ([AnchorProblem(4, "unproven")], None)


def test_an_anchor_that_cannot_be_checked_accuses_nobody(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_events(db, school_id, 4)
    anchor_now(db, school_id)
    assert [check.ok for check in audit_checks(settings(), db)] == [True, True, True]
    (tmp_path / "empty.pem").write_text("")
    for roots in ("", str(tmp_path / "gone.pem"), str(tmp_path / "empty.pem")):
        monkeypatch.setenv("HOCBA_TRUST_ROOTS", roots)
        settings.cache_clear()
        [said] = [check for check in audit_checks(settings(), db) if not check.ok]
        assert "Chưa kiểm tra được" in said.problem and "HOCBA_TRUST_ROOTS" in said.remedy, roots
        assert "Có người sửa" not in said.remedy
    rewrite(db, school_id, keep=2)  # a contradiction is one without any root
    assert "số 4 (cut" in " ".join(
        check.problem for check in audit_checks(settings(), db) if "Có người sửa" in check.remedy
    )


def three_anchors(db: Database, school_id: str) -> None:
    for _ in range(3):
        write_events(db, school_id, 2)
        anchor_now(db, school_id)
    assert problems(db, school_id) == [] and len(files(school_id)) == 3


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ([2], [AnchorProblem(4, "missing")]),
        ([1], [AnchorProblem(6, "missing")]),
        ([0, 1, 2], [AnchorProblem(0, "missing")]),
    ],
)
def test_an_anchor_taken_away_is_missed(
    db: Database, school_id: str, gone: list[int], found: list[AnchorProblem]
) -> None:
    three_anchors(db, school_id)
    kept = files(school_id)
    for place in gone:
        kept[place].unlink()
    assert problems(db, school_id) == found


def test_the_newest_rows_cut_and_their_anchor_taken_away(db: Database, school_id: str) -> None:
    """The issue's own case: the next anchor would stamp the cut log and all would look well."""
    three_anchors(db, school_id)
    with db.write(school_id) as session:
        for event in session.exec(select(AuditEvent).where(AuditEvent.seq > 4)).all():
            session.delete(event)
        head = session.get_one(AuditHead, school_id)
        head.seq, head.hash = 4, session.exec(select(AuditEvent.hash).where(AuditEvent.seq == 4)).one()
        session.add(head)
    assert problems(db, school_id) == [AnchorProblem(6, "cut")]
    files(school_id)[-1].unlink()
    assert problems(db, school_id) == [AnchorProblem(4, "missing")]
    write_events(db, school_id, 5)
    anchor_now(db, school_id)
    assert len(files(school_id)) == 2, "a log that contradicts its anchors is not stamped"
    assert [check.ok for check in audit_checks(settings(), db) if check.name.startswith("Neo")] == [False]


def test_another_file_in_the_newest_ones_place(db: Database, school_id: str) -> None:
    three_anchors(db, school_id)
    with db.read(school_id) as session:
        seq, hash_ = session.exec(select(AuditEvent.seq, AuditEvent.hash).where(AuditEvent.seq == 6)).one()
    files(school_id)[-1].unlink()
    audit_anchor.make_anchor(school_id, seq, hash_)  # stamped anew, of today
    assert problems(db, school_id) == [AnchorProblem(6, "replaced")]


def test_anchors_of_before_they_were_chained_stay_good(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(db, school_id, 2)
    with monkeypatch.context() as before:
        before.setattr(audit_anchor, "_count", lambda *_: None)
        made = audit_anchor.Anchor
        before.setattr(audit_anchor, "Anchor", lambda school, seq, hash_, token, *_: made(school, seq, hash_, token))
        with db.read(school_id) as session:
            head = session.get_one(AuditHead, school_id)
        audit_anchor.make_anchor(school_id, head.seq, head.hash)
    assert b"number" not in files(school_id)[0].read_bytes() and problems(db, school_id) == []
    write_events(db, school_id, 2)
    anchor_now(db, school_id)
    with db.read(school_id) as session:
        assert session.get_one(AuditHead, school_id).anchors == 2
    assert problems(db, school_id) == []
    files(school_id)[0].unlink()
    assert problems(db, school_id) != []


def test_killed_between_file_and_count(db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    three_anchors(db, school_id)
    write_events(db, school_id, 1)
    with monkeypatch.context() as killed:
        killed.setattr(audit_anchor, "_count", lambda *_: None)
        anchor_now(db, school_id)
    assert len(files(school_id)) == 4 and problems(db, school_id) == []
    anchor_now(db, school_id)
    with db.read(school_id) as session:
        assert session.get_one(AuditHead, school_id).anchors == 4


def test_with_the_authority_down_it_is_tried_again_soon(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOCBA_TSA_URL", "http://127.0.0.1:9/tsa")
    settings.cache_clear()
    write_events(db, school_id, 2)
    job = anchor_now(db, school_id)
    assert job.state == "queued" and job.wake_at < utc_now() + timedelta(minutes=11)


def test_a_school_has_one_job_a_kind_however_many_workers_start(db: Database, school_id: str) -> None:
    threads = [threading.Thread(target=ensure_daily_jobs, args=(db,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read(school_id) as session:
        assert sorted(row.kind for row in session.exec(select(Job)).all()) == sorted(DAILY)
