"""The rule who may sign a slot now (`domain.signing_authority`), with the facts of this moment.

Asked when a batch is admitted, when it is prepared, before its phone is asked, and in the transaction that commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session

from hocba_app.domain.document_lifecycle import may_seal
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import level_of_grade
from hocba_app.domain.school_calendar import today
from hocba_app.domain.signing_authority import Signer, SlotNow, covering_decision, post_refusal, refusal
from hocba_app.models import SEAL, SchoolClass
from hocba_app.models.repositories import signing_authority as rows
from hocba_app.services.accounts.identity import Identity

PupilStates = tuple[str | None, str | None, str | None]
"""States of cover, history and results; None where there is no document."""


class Sealing(NamedTuple):
    """A document as the question of its sealing needs it."""

    id: str
    student_id: str
    school_year: str
    class_id: str


@dataclass(frozen=True, slots=True)
class Authority:
    """One batch's signer at one moment, and what is being unlocked then."""

    signer: Signer
    unlocking: frozenset[str]
    questioned: frozenset[str]
    """Documents with an open report."""
    pupils: dict[str, PupilStates]
    """For the seal, by document."""
    day: date

    def require(self, slot: Any, document: Any, *, confirmed: bool = False) -> None:
        """Refuse a slot that this signer may not sign now.

        Args:
            slot: a row with ``version_id``, ``stage``, ``staff_id``, ``caption`` and ``signed``.
            document: a row as of `repositories.signing.due_context` or `lock_documents`.
            confirmed: he has confirmed on his phone.

        Raises:
            HocbaError: NOT_LOCKED, SLOT_SIGNED, OUT_OF_ORDER, UNLOCK_APPROVED, SLOT_NOT_YOURS, SIGNER_LEFT, POST_CHANGED,
                TITLE_CHANGED, COVER_SIGNER_OVER, DELEGATION_OVER, SEAL_OPERATOR_OVER, NOT_SEALABLE, RECORD_QUESTIONED.
        """
        now = SlotNow(
            stage=slot.stage,
            kind=document.kind,
            staff_id=slot.staff_id,
            signed=slot.signed,
            current=document.version_id == slot.version_id and document.state != "open",
            next_stage=document.next_stage,
            unlocking=document.id in self.unlocking,
            questioned=document.id in self.questioned,
            caption=tuple(slot.caption),
            pupil=self.pupils.get(document.id),
        )
        if (code := refusal(self.signer, now, self.day, confirmed=confirmed)) is not None:
            raise HocbaError(code)

    def decision_for(self, kind: str) -> str:
        """Number of the decision by which he signs this kind for the principal today; "" when by none."""
        found = covering_decision(self.signer, kind, self.day)
        return found.number if found is not None else ""


def authority_of(session: Session, batch: Any, documents: Sequence[Any]) -> Authority:
    """The facts of this moment about a batch's signer and documents.

    Args:
        batch: a row with ``owner``, ``staff_id`` and ``account_id``.
        documents: rows with ``id``, ``student_id``, ``school_year`` and ``class_id``.
    """
    closed = rows.closed_documents(session)
    return Authority(
        signer=rows.signer_now(session, key=batch.owner, staff_id=batch.staff_id, account_id=batch.account_id),
        unlocking=closed.unlocking,
        questioned=closed.questioned,
        pupils=pupil_states(session, documents, closed.unlocking) if batch.owner == SEAL else {},
        day=today(),
    )


def post_refusals(
    session: Session, who: Identity, asked: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], ErrorCode]:
    """Of these pairs of stage and kind, those this person may not sign now whatever the document, and why: for his page."""
    if who.staff_id is None or not any(stage == "principal" for stage, _ in asked):
        return {}
    signer = rows.signer_now(session, key=who.staff_id, staff_id=who.staff_id, account_id=who.account_id)
    found = {pair: post_refusal(signer, *pair, today()) for pair in asked if pair[0] == "principal"}
    return {pair: code for pair, code in found.items() if code is not None}


def pupil_states(
    session: Session, documents: Sequence[Any], unlocking: frozenset[str] = frozenset()
) -> dict[str, PupilStates]:
    """By document, what decides its sealing. A document whose unlock is approved counts as open: it is about to be.

    For a cover the year is that of the class it was locked in; the cover of history and results is that of their level.
    """
    school = session.info["school_id"]
    classes = {
        each: session.get_one(SchoolClass, (school, each)) for each in {document.class_id for document in documents}
    }
    years = {
        document.id: (
            document.school_year or classes[document.class_id].school_year,
            level_of_grade(classes[document.class_id].grade),
        )
        for document in documents
    }
    students: dict[tuple[str, str], set[str]] = {}
    for document in documents:
        students.setdefault(years[document.id], set()).add(document.student_id)
    states = {of: rows.document_states(session, sorted(wanted), *of) for of, wanted in students.items()}

    def state_of(document: Any, kind: str) -> str | None:
        of_kind = states[years[document.id]].get(document.student_id, {}).get(kind)
        return None if of_kind is None else "open" if of_kind[0] in unlocking else of_kind[1]

    return {
        document.id: (state_of(document, "cover"), state_of(document, "history"), state_of(document, "results"))
        for document in documents
    }


def sealable_now(session: Session, documents: Sequence[Any]) -> frozenset[str]:
    """Ids of those whose pupil's cover, history and results are all signed (workflow rule 4)."""
    found = pupil_states(session, documents, rows.closed_documents(session).unlocking)
    return frozenset(document_id for document_id, states in found.items() if may_seal(*states))
