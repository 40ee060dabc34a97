"""One school becomes two: pupils, records, people and keys go with their classes, what was sealed keeps verifying, both logs tell it."""

from __future__ import annotations

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from hocba_app import school_commands, school_split_command, startup
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import (
    Account,
    AuditEvent,
    Batch,
    Database,
    Document,
    DocumentVersion,
    Enrolment,
    LeadershipProposal,
    Lease,
    LoginName,
    PublicCode,
    School,
    SchoolClass,
    SigningKey,
    Slot,
    Staff,
    Student,
    Subject,
    TeachingAssignment,
)
from hocba_app.services.accounts import school_identity
from hocba_app.services.accounts.school_merger import merge
from hocba_app.services.accounts.school_split import plan, split
from hocba_app.services.accounts.schools import operator
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_check import _family
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.storage.files import current_file
from hocba_app.verification.issuers import issuer_list_fault
from tests.integration.records.conftest import lock
from tests.refusals import refused
from tests.school import SmallSchool, add_student

UPPER = ("4", "5")
"""Pupils of the class that goes."""


@pytest.fixture
def two(small: SmallSchool) -> SmallSchool:
    """6A1 with three pupils, and 10A1 with two; TOAN teaches both, VAN only 10A1, its homeroom teacher is GDTC."""
    with small.db.write(small.school_id) as session:
        of = SchoolClass(
            source_id="c2", code="10A1", name="10A1", grade=10, regime="TT22", school_year="2025-2026",
            homeroom_staff_id=small.people["GDTC"].staff_id,
        )  # fmt: skip
        session.add(of)
        session.flush()
        for number in UPPER:
            add_student(session, of, int(number))
        subjects = {row.code: row for row in session.exec(select(Subject)).all()}
        for code in subjects:
            person = small.people["TOAN" if code == "GDTC" else code].staff_id
            session.add(
                TeachingAssignment(source_id=f"{code}2", class_id=of.id, subject_id=subjects[code].id, staff_id=person)
            )
        for row in session.exec(select(TeachingAssignment)).all():
            if row.class_id == small.class_id and row.subject_id in (subjects["VAN"].id, subjects["GDTC"].id):
                row.staff_id = small.people["homeroom"].staff_id or ""
                session.add(row)
        school = session.get_one(School, small.school_id)
        school.level, school.current_year = "lower_secondary+upper_secondary", "2025-2026"
        session.add(school)
        for part in ("VAN", "TOAN"):
            session.add(SigningKey(owner=small.people[part].staff_id or "", provider_user=f"CCCD_{part}"))
    return small


@pytest.fixture
def new(db: Database) -> str:
    with db.installation(write=True) as session:
        school = School(code="79770009", name="Trường THPT Mới", tax_code="0399999999", current_year="2025-2026")
        session.add(school)
    return school.id


def _all(db: Database, school_id: str, table: type) -> list:
    with db.read(school_id) as session:
        return list(session.exec(select(table)).all())


def _lock_both(two: SmallSchool) -> None:
    lock(two)
    with two.db.read(two.school_id) as session:
        upper = session.exec(select(SchoolClass).where(SchoolClass.name == "10A1")).one().id
    lock(SmallSchool(two.db, two.school_id, upper, two.people))


def _differing(db: Database, school_id: str) -> list:
    with db.installation() as session:
        schools = list(session.exec(select(School)).all())
        own = session.get_one(School, school_id)
    also, elsewhere = _family(db, schools, own)
    with db.read(school_id) as session:
        return compare(session, also, elsewhere)


def test_the_plan_says_who_goes_and_asks_about_who_teaches_on_both_sides(two: SmallSchool, new: str) -> None:
    codes = {part: f"GV{number:03d}" for number, part in enumerate(("principal", "homeroom", "TOAN", "VAN", "GDTC"), 1)}
    seen = plan(two.db, two.school_id, ["10a1"])
    assert (seen.class_names, seen.students) == (("10A1",), 2)
    assert (seen.staff, seen.undecided) == ((codes["VAN"], codes["GDTC"]), (codes["TOAN"],))
    with pytest.raises(HocbaError, match="dạy ở cả hai bên"):
        split(two.db, operator(new), two.school_id, ["10A1"])
    assert _all(two.db, new, Student) == [], "nothing was moved"
    for wrong in (["11B"], [], ["6A1", "10A1"]):
        assert refused(plan, two.db, two.school_id, wrong) is ErrorCode.INVALID_INPUT


def test_pupils_records_people_and_keys_go_with_their_class(two: SmallSchool, new: str) -> None:
    db, old = two.db, two.school_id
    _lock_both(two)
    with db.read(old) as session:
        files = {row.id: current_file(session, row.id) for row in session.exec(select(DocumentVersion)).all()}
    told = split(db, operator(new), old, ["10A1"], staying=["GV003"], decision="15/QĐ-UBND", effective="2026-08-01")
    assert (told.students, told.documents, told.unfinished) == (2, 2, 2)
    assert sorted(row.code for row in _all(db, new, Student)) == ["HS004", "HS005"]
    assert sorted(row.code for row in _all(db, old, Student)) == ["HS001", "HS002", "HS003"]
    for school_id, count in ((new, 2), (old, 3)):
        assert len(_all(db, school_id, Document)) == len(_all(db, school_id, Enrolment)) == count
        assert {row.version_id for row in _all(db, school_id, Slot)} == {
            row.id for row in _all(db, school_id, DocumentVersion)
        }
        with db.read(school_id) as session:
            for version in session.exec(select(DocumentVersion)).all():
                assert current_file(session, version.id) == files[version.id], "not a byte of a record is touched"
    here = {row.code: row for row in _all(db, new, Staff)}
    assert {code for code, row in here.items() if row.active} == {"GV004", "GV005"}
    assert not here["GV003"].active, "who stays is known here only as who taught"
    assert {row.code for row in _all(db, old, Staff) if not row.active} == {"GV004", "GV005"}
    assert [row.provider_user for row in _all(db, new, SigningKey)] == ["CCCD_VAN"]
    assert [row.provider_user for row in _all(db, old, SigningKey)] == ["CCCD_TOAN"]
    assert [row.name for row in _all(db, new, SchoolClass) if row.active] == ["10A1"]
    assert [row.name for row in _all(db, old, SchoolClass) if row.active] == ["6A1"]
    with db.installation() as session:
        ours, theirs = session.get_one(School, new), session.get_one(School, old)
        moved = {row.id for row in _all(db, new, DocumentVersion)}
        codes = session.exec(select(PublicCode)).all()
        assert {row.version_id for row in codes if row.school_id == new} == moved
        names = {row.account_id: row.school_id for row in session.exec(select(LoginName)).all()}
    assert (ours.level, theirs.level, ours.split_from) == ("upper_secondary", "lower_secondary", old)
    accounts = {row.staff_id: row for row in _all(db, new, Account)}
    van = accounts[two.people["VAN"].staff_id]
    assert not van.disabled and names.get(van.id, new) == new
    assert all(row.disabled for row in _all(db, old, Account) if row.staff_id == two.people["VAN"].staff_id)


def test_both_logs_tell_it_and_agree_with_the_rows_of_both(two: SmallSchool, new: str) -> None:
    db, old = two.db, two.school_id
    _lock_both(two)
    split(db, operator(new), old, ["10A1"], staying=["GV003"])
    for school_id in (old, new):
        with db.read(school_id) as session:
            assert verify_chain(session) == []
            assert "school.split" in [row.action for row in session.exec(select(AuditEvent)).all()]
            assert compare(session) != [], "alone each of them lacks something"
        assert _differing(db, school_id) == []
    with db.write(new) as session:
        slot = session.exec(select(Slot)).first()
        assert slot is not None
        slot.revision_number, slot.signed_at = 1, two_oclock()
        session.add(slot)
    assert _differing(db, new) != [], "a forged signature is found at the new school too"
    assert _differing(db, old) == []


def two_oclock() -> object:
    from datetime import UTC, datetime

    return datetime(2026, 5, 20, 2, tzinfo=UTC)


def test_the_list_of_issuers_has_both_and_rights_do_not_go(two: SmallSchool, new: str) -> None:
    split(two.db, operator(new), two.school_id, ["10A1"], going=["GV001", "GV003"], effective="2026-01-01")
    listed = {entry["code"]: entry for entry in school_identity.issuers(two.db)}
    assert issuer_list_fault(list(listed.values())) == ""
    assert {"79760001", "79770009"} <= set(listed) and "until" not in listed["79760001"]
    (proposal,) = _all(two.db, new, LeadershipProposal)
    assert proposal.staff_id == two.people["principal"].staff_id
    assert {row.position for row in _all(two.db, new, Staff)} == {"teacher"}


def test_not_while_somebody_signs_nor_into_a_school_with_people(two: SmallSchool, new: str, other: SmallSchool) -> None:
    _lock_both(two)
    assert (
        refused(lambda: split(two.db, operator(other.school_id), two.school_id, ["10A1"], staying=["GV003"]))
        is ErrorCode.INVALID_INPUT
    )
    assert (
        refused(lambda: split(two.db, two.people["principal"], two.school_id, ["10A1"], staying=["GV003"]))
        is ErrorCode.FORBIDDEN
    )
    with two.db.write(two.school_id) as session:
        version = session.exec(select(DocumentVersion)).first()
        assert version is not None
        staff, account = two.people["TOAN"].staff_id or "", two.people["TOAN"].account_id
        batch = Batch(owner=staff, staff_id=staff, account_id=account, stage="subject")
        session.add(batch)
        session.flush()
        session.add(Lease(version_id=version.id, batch_id=batch.id))
    assert (
        refused(lambda: split(two.db, operator(new), two.school_id, ["10A1"], staying=["GV003"]))
        is ErrorCode.SCHOOL_BUSY
    )


def test_what_was_split_off_may_be_merged_again(two: SmallSchool, new: str) -> None:
    db, old = two.db, two.school_id
    _lock_both(two)
    split(db, operator(new), old, ["10A1"], staying=["GV003"])
    merge(db, operator(old), new)
    assert len(_all(db, old, Document)) == 5 and _all(db, new, Document) == []
    assert _differing(db, old) == []


def test_the_command_shows_the_plan_first(two: SmallSchool, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "installation", lambda: two.db)
    assert school_split_command.split_school
    console = CliRunner()
    asked = ["split", "79760001", "79770009", "--classes", "10A1"]
    shown = console.invoke(school_commands.school_app, asked)
    assert shown.exit_code == 1 and "GV003" in shown.stdout and "2 học sinh" in shown.stdout
    assert console.invoke(school_commands.school_app, [*asked, "--staff", "GV003"], input="n\n").exit_code == 1
    assert _all(two.db, new, Student) == []
    done = console.invoke(school_commands.school_app, [*asked, "--staff", "GV003", "--yes"])
    assert done.exit_code == 0, done.output
    assert len(_all(two.db, new, Student)) == 2
