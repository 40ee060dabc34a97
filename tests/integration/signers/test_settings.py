"""Cover signer, ký thay, seal operator: what may be set, what it changes, who may."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.school_calendar import today
from hocba_app.models import SEAL, AuditEvent
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.signer_resolution import principal_slot
from hocba_app.services.signers import keys
from hocba_app.services.signers import settings as signing
from tests.integration.signers.people import add_staff, staff_id
from tests.refusals import refusal
from tests.school import SmallSchool

DEPUTY_CAPTION = ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")


def day(offset: int) -> str:
    return (today() + timedelta(days=offset)).isoformat()


def signer(small: SmallSchool, kind: str) -> tuple[str | None, tuple[str, ...]]:
    with small.db.read(small.school_id) as session:
        slot = principal_slot(session, kind)
    return slot.staff_id, slot.caption


def test_cover_signer(small: SmallSchool) -> None:
    admin, principal = small.people["admin"], staff_id(small, "principal")
    deputy = add_staff(small, "PHT", "vice_principal")
    assert signer(small, "cover") == (principal, ())
    signing.set_cover_signer(small.db, admin, deputy)
    assert signer(small, "cover") == (deputy, DEPUTY_CAPTION)
    assert signer(small, "results") == (principal, ()), "the cover only"
    view = signing.signing_settings_view(small.db, admin)
    assert view.cover_signer is not None and view.cover_signer.staff_id == deputy and view.cover_signer_set
    signing.set_cover_signer(small.db, admin, principal)
    view = signing.signing_settings_view(small.db, admin)
    assert signer(small, "cover") == (principal, ()) and not view.cover_signer_set
    assert set_events(small, "signing.cover_signer_set") == [
        {"before": "", "now": deputy},
        {"before": deputy, "now": ""},
    ]


def test_cover_signer_must_be_of_the_leadership_with_an_id_number(small: SmallSchool) -> None:
    admin = small.people["admin"]
    error = refusal(lambda: signing.set_cover_signer(small.db, admin, staff_id(small, "VAN")))
    assert error.code is ErrorCode.SIGNER_NOT_ENTITLED
    nameless = add_staff(small, "PHT", "vice_principal", id_number=None)
    assert refusal(lambda: signing.set_cover_signer(small.db, admin, nameless)).code is ErrorCode.SIGNER_NO_ID_NUMBER
    assert refusal(lambda: signing.set_cover_signer(small.db, admin, "z" * 26)).code is ErrorCode.NOT_FOUND


def test_delegation_changes_who_signs_and_only_in_its_days(small: SmallSchool) -> None:
    admin, principal = small.people["admin"], staff_id(small, "principal")
    deputy = add_staff(small, "PHT", "vice_principal")
    coming = signing.add_delegation(small.db, admin, deputy, ["history"], day(5), day(10), " 15/QĐ-THCS ")
    assert signer(small, "history") == (principal, ())
    now = signing.add_delegation(small.db, admin, deputy, ["results"], day(0), day(0), "16/QĐ-THCS")
    assert signer(small, "results") == (deputy, DEPUTY_CAPTION)
    listed = {row.id: row for row in signing.delegations(small.db, admin)}
    assert (listed[coming].state, listed[now].state) == ("coming", "in_force")
    assert listed[coming].decision_number == "15/QĐ-THCS" and listed[now].key_state == "no_account"
    signing.revoke_delegation(small.db, admin, now)
    signing.revoke_delegation(small.db, admin, now)
    assert signer(small, "results") == (principal, ())
    assert {row.id: row.state for row in signing.delegations(small.db, admin)}[now] == "revoked"
    with small.db.read(small.school_id) as session:
        noted = session.exec(select(AuditEvent.action).where(AuditEvent.action.startswith("delegation."))).all()  # type: ignore[attr-defined]
    assert sorted(noted) == ["delegation.added", "delegation.added", "delegation.revoked"]


@pytest.mark.parametrize(
    ("kinds", "first", "last", "number", "says"),
    [
        ([], day(0), day(1), "1", "loại hồ sơ"),
        (["cover"], day(0), day(1), "1", "loại hồ sơ"),
        (["results"], "31/02/2026", day(1), "1", "ngày bắt đầu"),
        (["results"], day(0), "", "1", "ngày kết thúc"),
        (["results"], day(3), day(2), "1", "trước ngày bắt đầu"),
        (["results"], day(-9), day(-1), "1", "hết hạn"),
        (["results"], day(0), day(1), "  ", "số quyết định"),
        (["results"], day(0), day(1), "9" * 81, "số quyết định"),
        (["results"], day(0), day(1), "1\x00", "số quyết định"),
    ],
)
def test_a_delegation_that_makes_no_sense(
    small: SmallSchool, kinds: list[str], first: str, last: str, number: str, says: str
) -> None:
    deputy = add_staff(small, "PHT", "vice_principal")
    error = refusal(lambda: signing.add_delegation(small.db, small.people["admin"], deputy, kinds, first, last, number))
    assert error.code is ErrorCode.INVALID_INPUT and says in error.sentence
    assert signing.delegations(small.db, small.people["admin"]) == []


def test_only_a_vice_principal_signs_for_the_principal(small: SmallSchool) -> None:
    """Decree 30/2020/NĐ-CP, article 13: ký thay is a deputy's."""
    admin = small.people["admin"]
    error = refusal(
        lambda: signing.add_delegation(small.db, admin, staff_id(small, "VAN"), ["results"], day(0), day(1), "1")
    )
    assert error.code is ErrorCode.INVALID_INPUT and "Phó Hiệu trưởng" in error.sentence


def test_two_decisions_for_one_kind_never_overlap(small: SmallSchool) -> None:
    admin = small.people["admin"]
    first, second = (
        add_staff(small, "PHT1", "vice_principal"),
        add_staff(small, "PHT2", "vice_principal", "079100000098"),
    )
    kept = signing.add_delegation(small.db, admin, first, ["results", "history"], day(0), day(10), "21/QĐ")
    error = refusal(lambda: signing.add_delegation(small.db, admin, second, ["results"], day(10), day(20), "22/QĐ"))
    assert error.code is ErrorCode.DELEGATION_OVERLAPS and "21/QĐ" in error.sentence
    signing.add_delegation(small.db, admin, second, ["results"], day(11), day(20), "22/QĐ")
    signing.revoke_delegation(small.db, admin, kept)
    signing.add_delegation(small.db, admin, second, ["history"], day(5), day(6), "23/QĐ")
    assert date.fromisoformat(signing.delegations(small.db, admin)[0].from_date) == today() + timedelta(days=11)


def test_seal_operator_and_the_account_he_confirms_with(small: SmallSchool) -> None:
    admin = small.people["admin"]
    signing.set_seal_operator(small.db, admin, staff_id(small, "VAN"), "MST_0312345678-001")
    view = signing.signing_settings_view(small.db, admin)
    assert view.seal_operator is not None and view.seal_operator.staff_id == staff_id(small, "VAN")
    assert view.seal_key.provider_user == "MST_0312345678-001" and view.seal_key.state == "no_certificate"
    keys.connect(small.db, admin, SEAL, small.users["seal"])
    signing.set_seal_operator(small.db, admin, None)
    view = signing.signing_settings_view(small.db, admin)
    assert view.seal_operator is None and view.seal_key.state == "ok" and view.seal_image


def test_the_undo_of_the_cover_signer_overwrites_nobody_elses_change(small: SmallSchool) -> None:
    admin, principal = small.people["admin"], staff_id(small, "principal")
    first, second = (
        add_staff(small, "PHT1", "vice_principal"),
        add_staff(small, "PHT2", "vice_principal", "079100000098"),
    )
    change = signing.set_cover_signer(small.db, admin, first)
    assert change == ("", first)
    signing.restore_cover_signer(small.db, admin, change)
    signing.restore_cover_signer(small.db, admin, change)
    assert signer(small, "cover")[0] == principal, "as it was, however often it is asked for"
    change = signing.set_cover_signer(small.db, admin, first)
    signing.set_cover_signer(small.db, small.people["principal"], second)
    assert refusal(lambda: signing.restore_cover_signer(small.db, admin, change)).code is ErrorCode.UNDO_TOO_LATE
    assert signer(small, "cover")[0] == second
    noted = set_events(small, "signing.cover_signer_set")
    assert noted == [
        {"before": "", "now": first},
        {"before": first, "now": ""},
        {"before": "", "now": first},
        {"before": first, "now": second},
    ]


def test_the_undo_of_the_seal_operator_overwrites_nobody_elses_change(small: SmallSchool) -> None:
    admin = small.people["admin"]
    before = signing.set_seal_operator(small.db, admin, None)[0]
    van, toan = staff_id(small, "VAN"), staff_id(small, "TOAN")
    assert before not in ("", van, toan)
    signing.restore_seal_operator(small.db, admin, (before, ""))
    change = signing.set_seal_operator(small.db, admin, van)
    assert change == (before, van)
    signing.set_seal_operator(small.db, small.people["principal"], toan)
    late = refusal(lambda: signing.restore_seal_operator(small.db, admin, change))
    assert late.code is ErrorCode.UNDO_TOO_LATE and "sau đó đã có thay đổi khác" in late.sentence
    seen = signing.signing_settings_view(small.db, admin).seal_operator
    assert seen is not None and seen.staff_id == toan
    assert set_events(small, "signing.seal_operator_set")[1:] == [
        {"before": "", "now": before},
        {"before": before, "now": van},
        {"before": van, "now": toan},
    ]


def set_events(small: SmallSchool, action: str) -> list[dict[str, object]]:
    with small.db.read(small.school_id) as session:
        return [
            event.data
            for event in session.exec(
                select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.seq)
            ).all()
        ]


def test_who_may_and_another_school(small: SmallSchool, stranger: Identity) -> None:
    deputy = add_staff(small, "PHT", "vice_principal")
    made = signing.add_delegation(small.db, small.people["admin"], deputy, ["results"], day(0), day(1), "1")
    van = small.people["VAN"]
    for call in (
        lambda: signing.set_cover_signer(small.db, van, deputy),
        lambda: signing.set_seal_operator(small.db, van, deputy),
        lambda: signing.restore_cover_signer(small.db, van, ("", deputy)),
        lambda: signing.restore_seal_operator(small.db, van, ("", deputy)),
        lambda: signing.add_delegation(small.db, van, deputy, ["results"], day(2), day(3), "2"),
        lambda: signing.revoke_delegation(small.db, van, made),
        lambda: signing.delegations(small.db, van),
        lambda: signing.signing_settings_view(small.db, van),
    ):
        assert refusal(call).code is ErrorCode.FORBIDDEN
    for call in (
        lambda: signing.set_cover_signer(small.db, stranger, deputy),
        lambda: signing.set_seal_operator(small.db, stranger, deputy),
        lambda: signing.add_delegation(small.db, stranger, deputy, ["results"], day(2), day(3), "2"),
        lambda: signing.revoke_delegation(small.db, stranger, made),
    ):
        assert refusal(call).code is ErrorCode.NOT_FOUND
    view = signing.signing_settings_view(small.db, stranger)
    assert view.operator_choices == [] and view.delegations == [] and view.principal is None
    assert signer(small, "results")[0] == deputy


def test_nobody_but_the_principal_names_himself(small: SmallSchool) -> None:
    deputy = add_staff(small, "PHT", "vice_principal")
    roles = frozenset({"management"})
    me = Identity(
        account_id="", school_id=small.school_id, staff_id=deputy, username="pht", full_name="PHT", roles=roles
    )
    for name in (
        lambda: signing.add_delegation(small.db, me, deputy, ["results"], day(0), day(9), "12/QĐ"),
        lambda: signing.set_cover_signer(small.db, me, deputy),
        lambda: signing.set_seal_operator(small.db, me, deputy),
    ):
        assert refusal(name).code is ErrorCode.SELF_APPOINTED
    signing.set_seal_operator(small.db, small.people["principal"], small.people["principal"].staff_id)
