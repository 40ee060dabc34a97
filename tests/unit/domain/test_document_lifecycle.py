"""The document's state machine under every order of events a school can produce."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hocba_app.domain.document_lifecycle import STAGES, DocumentLife, SlotState, may_seal
from hocba_app.domain.errors import ErrorCode, HocbaError

RESULTS = (
    SlotState("s.TOAN.1", "subject"),
    SlotState("s.VAN.1", "subject"),
    SlotState("s.KHTN.2", "subject"),
    SlotState("homeroom", "homeroom"),
    SlotState("principal", "principal"),
    SlotState("seal", "seal"),
)
COVER = (SlotState("principal", "principal"), SlotState("seal", "seal"))


def code_of(error: pytest.ExceptionInfo[HocbaError]) -> ErrorCode:
    return error.value.code


def signed(life: DocumentLife, *fields: str) -> DocumentLife:
    for field in fields:
        life = life.lease_to("b", field).sign("b", field)
    return life


def test_a_results_document_goes_through_every_state() -> None:
    life = DocumentLife("results")
    seen = [life.state]
    life = life.lock(RESULTS)
    seen.append(life.state)
    for slot in RESULTS:
        life = signed(life, slot.field)
        seen.append(life.state)
    assert seen == ["open", "locked", "signing", "signing", "signing", "signing", "signed", "sealed"]
    assert life.next_stage is None


@pytest.mark.parametrize("field", ["homeroom", "principal", "seal"])
def test_nobody_signs_before_his_turn(field: str) -> None:
    with pytest.raises(HocbaError) as error:
        DocumentLife("results").lock(RESULTS).lease_to("b", field)
    assert code_of(error) is ErrorCode.OUT_OF_ORDER


def test_a_second_batch_is_kept_out_while_one_is_prepared() -> None:
    life = DocumentLife("results").lock(RESULTS).lease_to("first", "s.TOAN.1")
    with pytest.raises(HocbaError) as error:
        life.lease_to("second", "s.VAN.1")
    assert code_of(error) is ErrorCode.DOCUMENT_BUSY


def test_unlock_waits_for_a_pending_confirmation() -> None:
    life = DocumentLife("cover").lock(COVER).lease_to("b", "principal")
    with pytest.raises(HocbaError) as error:
        life.unlock()
    assert code_of(error) is ErrorCode.CONFIRMATION_PENDING
    assert life.release("b").unlock() == DocumentLife("cover")


def test_a_slot_is_signed_once() -> None:
    life = signed(DocumentLife("cover").lock(COVER), "principal")
    with pytest.raises(HocbaError) as error:
        life.lease_to("b", "principal")
    assert code_of(error) is ErrorCode.SLOT_SIGNED


@pytest.mark.parametrize(
    ("states", "allowed"),
    [
        (("signed", "signed", "signed"), True),
        (("sealed", "signed", "signed"), True),
        (("sealed",) * 3, True),
        (("signing", "signed", "signed"), False),
        ((None, "signed", "signed"), False),
        (("signed", "signed", "open"), False),
    ],
)
def test_the_seal_wants_all_three_documents_signed(states: tuple[str | None, ...], allowed: bool) -> None:
    assert may_seal(*states) is allowed


class AnyOrder(RuleBasedStateMachine):
    """Lock, prepare, confirm, reject, time out, crash and unlock in any order; the model counts beside the machine."""

    @initialize(kind=st.sampled_from(["cover", "results"]))
    def begin(self, kind: str) -> None:
        self.kind = kind
        self.slots = COVER if kind == "cover" else RESULTS
        self.life = DocumentLife(kind)
        self.signed_order: list[str] = []
        self.holder: str | None = None

    @rule()
    def lock(self) -> None:
        try:
            self.life = self.life.lock(self.slots)
        except HocbaError as error:
            assert error.code is ErrorCode.ALREADY_LOCKED
        else:
            self.signed_order = []

    @rule(batch=st.sampled_from("abc"), data=st.data())
    def prepare(self, batch: str, data: st.DataObject) -> None:
        field = data.draw(st.sampled_from([slot.field for slot in self.slots]))
        try:
            self.life = self.life.lease_to(batch, field)
        except HocbaError:
            return
        assert self.holder in (None, batch), "two prepared revisions of one document"
        self.holder = batch

    @rule(batch=st.sampled_from("abc"), data=st.data())
    def commit(self, batch: str, data: st.DataObject) -> None:
        field = data.draw(st.sampled_from([slot.field for slot in self.slots]))
        try:
            self.life = self.life.sign(batch, field)
        except HocbaError:
            return
        assert self.holder == batch
        self.holder = None
        self.signed_order.append(field)

    @rule(batch=st.sampled_from("abc"))
    def reject_or_time_out(self, batch: str) -> None:
        self.life = self.life.release(batch)
        if self.holder == batch:
            self.holder = None

    @rule()
    def unlock(self) -> None:
        try:
            self.life = self.life.unlock()
        except HocbaError as error:
            assert error.code in (ErrorCode.NOT_LOCKED, ErrorCode.CONFIRMATION_PENDING)
        else:
            assert self.holder is None
            self.signed_order = []

    @invariant()
    def stages_in_order_and_nothing_lost(self) -> None:
        if not hasattr(self, "life"):
            return
        stage_of = {slot.field: slot.stage for slot in self.slots}
        ranks = [STAGES[self.kind].index(stage_of[field]) for field in self.signed_order]  # type: ignore[arg-type]
        assert ranks == sorted(ranks), "a stage out of order"
        assert len(set(self.signed_order)) == len(self.signed_order), "signed twice"
        if self.life.state != "open":
            assert {slot.field for slot in self.life.slots if slot.signed} == set(self.signed_order), "a signature lost"
        assert self.life.lease == self.holder, "an orphan lease"


AnyOrder.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
