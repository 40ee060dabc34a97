"""The upload forms over HTTP: what is stored, what is said, what is refused."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import Request
from PIL import Image

from hocba_app.ink.signature_image import AS_IT_IS
from hocba_app.models import Database
from hocba_app.routes import caller, deliveries, signature_images
from hocba_app.routes.app import create_api
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signed_notice import Notice, read_notice
from hocba_app.services.signers import image_draft, images
from hocba_app.settings import settings
from tests.integration.signers.people import staff_id
from tests.integration.signers.test_images import packed, paper
from tests.school import SmallSchool, small_school

ORIGIN = {"origin": "http://testserver"}


@pytest.fixture
def small(db: Database, school_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallSchool]:
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(tmp_path / "documents"))
    monkeypatch.setenv("HOCBA_SECRET_KEY", "một khóa để thử, 8Jq2Lr5Tz0")
    settings.cache_clear()
    for module in (signature_images, deliveries):
        monkeypatch.setattr(module, "database", lambda: db)
    yield small_school(db, school_id, None)
    settings.cache_clear()


class Browser:
    """Forms as somebody of the school sends them."""

    def __init__(self, client: httpx.AsyncClient, act: dict[str, Identity]) -> None:
        self.client, self._act = client, act

    async def send(self, who: Identity, path: str, headers: dict[str, str] = ORIGIN, **form: object) -> httpx.Response:
        self._act["who"] = who
        return await self.client.post(path, headers=headers, **form)  # type: ignore[arg-type]

    async def get(self, who: Identity, path: str) -> httpx.Response:
        self._act["who"] = who
        return await self.client.get(path)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    act: dict[str, Identity] = {}
    api = create_api()

    def signed_in(request: Request) -> Identity:
        request.state.who = act["who"]
        return act["who"]

    api.dependency_overrides[caller.signed_in] = signed_in
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Browser(client, act)


def said(answer: httpx.Response, page: str) -> Notice:
    """The sentence that the redirect carries to the page."""
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    assert target.path == page
    notice = read_notice(parse_qs(target.query)["notice"][0])
    assert notice is not None
    return notice


def drafted(answer: httpx.Response, page: str) -> str:
    """The slip that the redirect carries to the page."""
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["location"])
    assert target.path == page
    return parse_qs(target.query)["draft"][0]


async def test_own_image_and_somebodys_and_the_seal(small: SmallSchool, browser: Browser) -> None:
    van, admin = small.people["VAN"], small.people["admin"]
    answer = await browser.send(van, "/uploads/my-signature", files={"file": ("a.jpg", paper(1), "image/jpeg")})
    slip = drafted(answer, "/my-signature")
    assert not images.own_image(small.db, van).preview, "looked at first"
    shown = await browser.get(van, f"/files/signature-drafts/{slip}")
    assert (
        shown.status_code == 200
        and shown.headers["cache-control"] == "no-store"
        and Image.open(io.BytesIO(shown.content)).format == "PNG"
    )
    assert (await browser.get(admin, f"/files/signature-drafts/{slip}")).status_code == 404
    image_draft.use(small.db, van, slip, AS_IT_IS)
    assert images.own_image(small.db, van).preview
    form = {"files": {"file": ("b.jpg", paper(2), "image/jpeg")}, "data": {"staff_id": staff_id(small, "TOAN")}}
    slip = drafted(await browser.send(admin, "/uploads/signature-images/person", **form), "/signature-images")
    image_draft.use(small.db, admin, slip, AS_IT_IS)
    assert images.own_image(small.db, small.people["TOAN"]).preview
    answer = await browser.send(admin, "/uploads/seal", files={"file": ("s.png", paper(3, kind="PNG"), "image/png")})
    image_draft.use(small.db, admin, drafted(answer, "/signature-images"), AS_IT_IS)
    assert images.images_page(small.db, admin).seal.preview


async def test_many_and_their_originals(small: SmallSchool, browser: Browser, stranger: Identity) -> None:
    admin = small.people["admin"]
    files = [
        ("files", ("GV001.jpg", paper(1), "image/jpeg")),
        ("files", ("a.zip", packed(("GV002.jpg", paper(2))), "application/zip")),
    ]
    assert not said(await browser.send(admin, "/uploads/signature-images", files=files), "/signature-images").problem
    upload = images.last_upload(small.db, admin)
    assert upload is not None and upload.total == 2
    answer = await browser.get(admin, f"/files/signature-originals/{upload.job_id}/1")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert Image.open(io.BytesIO(answer.content)).format == "PNG"
    assert (await browser.get(stranger, f"/files/signature-originals/{upload.job_id}/1")).status_code == 404
    assert (await browser.get(admin, f"/files/signature-originals/{upload.job_id}/x")).status_code == 422


async def test_what_is_refused_is_said_in_a_sentence(small: SmallSchool, browser: Browser) -> None:
    van, admin = small.people["VAN"], small.people["admin"]
    for name, data, part in (
        ("a.pdf", b"%PDF-1.7", "PNG, JPG hoặc HEIC"),
        ("a.jpg", b"\xff\xd8\xff" + b"\0" * (11 * 1024 * 1024), "10 MB"),
        ("a.jpg", b"\xff\xd8\xff" + b"\0" * 40, "PNG, JPG hoặc HEIC"),
    ):
        notice = said(
            await browser.send(van, "/uploads/my-signature", files={"file": (name, data, "image/jpeg")}),
            "/my-signature",
        )
        assert notice.problem and part in notice.text
    notice = said(
        await browser.send(
            admin, "/uploads/signature-images", files=[("files", ("a.zip", b"PK\x03\x04x", "application/zip"))]
        ),
        "/signature-images",
    )
    assert notice.problem and "ZIP" in notice.text
    form = {"files": {"file": ("b.jpg", paper(2), "image/jpeg")}, "data": {"staff_id": "z" * 26}}
    assert said(await browser.send(admin, "/uploads/signature-images/person", **form), "/signature-images").problem
    assert not images.own_image(small.db, van).preview


async def test_not_from_another_site_and_not_for_whom_it_is_not(small: SmallSchool, browser: Browser) -> None:
    van, admin = small.people["VAN"], small.people["admin"]
    one = {"files": {"file": ("a.jpg", paper(1), "image/jpeg")}}
    assert (
        await browser.send(van, "/uploads/my-signature", {"origin": "http://evil.example"}, **one)
    ).status_code == 403
    assert (await browser.send(van, "/uploads/my-signature", {}, **one)).status_code == 403
    for path in ("/uploads/signature-images/person", "/uploads/seal", "/uploads/signature-images"):
        assert (
            await browser.send(
                van,
                path,
                files={"file": one["files"]["file"], "files": one["files"]["file"]},
                data={"staff_id": staff_id(small, "TOAN")},
            )
        ).status_code == 403
    assert (await browser.send(admin, "/uploads/my-signature", **one)).status_code == 403, "an account without a person"
    assert images.images_page(small.db, admin).missing == 6
