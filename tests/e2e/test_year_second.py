"""The second September, as a person meets it: the new year is offered, brought in, and last year's rest stays beside it.

The last of the browser tests by name: the school goes on into another year.
"""

from __future__ import annotations

import asyncio
import re
import time

from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.domain.school_calendar import year_after
from hocba_app.models import Document, Job, Slot
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.records.lock import start_lock
from hocba_app.services.unlocking.unlock import request_unlock
from tests.e2e.conftest import NARROW, WIDE, Person, Product, new_person
from tests.e2e.test_year import Year

NEWCOMERS = 2


def _last_year_with_a_rest(year: Year) -> str:
    """The year in the product, with at least one record locked and not signed. Returns a teacher it waits for."""
    school = year.school
    with school.db.read(school.school_id) as session:
        sealed = Document.kind == "results", Document.state == "sealed"  # not of somebody who left before any mark
        results = session.exec(select(Document).where(*sealed).order_by(Document.id)).all()
    if not results:  # this test alone
        year.prepare()
        school.sync()
        year.people_ready()
    classes = school.classes()
    if results:
        principal = school.people[school.principal().id]
        request_unlock(school.db, principal, [results[0].id], "Đính chính nhận xét")
    school.done(*(start_lock(school.db, school.admin, kind="results", class_id=each.id) for each in classes))
    with school.db.read(school.school_id) as session:
        found = session.exec(
            select(Slot.staff_id)
            .join(Document, Document.version_id == Slot.version_id)
            .where(Slot.signed_at.is_(None), Slot.stage == "subject", Document.state.in_(("locked", "signing")))
        ).first()
    assert found is not None
    return found


def _declare_next(year: Year) -> str:
    """SMAS: declared, carried on, two newcomers, submitted."""
    smas = year.school.smas
    new = year_after(year.school.entry["school_year"])
    smas.declare(new)
    class_id = next(iter(smas.records("classes")))
    smas.admit(NEWCOMERS, class_id=class_id, moved_in_on=f"{new[:4]}-09-08")
    smas.submit("beginning_of_year")
    return new


def _jobs_over(year: Year) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with year.school.db.read(year.school.school_id) as session:
            if not session.exec(select(Job.id).where(Job.state.in_(LIVE), Job.kind.in_(("sync", "lock")))).all():
                return
        time.sleep(0.2)
    raise AssertionError("jobs still run")


async def test_the_second_september(product: Product, browser: Browser, people: list[Person]) -> None:
    year = Year(product)
    old = year.school.entry["school_year"]
    teacher_id = await asyncio.to_thread(_last_year_with_a_rest, year)
    new = await asyncio.to_thread(_declare_next, year)
    admin = await new_person(product, browser, people, WIDE)
    await admin.log_in(year.school.admin_name)

    # Tổng quan says so, and leads there
    await admin.open("/sync")  # the sector is asked when the page opens
    await admin.open("/")
    await expect(admin.page.get_by_text(f"Năm học mới {new}")).to_be_visible()
    await admin.page.get_by_role("link", name=f"Đồng bộ {new}").click()
    await admin.page.wait_for_url(re.compile(f"/sync\\?year={new}"))
    await admin.page.get_by_role("button", name="Đồng bộ cả trường").click()
    await expect(admin.page.get_by_text(new).first).to_be_visible()
    await asyncio.sleep(1)
    await asyncio.to_thread(_jobs_over, year)

    # The screens have gone on; what is left of last year is named
    await admin.open("/")
    await expect(admin.page.get_by_text(f"năm học {new}").first).to_be_visible()
    rest = admin.page.get_by_text(re.compile(f"Năm học {old} còn \\d+ hồ sơ chưa xong"))
    await expect(rest).to_be_visible()
    await admin.shots("second-september")
    await admin.page.get_by_role("link", name=f"Xem năm học {old}").click()
    await admin.page.wait_for_url(re.compile(f"/records\\?year={old}"))
    await expect(admin.page.locator("#year")).to_have_value(old)
    await expect(admin.page.get_by_role("row").nth(1)).to_be_visible()

    # Covers: carried-over pupils have theirs, the newcomers get one
    await admin.open("/lock?kind=cover")
    before = len(year.states("cover"))
    await admin.page.get_by_role("button", name="Chọn mọi lớp còn học sinh chưa chốt").click()
    await admin.page.get_by_role("button", name=re.compile(r"Chốt \d+ lớp đã chọn")).click()
    await admin.page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
    await expect(admin.page.get_by_role("alertdialog")).to_have_count(0)
    await asyncio.sleep(1)
    await asyncio.to_thread(_jobs_over, year)
    expected = NEWCOMERS if before else len(year.states("cover"))
    assert len(year.states("cover")) == before + expected

    # Last year can still be locked and closed only when it is finished
    await admin.open(f"/lock?kind=results&year={old}")
    await expect(admin.page.locator("#year")).to_have_value(old)
    await expect(admin.page.get_by_role("row", name=re.compile("6A1")).first).to_be_visible()
    await admin.open("/years")
    card = admin.page.locator(f"#year-{old}")
    await expect(card).to_contain_text("Còn việc chưa xong")
    await card.get_by_role("button", name="Khóa sổ năm học").click()
    await expect(card.get_by_role("alertdialog")).to_contain_text("Chưa khóa sổ được")
    await admin.shots("years")

    # Who must still sign last year's record sees it in his queue
    teacher = await new_person(product, browser, people, NARROW)
    await teacher.log_in(year.school.people[teacher_id].username)
    await teacher.open("/sign")
    await expect(teacher.page.get_by_text(re.compile(old)).first).to_be_visible()
    assert product.problems == []
