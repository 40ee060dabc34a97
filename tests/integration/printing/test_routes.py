"""The routes: files with harmless names, links that ask for their PIN, refusals as sentences."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlmodel import col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AuditEvent, DocumentVersion, HandOut, PublicCode
from hocba_app.routes import caller, printing, verification
from hocba_app.routes.app import create_api
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.printing import link_visit, print_job, share_link
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
    assert (right.status_code, right.headers["location"]) == (303, f"{path}/documents")
    shown = await browser.client.get(f"{path}/documents")
    assert shown.status_code == 200 and "Mã PIN chưa đúng" not in shown.text, "the message of the wrong PIN is gone"
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


async def entered(sealed: SealedSchool, browser: Browser) -> tuple[share_link.NewLink, str]:
    """A link whose PIN this browser has given."""
    link = share_link.create_link(sealed.db, sealed.person("admin"), sealed.students[0], recipient="Mẹ", days=3)
    path = "/h/" + link.url.rsplit("/", 1)[1]
    answer = await browser.client.post(path, data={"pin": link.pin}, headers=ORIGIN)
    cookie = answer.headers["set-cookie"]
    assert f"Path={path};" in f"{cookie};" and "HttpOnly" in cookie and link.pin not in cookie
    return link, path


def handed(sealed: SealedSchool) -> list[str]:
    with sealed.db.read(sealed.school_id) as session:
        assert all("handout" not in found.what for found in compare(session))
        rows = session.exec(select(AuditEvent).order_by(col(AuditEvent.seq))).all()
        return [row.action.partition(".")[2] for row in rows if row.action.startswith("handout.")]


async def test_a_link_shows_the_documents_and_opens_each(sealed: SealedSchool, browser: Browser) -> None:
    _, path = await entered(sealed, browser)
    page = await browser.client.get(f"{path}/documents")
    assert page.headers["cache-control"] == "no-store" and page.headers["x-robots-tag"] == "noindex"
    assert page.text.count("<section") == 4 and "lớp 7" in page.text and "năm học 2024-2025" in page.text
    assert re.search(r"kết quả kiểm tra lúc \d\d/\d\d/\d{4}", page.text)
    places = re.findall(r'href="(/h/[^"]+)"', page.text)
    assert places == [*(f"{path}/documents/{number}" for number in range(1, 5)), f"{path}/package"]
    for place in places[:4]:
        file = await browser.client.get(place)
        assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
        assert file.headers["content-disposition"].startswith("inline; filename=") and file.content[:5] == b"%PDF-"
        assert file.headers["cache-control"] == "no-store"
    archive = await browser.client.get(places[4])
    assert archive.headers["content-type"] == "application/zip" and archive.content[:2] == b"PK"
    assert (await browser.client.get(f"{path}/documents/5")).status_code == 404
    assert (await browser.client.get(f"{path}/documents/0")).status_code == 404
    assert handed(sealed) == ["created", "opened", *["downloaded"] * 5], "each delivery is on record"


async def test_a_document_that_cannot_be_checked_is_told_as_neither(
    sealed: SealedSchool, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = await entered(sealed, browser)

    def verdicts(page: str) -> set[str]:
        return set(re.findall(r'class="verdict (\w+)"', page))

    def lost(*_: object) -> list[object]:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="không đọc được chứng thư gốc")

    judged = await browser.client.get(f"{path}/documents")
    assert "Chưa kiểm tra được" not in judged.text and verdicts(judged.text), "judged as /verify judges"
    with monkeypatch.context() as patch:
        patch.setattr(link_visit, "verify_stored", lost)
        page = await browser.client.get(f"{path}/documents")
    assert page.status_code == 200 and page.text.count("? Chưa kiểm tra được lúc này.") == 4
    assert verdicts(page.text) == {"wait"} and "hợp lệ" not in page.text and "Không công nhận" not in page.text


async def test_the_verdict_is_the_one_of_the_public_page(
    sealed: SealedSchool, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "database", lambda: sealed.db)
    _, path = await entered(sealed, browser)
    with sealed.db.read(sealed.school_id) as session:
        codes = {row.code: row.id for row in session.exec(select(DocumentVersion)).all()}
    with sealed.db.installation(write=True) as session:
        session.add_all([PublicCode(code=code, school_id=sealed.school_id, version_id=codes[code]) for code in codes])
    shown = (await browser.client.get(f"{path}/documents")).text
    file = await browser.client.get(f"{path}/documents/1")
    judged = await browser.client.post("/verify", files={"file": ("cover.pdf", file.content)}, headers=ORIGIN)
    (headline,) = re.findall(r'class="verdict (\w+)">(.*)</p>', judged.text)
    assert re.findall(r'class="verdict (\w+)">(.*)</p>', shown)[0] == headline
    assert shown.count("Bản này đang có giá trị.") == judged.text.count("Bản này đang có giá trị.") * 4 > 0


async def test_without_the_pass_of_this_link_nothing_is_shown(
    sealed: SealedSchool, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, path = await entered(sealed, browser)
    given = browser.client.cookies["hocba_link"]
    other = share_link.create_link(sealed.db, sealed.person("admin"), sealed.students[1], recipient="Bố", days=3)
    elsewhere = "/h/" + other.url.rsplit("/", 1)[1]
    browser.client.cookies.clear()
    made, _, proof = given.partition(".")
    for base, cookie in (
        (path, ""),
        (elsewhere, given),
        ("/h/nobody", given),
        (path, f"{int(made) + 60}.{proof}"),
        (path, f"{made}.{proof[:-1]}"),
        (path, "9" * 40),
    ):
        for place in ("documents", "documents/1", "package"):
            answer = await browser.client.get(f"{base}/{place}", headers={"cookie": f"hocba_link={cookie}"})
            assert (answer.status_code, answer.headers["location"]) == (303, base)
    holder = {"cookie": f"hocba_link={given}"}
    assert (await browser.client.get(f"{path}/documents", headers=holder)).status_code == 200
    monkeypatch.setattr(link_visit, "PASS_SECONDS", 0)
    assert (await browser.client.get(f"{path}/documents", headers=holder)).status_code == 303, "the pass ends"
    monkeypatch.undo()
    monkeypatch.setattr(printing, "database", lambda: sealed.db)
    sealed.reopen(sealed.documents[sealed.students[0], "cover", ""])
    assert "bằng bản mới" in (await browser.client.get(f"{path}/documents", headers=holder)).text
    share_link.close_link(sealed.db, sealed.person("admin"), link.hand_out_id)
    for place in ("documents", "documents/1", "package"):
        closed = await browser.client.get(f"{path}/{place}", headers=holder)
        assert closed.status_code == 403 and "không còn dùng được" in closed.text, "revoking works at once"
    assert handed(sealed).count("downloaded") == 0


async def test_links_for_a_class_are_one_slip_a_pupil(sealed: SealedSchool, browser: Browser) -> None:
    wish = {"class_id": sealed.class_id, "recipient": "Gia đình", "days": "7", "kinds": "cover results"}
    assert (await browser.client.post("/print/class-links", data=wish, headers=ORIGIN)).status_code == 401
    browser.who = sealed.person("teacher", "homeroom")
    assert (await browser.client.post("/print/class-links", data=wish, headers=ORIGIN)).status_code == 403
    browser.who = sealed.person("admin")
    assert (await browser.client.post("/print/class-links", data=wish)).status_code == 403, "only from our own page"
    earlier = share_link.create_link(sealed.db, browser.who, sealed.students[0], recipient="Mẹ", days=3)
    for wrong in ({"days": "91"}, {"kinds": "salary"}, {"class_id": "nobody"}, {"recipient": " "}, {"kinds": ""}):
        refused = await browser.client.post("/print/class-links", data=wish | wrong, headers=ORIGIN)
        assert refused.status_code in (303, 422) and "pin" not in refused.text
    assert handed(sealed) == ["created"]
    sheet = await browser.client.post("/print/class-links", data=wish, headers=ORIGIN)
    assert sheet.status_code == 200 and sheet.headers["cache-control"] == "no-store"
    links = re.findall(r"<p>\S+(/h/\S+)</p>", sheet.text)
    pins = re.findall(r'class="pin">(\d{6})<', sheet.text)
    assert len(links) == len(pins) == sheet.text.count('src="data:image/svg+xml') == 2
    assert handed(sealed) == ["created"] * 3, "a row in the log for each"
    for student, path, pin in zip(sealed.students, links, pins, strict=True):
        given = link_visit.enter(sealed.db, path.rsplit("/", 1)[1], pin, "203.0.113.7")
        assert len(link_visit.page_of(sealed.db, path.rsplit("/", 1)[1], given).documents) == 3, "without the history"
        with sealed.db.read(sealed.school_id) as session:
            made = session.exec(select(HandOut.recipient).where(HandOut.student_id == student)).all()
        assert sorted(made) == ["Gia đình", "Mẹ"][: len(made)]
    assert {view.state for view in share_link.links_of(sealed.db, browser.who, sealed.students[0])} == {"open"}
    assert link_visit.enter(sealed.db, earlier.url.rsplit("/", 1)[1], earlier.pin, "203.0.113.7"), "as single links do"


async def test_a_class_sheet_names_who_has_nothing_sealed(sealed: SealedSchool, browser: Browser) -> None:
    browser.who = sealed.person("admin")
    wish = {"class_id": sealed.class_id, "recipient": "Gia đình", "days": "7", "kinds": "cover"}
    sealed.reopen(sealed.documents[sealed.students[1], "cover", ""])
    sheet = await browser.client.post("/print/class-links", data=wish, headers=ORIGIN)
    assert sheet.text.count('class="pin"') == 1 and "nên không có phiếu (1)" in sheet.text
    sealed.reopen(sealed.documents[sealed.students[0], "cover", ""])
    nothing = await browser.client.post("/print/class-links", data=wish, headers=ORIGIN)
    assert nothing.status_code == 303 and nothing.headers["location"].startswith("/print?notice=")
    assert handed(sealed) == ["created"]
