"""What a first visit costs over the wire: teachers are on phones, and the staff room shares one access point."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import NARROW, Person, Product, new_person

KIB = 1024
LIMIT = 230
"""KiB; a library that everybody loads for one page is more."""


async def _first_load(person: Person, path: str) -> tuple[int, list[str]]:
    """Bytes over the wire of everything a cold visit loads (headers included), and what was loaded."""
    wire = await person.context.new_cdp_session(person.page)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: dict[str, int] = {}
    urls: dict[str, str] = {}
    wire.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    wire.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    await person.open(path)
    await person.page.wait_for_timeout(500)
    await wire.detach()
    return sum(sizes.values()), sorted(f"{size} {urls.get(request, '')}" for request, size in sizes.items())


@pytest.mark.parametrize("path", ["/login", "/sign", "/", "/records"])
async def test_a_first_visit_stays_light(path: str, product: Product, browser: Browser, people: list[Person]) -> None:
    person = await new_person(product, browser, people, NARROW)
    if path != "/login":
        await person.log_in(product.school.admin_name)
    size, loaded = await _first_load(person, path)
    print(f"{path}: {size / KIB:.0f} KiB")
    assert loaded and size <= LIMIT * KIB, "\n".join([f"{path}: {size / KIB:.0f} KiB", *loaded])
