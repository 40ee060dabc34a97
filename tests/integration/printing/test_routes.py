"""The routes: files with harmless names, links that ask for their PIN, refusals as sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.routes import caller, printing
from hocba_app.routes.app import create_api
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing import print_job, share_link
from hocba_app.services.printing.options import PacketOptions
from tests.integration.printing.conftest import SealedSchool
from tests.integration.printing.test_packet import work_on

ORIGIN = {"origin": "http://testserver"}


class Browser:
    """A client that is whoever the test says."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.who: Identity | None = None

    def identity(self) -> Identity:
        if self.who is None:
            raise HocbaError(ErrorCode.NOT_SIGNED_IN)
        return self.who


@pytest.fixture
async def browser(sealed: SealedSchool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    monkeypatch.setattr(printing, "database", lambda: sealed.db)
    api = create_api()
    transport = httpx.ASGITransport(api)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        made = Browser(client)
        api.dependency_overrides[caller.signed_in] = made.identity
        yield made


async def test_files_are_sent_with_names_without_persons_and_never_kept(sealed: SealedSchool, browser: Browser) -> None:
    browser.who = sealed.person("admin")
    job_id = print_job.print_packet(sealed.db, browser.who, PacketOptions(), class_id=sealed.class_id)
    work_on(sealed, job_id)
    student = sealed.students[0]
    for path, name, kind, begins in (
        (f"/packets/{job_id}", f"goi-in-{job_id[-8:]}.pdf", "application/pdf", b"%PDF-"),
        (
            f"/originals/{sealed.documents[student, 'history', '2025-2026']}",
            "history-2025-2026.pdf",
            "application/pdf",
            b"%PDF-",
        ),
        (f"/packages/{student}", "hoc-ba-HS0.zip", "application/zip", b"PK"),
    ):
        answer = await browser.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["cache-control"] == "no-store" and answer.content.startswith(begins)


async def test_who_may_not_gets_a_sentence(sealed: SealedSchool, browser: Browser) -> None:
    student = sealed.students[0]
    document = sealed.documents[student, "cover", ""]
    assert (await browser.client.get(f"/packages/{student}")).headers["location"] == "/login"
    browser.who = sealed.person("teacher", "homeroom")
    for path in (f"/packets/{student}", f"/packages/{student}", f"/originals/{document}"):
        answer = await browser.client.get(path)
        assert answer.status_code == 403 and "Mã: forbidden" in answer.text
    browser.who = sealed.person("admin")
    assert (await browser.client.get("/packets/01aaaaaaaaaaaaaaaaaaaaaaaa")).status_code == 404


async def test_a_link_asks_for_its_pin_and_gives_the_package(sealed: SealedSchool, browser: Browser) -> None:
    link = share_link.create_link(
        sealed.db, sealed.person("admin"), sealed.students[0], recipient="Mẹ học sinh", days=3
    )
    path = "/h/" + link.url.rsplit("/", 1)[1]
    page = await browser.client.get(path)
    assert page.status_code == 200 and f'action="{path}"' in page.text and page.headers["cache-control"] == "no-store"
    unknown = await browser.client.get("/h/nobody")
    assert unknown.text == page.text.replace(path, "/h/nobody"), "the page does not tell which links exist"
    wrong = await browser.client.post(path, data={"pin": f"{(int(link.pin) + 1) % 1_000_000:06d}"}, headers=ORIGIN)
    assert wrong.status_code == 403 and "Mã PIN chưa đúng" in wrong.text
    right = await browser.client.post(path, data={"pin": link.pin}, headers=ORIGIN)
    assert (
        right.status_code == 200 and right.headers["content-type"] == "application/zip" and right.content[:2] == b"PK"
    )
    foreign = await browser.client.post(path, data={"pin": link.pin}, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403
    for _ in range(6):
        throttled = await browser.client.post(path, data={"pin": "no"}, headers=ORIGIN)
    assert throttled.status_code == 429
    closed = await browser.client.post("/h/nobody", data={"pin": "123456"}, headers=ORIGIN)
    assert closed.status_code == 403 and "không còn dùng được" in closed.text


async def test_a_hostile_address_is_only_text(sealed: SealedSchool, browser: Browser) -> None:
    page = await browser.client.get("/h/%22%3E%3Cscript%3Ealert(1)%3C")
    assert "<script>" not in page.text
