"""Everybody's signing account connected from one button, at 1280 and 390 px; the accounts ordered at the signing service's page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect
from sqlmodel import col, select

from hocba_app.models import SigningKey, Staff
from hocba_app.services.audit.log import notify_all
from tests.e2e.conftest import NARROW, WIDE, Person, Product, new_person

NUMBER, EARLY = "079888000071", "079888000073"


@pytest.fixture
def three(product: Product) -> Iterator[list[str]]:
    """A teacher with an account at the service, one without, and one whose certificate ends soon; taken away afterwards."""
    school = product.school
    with school.db.write(school.school_id) as session:
        staff = [
            Staff(source_id=f"kn{at}", code=f"KN{at}", full_name=name, id_number=f"07988800007{at}")
            for at, name in ((1, "Trần Kết Nối"), (2, "Lê Chưa Có"), (3, "Vũ Sắp Hết"))
        ]
        for each in staff:
            session.add(each)
        session.flush()
        ids = [each.id for each in staff]
        notify_all(session)
    yield ids
    with school.db.write(school.school_id) as session:
        for key in session.exec(select(SigningKey).where(col(SigningKey.owner).in_(ids))).all():
            session.delete(key)
        for each in ids:
            session.delete(session.get_one(Staff, (school.school_id, each)))
        notify_all(session)


async def _shots(person: Person, name: str) -> None:
    """The mouse out of the way: a link it happens to lie on would be judged while its colour changes."""
    await person.page.mouse.move(1, 1)
    await person.shots(name)


async def test_everybody_is_connected_from_one_button(
    product: Product, browser: Browser, people: list[Person], three: list[str]
) -> None:
    service = await new_person(product, browser, people, NARROW)
    page = service.page
    for lines, days in ((f"{NUMBER} Trần Kết Nối", ""), (f"{EARLY} Vũ Sắp Hết", "20")):
        await page.goto(product.phone.removesuffix("/phone") + "/accounts")
        await page.get_by_label("Mỗi dòng một người").fill(lines)
        await page.get_by_label("Số ngày hiệu lực").fill(days)
        await page.get_by_role("button", name="Cấp tài khoản").click()
        await expect(page.get_by_role("status")).to_contain_text("Đã cấp 1 chứng thư số")
    await _shots(service, "mysign-accounts")

    office = await new_person(product, browser, people, WIDE)
    await office.log_in(product.school.admin_name)
    await office.open("/signing-accounts")
    page = office.page
    await page.get_by_role("button", name="Kết nối tất cả").click()
    await expect(page.get_by_text("Lần kết nối gần nhất")).to_be_visible()
    left = page.locator("li", has_text="Lê Chưa Có")
    await expect(left).to_contain_text("cả số mới và số cũ")
    await page.fill("#search", "Trần Kết Nối")  # the list has pages
    await expect(page.locator("tr", has_text="Trần Kết Nối")).to_contain_text("Sẵn sàng")
    await page.get_by_text("Chứng thư số sắp hết hạn hoặc đã hết hạn").click()
    await expect(page.locator("li", has_text="Vũ Sắp Hết")).to_contain_text("ngày)")
    await page.get_by_text("Dán danh sách tài khoản").click()
    await page.get_by_label("Mỗi dòng một người").fill("KN2 079888000072\nKHONGCO 1")
    await page.get_by_role("button", name="Kết nối theo danh sách").click()
    await expect(page.get_by_text("dòng 2: không có mã cán bộ KHONGCO")).to_be_visible()
    await expect(page.get_by_label("Mỗi dòng một người")).to_have_value("KN2 079888000072\nKHONGCO 1")
    await _shots(office, "connect-all")
    await left.get_by_role("button", name="Mở tài khoản ký số của Lê Chưa Có").click()
    await expect(page.get_by_role("heading", name="Lê Chưa Có")).to_be_visible()
    assert product.problems == []
