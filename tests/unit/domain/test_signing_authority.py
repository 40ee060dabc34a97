"""Who may sign a slot now: every way in which what was true at the tap has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hocba_app.domain.errors import SENTENCES, ErrorCode
from hocba_app.domain.signing_authority import Decision, Signer, SlotNow, covering_decision, post_refusal, refusal

DAY = date(2026, 5, 20)
TEACHER = Signer("t", "t", active=True, enabled=True, position="teacher", signs_covers=False, operates_seal=False)
DECISION = Decision(("history",), "2026-05-01", "2026-05-20", "12/QĐ")
DEPUTY = replace(TEACHER, key="d", staff_id="d", position="vice_principal", decisions=(DECISION,))
OPERATOR = replace(TEACHER, key="seal", operates_seal=True)
SUBJECT = SlotNow("subject", "results", "t", signed=False, current=True, next_stage="subject")
FOR_THE_HEAD = ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")
HISTORY = SlotNow("principal", "history", "d", signed=False, current=True, next_stage="principal", caption=FOR_THE_HEAD)
COVER = replace(HISTORY, kind="cover")
SEAL = SlotNow(
    "seal", "cover", None, signed=False, current=True, next_stage="seal", pupil=("signed", "sealed", "signed")
)


@pytest.mark.parametrize(
    "signer, slot",
    [
        (TEACHER, SUBJECT),
        (DEPUTY, HISTORY),
        (replace(DEPUTY, office="director"), HISTORY),
        (replace(DEPUTY, signs_covers=True), COVER),
        (OPERATOR, SEAL),
    ],
)
def test_allowed(signer: Signer, slot: SlotNow) -> None:
    assert refusal(signer, slot, DAY) is None


@pytest.mark.parametrize(
    "signer, slot, code",
    [
        (TEACHER, replace(SUBJECT, current=False), ErrorCode.NOT_LOCKED),
        (TEACHER, replace(SUBJECT, signed=True), ErrorCode.SLOT_SIGNED),
        (TEACHER, replace(SUBJECT, next_stage="homeroom"), ErrorCode.OUT_OF_ORDER),
        (TEACHER, replace(SUBJECT, unlocking=True), ErrorCode.UNLOCK_APPROVED),
        (TEACHER, replace(SUBJECT, questioned=True), ErrorCode.RECORD_QUESTIONED),
        (TEACHER, replace(SUBJECT, staff_id="other"), ErrorCode.SLOT_NOT_YOURS),
        (TEACHER, SEAL, ErrorCode.SLOT_NOT_YOURS),
        (OPERATOR, SUBJECT, ErrorCode.SLOT_NOT_YOURS),
        (replace(TEACHER, active=False), SUBJECT, ErrorCode.SIGNER_LEFT),
        (replace(TEACHER, enabled=False), SUBJECT, ErrorCode.SIGNER_LEFT),
        (replace(DEPUTY, decisions=()), HISTORY, ErrorCode.DELEGATION_OVER),
        (DEPUTY, replace(HISTORY, kind="results"), ErrorCode.DELEGATION_OVER),
        (replace(DEPUTY, position="teacher"), HISTORY, ErrorCode.POST_CHANGED),
        (DEPUTY, COVER, ErrorCode.COVER_SIGNER_OVER),
        (replace(DEPUTY, position="principal"), HISTORY, ErrorCode.TITLE_CHANGED),
        (DEPUTY, replace(HISTORY, caption=()), ErrorCode.TITLE_CHANGED),
        (replace(TEACHER, key="d"), replace(HISTORY, caption=()), ErrorCode.POST_CHANGED),  # he was the principal
        (replace(DEPUTY, decisions=(replace(DECISION, capacity="acting"),)), HISTORY, ErrorCode.TITLE_CHANGED),
        (replace(DEPUTY, signs_covers=True, position="teacher"), COVER, ErrorCode.POST_CHANGED),
        (replace(OPERATOR, operates_seal=False), SEAL, ErrorCode.SEAL_OPERATOR_OVER),
        (replace(OPERATOR, active=False), SEAL, ErrorCode.SIGNER_LEFT),
        (OPERATOR, replace(SEAL, pupil=("signed", "signed", "open")), ErrorCode.NOT_SEALABLE),
        (OPERATOR, replace(SEAL, pupil=(None, "signed", "signed")), ErrorCode.NOT_SEALABLE),
        (OPERATOR, replace(SEAL, pupil=None), ErrorCode.NOT_SEALABLE),
    ],
)
def test_refused(signer: Signer, slot: SlotNow, code: ErrorCode) -> None:
    assert refusal(signer, slot, DAY) is code
    assert "hồ sơ" in SENTENCES[code].lower() or "ký" in SENTENCES[code].lower()


@pytest.mark.parametrize(
    "day, holds", [("2026-04-30", False), ("2026-05-01", True), ("2026-05-20", True), ("2026-05-21", False)]
)
def test_a_decision_ends_at_midnight(day: str, holds: bool) -> None:
    assert (refusal(DEPUTY, HISTORY, date.fromisoformat(day)) is None) is holds
    assert (covering_decision(DEPUTY, "history", date.fromisoformat(day)) == DECISION) is holds


def test_the_principal_needs_no_decision_and_may_sign_covers_whoever_is_named() -> None:
    principal: Any = replace(DEPUTY, position="principal", decisions=())
    own, covers = replace(HISTORY, caption=()), replace(COVER, caption=())
    assert refusal(principal, own, DAY) is None and refusal(principal, covers, DAY) is None
    assert covering_decision(principal, "history", DAY) is None
    assert post_refusal(principal, "principal", "results", DAY) is None


def test_an_unlock_waits_for_a_confirmation_that_was_given() -> None:
    assert refusal(TEACHER, replace(SUBJECT, unlocking=True), DAY, confirmed=True) is None
