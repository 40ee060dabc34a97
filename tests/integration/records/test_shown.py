"""Acts are tied to what was seen: what has changed since is shown again, and nothing is done by halves."""

from __future__ import annotations

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.shown import shown_digest
from hocba_app.models import SEAL, AuditEvent, Job, SigningKey, SigningSettings, Staff, StudentResult, UnlockRequest
from hocba_app.services.records.lock import KINDS, start_lock
from hocba_app.services.records.lock_request import start_locks
from hocba_app.services.records.preview import lock_preview
from hocba_app.services.signers import settings as signing
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import documents, lock, pupils, work_on
from tests.integration.records.test_unlock import deputy, ids, sign  # noqa: F401 - a fixture among them
from tests.integration.signers.people import add_staff
from tests.school import SmallSchool


def mismatch(small: SmallSchool, student_id: str, computed: str | None) -> None:
    """The pupil's mathematics differ from the rules; None: not any more."""
    with small.db.write(small.school_id) as session:
        row = session.exec(select(StudentResult).where(StudentResult.student_id == student_id)).one()
        row.mismatches = (
            []
            if computed is None
            else [{"field": "subjects.TOAN.year", "submitted": "9.9", "computed": computed, "rule": "Điều 9"}]
        )


def shown(small: SmallSchool) -> dict[str, str]:
    found = lock_preview(small.db, small.people["admin"], "results", small.class_id)
    return {row.student_id: row.mismatches for row in found.students if row.mismatches}


def outcomes(small: SmallSchool, job_id: str) -> dict[str, str]:
    return {row["student"]: row["outcome"] for row in work_on(small, job_id).report["students"]}


def test_a_mismatch_that_came_after_the_reason_is_not_locked_under_it(small: SmallSchool) -> None:
    one, two, three = pupils(small)
    mismatch(small, one, "8.5")
    seen = shown(small)
    for given in (None, seen):
        mismatch(small, two, None)
        job_id = start_lock(
            small.db,
            small.people["admin"],
            kind="results",
            class_id=small.class_id,
            accept_mismatches="Đã xem Toán của em thứ nhất",
            shown=given,
            student_ids=[two] if given is not None else [one, two],
        )
        mismatch(small, two, "1.0")
        assert outcomes(small, job_id)[two] == "blocked"
    assert {student: row.state for student, row in documents(small).items()} == {one: "locked"}
    assert lock(small)[three]["outcome"] == "locked"


def test_mismatches_that_changed_since_they_were_shown_are_shown_again(small: SmallSchool) -> None:
    one, two, _ = pupils(small)
    mismatch(small, one, "8.5")
    seen = shown(small)
    mismatch(small, one, "4.0")
    with pytest.raises(HocbaError) as refused:
        start_lock(
            small.db,
            small.people["admin"],
            kind="results",
            class_id=small.class_id,
            accept_mismatches="Đã xem",
            shown=seen,
        )
    assert refused.value.code is ErrorCode.SHOWN_CHANGED
    with small.db.read(small.school_id) as session:
        assert session.exec(select(Job).where(Job.kind == "lock")).all() == []
    mismatch(small, two, "3.0")
    again = shown(small)
    del again[two]  # in a class nobody opened
    job_id = start_lock(
        small.db,
        small.people["admin"],
        kind="results",
        class_id=small.class_id,
        accept_mismatches="Đã xem",
        shown=again,
    )
    assert {student: outcome for student, outcome in outcomes(small, job_id).items() if student != two}[one] == "locked"
    assert two not in documents(small), "a reason accepts what was looked at"


def test_one_whose_mismatch_is_gone_is_locked(small: SmallSchool) -> None:
    one = pupils(small)[0]
    mismatch(small, one, "8.5")
    seen = shown(small)
    mismatch(small, one, None)
    assert lock(small, accept_mismatches="Đã xem", shown=seen)[one]["outcome"] == "locked"


def test_an_unlock_costs_what_was_shown_or_is_shown_again(small: SmallSchool, deputy: object) -> None:
    chosen = ids(small)
    price = unlock.price_of(unlock.consequences(small.db, small.people["admin"], chosen))
    sign(small, chosen, "s.TOAN.1")
    with pytest.raises(HocbaError) as refused:
        unlock.request_unlock(small.db, small.people["admin"], chosen, "Sai", shown=price)
    assert refused.value.code is ErrorCode.SHOWN_CHANGED
    price = unlock.price_of(unlock.consequences(small.db, small.people["admin"], chosen))
    request = unlock.request_unlock(small.db, small.people["admin"], chosen, "Sai", shown=price)
    [view] = unlock.unlock_requests(small.db, deputy)  # type: ignore[arg-type]
    sign(small, chosen[:1], "homeroom")
    with pytest.raises(HocbaError) as refused:
        unlock.decide(small.db, deputy, request, approve=True, shown=view.price)  # type: ignore[arg-type]
    assert refused.value.code is ErrorCode.SHOWN_CHANGED
    with small.db.read(small.school_id) as session:
        assert session.get_one(UnlockRequest, (small.school_id, request)).state == "asked"
    assert {row.state for row in documents(small).values()} == {"locked"}
    [view] = unlock.unlock_requests(small.db, deputy)  # type: ignore[arg-type]
    unlock.decide(small.db, deputy, request, approve=True, shown=view.price)  # type: ignore[arg-type]
    assert {row.state for row in documents(small).values()} == {"open"}


def test_operator_and_account_are_set_together_or_not_at_all(small: SmallSchool) -> None:
    admin = small.people["admin"]
    with small.db.write(small.school_id) as session:
        session.add(SigningKey(owner=SEAL, provider_user="MST_0312345678", credential_id="c", chain=["x"]))
        gone = Staff(
            source_id="gx", code="GX", full_name="X", id_number="079100000055", position="teacher", active=False
        )
        session.add(gone)

    def now() -> tuple[object, ...]:
        with small.db.read(small.school_id) as session:
            key = session.exec(select(SigningKey).where(SigningKey.owner == SEAL)).one()
            return key.provider_user, key.chain, session.exec(select(SigningSettings.seal_operator_id)).one()

    before, other = now(), add_staff(small, "GV090")
    for staff, user in ((gone.id, "MST_0999999999"), (other, "a b"), ("nobody", "MST_0999999999")):
        with pytest.raises(HocbaError):
            signing.set_seal_operator(small.db, admin, staff, user)
        assert now() == before, "refused, and yet something was replaced"
    signing.set_seal_operator(small.db, admin, other, "MST_0999999999")
    assert now() == ("MST_0999999999", [], other)


def test_a_digest_is_of_the_content() -> None:
    assert shown_digest([]) == "" and shown_digest([{"a": 1, "b": 2}]) == shown_digest(
        [{"b": 2, "a": 1}]
    ) != shown_digest([{"a": 1}])


def test_who_signs_for_a_vacant_post_signs_as_a_deputy(small: SmallSchool) -> None:
    """Without a principal the cover signer's caption was empty, as if he were the principal."""
    from hocba_app.services.records.signer_resolution import principal_slot

    deputy_id = add_staff(small, "PHT", "vice_principal", "079100000091")
    signing.set_cover_signer(small.db, small.people["admin"], deputy_id)
    for vacant in (False, True):
        with small.db.write(small.school_id) as session:
            if vacant:
                session.get_one(Staff, (small.school_id, small.people["principal"].staff_id)).active = False
            slot = principal_slot(session, "cover")
        assert (slot.staff_id, slot.caption) == (deputy_id, ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"))
    signing.set_cover_signer(small.db, small.people["admin"], None)
    with small.db.read(small.school_id) as session:
        slot = principal_slot(session, "cover")
    assert (slot.staff_id, slot.caption) == (None, ())


def test_all_kinds_are_locked_in_one_act_each_pupil_under_his_own_reason(small: SmallSchool) -> None:
    one, two, three = pupils(small)
    mismatch(small, one, "8.5")
    mismatch(small, two, "9.0")
    admin = small.people["admin"]
    shown = {
        kind: {row.student_id: row.mismatches for row in found.students if row.mismatches}
        for kind in KINDS
        for found in [lock_preview(small.db, admin, kind, small.class_id)]
    }
    jobs = start_locks(
        small.db, admin, kinds=KINDS, class_ids=[small.class_id], reasons={one: "Biên bản 12"}, shown=shown
    )
    outcomes = {}
    for kind, job_id in zip(KINDS, jobs, strict=True):
        outcomes[kind] = {row["student"]: row["outcome"] for row in work_on(small, job_id).report["students"]}
    assert outcomes["cover"] == dict.fromkeys((one, two, three), "locked")
    for kind in ("history", "results"):
        assert outcomes[kind] == {one: "locked", two: "blocked", three: "locked"}, (
            "without a reason of his own he waits"
        )
    with small.db.read(small.school_id) as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "record.locked")).all()
        started = session.exec(
            select(AuditEvent).where(AuditEvent.action == "lock.started").order_by(AuditEvent.seq)
        ).all()
    said = {event.subject: event.data["accept_mismatches"] for event in events if "accept_mismatches" in event.data}
    assert said == {f"document:{documents(small, kind)[one].id}": "Biên bản 12" for kind in ("history", "results")}
    assert [event.data.get("reasons") for event in started] == [None, {one: "Biên bản 12"}, {one: "Biên bản 12"}]


def test_a_reason_for_what_has_changed_starts_nothing_at_all(small: SmallSchool) -> None:
    one, *_ = pupils(small)
    mismatch(small, one, "8.5")
    shown = {"results": {one: "0" * 32}}
    with pytest.raises(HocbaError) as caught:
        start_locks(
            small.db, small.people["admin"], kinds=KINDS, class_ids=[small.class_id], reasons={one: "x"}, shown=shown
        )
    assert caught.value.code is ErrorCode.SHOWN_CHANGED
    with small.db.read(small.school_id) as session:
        assert session.exec(select(Job).where(Job.kind == "lock")).all() == []
    for kinds, code in (((), ErrorCode.INVALID_INPUT), (("x",), ErrorCode.INVALID_INPUT)):
        with pytest.raises(HocbaError) as caught:
            start_locks(small.db, small.people["admin"], kinds=kinds, class_ids=[small.class_id])
        assert caught.value.code is code
    with pytest.raises(HocbaError) as caught:
        start_locks(small.db, small.people["homeroom"], kinds=KINDS, class_ids=[small.class_id])
    assert caught.value.code is ErrorCode.FORBIDDEN
