"""One record to read on a screen, a phone's too, with the one before and the one after it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Document, SchoolClass, Student
from hocba_app.models.repositories import contents
from hocba_app.models.repositories.signing_queue import subject_names
from hocba_app.services.accounts.authority import Right, allowed, may_view_class, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.objections.objections import may_report, open_on, signs_in, why_returned
from hocba_app.services.reading.sections import Section, sections_of
from hocba_app.services.signing.signer_inbox import waiting_for


@dataclass(frozen=True, slots=True)
class RecordReading:
    """A record as it was locked."""

    document_id: str
    kind: str
    school_year: str
    class_name: str
    student_name: str
    student_code: str
    sections: tuple[Section, ...]
    place: int
    """From 1, among those one turns over."""
    of: int
    previous: str
    """Id of the document before it; "" at the beginning."""
    next: str
    questioned: str
    """What is reported on it and open, as a sentence; "" for nothing."""
    returned: str
    """Why it came back."""
    may_report: bool
    subjects: tuple[tuple[str, str], ...]
    """``(code, name)`` of the subjects in it, for a report."""


def read_record(db: Database, who: Identity, document_id: str, *, own_queue: bool) -> RecordReading:
    """The current version of a record, as frozen.

    Args:
        own_queue: turn over what waits for this person of the same class and kind; else the whole class.

    Raises:
        HocbaError: FORBIDDEN (also for a record that does not exist), NOT_LOCKED.
    """
    if not allowed(who, Right.RECORDS_READ):
        require(who, Right.OWN_QUEUE)
    with db.read(who.school_id) as session:
        document = session.get(Document, (who.school_id, document_id))
        if document is None or not (
            may_view_class(session, who, document.class_id) or signs_in(session, who, document)
        ):
            raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)
        if document.version_id is None:
            raise HocbaError(ErrorCode.NOT_LOCKED)
        listed = contents.class_documents(session, document.kind, document.school_year, document.class_id)
        order = _order(session, who, document, [each for each, _ in listed], own_queue=own_queue)
        at = order.index(document_id)
        snapshot = contents.snapshots(session, [document.version_id])[document.version_id]
        student = session.get_one(Student, (who.school_id, document.student_id))
        names = subject_names(session)
        return RecordReading(
            document_id=document_id,
            kind=document.kind,
            school_year=document.school_year,
            class_name=session.get_one(SchoolClass, (who.school_id, document.class_id)).name,
            student_name=student.full_name,
            student_code=student.code,
            sections=tuple(sections_of(snapshot, [name for _, name in listed])),
            place=at + 1,
            of=len(order),
            previous=order[at - 1] if at else "",
            next=order[at + 1] if at + 1 < len(order) else "",
            questioned=open_on(session, [document_id]).get(document_id, ""),
            returned=why_returned(session, [document_id]).get(document_id, ""),
            may_report=document.state != "sealed" and may_report(session, who, document),
            subjects=tuple(
                (row["code"], names.get(row["code"], row["name"]))
                for row in snapshot.get("results", {}).get("subjects", ())
            ),
        )


def _order(session: Session, who: Identity, document: Document, of_class: list[str], *, own_queue: bool) -> list[str]:
    if own_queue:
        waiting = waiting_for(session, who, kind=document.kind, class_id=document.class_id)
        mine = list(dict.fromkeys(item.document_id for item in waiting if item.school_year == document.school_year))
        if document.id in mine:
            return mine
    return of_class if document.id in of_class else [document.id]
