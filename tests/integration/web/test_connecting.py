"""Who may connect everybody's signing account from the page, and what the others see of it."""

from __future__ import annotations

from typing import Any

from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import col, delete, select

from hocba_app.models import Database, Job
from hocba_app.state.signing_accounts import SigningAccountsState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture


async def test_the_office_alone_connects_everybody_and_in_its_own_school(
    web_database: Database,
    two_schools: tuple[WebSchool, WebSchool],
    run: Any,
) -> None:
    ours, theirs = two_schools
    for school in two_schools:  # other tests of these schools ask for such jobs too
        with web_database.write(school.school_id) as session:
            session.exec(delete(Job).where(col(Job.kind) == "connect_keys"))

    def jobs(school: WebSchool) -> list[tuple[str, bool]]:
        with web_database.read(school.school_id) as session:
            found = session.exec(select(Job).where(Job.kind == "connect_keys")).all()
            return [(job.state, job.cancel_asked) for job in found]

    async def send(who: str, handler: Any, school: WebSchool = ours, **payload: Any) -> str:
        answer = await run(
            format_event_handler(handler),
            school.tokens[who],
            f"tab-{who}-{school.mark}",
            path="/signing-accounts",
            **payload,
        )
        return json_dumps(answer, ensure_ascii=False)

    for who in ("subject", "homeroom", "seal_operator", "clerk"):
        await send(who, SigningAccountsState.connect_everybody)
        await send(who, SigningAccountsState.connect_pasted, form={"pasted": "GV001 079200000001"})
    assert jobs(ours) == []
    said = await send("admin", SigningAccountsState.connect_pasted, form={"pasted": "KHONGCO 079200000001"})
    assert "dòng 1: không có mã cán bộ KHONGCO" in said and jobs(ours) == []
    await send("admin", SigningAccountsState.connect_pasted, form=None)
    await send("admin", SigningAccountsState.connect_everybody)
    assert jobs(ours) == [("queued", False)] and jobs(theirs) == [], "one job, in the school of who asked"
    assert "Đã xem 0/" in await send("principal", SigningAccountsState.load)
    assert "Đã xem" not in await send("admin", SigningAccountsState.load, theirs)
    await send("subject", SigningAccountsState.stop_connecting)
    await send("admin", SigningAccountsState.stop_connecting, theirs)
    assert jobs(ours) == [("queued", False)]
    assert "Đã dừng" in await send("admin", SigningAccountsState.stop_connecting)
    assert jobs(ours) == [("cancelled", True)]
