"""Báo sai: a signer says what is wrong on one record; that record waits, every other goes on.

The homeroom teacher and the office see it. It ends when the record is locked anew from corrected data, when the office
answers that it is right, or when its reporter takes it back; then the record is in the signers' queues again, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.objections import MAX_REASON, facts_of
from hocba_app.models import Database, Document, RecordObjection
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import contents
from hocba_app.models.repositories import objections as rows
from hocba_app.models.repositories.batches import serialise
from hocba_app.models.repositories.record_story import account_names
from hocba_app.models.repositories.reminders import homeroom_class_ids
from hocba_app.models.repositories.signing_queue import subject_names
from hocba_app.services.accounts.authority import Right, allowed, may_view_class, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record

PAGE_ROWS = 30


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """One report."""

    id: str
    document_id: str
    student_code: str
    student_name: str
    class_name: str
    kind: str
    school_year: str
    subject: str
    """Its name; "" when it is about no subject."""
    fact: str
    reason: str
    state: str
    """``open``, ``corrected``, ``answered`` or ``withdrawn``."""
    reporter: str
    raised_at: datetime
    answer: str
    closed_by: str
    closed_at: datetime | None
    unlocked: bool
    """Open, and its record is unlocked: it waits to be corrected and locked again."""
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class ObjectionPage:
    """One page of a list."""

    rows: list[ObjectionView]
    total: int


def raise_objection(
    db: Database, who: Identity, document_id: str, *, fact: str, reason: str, subject_code: str = ""
) -> str:
    """Report something as wrong on a locked record. Who signs in it, its class's homeroom teacher and the office may.

    Args:
        fact: of `domain.objections.facts_of` the document's kind.
        subject_code: the subject it is about; "" for none.

    Returns:
        Id of the report; the one that is open already when the same person reports the same thing again.

    Raises:
        HocbaError: FORBIDDEN (also for a record that does not exist), REASON_MISSING, INVALID_INPUT, NOT_LOCKED, RECORD_SEALED.
    """
    _require_reader(who)
    reason = " ".join(reason.split())
    if not reason:
        raise HocbaError(ErrorCode.REASON_MISSING)
    if len(reason) > MAX_REASON:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"lý do không quá {MAX_REASON} chữ")
    with db.write(who.school_id) as session:
        serialise(session)  # no batch may take the record between the look at it and the report
        document = session.get(Document, (who.school_id, document_id))
        if document is None or not may_report(session, who, document):
            raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)
        if document.state == "open" or document.version_id is None:
            raise HocbaError(ErrorCode.NOT_LOCKED)
        if fact not in facts_of(document.kind) or (
            subject_code and subject_code not in _subjects_in(session, document)
        ):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="chỗ sai")
        if document.state == "sealed":
            raise HocbaError(ErrorCode.RECORD_SEALED)
        same = [
            row.id
            for row in rows.objections_of(session, [document_id])
            if (row.state, row.raised_by, row.fact, row.subject_code) == ("open", who.account_id, fact, subject_code)
        ]
        if same:
            return same[0]
        row = RecordObjection(
            document_id=document_id,
            version_id=document.version_id,
            subject_code=subject_code,
            fact=fact,
            reason=reason,
            raised_by=who.account_id,
        )
        session.add(row)
        session.flush()
        record(
            session,
            actor=who.account_id,
            action=Action.OBJECTION_RAISED,
            subject=f"document:{document_id}",
            data={"objection": row.id, "fact": fact, "subject": subject_code, "reason": reason},
        )
    return row.id


def answer(db: Database, who: Identity, objection_id: str, text: str) -> None:
    """The office: the record is right as it is, and why. It is in the signers' queues again.

    Raises:
        HocbaError: FORBIDDEN, REASON_MISSING, INVALID_INPUT; NOT_FOUND, also for one that is closed.
    """
    require(who, Right.LOCK)
    text = " ".join(text.split())
    if not text:
        raise HocbaError(ErrorCode.REASON_MISSING)
    if len(text) > MAX_REASON:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"câu trả lời không quá {MAX_REASON} chữ")
    with db.write(who.school_id) as session:
        row = _open_one(session, objection_id)
        row.answer = text
        _close(session, row, "answered", who.account_id, {"reason": text})


def withdraw(db: Database, who: Identity, objection_id: str) -> None:
    """Its reporter takes it back.

    Raises:
        HocbaError: NOT_FOUND, also for somebody else's and for one that is closed.
    """
    _require_reader(who)
    with db.write(who.school_id) as session:
        row = _open_one(session, objection_id)
        if row.raised_by != who.account_id:
            raise HocbaError(ErrorCode.NOT_FOUND, what="báo sai")
        _close(session, row, "withdrawn", who.account_id, {})


def close_corrected(session: Session, documents: Sequence[Document], actor: str) -> None:
    """The documents have been locked anew: what was reported about their earlier versions is dealt with. Called by the lock, in its
    transaction."""
    for row in rows.objections_of(session, [document.id for document in documents if document.version_number > 1]):
        if row.state == "open":
            _close(session, row, "corrected", actor, {})


def objections_page(db: Database, who: Identity, *, open_ones: bool, page: int = 1) -> ObjectionPage:
    """Reports that this person has to do with: the office the school's, a homeroom teacher his classes', everybody his own.

    Raises:
        HocbaError: FORBIDDEN.
    """
    _require_reader(who)
    with db.read(who.school_id) as session:
        classes = classes_concerned(session, who)
        found = rows.objection_lines(
            session,
            open_ones=open_ones,
            class_ids=classes,
            account_id=who.account_id,
            offset=(max(1, page) - 1) * PAGE_ROWS,
            limit=PAGE_ROWS,
        )
        total = rows.count_objections(session, open_ones=open_ones, class_ids=classes, account_id=who.account_id)
        subjects = subject_names(session)
        closers = account_names(session, {line.objection.closed_by for line in found if line.objection.closed_by})
        return ObjectionPage([_view(who, line, subjects, closers) for line in found], total)


def classes_concerned(session: Session, who: Identity) -> Collection[str] | None:
    """Of which classes this person is shown reports besides his own; None for the whole school."""
    if allowed(who, Right.LOCK):
        return None
    return homeroom_class_ids(session, who.staff_id) if who.staff_id else ()


def why_returned(session: Session, document_ids: Sequence[str]) -> dict[str, str]:
    """By document, in one sentence, what was last reported on it and how that ended: signers see why it came back."""
    found: dict[str, str] = {}
    objections = rows.objections_of(session, document_ids)
    names = account_names(session, {row.raised_by for row in objections})
    for row in objections:
        if row.state == "corrected":
            found[row.document_id] = f"{names.get(row.raised_by, '')} đã báo: «{row.reason}». Hồ sơ đã được chốt lại."
        elif row.state == "answered":
            found[row.document_id] = (
                f"{names.get(row.raised_by, '')} đã báo: «{row.reason}». Văn phòng trả lời: «{row.answer}»."
            )
    return found


def open_on(session: Session, document_ids: Sequence[str]) -> dict[str, str]:
    """By document, in one sentence, what is reported on it and open."""
    objections = [row for row in rows.objections_of(session, document_ids) if row.state == "open"]
    names = account_names(session, {row.raised_by for row in objections})
    return {row.document_id: f"{names.get(row.raised_by, '')} báo sai: «{row.reason}»." for row in objections}


def _subjects_in(session: Session, document: Document) -> set[str]:
    """Codes of the subjects that the locked record names."""
    version_id = document.version_id or ""
    snapshot = contents.snapshots(session, [version_id]).get(version_id, {})
    return {row["code"] for row in snapshot.get("results", {}).get("subjects", ())}


def may_report(session: Session, who: Identity, document: Document) -> bool:
    """Whether this person may report something on this record: the office, who signs in it, its class's homeroom teacher."""
    if signs_in(session, who, document):
        return True
    if not may_view_class(session, who, document.class_id):
        return False
    homeroom = who.staff_id is not None and document.class_id in homeroom_class_ids(session, who.staff_id)
    return homeroom or allowed(who, Right.LOCK)


def signs_in(session: Session, who: Identity, document: Document) -> bool:
    """Whether this person signs in the record's current version, whatever his duties of this year are."""
    if document.version_id is None:
        return False
    if "seal_operator" in who.roles and rows.has_slot(session, document.version_id, None):
        return True
    return who.staff_id is not None and rows.has_slot(session, document.version_id, who.staff_id)


def _require_reader(who: Identity) -> None:
    """Who looks at records, or signs them: last year's teacher signs although he has no class this year."""
    if not allowed(who, Right.RECORDS_READ):
        require(who, Right.OWN_QUEUE)


def _open_one(session: Session, objection_id: str) -> RecordObjection:
    serialise(session)
    row = session.get(RecordObjection, (session.info["school_id"], objection_id), populate_existing=True)
    if row is None or row.state != "open":
        raise HocbaError(ErrorCode.NOT_FOUND, what="báo sai")
    return row


def _close(session: Session, row: RecordObjection, state: str, actor: str, data: dict[str, str]) -> None:
    row.state, row.closed_by, row.closed_at = state, actor, utc_now()
    session.add(row)
    record(
        session,
        actor=actor,
        action=Action(f"objection.{state}"),
        subject=f"document:{row.document_id}",
        data={"objection": row.id, **data},
    )


def _view(who: Identity, line: rows.ObjectionLine, subjects: dict[str, str], closers: dict[str, str]) -> ObjectionView:
    row, is_open = line.objection, line.objection.state == "open"
    return ObjectionView(
        id=row.id,
        document_id=row.document_id,
        student_code=line.student.code,
        student_name=line.student.full_name,
        class_name=line.school_class.name,
        kind=line.document.kind,
        school_year=line.document.school_year,
        subject=subjects.get(row.subject_code, row.subject_code),
        fact=row.fact,
        reason=row.reason,
        state=row.state,
        reporter=line.reporter,
        raised_at=row.raised_at,
        answer=row.answer,
        closed_by=closers.get(row.closed_by, ""),
        closed_at=row.closed_at,
        unlocked=is_open and line.document.state == "open",
        may_answer=is_open and allowed(who, Right.LOCK),
        may_withdraw=is_open and row.raised_by == who.account_id,
    )
