"""School years: which are closed, what is open in them, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import func, literal
from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import DocumentState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.models import Document, School, SchoolClass, Slot, StudentResult, UnlockRequest, YearClosing
from hocba_app.models.repositories.record_list import counts_by_step

UNSEALED: Any = Document.state != literal("sealed", literal_execute=True)
"""In so many words: only then does a planner see that the index of the unsealed has the answer."""
UNDER_WAY = (DocumentState.LOCKED, DocumentState.SIGNING, DocumentState.SIGNED)


class Standing(NamedTuple):
    """Documents of a year by how far they are; covers belong to no year."""

    not_locked: int
    """Of pupils who are there; who left is locked when he asks for it."""
    under_way: int
    sealed: int
    out_of_date: int


class Outcomes(NamedTuple):
    """Results of a year."""

    learning: dict[str, int]
    """Pupils by level; after re-assessment where there was one."""
    promotion: dict[str, int]
    titles: dict[str, int]


def closing_of(session: Session, school_year: str) -> YearClosing | None:
    """The closing that holds now; None where the year is open."""
    return session.exec(
        select(YearClosing).where(YearClosing.school_year == school_year, col(YearClosing.reopened_at).is_(None))
    ).first()


def closings(session: Session) -> list[YearClosing]:
    """Every closing, the newest first; those that do not hold any more too."""
    return list(session.exec(select(YearClosing).order_by(col(YearClosing.closed_at).desc())).all())


def closed_years(session: Session) -> set[str]:
    """Years that are closed now."""
    return set(session.exec(select(YearClosing.school_year).where(col(YearClosing.reopened_at).is_(None))).all())


def require_open(session: Session, *school_years: str) -> None:
    """For whatever would change records of these years; "" is a cover's.

    Raises:
        HocbaError: YEAR_CLOSED.
    """
    wanted = [year for year in dict.fromkeys(school_years) if year]
    if not wanted:
        return
    closed = session.exec(
        select(YearClosing.school_year).where(
            col(YearClosing.school_year).in_(wanted), col(YearClosing.reopened_at).is_(None)
        )
    ).first()
    if closed is not None:
        raise HocbaError(ErrorCode.YEAR_CLOSED, year=closed)


def require_open_classes(session: Session, classes: Iterable[SchoolClass | None], kind: str) -> None:
    """The same for documents of a kind of these classes.

    Raises:
        HocbaError: YEAR_CLOSED.
    """
    if kind != "cover":
        require_open(session, *(each.school_year for each in classes if each is not None))


def years_here(session: Session) -> list[tuple[str, int]]:
    """School years there are classes of, newest first, with how many."""
    return [
        (year, count)
        for year, count in session.exec(
            select(SchoolClass.school_year, func.count())
            .where(col(SchoolClass.active))
            .group_by(col(SchoolClass.school_year))
            .order_by(col(SchoolClass.school_year).desc())
        ).all()
    ]


def classes_at_work(session: Session, school_year: str) -> set[str]:
    """Classes of this year, of a given one, and of those with a record that is not sealed or is noted as differing: what a change of the
    whole school concerns. Everything else is signed and stays true of its day, however many years of it there are."""
    years = {school_year, session.get_one(School, session.info["school_id"]).current_year}
    for concerned in (UNSEALED, col(Document.out_of_date).is_not(None)):
        years.update(session.exec(select(Document.school_year).where(concerned).distinct()).all())
    return set(session.exec(select(SchoolClass.id).where(col(SchoolClass.school_year).in_(years))).all())


def standing(session: Session, school_year: str) -> Standing:
    """How far the year's QTHT and results are."""
    found = {"open": 0, "under_way": 0, "sealed": 0}
    for _, kind, state, _, present, count in counts_by_step(session, school_year):
        if kind == "cover":
            continue
        if state in (None, "open"):
            found["open"] += count if present else 0
        else:
            found["sealed" if state == "sealed" else "under_way"] += count
    noted = session.exec(
        select(Document.out_of_date).where(
            Document.school_year == school_year, Document.state == "sealed", col(Document.out_of_date).is_not(None)
        )
    ).all()
    stale = sum(is_out_of_date(differences) for differences in noted)
    return Standing(found["open"], found["under_way"], found["sealed"], stale)


def under_way_before(session: Session, school_year: str) -> list[tuple[str, int]]:
    """Years before this one with QTHT or results under way, newest first, with how many."""
    rows = session.exec(
        select(Document.school_year, func.count())
        .where(
            UNSEALED,
            col(Document.state).in_(UNDER_WAY),
            col(Document.school_year) != "",
            col(Document.school_year) < school_year,
        )
        .group_by(col(Document.school_year))
        .order_by(col(Document.school_year).desc())
    ).all()
    return [(year, count) for year, count in rows]


def unlocks_open(session: Session, school_year: str) -> int:
    """Requests to unlock documents of the year that are not over."""
    rows = session.exec(select(UnlockRequest).where(col(UnlockRequest.state).in_(("asked", "approved")))).all()
    ids = {each for row in rows for each in row.document_ids}
    if not ids:
        return 0
    of_year = set(
        session.exec(
            select(Document.id).where(Document.school_year == school_year, col(Document.state) != "open")
        ).all()
    )
    return sum(not of_year.isdisjoint(row.document_ids) for row in rows)


def signatures(session: Session, school_year: str) -> int:
    """Signatures in current versions of the year's QTHT and results, seals among them."""
    return session.exec(
        select(func.count())
        .select_from(Slot)
        .join(Document, (col(Document.version_id) == Slot.version_id) & (col(Document.school_id) == Slot.school_id))
        .where(Document.school_year == school_year, col(Slot.signed_at).is_not(None))
    ).one()


def outcomes(session: Session, school_year: str) -> Outcomes:
    """Counted in the database: levels, decisions and titles of the year."""
    payload = StudentResult.payload
    level = func.coalesce(
        payload["learning"]["reassessed"].as_string(),
        payload["learning"]["year"].as_string(),
        "",
    )
    counted = []
    for value in (level, payload["promotion"].as_string(), payload["title"].as_string()):
        rows = session.exec(
            select(value.label("value"), func.count()).where(StudentResult.school_year == school_year).group_by("value")
        ).all()
        counted.append({name: count for name, count in rows if name})
    return Outcomes(*counted)
