"""Before the year: log in, log out, activate an account, be refused what is not one's own."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.models import Account
from hocba_app.services.accounts import activation
from tests.e2e.conftest import NARROW, Person, Product, new_person


async def test_logging_in_and_out(product: Product, browser: Browser, people: list[Person]) -> None:
    admin = await new_person(product, browser, people, NARROW)
    await admin.open("/")
    await admin.page.wait_for_url(re.compile("/login"))
    await admin.page.fill("#username", product.school.admin_name)
    await admin.page.fill("#password", "sai-mat-khau-roi")
    await admin.page.click("button[type=submit]")
    await expect(admin.page.get_by_role("alert")).to_contain_text("Tên đăng nhập hoặc mật khẩu không đúng")
    await admin.log_in(product.school.admin_name)
    await expect(admin.page.get_by_role("heading", level=1)).to_have_text("Tổng quan")
    cookies = {cookie["name"]: cookie for cookie in await admin.context.cookies()}
    assert cookies["hocba_session"]["httpOnly"] and cookies["hocba_session"]["sameSite"] == "Lax"
    await admin.page.click("summary")
    await admin.page.get_by_role("button", name="Đăng xuất").first.click()
    await expect(admin.page.get_by_role("alert")).to_contain_text("Đã đăng xuất")
    await admin.open("/sync")
    await admin.page.wait_for_url(re.compile("/login"))


async def test_a_teacher_uses_his_code_and_is_refused_the_offices_pages(
    product: Product, browser: Browser, people: list[Person]
) -> None:
    school = product.school
    school.smas.submit("beginning_of_year")
    school.sync()
    school.read_staff()
    teachers = [row for row in school.staff.values() if row.position == "teacher"]
    teacher = teachers[-1]  # not the one whose code other tests used
    with school.db.read(school.school_id) as session:
        account = session.exec(select(Account).where(Account.staff_id == teacher.id)).one()
    [(name, _, code)] = activation.issue_codes(school.db, school.admin, [account.id])
    person = await new_person(product, browser, people, NARROW)
    await person.open("/activate")
    for field, value in (
        ("username", name),
        ("code", code),
        ("password", "mot-mat-khau-dai"),
        ("again", "mot-mat-khau-dai"),
    ):
        await person.page.fill(f"#{field}", value)
    await person.page.click("button[type=submit]")
    await expect(person.page.get_by_role("alert")).to_contain_text("Đã kích hoạt")
    await person.log_in(name)
    for path in ("/sync",):
        await person.open(path)
        await person.page.wait_for_url(re.compile("/forbidden"))
    await expect(person.page.get_by_role("heading", level=1)).to_contain_text("Không có quyền")
