"""The life of one document as one pure state machine: the only code that may say what state comes next.

``open`` → lock → ``locked`` → first signature → ``signing`` → last person's signature → ``signed`` → ``sealed``; an
approved unlock at any point voids the version and the document is ``open`` again (docs/workflow.md). A lease is part of the
machine: between prepare and commit exactly one batch may touch the version, because a second prepared revision would
break the first one's byte range.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from hocba_app.domain.errors import ErrorCode, HocbaError

State = Literal["open", "locked", "signing", "signed", "sealed"]
Stage = Literal["subject", "homeroom", "principal", "seal"]

STAGES: dict[str, tuple[Stage, ...]] = {
    "cover": ("principal", "seal"),
    "history": ("principal", "seal"),
    "results": ("subject", "homeroom", "principal", "seal"),
}
"""Order of the stages by document kind (workflow rule 3). Within a stage signers come in any order."""


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
        state: where it stands.
        slots: of the current version; empty while open.
        lease: id of the batch that has a revision prepared, or None.
    """

    kind: str
    state: State = "open"
    slots: tuple[SlotState, ...] = ()
    lease: str | None = None

    @property
    def next_stage(self) -> str | None:
        """The stage that may sign now; None while open and after the seal."""
        return next_stage(self.kind, self.slots) if self.state != "open" else None

    def lock(self, slots: Iterable[SlotState]) -> DocumentLife:
        """Freeze a snapshot: the slots are known, nothing is signed.

        Raises:
            HocbaError: ALREADY_LOCKED.
        """
        if self.state != "open":
            raise HocbaError(ErrorCode.ALREADY_LOCKED)
        frozen = tuple(replace(slot, signed=False) for slot in slots)
        return replace(self, state="locked", slots=frozen, lease=None)

    def lease_to(self, batch: str, field: str) -> DocumentLife:
        """Reserve the version for one batch's prepared revision.

        Raises:
            HocbaError: DOCUMENT_BUSY, SLOT_SIGNED, OUT_OF_ORDER, NOT_LOCKED.
        """
        self.require_turn(field)
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
        self.require_turn(field)
        if self.lease != batch:
            raise HocbaError(ErrorCode.LEASE_LOST)
        slots = tuple(replace(slot, signed=True) if slot.field == field else slot for slot in self.slots)
        return replace(self, slots=slots, state=_state_of(slots), lease=None)

    def unlock(self) -> DocumentLife:
        """Void the version (its signatures are kept as evidence); the next version is open.

        Raises:
            HocbaError: NOT_LOCKED, or CONFIRMATION_PENDING while a batch holds the lease (workflow rule 5).
        """
        if self.state == "open":
            raise HocbaError(ErrorCode.NOT_LOCKED)
        if self.lease is not None:
            raise HocbaError(ErrorCode.CONFIRMATION_PENDING)
        return DocumentLife(kind=self.kind)

    def require_turn(self, field: str) -> None:
        """Refuse a signature that is not due.

        Raises:
            HocbaError: NOT_LOCKED, NOT_FOUND, SLOT_SIGNED, OUT_OF_ORDER.
        """
        if self.state == "open":
            raise HocbaError(ErrorCode.NOT_LOCKED)
        slot = next((slot for slot in self.slots if slot.field == field), None)
        if slot is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="ô ký")
        if slot.signed:
            raise HocbaError(ErrorCode.SLOT_SIGNED)
        if slot.stage != self.next_stage:
            raise HocbaError(ErrorCode.OUT_OF_ORDER)


def next_stage(kind: str, slots: Iterable[SlotState]) -> str | None:
    """The first stage with an unsigned slot, in the order of :data:`STAGES`; None when all are signed."""
    waiting = {slot.stage for slot in slots if not slot.signed}
    return next((stage for stage in STAGES[kind] if stage in waiting), None)


def _state_of(slots: tuple[SlotState, ...]) -> State:
    if all(slot.signed for slot in slots):
        return "sealed"
    if all(slot.signed for slot in slots if slot.stage != "seal"):
        return "signed"
    return "signing" if any(slot.signed for slot in slots) else "locked"


def may_seal(cover: str | None, history: str | None, results: str | None) -> bool:
    """Whether a pupil's documents of one school year may be sealed (workflow rule 4).

    Args:
        cover: state of the pupil's current cover, or None when there is none.
        history: state of that school year's QTHT.
        results: state of that school year's KQHT.
    """
    return all(state in ("signed", "sealed") for state in (cover, history, results))
