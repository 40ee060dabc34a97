"""Behind a proxy that ends TLS, and with requests that a browser never makes: redirects, HSTS, HEAD, slow bodies, deep JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hocba_app.routes import protection
from hocba_app.routes.app import create_api
from hocba_app.routes.protection import BehindProxy, BodyLimit, SecurityHeaders
from hocba_app.services.signed_notice import read_notice
from hocba_app.settings import Settings
from tests.integration.web.conftest import WebSchool


@pytest.fixture
async def client(
    two_schools: tuple[WebSchool, WebSchool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The plain routes before the compiled pages, as the product mounts them."""
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "index.html").write_text("<p>login</p>")
    api = create_api()
    api.mount("", Starlette(routes=[Mount("/", StaticFiles(directory=tmp_path, html=True))]))
    monkeypatch.setattr(protection, "settings", lambda: Settings(trusted_proxies=1, public_url="http://testserver"))
    app = BehindProxy(SecurityHeaders(BodyLimit(api)))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-forwarded-proto": "https"},
        {"host": "evil.example"},
        {"host": "evil.example", "x-forwarded-proto": "https"},
    ],
)
async def test_a_redirect_to_ourselves_names_neither_scheme_nor_host(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/login?a=1", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, "/login/?a=1")
    unsigned = await client.get("/files/audit.csv", headers=headers)
    assert (unsigned.status_code, unsigned.headers["location"]) == (303, "/login")


def test_what_begins_with_two_slashes_leads_to_no_other_host() -> None:
    assert protection._relative(b"http://here//evil.example/a", "here") == b"/evil.example/a"
    assert protection._relative(b"https://elsewhere/a", "here") == b"https://elsewhere/a"


async def test_strict_transport_is_asked_for_over_tls_only(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "strict-transport-security"
    assert header not in (await client.get("/healthz")).headers
    assert "max-age" in (await client.get("/healthz", headers={"x-forwarded-proto": "https"})).headers[header]
    assert header not in (await client.get("/healthz", headers={"x-forwarded-proto": "https, http"})).headers, (
        "the last is our proxy's"
    )
    monkeypatch.setattr(protection, "settings", lambda: Settings(trusted_proxies=0, public_url="http://testserver"))
    assert header not in (await client.get("/healthz", headers={"x-forwarded-proto": "https"})).headers, (
        "no proxy is trusted"
    )
    monkeypatch.setattr(protection, "settings", lambda: Settings(public_url="https://hocba.example.vn"))
    assert header in (await client.get("/healthz")).headers


@pytest.mark.parametrize("path", ["/healthz", "/verify", "/login/", "/v/AAAA-AAAA-AAAA", "/files/audit.csv"])
async def test_head_is_get_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.headers.get("content-type"), head.content) == (
        got.status_code,
        got.headers.get("content-type"),
        b"",
    )
    assert head.headers.get("content-length") == got.headers.get("content-length")


@pytest.mark.parametrize("path", ["/hooks/mysign", "/hooks/mysign/token"])
@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"a":' * 100_000, "no json", "\ud800".encode("utf-16-le", "surrogatepass")]
)
async def test_json_that_is_none_or_too_deep_is_a_400(client: httpx.AsyncClient, path: str, body: str | bytes) -> None:
    assert (await client.post(path, content=body)).status_code == 400


async def test_a_body_that_drips_is_left(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "GRACE_SECONDS", 0.2)
    asked = 0

    async def dripping() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield b"x"
            await asyncio.sleep(0.02)

    answer = await client.post(
        "/session", content=dripping(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 408 and "quá chậm" in answer.text and asked < 500


def test_a_notice_of_nobody_is_none() -> None:
    for value in ("a.é", "é.é", "a", ".", "a.\ud800"):
        assert read_notice(value) is None


async def test_a_database_that_is_busy_is_said_to_be_busy(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from sqlalchemy.exc import OperationalError

    from hocba_app.routes import health

    def locked(_database: object) -> None:
        raise OperationalError("begin", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(health._kept, "get", locked)
    answer = await client.get("/readyz")
    assert answer.status_code == 503 and "nhiều việc cùng lúc" in answer.text and "locked" not in answer.text
