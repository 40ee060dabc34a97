"""Queries about sync runs: which there were, what each reported, how many records are out of date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, case, delete, func, insert
from sqlmodel import Session, col, select

from hocba_app.domain.wording import OUTCOME, RESOURCE
from hocba_app.models import Account, Document, Enrolment, Job, Student, SyncCursor, SyncRow
from hocba_app.models.repositories.records import chunks


def runs(session: Session, limit: int) -> list[tuple[Job, str | None]]:
    """The newest runs with the name of who asked for each."""
    rows = session.exec(
        select(Job, Account.full_name)
        .join(Account, (col(Account.id) == Job.created_by) & (col(Account.school_id) == Job.school_id), isouter=True)
        .where(Job.kind == "sync")
        .order_by(col(Job.created_at).desc(), col(Job.id).desc())
        .limit(limit)
    ).all()
    return [(job, name) for job, name in rows]


def run(session: Session, job_id: str) -> Job | None:
    """One run of the school; None where there is no such run."""
    return session.exec(select(Job).where(Job.id == job_id, Job.kind == "sync")).first()


def _narrowed(query: Select[Any], job_id: str, outcome: str | None, resource: str | None) -> Select[Any]:
    query = query.where(col(SyncRow.job_id) == job_id)
    if outcome:
        query = query.where(col(SyncRow.outcome) == outcome)
    return query.where(col(SyncRow.resource) == resource) if resource else query


_REPORT_ORDERS = {
    "resource": case(
        *((col(SyncRow.resource) == name, number) for number, name in enumerate(RESOURCE)), else_=len(RESOURCE)
    ),
    "outcome": case(
        *((col(SyncRow.outcome) == name, number) for number, name in enumerate(OUTCOME)), else_=len(OUTCOME)
    ),
    "field": func.coalesce(SyncRow.field, ""),
}
"""Data sets in the order they come in, outcomes from the good to the bad."""


def report_rows(
    session: Session,
    job_id: str,
    *,
    outcome: str | None,
    resource: str | None,
    sort: str = "",
    descending: bool = False,
    offset: int,
    limit: int,
) -> list[SyncRow]:
    """One page of a run's rows.

    Args:
        sort: "resource", "outcome" or "field"; anything else is the order in which they were written, which also decides
            between equal ones.
    """
    first = _REPORT_ORDERS.get(sort, col(SyncRow.id))
    turned = first.desc() if descending else first.asc()
    rows = session.execute(
        _narrowed(select(SyncRow), job_id, outcome, resource)
        .order_by(turned, col(SyncRow.id))
        .offset(offset)
        .limit(limit)
    )
    return list(rows.scalars())


def report_count(session: Session, job_id: str, *, outcome: str | None, resource: str | None) -> int:
    """How many rows there are, on all pages."""
    return session.execute(_narrowed(select(func.count()).select_from(SyncRow), job_id, outcome, resource)).scalar_one()


def report_labels(
    session: Session, job_id: str, *, outcome: str | None, resource: str | None
) -> list[tuple[str, str, str]]:
    """``(id, resource, label)`` of every row, as written: neither database knows the order of Vietnamese names."""
    query: Any = select(SyncRow.id, SyncRow.resource, SyncRow.label)
    rows = session.execute(_narrowed(query, job_id, outcome, resource).order_by(col(SyncRow.id))).all()
    return [(id, name, label) for id, name, label in rows]


def report_rows_of(session: Session, ids: Sequence[str]) -> list[SyncRow]:
    """These rows of one page, in this order."""
    found = {row.id: row for row in session.exec(select(SyncRow).where(col(SyncRow.id).in_(list(ids)))).all()}
    return [found[id] for id in ids if id in found]


def report_totals(session: Session, job_id: str) -> dict[str, dict[str, int]]:
    """Rows per resource and outcome."""
    rows = session.execute(
        select(SyncRow.resource, SyncRow.outcome, func.count())
        .where(SyncRow.job_id == job_id)
        .group_by(SyncRow.resource, SyncRow.outcome)
    ).all()
    totals: dict[str, dict[str, int]] = {}
    for resource, outcome, count in rows:
        totals.setdefault(resource, {})[outcome] = count
    return totals


def rows_after(session: Session, job_id: str, last: str, limit: int) -> Sequence[SyncRow]:
    """Rows of a run after an id, for reading a long report in pieces."""
    return session.exec(
        select(SyncRow).where(SyncRow.job_id == job_id, SyncRow.id > last).order_by(col(SyncRow.id)).limit(limit)
    ).all()


def cursors(session: Session, *, lock: bool = False) -> list[SyncCursor]:
    """How far every data set of every year has come at this moment.

    Args:
        lock: hold them, in one order: who changes what waits writes the whole list anew.
    """
    query = select(SyncCursor).order_by(SyncCursor.id)
    return list(
        session.exec(query.with_for_update() if lock else query, execution_options={"populate_existing": True}).all()
    )


def cursor_of(session: Session, resource: str, school_year: str, *, lock: bool = False) -> SyncCursor | None:
    """:func:`cursors` of one data set and year."""
    query = select(SyncCursor).where(SyncCursor.resource == resource, SyncCursor.school_year == school_year)
    return session.exec(
        query.with_for_update() if lock else query, execution_options={"populate_existing": True}
    ).first()


def of_classes(session: Session, model: Any, class_ids: Sequence[str], student_source_ids: Collection[str]) -> set[str]:
    """Source ids of our rows of a table that belong to these classes or – where its rows name a pupil and no class – to these
    pupils."""
    found: set[str] = set()
    if hasattr(model, "class_id"):
        for chunk in chunks(class_ids):
            found.update(session.exec(select(model.source_id).where(model.class_id.in_(chunk))).all())
    elif hasattr(model, "student_id"):
        for chunk in chunks(sorted(student_source_ids)):
            query = select(model.source_id).join(
                Student, (col(Student.id) == model.student_id) & (col(Student.school_id) == model.school_id)
            )
            found.update(session.exec(query.where(col(Student.source_id).in_(chunk))).all())
    return found


def enrolments_by_age(session: Session, student_id: str, school_year: str) -> tuple[list[Enrolment], list[Enrolment]]:
    """A pupil's enrolments that the source still knows: those of this year, and those of earlier ones."""
    found = session.exec(select(Enrolment).where(Enrolment.student_id == student_id, col(Enrolment.active))).all()
    return [row for row in found if row.school_year == school_year], [
        row for row in found if row.school_year < school_year
    ]


def newest_known(session: Session, school_year: str, resources: Sequence[str]) -> int | None:
    """The snapshot every data set of the year has been brought to; None while one has not been read."""
    rows = session.exec(
        select(SyncCursor.resource, SyncCursor.snapshot).where(SyncCursor.school_year == school_year)
    ).all()
    known = {resource: snapshot for resource, snapshot in rows if snapshot is not None}
    return min(known[resource] for resource in resources) if set(resources) <= set(known) else None


def waiting_rows(session: Session, school_year: str) -> dict[str, int]:
    """Records refused so far and tried again by every run, per resource."""
    rows = session.exec(
        select(SyncCursor.resource, SyncCursor.pending).where(SyncCursor.school_year == school_year)
    ).all()
    return {resource: len(pending) for resource, pending in rows if pending}


def out_of_date_documents(session: Session) -> dict[str, int]:
    """Locked documents whose essential data changed since, per kind."""
    rows = session.exec(select(Document.kind, Document.out_of_date).where(col(Document.out_of_date).is_not(None))).all()
    return dict(Counter(kind for kind, noted in rows if any(entry.get("essential") for entry in noted or ())))


def rows_by_source(session: Session, model: Any, source_ids: Sequence[str]) -> dict[str, Any]:
    """Our rows of these records of the source, by its ids."""
    found: dict[str, Any] = {}
    for chunk in chunks(source_ids):
        rows = session.exec(select(model).where(model.source_id.in_(chunk))).all()
        found.update((row.source_id, row) for row in rows)
    return found


def keys_of_ids(session: Session, model: Any, columns: Sequence[str], prefix: str) -> dict[tuple[Any, ...], str]:
    """Of the rows whose source id begins so: what these columns say → source id."""
    named = [getattr(model, column) for column in columns]
    rows = session.exec(
        select(model.source_id, *named).where(model.source_id.startswith(prefix, autoescape=True))
    ).all()
    return {tuple(values): source_id for source_id, *values in rows}


def insert_rows(session: Session, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert whole rows, the school named in each."""
    if rows:
        session.execute(insert(model), list(rows))


def forget_refusals(session: Session, job_id: str, resource: str) -> None:
    """Drop what a run reported as refused in a data set: it goes on, and reports what it still refuses anew."""
    session.execute(
        delete(SyncRow).where(
            col(SyncRow.job_id) == job_id,
            col(SyncRow.resource) == resource,
            col(SyncRow.outcome).in_(("rejected", "conflict")),
        ),
        execution_options={"synchronize_session": False},
    )


def pupils_of_classes(session: Session, class_ids: Sequence[str]) -> set[str]:
    """Source ids of everybody who is or was enrolled in these classes."""
    query = select(Student.source_id).join(
        Enrolment, (col(Enrolment.student_id) == Student.id) & (col(Enrolment.school_id) == Student.school_id)
    )
    return set(session.exec(query.where(col(Enrolment.class_id).in_(class_ids))).all())
