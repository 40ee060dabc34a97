"""How a batch ends, and how it waits: leases given back, reasons kept, the next in the queue told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Batch
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signing as rows
from hocba_app.services.audit.log import progressed, record
from hocba_app.services.jobs.enqueue import look_again
from hocba_app.services.jobs.registry import Work
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.signing.leases import release_leases
from hocba_app.services.unlocking.unlock import resume_pending_unlocks

FIRST_RETRY, LONGEST_RETRY = 2.0, 60.0


def end_batch(work: Work, error: HocbaError | None, *, found: str | None = None) -> float | None:
    """End a batch: what is not committed fails with the reason and waits again for its signer; every lease is freed.

    Args:
        error: why, or None when the batch did all it could.
        found: the state the reason was found in; a batch that has left it meanwhile (the webhook has brought its answer)
            goes on instead.

    Returns:
        None; 0.0 when it goes on.
    """
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        if found is not None and batch.state != found:
            return 0.0
        close(session, batch, error)
        waiting = rows.waiting_for_end_of(session, batch)
    wake_waiting(work, waiting)
    return None


def wake_waiting(work: Work, waiting: Sequence[str]) -> None:
    """Let the batches look that the end of one may have set free. It stands: only now are the rows of other jobs touched."""
    if waiting:
        with work.db.write(work.school_id) as session:
            look_again(session, "batch", waiting)


def close(session: Session, batch: Batch, error: HocbaError | None) -> None:
    """:func:`end_batch` inside a transaction of the caller's."""
    if batch.state in rows.BATCH_OVER:
        return
    rows.serialise(session)  # an unlock that found a lease here is seen below, or sees it gone
    reason = error or HocbaError(ErrorCode.LEASE_LOST)
    for item in rows.items_of(session, batch.id, rows.LIVE_ITEM):
        fail_item(session, batch, item, reason)
    batch.state = "committed" if batch.committed and not batch.failed else "ended"
    batch.ended_at, batch.note, batch.retry_at = utc_now(), None, None
    if error is not None:
        batch.error_code = error.code.value
        batch.error_params = {key: str(value) for key, value in error.params.items()}
    elif batch.failed and batch.error_code is None:
        session.flush()
        reasons = rows.failure_codes(session, batch.id)
        batch.error_code = reasons[0] if len(reasons) == 1 else None  # several are told record by record
    session.add(batch)
    release_leases(session, batch.id)
    record(
        session,
        actor=batch.account_id,
        action=f"batch.{batch.state}",
        subject=f"batch:{batch.id}",
        data={"committed": batch.committed, "failed": batch.failed, "error": batch.error_code},
    )
    session.flush()
    resume_pending_unlocks(session)


def wait_for(work: Work, code: ErrorCode, *, at_least: float = 0.0) -> float:
    """Note what the batch waits for outside, and back off. Leases stay; nobody has to confirm again.

    Args:
        code: shown to the signer.
        at_least: seconds the other side asked for (Retry-After).

    Returns:
        Seconds until the next try.
    """
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        batch.attempts += 1
        pause = max(at_least, min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(batch.attempts - 1, 10)))
        batch.note, batch.retry_at = code.value, utc_now() + timedelta(seconds=pause)
        session.add(batch)
        progressed(session)
    return min(pause, 2.0)


def move_to(session: Session, batch: Batch, state: str) -> None:
    """Enter a state afresh: its outside call has not been tried."""
    batch.state, batch.attempts, batch.note, batch.retry_at = state, 0, None, None
    session.add(batch)
    progressed(session)
