"""A batch's progress, for its signer's page: always read from the rows, so a reload comes back to the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.batch_lifecycle import BATCH_OVER, CONFIRMED, BatchState, ItemState
from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.models import Batch, Database
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batch_names
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.signing.admission import queue_position
from hocba_app.services.signing.steps.confirm import GRACE


@dataclass(frozen=True, slots=True)
class ItemView:
    """One record of a batch."""

    student_code: str
    student_name: str
    kind: str
    state: str
    problem: str | None
    """The sentence, when it failed."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch as its signer sees it."""

    id: str
    stage: str
    provider: str
    """The service it was sent to, by the name a key keeps."""
    state: str
    total: int
    committed: int
    failed: int
    seconds_left: int | None
    """Of the confirmation on the phone; None unless it is waited for."""
    confirmed: bool
    """The signer has confirmed; the service is signing."""
    note: str | None
    """What it waits for now, as a sentence."""
    problem: str | None
    """Why it ended, as a sentence."""
    stop_asked: bool
    ahead: int
    wait_seconds: int
    your_turn: bool
    after_own: bool
    """It follows the signer's own batch on the same documents by itself."""
    over: bool
    about: tuple[batch_names.About, ...]
    """What it holds, class by class."""
    created_at: str


def my_batches(db: Database, who: Identity, limit: int = 20) -> list[BatchView]:
    """This person's batches: every one that is not over – what his phone asks now first –, then the newest of the others.

    Args:
        limit: how many of those that are over.
    """
    with db.read(who.school_id) as session:
        batches = batch_rows.batches_of_account(session, who.account_id, limit)
        about = batch_names.about(session, [batch.id for batch in batches])
        views = [_view(session, batch, about.get(batch.id, ())) for batch in batches]
    return sorted(views, key=lambda view: (view.over, not (view.state == BatchState.WAITING or view.your_turn)))


def batch_view(db: Database, who: Identity, batch_id: str) -> tuple[BatchView, list[ItemView]]:
    """One of this person's batches with its records.

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.read(who.school_id) as session:
        batch = session.get(Batch, (who.school_id, batch_id))
        if batch is None or batch.account_id != who.account_id:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lượt ký")
        items = batch_rows.items_of(session, batch.id)
        context = rows.item_context(session, items)
        views = [
            ItemView(
                student_code=context[item.id][3].code,
                student_name=context[item.id][3].full_name,
                kind=context[item.id][1].kind,
                state=item.state,
                problem=_sentence(item.error_code, item.error_params),
            )
            for item in items
        ]
        return _view(session, batch, batch_names.about(session, [batch.id]).get(batch.id, ())), views


def unsigned_slots(db: Database, who: Identity, batch_id: str) -> list[str]:
    """Slots of one of this person's batches that it did not sign, for "ký tiếp phần còn lại".

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.read(who.school_id) as session:
        batch = session.get(Batch, (who.school_id, batch_id))
        if batch is None or batch.account_id != who.account_id:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lượt ký")
        return [item.slot_id for item in batch_rows.items_of(session, batch.id, (ItemState.FAILED,))]


def _view(session: Session, batch: Batch, about: Sequence[batch_names.About]) -> BatchView:
    position = queue_position(session, batch) if batch.state == BatchState.QUEUED else None
    left = None
    if batch.state == BatchState.WAITING and batch.window_ends_at is not None:
        # The phone's own window: our grace after it is not for the signer to count on.
        left = max(0, int((batch.window_ends_at - GRACE - utc_now()).total_seconds()))
    confirmed = batch.note == "confirmed" or batch.state in CONFIRMED
    return BatchView(
        id=batch.id,
        stage=batch.stage,
        provider=batch.provider,
        state=batch.state,
        total=batch.total,
        committed=batch.committed,
        failed=batch.failed,
        seconds_left=left,
        confirmed=confirmed,
        note=None if batch.note == "confirmed" else _sentence(batch.note, {}),
        problem=_sentence(batch.error_code, batch.error_params),
        stop_asked=batch.stop_waiting,
        ahead=position.ahead if position else 0,
        wait_seconds=position.seconds if position else 0,
        your_turn=position.your_turn if position else False,
        after_own=position.after_own if position else False,
        over=batch.state in BATCH_OVER,
        about=tuple(about),
        created_at=batch.created_at.isoformat(timespec="seconds"),
    )


def _sentence(code: str | None, params: dict[str, object]) -> str | None:
    if code is None:
        return None
    known = ErrorCode(code)
    assert known in SENTENCES
    return HocbaError(known, **params).sentence
