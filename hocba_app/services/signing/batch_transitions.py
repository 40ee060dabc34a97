"""How a batch ends and how it waits: leases released, reasons stored, the batches behind it woken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import BATCH_OVER, LIVE_ITEM, BatchState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.transitions import Cause
from hocba_app.models import Batch
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories.batch_state import move_batch
from hocba_app.models.repositories.leases import release_leases
from hocba_app.services.audit.log import Tells, notify_narrow, record
from hocba_app.services.jobs.enqueue import look_again
from hocba_app.services.jobs.registry import Work
from hocba_app.services.jobs.results import AGAIN, Done, Result, RetryAfter
from hocba_app.services.signing.admission import fail_item
from hocba_app.services.unlocking.unlock import resume_pending_unlocks

FIRST_RETRY, MAX_RETRY = 2.0, 60.0


def end_batch(work: Work, error: HocbaError | None, *, found: str | None = None) -> Result:
    """End a batch: what is not committed fails with the reason and waits again for its signer; every lease is freed.

    Args:
        error: why, or None when the batch did all it could.
        found: the state the reason was found in; a batch that has left it meanwhile (the webhook has brought its answer)
            goes on instead.

    Returns:
        That it is over; or to go on at once.
    """
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        if found is not None and batch.state != found:
            return AGAIN
        waiting = close(session, batch, error)
    wake_waiting(work, waiting)
    return Done()


def wake_waiting(work: Work, waiting: Sequence[str]) -> None:
    """Make batches due that the end of another may have set free. Called after that end is committed: the rows of other jobs are
    locked only here."""
    if waiting:
        with work.db.write(work.school_id) as session:
            look_again(session, "batch", waiting)


def close(session: Session, batch: Batch, error: HocbaError | None) -> list[str]:
    """:func:`end_batch` inside a transaction of the caller's.

    Returns:
        Ids of the batches it may have set free, for :func:`wake_waiting` after that transaction.
    """
    if batch.state in BATCH_OVER:
        return []
    batch_rows.serialise(session)  # an unlock that found a lease here is seen below, or sees it gone
    reason = error or HocbaError(ErrorCode.LEASE_LOST)
    for item in batch_rows.items_of(session, batch.id, LIVE_ITEM):
        fail_item(session, batch, item, reason)
    move_batch(session, batch, BatchState.COMMITTED if batch.committed and not batch.failed else BatchState.ENDED)
    batch.ended_at = utc_now()
    if error is not None:
        batch.error_code = error.code.value
        batch.error_params = {key: str(value) for key, value in error.params.items()}
    elif batch.failed and batch.error_code is None:
        session.flush()
        reasons = batch_rows.failure_codes(session, batch.id)
        batch.error_code = reasons[0] if len(reasons) == 1 else None  # several are shown record by record
    session.add(batch)
    release_leases(session, batch.id)
    record(
        session,
        actor=batch.account_id,
        action=Action(f"batch.{batch.state}"),
        tells=Tells.CONCERNED,
        subject=f"batch:{batch.id}",
        data={"committed": batch.committed, "failed": batch.failed, "error": batch.error_code},
    )
    session.flush()
    resume_pending_unlocks(session)
    return batch_rows.waiting_for_end_of(session, batch)


def wait_for(work: Work, code: ErrorCode, *, at_least: float = 0.0) -> RetryAfter:
    """Note what the batch waits for outside, and back off. Leases stay; nobody has to confirm again.

    Args:
        code: shown to the signer.
        at_least: seconds the other side asked for (Retry-After).

    Returns:
        When to check again.
    """
    with work.write() as session:
        batch = session.get_one(Batch, (work.school_id, work.job_id))
        batch.attempts += 1
        pause = max(at_least, min(MAX_RETRY, FIRST_RETRY * 2 ** min(batch.attempts - 1, 10)))
        batch.note, batch.retry_at = code.value, utc_now() + timedelta(seconds=pause)
        session.add(batch)
        notify_narrow(session)
    return RetryAfter(min(pause, 2.0))


def move_to(session: Session, batch: Batch, state: BatchState, by: Cause = Cause.WORKER) -> None:
    """Enter a state afresh, and tell who watches."""
    move_batch(session, batch, state, by)
    notify_narrow(session)
