"""Looking at records: the list, and one record with its whole story. A teacher sees his own classes, the office all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.search_text import matches
from hocba_app.models import Database, Document, School
from hocba_app.models.repositories import record_list
from hocba_app.models.repositories.dashboard import classes_of_year
from hocba_app.models.repositories.record_list import Line, Wanted
from hocba_app.services.accounts.authority import Right, require, viewable_class_ids
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.out_of_date import is_out_of_date

KINDS = ("cover", "history", "results")
STEPS = ("open", "subject", "homeroom", "principal", "seal", "sealed")
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """One class a person may look at."""

    id: str
    name: str
    grade: int
    school_year: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One pupil and kind of document in the list."""

    student_id: str
    student_code: str
    student_name: str
    class_id: str
    class_name: str
    enrolment: str
    """``studying``, ``moved_in``, ``moved_out`` or ``left``."""
    kind: str
    document_id: str | None
    step: str
    """One of :data:`STEPS`."""
    version: int
    out_of_date: bool
    waits_for: tuple[str, ...]
    """Names of those who sign next; empty for the seal and where nobody is waited for."""
    unlock_asked: bool
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """One page of the list."""

    rows: list[RecordRow]
    total: int
    page: int
    pages: int
    school_year: str


def classes_for(db: Database, who: Identity, school_year: str | None = None) -> list[ClassChoice]:
    """The classes of a year whose records this person may look at, in school order.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        year = school_year or _current_year(session)
        found = classes_of_year(session, year, sorted(viewable_class_ids(session, who)))
        return [ClassChoice(row.id, row.name, row.grade, row.school_year) for row in found]


def years_for(db: Database, who: Identity) -> list[str]:
    """School years there are classes of, newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        return record_list.school_years(session)


def records_page(
    db: Database,
    who: Identity,
    *,
    class_id: str = "",
    kind: str = "",
    state: str = "",
    stale: bool = False,
    search: str = "",
    sort: str = "class",
    descending: bool = False,
    page: int = 1,
    size: int = 50,
    school_year: str | None = None,
) -> RecordsPage:
    """One page of documents, and of pupils who have none yet.

    Args:
        kind: ``cover``, ``history`` or ``results``; "" for all three.
        state: one of :data:`STEPS`; "" for any.
        stale: only those whose locked data newer data contradict.
        search: words of names or of a code, without regard to marks.
        sort: ``class``, ``name``, ``code``, ``step`` or ``updated``.

    Raises:
        HocbaError: FORBIDDEN, also for a class that is not the person's; INVALID_INPUT.
    """
    require(who, Right.RECORDS_READ)
    if kind not in ("", *KINDS) or state not in ("", *STEPS) or sort not in record_list.SORTS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="bộ lọc")
    size = min(max(size, 1), MOST_ROWS)
    with db.read(who.school_id) as session:
        year = school_year or _current_year(session)
        visible = viewable_class_ids(session, who)
        if class_id and class_id not in visible:
            raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)
        wanted = Wanted(
            school_year=year, class_ids=[class_id] if class_id else visible, kinds=[kind] if kind else KINDS, step=state,
            document_ids=_stale(session, year) if stale else None, student_ids=_found(session, year, search),
        )
        total = record_list.count_lines(session, wanted)
        pages = max(1, -(-total // size))
        page = min(max(page, 1), pages)
        found = record_list.lines(session, wanted, sort=sort, descending=descending, offset=(page - 1) * size, limit=size)
        return RecordsPage(rows=_rows(session, found), total=total, page=page, pages=pages, school_year=year)


def chosen_documents(db: Database, who: Identity, *, class_id: str, kind: str, school_year: str | None = None) -> list[str]:
    """Every locked document of a class and kind: what "the whole class" means for an unlock.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.UNLOCK_ASK)
    if kind not in KINDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    with db.read(who.school_id) as session:
        wanted = Wanted(school_year=school_year or _current_year(session), class_ids=[class_id], kinds=[kind])
        found = record_list.lines(session, wanted, sort="name", descending=False, offset=0, limit=MOST_ROWS)
        return [line.document.id for line in found if line.document is not None and line.document.state != "open"]


def step_of(document: Document | None) -> str:
    """Where a document stands, as one of :data:`STEPS`."""
    if document is None or document.state == "open":
        return "open"
    return document.next_stage or "sealed"


def _current_year(session: Session) -> str:
    return session.get_one(School, session.info["school_id"]).current_year


def _stale(session: Session, school_year: str) -> set[str]:
    noted = record_list.noted_as_changed(session, school_year)
    return {document_id for document_id, _, differences in noted if is_out_of_date(differences)}


def _found(session: Session, school_year: str, search: str) -> Collection[str] | None:
    search = search.strip()[:100]
    if not search:
        return None
    return [student for student, code, name in record_list.names_of_year(session, school_year) if matches(search, name, code)]


def _rows(session: Session, found: Sequence[Line]) -> list[RecordRow]:
    versions = [line.document.version_id for line in found if line.document is not None and line.document.version_id is not None]
    waiting = record_list.waits_for(session, versions)
    asked = {document_id for request in record_list.open_unlocks(session) for document_id in record_list.waiting_documents(request)}
    return [
        RecordRow(
            student_id=line.student.id, student_code=line.student.code, student_name=line.student.full_name, class_id=line.school_class.id,
            class_name=line.school_class.name, enrolment=line.enrolment_status, kind=line.kind,
            document_id=line.document.id if line.document is not None else None, step=step_of(line.document),
            version=line.document.version_number if line.document is not None else 0,
            out_of_date=line.document is not None and is_out_of_date(line.document.out_of_date),
            waits_for=tuple(waiting.get(line.document.version_id or "", ())) if line.document is not None else (),
            unlock_asked=line.document is not None and line.document.id in asked and line.document.state != "open",
            updated_at=line.document.updated_at if line.document is not None else None,
        )
        for line in found
    ]
