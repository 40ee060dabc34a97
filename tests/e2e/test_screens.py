"""Seeing what one signs, saying no to one, knowing what waits – at 1280 and 390 px, after the first steps and before the year."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.models import (
    Account,
    Document,
    DocumentVersion,
    LoginName,
    LoginSession,
    RecordObjection,
    Reminder,
    School,
    SchoolClass,
    Slot,
    Staff,
    Student,
)
from hocba_app.services.accounts.passwords import hash_password
from hocba_app.services.audit.log import notify_all
from tests.e2e.conftest import NARROW, PASSWORD, WIDE, Person, Product, new_person

PUPILS = 3
YEAR = "2002-2003"
TEACHER = "mh-bomon"


def _snapshot(name: str, number: int) -> dict[str, object]:
    row = {"code": "TOAN", "name": "Toán", "kind": "marked", "term1": "6.5", "term2": "9.5", "year": "8.5"}
    row |= {"reassessed": None, "comment": "Chăm chỉ.", "note": None}
    terms = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    return {
        "kind": "results",
        "school": {"level": "lower_secondary"},
        "grade": 9,
        "student": {
            "full_name": name,
            "code": f"MH{number}",
            "birth_date": "2013-02-01",
            "sex": "Nữ",
            "id_number": None,
        },
        "results": {
            "regime": "TT22",
            "subjects": [row],
            "learning": terms,
            "training": terms,
            "absences": {"term1": 0, "term2": 1, "year": 1},
            "promotion": "promoted",
            "promotion_note": None,
            "title": None,
            "awards": [],
            "homeroom_comment": "Ngoan.",
        },
    }


@pytest.fixture
def class_id(product: Product) -> Iterator[str]:
    """A teacher for whom the mathematics of a class wait; taken away afterwards."""
    school = product.school
    made: list[object] = []
    with school.db.write(school.school_id) as session:

        def add(row: object) -> None:
            session.add(row)
            session.flush()
            made.append(row)

        staff = Staff(source_id="mh", code="MH1", full_name="Trần Màn Hình", id_number="079888000009")
        add(staff)
        account = Account(
            username=TEACHER, staff_id=staff.id, full_name=staff.full_name, password_hash=hash_password(PASSWORD)
        )
        add(account)
        add(LoginName(name=TEACHER, school_id=school.school_id, account_id=account.id))
        of_class = SchoolClass(
            source_id="mh", code="9MH", name="9MH", grade=9, regime="TT22", school_year=YEAR, homeroom_staff_id=staff.id
        )
        add(of_class)
        for number in range(PUPILS):
            student = Student(
                source_id=f"mh{number}", code=f"MH{number}", full_name=f"Lê Màn Hình {number}", sort_name=str(number)
            )
            add(student)
            document = Document(
                student_id=student.id, class_id=of_class.id, kind="results", school_year=YEAR, state="locked",
                next_stage="subject", version_number=1,
            )  # fmt: skip
            add(document)
            version = DocumentVersion(
                document_id=document.id,
                number=1,
                snapshot=_snapshot(student.full_name, number),
                snapshot_sha256="",
                salt="",
                code=f"MH{number}",
                class_id=of_class.id,
            )
            add(version)
            document.version_id = version.id
            add(
                Slot(
                    version_id=version.id,
                    document_id=document.id,
                    field="s.TOAN.1",
                    stage="subject",
                    rows=["TOAN"],
                    staff_id=staff.id,
                )
            )
        ids = [(type(row), row) for row in made]
        own, accounts = of_class.id, account.id
        notify_all(session)  # what is kept in the web process is of before
    yield own
    with school.db.write(school.school_id) as session:
        documents = session.exec(select(Document.id).where(Document.class_id == own)).all()
        for table, column, wanted in (
            (RecordObjection, RecordObjection.document_id, list(documents)),
            (Reminder, Reminder.class_id, [own]),
            (LoginSession, LoginSession.account_id, [accounts]),
        ):
            for row in session.exec(select(table).where(column.in_(wanted))).all():  # type: ignore[attr-defined]
                session.delete(row)
        session.flush()
        for _, row in reversed(ids):
            session.delete(session.merge(row))
            session.flush()


async def _shots(person: Person, name: str) -> None:
    """The mouse out of the way: a link it happens to lie on would be judged while its colour changes."""
    await person.page.mouse.move(1, 1)
    await person.shots(name)


async def test_a_teacher_reads_leaves_one_out_and_reports_another(
    product: Product, browser: Browser, people: list[Person], class_id: str
) -> None:
    teacher = await new_person(product, browser, people, NARROW)
    page = teacher.page
    await teacher.log_in(TEACHER)
    # What waits: on the home page with its number and button, and in the menu.
    await expect(page.get_by_text(f"{PUPILS} hồ sơ chờ thầy cô ký")).to_be_visible()
    await _shots(teacher, "home-teacher")
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await page.get_by_role("link", name="Ký ngay").click()
    await page.wait_for_url("**/sign")
    # His subject's marks, with commas, and what strikes.
    await page.get_by_role("button", name="Xem nội dung 9MH").click()
    region = page.get_by_role("region", name="Nội dung sẽ ký")
    await expect(region.get_by_text("6,5").first).to_be_visible()
    await expect(region.get_by_text("Hai học kì chênh 3,0 điểm.").first).to_be_visible()
    await _shots(teacher, "sign-content")
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    await region.get_by_role("button", name="Học sinh").click()
    await expect(region.locator("th[aria-sort=ascending]")).to_have_count(1)
    # One is left out: the button says what is signed.
    await region.get_by_role("checkbox", name="Ký hồ sơ của Lê Màn Hình 2").click()
    await expect(page.get_by_role("button", name=f"Ký {PUPILS - 1} hồ sơ")).to_be_visible()
    await region.get_by_role("checkbox", name="Ký hồ sơ của Lê Màn Hình 2").click()
    # Another is reported: it alone is held.
    await region.get_by_role("button", name="Báo sai trên hồ sơ của Lê Màn Hình 1").click()
    await page.get_by_label("Sai thế nào, đúng ra là gì").fill("Học kì II là 8,5")
    await _shots(teacher, "sign-report")
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Gửi báo sai").click()
    await expect(page.get_by_text("Đã báo sai: Lê Màn Hình 1")).to_be_visible()
    await expect(page.get_by_role("button", name=f"Ký {PUPILS - 1} hồ sơ")).to_be_visible()
    await expect(region.get_by_role("checkbox", name="Ký hồ sơ của Lê Màn Hình 1")).to_be_disabled()
    # A record is read on the phone and turned over.
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await region.get_by_role("link", name="Lê Màn Hình 0").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Lê Màn Hình 0")
    await expect(page.get_by_text("Được lên lớp")).to_be_visible()
    await _shots(teacher, "read-record")
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await page.get_by_role("link", name="Sau").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Lê Màn Hình 1")
    await expect(page.get_by_text("Học kì II là 8,5")).to_be_visible()

    # The office sees it wait, answers, and the record comes back with both sentences.
    office = await new_person(product, browser, people, WIDE)
    await office.log_in(product.school.admin_name)
    await expect(office.page.get_by_text("1 hồ sơ bị báo sai")).to_be_visible()
    await expect(office.page.get_by_text("Không có việc nào chờ thầy cô")).to_have_count(0)
    await expect(office.page.get_by_role("link", name=re.compile("Báo sai 1 việc chờ"))).to_have_count(1)
    await office.open("/objections")
    await _shots(office, "objections")
    await office.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    await office.page.get_by_role("button", name="Trả lời: hồ sơ đúng").click()
    await office.page.get_by_label("Vì sao hồ sơ đúng").fill("Sổ điểm ghi 9,5")
    await office.page.get_by_role("button", name="Gửi trả lời").click()
    await expect(office.page.get_by_text("Không có báo sai nào ở đây")).to_be_visible()
    await teacher.open("/sign")
    await expect(page.get_by_role("button", name=f"Ký {PUPILS} hồ sơ")).to_be_visible(timeout=30_000)
    # The group he had open in this tab is open again: a press would close it.
    group = page.get_by_role("button", name="Xem nội dung 9MH")
    if await group.get_attribute("aria-expanded") != "true":
        await group.click()
    await expect(page.get_by_text("Sổ điểm ghi 9,5").first).to_be_visible()
    assert product.problems == []


async def test_everybody_is_reminded_at_once_with_a_text_for_the_chat(
    product: Product, browser: Browser, people: list[Person], class_id: str
) -> None:
    school = product.school

    def of_this_year(year: str) -> None:
        with school.db.write(school.school_id) as session:
            session.get_one(SchoolClass, (school.school_id, class_id)).school_year = year
            notify_all(session)

    with school.db.installation() as session:
        current = session.get_one(School, school.school_id).current_year
    await asyncio.to_thread(of_this_year, current)
    office = await new_person(product, browser, people, WIDE)
    await office.log_in(school.admin_name)
    await office.page.get_by_role("button", name="Nhắc tất cả").click()
    await expect(office.page.get_by_label("Lời nhắn để chép vào nhóm chat")).to_have_value(
        re.compile(rf"Trần Màn Hình: 9MH \({PUPILS} hồ sơ\)")
    )
    await _shots(office, "remind-all")
    assert product.problems == []
