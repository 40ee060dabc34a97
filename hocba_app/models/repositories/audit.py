"""Queries on the audit log: one page of it, and the names of what its rows are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from hocba_app.domain.wording import KIND_SHORT
from hocba_app.models import Account, AuditEvent, AuditHead, Document, Enrolment, SchoolClass, Slot, Staff, Student
from hocba_app.models.repositories.records import chunks

CLOCK_STEP = timedelta(days=1)
"""So far a machine's clock may have been put back: events of a day are looked for among those of its neighbours too."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events; "" and None mean "whatever"."""

    group: str = ""
    """The part of the action before the full stop, or a whole action."""
    actor: str | None = None
    """Account id; "" for the system."""
    subject: str = ""
    since: datetime | None = None
    before: datetime | None = None
    any_of: tuple[Collection[str], Collection[str], Collection[str]] | None = None
    """The search: actions, actors, subjects, of which one must be the event's."""


def count_events(session: Session, wanted: AuditFilter) -> int:
    """How many there are; of the whole log the chain's end says it."""
    if wanted == AuditFilter():
        return int(
            session.exec(select(AuditHead.seq).where(AuditHead.school_id == session.info["school_id"])).first() or 0
        )
    return int(session.exec(_narrowed(session, select(func.count()).select_from(AuditEvent), wanted)).one())


def events(
    session: Session, wanted: AuditFilter, *, offset: int, limit: int, oldest_first: bool = False
) -> list[AuditEvent]:
    """One page, newest first or the other way round."""
    order = col(AuditEvent.seq).asc() if oldest_first else col(AuditEvent.seq).desc()
    query = _narrowed(session, select(AuditEvent), wanted).order_by(order).offset(offset).limit(limit)
    return list(session.exec(query).all())


def events_before(session: Session, wanted: AuditFilter, seq: int | None, limit: int) -> list[AuditEvent]:
    """The next events below a sequence number, newest first: an export reads the whole log so, in bounded memory."""
    query = _narrowed(session, select(AuditEvent), wanted)
    if seq is not None:
        query = query.where(AuditEvent.seq < seq)
    return list(session.exec(query.order_by(col(AuditEvent.seq).desc()).limit(limit)).all())


def seq_at(session: Session, instant: datetime) -> int:
    """Sequence number of the first event at or after an instant, or the one behind the last: halved from both ends of the chain, for
    events come in the order of time, and no index of the instants has to be kept."""
    low, high = 1, count_events(session, AuditFilter()) + 1
    while low < high:
        middle = (low + high) // 2
        if (event := event_at(session, middle)) is not None and event.at < instant:
            low = middle + 1
        else:
            high = middle
    return low


def event_at(session: Session, seq: int) -> AuditEvent | None:
    """The event with a sequence number."""
    return session.exec(select(AuditEvent).where(AuditEvent.seq == seq)).first()


def _narrowed(session: Session, query: Any, wanted: AuditFilter) -> Any:
    if wanted.group:
        exact = "." in wanted.group
        query = query.where(
            AuditEvent.action == wanted.group
            if exact
            else col(AuditEvent.action).startswith(f"{wanted.group}.", autoescape=True)
        )
    if wanted.actor is not None:
        query = query.where(AuditEvent.actor == wanted.actor)
    if wanted.subject:
        query = query.where(AuditEvent.subject == wanted.subject)
    if wanted.since is not None:
        first = seq_at(session, wanted.since - CLOCK_STEP)
        query = query.where(AuditEvent.seq >= first, AuditEvent.at >= wanted.since)
    if wanted.before is not None:
        behind = seq_at(session, wanted.before + CLOCK_STEP)
        query = query.where(AuditEvent.seq < behind, AuditEvent.at < wanted.before)
    if wanted.any_of is not None:
        actions, actors, subjects = wanted.any_of
        query = query.where(
            or_(
                col(AuditEvent.action).in_(sorted(actions)),
                col(AuditEvent.actor).in_(sorted(actors)),
                col(AuditEvent.subject).in_(sorted(subjects)),
            )
        )
    return query


def account_names(session: Session) -> dict[str, str]:
    """Full name by account id."""
    return dict(session.exec(select(Account.id, Account.full_name)).all())


def documents_of_students(session: Session, student_ids: Collection[str]) -> list[str]:
    """Ids of every document of these pupils."""
    found: list[str] = []
    for chunk in chunks(sorted(student_ids)):
        found += session.exec(select(Document.id).where(col(Document.student_id).in_(chunk))).all()
    return found


def everybody(session: Session, since_year: str) -> Iterator[tuple[str, str, str]]:
    """``(student id, code, full name)`` of the pupils of a school year and later ones, for the search; "" for all there ever were."""
    query = select(Student.id, Student.code, Student.full_name)
    if since_year:
        query = query.where(
            col(Student.id).in_(select(Enrolment.student_id).where(Enrolment.school_year >= since_year))
        )
    yield from session.exec(query).all()


def subject_names(session: Session, subjects: Collection[str]) -> dict[str, str]:
    """What the events of a page are about, by subject: pupils by code, never by name."""
    ids: dict[str, set[str]] = {}
    for subject in subjects:
        table, _, key = subject.partition(":")
        ids.setdefault(table, set()).add(key)
    found: dict[str, str] = {}
    documents = ids.get("document", set())
    slots = _in(session, select(Slot.id, Slot.document_id, Slot.field), Slot.id, ids.get("slot"))
    document_names = {
        key: f"{KIND_SHORT[kind]} {year} · {code} · {name}".replace("  ", " ")
        for key, kind, year, code, name in _in(
            session,
            select(Document.id, Document.kind, Document.school_year, Student.code, SchoolClass.name)  # type: ignore[call-overload] # SQLModel types four columns at most
            .join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id))
            .join(
                SchoolClass,
                (col(SchoolClass.id) == Document.class_id) & (col(SchoolClass.school_id) == Document.school_id),
            ),
            Document.id,
            {*documents, *(document for _, document, _ in slots)},
        )
    }
    found |= {f"document:{key}": text for key, text in document_names.items()}
    found |= {f"slot:{key}": f"{document_names.get(document, '')} · {field}" for key, document, field in slots}
    for table, query, column in (
        ("class", select(SchoolClass.id, SchoolClass.name), SchoolClass.id),
        ("student", select(Student.id, Student.code), Student.id),
        ("account", select(Account.id, Account.full_name), Account.id),
        ("signer", select(Staff.id, Staff.full_name), Staff.id),
    ):
        found |= {f"{table}:{key}": text for key, text in _in(session, query, column, ids.get(table))}
    if "seal" in ids.get("signer", ()):
        found["signer:seal"] = "Con dấu nhà trường"
    return found


def _in(session: Session, query: Any, column: Any, ids: Collection[str] | None) -> list[Any]:
    return list(session.exec(query.where(col(column).in_(sorted(ids)))).all()) if ids else []
