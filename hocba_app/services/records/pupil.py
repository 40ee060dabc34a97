"""One pupil's whole record: every document of every year, there or not, what is missing for each, and other schools' records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.circumstances import sentence
from hocba_app.domain.levels import level_of_document, level_of_grade
from hocba_app.domain.membership import Membership
from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.models import Database, Document, SchoolClass, Student
from hocba_app.models.repositories import find, membership
from hocba_app.models.repositories import records as rows
from hocba_app.services.accounts.authority import Right, allowed, require, require_pupil, viewable_class_ids
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached.reading import AttachedView, attached_to
from hocba_app.services.records.finding import Finding
from hocba_app.services.records.precheck import candidates
from hocba_app.services.records.record_list import step_of
from hocba_app.services.records.snapshot import departure


@dataclass(frozen=True, slots=True)
class PupilDocument:
    """One document he has or should have."""

    kind: str
    school_year: str
    """"" for the cover."""
    level: str
    """Of a cover."""
    document_id: str
    """"" while there is none, or where this person may not look at its class."""
    step: str
    version: int
    out_of_date: bool
    missing: tuple[Finding, ...]
    """While it is not locked: what the pre-check says."""
    class_id: str
    may_lock: bool


@dataclass(frozen=True, slots=True)
class PupilYear:
    """One school year at this school."""

    school_year: str
    class_id: str
    class_name: str
    enrolment: str
    """``studying``, ``moved_in``, ``moved_out`` or ``left``; "" when he is on no list any more."""
    departure: str
    """"Chuyển đi ngày …"; "" for who stayed."""
    documents: tuple[PupilDocument, ...]
    circumstances: tuple[str, ...] = ()
    """The exceptions of the law he was here by, with their days."""


@dataclass(frozen=True, slots=True)
class PupilView:
    """One pupil."""

    student_id: str
    code: str
    name: str
    birth_date: str
    covers: tuple[PupilDocument, ...]
    """One a level, the newest level first; none for a pupil who was never in a class."""
    years: tuple[PupilYear, ...]
    """Newest first."""
    attached: tuple[AttachedView, ...]
    may_attach: bool
    may_print: bool
    """Something of his is sealed and may be handed out."""


def pupil_view(db: Database, who: Identity, student_id: str) -> PupilView:
    """A pupil with everything of his.

    Raises:
        HocbaError: FORBIDDEN, also for a pupil this school does not have.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        require_pupil(session, who, student_id)
        student = session.get_one(Student, (who.school_id, student_id))
        visible = viewable_class_ids(session, who)
        documents = {
            (row.kind, row.school_year or row.level): row
            for row in find.all_of(session, Document, student_id=student_id)
        }
        years = _years(session, student_id, list(documents.values()))
        lines = {
            year: tuple(
                _line(session, who, visible, student_id, kind, of, documents.get((kind, year)))
                for kind in ("history", "results")
            )
            for year, (of, _) in years.items()
        }
        return PupilView(
            student_id=student.id,
            code=student.code,
            name=student.full_name,
            birth_date=student.birth_date,
            covers=tuple(
                _line(session, who, visible, student_id, "cover", of, documents.get(("cover", level)))
                for level, of in _levels(years).items()
            ),
            years=tuple(
                PupilYear(
                    school_year=year,
                    class_id=of.id,
                    class_name=of.name,
                    enrolment=member.status if member is not None else "",
                    departure=(departure(member) or "") if member is not None and not member.present else "",
                    documents=lines[year],
                    circumstances=_circumstances(session, student_id, year),
                )
                for year, (of, member) in years.items()
            ),
            attached=tuple(attached_to(session, student_id)),
            may_attach=allowed(who, Right.ATTACH),
            may_print=allowed(who, Right.PRINT) and any(row.state == "sealed" for row in documents.values()),
        )


def _circumstances(session: Session, student_id: str, school_year: str) -> tuple[str, ...]:
    flags = rows.circumstances_of(session, school_year, [student_id]).get(student_id, ())
    if not flags:
        return ()
    names = {code: subject.name for code, subject in rows.subjects_by_code(session).items()}
    return tuple(sentence(flag, lambda code: names.get(code, code)) for flag in flags)


def _years(
    session: Session, student_id: str, documents: list[Document]
) -> dict[str, tuple[SchoolClass, Membership | None]]:
    """Class and place by school year, newest first; years of which only documents are left besides."""
    found: dict[str, tuple[SchoolClass, Membership | None]] = {
        year: (session.get_one(SchoolClass, (session.info["school_id"], member.class_id)), member)
        for year, member in membership.memberships_of_pupil(session, student_id).items()
    }
    for document in documents:
        school_class = session.get_one(SchoolClass, (document.school_id, document.class_id))
        found.setdefault(document.school_year or school_class.school_year, (school_class, None))
    return dict(sorted(found.items(), reverse=True))


def _levels(years: Mapping[str, tuple[SchoolClass, Membership | None]]) -> dict[str, SchoolClass]:
    """The newest class of each level the pupil was in, the newest level first: each has a cover of its own."""
    found: dict[str, SchoolClass] = {}
    for of, _ in years.values():
        found.setdefault(level_of_grade(of.grade), of)
    return found


def _line(
    session: Session,
    who: Identity,
    visible: Collection[str],
    student_id: str,
    kind: str,
    of: SchoolClass,
    document: Document | None,
) -> PupilDocument:
    is_open = document is None or document.state == "open"
    may_look = (document.class_id if document is not None else of.id) in visible
    found = candidates(session, kind, of, student_ids=[student_id]) if is_open and may_look else []
    return PupilDocument(
        kind=kind,
        school_year="" if kind == "cover" else of.school_year,
        level=level_of_document(kind, of.grade),
        document_id=document.id if document is not None and may_look else "",
        step=step_of(document),
        version=document.version_number if document is not None else 0,
        out_of_date=document is not None and is_out_of_date(document.out_of_date),
        missing=tuple(finding for candidate in found for finding in candidate.findings),
        class_id=of.id,
        may_lock=allowed(who, Right.LOCK) and is_open and any(not candidate.elsewhere for candidate in found),
    )
