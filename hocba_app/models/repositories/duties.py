"""What must be true for ever, found from state: sealed records without archive, archives to be looked at, daily work, and what is behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import literal, or_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from hocba_app.models import Document, DocumentVersion, Job, Revision, School
from hocba_app.models.base import UtcDateTime
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.models.repositories.records import chunks

ARCHIVE_OVERDUE = timedelta(hours=1)
"""A seal batch is archived within minutes."""
LOOK_OVERDUE = timedelta(days=90)
"""Every stamp older than a month is looked at in turn; one not looked at for this long is behind."""
DAY_OVERDUE = timedelta(days=2)


_SEALED: Any = Document.state == literal("sealed", literal_execute=True)
_FAILED: Any = Document.archive_failures > literal(0, literal_execute=True)
"""In so many words: only then does a planner see that a partial index has the answer."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What a school owes, counted."""

    archives: int = 0
    """Sealed records that should have had their archive data an hour ago."""
    renewals: int = 0
    """Archived records whose stamp could not be renewed, or was not looked at in time."""
    daily: int = 0
    """Kinds of daily work that fail now, or did not go well for two days."""

    @property
    def any(self) -> bool:
        """Whether anything is behind."""
        return bool(self.archives or self.renewals or self.daily)


def to_archive(session: Session, now: datetime, limit: int) -> list[str]:
    """Sealed versions without archive data, those that failed least recently first; not those whose pause is not over."""
    query = (
        select(Document.version_id)
        .where(_SEALED, col(Document.archived_at).is_(None), _looked_at_before(now))
        .order_by(col(Document.archive_look_at).asc().nulls_first(), Document.id)
        .limit(limit)
    )
    return [version_id or "" for version_id in session.exec(query).all()]


def to_look_at(session: Session, stamped_before: datetime, now: datetime, limit: int) -> list[tuple[str, str]]:
    """``(version, blob of its last archive update)`` of records whose stamp is not young: those never looked at, then those looked at
    least recently. Whatever the limit, everything has its turn."""
    looked = col(Document.archive_look_at)
    due = (
        select(Document.version_id, Revision.blob_sha256)
        .join(
            DocumentVersion,
            (col(DocumentVersion.id) == Document.version_id) & (col(DocumentVersion.school_id) == Document.school_id),
        )
        .join(
            Revision,
            (col(Revision.school_id) == DocumentVersion.school_id)
            & (col(Revision.version_id) == DocumentVersion.id)
            & (col(Revision.number) == DocumentVersion.revision_number),
        )
        .where(_SEALED, _archived_before(stamped_before), Revision.kind == "archive")
    )
    # Two questions, each in the order of its index: what is due is read and no more, however many records the years have left.
    never = due.where(looked.is_(None)).order_by(col(Document.archived_at), Document.id).limit(limit)
    found = list(session.exec(never).all())
    if len(found) < limit:
        found += session.exec(due.where(looked <= now).order_by(looked).limit(limit - len(found))).all()
    return [(version_id or "", blob) for version_id, blob in found]


def documents_of(session: Session, version_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """By version its document's id and how often in a row its archive has failed."""
    found: dict[str, tuple[str, int]] = {}
    for chunk in chunks(version_ids):
        rows = session.exec(
            select(DocumentVersion.id, Document.id, Document.archive_failures)
            .join(
                Document,
                (col(Document.id) == DocumentVersion.document_id)
                & (col(Document.school_id) == DocumentVersion.school_id),
            )
            .where(col(DocumentVersion.id).in_(chunk))
        ).all()
        found.update({version: (document, failures) for version, document, failures in rows})
    return found


def next_try(session: Session) -> datetime | None:
    """When the first record whose archive failed is to be tried again."""
    return session.exec(select(func.min(Document.archive_look_at)).where(_SEALED, _FAILED)).one()


def _archived_before(when: datetime) -> Any:
    """In a form that no index answers: nearly all were, and what is due is found by the index of looks."""
    return func.coalesce(Document.archived_at, literal(when, UtcDateTime)) < literal(when, UtcDateTime)


def _looked_at_before(now: datetime) -> Any:
    return or_(col(Document.archive_look_at).is_(None), col(Document.archive_look_at) <= now)


def behind(session: Session, now: datetime, kinds: Sequence[str]) -> Behind:
    """What the session's school owes.

    Args:
        kinds: of daily work.
    """
    found = _behind(session, now, kinds, {})
    return found.get(session.info["school_id"], Behind())


def behind_everywhere(session: Session, now: datetime, kinds: Sequence[str]) -> dict[str, Behind]:
    """By school of the installation what it owes."""
    return _behind(session, now, kinds, CROSS_SCHOOL)


def _behind(session: Session, now: datetime, kinds: Sequence[str], options: dict[str, Any]) -> dict[str, Behind]:
    sealed = sql_select(Document.school_id, func.count()).where(_SEALED).group_by(Document.school_id)  # type: ignore[call-overload] # SQLModel types four columns at most
    old, look = now - LOOK_OVERDUE, col(Document.archive_look_at)
    counts = {}
    for name, query in {
        "archives": sealed.where(col(Document.archived_at).is_(None), Document.updated_at < now - ARCHIVE_OVERDUE),
        "failed": sealed.where(_archived_before(now), _FAILED),
        "not looked at": sealed.where(_archived_before(old), ~_FAILED, look < old),
        "never looked at": sealed.where(_archived_before(old), ~_FAILED, look.is_(None)),
    }.items():
        counts[name] = dict(session.execute(query, execution_options=options).all())
    renewals = Counter[str]()
    for name in ("failed", "not looked at", "never looked at"):
        renewals.update(counts[name])
    daily = _daily(session, now, kinds, options)
    schools = {*counts["archives"], *renewals, *daily}
    return {each: Behind(counts["archives"].get(each, 0), renewals[each], daily.get(each, 0)) for each in schools}


def _daily(session: Session, now: datetime, kinds: Sequence[str], options: dict[str, Any]) -> dict[str, int]:
    """By school how many kinds of daily work are behind: failing, silent for two days, or without a live row."""
    rows = session.execute(
        sql_select(
            Job.school_id, Job.kind, func.max(Job.failures), func.max(func.coalesce(Job.well_at, Job.created_at))
        )  # type: ignore[call-overload] # SQLModel types four columns at most
        .where(col(Job.ended_at).is_(None), col(Job.kind).in_(kinds), col(Job.state).in_(("queued", "running")))
        .group_by(Job.school_id, Job.kind),
        execution_options=options,
    ).all()
    well: dict[str, set[str]] = {}
    for school, kind, failures, seen in rows:
        of_school = well.setdefault(school, set())
        if not failures and seen is not None and seen > now - DAY_OVERDUE:
            of_school.add(kind)
    old = session.execute(
        sql_select(col(School.id)).where(col(School.created_at) < now - DAY_OVERDUE), execution_options=options
    ).scalars()
    wanted = set(well) | set(old)
    if own := session.info.get("school_id"):
        wanted &= {own}
    return {school: missing for school in wanted if (missing := len(set(kinds) - well.get(school, set())))}
