"""A post in the leadership is proposed by a list and confirmed by somebody with the greater right; one principal; an admin stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from typer.testing import CliRunner

from hocba_app import school_commands, startup
from hocba_app.domain.errors import ErrorCode
from hocba_app.models import Account, AuditEvent, Database, LeadershipProposal, Staff
from hocba_app.services.accounts import administration, leadership
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.schools import operator
from hocba_app.services.workbooks.excel_writing import write_workbook
from tests.integration.sync.importing import import_workbook
from tests.refusals import refused

POSTS = {"principal": "Hiệu trưởng", "vice_principal": "Phó hiệu trưởng", "teacher": "Giáo viên", "clerk": "Nhân viên"}
Make, Who = Callable[..., Account], Callable[[Account], Identity]


def staff_list(*rows: tuple[str, str, str]) -> bytes:
    """A workbook of staff: code, post, status."""
    header = ["Mã giáo viên", "Họ và tên", "Chức vụ", "Trạng thái"]
    return write_workbook(
        [("Giáo viên", header, [[code, f"Cô {code}", POSTS[post], status] for code, post, status in rows])]
    )


def listed(db: Database, who: Identity, *rows: tuple[str, str, str]) -> None:
    assert import_workbook(db, who, staff_list(*rows)).problems == []


def staff(db: Database, school_id: str) -> dict[str, tuple[str, bool]]:
    with db.read(school_id) as session:
        return {row.code: (row.position, row.active) for row in session.exec(select(Staff)).all()}


def waiting(db: Database, school_id: str) -> dict[str, str]:
    return {view.staff_code: view.id for view in leadership.proposals(db, operator(school_id)) if view.state == "open"}


@pytest.fixture
def people(make_account: Make, who: Who) -> dict[str, Identity]:
    return {
        code: who(make_account(code, position=position, roles=roles))
        for code, position, roles in (
            ("ht", "principal", ()),
            ("pht", "vice_principal", ()),
            ("gv", "teacher", ()),
            ("qt", "clerk", ("admin",)),
        )
    }


def test_nobody_makes_himself_principal_with_a_list(db: Database, school_id: str, people: dict[str, Identity]) -> None:
    listed(
        db,
        people["pht"],
        ("pht", "principal", "Đang làm việc"),
        ("ht", "teacher", "Đang làm việc"),
        ("gv", "vice_principal", "Đang làm việc"),
    )
    assert staff(db, school_id) == {
        "ht": ("principal", True),
        "pht": ("vice_principal", True),
        "gv": ("teacher", True),
        "qt": ("clerk", True),
    }
    ids = waiting(db, school_id)
    assert set(ids) == {"ht", "pht", "gv"}
    for role in ("pht", "gv", "qt"):
        assert refused(lambda role=role: leadership.confirm(db, people[role], ids["pht"])) is ErrorCode.FORBIDDEN  # type: ignore[misc]
    leadership.refuse(db, people["ht"], ids["gv"], "Chưa có quyết định bổ nhiệm")
    leadership.confirm(db, people["ht"], ids["pht"])
    assert staff(db, school_id) == {
        "ht": ("teacher", True),
        "pht": ("principal", True),
        "gv": ("teacher", True),
        "qt": ("clerk", True),
    }
    assert waiting(db, school_id) == {}
    with db.read(school_id) as session:
        actions = [
            row.action
            for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
            if row.action.startswith("leadership.")
        ]
    assert actions == ["leadership.proposed"] * 3 + ["leadership.refused"] + ["leadership.confirmed"] * 2


def test_a_list_cannot_make_the_principal_leave(db: Database, school_id: str, people: dict[str, Identity]) -> None:
    listed(db, people["pht"], ("ht", "principal", "Đã nghỉ"))
    assert staff(db, school_id)["ht"] == ("principal", True)
    with db.read(school_id) as session:
        assert not session.get_one(Account, (school_id, people["ht"].account_id)).disabled
    [proposal] = waiting(db, school_id).values()
    assert refused(lambda: leadership.confirm(db, people["ht"], proposal)) is ErrorCode.PRINCIPAL_NEEDED
    leadership.confirm(db, operator(school_id), proposal)
    assert staff(db, school_id)["ht"] == ("principal", False)
    with db.read(school_id) as session:
        assert session.get_one(Account, (school_id, people["ht"].account_id)).disabled


def test_a_second_principal_waits_until_the_first_has_another_post(
    db: Database, school_id: str, people: dict[str, Identity]
) -> None:
    listed(db, people["pht"], ("pht", "principal", "Đang làm việc"))
    [proposal] = waiting(db, school_id).values()
    assert refused(lambda: leadership.confirm(db, people["ht"], proposal)) is ErrorCode.PRINCIPAL_EXISTS
    with pytest.raises(IntegrityError), db.write(school_id) as session:
        session.add(Staff(source_id="second", code="second", full_name="Cô Hai", position="principal"))


def test_what_the_next_list_no_longer_says_is_withdrawn(
    db: Database, school_id: str, people: dict[str, Identity]
) -> None:
    listed(db, people["pht"], ("gv", "vice_principal", "Đang làm việc"))
    listed(db, people["pht"], ("gv", "vice_principal", "Đang làm việc"))
    assert set(waiting(db, school_id)) == {"gv"}
    listed(db, people["pht"], ("gv", "teacher", "Đang làm việc"))
    assert waiting(db, school_id) == {}
    with db.read(school_id) as session:
        assert [row.state for row in session.exec(select(LeadershipProposal)).all()] == ["withdrawn"]


def test_the_last_admin_stays_when_a_list_says_he_left(
    db: Database, school_id: str, people: dict[str, Identity]
) -> None:
    listed(db, people["pht"], ("qt", "clerk", "Đã nghỉ"), ("gv", "teacher", "Đã nghỉ"))
    assert staff(db, school_id)["qt"] == ("clerk", True) and staff(db, school_id)["gv"] == ("teacher", False)
    with db.read(school_id) as session:
        assert not session.get_one(Account, (school_id, people["qt"].account_id)).disabled
    [proposal] = waiting(db, school_id).values()
    assert refused(lambda: leadership.confirm(db, people["ht"], proposal)) is ErrorCode.LAST_ADMIN
    administration.grant(db, people["qt"], people["pht"].account_id, "admin")
    leadership.confirm(db, people["ht"], proposal)
    assert staff(db, school_id)["qt"] == ("clerk", False)


def test_a_new_school_begins_with_the_operators_word(
    db: Database, school_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "installation", lambda: db)
    listed(
        db,
        operator(school_id),
        ("HT", "principal", "Đang làm việc"),
        ("P1", "vice_principal", "Đang làm việc"),
        ("G1", "teacher", "Đang làm việc"),
    )
    assert staff(db, school_id) == dict.fromkeys(("HT", "P1", "G1"), ("teacher", True))
    console = CliRunner()
    assert (
        "Cô HT: Giáo viên → Hiệu trưởng" in console.invoke(school_commands.school_app, ["proposals", "79760001"]).stdout
    )
    assert console.invoke(school_commands.school_app, ["confirm-leadership", "79760001"]).exit_code == 0
    assert staff(db, school_id) == {"HT": ("principal", True), "P1": ("vice_principal", True), "G1": ("teacher", True)}
    assert "Không có gì" in console.invoke(school_commands.school_app, ["proposals", "79760001"]).stdout
