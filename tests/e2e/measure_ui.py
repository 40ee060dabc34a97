"""How long people wait and how often they tap, on three kinds of network, at a running demonstration::

    ./hocba demo --students 900 --data var/big          # in another terminal
    python -m tests.e2e.measure_ui var/big [--json]

For each network: the time until each role's first useful screen (a cold visit: nothing cached), and the taps and seconds of its main
job. The office locks a class, a subject teacher signs it, the principal signs its covers; each network takes a class of its own. The
phone is confirmed at once over the simulator, so what is measured is the product.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright, expect

from hocba_app.domain.wording import KIND_SHORT
from hocba_app.rehearsal.simulator_processes import PIN
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, NARROW, WIDE

KIB = 1024
NETWORKS = {
    "wifi": {"latency": 10, "downloadThroughput": 3000 * KIB, "uploadThroughput": 1500 * KIB},
    "4G": {"latency": 80, "downloadThroughput": 500 * KIB, "uploadThroughput": 190 * KIB},
    "3G": {"latency": 300, "downloadThroughput": 90 * KIB, "uploadThroughput": 40 * KIB},
}
"""Milliseconds there and back, bytes a second."""
PATIENCE = 300_000
_TEACHERS = """
    select login_name.name, signing_key.provider_user from slot
    join document on document.id = slot.document_id
    join school_class on school_class.id = document.class_id
    join account on account.staff_id = slot.staff_id
    join login_name on login_name.account_id = account.id
    join signing_key on signing_key.owner = slot.staff_id
    where slot.stage = 'subject' and slot.signed_at is null and school_class.name = ? order by 1"""


class School:
    """A demonstration that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notes = folder, json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        self.accounts = {row["role"].split()[0]: row for row in self.notes["accounts"]}
        self.phone = self.notes["phone"].removesuffix("/phone")

    def teacher_of(self, class_name: str, taken: set[str]) -> tuple[str, str]:
        """Somebody who signs a subject of this class and nothing measured before: login name and account at the signing service."""
        with closing(sqlite3.connect(self.folder / "hocba.db")) as found:
            rows = found.execute(_TEACHERS, (class_name,)).fetchall()
        return next(row for row in rows if row[0] not in taken)

    def confirm(self, user: str) -> None:
        """What the signer does on his phone, as soon as it asks."""
        while True:
            asked = httpx.post(f"{self.phone}/phone/api/pending", json={"user_id": user}).json()["requests"]
            for each in asked:
                body = {"user_id": user, "transactionId": each["transactionId"], "pin": PIN}
                httpx.post(f"{self.phone}/phone/api/confirm", json=body).raise_for_status()
            if asked:
                return
            time.sleep(0.1)


async def _person(browser: Browser, school: School, name: str, network: str, viewport: dict[str, int]) -> Page:
    """Somebody logged in, on this network, with nothing cached."""
    context = await browser.new_context(base_url=school.notes["address"], viewport=viewport, locale="vi-VN")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = await context.new_page()
    await page.goto("/login")
    await page.fill("#username", name)
    await page.fill("#password", school.notes["password"])
    await page.click("button[type=submit]")
    await page.wait_for_url(lambda url: "/login" not in url)
    wire = await context.new_cdp_session(page)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await wire.send("Network.emulateNetworkConditions", {"offline": False, **NETWORKS[network]})
    return page


async def _seconds(action: Callable[[], Awaitable[Any]]) -> float:
    began = time.monotonic()
    await action()
    return round(time.monotonic() - began, 1)


async def _first(page: Page, path: str, useful: str) -> float:
    """Until the button is there that does the page's work."""

    async def visit() -> None:
        await page.goto(path, wait_until="commit")
        await page.get_by_role("button", name=re.compile(useful)).first.wait_for()

    return await _seconds(visit)


async def _lock(page: Page, kind: str, class_name: str) -> dict[str, Any]:
    first = await _first(page, f"/lock?kind={kind}", "^Chọn mọi lớp còn|^Bỏ chọn")

    async def work() -> None:
        await page.get_by_role("checkbox", name=f"Chọn lớp {class_name}", exact=True).click()
        await page.get_by_role("button", name=re.compile(r"^Chốt \d+ lớp")).click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
        await page.get_by_role("alertdialog").wait_for(state="detached")
        await (
            page.locator("article", has_text=f"{KIND_SHORT[kind]} · {class_name}").filter(has_text="đã chốt").wait_for()
        )

    return {"first": first, "taps": 3, "seconds": await _seconds(work)}


async def _sign(school: School, page: Page, user: str, group: str) -> dict[str, Any]:
    first = await _first(page, "/sign", r"^Ký \d+ hồ sơ")

    async def work() -> None:
        mine = page.locator("article", has_text=group).filter(
            has=page.get_by_role("button", name=re.compile(r"^Ký \d+"))
        )
        await mine.first.get_by_role("button", name=re.compile(r"^Ký \d+")).click()
        await asyncio.to_thread(school.confirm, user)
        await page.get_by_text("Đã ký xong").first.wait_for()

    return {"first": first, "taps": 2, "seconds": await _seconds(work)}


async def measure(folder: Path) -> dict[str, Any]:
    """Everything, by network and role."""
    school, found, taken = School(folder), {}, set[str]()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        office = await _person(browser, school, school.accounts["Quản"]["username"], "wifi", WIDE)
        await office.goto("/lock?kind=cover")
        await office.locator("tbody th").first.wait_for()
        names = await office.locator("tbody th").all_inner_texts()
        for network, name in zip(NETWORKS, names, strict=False):
            clerk = await _person(browser, school, school.accounts["Quản"]["username"], network, WIDE)
            await _lock(clerk, "cover", name)
            of = {"office: lock a class": await _lock(clerk, "results", name)}
            login, user = school.teacher_of(name, taken)
            taken.add(login)
            teacher = await _person(browser, school, login, network, NARROW)
            of["subject teacher: sign a class"] = await _sign(school, teacher, user, name)
            principal = await _person(browser, school, school.accounts["Hiệu"]["username"], network, NARROW)
            of["principal: sign its covers"] = await _sign(school, principal, school.accounts["Hiệu"]["mysign"], name)
            found[network] = of
            for page in (clerk, teacher, principal):
                await page.context.close()
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
    print("| network | role and job | first useful screen, s | taps | job, s |\n|---|---|---|---|---|")
    for network, jobs in found.items():
        for job, row in jobs.items():
            print(f"| {network} | {job} | {row['first']} | {row['taps']} | {row['seconds']} |")


if __name__ == "__main__":
    main()
