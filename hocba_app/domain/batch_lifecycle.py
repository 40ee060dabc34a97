"""The life of a signing batch and of its items: every state, every way from one to another, who causes it.

A batch is one confirmation on one phone (core decisions 1-8); an item is one slot of it. The work of each state is in
`services/signing/steps/`; that a state may follow another is said here only.
"""

from __future__ import annotations

from enum import StrEnum

from hocba_app.domain.transitions import Cause, Machine


class BatchState(StrEnum):
    """A batch's state; the value is stored."""

    QUEUED = "queued"  # waits until its documents and its key are free
    CLAIMED = "claimed"  # holds its documents
    PREPARED = "prepared"  # every document has its next revision laid out
    SENDING = "sending"  # committed before the service is called: the request may be on the phone
    WAITING = "waiting"  # the service has named the transaction
    ANSWERED = "answered"  # verified answers are stored
    STAMPED = "stamped"  # each answer has its time stamp
    COMMITTED = "committed"  # all of it is signed
    ENDED = "ended"  # over, not all of it signed


class ItemState(StrEnum):
    """The state of one slot of a batch; the value is stored."""

    CLAIMED = "claimed"
    PREPARED = "prepared"
    ANSWERED = "answered"
    STAMPED = "stamped"
    COMMITTED = "committed"
    FAILED = "failed"


_B, _I = BatchState, ItemState
_WORKER = (Cause.WORKER,)
_ANYBODY = (Cause.WORKER, Cause.SERVICE)
_END = (_WORKER, "given up or stopped: what is not signed waits again for its signer")
_FAIL = (_WORKER, "left out with its reason; the slot waits again")

BATCH: Machine[BatchState] = Machine(
    BatchState,
    {
        _B.QUEUED: {
            _B.CLAIMED: (_WORKER, "admitted: documents and key are free, leases taken"),
            _B.ENDED: (_WORKER, "stopped, or nothing of it may be signed any more"),
        },
        _B.CLAIMED: {_B.PREPARED: (_WORKER, "certificate checked, revisions laid out"), _B.ENDED: _END},
        _B.PREPARED: {_B.SENDING: (_WORKER, "noted before the service is called"), _B.ENDED: _END},
        _B.SENDING: {
            _B.PREPARED: (_WORKER, "surely not taken by the service: sent again as it is"),
            _B.CLAIMED: (_WORKER, "lost on the way, its window over: prepared afresh"),
            _B.WAITING: (_ANYBODY, "the service has named the transaction"),
            _B.ANSWERED: (_WORKER, "a service that answers at once"),
            _B.ENDED: _END,
        },
        _B.WAITING: {_B.ANSWERED: (_ANYBODY, "answers verified and stored"), _B.ENDED: _END},
        _B.ANSWERED: {_B.STAMPED: (_WORKER, "time stamps obtained"), _B.ENDED: _END},
        _B.STAMPED: {_B.COMMITTED: (_WORKER, "every revision committed"), _B.ENDED: _END},
    },
)
ITEM: Machine[ItemState] = Machine(
    ItemState,
    {
        _I.CLAIMED: {_I.PREPARED: (_WORKER, "revision laid out"), _I.FAILED: _FAIL},
        _I.PREPARED: {
            _I.CLAIMED: (_WORKER, "the request was lost: prepared afresh"),
            _I.ANSWERED: (_ANYBODY, "answer verified and stored"),
            _I.FAILED: _FAIL,
        },
        _I.ANSWERED: {_I.STAMPED: (_WORKER, "time stamp obtained"), _I.FAILED: _FAIL},
        _I.STAMPED: {_I.COMMITTED: (_WORKER, "revision committed"), _I.FAILED: _FAIL},
    },
)

BATCH_OVER = tuple(state for state in BatchState if state in BATCH.final())
BATCH_BUSY = tuple(state for state in BatchState if state is not _B.QUEUED and state not in BATCH_OVER)
"""States in which a batch holds its documents and its key. Asked for by name, not as "not over": an index finds these few among
the batches of all years."""
BATCH_LIVE = (_B.QUEUED, *BATCH_BUSY)
BEFORE_SENDING = (_B.QUEUED, _B.CLAIMED, _B.PREPARED)
"""Nothing has left the house: stopping is free."""
ASKED = (_B.SENDING, _B.WAITING)
"""The request is, or may be, on the phone."""
CONFIRMED = (_B.ANSWERED, _B.STAMPED, _B.COMMITTED)
LIVE_ITEM = tuple(state for state in ItemState if state not in ITEM.final())
