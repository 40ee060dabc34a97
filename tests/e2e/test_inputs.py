"""Inputs as they really come: a vnEdu-shaped .xls mapped once and put right on the page; a signature on lined paper, cropped."""

from __future__ import annotations

import io
import re
from pathlib import Path

import openpyxl
from PIL import Image
from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.domain.search_text import fold
from hocba_app.models import Account, SchoolClass, Staff, Student, StudentResult, Subject
from hocba_app.models.repositories.membership import memberships_of_year
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.sheet_rows import Rows
from tests.e2e.conftest import NARROW, PASSWORD, WIDE, Person, Product, new_person
from tests.unit.ink import photos
from tests.unit.sync.test_workbook_cells import sheets
from tests.unit.sync.wide_forms import by_xlwt, secondary_summary

YEAR = "2025-2026"


def _form(product: Product, path: Path) -> tuple[str, str]:
    """A class's summary as vnEdu exports it, with a foreign head, a wrong mark and a missing one; the pupils' codes of those."""
    school = product.school
    with school.db.read(school.school_id) as session:
        places = memberships_of_year(session, YEAR)
        pupils = [row for row in session.exec(select(Student).order_by(Student.code)).all() if row.id in places]
        marked = [row for row in session.exec(select(Subject)).all() if row.kind == "marked"][:2]
        assert session.exec(select(SchoolClass)).first() is not None
    rows = []
    for number, pupil in enumerate(pupils):
        born = "/".join(reversed(pupil.birth_date.split("-")))
        marks = ["8,2", "8,5", "8,4", "7,1", "7,4", "7,3"]
        if number < 2:
            marks[4 * number] = ("8..5", "mười")[number]
        rows.append([pupil.code, pupil.full_name, born, *marks, *("Tốt",) * 6, "2", None, "x"])
    form = secondary_summary((marked[0].name, "Môn lạ"), rows)
    path.write_bytes(by_xlwt(form))
    return marked[0].code, marked[1].code


def _read(path: Path) -> Rows:
    return read_rows(sheets(path.read_bytes()))


async def test_the_clerk_maps_once_looks_corrects_two_cells_and_imports(
    product: Product, browser: Browser, people: list[Person], tmp_path: Path
) -> None:
    school = product.school
    school.smas.submit("beginning_of_year")
    school.sync()
    first, second = _form(product, tmp_path / "vnedu-6a1.xls")
    clerk = await new_person(product, browser, people, WIDE)
    await clerk.log_in(school.admin_name)
    await clerk.open("/sync")
    await clerk.page.set_input_files("#workbook", tmp_path / "vnedu-6a1.xls")
    await clerk.page.get_by_role("button", name="Tải lên và xem trước").click()
    await clerk.page.wait_for_url(re.compile(r"/workbooks/?\?id="))
    page = clerk.page
    await expect(page.get_by_role("heading", name="Ý nghĩa của cột (3)")).to_be_visible()
    await clerk.shots("workbook-columns")
    selects = page.locator("select[data-column]")
    for number, term in enumerate(("term1", "term2", "year")):
        await selects.nth(number).select_option(f"subject_results/{second}/{term}")
    await page.click("#explain")
    await expect(page.get_by_role("button", name=re.compile("Bị từ chối"))).to_be_visible()
    await clerk.shots("workbook-refused")
    cells = page.get_by_role("textbox", name=re.compile("Ghi lại ô"))
    await expect(cells).to_have_count(2)
    await cells.nth(0).fill("8,5")
    await cells.nth(1).fill("7,4")
    await cells.nth(1).press("Tab")
    await expect(page.locator("#send")).to_contain_text("(2)")
    await page.click("#send")
    await expect(page.locator("#import")).to_be_enabled()
    await expect(page.get_by_text("Không còn ô sai")).to_be_visible()
    await clerk.shots("workbook-preview")
    with school.db.read(school.school_id) as session:
        assert session.exec(select(StudentResult)).all() == [], "nothing is written before he says so"
    await page.click("#import")
    await expect(page.get_by_text("Đã nhập xong.")).to_be_visible()
    await clerk.shots("workbook-done")
    with school.db.read(school.school_id) as session:
        results = session.exec(select(StudentResult)).all()
        kept = {entry["subject_code"] for row in results for entry in row.payload["subjects"]}
        terms = {
            entry["term1"] for row in results for entry in row.payload["subjects"] if entry["subject_code"] == first
        }
    assert len(results) == 12 and kept == {first, second} and terms == {"8.2", "8.5"}
    await clerk.open("/records")
    await page.select_option("#class", index=1)
    summary = page.get_by_role("link", name="Bảng tổng hợp kết quả (Excel)")
    await expect(summary).to_be_visible()
    await clerk.shots("records-of-a-class")
    async with page.expect_download() as download:
        await summary.click()
    given = _read(Path(await (await download.value).path()))
    assert given.problems == [] and len(given.pupils) == 12
    # The same kind of file again asks nothing.
    await clerk.open("/sync")
    await page.set_input_files("#workbook", tmp_path / "vnedu-6a1.xls")
    await page.get_by_role("button", name="Tải lên và xem trước").click()
    await expect(page.get_by_role("button", name=re.compile("Bị từ chối"))).to_be_visible()
    await expect(page.get_by_role("heading", name=re.compile("Ý nghĩa của cột"))).to_have_count(0)
    assert product.problems == []


async def test_a_teacher_crops_her_signature_by_finger_and_keys(
    product: Product, browser: Browser, people: list[Person], tmp_path: Path
) -> None:
    school = product.school
    if not school.staff:
        school.smas.submit("beginning_of_year")
        school.sync()
        school.read_staff()
        school.activate_everybody()
    with school.db.read(school.school_id) as session:
        teachers = [row.id for row in session.exec(select(Staff)).all() if row.position == "teacher" and row.active]
        teacher = session.exec(select(Account.username).where(Account.staff_id == teachers[0])).one()
    file = tmp_path / "chu-ky.jpg"
    file.write_bytes(photos.jpeg(photos.ruled(photos.on_paper(photos.strokes(3)))))
    person = await new_person(product, browser, people, NARROW, touch=True)
    await person.log_in(teacher, PASSWORD)
    await person.open("/my-signature")
    page = person.page
    await page.set_input_files("#mine", file)
    await page.get_by_role("button", name="Xem trước").click()
    after = page.get_by_alt_text("Ảnh sau xử lý")
    await expect(after).to_be_visible()
    await expect(page.get_by_alt_text("Ảnh gốc vừa tải lên")).not_to_have_js_property("naturalWidth", 0)
    seen = Image.open(io.BytesIO(await page.get_by_alt_text("Ảnh gốc vừa tải lên").screenshot())).convert("L")
    low, high = seen.getextrema()
    assert float(high) - float(low) > 80, "the upload is seen, nothing lies over it"  # type: ignore[arg-type]
    await person.shot("signature-draft")
    first = await after.get_attribute("src")
    await page.get_by_text("Cắt bớt ảnh").tap()
    left = page.locator("input[name=cut-left]")
    await left.scroll_into_view_if_needed()
    box = await left.bounding_box()
    assert box is not None and box["height"] >= 24, "a finger must find it"
    await page.touchscreen.tap(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    await expect(left).not_to_have_value("0")
    await expect(after).not_to_have_attribute("src", str(first), timeout=60_000)
    cut = int(await left.input_value())
    by_finger = await after.get_attribute("src")
    await left.focus()
    for _ in range(5):
        await page.keyboard.press("ArrowRight")
    await expect(left).to_have_value(str(cut + 5))
    await expect(after).not_to_have_attribute("src", str(by_finger), timeout=60_000)
    await person.shot("signature-cropped")
    await page.get_by_role("button", name="Dùng ảnh này").tap()
    await expect(page.get_by_alt_text("Ảnh chữ ký của tôi sau xử lý")).to_be_visible()
    assert product.problems == []


async def test_the_clerk_says_who_is_meant_before_anything_is_written(
    product: Product, browser: Browser, people: list[Person], tmp_path: Path
) -> None:
    school = product.school
    if not school.staff:
        school.smas.submit("beginning_of_year")
        school.sync()
    with school.db.read(school.school_id) as session:
        first, second = session.exec(select(Student).order_by(Student.code)).all()[:2]
        subject = next(row for row in session.exec(select(Subject)).all() if row.kind == "marked")
    book = openpyxl.Workbook()
    book.active.title = "Tổng hợp"
    born = "/".join(reversed(second.birth_date.split("-")))
    book.active.append(["STT", "Mã học sinh", "Họ và tên", "Ngày sinh", f"{subject.name}"])
    book.active.append([1, first.code, "Thạch Sô Phi Rươne", "01/01/2001", "8,5"])
    book.active.append([2, None, fold(second.full_name).title(), born, "7,5"])
    book.save(tmp_path / "hoi.xlsx")
    clerk = await new_person(product, browser, people, NARROW)
    await clerk.log_in(school.admin_name)
    await clerk.open("/sync")
    await clerk.page.set_input_files("#workbook", tmp_path / "hoi.xlsx")
    await clerk.page.get_by_role("button", name="Tải lên và xem trước").click()
    page = clerk.page
    await expect(page.get_by_text("trong tệp ghi Thạch Sô Phi Rươne; có đúng là một người không?")).to_be_visible()
    await expect(page.get_by_text(f"có phải là {second.code} {second.full_name}", exact=False)).to_be_visible()
    await expect(page.get_by_text("trả lời các câu hỏi bên dưới")).to_be_visible()
    cut = "rows => rows.some(row => [...row.querySelectorAll('button')].some(b => b.getBoundingClientRect().right > row.getBoundingClientRect().right))"
    assert not await page.locator("tbody tr").evaluate_all(cut), "a finger must find every answer"
    await clerk.shots("workbook-questions")
    await page.get_by_role("button", name="Không phải: bỏ qua dòng này").click()
    await page.get_by_role("button", name="Đúng người này").last.click()
    await expect(page.get_by_role("button", name="Đúng người này").last).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#send")).to_contain_text("(2)")
    await clerk.shots("workbook-answers")
    await page.click("#send")
    await expect(page.locator("#import")).to_be_enabled()
    await expect(page.get_by_text("người nhập xác nhận")).to_be_visible()
    with school.db.read(school.school_id) as session:
        before = {row.student_id: row.payload for row in session.exec(select(StudentResult)).all()}
    await page.click("#import")
    await expect(page.get_by_text("Đã nhập xong.")).to_be_visible()
    with school.db.read(school.school_id) as session:
        after = {row.student_id: row.payload for row in session.exec(select(StudentResult)).all()}
    assert {pupil for pupil, marks in after.items() if marks != before.get(pupil)} <= {second.id}
    assert "7.5" in str(after[second.id])
    assert product.problems == []
