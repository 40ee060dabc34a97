"""Locked records with what the source says of their pupils: what the comparison with newer data reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from hocba_app.models import Document, DocumentVersion, Enrolment, SchoolClass, Student
from hocba_app.models.repositories.records import chunks


class LockedRecord(NamedTuple):
    """A locked document with its current version, its pupil, and the class it was locked in."""

    document: Document
    version: DocumentVersion
    student: Student
    locked_in: SchoolClass

    @property
    def school_year(self) -> str:
        """Whose data it is held against; a cover's is the year it was locked in."""
        return self.document.school_year or self.locked_in.school_year


def known_classes(session: Session, class_ids: Collection[str]) -> list[str]:
    """Those of the classes that the source still knows."""
    query = select(SchoolClass.id).where(col(SchoolClass.id).in_(list(class_ids)), col(SchoolClass.active))
    return list(session.exec(query).all())


def locked_records(
    session: Session,
    student_ids: Sequence[str] | None = None,
    *,
    class_ids: Sequence[str] | None = None,
    kinds: Collection[str] | None = None,
) -> list[LockedRecord]:
    """Locked records as they are at this moment.

    Args:
        student_ids: of these pupils; None for all.
        class_ids: only documents locked in these classes, or of pupils on their lists; None for all.
        kinds: only these kinds of document; None for all.
    """
    query = (
        select(Document, DocumentVersion, Student, SchoolClass)
        .join(
            DocumentVersion,
            (col(DocumentVersion.id) == Document.version_id) & (col(DocumentVersion.school_id) == Document.school_id),
        )
        .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
        .join(
            SchoolClass,
            (col(SchoolClass.id) == DocumentVersion.class_id) & (col(SchoolClass.school_id) == Document.school_id),
        )
    )
    if class_ids is not None:  # asked one after the other: "this or that" of two tables reads every record there is
        listed = select(Enrolment.student_id).where(col(Enrolment.class_id).in_(class_ids)).distinct()
        pupils = session.exec(listed).all()
        here = set(session.exec(select(Document.id).where(col(Document.class_id).in_(class_ids))).all())
        for chunk in chunks(sorted(pupils)):
            here.update(session.exec(select(Document.id).where(col(Document.student_id).in_(chunk))).all())
        query = query.where(col(Document.id).in_(sorted(here)))
    if kinds is not None:
        query = query.where(col(Document.kind).in_(list(kinds)))
    if student_ids is not None:
        query = query.where(col(Document.student_id).in_(student_ids))
    return [LockedRecord(*row) for row in session.exec(query, execution_options={"populate_existing": True}).all()]
