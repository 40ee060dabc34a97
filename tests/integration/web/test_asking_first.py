"""What cannot be undone is asked about first: the act alone does nothing."""

from __future__ import annotations

from typing import Any

from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import select

from hocba_app.models import Database, Delegation, SigningKey
from hocba_app.state.printing import PrintState
from hocba_app.state.signing_accounts import SigningAccountsState
from hocba_app.state.signing_settings import SigningSettingsState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture


async def test_a_decision_is_revoked_only_after_the_question(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
) -> None:
    school = two_schools[0]
    with web_database.write(school.school_id) as session:
        decision = Delegation(
            deputy_id=school.small.people["VAN"].staff_id or "",
            kinds=["history"],
            from_date="2019-01-01",
            to_date="2019-12-31",
            decision_number="02/QĐ",
        )
        session.add(decision)
    token = school.tokens["admin"]

    def revoked() -> bool:
        with web_database.read(school.school_id) as session:
            return session.get_one(Delegation, (school.school_id, decision.id)).revoked_at is not None

    async def send(handler: Any, **payload: Any) -> None:
        await run(format_event_handler(handler), token, "asking", **payload)

    await send(SigningSettingsState.revoke, delegation_id=decision.id)
    await send(SigningSettingsState.revoke, delegation_id="")
    await send(SigningSettingsState.ask_revoke, delegation_id=decision.id)
    await send(SigningSettingsState.keep)
    await send(SigningSettingsState.revoke, delegation_id=decision.id)
    assert not revoked()
    await send(SigningSettingsState.ask_revoke, delegation_id=decision.id)
    await send(SigningSettingsState.revoke, delegation_id=decision.id)
    assert revoked()


async def test_an_account_is_removed_only_after_the_question(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
) -> None:
    school = two_schools[0]
    owner = school.small.people["GDTC"].staff_id or ""
    with web_database.write(school.school_id) as session:
        session.add(SigningKey(owner=owner, provider_user="CCCD_079200000005"))
    token = school.tokens["admin"]

    def kept() -> bool:
        with web_database.read(school.school_id) as session:
            key = session.exec(select(SigningKey).where(SigningKey.owner == owner)).first()
            return key is not None and bool(key.provider_user)

    async def send(handler: Any, **payload: Any) -> None:
        await run(format_event_handler(handler), token, "removing", path="/signing-accounts", **payload)

    await send(SigningAccountsState.load)
    await send(SigningAccountsState.edit, owner=owner)
    await send(SigningAccountsState.remove)
    assert kept()
    await send(SigningAccountsState.ask_remove)
    await send(SigningAccountsState.edit, owner=owner)  # closed: the question goes with it
    await send(SigningAccountsState.edit, owner=owner)
    await send(SigningAccountsState.remove)
    assert kept()
    await send(SigningAccountsState.ask_remove)
    await send(SigningAccountsState.remove)
    assert not kept()


async def test_a_link_is_revoked_only_after_the_question(two_schools: tuple[WebSchool, WebSchool], run: Any) -> None:
    token, link = two_schools[0].tokens["admin"], "01aaaaaaaaaaaaaaaaaaaaaaaa"

    async def send(handler: Any, **payload: Any) -> str:
        return json_dumps(await run(format_event_handler(handler), token, "links", path="/print", **payload))

    # The service is reached when the sentence that it knows no such link comes back.
    assert "không tìm thấy" not in (await send(PrintState.close_link, hand_out_id=link)).lower()
    await send(PrintState.ask_close, hand_out_id=link)
    await send(PrintState.keep_link)
    assert "không tìm thấy" not in (await send(PrintState.close_link, hand_out_id=link)).lower()
    await send(PrintState.ask_close, hand_out_id=link)
    assert "không tìm thấy" in (await send(PrintState.close_link, hand_out_id=link)).lower()
