"""Looking at records: the list, and one record with its whole story. A teacher sees his own classes, the office all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.document_lifecycle import KINDS, STEPS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.paging import page_count, page_within
from hocba_app.domain.search_text import matches
from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.models import Database, Document, School
from hocba_app.models.repositories import record_list
from hocba_app.models.repositories.dashboard import classes_of_year
from hocba_app.models.repositories.record_list import Line, Wanted
from hocba_app.models.repositories.waiting_work import reopened_documents
from hocba_app.services.accounts.authority import Right, require, viewable_class_ids
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.cache import school_cache

MAX_ROWS = 200


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
    year = school_year or _current_year(db, who)
    visible = visible_classes(db, who, year)

    def read(session: Session) -> list[ClassChoice]:
        found = classes_of_year(session, year, sorted(visible))
        return [ClassChoice(row.id, row.name, row.grade, row.school_year) for row in found]

    return school_cache.memoize_per_school(db, who.school_id, ("classes", year, visible), read)


def years_for(db: Database, who: Identity) -> list[str]:
    """School years there are classes of, newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.RECORDS_READ)
    return school_cache.memoize_per_school(db, who.school_id, "years", record_list.school_years)


def records_page(
    db: Database,
    who: Identity,
    *,
    class_id: str = "",
    kind: str = "",
    state: str = "",
    stale: bool = False,
    reopened: bool = False,
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
        reopened: only those that were unlocked and wait to be locked again.
        search: words of names or of a code, without regard to marks.
        sort: ``class``, ``name``, ``code``, ``step`` or ``updated``.

    Raises:
        HocbaError: FORBIDDEN, also for a class that is not the person's; INVALID_INPUT.
    """
    require(who, Right.RECORDS_READ)
    if kind not in ("", *KINDS) or state not in ("", *STEPS) or sort not in record_list.SORTS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="bộ lọc")
    size = min(max(size, 1), MAX_ROWS)
    year = school_year or _current_year(db, who)
    visible = visible_classes(db, who, year)
    with db.read(who.school_id) as session:
        if class_id and class_id not in visible:
            raise HocbaError(ErrorCode.FORBIDDEN, right=Right.RECORDS_READ.value)
        wanted = Wanted(
            school_year=year,
            class_ids=[class_id] if class_id else visible,
            kinds=[kind] if kind else KINDS,
            step=state,
            document_ids=_stale(session, year) if stale else reopened_documents(session, year) if reopened else None,
            student_ids=_found(session, year, search),
        )
        if state or stale or reopened or search:
            total = record_list.count_lines(session, wanted)
        else:  # whose lines only a wide change adds or takes away
            key = ("lines", year, class_id or visible, kind)
            total = school_cache.memoize_per_school(
                db, who.school_id, key, lambda own: record_list.count_lines(own, wanted)
            )
        pages, page = page_count(total, size), page_within(page, total, size)
        found = record_list.lines(
            session, wanted, sort=sort, descending=descending, offset=(page - 1) * size, limit=size
        )
        return RecordsPage(rows=_rows(session, found), total=total, page=page, pages=pages, school_year=year)


def chosen_documents(
    db: Database, who: Identity, *, class_id: str, kind: str, school_year: str | None = None
) -> list[str]:
    """Every locked document of a class and kind: what "the whole class" means for an unlock.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.UNLOCK_ASK)
    if kind not in KINDS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="loại hồ sơ")
    year = school_year or _current_year(db, who)
    with db.read(who.school_id) as session:
        wanted = Wanted(school_year=year, class_ids=[class_id], kinds=[kind])
        found = record_list.lines(session, wanted, sort="name", descending=False, offset=0, limit=MAX_ROWS)
        return [line.document_id for line in found if line.document_id is not None and line.state != "open"]


def step_of(document: Document | None) -> str:
    """A document's step, one of :data:`STEPS`."""
    return "open" if document is None else _step(document.state, document.next_stage)


def _step(state: str | None, next_stage: str | None) -> str:
    return "open" if state in (None, "open") else next_stage or "sealed"


def _current_year(db: Database, who: Identity) -> str:
    return school_cache.memoize_per_school(
        db, who.school_id, "year", lambda session: session.get_one(School, who.school_id).current_year
    )


def visible_classes(db: Database, who: Identity, school_year: str | None = None) -> frozenset[str]:
    """Classes this person may look at, of one year or (None) of all; kept until an assignment, a lock or a class changes."""
    key = ("visible", who.staff_id, who.roles, school_year)
    return school_cache.memoize_per_school(
        db, who.school_id, key, lambda session: frozenset(viewable_class_ids(session, who, school_year))
    )


def _stale(session: Session, school_year: str) -> set[str]:
    noted = record_list.noted_as_changed(session, school_year)
    return {document_id for document_id, _, _, differences in noted if is_out_of_date(differences)}


def _found(session: Session, school_year: str, search: str) -> Collection[str] | None:
    search = search.strip()[:100]
    if not search:
        return None
    return [
        student
        for student, code, name in record_list.names_of_year(session, school_year)
        if matches(search, name, code)
    ]


def _rows(session: Session, found: Sequence[Line]) -> list[RecordRow]:
    waiting = record_list.waits_for(session, [line.version_id for line in found if line.version_id is not None])
    asked = record_list.unlocks_asked(session)
    return [
        RecordRow(
            student_id=line.student_id,
            student_code=line.code,
            student_name=line.name,
            class_id=line.class_id,
            class_name=line.class_name,
            enrolment=line.enrolment_status,
            kind=line.kind,
            document_id=line.document_id,
            step=_step(line.state, line.next_stage),
            version=line.version_number or 0,
            out_of_date=is_out_of_date(line.out_of_date),
            waits_for=tuple(waiting.get(line.version_id or "", ())),
            unlock_asked=line.document_id in asked and line.state != "open",
            updated_at=line.updated_at,
        )
        for line in found
    ]
