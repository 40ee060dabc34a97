"""Nothing jumps while a page loads, no page is wider than the phone; on the phone, with 900 pupils, every page is short, without a
scroll inside the scroll, and a thumb finds its targets. With the data of the played year where it ran before."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import NARROW, WIDE, Person, Product, new_person
from tests.e2e.crowd import crowded
from tests.e2e.page_checks import HIGHEST, look_at

LIMIT = 0.1
"""Cumulative layout shift that counts as good."""
PHONE = {"width": 360, "height": 740}
PAGES = (
    "/",
    "/sign",
    "/sync",
    "/lock",
    "/unlock",
    "/records",
    "/audit",
    "/accounts",
    "/print",
    "/assignments",
    "/signature-images",
    "/signing-accounts",
    "/signing-settings",
    "/objections",
    "/years",
    "/leadership",
    "/workbooks",
    "/my-signature",
    "/me",
)
_WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.shifts.push({value: entry.value, what: entry.sources.map(source => source.node?.className || source.node?.nodeName)});
  }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
async def test_nothing_jumps_while_a_page_loads(
    viewport: dict[str, int], product: Product, browser: Browser, people: list[Person]
) -> None:
    admin = await new_person(product, browser, people, viewport)
    await admin.context.add_init_script(_WATCH)
    await admin.log_in(product.school.admin_name)
    jumped, found = {}, {}
    with crowded(product.school) if viewport is PHONE else nullcontext():
        await admin.page.wait_for_timeout(2000)  # the pages hear of the crowd before they are judged, not while
        for path in PAGES:
            await admin.open(path)
            await expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
            shifts = await admin.page.evaluate("window.shifts")
            if sum(shift["value"] for shift in shifts) >= LIMIT:
                jumped[path] = shifts
            assert await admin.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
            if viewport is PHONE:
                found |= await _on_phones(admin, path)
        if viewport is PHONE:  # a class looked at: the longest words of states
            await admin.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
            await admin.open("/lock")
            await admin.page.get_by_role("button", name="Kiểm tra").first.click()
            await expect(admin.page.get_by_role("heading", name="Kiểm tra trước khi chốt")).to_be_visible()
            assert await admin.page.evaluate("document.documentElement.scrollWidth") <= WIDE["width"]
            found |= await _on_phones(admin, "/lock, a class", 2 * HIGHEST)  # all classes, and 39 pupils
    assert jumped == {}
    assert found == {}, "\n".join(f"{where}: {'; '.join(what)}" for where, what in found.items())


async def _on_phones(person: Person, path: str, highest: int = HIGHEST) -> dict[str, list[str]]:
    """What the page breaks at 360 and at 390 px."""
    found = {}
    for viewport in (PHONE, NARROW):
        await person.page.set_viewport_size(viewport)  # type: ignore[arg-type]
        if problems := (await look_at(person.page, highest)).problems:
            found[f"{path} at {viewport['width']}"] = problems[:6]
    await person.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return found
