"""The teacher's path without a mouse: Tab, Space and Enter from the login page to the tap on "Ký".

The teacher and what waits for him are this test's own, of a year long past, and gone after it: the other tests play the
school's year undisturbed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from hocba_app.models import (
    Account,
    Document,
    DocumentVersion,
    LoginName,
    LoginSession,
    Reminder,
    SchoolClass,
    Slot,
    Staff,
    Student,
)
from hocba_app.services.accounts.passwords import hash_password
from tests.e2e.conftest import PASSWORD, WIDE, Person, Product, new_person

PUPILS = 2
USERNAME, COLLEAGUE = "gv.banphim", "gv.donghanh"
_FOCUS = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const name = element.getAttribute("aria-label") || [...(element.labels || [])].map(label => label.textContent).join(" ") || element.textContent;
    return {name: name.trim(), outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth), seen: element.checkVisibility()};
}"""


@dataclass
class Made:
    """Ids of what this test put into the school."""

    class_id: str
    teacher: str
    colleague: str


def _staff(session: object, number: int, username: str) -> str:
    staff = Staff(
        source_id=f"kb{number}",
        code=f"KB{number}",
        full_name=f"Trần Bàn Phím {number}",
        id_number=f"07988800000{number}",
    )
    session.add(staff)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    account = Account(
        username=username, staff_id=staff.id, full_name=staff.full_name, password_hash=hash_password(PASSWORD)
    )
    session.add(account)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    session.add(LoginName(name=username, school_id=account.school_id, account_id=account.id))  # type: ignore[attr-defined]
    return staff.id


def _said(name: str) -> dict[str, object]:
    """What the record says, as far as its teachers read it."""
    subjects = [
        {"code": code, "name": code, "kind": "marked", "term1": "8.0", "term2": "8.0", "year": "8.0", "comment": "Tốt."}
        for code in ("TOAN", "VAN", "GDTC")
    ]
    return {"kind": "results", "student": {"full_name": name}, "results": {"regime": "TT22", "subjects": subjects}}


@pytest.fixture
def waiting(product: Product) -> Iterator[Made]:
    """A homeroom teacher for whom two rows of two records wait, and a colleague who has not signed either."""
    school = product.school
    with school.db.write(school.school_id) as session:
        teacher, colleague = _staff(session, 1, USERNAME), _staff(session, 2, COLLEAGUE)
        row = SchoolClass(
            source_id="kb",
            code="9KB",
            name="9KB",
            grade=9,
            regime="TT22",
            school_year="2001-2002",
            homeroom_staff_id=teacher,
        )
        session.add(row)
        session.flush()
        for number in range(PUPILS):
            student = Student(
                source_id=f"kb{number}", code=f"KB{number}", full_name=f"Lê Thị Phím {number}", sort_name=str(number)
            )
            session.add(student)
            session.flush()
            document = Document(
                student_id=student.id,
                class_id=row.id,
                kind="results",
                school_year="2001-2002",
                state="locked",
                next_stage="subject",
            )
            session.add(document)
            session.flush()
            version = DocumentVersion(
                document_id=document.id,
                number=1,
                snapshot=_said(student.full_name),
                snapshot_sha256="",
                salt="",
                code=f"KB{number}",
                class_id=row.id,
            )
            session.add(version)
            session.flush()
            document.version_id = version.id
            for position, (code, staff_id) in enumerate((("TOAN", teacher), ("VAN", teacher), ("GDTC", colleague))):
                session.add(
                    Slot(
                        version_id=version.id,
                        document_id=document.id,
                        field=f"s.{code}",
                        stage="subject",
                        rows=[code],
                        position=position,
                        staff_id=staff_id,
                    )
                )
    made = Made(row.id, teacher, colleague)
    yield made
    _clear(product, made)


def _clear(product: Product, made: Made) -> None:
    school = product.school
    with school.db.write(school.school_id) as session:
        documents = session.exec(select(Document).where(Document.class_id == made.class_id)).all()
        people = [made.teacher, made.colleague]
        accounts = session.exec(select(Account).where(Account.staff_id.in_(people))).all()  # type: ignore[union-attr]
        ids = [account.id for account in accounts]
        gone = [
            session.exec(select(Slot).where(Slot.document_id.in_([row.id for row in documents]))).all(),  # type: ignore[attr-defined]
            session.exec(select(DocumentVersion).where(DocumentVersion.class_id == made.class_id)).all(),
            documents,
            [session.get_one(Student, (school.school_id, row.student_id)) for row in documents],
            session.exec(select(Reminder).where(Reminder.class_id == made.class_id)).all(),
            [session.get_one(SchoolClass, (school.school_id, made.class_id))],
            session.exec(select(LoginSession).where(LoginSession.account_id.in_(ids))).all(),  # type: ignore[attr-defined]
            session.exec(select(LoginName).where(LoginName.account_id.in_(ids))).all(),  # type: ignore[attr-defined]
            accounts,
            [session.get_one(Staff, (school.school_id, staff_id)) for staff_id in people],
        ]
        for rows in gone:
            for entry in rows:
                session.delete(entry)
            session.flush()


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus; wherever it passes, it is seen."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(_FOCUS)
        if focus is None:
            continue
        assert focus["outline"] >= 2 and focus["seen"], focus
        if focus["name"].startswith(name):
            return
    raise AssertionError(f"Tab never reaches «{name}»")


async def test_a_teacher_reaches_the_tap_with_the_keyboard_alone(
    product: Product, browser: Browser, people: list[Person], waiting: Made
) -> None:
    teacher = await new_person(product, browser, people, WIDE)
    page = teacher.page
    await teacher.open("/login")
    if not (await page.evaluate(_FOCUS) or {"name": ""})["name"].startswith("Tên đăng nhập"):
        await tab_to(page, "Tên đăng nhập")
    await page.keyboard.type(USERNAME)
    await tab_to(page, "Mật khẩu")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/login" not in url)
    await page.wait_for_load_state("networkidle")
    await tab_to(page, "Ký học bạ")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sign")
    groups = page.get_by_role("article").filter(has=page.get_by_role("checkbox"))
    await expect(groups).to_have_count(2)
    # One group is chosen with Space, and the button below counts it.
    await tab_to(page, "Chọn 9KB")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("checkbox").first).to_be_checked()
    await expect(page.get_by_role("button", name=f"Ký {PUPILS} hồ sơ đã chọn")).to_be_visible()
    # Its records are looked through.
    await tab_to(page, "Xem nội dung 9KB")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Lê Thị Phím")).to_have_count(PUPILS)
    await teacher.shots("sign-homeroom")
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    # A colleague is reminded.
    await tab_to(page, "Nhắc Trần Bàn Phím 2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Đã nhắc hôm nay")).to_be_visible()
    # The tap itself: this teacher has no account to sign with, and is told so instead of a request going to a phone.
    await tab_to(page, f"Ký {PUPILS} hồ sơ đã chọn")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").first).to_contain_text("tài khoản ký số")
    await expect(groups).to_have_count(2)

    colleague = await new_person(product, browser, people, WIDE)
    await colleague.log_in(COLLEAGUE)
    await colleague.open("/sign")
    await expect(colleague.page.get_by_text(f"Trần Bàn Phím 1 nhắc thầy cô ký {PUPILS} hồ sơ lớp 9KB.")).to_be_visible()
    await colleague.shots("sign-reminded")
    await colleague.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    await tab_to(colleague.page, "Đã biết")
    await colleague.page.keyboard.press("Enter")
    await expect(colleague.page.get_by_text("Đã cất lời nhắc")).to_be_visible()
    await colleague.shots("sign-undo")
    # Put away by mistake: Ctrl+Z brings it back.
    await colleague.page.keyboard.press("Control+z")
    await expect(colleague.page.get_by_text("Đã hoàn tác.")).to_be_visible()
    await expect(colleague.page.get_by_role("button", name="Đã biết")).to_be_visible()
