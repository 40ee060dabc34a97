"""The year of one class in a browser: sync, images, lock, sign, seal, verify; a mark corrected, unlock, sign again."""

from __future__ import annotations

import asyncio
import re
import textwrap
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect
from sqlmodel import select

from hocba_app.models import SEAL, Document, DocumentVersion, Job, SigningKey, Slot, Student, Subject
from hocba_app.rehearsal.sample_images import drawn_seal, zipped_signatures
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.signing_load import Desk
from hocba_app.rehearsal.simulator_processes import PIN
from hocba_app.rehearsal.timings import Stages
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.jobs.enqueue import LIVE
from tests.e2e.conftest import NARROW, WIDE, Person, Product, new_person

PUPILS = 12


class Year:
    """The class, its people, and what they do outside the browser."""

    def __init__(self, product: Product) -> None:
        self.product, self.school = product, product.school

    def prepare(self) -> None:
        """SMAS has the whole year; everybody has an account and MySign. The office's part is played in the browser."""
        for kind, term in (("beginning_of_year", None), ("results", "I"), ("results", "II")):
            self.school.smas.submit(kind, term)

    def people_ready(self) -> None:
        self.school.confirm_leadership()
        self.school.read_staff()
        self.school.activate_everybody()
        self.school.read_identities()
        self.school.connect_signers()

    def signers(self, stage: str) -> list[Identity]:
        """Who has slots at a stage, in order."""
        with self.school.db.read(self.school.school_id) as session:
            ids = session.exec(select(Slot.staff_id).where(Slot.stage == stage).distinct()).all()
        return [self.school.people[staff_id] for staff_id in sorted(filter(None, ids))]

    def phone_user(self, owner: str) -> str:
        with self.school.db.read(self.school.school_id) as session:
            return session.exec(select(SigningKey.provider_user).where(SigningKey.owner == owner)).one()

    def sign_rest(self, *stages: str) -> None:
        """Everybody else at these stages, over the same services and phones."""
        desk = Desk(self.school.db, self.school.school_id, self.school.phones, Stages(), lambda: None)
        people = [(who, stage) for stage in stages if stage != SEAL for who in self.signers(stage)]
        if SEAL in stages:
            people.append((self.school.people[self.school.seal_operator().id], SEAL))
        desk.sign_all(people)
        assert desk.failures == []

    def states(self, kind: str) -> list[str]:
        with self.school.db.read(self.school.school_id) as session:
            return [row.state for row in session.exec(select(Document).where(Document.kind == kind)).all()]

    def jobs_done(self) -> None:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            with self.school.db.read(self.school.school_id) as session:
                if not session.exec(
                    select(Job.id).where(Job.state.in_(LIVE), Job.kind.in_(("archive", "batch", "lock")))
                ).all():  # type: ignore[attr-defined]
                    return
            time.sleep(0.2)
        raise AssertionError("jobs still run")


async def confirm_on_phone_page(product: Product, person: Person, user: str) -> None:
    """The phone lies beside: the request is there, the PIN is entered."""
    phone = await person.context.new_page()
    await phone.goto(f"{product.phone}?user={user}")
    await phone.locator("input[id^=pin-]").fill(PIN)
    await phone.get_by_role("button", name="Xác nhận ký").click()
    await expect(phone.get_by_role("status")).to_contain_text("Đã xác nhận ký")
    await phone.close()


async def confirm_over_api(school: PlayedSchool, user: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if await asyncio.to_thread(school.phones.confirm, user):
            return
        await asyncio.sleep(0.5)
    raise AssertionError("no request on the phone")


async def reads(person: Person, snapshot: str) -> None:
    """What a screen reader reads of the page, in this order; waits for a page that still loads."""
    await expect(person.page.locator("main")).to_match_aria_snapshot(textwrap.dedent(snapshot), timeout=180_000)


async def signing_is_read_aloud(person: Person) -> None:
    """Names, roles and order before the tap: what it is about, its content, the button."""
    await reads(
        person,
        """
        - main:
          - heading "Ký học bạ" [level=1]
          - heading /Chờ/ [level=2]
          - article /./:
            - checkbox /^Chọn ./
            - button /^Xem nội dung ./
            - button /^(Ký|Đóng dấu) [0-9]+ hồ sơ/
        """,
    )


async def batch_is_read_aloud(person: Person, records: int, state: str) -> None:
    """Afterwards: a status says how far it is, the batch is a named article with its progress."""
    await reads(
        person,
        f"""
        - main:
          - heading "Ký học bạ" [level=1]
          - status: /{records} hồ sơ. {state}/
          - region "Lượt ký":
            - heading "Lượt ký" [level=2]
            - article /{records} hồ sơ/:
              - progressbar /[0-9]+.{records} hồ sơ đã/
        """,
    )


async def tap_and_confirm(year: Year, person: Person, user: str, records: int, *, page: bool) -> None:
    """One tap, one confirmation, done."""
    await person.open("/sign")
    await signing_is_read_aloud(person)
    await person.page.get_by_role("button", name=re.compile(f"(Ký|Đóng dấu) (tất cả )?{records} hồ sơ")).last.click()
    if page:
        await expect(person.page.get_by_text("Mở ứng dụng MySign")).to_be_visible(timeout=180_000)
        await batch_is_read_aloud(person, records, "Chờ xác nhận trên điện thoại")
        await expect(person.page.get_by_role("timer", name=re.compile("giây"))).to_be_visible()
        await confirm_on_phone_page(year.product, person, user)
    else:
        await confirm_over_api(year.school, user)
    await expect(
        person.page.get_by_text(re.compile(f"{records}/{records} hồ sơ đã (ký|đóng dấu)")).first
    ).to_be_visible(timeout=180_000)
    await expect(person.page.get_by_text(re.compile("Đã (ký|đóng dấu) xong")).first).to_be_visible()
    await batch_is_read_aloud(person, records, "Đã (ký|đóng dấu) xong")


async def lock(year: Year, person: Person, kind: str, done: int) -> None:
    """Choose the kind, tick every class, confirm; the page tells when it is done."""
    await person.open(f"/lock?kind={kind}")
    await person.page.get_by_role("button", name="Chọn mọi lớp còn học sinh chưa chốt").click()
    await person.page.get_by_role("button", name=re.compile(r"Chốt \d+ lớp đã chọn")).click()
    await reads(
        person,
        """
        - main:
          - heading "Chốt học bạ" [level=1]
          - combobox "Loại hồ sơ"
          - region "Các lớp":
            - table:
              - rowgroup:
                - row:
                  - columnheader "Chọn"
                  - columnheader "Lớp"
              - rowgroup:
                - row:
                  - cell:
                    - checkbox /^Chọn lớp ./ [checked]
                  - rowheader
          - alertdialog "Xác nhận chốt":
            - heading "Xác nhận chốt" [level=2]
            - button "Chốt"
            - button "Quay lại"
        """,
    )
    await person.page.get_by_role("alertdialog").get_by_role("button", name="Chốt", exact=True).click()
    await expect(person.page.get_by_role("alertdialog")).to_have_count(0)
    deadline = time.monotonic() + 180
    while "open" in (states := year.states(kind)) or len(states) < PUPILS:
        assert time.monotonic() < deadline, states
        await asyncio.sleep(0.3)
    await reads(
        person,
        f"""
        - main:
          - status: /Xong. đã chốt {done}/
          - region "Các lượt chốt":
            - heading "Các lượt chốt" [level=2]
            - article /./
        """,
    )


async def test_the_year_of_one_class(product: Product, browser: Browser, people: list[Person], tmp_path: Path) -> None:
    year, school = Year(product), product.school
    await asyncio.to_thread(year.prepare)
    admin = await new_person(product, browser, people, WIDE)
    await admin.log_in(school.admin_name)

    # Đồng bộ [12]
    await admin.open("/sync")
    await admin.page.get_by_role("button", name="Đồng bộ cả trường").click()
    await expect(admin.page.get_by_role("cell", name="Xong").first).to_be_visible(timeout=180_000)
    await admin.shots("sync")
    await asyncio.to_thread(year.people_ready)

    # Ảnh chữ ký, con dấu [14, 16]
    await admin.open("/signature-images")
    (tmp_path / "chu-ky.zip").write_bytes(zipped_signatures([row.code for row in school.staff.values()]))
    (tmp_path / "con-dau.png").write_bytes(drawn_seal())
    await admin.page.locator("input[type=file]").first.set_input_files(tmp_path / "chu-ky.zip")
    await admin.page.get_by_role("button", name="Tải lên").click()
    await admin.page.get_by_role("button", name=f"Dùng {len(school.staff)} ảnh").click(timeout=180_000)
    await expect(admin.page.get_by_text(f"{len(school.staff)} ảnh đã lưu")).to_be_visible()
    await admin.page.locator("input[type=file]").nth(1).set_input_files(tmp_path / "con-dau.png")
    await admin.page.get_by_role("button", name="Xem trước con dấu").click()
    await expect(admin.page.get_by_alt_text("Ảnh sau xử lý", exact=True)).to_be_visible()
    await admin.shots("signature-draft")
    await admin.page.get_by_role("button", name="Dùng ảnh này").click()
    await expect(admin.page.get_by_text("Đã lưu ảnh con dấu")).to_be_visible()
    await admin.shots("signature-images")
    await admin.open("/assignments")
    await expect(admin.page.get_by_text("Đủ người ký")).to_be_visible()
    await admin.shots("assignments")

    # Chốt [18]
    for kind in ("cover", "history", "results"):
        await lock(year, admin, kind, PUPILS)
        await asyncio.to_thread(year.jobs_done)
        assert year.states(kind) == ["locked"] * PUPILS
    await admin.shots("lock")

    # Hai GVBM ký cùng lúc, mỗi người một lần xác nhận [24]
    teachers = year.signers("subject")[:2]
    desks = [await new_person(product, browser, people, NARROW) for _ in teachers]
    for desk, who in zip(desks, teachers, strict=True):
        await desk.log_in(who.username)
    await desks[0].open("/sign")
    await desks[0].shots("sign-waiting")
    await desks[0].page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    await asyncio.gather(
        *(
            tap_and_confirm(year, desk, year.phone_user(who.staff_id or ""), PUPILS, page=number == 0)
            for number, (desk, who) in enumerate(zip(desks, teachers, strict=True))
        )
    )
    await desks[0].shots("sign-done")
    await asyncio.to_thread(year.sign_rest, "subject")

    # GVCN, Hiệu trưởng (bìa, QTHT, KQHT một lần), đóng dấu [25–27]
    homeroom = await new_person(product, browser, people, NARROW)
    [who] = year.signers("homeroom")
    await homeroom.log_in(who.username)
    await tap_and_confirm(year, homeroom, year.phone_user(who.staff_id or ""), PUPILS, page=True)
    principal = await new_person(product, browser, people, WIDE)
    [head] = year.signers("principal")
    await principal.log_in(head.username)
    await principal.shots("dashboard-principal")
    await principal.open("/sign")
    await principal.shots("sign-principal")
    await tap_and_confirm(year, principal, year.phone_user(head.staff_id or ""), 3 * PUPILS, page=True)
    keeper = await new_person(product, browser, people, NARROW)
    await keeper.log_in(school.people[school.seal_operator().id].username)
    await admin.open("/")
    await tap_and_confirm(year, keeper, year.phone_user(SEAL), 3 * PUPILS, page=True)
    # The admin's dashboard has followed by itself: nobody reloaded it.
    await expect(admin.page.get_by_text(f"{3 * PUPILS}/{3 * PUPILS}")).to_be_visible(timeout=180_000)
    await asyncio.to_thread(year.jobs_done)
    assert {state for kind in ("cover", "history", "results") for state in year.states(kind)} == {"sealed"}
    await admin.shots("dashboard")

    # Phụ huynh kiểm tra
    document, version = await asyncio.to_thread(_results_of_first, school)
    await admin.open(f"/records/{document.id}")
    await admin.shots("record")
    signed = await _download(admin, document.id, tmp_path / "hoc-ba.pdf")
    parent = await new_person(product, browser, people, NARROW)
    verdict = await _verify(parent, signed)
    assert "Học bạ hợp lệ." in verdict, verdict
    await parent.shots("verdict")
    await parent.open(f"/v/{version.code}")
    await expect(parent.page.get_by_text("Bản này đang có giá trị.")).to_be_visible()
    await parent.shots("standing")

    # Sửa điểm trên SMAS, nộp, đồng bộ: hồ sơ khác dữ liệu mới
    await asyncio.to_thread(_correct_a_mark, school, document)
    await admin.open("/sync")
    await admin.page.get_by_role("button", name="Đồng bộ cả trường").click()
    await expect(admin.page.get_by_text("khác với dữ liệu mới")).to_be_visible(timeout=180_000)
    await admin.open("/records?stale=1")
    await expect(admin.page.locator("td").get_by_text("Khác dữ liệu mới", exact=True).first).to_be_visible()
    await admin.shots("records-stale")
    await admin.open(f"/records/{document.id}")
    await expect(admin.page.get_by_text("khác với bản đã chốt")).to_be_visible()
    await admin.shots("record-stale")

    # Hủy chốt: đề nghị, Hiệu trưởng duyệt [28]
    await admin.page.get_by_role("button", name="Hủy chốt…").click()
    await admin.page.fill("#unlock-reason", "Sửa điểm Toán học kì II.")
    await admin.page.get_by_role("button", name="Gửi đề nghị hủy chốt").click()
    await expect(admin.page.get_by_role("alertdialog")).to_have_count(0)
    await principal.open("/unlock")
    await principal.shots("unlock")
    await principal.page.get_by_role("button", name="Duyệt hủy chốt").click()
    await principal.page.get_by_role("alertdialog").get_by_role("button", name="Hủy chốt", exact=True).click()
    await expect(principal.page.get_by_text("Không có đề nghị nào đang chờ")).to_be_visible()
    assert "Bản này đã bị hủy" in await _verify(parent, signed)

    # Chốt lại, mọi người ký lại từ đầu
    await lock(year, admin, "results", 1)
    await asyncio.to_thread(year.jobs_done)
    await asyncio.to_thread(year.sign_rest, "subject", "homeroom", "principal", SEAL)
    await asyncio.to_thread(year.jobs_done)
    assert set(year.states("results")) == {"sealed"}
    renewed = await _download(admin, document.id, tmp_path / "ban-2.pdf")
    assert "Học bạ hợp lệ." in await _verify(parent, renewed)
    for path in (
        "audit",
        "accounts",
        "signing-accounts",
        "signing-settings",
        "print",
        "unlock",
        "records",
        "my-signature",
        "me",
    ):
        who = principal if path in ("unlock", "my-signature") else admin
        await who.open(f"/{path}")
        await who.shots(path)
    with school.db.read(school.school_id) as session:
        assert verify_chain(session) == []
    assert not product.problems, "\n".join(product.problems)


def _results_of_first(school: PlayedSchool) -> tuple[Document, DocumentVersion]:
    with school.db.read(school.school_id) as session:
        document = session.exec(select(Document).where(Document.kind == "results").order_by(Document.id)).first()
        assert document is not None
        return document, session.get_one(DocumentVersion, (school.school_id, document.version_id))


async def _download(person: Person, document_id: str, target: Path) -> Path:
    await person.open(f"/records/{document_id}")
    async with person.page.expect_download() as started:
        await person.page.get_by_role("link", name="Tải bản đã ký").click()
    await (await started.value).save_as(target)
    return target


async def _verify(person: Person, file: Path) -> str:
    await person.open("/verify")
    await person.page.set_input_files("#file", file)
    await person.page.get_by_role("button", name="Kiểm tra tệp").click()
    await person.page.wait_for_selector(".verdict")
    return await person.page.inner_text("main")


def _correct_a_mark(school: PlayedSchool, document: Document) -> None:
    """A teacher corrects a final mark of term II in SMAS; the school submits again."""
    with school.db.read(school.school_id) as session:
        student = session.get_one(Student, (school.school_id, document.student_id))
        subject = session.exec(select(Subject).where(Subject.code == "TOAN")).one()
        version = session.get_one(DocumentVersion, (school.school_id, document.version_id))
    [row] = [row for row in version.snapshot["results"]["subjects"] if row["code"] == "TOAN"]
    other = "6" if float(row["term2"]) > 8 else "10"
    shown: Any = school.smas._http.put(
        "/smas/v1/marks",
        json={
            "student_id": student.source_id,
            "subject_id": subject.source_id,
            "term": "II",
            "kind": "final",
            "index": 0,
            "value": other,
        },
    )
    assert shown.status_code < 300, shown.text
    school.smas.submit("results", "II")
