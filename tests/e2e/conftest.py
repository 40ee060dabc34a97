"""The whole product as real processes – simulators, worker, web – and a real Chromium in front of it.

The school is small (one class), so that the year can be played in a minute. Screens are kept under ``test-results/``
for whoever wants to look at them.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from hocba_app.models import Database, database
from hocba_app.models.migrate import upgrade
from hocba_app.process_scope import close_process_scope
from hocba_app.processes import Child, Family, await_http
from hocba_app.rehearsal.command import own_settings
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.simulator_processes import start_simulators
from hocba_app.settings import settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=60_000)  # only ends what hangs: jobs run behind some of the pages
PASSWORD = "mot-mat-khau-dai"
SHOTS = Path(__file__).resolve().parents[2] / "test-results"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests are skipped, said by name."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@dataclass
class Product:
    """Everything that runs, and the school in it."""

    address: str
    school: PlayedSchool
    worker: Child
    web: Child
    phone: str
    problems: list[str] = field(default_factory=list)
    """What browsers complained about: errors on the console, requests to elsewhere."""


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    before = dict(os.environ)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://localhost:{port}"
    with Family(folder / "logs") as family:
        outside = start_simulators(
            family,
            folder / "simulators",
            ["lower_secondary:students=12,seed=3,year=2025-2026,special=0,moment=year_end"],
        )
        own_settings(folder, outside.settings(), HOCBA_PORT=str(port), HOCBA_PUBLIC_URL=address)
        database.cache_clear()
        upgrade(settings().database_url)
        web = family.start("web", "hocba_app.cli", "run")
        worker = family.start("worker", "hocba_app.cli", "worker", keep=True)
        db = Database(settings().database_url)
        school = PlayedSchool(db, outside, outside.schools[0], PASSWORD)
        try:
            school.found()
            await_http(f"http://127.0.0.1:{port}/healthz", web, 300)
            yield Product(address, school, worker, web, f"{outside.mysign_url}/phone")
        finally:
            school.close()
            close_process_scope()
            db.dispose()
    os.environ.clear()
    os.environ.update(before)
    close_process_scope()


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        await made.close()


class Person:
    """Somebody at his own browser.

    Args:
        viewport: :data:`WIDE` or :data:`NARROW`.
    """

    def __init__(self, product: Product, context: BrowserContext, page: Page) -> None:
        self.product, self.context, self.page = product, context, page

    async def open(self, path: str) -> None:
        """A page of the product, loaded with its data."""
        await self.page.goto(path)
        await self.page.wait_for_load_state("networkidle")

    async def log_in(self, username: str, password: str = PASSWORD) -> None:
        await self.open("/login")
        await self.page.fill("#username", username)
        await self.page.fill("#password", password)
        await self.page.click("button[type=submit]")
        await self.page.wait_for_url(lambda url: "/login" not in url)
        await self.page.wait_for_load_state("networkidle")

    async def shot(self, name: str) -> None:
        """Keep what he sees, at his own width, light and dark."""
        SHOTS.mkdir(exist_ok=True)
        width = (self.page.viewport_size or WIDE)["width"]
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await self.page.wait_for_timeout(150)
            await self.page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            await self._look_for_barriers(f"{name} {width} {scheme}")
        await self.page.emulate_media(color_scheme="light")

    async def _look_for_barriers(self, where: str) -> None:
        """What axe finds against WCAG 2.2 A and AA, contrast included; noted, so that one run tells all."""
        found = await Axe().run(
            self.page, options={"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
        )
        for violation in found.response["violations"]:
            nodes = "; ".join(
                f"{node['html'][:160]} ({node['failureSummary'][:160]})" for node in violation["nodes"][:2]
            )
            self.product.problems.append(f"axe {where}: {violation['id']}: {nodes}")

    async def shots(self, name: str) -> None:
        """:meth:`shot` at both widths; nothing may be wider than the screen."""
        for viewport in (NARROW, WIDE):
            await self.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            await self.page.wait_for_timeout(150)
            await self.shot(name)
            assert await self.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], (
                f"{name} at {viewport['width']}"
            )


@pytest.fixture
async def people(product: Product, browser: Browser) -> AsyncIterator[list[Person]]:
    """Browsers opened in a test, closed after it."""
    opened: list[Person] = []
    yield opened
    for person in opened:
        await person.context.close()


async def new_person(
    product: Product, browser: Browser, opened: list[Person], viewport: dict[str, int] = WIDE, *, touch: bool = False
) -> Person:
    """Another browser, nobody logged in."""
    context = await browser.new_context(
        base_url=product.address, viewport=viewport, accept_downloads=True, locale="vi-VN", has_touch=touch
    )  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    page = await context.new_page()
    own = (product.address, product.phone.removesuffix("/phone"), "data:", "blob:", "chrome")

    def foreign(url: str) -> None:
        if not url.startswith((*own, product.address.replace("http", "ws", 1))):
            product.problems.append(f"request to {url}")

    page.on("request", lambda request: foreign(request.url))
    page.on("console", lambda message: product.problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: product.problems.append(str(error)))
    person = Person(product, context, page)
    opened.append(person)
    return person
