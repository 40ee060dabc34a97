"""Queries on records: what a class's documents are built from, and who is in the class."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlmodel import Session, col, select

from hocba_app.domain.circumstances import Circumstance, circumstances
from hocba_app.domain.levels import level_of_document
from hocba_app.models import (
    Document,
    DocumentVersion,
    Enrolment,
    HistoryEntry,
    SchoolClass,
    Staff,
    Student,
    StudentResult,
    Subject,
)

_CHUNK = 400


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """SQLite bounds the number of parameters of a statement."""
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def year_of(kind: str, school_class: SchoolClass) -> str:
    """``Document.school_year`` of this kind of document in this class: a cover belongs to no year."""
    return "" if kind == "cover" else school_class.school_year


def subjects_by_code(session: Session) -> dict[str, Subject]:
    """Every subject of the school; of two with one code the active one."""
    found = session.exec(select(Subject).order_by(col(Subject.active), Subject.id)).all()
    return {subject.code: subject for subject in found}


def results_of(session: Session, student_ids: Sequence[str], school_year: str) -> dict[str, StudentResult]:
    """Each pupil's results of a school year, by pupil; who has none is not in it."""
    found: dict[str, StudentResult] = {}
    for chunk in chunks(student_ids):
        query = select(StudentResult).where(
            col(StudentResult.student_id).in_(chunk), StudentResult.school_year == school_year
        )
        found.update({row.student_id: row for row in session.exec(query).all()})
    return found


def circumstances_of(
    session: Session, school_year: str, student_ids: Sequence[str] | None = None
) -> dict[str, tuple[Circumstance, ...]]:
    """Flags of the pupils who have some in a school year, by pupil.

    Args:
        student_ids: only these; None for all.
    """
    found: dict[str, tuple[Circumstance, ...]] = {}
    for chunk in [None] if student_ids is None else chunks(student_ids):
        query = select(Enrolment.student_id, Enrolment.circumstances).where(
            Enrolment.school_year == school_year, col(Enrolment.active), col(Enrolment.circumstances).is_not(None)
        )
        if chunk is not None:
            query = query.where(col(Enrolment.student_id).in_(chunk))
        for student_id, stored in session.exec(query).all():
            found[student_id] = tuple(dict.fromkeys((*found.get(student_id, ()), *circumstances(stored))))
    return found


def history_until(session: Session, student_ids: Sequence[str], school_year: str) -> dict[str, list[HistoryEntry]]:
    """Each pupil's rows of the years up to this one, oldest first, by pupil; of one year, the school he left comes first."""
    found: dict[str, list[HistoryEntry]] = {}
    for chunk in chunks(student_ids):
        query = (
            select(HistoryEntry)
            .where(
                col(HistoryEntry.student_id).in_(chunk),
                col(HistoryEntry.active),
                HistoryEntry.school_year <= school_year,
            )
            .order_by(HistoryEntry.school_year, HistoryEntry.id)
        )
        for row in sorted(
            session.exec(query).all(), key=lambda row: (row.school_year, row.payload.get("outcome") != "moved")
        ):
            found.setdefault(row.student_id, []).append(row)
    return found


def pupils_of_class(session: Session, class_id: str, student_ids: Sequence[str] | None = None) -> list[Student]:
    """Whom the source has on a class's list, in its order: also who has gone, to another class or from the school. To whom the
    class is home says :mod:`hocba_app.models.repositories.membership`.

    Args:
        student_ids: only these; None for all.
    """
    query = (
        select(Student)
        .join(Enrolment, (col(Enrolment.student_id) == Student.id) & (col(Enrolment.school_id) == Student.school_id))
        .where(Enrolment.class_id == class_id, col(Enrolment.active))
        .order_by(Student.sort_name, Student.id)
    )
    wanted = None if student_ids is None else set(student_ids)
    found = {student.id: student for student in session.exec(query).all() if wanted is None or student.id in wanted}
    return list(found.values())


def own_students(session: Session, student_ids: Sequence[str]) -> list[str]:
    """Those of the ids that are pupils of this school."""
    return [
        id
        for chunk in chunks(student_ids)
        for id in session.exec(select(Student.id).where(col(Student.id).in_(chunk))).all()
    ]


def documents_of(
    session: Session, kind: str, school_class: SchoolClass, student_ids: Sequence[str]
) -> dict[str, Document]:
    """Each pupil's document of a kind, of the class's year or (a cover) level, by pupil; who has none yet is not in it."""
    found: dict[str, Document] = {}
    for chunk in chunks(student_ids):
        query = select(Document).where(
            Document.kind == kind,
            Document.school_year == year_of(kind, school_class),
            Document.level == level_of_document(kind, school_class.grade),
            col(Document.student_id).in_(chunk),
        )
        # Read again under the lock of a write: what was loaded before it may have changed meanwhile.
        found.update(
            {row.student_id: row for row in session.exec(query, execution_options={"populate_existing": True}).all()}
        )
    return found


def newest_versions(session: Session, documents: Sequence[Document]) -> dict[str, DocumentVersion]:
    """The last version made of each document, void or not, by document."""
    numbers = {document.id: document.version_number for document in documents if document.version_number}
    found: dict[str, DocumentVersion] = {}
    for chunk in chunks(list(numbers)):
        for row in session.exec(select(DocumentVersion).where(col(DocumentVersion.document_id).in_(chunk))).all():
            if row.number == numbers[row.document_id]:
                found[row.document_id] = row
    return found


def class_names(session: Session, class_ids: Collection[str]) -> dict[str, str]:
    """Names of classes by id."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(class_ids)):
        found.update(session.exec(select(SchoolClass.id, SchoolClass.name).where(col(SchoolClass.id).in_(chunk))).all())
    return found


def staff_by_id(session: Session) -> dict[str, Staff]:
    """Everybody on the staff list, those who left included."""
    return {staff.id: staff for staff in session.exec(select(Staff)).all()}
