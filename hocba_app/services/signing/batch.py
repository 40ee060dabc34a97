"""A signing batch, one state at a time. The rows are the truth: whatever was killed, the next step reads where it was.

The states and their order are `domain.batch_lifecycle`'s (core decisions 1–8). Each handler does one state's work, commits, and
says when the batch should be looked at again, or that it is over. A crash between any two instructions repeats at most the
work of one state, and every state's work may be repeated: it is guarded by the rows it changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import ASKED, BATCH_OVER, BEFORE_SENDING, BatchState
from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Batch
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.services.jobs.claim import ClaimLost
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import AGAIN, Done, Result, RetryAfter
from hocba_app.services.signing.admission import Admission, try_admit
from hocba_app.services.signing.batch_transitions import close, end_batch, wait_for, wake_waiting
from hocba_app.services.signing.steps import commit, confirm, prepare, timestamp
from hocba_app.services.signing.steps.confirm import USELESS_AFTER

log = structlog.get_logger()
QUEUE_LOOK = 5.0
"""Seconds between two looks of a queued batch at its documents. Long enough that it gives its worker's place back: the
batch it waits for may need one. A batch that ends makes the queued ones look at once."""
MAX_QUEUE_LOOK = 60.0
"""Longest pause between two looks of a batch that waits in the queue. A batch that ends wakes it earlier."""

STORE_PAUSE = 15.0
"""Seconds until a batch is tried again that the store keeps waiting; its place in the worker is free meanwhile."""

_HANDLERS: dict[BatchState, Callable[[Work], Result]] = {
    BatchState.CLAIMED: prepare.prepare,
    BatchState.PREPARED: confirm.send,
    BatchState.SENDING: confirm.recover_sending,
    BatchState.WAITING: confirm.poll,
    BatchState.ANSWERED: timestamp.stamp,
    BatchState.STAMPED: commit.commit,
}


@job("batch")
def advance_batch(work: Work) -> Result:
    """One turn of a batch. Signature and effects as every job's (`jobs.registry.Work`).

    Whatever goes wrong, the batch outlives it: its job never ends before the batch does, or its leases would be orphans.
    """
    try:
        return _advance(work)
    except (ClaimLost, OperationalError, InterfaceError):
        raise
    except StoreUnavailable as error:
        log.warning("batch.store_unavailable", batch=work.job_id, reason=error.refusal.code.value)
        wait_for(work, ErrorCode.STORE_WAITS)
        return RetryAfter(STORE_PAUSE)
    except HocbaError as error:
        return _survive(work, error, error.code)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        log.exception("batch.defect", batch=work.job_id, reference=reference)
        return _survive(work, HocbaError(ErrorCode.INTERNAL, reference=reference), ErrorCode.BATCH_RETRYING)


def _survive(work: Work, error: HocbaError, note: ErrorCode) -> Result:
    """End the batch while nothing has left the house; later keep its leases and answers, and try again."""
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
    state, sent_at = batch.state, batch.sent_at
    out = state in ASKED
    if state in BEFORE_SENDING or (out and sent_at is not None and utc_now() > sent_at + USELESS_AFTER):
        return end_batch(work, error)
    return wait_for(work, note)


def _advance(work: Work) -> Result:
    with work.db.read(work.school_id) as session:
        batch = batch_rows.batch_row(session, work.job_id)
    state, stop, retry_at = batch.state, batch.stop_waiting, batch.retry_at
    if state in BATCH_OVER:
        return Done()
    if stop and state in BEFORE_SENDING:
        # Nothing has left the house: stopping is free.
        return end_batch(work, HocbaError(ErrorCode.BATCH_STOPPED))
    if retry_at is not None and (left := (retry_at - utc_now()).total_seconds()) > 0:
        return RetryAfter(min(left, 2.0))
    return _admit(work) if state == BatchState.QUEUED else _HANDLERS[BatchState(state)](work)


def _admit(work: Work) -> Result:
    try:
        with work.write() as session:
            batch = load_batch(session, work)
            admission, queued_at = try_admit(session, batch), batch.queued_at
            waiting = [] if admission is not Admission.EMPTY else close(session, batch, _why_empty(batch))
    except IntegrityError:
        return RetryAfter(QUEUE_LOOK)  # the unique index on held leases refused it: another batch was first
    wake_waiting(work, waiting)
    return RetryAfter(queue_pause(queued_at)) if admission is Admission.WAITS else AGAIN


def queue_pause(queued_at: datetime) -> float:
    """Seconds to the next look of a batch that queues since then: a twelfth of its wait."""
    return min(MAX_QUEUE_LOOK, max(QUEUE_LOOK, (utc_now() - queued_at).total_seconds() / 12))


def _why_empty(batch: Batch) -> HocbaError | None:
    return None if batch.failed else HocbaError(ErrorCode.NOTHING_TO_DO)


def load_batch(session: Session, work: Work) -> Batch:
    """The batch this job works on; they share an id."""
    return session.get_one(Batch, (work.school_id, work.job_id))
