"""A signing batch, one state at a time. The rows are the truth: whatever was killed, the next turn reads where it stood.

``queued → claimed → prepared → sending → waiting → answered → stamped → committed | ended`` (core decisions 1–8). Each
handler does one state's work, commits, and returns the seconds until the batch should be looked at again, or None when
it is over. A crash between any two instructions repeats at most the work of one state, and every state's work may be
repeated: it is guarded by the rows it changes.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.signing import BATCH_OVER
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.signing import committing, confirming, preparing, stamping
from hocba_app.services.signing.closing import end_batch
from hocba_app.services.signing.turn import try_start

QUEUE_LOOK = 1.0
"""Seconds between two looks of a queued batch at its documents."""

_HANDLERS: dict[str, Callable[[Work], float | None]] = {
    "claimed": preparing.prepare,
    "prepared": confirming.send,
    "sending": confirming.recover_sending,
    "waiting": confirming.poll,
    "answered": stamping.stamp,
    "stamped": committing.commit,
}


@job("batch")
def advance_batch(work: Work) -> float | None:
    """One turn of a batch. Signature and effects as every job's (`jobs.registry.Work`)."""
    with work.db.read(work.school_id) as session:
        batch = load_batch(session, work)
        state, stop, retry_at = batch.state, batch.stop_waiting, batch.retry_at
    if state in BATCH_OVER:
        return None
    if stop and state in ("queued", "claimed", "prepared"):
        # Nothing has left the house: stopping is free.
        end_batch(work, HocbaError(ErrorCode.BATCH_STOPPED))
        return None
    if retry_at is not None and (left := (retry_at - utc_now()).total_seconds()) > 0:
        return min(left, 2.0)
    if state == "queued":
        with work.write() as session:
            started = try_start(session, load_batch(session, work))
        return 0.0 if started else QUEUE_LOOK
    return _HANDLERS[state](work)


def load_batch(session: Session, work: Work) -> Batch:
    """The batch this job works on; they share an id."""
    return session.get_one(Batch, (work.school_id, work.job_id))
