"""A school is renamed, re-coded, gets another tax code: a proposal, an answer, and a list of issuers that knows both names."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import AuditEvent, Database, DocumentVersion, School, SchoolChange, Slot
from hocba_app.models.base import utc_now
from hocba_app.recordfile.manifest import ManifestSchool
from hocba_app.services.accounts import school_identity
from hocba_app.services.accounts.schools import operator
from hocba_app.services.accounts.sessions import Identity
from hocba_app.verification.issuers import issuer_list_fault, listed_school
from tests.refusals import refused
from tests.school import SmallSchool, small_school
from tests.work import counted

NEW = {"code": "79770009", "name": "Trường THCS và THPT Bình Minh", "tax_code": "0399999999"}


@pytest.fixture
def small(db: Database, school_id: str) -> SmallSchool:
    return small_school(db, school_id, None)


def _proposed(small: SmallSchool, facts: dict[str, str] = NEW) -> str:
    with small.db.write(small.school_id) as session:
        school = session.get_one(School, small.school_id)
        school_identity.propose(session, school, facts, "")
        return session.exec(select(SchoolChange.id).where(SchoolChange.state == "open")).one()


def _school(small: SmallSchool) -> School:
    with small.db.read(small.school_id) as session:
        return session.get_one(School, small.school_id)


def _sealed(small: SmallSchool) -> None:
    """A record sealed now, in the name the school has now."""
    from hocba_app.models import Document, Student

    school = _school(small)
    with small.db.write(small.school_id) as session:
        student = session.exec(select(Student)).first()
        assert student is not None
        document = Document(student_id=student.id, class_id=small.class_id, kind="cover", level="lower_secondary")
        session.add(document)
        session.flush()
        snapshot = {"school": {"name": school.name, "code": school.code, "tax_code": school.tax_code}}
        version = DocumentVersion(
            document_id=document.id, number=1, snapshot=snapshot, snapshot_sha256="x", salt="x", code="X-1",
            class_id=small.class_id,
        )  # fmt: skip
        session.add(version)
        session.flush()
        session.add(
            Slot(version_id=version.id, document_id=document.id, field="seal", stage="seal", signed_at=utc_now())
        )


def test_a_proposal_changes_nothing_until_the_principal_answers(small: SmallSchool) -> None:
    before = _school(small)
    change = _proposed(small)
    assert _school(small).code == before.code
    teacher, admin, principal = (small.people[part] for part in ("TOAN", "admin", "principal"))
    for who in (teacher, admin):
        assert refused(school_identity.confirm, small.db, who, change) is ErrorCode.FORBIDDEN
    assert [view.may_decide for view in school_identity.changes(small.db, admin)] == [False]
    school_identity.confirm(small.db, principal, change, decision="2606/QĐ-UBND")
    after = _school(small)
    assert (after.id, after.code, after.name, after.tax_code) == (before.id, *NEW.values())
    with small.db.read(small.school_id) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "school.changed")).one()
    assert event.data["before"]["code"] == before.code and event.data["decision"] == "2606/QĐ-UBND"


def test_a_refused_one_leaves_everything_and_needs_a_reason(small: SmallSchool) -> None:
    change, principal = _proposed(small), small.people["principal"]
    assert refused(school_identity.refuse, small.db, principal, change, " ") is ErrorCode.REASON_MISSING
    school_identity.refuse(small.db, principal, change, "Sở ghi nhầm")
    with pytest.raises(HocbaError) as caught:
        school_identity.confirm(small.db, principal, change)
    assert caught.value.code is ErrorCode.NOT_FOUND and _school(small).code != NEW["code"]


def test_a_list_that_says_the_old_again_withdraws(small: SmallSchool) -> None:
    _proposed(small)
    with small.db.write(small.school_id) as session:
        school = session.get_one(School, small.school_id)
        assert not school_identity.propose(session, school, {}, "")
    assert [view.state for view in school_identity.changes(small.db, small.people["admin"])] == []


def test_the_list_of_issuers_knows_both_names_for_their_days(small: SmallSchool) -> None:
    old = _school(small)
    _sealed(small)
    school_identity.confirm(small.db, operator(small.school_id), _proposed(small), effective="2026-01-01")
    with small.db.read(small.school_id) as session:
        entry = school_identity.issuer_entry(session)
    assert issuer_list_fault([entry]) == ""
    assert entry["former"][0]["until"] == today().isoformat(), "what was under way was sealed under the old name"
    then, now = ManifestSchool(old.code, old.name, old.tax_code), ManifestSchool(*NEW.values())
    for school in (then, now):
        assert listed_school([entry], school, utc_now()) is not None
    late = utc_now().replace(year=today().year + 2)
    assert listed_school([entry], then, late) is None, "the old name is not for new records"
    assert listed_school([entry], ManifestSchool(NEW["code"], old.name, NEW["tax_code"]), utc_now()) is None


def test_a_code_of_another_school_and_days_to_come_are_refused(small: SmallSchool, db: Database) -> None:
    with db.installation(write=True) as session:
        session.add(School(code="79760077", name="Trường khác"))
    who = operator(small.school_id)
    for facts, effective in (
        ({"code": "79760077"}, ""),
        (NEW, "2099-01-01"),
        (NEW, "x"),
        ({"level": "x"}, ""),
        ({}, ""),
    ):
        assert (
            refused(school_identity.change_by_operator, small.db, who, facts, effective=effective)
            is ErrorCode.INVALID_INPUT
        )
    school_identity.change_by_operator(small.db, who, {"name": "Trường Mới"}, effective="2026-02-01")
    with pytest.raises(HocbaError):
        school_identity.change_by_operator(small.db, who, {"name": "Trường Cũ"}, effective="2026-01-31")
    assert (
        refused(lambda: school_identity.change_by_operator(small.db, small.people["admin"], {"name": "Của tôi"}))
        is ErrorCode.FORBIDDEN
    )
    assert date.fromisoformat("2026-02-01") <= today()


def test_the_head_of_a_centre(small: SmallSchool) -> None:
    school_identity.set_head_office(small.db, operator(small.school_id), "director")
    assert _school(small).head_office == "director"
    for who, office in ((operator(small.school_id), "king"), (small.people["principal"], "director")):
        with pytest.raises(HocbaError):
            school_identity.set_head_office(small.db, who, office)


def test_another_school_sees_nothing_of_it(small: SmallSchool, db: Database) -> None:
    _proposed(small)
    with db.installation(write=True) as session:
        other = School(code="79760002", name="Trường khác", tax_code="0398765432", current_year="2025-2026")
        session.add(other)
    theirs: Identity = operator(other.id)
    assert school_identity.changes(db, theirs) == []


def test_schools_that_never_changed_cost_no_look_of_their_own(small: SmallSchool, db: Database) -> None:
    """A province has thousands of schools; every verification asks for the list."""

    def queries() -> int:
        with counted(db) as work:
            assert len(school_identity.issuers(db)) >= 1
        return work.statements

    few = queries()
    with db.installation(write=True) as session:
        session.add_all([School(code=f"7999{number:04d}", name=f"Trường {number}") for number in range(20)])
    assert queries() == few
