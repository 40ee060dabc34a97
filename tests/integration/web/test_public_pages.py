"""What anybody may open: verification by file and by code, health; and what protects every route."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import select

from hocba_app.models import Database, DocumentVersion
from hocba_app.routes.app import create_api
from hocba_app.routes.protection import BodyLimit, SecurityHeaders
from tests.integration.web.conftest import WebSchool

ORIGIN = {"origin": "http://testserver"}


@pytest.fixture
async def client(two_schools: tuple[WebSchool, WebSchool]) -> AsyncIterator[httpx.AsyncClient]:
    app = SecurityHeaders(BodyLimit(create_api()))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


async def _upload(client: httpx.AsyncClient, data: bytes, name: str = "hoc-ba.pdf") -> httpx.Response:
    return await client.post("/verify", files={"file": (name, data, "application/pdf")}, headers=ORIGIN)


async def test_the_code_on_the_paper_tells_how_the_version_stands_and_nothing_of_the_pupil(
    client: httpx.AsyncClient, web_database: Database, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    school = two_schools[0]
    with web_database.read(school.school_id) as session:
        version = session.exec(select(DocumentVersion)).first()
    assert version is not None
    page = (await client.get(f"/v/{version.code}")).text
    assert "Bản này đang có giá trị." in page and "chưa được nhà trường đóng dấu" in page and school.mark in page
    student = version.snapshot["student"]
    assert student["full_name"] not in page and student["id_number"] not in page and student["code"] not in page
    typed = await client.get("/verify", params={"code": version.code.lower().replace("-", " ")})
    assert typed.headers["location"] == f"/v/{version.code}"


async def test_an_unknown_code_is_said_to_be_unknown(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v/AAAA-AAAA-AAAA")
    assert answer.status_code == 404 and "không có bản học bạ" in answer.text
    assert "12 chữ và số" in (await client.get("/verify", params={"code": "abc"})).text
    hostile = await client.get("/v/<script>alert(1)")
    assert "<script>alert" not in hostile.text


@pytest.mark.parametrize("data", [b"%PDF-1.4 not one", b"PK\x03\x04 a zip", b"\x00" * 4096])
async def test_any_file_gets_a_verdict(client: httpx.AsyncClient, data: bytes) -> None:
    answer = await _upload(client, data)
    assert answer.status_code == 200 and "Chưa đủ căn cứ để kết luận." in answer.text


async def test_a_locked_record_without_signatures_is_not_called_valid(
    client: httpx.AsyncClient, web_database: Database, two_schools: tuple[WebSchool, WebSchool]
) -> None:
    from hocba_app.services.storage.files import current_file

    with web_database.read(two_schools[0].school_id) as session:
        version = session.exec(select(DocumentVersion)).first()
        assert version is not None
        file = current_file(session, version.id)
    answer = await _upload(client, file, "<b>x</b>.pdf")
    assert "Học bạ hợp lệ" not in answer.text and "<b>x</b>" not in answer.text


async def test_no_file_and_too_large_a_file_are_said_so(client: httpx.AsyncClient) -> None:
    assert "Chưa chọn tệp" in (await _upload(client, b"")).text
    assert (
        await client.post("/verify", content=b"x", headers={**ORIGIN, "content-length": str(60 * 1024 * 1024)})
    ).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
        for _ in range(70):
            yield b"x" * 1024 * 1024

    form = {**ORIGIN, "content-type": "multipart/form-data; boundary=b"}
    assert (await client.post("/verify", content=endless(), headers=form)).status_code == 413


async def test_a_form_of_another_site_is_refused(client: httpx.AsyncClient) -> None:
    form = {"username": "a", "password": "b"}
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert (await client.post("/session", data=form, headers=headers)).status_code == 403


async def test_every_answer_carries_the_protecting_headers(client: httpx.AsyncClient) -> None:
    for path in ("/verify", "/v/x", "/healthz", "/nothing-here"):
        headers = (await client.get(path)).headers
        assert (
            headers["x-content-type-options"] == "nosniff"
            and "frame-ancestors 'self'" in headers["content-security-policy"]
        )


async def test_a_wrong_password_comes_back_as_a_sentence(client: httpx.AsyncClient) -> None:
    from urllib.parse import parse_qs, urlsplit

    from hocba_app.services.signed_notice import read_notice

    answer = await client.post("/session", data={"username": "nobody", "password": "wrong"}, headers=ORIGIN)
    assert answer.status_code == 303
    notice = read_notice(parse_qs(urlsplit(answer.headers["location"]).query)["notice"][0])
    assert notice is not None and notice.problem and "không đúng" in notice.text
    assert read_notice("eyJ4Ijox.abc") is None and read_notice("") is None


async def test_a_signing_service_without_credentials_is_refused_in_its_own_language(client: httpx.AsyncClient) -> None:
    for path, body in (
        ("/hooks/mysign/token", {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}),
        ("/hooks/mysign", {}),
    ):
        answer = await client.post(path, json=body, headers={"authorization": "Bearer nonsense"})
        assert (answer.status_code, answer.json()["status_code"]) == (401, "01"), path
    assert (await client.post("/hooks/mysign/token", content=b"{")).status_code == 400
