"""Nothing jumps while a page loads and no page is wider than the phone; with the data of the played year where it ran before."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import WIDE, Person, Product, new_person

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
    jumped = {}
    for path in PAGES:
        await admin.open(path)
        await expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
        shifts = await admin.page.evaluate("window.shifts")
        if sum(shift["value"] for shift in shifts) >= LIMIT:
            jumped[path] = shifts
        assert await admin.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    assert jumped == {}
