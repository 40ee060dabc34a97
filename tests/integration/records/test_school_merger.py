"""Two schools become one: what was sealed keeps verifying, who and what is left goes over, rights do not, both logs tell it."""

from __future__ import annotations

from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import (
    Account,
    AuditEvent,
    Database,
    Document,
    DocumentVersion,
    LeadershipProposal,
    Lease,
    LoginName,
    PublicCode,
    School,
    SigningKey,
    Staff,
    Student,
    Subject,
    TeachingAssignment,
)
from hocba_app.models.repositories.audit_facts import events_after
from hocba_app.services.accounts import school_identity
from hocba_app.services.accounts.school_merger import merge
from hocba_app.services.accounts.schools import operator
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_comparison import GROUPS, compare
from hocba_app.services.storage.files import current_file
from hocba_app.verification.issuers import issuer_list_fault
from tests.integration.records.conftest import lock, pupils
from tests.refusals import refused
from tests.school import SmallSchool


def _all(db: Database, school_id: str, table: type) -> list:
    with db.read(school_id) as session:
        return list(session.exec(select(table)).all())


def test_everything_goes_to_the_school_that_stays(small: SmallSchool, other: SmallSchool) -> None:
    db, ours, theirs = small.db, small.school_id, other.school_id
    lock(other)
    lock(small)
    with db.write(theirs) as session:
        session.add(SigningKey(owner=other.people["TOAN"].staff_id or "", provider_user="CCCD_1"))
        session.add(SigningKey(owner="seal", provider_user="MST_1"))
        school = session.get_one(School, theirs)
        school.level = "upper_secondary"
        session.add(school)
        first = session.exec(select(DocumentVersion)).first()
        assert first is not None
        file = current_file(session, first.id)
    before = {table: len(_all(db, ours, table)) for table in (Student, Staff, Document)}
    moved = pupils(other)
    told = merge(db, operator(ours), theirs, decision="2606/QĐ-UBND")
    assert (told.students, told.documents, told.unfinished) == (len(moved), len(moved), len(moved))
    for table, count in before.items():
        assert len(_all(db, ours, table)) == count + getattr(
            told, {Student: "students", Staff: "staff"}.get(table, "documents")
        )
        assert _all(db, theirs, table) == []
    with db.read(ours) as session:
        assert current_file(session, first.id) == file, "not a byte of a record is touched"
        assert {row.owner for row in session.exec(select(SigningKey)).all()} == {other.people["TOAN"].staff_id}
        codes = [row.code for row in session.exec(select(Subject)).all()]
        assert len(codes) == len(set(codes)), "both taught Toán"
        taught = {row.subject_id for row in session.exec(select(TeachingAssignment)).all()}
        assert taught <= {row.id for row in session.exec(select(Subject)).all()}
        assert session.get_one(School, ours).level == "lower_secondary+upper_secondary"
    with db.installation() as session:
        assert {row.school_id for row in session.exec(select(PublicCode)).all()} == {ours}
        assert {row.school_id for row in session.exec(select(LoginName)).all()} <= {ours}
        ended = session.get_one(School, theirs)
    assert ended.merged_into == ours and ended.smas_client_id == ""


def test_rights_do_not_come_along(small: SmallSchool, other: SmallSchool) -> None:
    theirs = other.people["principal"].staff_id
    with other.db.write(other.school_id) as session:
        account = session.exec(select(Account)).first()
        assert account is not None
        account.granted_roles = ["admin"]
        session.add(account)
    merge(small.db, operator(small.school_id), other.school_id)
    with small.db.read(small.school_id) as session:
        person = session.get_one(Staff, (small.school_id, theirs))
        proposal = session.exec(select(LeadershipProposal)).one()
        roles = {tuple(row.granted_roles) for row in session.exec(select(Account)).all() if "B" in row.full_name}
        leaders = [row.id for row in session.exec(select(Staff).where(Staff.position == "principal")).all()]
    assert (person.position, proposal.staff_id, proposal.proposed) == ("teacher", theirs, "vice_principal")
    assert roles == {()} and leaders == [small.people["principal"].staff_id]


def test_both_logs_tell_it_and_agree_with_the_rows(small: SmallSchool, other: SmallSchool) -> None:
    db = small.db
    lock(other)
    merge(db, operator(small.school_id), other.school_id)
    told = {}
    for school_id in (small.school_id, other.school_id):
        with db.read(school_id) as session:
            assert verify_chain(session) == []
            told[school_id] = [row.action for row in session.exec(select(AuditEvent)).all()]
    assert "school.merged" in told[small.school_id] and "school.ended" in told[other.school_id]
    with db.read(other.school_id) as session:
        events = list(events_after(session, 0, GROUPS))
    with db.read(small.school_id) as session:
        assert compare(session) != [], "without the other log its records have no event"
        assert compare(session, events) == []


def test_the_list_of_issuers_keeps_the_school_that_ended_for_its_days(small: SmallSchool, other: SmallSchool) -> None:
    merge(small.db, operator(small.school_id), other.school_id, effective="2026-01-01")
    listed = {entry["code"]: entry for entry in school_identity.issuers(small.db)}
    assert issuer_list_fault(list(listed.values())) == ""
    assert listed["79760002"]["until"] == "2025-12-31"


def test_not_while_somebody_signs_nor_by_anybody_nor_with_itself(small: SmallSchool, other: SmallSchool) -> None:
    lock(other)
    who = operator(small.school_id)
    for given in (small.school_id, "nobody"):
        assert refused(merge, small.db, who, given) is ErrorCode.INVALID_INPUT
    assert refused(lambda: merge(small.db, small.people["principal"], other.school_id)) is ErrorCode.FORBIDDEN
    from hocba_app.models import Batch

    with other.db.write(other.school_id) as session:
        version = session.exec(select(DocumentVersion)).first()
        assert version is not None
        batch = Batch(
            owner=other.people["TOAN"].staff_id or "",
            staff_id=other.people["TOAN"].staff_id or "",
            account_id=other.people["TOAN"].account_id,
            stage="subject",
        )
        session.add(batch)
        session.flush()
        session.add(Lease(version_id=version.id, batch_id=batch.id))
    assert refused(merge, small.db, who, other.school_id) is ErrorCode.SCHOOL_BUSY
    assert _all(small.db, other.school_id, Document), "nothing was moved"
    with other.db.write(other.school_id) as session:
        over = session.get_one(Batch, (other.school_id, batch.id))
        over.state = "ended"
        lease = session.exec(select(Lease)).one()
        lease.released_at = over.created_at
        session.add_all([over, lease])
    assert merge(small.db, who, other.school_id).documents == 2, "what is over goes along"
