"""Back at the page one came from, over the login: only a path of this site, with the reason said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from reflex.event import Event
from reflex.utils.format import format_event_handler

from hocba_app.hocba_app import app
from hocba_app.models import Database
from hocba_app.routes import session
from hocba_app.routes.app import create_api
from hocba_app.services.signed_notice import read_notice
from hocba_app.state.shared import gate, guard
from hocba_app.state.shared.way_back import login_address, page_path
from hocba_app.state.signing import SigningState
from tests.integration.web.conftest import WebSchool

FORM = {"origin": "http://testserver", "content-type": "application/x-www-form-urlencoded"}
ELSEWHERE = (
    "https://evil.example/sign",
    "//evil.example/sign",
    "/\\evil.example",
    "\\\\evil.example",
    "/%0d%0aSet-Cookie:x=1\r\n",
    "/sign\nLocation: https://evil.example",
    "/sign//evil.example",
    "/..//evil.example",
    "/records/../../evil",
    "javascript:alert(1)",
    "sign",
    "",
    "/",
    "/login?next=/login",
    "/session/end",
    "/forbidden",
    "/" + "a" * 500,
    "/sign?q=Nguyễn",
)


@pytest.fixture
async def client(web_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as made:
        yield made


@pytest.fixture
def right_password(web_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is let in: this is about where he is led."""
    monkeypatch.setattr(session, "_logged_in", lambda *_: ("token", ""))


def _reason(address: str) -> tuple[str, str, bool]:
    """Where an address of the login leads back to, its sentence, whether that is a problem."""
    query = parse_qs(urlsplit(address).query)
    said = read_notice(query.get("notice", [""])[0])
    return query.get("next", [""])[0], said.text if said else "", said.problem if said else False


@pytest.mark.parametrize("value", ELSEWHERE)
def test_no_other_sites_address_is_a_way_back(value: str) -> None:
    assert page_path(value) == ""
    assert login_address(value, lapsed=False) == "/login"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/sign", "/sign"),
        ("/records/?class_id=01ab&page=2", "/records/?class_id=01ab&page=2"),
        ("/sync?notice=old.mac&year=2025-2026", "/sync?year=2025-2026"),
        ("/sign?to=https://evil.example", "/sign?to=https%3A%2F%2Fevil.example"),
    ],
)
def test_a_page_of_ours_is_kept_without_its_old_notice(value: str, kept: str) -> None:
    assert page_path(value) == kept


@pytest.mark.parametrize("asked", ["/sign", "/records?class_id=01ab", *ELSEWHERE])
async def test_the_login_leads_back_to_a_page_of_ours_and_nowhere_else(
    asked: str, client: httpx.AsyncClient, right_password: None
) -> None:
    wanted = asked if asked in ("/sign", "/records?class_id=01ab") else "/"
    form = {"username": "ai-do", "password": "x", "next": asked}
    answer = await client.post("/session", data=form, headers={"origin": "http://testserver"})
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)


async def test_a_wrong_password_keeps_the_way_back(client: httpx.AsyncClient, web_database: Database) -> None:
    form = {"username": "khong-co-ai", "password": "sai", "next": "/records?class_id=01ab"}
    answer = await client.post("/session", data=form, headers={"origin": "http://testserver"})
    way_back, said, problem = _reason(answer.headers["location"])
    assert (way_back, problem) == ("/records?class_id=01ab", True) and "không đúng" in said


async def test_a_file_or_form_after_the_session_leads_to_the_login_and_back(client: httpx.AsyncClient) -> None:
    cookie = {"cookie": f"{guard.COOKIE}=gone"}
    page = {"referer": "http://testserver/print?class_id=01ab"}
    for method, path in (("GET", "/files/audit.csv"), ("POST", "/session/password")):
        answer = await client.request(method, path, headers=FORM | cookie | page)
        way_back, said, problem = _reason(answer.headers["location"])
        assert (way_back, problem) == ("/print?class_id=01ab", True) and "Phiên đăng nhập đã hết" in said
    foreign = await client.get("/files/audit.csv", headers={"referer": "https://evil.example/sign"})
    assert foreign.headers["location"] == "/login"
    assert (await client.post("/session/password", headers=FORM | cookie)).status_code == 401


@pytest.mark.parametrize(("cookie", "word"), [("gone", "Phiên đăng nhập đã hết"), ("", "Mời thầy cô đăng nhập")])
async def test_an_event_without_a_session_says_why_and_keeps_the_page(
    cookie: str, word: str, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    state = app._state() if app._state else pytest.fail("the app has a state")  # type: ignore[misc]
    headers = {"cookie": f"{guard.COOKIE}={cookie}"} if cookie else {}
    state.router_data = {"headers": headers, "asPath": "/records/01ab?page=2", "pathname": "/records/[document_id]"}
    event = Event(name=format_event_handler(SigningState.event_handlers["load"]), payload={})
    answer = await gate.Gate().preprocess(app, state, event)
    assert answer is not None
    way_back, said, _ = _reason(answer.events[0].payload["path"].strip('"'))
    assert way_back == "/records/01ab?page=2" and said.startswith(word)
