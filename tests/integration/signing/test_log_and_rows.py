"""The log held against the rows it speaks of: cut away after the last anchor, it is contradicted by what people signed."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from hocba_app.models import AuditEvent, AuditHead, Document, DocumentVersion, Revision, Slot
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_check import audit_checks
from hocba_app.services.maintenance.audit_comparison import Mismatch, compare
from hocba_app.services.unlocking import unlock
from hocba_app.settings import settings
from tests.integration.signing.test_chain import documents, lock, sign
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool


def cut(small: SmallSchool, action: str) -> int:
    """The newest rows from the first of an action on, head and all: the chain in itself holds."""
    with small.db.write(small.school_id) as session:
        first = session.exec(select(AuditEvent.seq).where(AuditEvent.action == action).order_by(AuditEvent.seq)).first()
        assert first is not None
        gone = session.exec(select(AuditEvent).where(AuditEvent.seq >= first)).all()
        for event in gone:
            session.delete(event)
        head = session.get_one(AuditHead, small.school_id)
        head.seq, head.hash = first - 1, session.exec(select(AuditEvent.hash).where(AuditEvent.seq == first - 1)).one()
        session.add(head)
    with small.db.read(small.school_id) as session:
        assert verify_chain(session) == []
    return len(gone)


def found(small: SmallSchool) -> set[tuple[str, str]]:
    with small.db.read(small.school_id) as session:
        return {(each.problem, each.what) for each in compare(session)}


def test_a_signature_without_its_event_is_found(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "cover")
    assert sign(small, outside[0], "principal").state == "committed"
    assert found(small) == set()
    cut(small, "record.signed")
    with small.db.read(small.school_id) as session:
        unlogged = compare(session)
    assert sorted(each.subject for each in unlogged) == sorted(document.id for document in documents(small, "cover"))
    assert {(each.problem, each.what) for each in unlogged} == {("unlogged", "record.signed")}
    [said] = [check for check in audit_checks(settings(), small.db) if check.name.startswith("Đối chiếu")]
    assert not said.ok and "2 chỗ" in said.problem and "record.signed" in said.problem and "Có người sửa" in said.remedy


def test_locks_and_unlocks_are_held_against_it_too(small: SmallSchool) -> None:
    lock(small, "cover")
    chosen = documents(small, "cover")[0]
    request = unlock.request_unlock(small.db, small.people["admin"], [chosen.id], "Sai tên")
    unlock.decide(small.db, small.people["principal"], request, approve=True)
    assert found(small) == set()
    cut(small, "record.unlocked")
    assert found(small) == {("unlogged", "record.unlocked")}
    cut(small, "record.locked")
    assert found(small) == {("unlogged", "record.unlocked"), ("unlogged", "record.locked")}


def test_a_row_changed_behind_the_logs_back_is_found(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "cover")
    sign(small, outside[0], "principal")
    document = documents(small, "cover")[0]
    with small.db.write(small.school_id) as session:  # a signature taken back
        slot = session.exec(select(Slot).where(Slot.document_id == document.id, Slot.stage == "principal")).one()
        before, slot.signed_at = slot.signed_at, None
        session.add(slot)
    assert found(small) == {("undone", "record.signed")}
    with small.db.write(small.school_id) as session:  # another file in the signed one's place
        slot = session.get_one(Slot, (small.school_id, slot.id))
        slot.signed_at = before
        revision = session.exec(
            select(Revision).where(Revision.version_id == slot.version_id, Revision.kind == "signature")
        ).one()
        kept, revision.sha256 = revision.sha256, "0" * 64
        session.add_all([slot, revision])
    assert found(small) == {("undone", "record.signed"), ("unlogged", "record.signed")}
    with small.db.write(small.school_id) as session:  # a state nobody brought about
        revision = session.get_one(Revision, (small.school_id, revision.id))
        revision.sha256 = kept
        row = session.get_one(Document, (small.school_id, document.id))
        row.state = "sealed"
        session.add_all([revision, row])
    with small.db.read(small.school_id) as session:
        assert compare(session) == [Mismatch("state", "sealed", document.id)]
    with small.db.write(small.school_id) as session:  # other data under the lock
        version = session.get_one(DocumentVersion, (small.school_id, document.version_id))
        version.snapshot_sha256 = "0" * 64
        session.add(version)
    assert ("unlogged", "record.locked") in found(small) and ("undone", "record.locked") in found(small)


def test_work_that_goes_on_accuses_nobody(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    """What is committed between two looks at the log is in the second one."""
    lock(small, "cover")
    from hocba_app.models.repositories import audit_facts

    read, done = audit_facts.signed_slots, []

    def signed_meanwhile(session: object) -> list[object]:
        if not done:
            done.append(sign(small, outside[0], "principal").state)
        return list(read(session))  # type: ignore[arg-type]

    audit_facts.signed_slots = signed_meanwhile  # type: ignore[assignment]
    try:
        assert found(small) == set() and done == ["committed"]
    finally:
        audit_facts.signed_slots = read
