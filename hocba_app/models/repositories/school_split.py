"""Part of one school's rows become another's: what is a pupil's goes with him, what he shares with those who stay is there twice.

Core statements over both schools, in the caller's one transaction. Keys begin with the school, so a shared row keeps its id in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, insert, literal, or_, select, update
from sqlmodel import Session, SQLModel, col

from hocba_app.domain.leadership import LEADERS
from hocba_app.models import (
    Account,
    AttachedRecord,
    Batch,
    BatchItem,
    Document,
    DocumentVersion,
    Enrolment,
    Evidence,
    HandOut,
    HandOutLink,
    HistoryEntry,
    LateAnswer,
    LeadershipProposal,
    Lease,
    LoginName,
    LoginSession,
    PublicCode,
    RecordObjection,
    Revision,
    SchoolClass,
    SignatureImage,
    SigningAssignment,
    SigningKey,
    SigningSettings,
    Slot,
    Staff,
    Student,
    StudentResult,
    Subject,
    TeachingAssignment,
    UnlockRequest,
)
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.records import chunks
from hocba_app.models.repositories.school_merger import as_it_goes

_ANY_SCHOOL = {"hocba_scope": True}
_OF_STUDENT = (AttachedRecord, HandOut, HistoryEntry, Document, Enrolment, StudentResult)
_OF_DOCUMENT = (DocumentVersion, Slot, RecordObjection)
_OF_VERSION = (Revision, Lease, BatchItem)
_OWN: tuple[type[Any], ...] = (Student, Staff, SchoolClass, Document)


def is_empty(session: Session, school_id: str) -> bool:
    """Whether a school has nobody and nothing yet."""
    return all(
        _run(session, select(table.__table__.c.id).where(_of(table) == school_id).limit(1)).first() is None
        for table in _OWN
    )


def teachers(session: Session, school_id: str, school_year: str) -> dict[str, set[str]]:
    """Classes of the year by who teaches or leads them."""
    found: dict[str, set[str]] = {}
    of_year = and_(_of(SchoolClass) == school_id, col(SchoolClass.school_year) == school_year, col(SchoolClass.active))
    led = select(col(SchoolClass.homeroom_staff_id), col(SchoolClass.id)).where(of_year)
    taught = (
        select(col(TeachingAssignment.staff_id), col(TeachingAssignment.class_id))
        .join(SchoolClass, and_(of_year, col(SchoolClass.id) == col(TeachingAssignment.class_id)))
        .where(_of(TeachingAssignment) == school_id, col(TeachingAssignment.active))
    )
    for query in (led, taught):
        for staff_id, class_id in _run(session, query):
            if staff_id:
                found.setdefault(staff_id, set()).add(class_id)
    return found


def has_open_unlock(session: Session, school_id: str, document_ids: Iterable[str]) -> bool:
    """Whether somebody asks to unlock one of these documents, or an approved one waits."""
    wanted = set(document_ids)
    query = select(col(UnlockRequest.document_ids), col(UnlockRequest.remaining_ids)).where(
        _of(UnlockRequest) == school_id, col(UnlockRequest.state).in_(("asked", "approved"))
    )
    return any(wanted & {*asked, *left} for asked, left in _run(session, query))


def documents_of(session: Session, school_id: str, student_ids: Sequence[str]) -> dict[str, str]:
    """States of all documents of these pupils, by document."""
    return {
        document_id: state
        for part in chunks(student_ids)
        for document_id, state in _run(
            session,
            select(col(Document.id), col(Document.state)).where(
                _of(Document) == school_id, col(Document.student_id).in_(part)
            ),
        )
    }


def hand_over(
    session: Session, old: str, new: str, student_ids: Sequence[str], staff_ids: Sequence[str], class_ids: Sequence[str]
) -> None:
    """Everything of these pupils, and these people with their accounts, keys and images; classes of this year with their teaching.

    Args:
        class_ids: classes of this year that go with all their pupils.
    """
    for part in chunks(staff_ids):
        _rights_end(session, old, part)
    _copy(session, Staff, old, new, _any(Staff, old))
    _copy(session, Subject, old, new, _any(Subject, old))
    _copy(session, SchoolClass, old, new, _any(SchoolClass, old))
    for part in chunks(student_ids):
        _pupils(session, old, new, part)
    _copy(session, Account, old, new, col(Account.staff_id).in_(list(staff_ids)))
    _rest_of_records(session, old, new)
    for part in chunks(class_ids):
        for table in (TeachingAssignment, SigningAssignment):
            _copy(session, table, old, new, col(table.class_id).in_(part))
        _set(session, TeachingAssignment, old, col(TeachingAssignment.class_id).in_(part), active=False)
        _run(
            session,
            delete(SigningAssignment).where(_of(SigningAssignment) == old, col(SigningAssignment.class_id).in_(part)),
        )
        _set(session, SchoolClass, old, col(SchoolClass.id).in_(part), active=False)
    for part in chunks(staff_ids):
        _people(session, old, new, part)
    _leave_only_what_is_named(session, old, new, staff_ids, class_ids)


def _pupils(session: Session, old: str, new: str, student_ids: Sequence[str]) -> None:
    """Parents are copied before their children, children deleted before their parents."""
    documents = select(col(Document.id)).where(_of(Document) == old, col(Document.student_id).in_(student_ids))
    versions = select(col(DocumentVersion.id)).where(
        _of(DocumentVersion) == old, col(DocumentVersion.document_id).in_(documents)
    )
    slots = select(col(Slot.id)).where(_of(Slot) == old, col(Slot.document_id).in_(documents))
    given = select(col(HandOut.id)).where(_of(HandOut) == old, col(HandOut.student_id).in_(student_ids))
    raised = select(col(RecordObjection.raised_by)).where(
        _of(RecordObjection) == old, col(RecordObjection.document_id).in_(documents)
    )
    _copy(session, Account, old, new, col(Account.id).in_(raised))
    _copy(session, Student, old, new, col(Student.id).in_(student_ids))
    going: list[tuple[type[Any], ColumnElement[bool]]] = [(Student, col(Student.id).in_(student_ids))]
    going += [(table, col(table.student_id).in_(student_ids)) for table in _OF_STUDENT]
    going += [(table, col(table.document_id).in_(documents)) for table in _OF_DOCUMENT]
    batches = select(col(BatchItem.batch_id)).where(_of(BatchItem) == old, col(BatchItem.version_id).in_(versions))
    leased = select(col(Lease.batch_id)).where(_of(Lease) == old, col(Lease.version_id).in_(versions))
    for table, which in going[1:]:
        _copy(session, table, old, new, which)
    # A confirmation may be of pupils on both sides: it is there twice.
    _copy(session, Batch, old, new, or_(col(Batch.id).in_(batches), col(Batch.id).in_(leased)))
    late: list[tuple[type[Any], ColumnElement[bool]]] = [
        (table, col(table.version_id).in_(versions)) for table in _OF_VERSION
    ]
    late.append((LateAnswer, col(LateAnswer.slot_id).in_(slots)))
    for table, which in late:
        _copy(session, table, old, new, which)
    _run(
        session,
        update(PublicCode)
        .where(col(PublicCode.school_id) == old, col(PublicCode.version_id).in_(versions))
        .values(school_id=new),
    )
    _run(
        session,
        update(HandOutLink)
        .where(col(HandOutLink.school_id) == old, col(HandOutLink.hand_out_id).in_(given))
        .values(school_id=new),
    )
    moved = [*going, *late]
    for table, _ in reversed(moved):
        twin = table.__table__.alias()
        there = exists().where(twin.c.school_id == new, twin.c.id == table.__table__.c.id)
        _run(session, delete(table).where(_of(table) == old, there))


def _rest_of_records(session: Session, old: str, new: str) -> None:
    """What signatures rest on is kept by whoever keeps a record signed with it."""
    named = select(col(Slot.evidence_id)).where(_of(Slot) == new, col(Slot.evidence_id).is_not(None))
    begun = select(col(Batch.evidence_id)).where(_of(Batch) == new, col(Batch.evidence_id).is_not(None))
    _copy(session, Evidence, old, new, or_(col(Evidence.id).in_(named), col(Evidence.id).in_(begun)))


def _people(session: Session, old: str, new: str, staff_ids: Sequence[str]) -> None:
    """Keys, images and logins move; the row of who taught here stays, for records he signed."""
    accounts = select(col(Account.id)).where(_of(Account) == old, col(Account.staff_id).in_(staff_ids))
    for table in (SigningKey, SignatureImage):
        _copy(session, table, old, new, col(table.owner).in_(staff_ids))
        _run(session, delete(table).where(_of(table) == old, col(table.owner).in_(staff_ids)))
    _run(
        session,
        update(LoginName)
        .where(col(LoginName.school_id) == old, col(LoginName.account_id).in_(accounts))
        .values(school_id=new),
    )
    _set(session, Account, old, col(Account.staff_id).in_(staff_ids), disabled=True)
    _set(session, Staff, old, col(Staff.id).in_(staff_ids), active=False)


def _rights_end(session: Session, old: str, staff_ids: Sequence[str]) -> None:
    """Posts and roles are given anew by who leads the new school."""
    accounts = select(col(Account.id)).where(_of(Account) == old, col(Account.staff_id).in_(staff_ids))
    _run(
        session,
        delete(LoginSession).where(col(LoginSession.school_id) == old, col(LoginSession.account_id).in_(accounts)),
    )
    _set(session, Account, old, col(Account.staff_id).in_(staff_ids), granted_roles=[])
    _set(session, Staff, old, and_(col(Staff.id).in_(staff_ids), col(Staff.position).in_(LEADERS)), position="teacher")
    waits = and_(col(LeadershipProposal.staff_id).in_(staff_ids), col(LeadershipProposal.state) == "open")
    _set(session, LeadershipProposal, old, waits, state="withdrawn", decided_at=utc_now())
    for name in ("cover_signer_id", "seal_operator_id"):
        _set(session, SigningSettings, old, col(getattr(SigningSettings, name)).in_(staff_ids), **{name: None})


def _leave_only_what_is_named(
    session: Session, old: str, new: str, staff_ids: Sequence[str], class_ids: Sequence[str]
) -> None:
    """Copies nothing here names are taken away; people who stayed with the other school are nobody's teachers here."""
    going, classes = list(staff_ids), list(class_ids)
    named: dict[type[Any], list[Any]] = {
        SchoolClass: [
            col(SchoolClass.id).in_(classes),
            *(
                exists().where(_of(table) == new, col(table.class_id) == col(SchoolClass.id))
                for table in (Enrolment, StudentResult, Document)
            ),
            exists().where(_of(DocumentVersion) == new, col(DocumentVersion.class_id) == col(SchoolClass.id)),
        ],
        Staff: [
            col(Staff.id).in_(going),
            exists().where(_of(SchoolClass) == new, col(SchoolClass.homeroom_staff_id) == col(Staff.id)),
            *(
                exists().where(_of(table) == new, col(table.staff_id) == col(Staff.id))
                for table in (TeachingAssignment, SigningAssignment, Slot, Batch, Account)
            ),
        ],
    }
    for table, reasons in named.items():
        _run(session, delete(table).where(_of(table) == new, ~or_(*reasons)))
    _set(session, SchoolClass, new, ~or_(*(col(SchoolClass.id).in_(classes), _has_pupils(new))), active=False)
    _set(session, Staff, new, ~col(Staff.id).in_(going), active=False, position="teacher")
    twin = Account.__table__.alias()  # type: ignore[attr-defined] # SQLModel makes it
    copied = exists().where(twin.c.school_id == old, twin.c.id == col(Account.id))
    stays = or_(col(Account.staff_id).is_(None), ~col(Account.staff_id).in_(going))
    _set(session, Account, new, and_(copied, stays), disabled=True, granted_roles=[])


def _has_pupils(school_id: str) -> Any:
    return exists().where(_of(Enrolment) == school_id, col(Enrolment.class_id) == col(SchoolClass.id))


def _copy(session: Session, model: type[SQLModel], old: str, new: str, which: ColumnElement[bool]) -> None:
    """Rows of the old school under the same ids in the new one, where it does not have them yet."""
    table: Table = model.__table__  # type: ignore[attr-defined] # SQLModel makes it
    columns = [column for column in table.columns if column.name != "school_id"]
    twin = table.alias()
    there = exists().where(twin.c.school_id == new, twin.c.id == table.c.id)
    rows = select(literal(new), *(as_it_goes(column) for column in columns)).where(
        table.c.school_id == old, which, ~there
    )
    _run(session, insert(table).from_select(["school_id", *(column.name for column in columns)], rows))


def _set(session: Session, model: type[SQLModel], school_id: str, which: ColumnElement[bool], **values: Any) -> None:
    _run(session, update(model).where(_of(model) == school_id, which).values(**values))


def _any(model: type[Any], school_id: str) -> ColumnElement[bool]:
    return _of(model) == school_id


def _of(model: type[Any]) -> Any:
    return model.__table__.c.school_id


def _run(session: Session, statement: Any) -> Any:
    return session.execute(statement, execution_options=_ANY_SCHOOL)
