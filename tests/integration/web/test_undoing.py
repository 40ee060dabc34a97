"""The undo of a page, through the whole pipeline: one home for its handlers, each page with rights of its own."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from hocba_app.domain.errors import SENTENCES, ErrorCode
from hocba_app.hocba_app import app
from hocba_app.models import Database, SigningSettings
from hocba_app.services.accounts.authority import Right
from hocba_app.services.signers import settings as signing
from hocba_app.state.accounts import AccountsState
from hocba_app.state.assignments import AssignmentsState
from hocba_app.state.my_signature import MySignatureState
from hocba_app.state.shared.undoing import Undoing
from hocba_app.state.signature_images import SignatureImagesState
from hocba_app.state.signing import SigningState
from hocba_app.state.signing_settings import SigningSettingsState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture
from tests.integration.web.test_record_pages import act  # noqa: F401 - fixture

RIGHTS = {
    AccountsState: {Right.ACCOUNTS},
    AssignmentsState: {Right.ASSIGNMENTS},
    MySignatureState: {Right.OWN_SIGNATURE},
    SignatureImagesState: {Right.SIGNATURE_IMAGES},
    SigningSettingsState: {Right.COVER_SIGNER, Right.SEAL_OPERATOR},
    SigningState: set(),
}


def test_each_page_asks_for_its_own_right() -> None:
    assert app is not None
    assert {state for state in RIGHTS if not issubclass(state, Undoing)} == set()
    for state, rights in RIGHTS.items():
        drafts = {"turn_draft", "set_strength", "use_draft", "leave_draft"} & set(state.event_handlers)
        assert bool(drafts) == (state in (MySignatureState, SignatureImagesState))
        for name in {"undo", "keep_done"} | drafts:
            assert set(state.event_handlers[name].fn.__hocba_access__) == rights, (state.__name__, name)


async def test_a_setting_that_somebody_else_changed_is_not_undone(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    act: Any,
) -> None:
    ours = two_schools[0]
    people = {part: ours.small.people[part].staff_id or "" for part in ("VAN", "TOAN")}

    def operator() -> str | None:
        with web_database.read(ours.school_id) as session:
            return session.exec(select(SigningSettings)).one().seal_operator_id

    await act("admin", SigningSettingsState.load, "/signing-settings")
    before = operator()
    said = await act("admin", SigningSettingsState.save_seal_operator, form={"seal_operator": people["VAN"]})
    assert '"undo_text_rx_state_": "Đã lưu người đóng dấu."' in said and operator() == people["VAN"]
    signing.set_seal_operator(web_database, ours.small.people["principal"], people["TOAN"])
    assert SENTENCES[ErrorCode.UNDO_TOO_LATE] in await act("admin", SigningSettingsState.undo)
    assert operator() == people["TOAN"]
    # The page has not seen the other's change: what it puts back is what stood, not what it showed.
    signing.set_seal_operator(web_database, ours.small.people["principal"], before)
    await act("admin", SigningSettingsState.save_seal_operator, form={"seal_operator": people["VAN"]})
    assert "Đã hoàn tác" in await act("admin", SigningSettingsState.undo)
    assert operator() == before
