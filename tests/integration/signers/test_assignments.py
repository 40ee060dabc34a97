"""The matrix, the gaps before a lock, signing assignments, and slots of locked files given to another person."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.school_calendar import today
from hocba_app.models import (
    SEAL,
    AuditEvent,
    Job,
    Lease,
    SchoolClass,
    SignatureImage,
    SigningAssignment,
    SigningKey,
    Slot,
    Staff,
    TeachingAssignment,
)
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.signer_resolution import planned_slots
from hocba_app.services.signers import keys, undo_assignment
from hocba_app.services.signers import settings as signing
from hocba_app.services.signers.assignments import (
    Cell,
    ClassField,
    Gap,
    assign,
    assignment_matrix,
    gaps,
    hand_over,
    other_rows,
    principal_elsewhere,
    reassign_slots,
    unassign,
)
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage.files import current_file
from hocba_app.services.unlocking import unlock
from hocba_app.verification.pyhanko_verifier import examine_file
from tests.integration.signers.people import add_staff, staff_id
from tests.integration.signing.test_chain import confirm_on_phone, documents, lock, sign, start, waiting, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.refusals import refusal
from tests.school import SmallSchool, ink

YEAR = "2025-2026"


def cell(small: SmallSchool, field: str) -> Cell:
    matrix = assignment_matrix(small.db, small.people["admin"], YEAR)
    return next(cell for row in matrix.classes for cell in row.cells() if cell.field == field)


def found(small: SmallSchool, code: str) -> list[Gap]:
    return [gap for gap in gaps(small.db, small.people["admin"], YEAR) if gap.code == code]


def slots(small: SmallSchool, field: str) -> list[Slot]:
    with small.db.read(small.school_id) as session:
        return list(session.exec(select(Slot).where(Slot.field == field)).all())


def person_with_key(small: SmallSchool, rig: Rig, code: str, number: str, position: str = "teacher") -> str:
    """A member of staff who can sign: MySign account, certificate, image, and an identity under ``small.people[code]``."""
    made = add_staff(small, code, position, number)
    user = f"CCCD_{number}"
    rig.add({"user_id": user, "full_name": f"Trần Văn {code}", "id_number": number, "phone": "0900000000"})
    keys.connect(small.db, small.people["admin"], made, user)
    with small.db.write(small.school_id) as session:
        session.add(SignatureImage(owner=made, sha256="0" * 64, image=ink().dumps(), preview_png=b"", created_by=""))
    small.users[code] = user
    account = small.people["principal"].account_id
    small.people[code] = Identity(
        account, small.school_id, made, code, f"Trần Văn {code}", frozenset({"subject", "teacher"})
    )
    return made


def test_matrix_of_a_class(small: SmallSchool) -> None:
    matrix = assignment_matrix(small.db, small.people["admin"], YEAR)
    assert matrix.subjects == [("TOAN", "Toán"), ("VAN", "Ngữ văn"), ("GDTC", "Giáo dục thể chất")]
    (row,) = matrix.classes
    assert [cell.field for cell in row.cells()] == ["s.TOAN.1", "s.VAN.1", "s.GDTC.1", "homeroom"]
    assert [cell.staff_id for cell in row.cells()] == [
        staff_id(small, part) for part in ("TOAN", "VAN", "GDTC", "homeroom")
    ]
    assert {(cell.problem, cell.assigned, cell.waiting, cell.under_homeroom) for cell in row.cells()} == {
        ("", None, 0, False)
    }
    assert assignment_matrix(small.db, small.people["admin"], "2024-2025").classes == []


def test_assigning_closes_a_gap_and_is_what_locking_uses(small: SmallSchool) -> None:
    admin = small.people["admin"]
    with small.db.write(small.school_id) as session:
        row = session.exec(
            select(TeachingAssignment).where(TeachingAssignment.staff_id == staff_id(small, "VAN"))
        ).one()
        row.active = False
        session.add(row)
    (gap,) = found(small, "no_teacher")
    assert (gap.whom, gap.classes, gap.page, gap.severity) == ("Ngữ văn", ("6A1",), "/assignments", "blocking")
    other = add_staff(small, "GV090")
    assert assign(small.db, admin, small.class_id, "s.VAN.1", other, "  Cô Văn nghỉ\n thai sản ") == 0
    assert found(small, "no_teacher") == []
    shown = cell(small, "s.VAN.1")
    assert (shown.by_smas, shown.assigned, shown.name, shown.reason) == (
        None,
        other,
        "Trần Văn GV090",
        "Cô Văn nghỉ thai sản",
    )
    with small.db.read(small.school_id) as session:
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        planned = planned_slots(session, "results", school_class, ["TOAN", "VAN", "GDTC"])
    assert {slot.field: slot.staff_id for slot in planned}["s.VAN.1"] == other
    unassign(small.db, admin, small.class_id, "s.VAN.1")
    unassign(small.db, admin, small.class_id, "s.VAN.1")
    assert cell(small, "s.VAN.1").problem == "nobody"
    with small.db.read(small.school_id) as session:
        noted = session.exec(select(AuditEvent.action).where(AuditEvent.action.startswith("signer."))).all()  # type: ignore[attr-defined]
    assert sorted(noted) == ["signer.assigned", "signer.unassigned"]


def test_assignments_that_cannot_be(small: SmallSchool) -> None:
    admin, other = small.people["admin"], add_staff(small, "GV090")
    nameless = add_staff(small, "GV091", id_number=None)
    here = small.class_id
    for class_id, field, person, reason, code in (
        (here, "s.VAN.1", other, "  ", ErrorCode.REASON_MISSING),
        (here, "s.VAN.1", other, "x" * 201, ErrorCode.INVALID_INPUT),
        (here, "s.VAN.2", other, "x", ErrorCode.NOT_FOUND),
        (here, "principal", other, "x", ErrorCode.NOT_FOUND),
        (here, "s.VAN", other, "x", ErrorCode.NOT_FOUND),
        ("z" * 26, "s.VAN.1", other, "x", ErrorCode.NOT_FOUND),
        (here, "s.VAN.1", "z" * 26, "x", ErrorCode.NOT_FOUND),
        (here, "s.VAN.1", nameless, "x", ErrorCode.SIGNER_NO_ID_NUMBER),
        (here, "s.VAN.1", other, "a\x07b", ErrorCode.INVALID_INPUT),
    ):
        error = refusal(lambda a=class_id, b=field, c=person, d=reason: assign(small.db, admin, a, b, c, d))
        assert error.code is code, (field, reason)
    with small.db.read(small.school_id) as session:
        assert session.exec(select(SigningAssignment)).all() == []


def test_every_gap_is_named_with_its_page(small: SmallSchool) -> None:
    assert gaps(small.db, small.people["admin"], YEAR) == [], "a school that is ready has none"
    with small.db.write(small.school_id) as session:
        people = {staff.id: staff for staff in session.exec(select(Staff)).all()}
        people[staff_id(small, "TOAN")].id_number = None
        people[staff_id(small, "VAN")].active = False
        session.add_all(people.values())
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        school_class.homeroom_staff_id = None
        session.add(school_class)
        for image in session.exec(
            select(SignatureImage).where(SignatureImage.owner.in_([SEAL, staff_id(small, "GDTC")]))
        ).all():  # type: ignore[attr-defined]
            session.delete(image)
        keys_by_owner = {key.owner: key for key in session.exec(select(SigningKey)).all()}
        session.delete(keys_by_owner[staff_id(small, "GDTC")])
        principal = keys_by_owner[staff_id(small, "principal")]
        principal.valid_to = utc_now() + timedelta(days=12, hours=1)
        seal = keys_by_owner[SEAL]
        seal.valid_to = utc_now() - timedelta(days=1)
        session.add_all([principal, seal])
    signing.set_seal_operator(small.db, small.people["admin"], None)
    listed = gaps(small.db, small.people["admin"], YEAR)
    seen = {(gap.code, gap.staff_id, gap.page, gap.severity) for gap in listed}
    assert seen == {
        ("no_homeroom", "", "/assignments", "blocking"),
        ("left", staff_id(small, "VAN"), "/assignments", "blocking"),
        ("no_id_number", staff_id(small, "TOAN"), "/sync", "blocking"),
        ("no_image", staff_id(small, "GDTC"), "/signature-images", "blocking"),
        ("no_account", staff_id(small, "GDTC"), "/signing-accounts", "blocking"),
        ("no_seal_operator", SEAL, "/signing-settings", "blocking"),
        ("certificate_expiring", staff_id(small, "principal"), "/signing-accounts", "warning"),
        ("no_seal_image", SEAL, "/signature-images", "blocking"),
        ("certificate_expired", SEAL, "/signing-settings", "blocking"),
    }
    assert listed[-1].severity == "warning" and "12 ngày" in listed[-1].text
    assert all(gap.text.endswith(".") and gap.whom for gap in listed)
    assert next(gap for gap in listed if gap.code == "no_image").classes == ("6A1",)


def test_a_primary_teacher_signs_his_own_rows_as_homeroom_teacher(small: SmallSchool) -> None:
    """Design §3: specialists have slots of their own, the homeroom teacher's rows lie under his one."""
    homeroom = staff_id(small, "homeroom")
    with small.db.write(small.school_id) as session:
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        school_class.grade = 4
        session.add(school_class)
        taught = {row.source_id: row for row in session.exec(select(TeachingAssignment)).all()}
        taught["TOAN"].staff_id = homeroom
        taught["VAN"].active = False  # SMAS names nobody: his too
        session.add_all(taught.values())
    with small.db.read(small.school_id) as session:
        school_class = session.get_one(SchoolClass, (small.school_id, small.class_id))
        planned = planned_slots(session, "results", school_class, ["TOAN", "VAN", "GDTC"])
    assert [(slot.field, slot.staff_id) for slot in planned[:2]] == [
        ("s.GDTC.1", staff_id(small, "GDTC")),
        ("homeroom", homeroom),
    ]
    assert [cell(small, field).under_homeroom for field in ("s.TOAN.1", "s.VAN.1", "s.GDTC.1")] == [True, True, False]
    assert found(small, "no_teacher") == []


def test_an_absent_teacher_is_replaced_and_the_seal_vouches_for_it(
    small: SmallSchool, outside: tuple[Rig, str, Path]
) -> None:
    """The whole way: locked for one person, signed by another, sealed, archived – and valid without any database."""
    rig, admin = outside[0], small.people["admin"]
    other = person_with_key(small, rig, "GV090", "079100000090")
    deputy = person_with_key(small, rig, "PHT", "079100000091", "vice_principal")
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    reason = "Cô Văn nghỉ (thai sản) từ 01/05"
    assert assign(small.db, admin, small.class_id, "s.VAN.1", other, reason) == 2, (
        "locked before: they wait for the first"
    )
    done = reassign_slots(small.db, admin, ClassField(small.class_id, "s.VAN.1"), other, reason)
    assert (done.changed, done.busy, done.shared) == (2, 0, 0)
    assert cell(small, "s.VAN.1").waiting_for_other == 0 and waiting(small, "VAN") == []
    assert (
        refusal(lambda: reassign_slots(small.db, admin, ClassField(small.class_id, "s.VAN.1"), other, reason)).code
        is ErrorCode.NOTHING_TO_DO
    )
    signing.add_delegation(
        small.db,
        admin,
        deputy,
        ["history", "results"],
        today().isoformat(),
        (today() + timedelta(days=9)).isoformat(),
        "12/QĐ-THCS",
    )
    ids = [
        slot.id
        for slot in slots(small, "principal")
        if slot.document_id in {d.id for k in ("history", "results") for d in documents(small, k)}
    ]
    assert reassign_slots(small.db, admin, ids, deputy, "Hiệu trưởng đi công tác").changed == 4
    moved = [slot for slot in slots(small, "principal") if slot.id in ids]
    assert {tuple(slot.caption) for slot in moved} == {("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")}
    assert {(slot.reassignment or {})["delegation"] for slot in moved} == {"12/QĐ-THCS"}
    for part in ("TOAN", "GV090", "GDTC", "homeroom", "principal", "PHT"):
        assert sign(small, rig, part).state == "committed", part
    assert sign(small, rig, "operator").committed == 6
    with small.db.read(small.school_id) as session:
        archiving = session.exec(select(Job.id).where(Job.kind == "archive")).one()
    assert work_on(small, archiving) == "ended"
    for kind in ("results", "history"):
        for document in documents(small, kind):
            with small.db.read(small.school_id) as session:
                file = current_file(session, document.version_id or "")
            verdict = examine_file("x", file, list(trust_roots()), [{"tax_code": "0312345678"}])
            assert verdict.verdict == "valid", (kind, verdict.reasons)


def test_reassigned_back_leaves_no_trace_in_the_file(small: SmallSchool) -> None:
    lock(small, "results")
    admin, other, own = small.people["admin"], add_staff(small, "GV090"), staff_id(small, "VAN")
    first = slots(small, "s.VAN.1")[0].id
    assert reassign_slots(small.db, admin, [first], other, "Nghỉ ốm").changed == 1
    assert next(slot for slot in slots(small, "s.VAN.1") if slot.id == first).reassignment is not None
    assert len(waiting(small, "VAN")) == 1, "the other pupil's stays his"
    reassign_slots(small.db, admin, [first], own, "Đã đi làm lại")
    back = next(slot for slot in slots(small, "s.VAN.1") if slot.id == first)
    assert back.reassignment is None and back.staff_id == own
    with small.db.read(small.school_id) as session:
        noted = session.exec(
            select(AuditEvent).where(AuditEvent.action == "slot.reassigned").order_by(AuditEvent.seq)
        ).all()
    assert [(event.data["before"], event.data["now"]) for event in noted] == [(own, other), (other, own)]


def test_a_changed_signer_is_undone_with_the_records_handed_over(small: SmallSchool, stranger: Identity) -> None:
    lock(small, "results")
    admin, other, own = small.people["admin"], add_staff(small, "GV090"), staff_id(small, "VAN")
    place = ClassField(small.class_id, "s.VAN.1")
    before = undo_assignment.assigned_now(small.db, admin, *place)
    assign(small.db, admin, *place, other, "Nghỉ ốm")
    moved = reassign_slots(small.db, admin, place, other, "Nghỉ ốm").moved
    now = undo_assignment.assigned_now(small.db, admin, *place)
    assert (before, now, len(moved), {entry.staff_id for entry in moved}) == (
        undo_assignment.NOBODY,
        (other, "Nghỉ ốm"),
        2,
        {own},
    )
    for who, code in ((stranger, ErrorCode.NOT_FOUND), (small.people["TOAN"], ErrorCode.FORBIDDEN)):
        assert (
            refusal(lambda who=who: undo_assignment.restore_assignment(small.db, who, *place, now, before, moved)).code
            is code
        )
    assert undo_assignment.restore_assignment(small.db, admin, *place, now, before, moved) == 2
    assert cell(small, "s.VAN.1").assigned is None
    assert all(slot.staff_id == own and slot.reassignment is None for slot in slots(small, "s.VAN.1"))
    assert undo_assignment.restore_assignment(small.db, admin, *place, now, before, moved) == 0, "twice changes nothing"

    unassigned_from = (other, "Nghỉ thai sản")
    assign(small.db, admin, *place, *unassigned_from)
    unassign(small.db, admin, *place)
    undo_assignment.restore_assignment(small.db, admin, *place, undo_assignment.NOBODY, unassigned_from)
    assert undo_assignment.assigned_now(small.db, admin, *place) == unassigned_from
    third = add_staff(small, "GV091")
    assign(small.db, admin, *place, third, "Đổi lần nữa")
    late = refusal(
        lambda: undo_assignment.restore_assignment(small.db, admin, *place, unassigned_from, undo_assignment.NOBODY)
    )
    assert late.code is ErrorCode.UNDO_TOO_LATE and cell(small, "s.VAN.1").assigned == third


def test_not_while_a_confirmation_is_pending(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    """A lease is held: the signature that may come is bound to the person whose phone was asked."""
    lock(small, "results")
    admin, other = small.people["admin"], add_staff(small, "GV090")
    batch_id = start(small, "VAN")
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    while not outside[0].pending(small.users["VAN"]):
        time.sleep(0.05)
    error = refusal(lambda: reassign_slots(small.db, admin, ClassField(small.class_id, "s.VAN.1"), other, "Nghỉ ốm"))
    assert error.code is ErrorCode.REASSIGN_BUSY and "2 hồ sơ" in error.sentence
    confirm_on_phone(small, outside[0], "VAN")
    worker.join(180)
    error = refusal(lambda: reassign_slots(small.db, admin, ClassField(small.class_id, "s.VAN.1"), other, "Nghỉ ốm"))
    assert error.code is ErrorCode.NOTHING_TO_DO, "signed"
    assert {slot.staff_id for slot in slots(small, "s.VAN.1")} == {staff_id(small, "VAN")}


def test_undone_whole_or_not_at_all(small: SmallSchool) -> None:
    """One of the records waits for its signer's phone: the assignment stays too, and the sentence says what to wait for."""
    lock(small, "results")
    admin, other = small.people["admin"], staff_id(small, "TOAN")
    place = ClassField(small.class_id, "s.VAN.1")
    before = undo_assignment.assigned_now(small.db, admin, *place)
    assign(small.db, admin, *place, other, "Nghỉ ốm")
    moved = reassign_slots(small.db, admin, place, other, "Nghỉ ốm").moved
    now = undo_assignment.assigned_now(small.db, admin, *place)
    batch_id = start(small, "GDTC")
    with small.db.write(small.school_id) as session:
        slot = session.get_one(Slot, (small.school_id, moved[0].slot_id))
        session.add(Lease(version_id=slot.version_id, batch_id=batch_id))
    busy = refusal(lambda: undo_assignment.restore_assignment(small.db, admin, *place, now, before, moved))
    assert (busy.code, busy.params) == (ErrorCode.REASSIGN_BUSY, {"count": 1})
    assert undo_assignment.assigned_now(small.db, admin, *place) == now
    assert {slot.staff_id for slot in slots(small, "s.VAN.1")} == {other}


def test_a_queued_batch_of_the_first_person_loses_the_slot(small: SmallSchool) -> None:
    lock(small, "results")
    admin, other = small.people["admin"], add_staff(small, "GV090")
    batch_id = start(small, "VAN")
    reassign_slots(small.db, admin, ClassField(small.class_id, "s.VAN.1"), other, "Nghỉ ốm")
    assert work_on(small, batch_id) == "ended"
    assert all(slot.signed_at is None and slot.staff_id == other for slot in slots(small, "s.VAN.1"))


def test_the_number_of_signers_never_changes(small: SmallSchool) -> None:
    """Core decision 10. A row inside a colleague's slot cannot be given away; a slot of his own can, to anybody."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(TeachingAssignment).where(TeachingAssignment.source_id == "GDTC")).one()
        row.staff_id = staff_id(small, "TOAN")  # two rows, one slot: s.TOAN.1
        session.add(row)
    lock(small, "results")
    admin, other = small.people["admin"], add_staff(small, "GV090")
    error = refusal(lambda: reassign_slots(small.db, admin, ClassField(small.class_id, "s.GDTC.1"), other, "Nghỉ ốm"))
    assert error.code is ErrorCode.SIGNERS_DIFFER and "2 hồ sơ" in error.sentence
    assert (
        reassign_slots(
            small.db, admin, ClassField(small.class_id, "s.VAN.1"), staff_id(small, "TOAN"), "Nghỉ ốm"
        ).changed
        == 2
    ), "two slots of one person"
    assert [item.subjects for item in waiting(small, "TOAN")] == [("TOAN", "GDTC"), ("VAN",)] * 2
    assert (
        reassign_slots(
            small.db, admin, ClassField(small.class_id, "s.VAN.1"), staff_id(small, "homeroom"), "Nghỉ ốm"
        ).changed
        == 2
    ), "another stage"


def test_one_row_given_away_takes_no_other_along(small: SmallSchool) -> None:
    """Two rows of one teacher are one field of the locked file: the row alone cannot go, both can once somebody has seen it."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(TeachingAssignment).where(TeachingAssignment.source_id == "GDTC")).one()
        row.staff_id = staff_id(small, "TOAN")
        session.add(row)
    lock(small, "results")
    admin, other, place = small.people["admin"], add_staff(small, "GV090"), ClassField(small.class_id, "s.TOAN.1")
    assert assign(small.db, admin, *place, other, "Nghỉ ốm") == 2
    done = reassign_slots(small.db, admin, place, other, "Nghỉ ốm")
    assert (done.changed, done.together, done.moved) == (0, 2, ())
    assert {slot.staff_id for slot in slots(small, "s.TOAN.1")} == {staff_id(small, "TOAN")}
    assert other_rows(small.db, admin, *place) == ("GDTC",)
    assert other_rows(small.db, admin, small.class_id, "s.VAN.1") == ()
    assert refusal(lambda: other_rows(small.db, small.people["VAN"], *place)).code is ErrorCode.FORBIDDEN
    done = reassign_slots(small.db, admin, place, other, "Nghỉ ốm", with_other_rows=True)
    assert (done.changed, done.together) == (2, 0)
    with small.db.read(small.school_id) as session:
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "slot.reassigned")).all()
    assert [event.data["rows"] for event in noted] == [["TOAN", "GDTC"]] * 2
    unlock.request_unlock(
        small.db, small.people["principal"], [row.id for row in documents(small, "results")], "Tách môn"
    )
    lock(small, "results")
    current = {row.version_id for row in documents(small, "results")}
    now = [slot for code in ("TOAN", "GDTC") for slot in slots(small, f"s.{code}.1") if slot.version_id in current]
    assert {(slot.field, *slot.rows, slot.staff_id == other) for slot in now} == {
        ("s.TOAN.1", "TOAN", True),
        ("s.GDTC.1", "GDTC", False),
    }, "after an unlock each signs his own"


def test_only_who_is_entitled_signs_as_principal(small: SmallSchool) -> None:
    lock(small, "cover")
    lock(small, "history")
    admin = small.people["admin"]
    deputy = add_staff(small, "PHT", "vice_principal")
    for person in (deputy, staff_id(small, "VAN")):
        error = refusal(
            lambda person=person: reassign_slots(
                small.db, admin, ClassField(small.class_id, "principal"), person, "Đi công tác"
            )
        )
        assert error.code is ErrorCode.SIGNER_NOT_ENTITLED
    signing.add_delegation(small.db, admin, deputy, ["history"], today().isoformat(), today().isoformat(), "1/QĐ")
    error = refusal(
        lambda: reassign_slots(small.db, admin, ClassField(small.class_id, "principal"), deputy, "Đi công tác")
    )
    assert error.code is ErrorCode.SIGNER_NOT_ENTITLED, "the covers have a signer of their own: nothing is half done"
    assert {slot.staff_id for slot in slots(small, "principal")} == {staff_id(small, "principal")}
    signing.set_cover_signer(small.db, admin, deputy)
    assert reassign_slots(small.db, admin, ClassField(small.class_id, "principal"), deputy, "Đi công tác").changed == 4
    assert {(slot.reassignment or {})["delegation"] for slot in slots(small, "principal")} == {"", "1/QĐ"}


def test_a_decision_hands_over_what_is_locked_and_its_end_hands_it_back(small: SmallSchool) -> None:
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    admin, principal = small.people["admin"], staff_id(small, "principal")
    deputy = add_staff(small, "PHT", "vice_principal")
    assert principal_elsewhere(small.db, admin) == []
    assert refusal(lambda: hand_over(small.db, admin, "results", "x")).code is ErrorCode.NOTHING_TO_DO
    made = signing.add_delegation(
        small.db, admin, deputy, ["results"], today().isoformat(), today().isoformat(), "7/QĐ"
    )
    (left,) = principal_elsewhere(small.db, admin)
    assert (left.kind, left.now_id, left.slots) == ("results", deputy, 2) and left.waits_for == small.people[
        "principal"
    ].full_name
    assert hand_over(small.db, admin, "results", "Quyết định 7").changed == 2
    assert principal_elsewhere(small.db, admin) == []
    assert sorted(slot.staff_id or "" for slot in slots(small, "principal")) == sorted([deputy] * 2 + [principal] * 4)
    signing.revoke_delegation(small.db, admin, made)
    assert hand_over(small.db, admin, "results", "Hết quyết định").changed == 2
    assert {slot.staff_id for slot in slots(small, "principal")} == {principal}
    assert all(slot.reassignment is None and slot.caption == [] for slot in slots(small, "principal"))
    assert refusal(lambda: hand_over(small.db, small.people["VAN"], "results", "x")).code is ErrorCode.FORBIDDEN


def test_the_seal_is_nobodys_slot(small: SmallSchool) -> None:
    lock(small, "cover")
    ids = [slot.id for slot in slots(small, "seal")]
    error = refusal(lambda: reassign_slots(small.db, small.people["admin"], ids, add_staff(small, "GV090"), "x"))
    assert error.code is ErrorCode.NOTHING_TO_DO and all(slot.staff_id is None for slot in slots(small, "seal"))


def test_who_may_and_another_school(small: SmallSchool, stranger: Identity) -> None:
    lock(small, "results")
    van, own = small.people["VAN"], staff_id(small, "VAN")
    ids = [slot.id for slot in slots(small, "s.VAN.1")]
    for call in (
        lambda: assignment_matrix(small.db, van, YEAR),
        lambda: gaps(small.db, van, YEAR),
        lambda: assign(small.db, van, small.class_id, "s.VAN.1", own, "x"),
        lambda: unassign(small.db, van, small.class_id, "s.VAN.1"),
        lambda: reassign_slots(small.db, van, ids, own, "x"),
    ):
        assert refusal(call).code is ErrorCode.FORBIDDEN
    with small.db.write(stranger.school_id) as session:
        theirs = Staff(
            source_id="s1", code="GV001", full_name="Lê Thị Khác", id_number="079300000001", position="principal"
        )
        session.add(theirs)
    assert assignment_matrix(small.db, stranger, YEAR).classes == []
    assert {gap.staff_id for gap in gaps(small.db, stranger, YEAR)} == {theirs.id, SEAL}
    for call in (
        lambda: assign(small.db, stranger, small.class_id, "s.VAN.1", theirs.id, "x"),
        lambda: reassign_slots(small.db, stranger, ClassField(small.class_id, "s.VAN.1"), theirs.id, "x"),
    ):
        assert refusal(call).code is ErrorCode.NOT_FOUND
    assert refusal(lambda: reassign_slots(small.db, stranger, ids, theirs.id, "x")).code is ErrorCode.NOTHING_TO_DO
    assert (
        refusal(lambda: reassign_slots(small.db, small.people["admin"], ids, theirs.id, "x")).code
        is ErrorCode.NOT_FOUND
    )
    assert {slot.staff_id for slot in slots(small, "s.VAN.1")} == {own}
