"""A pupil's page in a browser, after the year: records of another school given, judged, decided on; a pupil locked for himself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.models import Document, Enrolment, Student
from hocba_app.services.storage.files import current_file
from tests.e2e.conftest import WIDE, Person, Product, new_person


async def test_a_pupils_page(product: Product, browser: Browser, people: list[Person], tmp_path: Path) -> None:
    school = product.school
    with school.db.read(school.school_id) as session:
        sealed = session.exec(
            select(Document).where(Document.kind == "results", Document.state == "sealed").order_by(Document.id)
        ).first()
        if sealed is None:
            pytest.skip("the year (test_year.py) was not played before")
        owner = session.get_one(Student, (school.school_id, sealed.student_id))
        other = session.exec(
            select(Student).where(Student.id != owner.id, Student.full_name != owner.full_name).order_by(Student.id)
        ).first()
        assert other is not None
        (tmp_path / "hoc-ba-truong-cu.pdf").write_bytes(current_file(session, sealed.version_id or ""))
    (tmp_path / "ban-quet.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n")
    admin = await new_person(product, browser, people, WIDE)
    await admin.log_in(school.admin_name)

    await admin.open(f"/records/{sealed.id}")
    await admin.page.get_by_role("link", name="Mọi hồ sơ của học sinh").click()
    await expect(admin.page.get_by_role("heading", name=owner.full_name)).to_be_visible()
    await expect(admin.page.get_by_role("link", name="Kết quả học tập 2025-2026")).to_be_visible()

    # His own record, by a school that holds the seal: attached at once. Another pupil's page asks first.
    await admin.page.locator("#given").set_input_files([tmp_path / "hoc-ba-truong-cu.pdf", tmp_path / "ban-quet.pdf"])
    await admin.page.get_by_role("button", name="Tải lên và kiểm tra").click()
    await expect(admin.page.get_by_text("Hợp lệ", exact=True)).to_be_visible(timeout=180_000)
    await expect(admin.page.get_by_text("Chưa kết luận", exact=True)).to_be_visible(timeout=180_000)
    await admin.page.get_by_role("button", name="Vẫn đính kèm…").click()
    await admin.page.fill("#attached-reason", "Bản quét có dấu đỏ, đã đối chiếu bản giấy")
    await admin.shots("pupil-decide")
    await admin.page.get_by_role("button", name="Đính kèm", exact=True).click()
    await expect(admin.page.get_by_text("Đính kèm theo quyết định của nhà trường:")).to_be_visible()
    async with admin.page.expect_download() as started:
        await (
            admin.page.get_by_role("listitem")
            .filter(has_text="hoc-ba-truong-cu.pdf")
            .get_by_role("link", name="Tải tệp")
            .click()
        )
    await (await started.value).save_as(tmp_path / "tai-ve.pdf")
    assert (tmp_path / "tai-ve.pdf").read_bytes() == (tmp_path / "hoc-ba-truong-cu.pdf").read_bytes()

    await admin.open(f"/students/{other.id}")
    await admin.page.locator("#given").set_input_files(tmp_path / "hoc-ba-truong-cu.pdf")
    await admin.page.get_by_role("button", name="Tải lên và kiểm tra").click()
    await expect(admin.page.get_by_text("Không thấy họ tên của học sinh trong tệp.")).to_be_visible(timeout=180_000)
    await admin.page.get_by_role("button", name="Bỏ tệp này").click()
    await expect(admin.page.get_by_text("Đã bỏ tệp, không đính kèm.")).to_be_visible()

    assert product.problems == []


async def test_a_pupil_who_leaves_is_locked_for_himself(
    product: Product, browser: Browser, people: list[Person]
) -> None:
    """He came today and leaves again before anything was entered."""
    school = product.school
    with school.db.read(school.school_id) as session:
        synced = session.exec(select(Enrolment.id).limit(1)).first() is not None
    if not synced:  # this test alone
        school.smas.submit("beginning_of_year")
        school.sync()
    admin = await new_person(product, browser, people, WIDE)
    await admin.log_in(school.admin_name)
    with school.db.write(school.school_id) as session:
        enrolment = session.exec(select(Enrolment)).first()
        assert enrolment is not None
        leaver = Student(
            source_id="e2e-900",
            code="HS900",
            full_name="Thạch Sô Phi",
            sort_name="phi",
            birth_date="2014-01-02",
            id_number="079314009009",
        )
        session.add(leaver)
        session.flush()
        session.add(
            Enrolment(
                source_id="e2e-900",
                student_id=leaver.id,
                class_id=enrolment.class_id,
                school_year=enrolment.school_year,
                status="moved_out",
                to_date="2026-05-20",
            )
        )
    await admin.open(f"/students/{leaver.id}")
    await expect(admin.page.get_by_text("Chuyển đi ngày 20/05/2026").first).to_be_visible()
    await admin.shots("pupil-leaving")
    await admin.page.get_by_role("link", name="Chốt riêng").last.click()
    await admin.page.get_by_role("button", name="Chốt riêng Thạch Sô Phi").click()
    await admin.shots("lock-alone")
    await admin.page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
    deadline = time.monotonic() + 180
    while not (locked := _states(product, leaver.id)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)
    assert locked == [("results", "locked")], "nothing else was locked with him"
    assert product.problems == []


def _states(product: Product, student_id: str) -> list[tuple[str, str]]:
    school = product.school
    with school.db.read(school.school_id) as session:
        return [
            (row.kind, row.state)
            for row in session.exec(select(Document).where(Document.student_id == student_id)).all()
        ]
