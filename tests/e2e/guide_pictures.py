"""The pictures of ``docs/guide``: one class's year in a browser, a picture at every step the guide describes.

Not collected with the tests, because it writes into ``docs/``; named on the command line it runs::

    python -m pytest tests/e2e/guide_pictures.py -q

The school is generated: no name in a picture is a real person's.
"""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import select

from hocba_app.models import SEAL, Student, Subject
from hocba_app.rehearsal.sample_images import drawn_seal, zipped_signatures
from hocba_app.rehearsal.simulator_processes import PIN
from tests.e2e.conftest import NARROW, WIDE, Person, Product, new_person
from tests.e2e.test_year import PUPILS, Year, _correct_a_mark, _results_of_first, confirm_over_api

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "guide" / "images"
PATIENCE = 60_000
"""Milliseconds: pictures are made on machines that do other things too."""
COLOURS = 128
LARGEST = 80_000


async def keep(page: Page, name: str, *, of: str | Locator = "", until: str | Locator = "", height: int = 0) -> None:
    """A picture of the page as it lies open, or of a part of it.

    Args:
        name: of the file, beginning with the topic's number.
        of: where the picture begins and how wide it is; "" is the whole width from the top.
        until: the last thing on it; "" is the end of ``of``.
        height: at most so many pixels; 0 is one screen and a half.
    """
    await page.wait_for_timeout(400)  # a spinner or a smooth scroll ends
    size = page.viewport_size or WIDE
    await page.evaluate("window.scrollTo(0, 0)")
    begin: Any = await _box(page, of) if of else {"x": 0, "y": 0, "width": size["width"], "height": 1e6}
    end = await _box(page, until) if until else None
    total = await page.evaluate("document.documentElement.scrollHeight")
    edge = 0 if of in ("", "main") else 10
    x, y = max(0, begin["x"] - edge), max(0, begin["y"] - edge)
    bottom = (end["y"] + end["height"] if end else begin["y"] + begin["height"]) + edge
    clip = {
        "x": x,
        "y": y,
        "width": min(begin["width"] + 2 * edge, size["width"] - x),
        "height": min(bottom - y, total - y, height or 1.5 * size["height"]),
    }
    shot = await page.screenshot(clip=clip, full_page=True)  # type: ignore[arg-type]
    with Image.open(io.BytesIO(shot)) as picture:
        flat = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    IMAGES.mkdir(parents=True, exist_ok=True)
    target = IMAGES / f"{name}.png"
    flat.save(target, optimize=True)
    assert target.stat().st_size < LARGEST, f"{name}: {target.stat().st_size} bytes; cut it shorter"


async def _box(page: Page, what: str | Locator) -> dict[str, float]:
    found = page.locator(what).first if isinstance(what, str) else what
    await found.wait_for(timeout=PATIENCE)
    return dict(
        await found.evaluate(
            "e => { const r = e.getBoundingClientRect(); return {x: r.x, y: r.y + scrollY, width: r.width, height: r.height} }"
        )
    )


async def test_pictures_of_the_guide(product: Product, browser: Browser, people: list[Person], tmp_path: Path) -> None:
    year = Year(product)
    smas = await _smas(product, browser, WIDE)
    await _smas_pages(smas)
    await _smas_on_a_phone(product, browser, smas)
    await _submitted(year, smas)
    await _ministry(smas)
    admin = await _person(product, browser, people, WIDE)
    await _logging_in(product, browser, people)
    await admin.log_in(product.school.admin_name)
    await _september(year, admin, tmp_path)
    principal = await _who(year, browser, people, year.school.principal().id, WIDE)
    await _covers(year, admin, principal)
    await _may(year, admin, principal, browser, people)
    await _again(year, admin, principal)
    await _summer(year, smas)
    await smas.context.close()


# --- SMAS [1-10] -----------------------------------------------------------------------------------------------------


async def _smas(
    product: Product, browser: Browser, viewport: dict[str, int], username: str = "admin", password: str = ""
) -> Page:
    """Somebody logged in to the practice SMAS."""
    context = await browser.new_context(base_url=product.school.outside.smas_url, viewport=viewport, locale="vi-VN")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    entry = product.school.entry
    await page.goto("/console/login")
    await page.select_option("[name=school]", entry["code"])
    await page.fill("[name=username]", username)
    await page.fill("[name=password]", password or entry["console_password"])
    await page.get_by_role("button", name="Đăng nhập").click()
    await page.wait_for_url(re.compile("/console/$"))
    return page


async def _smas_pages(page: Page) -> None:
    await page.goto("/console/students")
    await keep(page, "01-hoc-sinh", height=520)
    await page.locator("main table a").first.click()
    await keep(page, "01-sua-hoc-sinh", height=820)
    await page.goto("/console/year")
    await keep(page, "02-ket-chuyen", until="form[action='/console/year/declare']")
    await keep(
        page,
        "04-dang-bo-nhan-xet",
        of=page.get_by_role("heading", name="Số đăng bộ"),
        until="form[action='/console/templates/new']",
        height=620,
    )
    await page.goto("/console/classes")
    await keep(page, "03-lop", height=420)
    await page.goto("/console/assignments")
    await keep(page, "03-phan-cong", height=560)
    await page.goto("/console/comments?subject_id=")
    await keep(page, "04-nhan-xet", height=460)
    await page.goto("/console/marks")
    await keep(page, "07-nhap-diem", height=520)
    await page.goto("/console/outcomes")
    await keep(page, "08-tong-ket", height=480)
    await page.goto("/console/awards")
    await keep(page, "08-khen-thuong", height=480)


async def _smas_on_a_phone(product: Product, browser: Browser, page: Page) -> None:
    """A teacher's new password, and her marks on her phone."""
    await page.goto("/console/assignments")
    teacher = await page.locator("main table select").first.input_value()
    await page.goto(f"/console/staff/{teacher}")
    await keep(
        page,
        "05-cap-lai",
        of=page.get_by_role("heading", name="Tài khoản SMAS"),
        until=page.get_by_role("button", name="Cấp lại mật khẩu"),
    )
    code = await page.input_value("[name=code]")
    await page.get_by_role("button", name="Cấp lại mật khẩu").click()
    await page.locator("main code").wait_for()
    await keep(page, "05-mat-khau-moi", height=320)
    mobile = await _smas(product, browser, NARROW, code, await page.locator("main code").first.inner_text())
    await mobile.goto("/console/marks")
    await keep(mobile, "07-dien-thoai", height=760)
    await mobile.context.close()


async def _submitted(year: Year, page: Page) -> None:
    await page.goto("/console/submissions")
    await page.select_option("[name=what]", "beginning_of_year")
    await page.get_by_role("button", name="Nộp", exact=True).click()
    await expect(page.get_by_text("Sở đã tiếp nhận")).to_be_visible(timeout=PATIENCE)
    await keep(page, "06-nop-dau-nam", height=460)
    for term in ("I", "II"):
        await asyncio.to_thread(year.school.smas.submit, "results", term)
    await page.goto("/console/submissions")
    await keep(page, "09-nop-ket-qua", height=560)


async def _ministry(page: Page) -> None:
    await page.goto("/ministry")
    await page.get_by_role("button", name="Chuyển lên Bộ").first.click()
    await page.get_by_text("Đã chuyển. Biên nhận").wait_for()
    await keep(page, "10-len-bo", height=420)


async def _summer(year: Year, page: Page) -> None:
    """One pupil fails a subject, one has moved in: both only now, when the records are signed."""
    api, subjects = year.school.smas._http, _subject_ids(year)
    first, second = _pupils(year)[-2:]
    for code in ("TOAN", "VAN"):  # one alone would still be enough to pass
        for term in ("I", "II"):
            for kind, index in (
                ("regular", 0),
                ("regular", 1),
                ("regular", 2),
                ("regular", 3),
                ("midterm", 0),
                ("final", 0),
            ):
                mark = {
                    "student_id": first,
                    "subject_id": subjects[code],
                    "term": term,
                    "kind": kind,
                    "index": index,
                    "value": "2",
                }
                assert api.put("/smas/v1/marks", json=mark).status_code < 300
    await page.goto("/console/summer")
    await page.get_by_text("Kết quả mới").first.wait_for()
    await keep(page, "08-danh-gia-lai", height=460)
    await page.goto(f"/console/enrolments/{second}-{year.school.entry['school_year']}")
    await page.select_option("[name=status]", "moved_in")
    await page.get_by_role("button", name="Lưu", exact=True).click()
    for name in ("TOAN", "VAN"):
        for _ in range(4):
            _clear_regular(api, second, subjects[name])
    await page.goto("/console/arrivals")
    await page.get_by_role("button", name="Lưu", exact=True).wait_for()
    await keep(page, "07-chuyen-den", height=420)


def _clear_regular(api: httpx.Client, student: str, subject: str) -> None:
    """One regular mark of term I less; the page shows the subjects that have none."""
    api.put(
        "/smas/v1/marks",
        json={"student_id": student, "subject_id": subject, "term": "I", "kind": "regular", "index": 0, "value": None},
    )


def _subject_ids(year: Year) -> dict[str, str]:
    with year.school.db.read(year.school.school_id) as session:
        return {row.code: row.source_id for row in session.exec(select(Subject)).all()}


def _pupils(year: Year) -> list[str]:
    with year.school.db.read(year.school.school_id) as session:
        return [row.source_id for row in session.exec(select(Student).order_by(Student.code)).all()]


# --- the product [11-29] ---------------------------------------------------------------------------------------------


async def _person(product: Product, browser: Browser, people: list[Person], viewport: dict[str, int]) -> Person:
    person = await new_person(product, browser, people, viewport)
    person.context.set_default_timeout(PATIENCE)
    return person


async def _who(year: Year, browser: Browser, people: list[Person], staff_id: str, viewport: dict[str, int]) -> Person:
    """Somebody of the staff, logged in."""
    person = await _person(year.product, browser, people, viewport)
    await person.log_in(year.school.people[staff_id].username)
    return person


async def _logging_in(product: Product, browser: Browser, people: list[Person]) -> None:
    visitor = await _person(product, browser, people, NARROW)
    await visitor.open("/login")
    await keep(visitor.page, "11-dang-nhap", height=560)
    await visitor.open("/activate")
    await keep(visitor.page, "11-kich-hoat", height=720)


async def _september(year: Year, admin: Person, tmp_path: Path) -> None:
    """Sync, accounts, images, seal, assignments, MySign, who signs covers."""
    page, school = admin.page, year.school
    await admin.open("/sync")
    await page.get_by_text("Sẽ về khi đồng bộ").first.wait_for()
    await keep(page, "12-dong-bo", height=560)
    await page.get_by_role("button", name="Đồng bộ cả trường").click()
    await expect(page.get_by_role("cell", name="Xong").first).to_be_visible(timeout=2 * PATIENCE)
    await asyncio.to_thread(year.jobs_done)
    await asyncio.to_thread(school.confirm_leadership)
    await page.locator("#outcome").wait_for()  # the report of one's own run opens by itself
    runs = page.locator("section", has=page.get_by_role("heading", name="Các lần đồng bộ"))
    await keep(page, "12-ket-qua", of=runs, until=runs.get_by_role("button", name="Trang sau"))
    await keep(page, "12-excel", of=page.locator("section", has=page.get_by_role("heading", name="Nhập, xuất Excel")))
    await admin.open("/")
    await page.get_by_text("Các bước trong năm").wait_for()
    await keep(page, "13-dau-nam", height=1000)
    await admin.open("/accounts")
    await page.get_by_role("button", name="Chọn mọi người chưa kích hoạt").click()
    await page.get_by_role("button", name=re.compile("In mã cho")).wait_for()
    await keep(page, "11-tai-khoan", height=640)
    await asyncio.to_thread(school.read_staff)
    await asyncio.to_thread(school.activate_everybody)
    await asyncio.to_thread(school.read_identities)
    await admin.open("/signing-accounts")
    await page.get_by_role("button", name=re.compile("^(Sửa|Nhập) tài khoản ký số của")).nth(1).click()
    await page.get_by_role("button", name="Kết nối và kiểm tra").wait_for()
    await keep(page, "19-nhap-tai-khoan", of="main", height=620)
    await asyncio.to_thread(school.connect_signers)
    await admin.open("/signing-accounts")
    await page.get_by_text("Sẵn sàng").first.wait_for()
    await keep(page, "19-tai-khoan", height=640)
    await _images(year, admin, tmp_path)
    await admin.open("/assignments")
    await page.get_by_text("Ai ký ở từng lớp").wait_for()
    await page.locator(".place").first.click()
    await page.get_by_role("button", name="Lưu người ký").wait_for()
    await keep(page, "17-doi-nguoi-ky", of="section[aria-label='Đổi người ký']")
    await admin.open("/assignments")
    await keep(page, "17-phan-cong", height=620)
    await admin.open("/signing-settings")
    await page.get_by_text("Tài khoản ký số của con dấu").wait_for()
    if await page.get_by_text("Thêm quyết định ký thay").count():
        await page.get_by_text("Thêm quyết định ký thay").click()
        await keep(
            page, "22-ky-thay", of=page.locator("section", has=page.get_by_role("heading", name="Ký thay Hiệu trưởng"))
        )
        await page.get_by_text("Thêm quyết định ký thay").click()
    await keep(page, "22-nguoi-ky", height=820)
    await keep(
        page,
        "22-con-dau",
        of=page.locator("section", has=page.get_by_role("heading", name="Tài khoản ký số của con dấu")),
    )


async def _images(year: Year, admin: Person, tmp_path: Path) -> None:
    page, school = admin.page, year.school
    (tmp_path / "chu-ky.zip").write_bytes(zipped_signatures([row.code for row in school.staff.values()]))
    (tmp_path / "con-dau.png").write_bytes(drawn_seal())
    await admin.open("/signature-images")
    await page.locator("input[type=file]").first.set_input_files(tmp_path / "chu-ky.zip")
    await page.get_by_role("button", name="Tải lên").click()
    use = page.get_by_role("button", name=f"Dùng {len(school.staff)} ảnh")
    await use.wait_for(timeout=2 * PATIENCE)
    upload = page.locator("section", has=page.get_by_role("heading", name=re.compile("^Lần tải lên")))
    await keep(page, "14-anh-chu-ky", of=upload, height=620)
    await use.click()
    await expect(page.get_by_text(f"{len(school.staff)} ảnh đã lưu")).to_be_visible(timeout=PATIENCE)
    await page.locator("input[type=file]").nth(1).set_input_files(tmp_path / "con-dau.png")
    await page.get_by_role("button", name="Xem trước con dấu").click()
    await page.get_by_alt_text("Ảnh sau xử lý", exact=True).wait_for(timeout=PATIENCE)
    await keep(page, "16-xem-truoc", of=page.locator("section.draft"))
    await page.get_by_role("button", name="Dùng ảnh này").click()
    await expect(page.get_by_alt_text("Con dấu sau xử lý")).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("button", name="Đóng thông báo").click()
    await keep(
        page, "16-con-dau", of=page.locator("section", has=page.get_by_role("heading", name="Con dấu nhà trường"))
    )


async def _covers(year: Year, admin: Person, principal: Person) -> None:
    """Locks; the principal signs the covers, and what his phone shows."""
    page = admin.page
    await admin.open("/lock?kind=cover")
    await page.get_by_role("button", name=re.compile("^Kiểm tra lớp")).first.click()
    await page.get_by_text("Kiểm tra trước khi chốt").wait_for()
    await page.get_by_label("Chỉ hiện học sinh cần xem").click()
    await page.get_by_role("link", name=re.compile("^Xem (Bìa|QTHT|KQHT)")).first.wait_for()
    await keep(page, "18-kiem-tra", of="main", height=740)
    await page.get_by_role("button", name=re.compile(r"Chốt \d+ lớp đã chọn")).click()  # looking at a class chooses it
    await keep(page, "18-xac-nhan", of=page.get_by_role("alertdialog"))
    await page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
    await expect(page.get_by_text("Đã chốt hết").first).to_be_visible(timeout=2 * PATIENCE)
    await asyncio.to_thread(year.jobs_done)
    await principal.open("/sign")
    await principal.page.get_by_role("button", name=re.compile(f"Ký {PUPILS} hồ sơ")).first.wait_for()
    await keep(principal.page, "23-ky-bia", height=520)
    await _sign(
        year,
        principal,
        year.phone_user(year.school.principal().id),
        PUPILS,
        waiting="23-cho-dien-thoai",
        done="23-da-ky",
    )


async def _may(year: Year, admin: Person, principal: Person, browser: Browser, people: list[Person]) -> None:
    """QTHT and results locked, signed by everybody, sealed, printed."""
    school = year.school
    for kind in ("history", "results"):
        await _lock(admin, kind)
        await asyncio.to_thread(year.jobs_done)
    await expect(admin.page.locator("article").get_by_text(f"đã chốt {PUPILS}")).to_have_count(3, timeout=PATIENCE)
    await keep(admin.page, "18-da-chot", of="main", height=620)
    who = year.signers("subject")[0]
    teacher = await _who(year, browser, people, who.staff_id or "", NARROW)
    await teacher.open("/my-signature")
    await teacher.page.get_by_alt_text("Ảnh chữ ký của tôi sau xử lý").wait_for()
    await keep(teacher.page, "15-chu-ky-cua-toi", height=860)
    await teacher.open("/")
    await keep(teacher.page, "13-giao-vien", height=760)
    await teacher.open("/sign")
    await teacher.page.get_by_role("button", name=re.compile(r"(Ký|Đóng dấu) \d+ hồ sơ")).first.wait_for()
    await keep(teacher.page, "24-cho-ky", height=640)
    await _sign(
        year,
        teacher,
        year.phone_user(who.staff_id or ""),
        PUPILS,
        waiting="24-cho-dien-thoai",
        done="24-da-ky",
        phone=True,
    )
    await admin.open("/")
    await admin.page.get_by_text("Tiến độ theo lớp").wait_for()
    chart = admin.page.locator("section", has=admin.page.get_by_role("heading", name="Hồ sơ theo bước"))
    await keep(
        admin.page,
        "13-tong-quan",
        of=chart,
        until=admin.page.locator("details", has_text="Tiến độ từng người"),
    )
    [who] = year.signers("homeroom")
    homeroom = await _who(year, browser, people, who.staff_id or "", NARROW)
    await homeroom.open("/sign")
    late = homeroom.page.locator("section[aria-label='Giáo viên bộ môn chưa ký']")
    await late.get_by_role("button", name=re.compile("^Nhắc .* ký lớp")).first.click()
    await late.get_by_text("Đã nhắc hôm nay").wait_for()
    await keep(homeroom.page, "25-nhac", of=late, height=560)
    await asyncio.to_thread(year.sign_rest, "subject")
    await homeroom.open("/sign")
    await homeroom.page.get_by_role("button", name=re.compile(r"(Ký|Đóng dấu) \d+ hồ sơ")).first.wait_for()
    await keep(homeroom.page, "25-gvcn", height=640)
    await _sign(year, homeroom, year.phone_user(who.staff_id or ""), PUPILS)
    await principal.open("/sign")
    await principal.page.get_by_role("button", name=re.compile(r"Ký tất cả \d+ hồ sơ")).wait_for()
    await keep(principal.page, "26-hieu-truong", height=560)
    await _sign(year, principal, year.phone_user(school.principal().id), 2 * PUPILS, done="26-da-ky")
    keeper = await _who(year, browser, people, school.seal_operator().id, NARROW)
    await keeper.open("/sign")
    await keeper.page.get_by_role("button", name=re.compile(r"(Ký|Đóng dấu) \d+ hồ sơ")).first.wait_for()
    await keep(keeper.page, "27-dong-dau", height=700)
    await _sign(year, keeper, year.phone_user(SEAL), 3 * PUPILS)
    await asyncio.to_thread(year.jobs_done)
    document, _ = await asyncio.to_thread(_results_of_first, school)
    await admin.open(f"/records/{document.id}")
    await admin.page.get_by_text("Chữ ký", exact=True).first.wait_for()
    await keep(admin.page, "27-ho-so", height=860)
    await admin.open("/print")
    await admin.page.select_option("#class", index=1)
    await admin.page.get_by_role("button", name="Tạo gói in cả lớp").click()
    await expect(admin.page.get_by_role("link", name="Tải gói in")).to_be_visible(timeout=2 * PATIENCE)
    await keep(admin.page, "29-in", of="main", height=900)


async def _lock(admin: Person, kind: str) -> None:
    """The office locks every class."""
    page = admin.page
    await admin.open(f"/lock?kind={kind}")
    await page.get_by_role("button", name="Chọn mọi lớp còn học sinh chưa chốt").click()
    await page.get_by_role("button", name=re.compile(r"Chốt \d+ lớp đã chọn")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
    await expect(page.get_by_text("Đã chốt hết").first).to_be_visible(timeout=2 * PATIENCE)


async def _sign(
    year: Year, person: Person, user: str, records: int, *, waiting: str = "", done: str = "", phone: bool = False
) -> None:
    """One tap, the phone, done; pictures on the way."""
    page, narrow = person.page, (person.page.viewport_size or WIDE)["width"] == NARROW["width"]
    await page.get_by_role("button", name=re.compile(f"(Ký|Đóng dấu) (tất cả )?{records} hồ sơ")).last.click()
    await expect(page.get_by_text("Mở ứng dụng MySign")).to_be_visible(timeout=2 * PATIENCE)
    left = await page.locator(".countdown").first.get_attribute("aria-label") or ""
    assert 60 < int(left.split()[0]) <= 120, f"{left}: the phone gives 120"
    if waiting:
        await keep(page, waiting, height=620 if narrow else 460)
    if phone:
        await _phone(year, person, user)
    else:
        await confirm_over_api(year.school, user)
    await expect(page.get_by_text(re.compile(f"{records}/{records} hồ sơ đã (ký|đóng dấu)")).first).to_be_visible(
        timeout=2 * PATIENCE
    )
    await expect(page.get_by_text(re.compile("Đã (ký|đóng dấu) xong")).first).to_be_visible(timeout=PATIENCE)
    if done:
        await keep(page, done, height=620 if narrow else 460)


async def _phone(year: Year, person: Person, user: str) -> None:
    """The MySign app beside: the request, the way to a new PIN."""
    page = await person.context.new_page()
    await page.goto(f"{year.product.phone}?user={user}")
    await page.get_by_role("button", name="Kích hoạt").first.click()
    await keep(page, "20-kich-hoat", height=660)
    await page.get_by_role("button", name="Quên mã PIN").click()
    await keep(page, "21-quen-pin", height=860)
    await page.get_by_role("button", name="Yêu cầu ký").click()
    await page.locator("input[id^=pin-]").fill(PIN)
    await expect(page.get_by_text(re.compile("^KQHT ")).first).to_be_visible()
    await keep(page, "20-xac-nhan", height=760)
    await page.get_by_role("button", name="Xác nhận ký").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã xác nhận ký")
    await page.close()


async def _again(year: Year, admin: Person, principal: Person) -> None:
    """A mark is corrected; unlock: the request, the answer."""
    document, _ = await asyncio.to_thread(_results_of_first, year.school)
    await asyncio.to_thread(_correct_a_mark, year.school, document)
    await admin.open("/sync")
    await admin.page.get_by_role("button", name="Đồng bộ cả trường").click()
    await expect(admin.page.get_by_text("khác với dữ liệu mới")).to_be_visible(timeout=2 * PATIENCE)
    await admin.open(f"/records/{document.id}")
    await admin.page.get_by_role("button", name="Hủy chốt…").click()
    await admin.page.fill("#unlock-reason", "Sửa điểm Toán học kì II.")
    await keep(admin.page, "28-de-nghi", of="main", until=admin.page.get_by_role("alertdialog"), height=900)
    await admin.page.get_by_role("button", name="Gửi đề nghị hủy chốt").click()
    await expect(admin.page.get_by_role("alertdialog")).to_have_count(0, timeout=PATIENCE)
    await principal.open("/unlock")
    await principal.page.get_by_role("button", name="Duyệt hủy chốt").wait_for()
    await keep(principal.page, "28-duyet", height=760)
