"""The connection goes, the session goes, two people at one machine: what the screens say and keep, at 360 px."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.models import Account
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.services.accounts import activation, sessions
from tests.e2e.conftest import PASSWORD, SHOTS, Person, Product, new_person

HOSTILE = ("4" + "[" * 100_000, "42/_event," + "[" * 100_000, "x", "42/_event,[]", '42/_event,[["a"]]')
"""Messages that no parser takes: brackets without end, no packet at all, an event without a name."""
PHONE = {"width": 360, "height": 640}
OFFLINE_NOISE = ("ERR_INTERNET_DISCONNECTED", "WebSocket connection to")
"""What Chromium itself writes on the console while there is no network."""


def _no_problems(product: Product) -> None:
    product.problems[:] = [said for said in product.problems if not any(noise in said for noise in OFFLINE_NOISE)]
    assert product.problems == []


def _with_staff(school: PlayedSchool) -> None:
    school.smas.submit("beginning_of_year")
    school.sync()
    school.read_staff()


async def _admin(product: Product, browser: Browser, people: list[Person]) -> Person:
    person = await new_person(product, browser, people, PHONE)
    await person.log_in(product.school.admin_name)
    return person


async def test_offline_says_so_drops_presses_and_loads_again(
    product: Product, browser: Browser, people: list[Person]
) -> None:
    admin = await _admin(product, browser, people)
    await admin.open("/accounts")
    page = admin.page
    sent: list[str] = []

    def hear(socket: object) -> None:
        socket.on("framesent", lambda frame: sent.append(str(frame)))  # type: ignore[attr-defined]

    page.on("websocket", hear)
    await page.reload()
    await page.wait_for_load_state("networkidle")
    banner = page.locator("#connection")
    await expect(banner).to_be_hidden()
    await admin.context.set_offline(True)
    await expect(banner).to_be_visible()
    await expect(banner).to_contain_text("Mất kết nối")
    button = page.locator("main button").first
    await expect(button).to_have_attribute("aria-disabled", "true")
    name = (await button.text_content() or "").strip()
    before = len(sent)
    address = page.url
    for _ in range(3):
        await button.click(force=True)
    await page.locator("summary").first.click()
    await page.locator(".drawer .leave button").click(force=True)
    await page.locator(".drawer nav a").nth(1).click(force=True)
    await page.wait_for_timeout(500)
    assert page.url == address and not [frame for frame in sent[before:] if "event" in frame], (name, sent[before:])
    await page.locator("summary").first.click()
    await admin.shot("offline")
    after = len(sent)
    async with page.expect_event("load"):
        await admin.context.set_offline(False)
    await page.wait_for_load_state("networkidle")
    await expect(banner).to_be_hidden()
    await expect(page.locator("main button").first).not_to_have_attribute("aria-disabled", "true")
    assert not [
        frame for frame in sent[after:] if "accounts_state" in frame and ".load" not in frame and "watch" not in frame
    ]
    _no_problems(product)


async def test_a_lost_session_leads_back_with_the_reason_and_the_text(
    product: Product, browser: Browser, people: list[Person]
) -> None:
    _with_staff(product.school)
    admin = await _admin(product, browser, people)
    await admin.open("/signing-settings?from=phone")
    page = admin.page
    await page.get_by_text("Thêm quyết định ký thay").click()
    number = page.locator("#decision_number")
    await number.fill("15/QĐ-THCS")
    await page.fill("#to_date", "2099-12-31")
    school = product.school
    with school.db.write(school.school_id) as session:
        sessions.revoke_all(session, school.admin.account_id)
    await page.wait_for_timeout(2_500)  # the web process keeps an answer for two seconds
    await page.get_by_role("button", name="Lưu quyết định").click()
    await page.wait_for_url(re.compile("/login"))
    await expect(page.get_by_role("alert")).to_contain_text("Phiên đăng nhập đã hết")
    await admin.shot("session-lost")
    await page.fill("#username", product.school.admin_name)
    await page.fill("#password", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_url(re.compile(r"/signing-settings/?\?from=phone"))
    await expect(number).to_have_value("15/QĐ-THCS")
    await expect(number).to_be_visible()  # what was folded open is open again
    await expect(page.locator("#to_date")).to_have_value("2099-12-31")
    assert PASSWORD not in await page.evaluate("JSON.stringify({...sessionStorage})")


async def test_each_tab_says_whose_it_is_and_the_way_out_is_in_reach(
    product: Product, browser: Browser, people: list[Person]
) -> None:
    admin = await _admin(product, browser, people)
    school = product.school
    _with_staff(school)
    who = admin.page.locator(".topbar .who")
    await expect(who).to_contain_text("Quản trị")
    name = await who.locator("b").text_content() or ""
    await expect(admin.page).to_have_title(re.compile(re.escape(name)))
    await admin.page.locator("summary").first.click()
    out = admin.page.locator(".drawer .leave button")
    await expect(out).to_be_in_viewport(ratio=1)
    # Only a picture: of entries that lie half under the pinned button, to be scrolled out, axe says that they are small.
    SHOTS.mkdir(exist_ok=True)
    await admin.page.screenshot(path=SHOTS / "way-out-360-light.png")
    teacher = next(row for row in school.staff.values() if row.position == "teacher")
    with school.db.read(school.school_id) as session:
        account = session.exec(select(Account).where(Account.staff_id == teacher.id)).one()
    [(username, _, code)] = activation.issue_codes(school.db, school.admin, [account.id])
    activation.activate(school.db, username, code, PASSWORD, address="127.0.0.1", device=None)
    other = await admin.context.new_page()
    second = Person(product, admin.context, other)
    await second.log_in(username)
    await expect(other.locator(".topbar .who")).to_contain_text(teacher.full_name)
    # The browser's cookie is the teacher's now: the first tab must not go on saying that it is the office's.
    await expect(who).to_contain_text(teacher.full_name)
    await expect(admin.page).to_have_title(re.compile(re.escape(teacher.full_name)))


async def test_a_closed_socket_is_a_lost_connection(product: Product, browser: Browser, people: list[Person]) -> None:
    """Reflex's own hook tells of it: a version that names it otherwise would leave the buttons on."""
    admin = await new_person(product, browser, people, PHONE)
    await admin.context.add_init_script("""
        window.sockets = [];
        window.WebSocket = class extends WebSocket { constructor(...a) { super(...a); window.sockets.push(this); } };
    """)
    await admin.log_in(product.school.admin_name)
    page = admin.page
    await page.evaluate("""() => {
        window.wasAway = false;
        new MutationObserver(() => { window.wasAway ||= "offline" in document.documentElement.dataset; })
            .observe(document.documentElement, { attributes: true });
        window.sockets.at(-1).close();
    }""")
    await page.wait_for_timeout(3_000)  # Reflex connects again at once
    for said in HOSTILE:
        await page.evaluate("said => window.sockets.at(-1).send(said)", said)
        await page.wait_for_timeout(1_500)
    assert "Traceback" not in product.web.log.read_text(encoding="utf-8"), "a log that a stranger can fill"
    assert await page.evaluate("window.wasAway")
    await expect(page.locator("#connection")).to_be_hidden()
    _no_problems(product)
