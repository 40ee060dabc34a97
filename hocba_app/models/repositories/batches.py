"""Queries of a batch on its way: whether it may start, what it holds, how far its items are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from hocba_app.domain.batch_lifecycle import BATCH_BUSY, BATCH_OVER, LIVE_ITEM, BatchState, ItemState
from hocba_app.models import (
    Batch,
    BatchItem,
    Lease,
    School,
)
from hocba_app.models.repositories.prepared_queries import among, given, own_school, rows_of
from hocba_app.models.repositories.records import chunks


def serialise(session: Session) -> None:
    """One transaction of a school at a time from here on: starting, splitting, closing, locking, unlocking.

    Each of them reads what others hold and then writes. On PostgreSQL two that read at once would both find it free: a
    phone asked twice, a version unlocked under a lease. (On SQLite every write transaction is alone anyway.) Taken
    before any other row but the job's own; rows that refer to the school may still be inserted meanwhile.
    """
    school_id = session.info["school_id"]
    session.exec(select(School.id).where(School.id == school_id).with_for_update(key_share=True)).one()


def batches_in(states: Sequence[str]) -> Any:
    """Ids of the school's batches in these states, for ``in_``: read first, by their index. A join would let SQLite read every
    item of every year and look at its batch."""
    return select(col(Batch.id)).where(own_school(Batch), col(Batch.state).in_(states))


def held_versions(session: Session, version_ids: Sequence[str]) -> dict[str, str]:
    """Versions under a lease, each with the batch that holds it."""
    held: dict[str, str] = {}
    for chunk in chunks(version_ids):
        held.update((row.version_id, row.batch_id) for row in rows_of(session, _held_versions(), versions=chunk))
    return held


@cache
def _held_versions() -> Any:
    return select(Lease.version_id, Lease.batch_id).where(
        own_school(Lease),
        among(col(Lease.version_id), "versions"),
        col(Lease.released_at).is_(None),
    )


def earlier_waiting(session: Session, batch: Batch) -> set[str]:
    """Versions that batches queued before this one wait for: they go first (core decision 8)."""
    return {row.version_id for row in rows_of(session, _earlier_waiting(), batch=batch.id, queued_at=batch.queued_at)}


@cache
def _earlier_waiting() -> Any:
    before = (Batch.queued_at < given("queued_at")) | (
        (col(Batch.queued_at) == given("queued_at")) & (col(Batch.id) < given("batch"))
    )
    queued = batches_in((BatchState.QUEUED,)).where(Batch.id != given("batch"), before)
    return select(BatchItem.version_id).where(
        own_school(BatchItem),
        col(BatchItem.batch_id).in_(queued),
        BatchItem.state == ItemState.CLAIMED,
    )


def earlier_batches(session: Session, batch: Batch, version_ids: set[str]) -> set[str]:
    """Queued batches before this one that want one of these versions."""
    found = rows_of(session, _queued_items())
    return {row.batch_id for row in found if row.queued_at < batch.queued_at and row.version_id in version_ids}


def waiting_for_end_of(session: Session, batch: Batch) -> list[str]:
    """Queued batches that the end of this one may set free: they want one of its documents, or its key."""
    queued = rows_of(session, _queued_items())
    versions = {row.version_id for row in rows_of(session, _versions_of_batch(), batch=batch.id)} if queued else set()
    return list({row.batch_id for row in queued if row.owner == batch.owner or row.version_id in versions})


@cache
def _queued_items() -> Any:
    return (
        select(BatchItem.batch_id, BatchItem.version_id, Batch.owner, Batch.queued_at)
        .join(Batch, (col(Batch.id) == BatchItem.batch_id) & (col(Batch.school_id) == BatchItem.school_id))
        .where(
            own_school(BatchItem),
            col(BatchItem.batch_id).in_(batches_in((BatchState.QUEUED,))),
            BatchItem.state == ItemState.CLAIMED,
        )
    )


@cache
def _versions_of_batch() -> Any:
    return select(BatchItem.version_id).where(own_school(BatchItem), BatchItem.batch_id == given("batch"))


def active_batch_of(session: Session, owner: str, other_than: str = "") -> Batch | None:
    """The batch a key is confirming now: one at a time, so that the phone never shows two requests."""
    return session.exec(
        select(Batch)
        .where(col(Batch.owner) == owner, col(Batch.state).in_(BATCH_BUSY), col(Batch.id) != other_than)
        .limit(1)
    ).first()


def of_owner(session: Session, batch_ids: Iterable[str], owner: str) -> set[str]:
    """Of these batches, those that one key signs."""
    ids = sorted(batch_ids)
    if not ids:
        return set()
    return set(session.exec(select(Batch.id).where(col(Batch.id).in_(ids), Batch.owner == owner)).all())


def last_sent(session: Session, batch: Batch) -> Batch | None:
    """The batch of the same signer and key that ended last since this one was queued, of those that reached the service."""
    return session.exec(
        select(Batch)
        .where(
            Batch.owner == batch.owner,
            Batch.account_id == batch.account_id,
            Batch.id != batch.id,
            col(Batch.sent_at).is_not(None),
            col(Batch.ended_at) > batch.queued_at,
        )
        .order_by(col(Batch.ended_at).desc())
        .limit(1)
    ).first()


def batch_row(session: Session, batch_id: str) -> Any:
    """What a turn of a batch needs of its row, for reading only.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such batch in the school.
    """
    found = rows_of(session, _batch_row(), batch=batch_id)
    if not found:
        raise NoResultFound(batch_id)
    return found[0]


@cache
def _batch_row() -> Any:
    return select(  # type: ignore[call-overload, misc] # SQLModel types four columns at most
        Batch.id,
        Batch.account_id,
        Batch.staff_id,
        Batch.owner,
        Batch.stage,
        Batch.provider,
        Batch.provider_user,
        Batch.credential_id,
        Batch.chain,
        Batch.state,
        Batch.stop_waiting,
        Batch.retry_at,
        Batch.sent_at,
        Batch.window_ends_at,
        Batch.transaction_id,
        Batch.note,
        Batch.attempts,
        Batch.resends,
        Batch.evidence_id,
    ).where(own_school(Batch), Batch.id == given("batch"))


def items_of(
    session: Session,
    batch_id: str,
    states: Iterable[str] | None = None,
    *,
    light: bool = False,
    limit: int | None = None,
) -> list[BatchItem]:
    """A batch's items in order.

    Args:
        states: only items in one of these.
        light: without the large columns, which are read when they are asked for.
        limit: at most so many.
    """
    query = select(BatchItem).where(col(BatchItem.batch_id) == batch_id).order_by(col(BatchItem.position))
    if states is not None:
        query = query.where(col(BatchItem.state).in_(tuple(states)))
    if light:
        query = query.options(
            *(
                defer(column)  # type: ignore[arg-type] # a column, which SQLModel types by its value
                for column in (BatchItem.prepared, BatchItem.attributes, BatchItem.signature, BatchItem.token)
            )
        )
    if limit is not None:
        query = query.limit(limit)
    return list(session.exec(query).all())


def item_rows(session: Session, batch_id: str, state: str, *columns: str, limit: int | None = None) -> Sequence[Any]:
    """A batch's items in one state, in order, as plain rows: ``id``, ``state`` and the columns named. For reading only."""
    values = {"batch": batch_id, "in_state": state} | ({} if limit is None else {"most": limit})
    return rows_of(session, _item_rows(columns, limit is not None), **values)


@cache
def _item_rows(columns: tuple[str, ...], limited: bool) -> Any:
    query = (
        select(BatchItem.id, BatchItem.state, *(getattr(BatchItem, column) for column in columns))
        .where(own_school(BatchItem), BatchItem.batch_id == given("batch"), BatchItem.state == given("in_state"))
        .order_by(col(BatchItem.position))
    )
    return query.limit(given("most")) if limited else query


def failure_codes(session: Session, batch_id: str) -> list[str]:
    """The different reasons for which items of a batch failed."""
    return [row.error_code for row in rows_of(session, _failure_codes(), batch=batch_id) if row.error_code]


@cache
def _failure_codes() -> Any:
    return (
        select(BatchItem.error_code)
        .where(own_school(BatchItem), BatchItem.batch_id == given("batch"), BatchItem.state == ItemState.FAILED)
        .distinct()
    )


def live_items(session: Session, batch_id: str) -> int:
    """How many items of a batch are not over."""
    return int(rows_of(session, _live_items(), batch=batch_id)[0][0])


@cache
def _live_items() -> Any:
    return select(func.count()).where(
        own_school(BatchItem), col(BatchItem.batch_id) == given("batch"), col(BatchItem.state).in_(LIVE_ITEM)
    )


def batches_of_account(session: Session, account_id: str, limit: int) -> list[Batch]:
    """A person's batches without their certificates: every one that is not over, in the order of the queue, then the newest others.

    Args:
        limit: how many of those that are over.
    """
    mine = select(Batch).where(Batch.account_id == account_id).options(defer(Batch.chain))  # type: ignore[arg-type] # a column, which SQLModel types by its value
    live = mine.where(col(Batch.state).in_((BatchState.QUEUED, *BATCH_BUSY))).order_by(col(Batch.queued_at))
    # Nearly all are over: asked so that no index of states is taken, but that of the person's batches in their order.
    over = (
        mine.where(func.coalesce(Batch.state, "").in_(BATCH_OVER)).order_by(col(Batch.created_at).desc()).limit(limit)
    )
    return [*session.exec(live).all(), *session.exec(over).all()]
