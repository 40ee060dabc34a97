"""Between the rows and the pure state machine: the only writer of ``Batch.state`` and ``BatchItem.state``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import BATCH, BATCH_OVER, ITEM, BatchState, ItemState
from hocba_app.domain.transitions import Cause
from hocba_app.models import Batch, BatchItem
from hocba_app.models.repositories.bulk import add_rows


def add_items(session: Session, batch_id: str, slots: Sequence[tuple[str, str]]) -> None:
    """The items of a new batch.

    Args:
        slots: ids of each slot and its version, in order.
    """
    rows = (
        {
            "batch_id": batch_id,
            "slot_id": slot_id,
            "version_id": version_id,
            "position": position,
            "state": ItemState.CLAIMED,
            "error_params": {},
        }
        for position, (slot_id, version_id) in enumerate(slots)
    )
    add_rows(session, BatchItem, rows)


def move_batch(session: Session, batch: Batch, to: BatchState, by: Cause = Cause.WORKER) -> None:
    """Enter a state afresh: its outside call has not been tried, nothing is waited for. What is over keeps how often it was tried.

    Raises:
        InvalidTransition: the table has no such step.
    """
    batch.state = BATCH.move(batch.state, to, by)
    batch.attempts = batch.attempts if to in BATCH_OVER else 0
    batch.note, batch.retry_at = None, None
    session.add(batch)


def move_item(session: Session, item: BatchItem, to: ItemState, by: Cause = Cause.WORKER) -> None:
    """Move one item on.

    Raises:
        InvalidTransition: as :func:`move_batch`.
    """
    item.state = ITEM.move(item.state, to, by)
    session.add(item)


def moved_item(item: Any, to: ItemState, by: Cause = Cause.WORKER, /, **values: Any) -> dict[str, Any]:
    """The same for `repositories.bulk.set_rows`: what changes of one item.

    Args:
        item: a row with ``id`` and ``state``.
        values: further columns.

    Raises:
        InvalidTransition: as :func:`move_batch`.
    """
    return {"id": item.id, "state": ITEM.move(item.state, to, by), **values}
