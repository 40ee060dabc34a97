"""Whether this person may sign this slot now: one rule, asked when a batch starts, before a phone is asked, and in the transaction
that commits.

What was true when a batch was prepared may have ended since: a decision at midnight, an operator or cover signer replaced, a person
gone, a document of the same pupil unlocked (workflow rules 3, 4, 5 and 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hocba_app.domain.document_lifecycle import may_seal, not_due
from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.signing_titles import Title, head_title, same_capacity, title_by_decision

SEAL_STAGE = "seal"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, not revoked, by which a vice-principal signs for the principal (Decree 30/2020/NĐ-CP, article 13)."""

    kinds: tuple[str, ...]
    from_date: str
    """ISO, first day."""
    to_date: str
    """ISO, last day: it ends at midnight, Vietnam's."""
    number: str
    capacity: str = "deputy"
    """One of `signing_titles.CAPACITIES`."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who would sign, as the rows say now."""

    key: str
    """Whose key: his staff id, or ``seal``."""
    staff_id: str
    active: bool
    """In the staff list."""
    enabled: bool
    """The account that asked is there and not disabled."""
    position: str
    signs_covers: bool
    """Named as the signer of covers."""
    operates_seal: bool
    decisions: tuple[Decision, ...] = ()
    office: str = "principal"
    """What the school's head is called, a key of `signing_titles.OFFICES`."""


@dataclass(frozen=True, slots=True)
class SlotNow:
    """A slot and its document as the rows say now."""

    stage: str
    kind: str
    staff_id: str | None
    """The assigned signer; None for the seal."""
    signed: bool
    current: bool
    """Its version is the document's current one, and locked."""
    next_stage: str | None
    unlocking: bool = False
    """An unlock of the document is approved and waits for a confirmation to end."""
    questioned: bool = False
    """Something on the document is reported as wrong, and neither corrected nor answered."""
    caption: tuple[str, ...] = ()
    """At the head's step: the title that will stand above the signature, given when the slot was."""
    pupil: tuple[str | None, str | None, str | None] | None = None
    """For the seal: states of the pupil's cover, and of that year's history and results."""


def refusal(signer: Signer, slot: SlotNow, day: date, *, confirmed: bool = False) -> ErrorCode | None:
    """Why this person may not sign this slot now; None when he may.

    Args:
        day: the present date in Vietnam.
        confirmed: he has confirmed on his phone. An unlock approved meanwhile waits for that (workflow rule 5), so it does not refuse
            the signature it waits for. A report does refuse it: nothing more is signed on what somebody calls wrong.
    """
    if code := not_due(slot.stage, signed=slot.signed, next_stage=slot.next_stage, locked=slot.current):
        return code
    if slot.unlocking and not confirmed:
        return ErrorCode.UNLOCK_APPROVED
    if slot.questioned:
        return ErrorCode.RECORD_QUESTIONED
    if signer.key != (SEAL_STAGE if slot.stage == SEAL_STAGE else slot.staff_id):
        return ErrorCode.SLOT_NOT_YOURS
    if (personal := post_refusal(signer, slot.stage, slot.kind, day)) is not None:
        return personal
    if slot.stage == "principal" and not same_capacity(slot.caption, title_now(signer, slot.kind, day).caption):
        return ErrorCode.TITLE_CHANGED
    if slot.stage == SEAL_STAGE and not (slot.pupil is not None and may_seal(*slot.pupil)):
        return ErrorCode.NOT_SEALABLE
    return None


def post_refusal(signer: Signer, stage: str, kind: str, day: date) -> ErrorCode | None:
    """Why this person may sign no slot of this stage and kind, whatever the document; None when he may."""
    if not (signer.active and signer.enabled):
        return ErrorCode.SIGNER_LEFT
    if stage == SEAL_STAGE:
        return None if signer.operates_seal else ErrorCode.SEAL_OPERATOR_OVER
    if stage != "principal" or signer.position == "principal":
        return None
    if signer.position != "vice_principal":
        return ErrorCode.POST_CHANGED
    if covering_decision(signer, kind, day) is not None:
        return None
    if kind != "cover":
        return ErrorCode.DELEGATION_OVER
    return None if signer.signs_covers else ErrorCode.COVER_SIGNER_OVER


def title_now(signer: Signer, kind: str, day: date) -> Title:
    """As what somebody who may sign at the head's step signs this kind on this day."""
    if signer.position == "principal":
        return head_title(signer.office)
    decision = covering_decision(signer, kind, day)
    return title_by_decision(signer.office, *((decision.capacity, decision.number) if decision else ("deputy", "")))


def covering_decision(signer: Signer, kind: str, day: date) -> Decision | None:
    """The decision by which a deputy signs this kind on this day; None when there is none, and for the principal himself."""
    if signer.position == "principal":
        return None
    iso = day.isoformat()
    return next(
        (each for each in signer.decisions if kind in each.kinds and each.from_date <= iso <= each.to_date), None
    )
