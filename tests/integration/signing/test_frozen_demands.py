"""What a slot demands is frozen at the lock, and signing and verification judge by it: no record that our own verifier would
refuse is signed, sealed or handed out, and who is refused hears it before his phone is asked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.form_version import form_name
from hocba_app.models import AuditEvent, Batch, BatchItem, Job, School, SigningKey, Slot, Staff
from hocba_app.recordfile.demands import Demand, salted
from hocba_app.recordfile.manifest import Manifest
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.printing.share_link import signed_original
from hocba_app.services.records import freezing, snapshot
from hocba_app.services.records.precheck import NO_TAX_CODE
from hocba_app.services.signers import keys
from hocba_app.services.signers.name_acceptance import accept_name
from hocba_app.services.signers.reassignment import ClassField, reassign_slots
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.signing.steps import finished_file, prepare
from hocba_app.services.unlocking import unlock
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.replay import replay
from hocba_app.verification.report_model import FileReport
from tests.integration.signers.people import staff_id
from tests.integration.signing.test_chain import batch, documents, files, lock, sign, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import TAX_CODE, SmallSchool

Outside = tuple[Rig, str, Path]
OLD = "079200001"
TEACHERS = ("TOAN", "VAN", "GDTC", "homeroom")


def set_staff(small: SmallSchool, part: str, **values: str | None) -> None:
    with small.db.write(small.school_id) as session:
        row = session.get_one(Staff, (small.school_id, staff_id(small, part)))
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def set_school(small: SmallSchool, **values: str) -> None:
    with small.db.write(small.school_id) as session:
        row = session.get_one(School, small.school_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def certify(small: SmallSchool, rig: Rig, part: str, number: str, name: str = "") -> None:
    """The person's key is now an account whose certificate has this number and this name."""
    with small.db.read(small.school_id) as session:
        person = session.get_one(Staff, (small.school_id, staff_id(small, part)))
    user = f"CMT_{number}_{part}"
    rig.add({"user_id": user, "full_name": name or person.full_name, "id_number": number, "phone": "0900000000"})
    keys.connect(small.db, small.people["admin"], person.id, user)
    small.users[part] = user


def refused_before_the_phone(small: SmallSchool, rig: Rig, part: str) -> str | None:
    """The batch ends by itself, nobody's phone was asked; its reason."""
    batch_id = start(small, part)
    assert work_on(small, batch_id) == "ended"
    ended = batch(small, batch_id)
    assert (
        rig.pending(small.users["seal" if part == "operator" else part]) == []
        and ended.sent_at is None
        and ended.committed == 0
    )
    return ended.error_code


def judged(small: SmallSchool, kind: str, tax_code: str = TAX_CODE) -> list[FileReport]:
    """The verdicts on all files of a kind; what is sealed is archived first, as a worker does."""
    with small.db.read(small.school_id) as session:
        waiting = session.exec(select(Job.id).where(Job.kind == "archive", Job.state == "queued")).all()
    for job_id in waiting:  # once: what cannot be archived waits, and is judged as it is
        advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event())
    return judge_files(
        [("x", file) for file in files(small, kind)], roots=trust_roots(), issuers=[{"tax_code": tax_code}]
    )


def all_sign(small: SmallSchool, rig: Rig, *, parts: tuple[str, ...] = (*TEACHERS, "principal", "operator")) -> Batch:
    for part in parts:
        last = sign(small, rig, part)
        assert (last.state, last.failed) == ("committed", 0), (part, last.error_code)
    return last


def lock_all(small: SmallSchool) -> None:
    for kind in ("cover", "history", "results"):
        outcomes = [row["outcome"] for row in lock(small, kind).report["students"]]
        assert set(outcomes) == {"locked"}


def test_a_certificate_with_the_old_number_is_his_own_for_signing_and_for_verification(
    small: SmallSchool, outside: Outside
) -> None:
    rig = outside[0]
    set_staff(small, "TOAN", old_id_number=OLD)
    certify(small, rig, "TOAN", OLD)
    lock_all(small)
    set_staff(small, "TOAN", old_id_number=None)  # what the staff list says later changes nothing
    all_sign(small, rig)
    for kind in ("cover", "history", "results"):
        assert [(report.verdict, report.reasons) for report in judged(small, kind)] == [("valid", [])] * 2
    with small.db.read(small.school_id) as session:
        demand = session.exec(select(Slot.demand).where(Slot.field == "s.TOAN.1")).first()
    assert demand is not None and len(demand["signers"]) == 2
    manifest = replay(files(small, "results")[0]).base.manifest
    clear = manifest.dumps().decode()
    assert (manifest.format, manifest.writer) == (3, 3) and OLD not in clear and "Ánh" not in clear, "hashes only"


def test_a_number_that_arrives_after_the_lock_is_refused_before_the_phone_until_the_slot_is_given_anew(
    small: SmallSchool, outside: Outside
) -> None:
    rig = outside[0]
    new = "079200009901"
    set_staff(small, "TOAN", id_number=None, old_id_number=OLD)
    lock_all(small)
    set_staff(small, "TOAN", id_number=new)
    certify(small, rig, "TOAN", new)
    assert refused_before_the_phone(small, rig, "TOAN") == ErrorCode.CERTIFICATE_NOT_FROZEN
    done = reassign_slots(
        small.db,
        small.people["admin"],
        ClassField(small.class_id, "s.TOAN.1"),
        staff_id(small, "TOAN"),
        "Đã có CCCD mới",
    )
    assert done.changed == 2
    with pytest.raises(HocbaError) as again:  # nothing to change any more
        reassign_slots(
            small.db,
            small.people["admin"],
            ClassField(small.class_id, "s.TOAN.1"),
            staff_id(small, "TOAN"),
            "Đã có CCCD mới",
        )
    assert again.value.code is ErrorCode.NOTHING_TO_DO
    all_sign(small, rig)
    assert [(report.verdict, report.reasons) for report in judged(small, "results")] == [("valid", [])] * 2


def test_another_name_needs_the_principals_written_word_which_verification_shows(
    small: SmallSchool, outside: Outside
) -> None:
    rig = outside[0]
    set_staff(small, "TOAN", full_name="Hoàng Thị Hoà")
    set_staff(small, "VAN", full_name="Lê Thị Hòa")
    certify(small, rig, "VAN", "079200000004", "LÊ THỊ HOÀ")  # the mark on another letter
    certify(small, rig, "TOAN", "079200000003", "Trần Thị Bích")
    with small.db.read(small.school_id) as session:
        problems = dict(session.exec(select(SigningKey.owner, SigningKey.problem)).all())
    assert (
        problems[staff_id(small, "TOAN")] == ErrorCode.CERTIFICATE_OTHER_NAME
        and problems[staff_id(small, "VAN")] is None
    )
    lock_all(small)
    assert refused_before_the_phone(small, rig, "TOAN") == ErrorCode.CERTIFICATE_OTHER_NAME
    for part, code in (
        ("admin", ErrorCode.FORBIDDEN),
        ("TOAN", ErrorCode.FORBIDDEN),
        ("principal", ErrorCode.REASON_MISSING),
    ):
        with pytest.raises(HocbaError) as refused:
            accept_name(
                small.db, small.people[part], staff_id(small, "TOAN"), " " if part == "principal" else "Một người"
            )
        assert refused.value.code is code
    accept_name(small.db, small.people["principal"], staff_id(small, "TOAN"), "Đổi tên theo quyết định 12/QĐ-UBND")
    assert keys.check_key(small.db, small.people["admin"], staff_id(small, "TOAN")).state == "ok"
    all_sign(small, rig)
    for report in judged(small, "results"):
        told = {finding.code: finding.text for finding in report.reasons}
        assert report.verdict == "valid" and set(told) == {"name_accepted", "name_marks"}
        assert "12/QĐ-UBND" in told["name_accepted"] and "Toán – " in told["name_accepted"]
    with small.db.read(small.school_id) as session:
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "key.name_accepted")).one()
        signed = session.exec(select(AuditEvent).where(AuditEvent.action == "record.signed")).all()
    assert noted.data["reason"] == "Đổi tên theo quyết định 12/QĐ-UBND"
    assert sum("name_accepted" in event.data for event in signed) == 2
    set_staff(small, "TOAN", full_name="Hoàng Thị Hoà Bình")  # the word was for another name than his of today
    assert (
        keys.check_key(small.db, small.people["admin"], staff_id(small, "TOAN")).problem
        == ErrorCode.CERTIFICATE_OTHER_NAME
    )


def test_the_schools_tax_code_must_be_there_at_the_lock_and_the_same_at_the_seal(
    small: SmallSchool, outside: Outside
) -> None:
    rig = outside[0]
    set_school(small, tax_code="")
    for kind in ("cover", "history", "results"):
        found = lock(small, kind).report["students"]
        assert [row["outcome"] for row in found] == ["blocked"] * 2 and all(
            NO_TAX_CODE in row["reason"] for row in found
        )
    set_school(small, tax_code="0300000001", name="Trường THCS Tên Cũ")
    lock_all(small)
    all_sign(small, rig, parts=(*TEACHERS, "principal"))
    set_school(small, tax_code=TAX_CODE)
    assert refused_before_the_phone(small, rig, "operator") == ErrorCode.SEAL_TAX_CODE_CHANGED
    with small.db.read(small.school_id) as session:
        told = session.exec(
            select(BatchItem.error_params).where(BatchItem.error_code == ErrorCode.SEAL_TAX_CODE_CHANGED)
        ).all()
    assert told == [{"locked": "0300000001", "now": TAX_CODE}] * 6
    ids = [document.id for kind in ("cover", "history", "results") for document in documents(small, kind)]
    unlock.request_unlock(small.db, small.people["principal"], ids, "Mã số thuế đã đổi")
    lock_all(small)
    set_school(small, name="Trường THCS Kim Đồng")  # another name only: told, not refused
    all_sign(small, rig)
    for kind in ("cover", "history", "results"):
        assert [(report.verdict, [found.code for found in report.reasons]) for report in judged(small, kind)] == [
            ("valid", ["seal_name"])
        ] * 2


def lock_in_format_1(small: SmallSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the version before this one locked: one hash a slot, no names."""

    def demands(listed: object, slots: list[object], salt: str) -> list[Demand]:
        people = [listed.staff[slot.staff_id] if slot.staff_id else None for slot in slots]  # type: ignore[attr-defined]
        return [
            Demand((salted(salt, person.id_number or person.old_id_number) if person else TAX_CODE,))
            for person in people
        ]

    with monkeypatch.context() as patched:
        patched.setattr(freezing, "_demands", demands)
        patched.setattr(snapshot, "newest_form", lambda kind, level, regime="": f"{form_name(kind, level, regime)}/1")
        patched.setattr(freezing, "Manifest", lambda **values: Manifest(**values, format=1, writer=1))
        lock_all(small)
    with small.db.write(small.school_id) as session:
        for slot in session.exec(select(Slot)).all():
            slot.signer_hash, slot.demand = (slot.demand or {}).get("signers", [None])[0], None
            session.add(slot)


def test_a_record_locked_in_format_1_is_signed_sealed_and_verified_in_it(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = outside[0]
    set_staff(small, "TOAN", old_id_number=OLD)
    certify(small, rig, "TOAN", OLD, "Tên Khác Hẳn")  # format 1 compares no names
    lock_in_format_1(small, monkeypatch)
    assert refused_before_the_phone(small, rig, "TOAN") == ErrorCode.CERTIFICATE_NOT_FROZEN, (
        "the file names the other number"
    )
    reassign_slots(
        small.db,
        small.people["admin"],
        ClassField(small.class_id, "s.TOAN.1"),
        staff_id(small, "TOAN"),
        "Chứng thư số mang số cũ",
    )
    all_sign(small, rig)
    for kind in ("cover", "history", "results"):
        assert [(report.verdict, report.reasons, report.method) for report in judged(small, kind)] == [
            ("valid", [], "replay")
        ] * 2
    file = replay(files(small, "results")[0])
    assert (file.base.manifest.format, file.base.manifest.writer) == (1, 1) and set(
        next(update for update in file.updates if update.field == "seal").reassigned
    ) == {"s.TOAN.1"}


def sign_as_before(small: SmallSchool, rig: Rig, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a version without these rules signed: with whatever certificate."""
    with monkeypatch.context() as patched:
        for module in (prepare, finished_file):
            patched.setattr(module, "require_fit", lambda *_: None)
        patched.setattr(finished_file, "require_acceptable", lambda _new: None)
        assert sign(small, rig, part).state == "committed"


def test_a_record_already_wrong_is_neither_sealed_nor_handed_out_and_the_office_is_told_to_unlock(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = outside[0]
    lock_all(small)
    set_staff(small, "TOAN", id_number="079200009902")
    certify(small, rig, "TOAN", "079200009902")
    sign_as_before(small, rig, "TOAN", monkeypatch)
    all_sign(small, rig, parts=("VAN", "GDTC", "homeroom", "principal"))
    with monkeypatch.context() as patched:  # sealed by the version before
        patched.setattr(prepare, "require_sealable", lambda *_: None)
        assert sign(small, rig, "operator").committed == 6
    assert {report.verdict for report in judged(small, "results")} == {"invalid"}
    for document in documents(small, "results"):
        with pytest.raises(HocbaError) as refused:
            signed_original(small.db, small.people["admin"], document.id)
        assert (
            refused.value.code is ErrorCode.RECORD_NOT_VALID
            and "Toán" in refused.value.sentence
            and "hủy chốt" in refused.value.sentence
        )
    signed_original(small.db, small.people["admin"], documents(small, "cover")[0].id)


def test_a_wrong_signature_is_not_committed_and_a_wrong_record_not_prepared_for_the_seal(
    small: SmallSchool, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = outside[0]
    lock_all(small)
    set_staff(small, "TOAN", id_number="079200009903")
    certify(small, rig, "TOAN", "079200009903")
    with monkeypatch.context() as patched:  # a hole in the check before the phone: the one at the commit still holds
        for module in (prepare, finished_file):
            patched.setattr(module, "require_fit", lambda *_: None)
        refused = sign(small, rig, "TOAN")
    assert (refused.committed, refused.failed) == (0, 2)
    with small.db.read(small.school_id) as session:
        codes = session.exec(
            select(BatchItem.error_code, BatchItem.error_params).where(BatchItem.batch_id == refused.id)
        ).all()
    assert {code for code, _ in codes} == {ErrorCode.SIGNATURE_NOT_VALID} and all(
        "người được phân công" in params["reason"] for _, params in codes
    )
    sign_as_before(small, rig, "TOAN", monkeypatch)
    all_sign(small, rig, parts=("VAN", "GDTC", "homeroom", "principal"))
    sealed = sign(small, rig, "operator")
    assert (sealed.committed, sealed.failed) == (4, 2), "cover and history stand by themselves"
    with small.db.read(small.school_id) as session:
        codes = session.exec(
            select(BatchItem.error_code).where(BatchItem.batch_id == sealed.id, BatchItem.state == "failed")
        ).all()
    assert set(codes) == {ErrorCode.RECORD_NOT_VALID} and {
        document.state for document in documents(small, "results")
    } == {"signed"}
