"""Lock, records, record, unlock, audit and accounts through the whole event pipeline and the routes beside them."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pypdf
import pytest
from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import select

from hocba_app.domain.school_calendar import first_day, today
from hocba_app.models import Account, AuditEvent, Database, Document, Job, Student, StudentResult, UnlockRequest
from hocba_app.routes.app import create_api
from hocba_app.services.accounts import sessions
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.unlocking.unlock import request_unlock
from hocba_app.state.accounts import AccountsState
from hocba_app.state.audit import AuditState
from hocba_app.state.lock import LockState
from hocba_app.state.record import RecordState
from hocba_app.state.records import RecordsState
from hocba_app.state.shared import guard
from hocba_app.state.shared.addresses import address_of
from hocba_app.state.unlock import UnlockState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - a fixture


@pytest.fixture
def act(two_schools: tuple[WebSchool, WebSchool], run: Any) -> Any:
    """Call a handler as somebody of our school; the JSON that goes to his page."""

    async def call(role: str, handler: Any, path: str = "/", **payload: Any) -> str:
        sent = await run(format_event_handler(handler), two_schools[0].tokens[role], f"records-{role}", path, **payload)
        return json_dumps(sent)

    return call


def get(school: WebSchool, role: str, path: str) -> httpx.Response:
    return request(school, role, "GET", path)


def request(school: WebSchool, role: str, method: str, path: str, **more: Any) -> httpx.Response:
    import asyncio

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_api(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            headers = {"origin": "http://testserver", "cookie": f"{guard.COOKIE}={school.tokens[role]}"}
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(ask())


def document(db: Database, school: WebSchool, kind: str, code: str = "HS001") -> Document:
    with db.read(school.school_id) as session:
        query = select(Document).join(
            Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id)
        )
        return session.exec(query.where(Document.kind == kind, Student.code == code)).one()


async def test_the_list_follows_its_address_and_keeps_names_out_of_it(
    two_schools: tuple[WebSchool, WebSchool], act: Any
) -> None:
    ours = two_schools[0]
    shown = await act("subject", RecordsState.load, f"/records?kind=results&class={ours.small.class_id}")
    assert "Đặng Ỷ Lan 1" in shown and "Chờ GVBM ký" in shown and '"total' in shown
    shown = await act("subject", RecordsState.set_search, search="dang y lan 2")
    assert "Lan 2" in shown and "Lan 1" not in shown
    assert '"sort_rx_state_": "code"' in await act("subject", RecordsState.set_sort, sort="code")
    await act("subject", RecordsState.set_search, search="")
    for which, value in (("kind", "x"), ("state", "x"), ("page", "9"), ("loaded", "1")):
        assert "x" not in re.findall(
            r'"(?:kind|step)_rx_state_": "([^"]*)"',
            await act("subject", RecordsState.set_filter, which=which, value=value),
        )
    assert "không có quyền" in await act("subject", RecordsState.set_filter, which="class", value="0" * 26)


def test_an_address_is_escaped() -> None:
    address = address_of("/records", {"class": "x'); alert(1)//\"\n<", "kind": "", "page": "2"})
    assert re.fullmatch(r"/records\?[A-Za-z0-9=&%+._-]+", address) and address.endswith("&page=2")
    assert address_of("/records", {"kind": "", "page": 1}) == "/records?page=1"


async def test_a_search_stays_in_the_list_it_was_made_in(two_schools: tuple[WebSchool, WebSchool], act: Any) -> None:
    """Kept while the list is turned and come back to; from the menu, or by another page's link, the list is whole again."""
    nobody = "khong co em nay"
    searched = await act("management", RecordsState.set_search, "/records?page=1", search=nobody)
    assert "HS001" not in searched
    assert "HS001" not in await act("management", RecordsState.load, "/records?page=1"), "come back to"
    assert "HS001" in await act("management", RecordsState.load, "/records"), "the menu's address opens it anew"
    await act("management", RecordsState.set_search, "/records?page=1", search=nobody)
    assert "HS001" in await act("management", RecordsState.load, "/records?kind=cover"), "another page's link"


async def test_a_record_shows_its_chain_and_asks_for_an_unlock(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], act: Any
) -> None:
    ours = two_schools[0]
    chosen = document(web_database, ours, "history")
    path = f"/records/{chosen.id}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordState, "document_id", chosen.id, raising=False)
        shown = await act("management", RecordState.load, path)
        assert (
            "Quá trình học tập · Đặng Ỷ Lan 1" in shown
            and "Đang chờ ký" in shown
            and f"/files/records/{chosen.id}?version=1" in shown
        )
        assert "Hiệu trưởng" in shown and '"may_ask' in shown
        await act("management", RecordState.ask, path)
        assert "Cần ghi lý do" in await act("management", RecordState.send, path)
        await act("management", RecordState.set_reason, path, reason="Sai ngày sinh")
        assert "Đã gửi đề nghị hủy chốt" in await act("management", RecordState.send, path)
    with web_database.read(ours.school_id) as session:
        row = session.exec(select(UnlockRequest).where(UnlockRequest.reason == "Sai ngày sinh")).one()
        assert (row.state, row.document_ids) == ("asked", [chosen.id])
    shown = await act("principal", UnlockState.load, "/unlock")
    assert "Sai ngày sinh" in shown and "Chờ duyệt" in shown
    await act("principal", UnlockState.ask_approve, "/unlock", request_id=row.id)
    assert document(web_database, ours, "history").state == "locked", "one tap is not enough"
    assert "Đã duyệt hủy chốt" in await act("principal", UnlockState.approve, "/unlock", request_id=row.id)
    assert document(web_database, ours, "history").state == "open"
    shown = await act("management", RecordsState.load, "/records?kind=history&state=open")
    assert "Đã hủy chốt, chờ chốt lại" in shown


async def test_a_class_is_looked_through_and_locked(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], act: Any
) -> None:
    ours = two_schools[0]
    class_id = ours.small.class_id
    if (locked := document(web_database, ours, "history")).state != "open":  # no other test has unlocked it yet
        request_unlock(web_database, ours.small.people["principal"], [locked.id], "Sai tên")
    before = locked.version_number
    assert "6A1" in await act("admin", LockState.load, "/lock")
    await act("admin", LockState.choose_kind, kind="history")
    shown = await act("admin", LockState.open_class, class_id=class_id)
    assert "Sẵn sàng chốt" in shown and f"/files/previews/history/{class_id}/" in shown
    student = document(web_database, ours, "history").student_id
    await act("admin", LockState.toggle_pupil, student_id=student)
    assert "để riêng 1 học sinh" in await act("admin", LockState.ask)
    await act("admin", LockState.toggle_pupil, student_id=student)
    assert "để riêng" not in await act("admin", LockState.ask)
    await act("admin", LockState.lock)
    await act("admin", LockState.lock)  # a second tap
    with web_database.read(ours.school_id) as session:
        jobs = [row for row in session.exec(select(Job).where(Job.kind == "lock")).all() if row.state == "queued"]
    assert len(jobs) == 1 and jobs[0].arguments["include"] == [student]
    assert advance(web_database, RunningJobs(), ours.school_id, jobs[0].id, "w0", threading.Event()) == "ended"
    assert document(web_database, ours, "history").version_number == before + 1
    assert "đã chốt 1" in await act("admin", LockState.load, "/lock?kind=history")


async def test_the_log_is_searched(two_schools: tuple[WebSchool, WebSchool], act: Any) -> None:
    shown = await act("management", AuditState.load, "/audit?action=lock")
    assert "Bắt đầu chốt" in shown and "Đã chốt hồ sơ" not in shown
    shown = await act("management", AuditState.set_filter, which="group", value="")
    assert "Đã chốt hồ sơ" in shown and "HS00" in shown
    assert "Hãy sửa lại" not in await act("management", AuditState.set_filter, which="since", value="31/12/2026")
    shown = await act("management", AuditState.set_search, search="HS001")
    assert "HS001" in shown and "HS002" not in shown
    await act("management", AuditState.load, "/audit")
    begin = first_day(today()).isoformat()
    assert begin in await act("management", AuditState.set_filter, which="group", value="lock"), (
        "of this year, as is shown"
    )
    assert begin not in await act("management", AuditState.set_filter, which="since", value="")
    assert begin not in await act("management", AuditState.set_filter, which="group", value="record"), "and not again"


async def test_accounts_are_changed_at_once_and_back(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], act: Any
) -> None:
    ours = two_schools[0]
    assert "Nguyễn Thị Ánh 5" in await act("admin", AccountsState.load, "/accounts")
    account = ours.small.people["GDTC"].account_id

    def standing() -> tuple[bool, list[str]]:
        with web_database.read(ours.school_id) as session:
            row = session.get_one(Account, (ours.school_id, account))
            return row.disabled, row.granted_roles

    assert "Đã khóa tài khoản của Nguyễn Thị Ánh 5" in await act(
        "admin", AccountsState.act, action="disable", account_id=account
    )
    assert standing() == (True, [])
    assert "Đã hoàn tác" in await act("admin", AccountsState.undo)
    assert standing() == (False, [])
    await act("admin", AccountsState.undo)
    assert standing() == (False, []), "an undo is taken once"
    await act("admin", AccountsState.act, action="grant_management", account_id=account)
    assert standing() == (False, ["management"])
    await act("admin", AccountsState.keep_done)
    await act("admin", AccountsState.undo)
    assert standing() == (False, ["management"]), "what was closed is not undone"
    await act("admin", AccountsState.act, action="revoke_management", account_id=account)
    await act("admin", AccountsState.act, action="grant_root", account_id=account)
    assert standing() == (False, [])


async def test_who_would_lock_himself_out_is_asked_first(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], act: Any
) -> None:
    ours = two_schools[0]
    who = sessions.identify(web_database, ours.tokens["admin"])
    assert who is not None
    own = who.account_id
    await act("admin", AccountsState.load, "/accounts")

    def disabled() -> bool:
        with web_database.read(ours.school_id) as session:
            return session.get_one(Account, (ours.school_id, own)).disabled

    assert "Khóa chính tài khoản của mình?" in await act("admin", AccountsState.act, action="disable", account_id=own)
    await act("admin", AccountsState.not_now)
    await act("admin", AccountsState.confirm)
    assert not disabled()
    await act("admin", AccountsState.act, action="disable", account_id=own)
    await act("admin", AccountsState.confirm)
    assert not disabled(), "the last admin stays"


def test_a_records_file_and_a_preview_open_in_the_browser(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    ours, theirs = two_schools
    chosen = document(web_database, ours, "results")
    answer = get(ours, "subject", f"/files/records/{chosen.id}?version=1&mark=x")
    assert answer.headers["content-disposition"] == 'inline; filename="HS001-results-2025-2026-v1.pdf"'
    assert answer.headers["cache-control"] == "no-store" and len(pypdf.PdfReader(io.BytesIO(answer.content)).pages) == 2
    for version in ("0", "9" * 30, "x"):
        assert get(ours, "subject", f"/files/records/{chosen.id}?version={version}").status_code == 422
    assert get(ours, "subject", f"/files/records/{chosen.id}?version=9").status_code == 404
    preview = f"/files/previews/results/{ours.small.class_id}/{chosen.student_id}"
    assert get(ours, "admin", preview).content.startswith(b"%PDF") and get(ours, "subject", preview).status_code == 403
    for path in (f"/files/records/{chosen.id}", preview):
        assert get(theirs, "admin", path).status_code == 404


def test_the_log_leaves_as_a_file(two_schools: tuple[WebSchool, WebSchool]) -> None:
    answer = get(two_schools[0], "management", "/files/audit.csv?action=record")
    assert (
        answer.headers["content-type"].startswith("text/csv")
        and "Đã chốt hồ sơ" in answer.text
        and "Bắt đầu chốt" not in answer.text
    )
    assert get(two_schools[0], "management", "/files/audit.csv?since=x").status_code == 422
    assert get(two_schools[0], "subject", "/files/audit.csv").status_code == 403


def test_codes_are_printed_once_and_only_by_the_admin(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    ours, theirs = two_schools
    accounts = [ours.small.people[part].account_id for part in ("VAN", "GDTC")]
    answer = request(ours, "admin", "POST", "/accounts/codes", data={"accounts": " ".join(accounts)})
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert "Nguyễn Thị Ánh 4" in text and "Nguyễn Thị Ánh 5" in text
    with web_database.read(ours.school_id) as session:
        rows = [session.get_one(Account, (ours.school_id, account)) for account in accounts]
        assert all(row.code_hash for row in rows)
        logged = session.exec(select(AuditEvent).where(AuditEvent.action == "account.code_issued")).all()
        assert {row.subject for row in logged} >= {f"account:{account}" for account in accounts}
    assert request(ours, "management", "POST", "/accounts/codes", data={"accounts": accounts[0]}).status_code == 403
    refused = request(theirs, "admin", "POST", "/accounts/codes", data={"accounts": accounts[0]})
    assert refused.status_code == 303 and refused.headers["location"].startswith("/accounts?notice=")


@pytest.fixture
def unlocked(web_database: Database, two_schools: tuple[WebSchool, WebSchool]) -> Iterator[str]:
    """A pupil none of whose documents is locked, with a result that differs from the rules; put back afterwards."""
    school_id, before = two_schools[0].school_id, {}
    with web_database.write(school_id) as session:
        row = session.exec(select(StudentResult).order_by(StudentResult.source_id)).first()
        assert row is not None
        student = row.student_id
        row.mismatches = [{"field": "promotion", "submitted": "promoted", "computed": "reassess", "rule": "Điều 12"}]
        for each in session.exec(select(Document).where(Document.student_id == student)).all():
            before[each.id] = each.state, each.next_stage
            each.state, each.next_stage = "open", None
            session.add(each)
    yield student
    with web_database.write(school_id) as session:
        for document_id, (state, next_stage) in before.items():
            each = session.get_one(Document, (school_id, document_id))
            each.state, each.next_stage = state, next_stage
            session.add(each)
        session.exec(select(StudentResult).where(StudentResult.student_id == student)).one().mismatches = []


async def test_all_three_kinds_are_checked_at_once_and_reasons_are_named_again(
    two_schools: tuple[WebSchool, WebSchool], unlocked: str, act: Any
) -> None:
    await act("admin", LockState.load, "/lock?kind=all")
    shown = await act("admin", LockState.open_class, class_id=two_schools[0].small.class_id)
    assert "Xem QTHT" in shown and "Xem KQHT" in shown
    assert "Được lên lớp" in shown and "promoted" not in shown, "no state in English"
    await act("admin", LockState.set_pupil_reason, student_id=unlocked, reason="Biên bản họp 12")
    assert "Biên bản họp 12" in await act("admin", LockState.ask)
    await act("admin", LockState.toggle_pupil, student_id=unlocked)
    assert "Biên bản họp 12" not in await act("admin", LockState.ask), "left out: nothing of him is accepted"
    await act("admin", LockState.load, "/lock?kind=history")
