"""How long people wait and how often they tap, on three kinds of network, at a running demonstration::

    ./hocba demo --students 900 --data var/big                  # in another terminal
    python -m tests.e2e.measure_ui var/big [--json]  # some minutes for each network

Each network takes a class of its own through its whole year: the office locks it, a subject teacher signs it, the homeroom teacher,
the principal and the seal operator follow, and a parent checks a record. Of each role: the time until its home page and until its
page of work can be used, on a cold visit (nothing cached), then the taps and seconds of its main job, from the first tap until the
page says that it is done. What the other subject teachers do is not measured: they sign beside, through the services. The phone is
confirmed at once over the simulator, so what is measured is the product.

What was found is kept in the folder after each network: a run that broke off goes on with the next network and another class.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, TimeoutError, async_playwright
from sqlmodel import col, select

from hocba_app.models import (
    Account,
    Database,
    Document,
    DocumentVersion,
    School,
    SchoolClass,
    SigningKey,
    Slot,
    TeachingAssignment,
)
from hocba_app.rehearsal.command import own_settings
from hocba_app.rehearsal.signing_load import Desk
from hocba_app.rehearsal.simulator_processes import Phones
from hocba_app.rehearsal.timings import Stages
from hocba_app.services.accounts.identity import Identity, identity_of
from hocba_app.settings import settings
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, NARROW, WIDE

KIB = 1024
NETWORKS = {
    "wifi": {"latency": 10, "downloadThroughput": 3000 * KIB, "uploadThroughput": 1500 * KIB},
    "4G": {"latency": 80, "downloadThroughput": 500 * KIB, "uploadThroughput": 190 * KIB},
    "3G": {"latency": 300, "downloadThroughput": 90 * KIB, "uploadThroughput": 40 * KIB},
}
"""Milliseconds of latency, bytes a second."""
PATIENCE_MS = 180_000
KEPT = "measure_ui.json"
SIGN = re.compile(r"^(Ký|Đóng dấu) (tất cả )?[\d.]+ hồ sơ")


_CONNECTED = select(SigningKey.owner)
_UNABLE = select(TeachingAssignment.class_id).where(
    col(TeachingAssignment.active).is_(True), col(TeachingAssignment.staff_id).not_in(_CONNECTED)
)
"""Classes in which somebody cannot sign: a demonstration leaves two teachers to be connected."""


@dataclass
class Row:
    """One role on one network."""

    role: str
    records: int
    home: float
    """Seconds until the home page says what waits."""
    work: float
    """Seconds until the button of the page of work is there."""
    taps: int
    job: float
    """Seconds from the first tap until the page says that it is done."""


class Demonstration:
    """A demonstration that runs."""

    def __init__(self, folder: Path) -> None:
        self.notes = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        mysign = self.notes["phone"].removesuffix("/phone")
        outside = {"HOCBA_SMAS_URL": self.notes["smas"], "HOCBA_MYSIGN_URL": mysign}
        own_settings(folder.resolve(), outside, HOCBA_SECRET_KEY=self.notes["secret_key"])
        self.db, self.phones = Database(settings().database_url), Phones(mysign)
        self.accounts = {row["role"].split()[0]: row for row in self.notes["accounts"]}
        with self.db.installation() as session:
            [self.school_id] = session.exec(select(School.id)).all()

    def open_class(self) -> SchoolClass:
        """A class of which nothing is locked yet, and whose teachers can all sign."""
        locked = select(Document.class_id).where(col(Document.state) != "open")
        with self.db.read(self.school_id) as session:
            return session.exec(
                select(SchoolClass)
                .where(
                    col(SchoolClass.id).not_in(locked),
                    col(SchoolClass.id).not_in(_UNABLE),
                    col(SchoolClass.homeroom_staff_id).in_(_CONNECTED),
                )
                .order_by(SchoolClass.name)
            ).first() or exit("no class is left: start another demonstration")

    def locked(self, class_id: str) -> int:
        """Records of a class that are locked."""
        with self.db.read(self.school_id) as session:
            wanted = select(Document.id).where(Document.class_id == class_id, col(Document.state) != "open")
            return len(session.exec(wanted).all())

    def signers(self, class_id: str, stage: str) -> list[Identity]:
        """Who signs a class at a stage."""
        with self.db.read(self.school_id) as session:
            wanted = (
                select(Slot.staff_id)
                .join(Document, col(Document.id) == Slot.document_id)
                .where(Document.class_id == class_id, Slot.stage == stage)
            )
            accounts = session.exec(select(Account).where(col(Account.staff_id).in_(wanted)).order_by(Account.id)).all()
            return [who for account in accounts if (who := identity_of(session, account.id)) is not None]

    def phone_of(self, who: Identity) -> str:
        """Somebody's account at the signing service."""
        with self.db.read(self.school_id) as session:
            return session.exec(select(SigningKey.provider_user).where(SigningKey.owner == who.staff_id)).one()

    def confirm(self, user: str) -> None:
        """What the signer does on his phone, as soon as it asks."""
        while not self.phones.confirm(user):
            time.sleep(0.1)

    def sign_rest(self, class_id: str) -> None:
        """The other subject teachers of the class."""
        desk = Desk(self.db, self.school_id, self.phones, Stages(), lambda: None)
        desk.sign_all([(who, "subject") for who in self.signers(class_id, "subject")])
        if desk.failures:
            raise RuntimeError(f"not signed: {desk.failures[:3]}")

    def code_of(self, class_id: str) -> str:
        """The code printed on a record of the class, once one is sealed."""
        wanted = (
            select(DocumentVersion.code)
            .join(Document, col(Document.version_id) == DocumentVersion.id)
            .where(Document.class_id == class_id, Document.kind == "results", Document.state == "sealed")
            .order_by(DocumentVersion.code)
        )
        while True:
            with self.db.read(self.school_id) as session:
                if code := session.exec(wanted).first():
                    return code
            time.sleep(0.5)


class Visitor:
    """Somebody at a browser of his own, whose taps are counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps = page, 0

    async def tap(self, what: Locator) -> None:
        """One tap."""
        self.taps += 1
        await what.click()


async def _seconds(action: Callable[[], Awaitable[Any]]) -> float:
    began = time.monotonic()
    await action()
    return round(time.monotonic() - began, 1)


async def _visit(
    browser: Browser, school: Demonstration, network: str, viewport: dict[str, int], name: str = ""
) -> Visitor:
    """Somebody, logged in if he has a name, on this network with nothing cached."""
    context = await browser.new_context(base_url=school.notes["address"], viewport=viewport, locale="vi-VN")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    if name:
        await page.goto("/login")
        await page.fill("#username", name)
        await page.fill("#password", school.notes["password"])
        await page.click("button[type=submit]")
        await page.wait_for_url(lambda url: "/login" not in url)
        await page.goto("about:blank")
    wire = await context.new_cdp_session(page)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await wire.send("Network.emulateNetworkConditions", {"offline": False, **NETWORKS[network]})
    return Visitor(page)


async def _until(visitor: Visitor, path: str, useful: Locator) -> float:
    """A cold visit, until that is there which the page is for."""

    async def visit() -> None:
        await visitor.page.goto(path, wait_until="commit")
        try:
            await useful.first.wait_for()
        except TimeoutError as error:
            seen = await visitor.page.locator("body").inner_text()
            raise RuntimeError(f"{path} shows: {seen[:500]}") from error

    return await _seconds(visit)


async def _lock(school: Demonstration, visitor: Visitor, of: SchoolClass) -> Row:
    page = visitor.page
    home = await _until(visitor, "/", page.get_by_role("heading", name="Cần xử lý"))
    work = await _until(visitor, "/lock?kind=all", page.get_by_role("checkbox", name=f"Chọn lớp {of.name}", exact=True))

    async def job() -> None:
        await visitor.tap(page.get_by_role("checkbox", name=f"Chọn lớp {of.name}", exact=True))
        await visitor.tap(page.get_by_role("button", name=re.compile(r"^Chốt \d+ lớp")))
        await visitor.tap(page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True))
        for kind in ("Bìa", "QTHT", "KQHT"):
            locking = page.get_by_role("article", name=f"{kind} · {of.name}")
            await locking.filter(has_text=re.compile("Xong")).first.wait_for()

    seconds = await _seconds(job)
    return Row("office: lock all three of a class", school.locked(of.id), home, work, visitor.taps, seconds)


async def _sign(school: Demonstration, visitor: Visitor, user: str, class_name: str, signer: str, role: str) -> Row:
    page = visitor.page
    home = await _until(visitor, "/", page.get_by_role("link", name=re.compile("^(Ký ngay|Đóng dấu)")))
    work = await _until(visitor, "/sign", page.get_by_role("button", name=SIGN))
    button = page.get_by_role("button", name=SIGN).last  # the bar for everything stands last, where there is one
    records = int(re.sub(r"\D", "", await button.inner_text()))

    async def job() -> None:
        await visitor.tap(button)
        confirming = asyncio.create_task(asyncio.to_thread(school.confirm, user))
        batch = page.get_by_role("article", name=re.compile(f"^{signer} · .*{class_name}"))
        await batch.filter(has_text=re.compile("Đã (ký|đóng dấu) xong")).first.wait_for()
        await confirming

    seconds = await _seconds(job)
    return Row(role, records, home, work, visitor.taps, seconds)


async def _check(visitor: Visitor, code: str) -> Row:
    useful = visitor.page.get_by_text("Bản này đang có giá trị.")
    seconds = await _until(visitor, f"/v/{code}", useful)
    return Row("parent: check a record by its code", 1, seconds, seconds, 0, 0.0)


async def _class_year(browser: Browser, school: Demonstration, network: str, of: SchoolClass) -> list[Row]:
    """Every role's job in one class."""

    async def by(name: str, viewport: dict[str, int], job: Callable[[Visitor], Awaitable[Row]]) -> Row:
        visitor = await _visit(browser, school, network, viewport, name)
        try:
            return await job(visitor)
        finally:
            await visitor.page.context.close()

    office, principal, keeper = (school.accounts[role] for role in ("Quản", "Hiệu", "Người"))
    rows = [await by(office["username"], WIDE, lambda visitor: _lock(school, visitor, of))]
    first = school.signers(of.id, "subject")[0]

    def signing(user: str, signer: str, role: str) -> Callable[[Visitor], Awaitable[Row]]:
        return lambda visitor: _sign(school, visitor, user, of.name, signer, role)

    rows.append(
        await by(first.username, NARROW, signing(school.phone_of(first), "GVBM", "subject teacher: sign a class"))
    )
    await asyncio.to_thread(school.sign_rest, of.id)
    [homeroom] = school.signers(of.id, "homeroom")
    rows.append(
        await by(
            homeroom.username, NARROW, signing(school.phone_of(homeroom), "GVCN", "homeroom teacher: sign a class")
        )
    )
    rows.append(
        await by(
            principal["username"],
            NARROW,
            signing(principal["mysign"], "Hiệu trưởng", "principal: sign all three of a class"),
        )
    )
    rows.append(
        await by(keeper["username"], NARROW, signing(keeper["mysign"], "Đóng dấu", "seal operator: seal a class"))
    )
    code = await asyncio.to_thread(school.code_of, of.id)
    rows.append(await by("", NARROW, lambda visitor: _check(visitor, code)))
    return rows


async def measure(folder: Path) -> dict[str, Any]:
    """Everything, by network; what an earlier run of the command has measured is taken as it is."""
    school, kept = Demonstration(folder), folder / KEPT
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for network in NETWORKS:
            if network in found:
                continue
            of, load = school.open_class(), os.getloadavg()[0]
            rows = await _class_year(browser, school, network, of)
            found[network] = {
                "class": of.name,
                "load": [round(load, 1), round(os.getloadavg()[0], 1)],
                "rows": [asdict(row) for row in rows],
            }
            kept.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
        await browser.close()
    return found


def main() -> None:
    """The command."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = asyncio.run(measure(chosen.folder))
    if chosen.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for network, of in found.items():
        print(f"\n{network}, machine load {of['load'][0]} to {of['load'][1]}\n")
        print("| role and job | records | home page, s | page of work, s | taps | job, s |\n|---|---|---|---|---|---|")
        for row in of["rows"]:
            print("| {role} | {records} | {home} | {work} | {taps} | {job} |".format(**row))


if __name__ == "__main__":
    main()
