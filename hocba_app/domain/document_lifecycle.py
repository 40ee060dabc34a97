"""The life of one document as one pure state machine: the only code that may say what state comes next.

:data:`DOCUMENT` is the table (docs/workflow.md shows it). A lease is part of the machine: between prepare and commit exactly
one batch may touch the version, because a second prepared revision would break the first one's byte range.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.transitions import Cause, Machine


class DocumentState(StrEnum):
    """A document's state; the value is stored."""

    OPEN = "open"  # no current version
    LOCKED = "locked"  # a snapshot is frozen, nobody has signed
    SIGNING = "signing"  # somebody has signed, not all
    SIGNED = "signed"  # every person has signed, the seal is missing
    SEALED = "sealed"


_D = DocumentState
_UNLOCK = ((Cause.LEADER,), "approved unlock: the version is void, its signatures are kept as evidence")
DOCUMENT: Machine[DocumentState] = Machine(
    DocumentState,
    {
        _D.OPEN: {_D.LOCKED: ((Cause.OFFICE,), "lock: a snapshot is frozen")},
        _D.LOCKED: {
            _D.SIGNING: ((Cause.SIGNER,), "first signature of several persons"),
            _D.SIGNED: ((Cause.SIGNER,), "the only person's signature"),
            _D.OPEN: _UNLOCK,
        },
        _D.SIGNING: {
            _D.SIGNING: ((Cause.SIGNER,), "further signature"),
            _D.SIGNED: ((Cause.SIGNER,), "last person's signature"),
            _D.OPEN: _UNLOCK,
        },
        _D.SIGNED: {_D.SEALED: ((Cause.SEAL_OPERATOR,), "seal"), _D.OPEN: _UNLOCK},
        _D.SEALED: {_D.OPEN: _UNLOCK},
    },
)

Stage = Literal["subject", "homeroom", "principal", "seal"]

STAGES: dict[str, tuple[Stage, ...]] = {
    "cover": ("principal", "seal"),
    "history": ("principal", "seal"),
    "results": ("subject", "homeroom", "principal", "seal"),
}
"""Order of the stages by document kind (workflow rule 3). Within a stage signers come in any order."""
KINDS = tuple(STAGES)
"""The kinds of documents, in the order in which people name them."""
ALL_STAGES = STAGES["results"]
"""Every stage there is, in order."""
STEPS = ("open", *ALL_STAGES, "sealed")
"""How far a document may be: open, waiting for a stage, sealed."""


@dataclass(frozen=True, slots=True)
class SlotState:
    """One signature to be made: its field, its stage, whether it is there."""

    field: str
    stage: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class DocumentLife:
    """What decides a document's next step.

    Attributes:
        kind: ``cover``, ``history`` or ``results``.
        state: the present one.
        slots: of the current version; empty while open.
        lease: id of the batch that has a revision prepared, or None.
    """

    kind: str
    state: DocumentState = DocumentState.OPEN
    slots: tuple[SlotState, ...] = ()
    lease: str | None = None

    @property
    def next_stage(self) -> str | None:
        """The stage that may sign now; None while open and after the seal."""
        return next_stage(self.kind, self.slots) if self.state is not DocumentState.OPEN else None

    def lock(self, slots: Iterable[SlotState]) -> DocumentLife:
        """Freeze a snapshot: the slots are known, nothing is signed.

        Raises:
            HocbaError: ALREADY_LOCKED.
        """
        if self.state is not DocumentState.OPEN:
            raise HocbaError(ErrorCode.ALREADY_LOCKED)
        frozen = tuple(replace(slot, signed=False) for slot in slots)
        return self._move(DocumentState.LOCKED, Cause.OFFICE, frozen)

    def lease_to(self, batch: str, field: str) -> DocumentLife:
        """Reserve the version for one batch's prepared revision.

        Raises:
            HocbaError: DOCUMENT_BUSY, SLOT_SIGNED, OUT_OF_ORDER, NOT_LOCKED.
        """
        self._require_due(field)
        if self.lease is not None and self.lease != batch:
            raise HocbaError(ErrorCode.DOCUMENT_BUSY)
        return replace(self, lease=batch)

    def release(self, batch: str) -> DocumentLife:
        """The batch's transaction is over without a signature for this document. Releasing twice changes nothing."""
        return replace(self, lease=None) if self.lease == batch else self

    def sign(self, batch: str, field: str) -> DocumentLife:
        """Commit the batch's revision: the slot is signed, the lease ends.

        Raises:
            HocbaError: LEASE_LOST, and as :meth:`lease_to`.
        """
        due = self._require_due(field)
        if self.lease != batch:
            raise HocbaError(ErrorCode.LEASE_LOST)
        slots = tuple(replace(slot, signed=True) if slot.field == field else slot for slot in self.slots)
        return self._move(_state_of(slots), Cause.SEAL_OPERATOR if due.stage == "seal" else Cause.SIGNER, slots)

    def unlock(self) -> DocumentLife:
        """Void the version (its signatures are kept as evidence); the next version is open.

        Raises:
            HocbaError: NOT_LOCKED, or CONFIRMATION_PENDING while a batch holds the lease (workflow rule 5).
        """
        if self.state is DocumentState.OPEN:
            raise HocbaError(ErrorCode.NOT_LOCKED)
        if self.lease is not None:
            raise HocbaError(ErrorCode.CONFIRMATION_PENDING)
        return self._move(DocumentState.OPEN, Cause.LEADER, ())

    def _move(self, to: DocumentState, by: Cause, slots: tuple[SlotState, ...]) -> DocumentLife:
        return replace(self, state=DOCUMENT.move(self.state, to, by), slots=slots, lease=None)

    def _require_due(self, field: str) -> SlotState:
        if self.state is DocumentState.OPEN:
            raise HocbaError(ErrorCode.NOT_LOCKED)
        slot = next((slot for slot in self.slots if slot.field == field), None)
        if slot is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="ô ký")
        if (code := not_due(slot.stage, signed=slot.signed, next_stage=self.next_stage)) is not None:
            raise HocbaError(code)
        return slot


def not_due(stage: str, *, signed: bool, next_stage: str | None, locked: bool = True) -> ErrorCode | None:
    """Why a slot may not be signed now, whoever it belongs to: the rule of order (workflow rule 3). None when it may.

    Args:
        next_stage: the stage that may sign now, of the slot's document.
        locked: the slot's version is the document's current one.
    """
    if not locked:
        return ErrorCode.NOT_LOCKED
    if signed:
        return ErrorCode.SLOT_SIGNED
    return None if stage == next_stage else ErrorCode.OUT_OF_ORDER


def next_stage(kind: str, slots: Iterable[SlotState]) -> str | None:
    """The first stage with an unsigned slot, in the order of :data:`STAGES`; None when all are signed."""
    waiting = {slot.stage for slot in slots if not slot.signed}
    return next((stage for stage in STAGES[kind] if stage in waiting and is_in_turn(kind, stage, waiting)), None)


def is_in_turn(kind: str, stage: str, waiting: Set[str]) -> bool:
    """Whether nobody of an earlier stage still has to sign.

    Args:
        stage: whose turn it is.
        waiting: stages with an unsigned slot.
    """
    order: tuple[str, ...] = STAGES[kind]
    return waiting.isdisjoint(order[: order.index(stage)])


def _state_of(slots: tuple[SlotState, ...]) -> DocumentState:
    if all(slot.signed for slot in slots):
        return DocumentState.SEALED
    if all(slot.signed for slot in slots if slot.stage != "seal"):
        return DocumentState.SIGNED
    return DocumentState.SIGNING


def may_seal(cover: str | None, history: str | None, results: str | None) -> bool:
    """Whether a pupil's documents of one school year may be sealed (workflow rule 4).

    Args:
        cover: state of the pupil's current cover, or None when there is none.
        history: state of that school year's QTHT.
        results: state of that school year's KQHT.
    """
    return all(state in (DocumentState.SIGNED, DocumentState.SEALED) for state in (cover, history, results))
