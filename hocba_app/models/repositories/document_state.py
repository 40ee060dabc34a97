"""Between the rows and the pure state machine: the only writer of ``Document.state``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.document_lifecycle import DocumentLife, DocumentState, SlotState
from hocba_app.models import Document, Lease, Slot
from hocba_app.models.base import utc_now


def load_life(session: Session, document_id: str) -> DocumentLife:
    """The document's life as the rows tell it, lease included."""
    document = session.get_one(Document, (session.info["school_id"], document_id))
    if document.version_id is None:
        return DocumentLife(document.kind)
    slots = list(
        session.exec(select(Slot).where(col(Slot.version_id) == document.version_id).order_by(col(Slot.position))).all()
    )
    lease = session.exec(
        select(col(Lease.batch_id)).where(
            col(Lease.version_id) == document.version_id, col(Lease.released_at).is_(None)
        )
    ).first()
    return life_of(document, slots, lease)


def life_of(document: Any, slots: Sequence[Any], lease: str | None) -> DocumentLife:
    """The life of a document whose rows are at hand.

    Args:
        document: a row with ``kind`` and ``state``.
        slots: every slot of its current version, in their order; whole, or rows of `slots_of_versions`.
        lease: the batch that holds it.
    """
    return DocumentLife(
        kind=document.kind,
        state=DocumentState(document.state),
        slots=tuple(SlotState(slot.field, slot.stage, slot.signed) for slot in slots),
        lease=lease,
    )


def save_life(session: Session, document_id: str, life: DocumentLife) -> None:
    """Write state and next stage. Slots, leases and versions are changed by whoever made the transition."""
    document = session.get_one(Document, (session.info["school_id"], document_id))
    for name, value in life_values(life).items():
        setattr(document, name, value)
    session.add(document)


def life_values(life: DocumentLife) -> dict[str, Any]:
    """What :func:`save_life` writes, for who changes several documents at once."""
    values = {"state": life.state, "next_stage": life.next_stage, "updated_at": utc_now()}
    gone = {"version_id": None, "archived_at": None, "archive_look_at": None, "archive_failures": 0}
    return values if life.state is not DocumentState.OPEN else {**values, **gone}
