"""Queries of the job queue: what is due, who holds it, what may go. Workers ask them of all schools at once.

Statements are put together once, and say ``state = 'queued'`` in so many words: only then does a planner see that a partial
index has the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, func, literal, tuple_, union_all, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from hocba_app.models import Job, School
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.models.database_time import database_time, seconds_since
from hocba_app.models.job_signal import announce
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories.prepared_queries import among, changed_rows, given, own_school, rows_of

LIVE = ("queued", "running")
"""States of a job that is not over."""
SILENT_SECONDS = 30
"""A job whose worker has not been heard of for this long, by the database's clock, may be taken over."""


def _is(state: str) -> Any:
    return Job.state == literal(state, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Due:
    """A job that somebody should take."""

    school_id: str
    job_id: str
    computes: bool
    priority: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of a kind and priority is due and not begun."""

    kind: str
    priority: Priority
    count: int
    oldest_seconds: float
    """How long the oldest has been due, by the database's clock."""


def due(
    session: Session, room: Mapping[tuple[bool, Priority], int], crowded: Mapping[bool, Collection[str]] | None = None
) -> list[Due]:
    """Jobs nobody works on whose time has come: most urgent first, then the longest due. An installation session.

    One statement, one seek of ``ix_job_due`` a class: it costs the same whatever waits for its time, and however many
    schools there are.

    Args:
        room: how many of a class (computes, priority) at most; a class that is not named is not looked for.
        crowded: by ``computes`` the schools that have their share in hand.
    """
    given_values: dict[str, Any] = {
        f"most_{computes:d}_{priority:d}": room.get((computes, priority), 0)
        for computes in (False, True)
        for priority in Priority
    }
    for computes in (False, True):
        given_values[f"crowded_{computes:d}"] = sorted((crowded or {}).get(computes, ()))
    given_values["most_silent"] = max(room.values(), default=0)
    rows = session.connection().execute(_due(), given_values).all()
    found = [Due(*row[:4]) for row in sorted(rows, key=lambda row: (row.priority, row.wake_at))]
    return [each for each in found if room.get((each.computes, Priority(each.priority)), 0) > 0]


@cache
def _due() -> Any:
    columns = (col(Job.school_id), col(Job.id), col(Job.computes), col(Job.priority), col(Job.wake_at))
    silent = sql_select(*columns).where(_is("running"), col(Job.heartbeat_at) < database_time(-SILENT_SECONDS))
    parts = [silent.order_by(col(Job.heartbeat_at)).limit(given("most_silent")).subquery()]
    for computes in (False, True):
        parts += [
            sql_select(*columns)
            .where(
                _is("queued"),
                col(Job.computes) == literal(computes, literal_execute=True),
                col(Job.priority) == literal(int(priority), literal_execute=True),
                col(Job.wake_at) <= database_time(),
                ~among(col(Job.school_id), f"crowded_{computes:d}"),
            )
            .order_by(col(Job.wake_at))
            .limit(given(f"most_{computes:d}_{priority:d}"))
            .subquery()
            for priority in Priority
        ]
    return union_all(*(sql_select(part) for part in parts))


def people_served(session: Session, besides: str) -> bool:
    """Whether any worker has something in hand that somebody waits for; an installation session.

    Args:
        besides: a job that is not counted.
    """
    found = sql_select(col(Job.id)).where(
        _is("running"),
        col(Job.priority) <= Priority.PHONE,
        col(Job.id) != besides,
        col(Job.heartbeat_at) > database_time(-SILENT_SECONDS),  # a range: SQLite then reads the index of what runs
    )
    return session.connection().execute(found.limit(1)).first() is not None


def hold(session: Session, job_ids: Sequence[str], worker: str) -> list[tuple[str, int]]:
    """Claim jobs of the session's school by compare-and-set.

    A job of this very worker may be claimed again at once: its identity is held by a lock, so an earlier process of it is
    dead. A row that somebody holds is left for the next look: whoever waits here looks after no other job.

    Returns:
        ``(job, attempt)`` of those that are this worker's now.
    """
    free = rows_of(session, _free(), jobs=list(job_ids), held_by=worker)
    if free:
        changed_rows(session, _HOLD, jobs=[row.id for row in free], held_by=worker)
    return [(row.id, row.attempt + 1) for row in free]


@cache
def _free() -> Any:
    heard = col(Job.heartbeat_at) > database_time(-SILENT_SECONDS)
    of_another = (col(Job.state) == "running") & (col(Job.worker) != given("held_by")) & heard
    return (
        sql_select(col(Job.id), col(Job.attempt))
        .where(
            own_school(Job),
            among(col(Job.id), "jobs"),
            col(Job.state).in_(LIVE),
            ~func.coalesce(of_another, False),
        )
        .order_by(col(Job.id))
        .with_for_update(of=Job, skip_locked=True)
    )


_HOLD = (
    update(Job)
    .where(own_school(Job), among(col(Job.id), "jobs"))
    .values(state="running", worker=given("held_by"), attempt=Job.attempt + 1, heartbeat_at=database_time())
)


def fence(session: Session, job_id: str, worker: str, attempt: int, **values: Any) -> bool:
    """Prove a hold and say that its worker lives.

    Args:
        values: columns of the job to set on the way. ``wake_in``: seconds until it is due, by the database's clock.

    Returns:
        Whether the hold is still good; nothing is written otherwise.
    """
    given_values = {f"to_{column}": value for column, value in values.items()}
    held = {"job": job_id, "held_attempt": attempt, "held_by": worker}
    return changed_rows(session, _held(tuple(sorted(given_values))), **held, **given_values) == 1


@cache
def _held(columns: tuple[str, ...]) -> Any:
    values: dict[str, Any] = {column.removeprefix("to_"): given(column) for column in columns}
    if "wake_in" in values:
        values["wake_at"] = database_time(values.pop("wake_in"))
    return (
        update(Job)
        .where(
            own_school(Job),
            col(Job.id) == given("job"),
            col(Job.attempt) == given("held_attempt"),
            col(Job.worker) == given("held_by"),
            col(Job.state) == "running",
        )
        .values({"heartbeat_at": database_time(), **values})
    )


def beat(session: Session, worker: str, job_ids: Sequence[str]) -> int:
    """Say of these jobs of all schools that their worker lives; an installation session. A row that is locked is passed by:
    whoever holds it is alive, or will be fenced off."""
    values = {"held_by": worker, "jobs": list(job_ids)}
    return session.connection().execute(_beat(), values).rowcount


@cache
def _beat() -> Any:
    mine = (
        sql_select(col(Job.school_id), col(Job.id))
        .where(_is("running"), col(Job.worker) == given("held_by"), among(col(Job.id), "jobs"))
        .with_for_update(skip_locked=True)
    )
    return update(Job).where(tuple_(Job.school_id, Job.id).in_(mine)).values(heartbeat_at=database_time())


def release_all_of(session: Session, worker: str) -> int:
    """Give back what a dead process of this identity had in hand; an installation session.

    The attempt stays: whoever claims the job next counts it up, and an old hold proves nothing on a row that does not run. A row
    that a lost connection still holds is passed by; it falls silent.
    """
    released = session.connection().execute(_release(), {"held_by": worker}).rowcount
    announce(session)
    return released


@cache
def _release() -> Any:
    mine = (
        sql_select(col(Job.school_id), col(Job.id))
        .where(_is("running"), col(Job.worker) == given("held_by"))
        .with_for_update(skip_locked=True)
    )
    return update(Job).where(tuple_(Job.school_id, Job.id).in_(mine)).values(state="queued", wake_at=database_time())


def live_job(session: Session, kind: str) -> Job | None:
    """The newest job of this kind that is not over."""
    query = (
        select(Job)
        .where(Job.kind == kind, col(Job.state).in_(LIVE), col(Job.ended_at).is_(None))
        .order_by(col(Job.created_at).desc())
    )
    return session.exec(query.limit(1)).first()


def make_due(session: Session, kind: str, job_ids: Sequence[str], *, priority: Priority | None = None) -> None:
    """These queued jobs of one kind are due now.

    Args:
        priority: who waits for them from now on.
    """
    values: dict[str, Any] = {"wake_at": database_time()} | ({} if priority is None else {"priority": int(priority)})
    session.execute(
        update(Job).where(col(Job.kind) == kind, col(Job.state) == "queued", col(Job.id).in_(job_ids)).values(values),
        execution_options={"synchronize_session": False},
    )
    announce(session)


def kind_of(session: Session, job_id: str) -> str | None:
    """The kind of one job of the session's school."""
    return session.exec(select(Job.kind).where(Job.id == job_id)).first()


def schools_without(session: Session, kinds: Sequence[str]) -> list[str]:
    """Schools that lack a live job of one of these kinds; an installation session. One statement for all schools."""
    live = (
        select(func.count(col(Job.kind).distinct()))
        .where(
            Job.school_id == School.id,
            col(Job.kind).in_(kinds),
            col(Job.state).in_(LIVE),
            col(Job.ended_at).is_(None),
        )
        .scalar_subquery()
    )
    query = select(School.id).where(live < len(kinds)).order_by(School.id)
    return list(session.exec(query, execution_options=CROSS_SCHOOL).all())


def delete_over(session: Session, kinds: Sequence[str], before: datetime, limit: int) -> int:
    """Delete rows of these kinds that ended before an instant, the oldest first; an installation session.

    Returns:
        How many.
    """
    old = (
        sql_select(col(Job.school_id), col(Job.id))
        .where(col(Job.ended_at) < before, col(Job.kind).in_(kinds))
        .order_by(col(Job.ended_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.connection().execute(delete(Job).where(tuple_(Job.school_id, Job.id).in_(old))).rowcount


def backlog(session: Session) -> list[Backlog]:
    """What is due and not begun, over all schools: for monitoring. An installation session."""
    key = (col(Job.kind), col(Job.priority))
    query = sql_select(*key, func.count(), seconds_since(func.min(col(Job.wake_at))))
    due_now = query.where(_is("queued"), Job.wake_at <= database_time()).group_by(*key).order_by(*key)
    rows = session.connection().execute(due_now).all()
    return [Backlog(kind, Priority(each), count, max(0.0, float(oldest))) for kind, each, count, oldest in rows]
