"""The console: every page for the administrator, what a teacher may do, and hostile input."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.simulators.smas_rig import YEAR, School, smas

PAGES = (
    "",
    "students",
    "staff",
    "classes",
    "assignments",
    "marks",
    "comments",
    "outcomes",
    "awards",
    "summer",
    "arrivals",
    "year",
    "submissions",
)


class Browser:
    """A browser with its cookie."""

    def __init__(self, school: School, username: str, password: str) -> None:
        self.http = httpx.Client(base_url=school.url, timeout=20)
        form = {"school": school.code, "username": username, "password": password}
        self.entered = self.http.post("/console/login", data=form)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query, follow_redirects=True)

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(path, data=form, follow_redirects=True)


def log_in(school: School, username: str, password: str) -> int:
    """The status of one attempt."""
    browser = Browser(school, username, password)
    browser.http.close()
    return browser.entered.status_code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with smas(tmp_path_factory.mktemp("smas"), "lower_secondary:students=50,seed=4") as (school,):
        yield school


@pytest.fixture
def admin(served: School) -> Iterator[Browser]:
    browser = Browser(served, "admin", served.info["console_password"])
    assert browser.entered.status_code == 303
    yield browser
    browser.http.close()


@pytest.fixture
def teacher(served: School) -> Iterator[tuple[Browser, dict]]:
    """A teacher who is nobody's homeroom teacher, and one row he teaches."""
    homerooms = {item["data"]["homeroom_staff_id"] for item in served.live("classes")}
    row = next(
        item["data"]
        for item in served.live("teaching_assignments")
        if item["data"]["staff_id"] not in homerooms and item["data"]["term"] == "year"
    )
    account = served.http.post(f"/smas/v1/staff/{row['staff_id']}/password").json()
    browser = Browser(served, account["username"], account["password"])
    assert browser.entered.status_code == 303
    yield browser, row
    browser.http.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_page(admin: Browser, name: str) -> None:
    answer = admin.get(f"/console/{name}")
    assert answer.status_code == 200
    assert "<main>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_nobody_without_a_login(served: School) -> None:
    with httpx.Client(base_url=served.url) as http:
        for name in (*PAGES, "staff/new", "photos/x"):
            assert http.get(f"/console/{name}").headers["location"] == "/console/login"
        assert http.get("/ministry").headers["location"] == "/console/login"
        assert http.post("/console/marks", data={"x": "1"}).status_code == 303
    assert log_in(served, "admin", "wrong") == 401
    assert log_in(served, "GV001", "") == 401


def test_guessing_is_slowed(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=5,special=0") as (school,):
        codes = [log_in(school, "admin", f"guess{number}") for number in range(10)]
        assert codes == [401] * 8 + [429] * 2
        assert log_in(school, "admin", school.info["console_password"]) == 429


def test_marks_are_written_in_the_grid(served: School, admin: Browser) -> None:
    class_id, subject_id = served.live("classes")[0]["id"], f"{served.code}-TOAN"
    where = {"class_id": class_id, "subject_id": subject_id, "term": "II"}
    text = admin.get("/console/marks", **where).text
    student = re.search(r'name="([^":]+):final"', text)[1]
    old = served.http.get(f"/smas/v1/results/{student}-{YEAR}").json()["data"]
    row = next(row for row in old["subjects"] if row["subject_id"] == subject_id)["marks"]["term2"]
    answer = admin.post(
        "/console/marks",
        **where,
        **{f"{student}:final": "9,5", f"{student}:r1": "", f"{student}:midterm": row["midterm"]},
    )
    assert "Đã lưu" in answer.text
    new = next(
        item
        for item in served.http.get(f"/smas/v1/results/{student}-{YEAR}").json()["data"]["subjects"]
        if item["subject_id"] == subject_id
    )["marks"]["term2"]
    assert new["final"] == "9.5"
    assert new["regular"] == [row["regular"][0], *row["regular"][2:]]
    refused = admin.post("/console/marks", **where, **{f"{student}:final": "11", f"{student}:r0": "3"})
    assert refused.status_code == 422
    assert 'value="11"' in refused.text
    assert "Điểm là số từ 0 đến 10" in refused.text
    same = next(
        item
        for item in served.http.get(f"/smas/v1/results/{student}-{YEAR}").json()["data"]["subjects"]
        if item["subject_id"] == subject_id
    )["marks"]["term2"]
    assert same == new, "all or nothing"


def test_a_pupil_is_added_and_changed(served: School, admin: Browser) -> None:
    class_id = served.live("classes")[0]["id"]
    photo = served.http.get(
        f"/smas/v1/photos/{next(item['data']['photo_sha256'] for item in served.live('students') if item['data']['photo_sha256'])}"
    ).content
    fields = {
        "code": "HS-1",
        "full_name": "<b>Đặng Ỷ Lan</b>",
        "birth_date": "2014-05-06",
        "sex": "Nữ",
        "id_number": "079314000001",
        "class_id": class_id,
    }
    answer = admin.http.post(
        "/console/students/new", data=fields, files={"photo": ("a.jpg", photo, "image/jpeg")}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert "&lt;b&gt;Đặng Ỷ Lan&lt;/b&gt;" in answer.text
    assert "<b>Đặng" not in answer.text
    identity = str(answer.url).rpartition("/")[2]
    made = served.http.get(f"/smas/v1/students/{identity}").json()["data"]
    assert made["photo_sha256"]
    wrong = admin.post(f"/console/students/{identity}", **{**fields, "id_number": "12", "full_name": ""})
    assert wrong.status_code == 422
    assert "Gồm đúng 12 chữ số" in wrong.text
    assert 'value="12"' in wrong.text
    assert admin.post(f"/console/students/{identity}/delete").status_code == 409
    assert admin.post(f"/console/enrolments/{identity}-{YEAR}/delete").status_code == 200
    assert admin.post(f"/console/students/{identity}/delete").status_code == 200
    assert served.http.get(f"/smas/v1/students/{identity}").status_code == 404


def test_teaching_is_assigned(served: School, admin: Browser) -> None:
    class_id = served.live("classes")[1]["id"]
    row = next(item for item in served.live("teaching_assignments", class_id=class_id) if item["id"].endswith("-TIN-1"))
    other = served.live("staff")[0]["id"]
    answer = admin.post(
        "/console/assignments",
        class_id=class_id,
        **{row["id"]: other, f"term:{row['id']}": "year", f"new:{row['data']['subject_id']}": row["data"]["staff_id"]},
    )
    assert answer.status_code == 200
    now = [
        item["data"]
        for item in served.live("teaching_assignments", class_id=class_id)
        if item["data"]["subject_id"] == row["data"]["subject_id"]
    ]
    assert sorted((item["position"], item["staff_id"]) for item in now) == [(1, other), (2, row["data"]["staff_id"])]
    gone = next(
        item["id"]
        for item in served.live("teaching_assignments", class_id=class_id)
        if item["data"]["position"] == 2 and item["data"]["subject_id"] == row["data"]["subject_id"]
    )
    admin.post("/console/assignments", class_id=class_id, **{gone: ""})
    assert served.http.get(f"/smas/v1/teaching_assignments/{gone}").status_code == 404


def test_outcomes_awards_and_comments(served: School, admin: Browser) -> None:
    class_id = served.live("classes")[0]["id"]
    result = next(
        item
        for item in served.live("results", class_id=class_id)
        if item["data"]["promotion"] == "promoted" and not item["data"]["promotion_note"]
    )
    key, student = result["id"], result["data"]["student_id"]
    assert admin.post("/console/outcomes", class_id=class_id, **{f"{key}:absences:term2": "50"}).status_code == 200
    assert served.http.get(f"/smas/v1/results/{key}").json()["data"]["promotion"] == "retained"
    assert admin.post("/console/outcomes", class_id=class_id, **{f"{key}:absences:term2": "x"}).status_code == 422
    admin.post("/console/outcomes", class_id=class_id, **{f"{key}:absences:term2": "1", f"{key}:training:term2": "Khá"})
    admin.post(
        "/console/awards",
        class_id=class_id,
        **{f"{key}:awards": "Giải Nhất\n\nGiải Nhì ", f"{key}:certificates": "IC3"},
    )
    admin.post("/console/comments", class_id=class_id, **{student: "Ngoan <script>"})
    now = served.http.get(f"/smas/v1/results/{key}").json()["data"]
    assert (now["promotion"], now["awards"], now["certificates"], now["homeroom_comment"]) == (
        "promoted",
        ["Giải Nhất", "Giải Nhì"],
        "IC3",
        "Ngoan <script>",
    )
    assert "Ngoan &lt;script&gt;" in admin.get("/console/comments", class_id=class_id).text


def test_summer_and_arrivals(served: School, admin: Browser) -> None:
    due = next(
        item
        for item in served.live("results")
        if item["data"]["promotion"] == "reassess" and item["data"]["learning"]["year"] == "Chưa đạt"
    )
    failed = [
        row["subject_id"]
        for row in due["data"]["subjects"]
        if row["year"] not in ("Đ", "CĐ") and float(row["year"]) < 3.5
    ]
    answer = admin.post(
        "/console/summer",
        **{f"{due['id']}:s:{key}": "6,5" for key in failed},
        **{f"{due['id']}:comment": "Đã cố gắng."},
    )
    assert answer.status_code == 200
    now = served.http.get(f"/smas/v1/results/{due['id']}").json()["data"]
    assert (now["promotion"], now["homeroom_comment_after_summer"]) == ("promoted", "Đã cố gắng.")
    arrival = next(item for item in served.live("enrolments") if item["data"]["status"] == "moved_in")["data"][
        "student_id"
    ]
    subject = f"{served.code}-TOAN"
    assert admin.post("/console/arrivals", **{f"{arrival}-{YEAR}:{subject}": "12"}).status_code == 422
    assert admin.post("/console/arrivals", **{f"{arrival}-{YEAR}:{subject}": "7,4"}).status_code == 200
    row = next(
        row
        for row in served.http.get(f"/smas/v1/results/{arrival}-{YEAR}").json()["data"]["subjects"]
        if row["subject_id"] == subject
    )
    assert row["term1"] == "7.4"


def test_submission_its_errors_and_the_ministry(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=6,special=0,moment=september") as (school,):
        admin = Browser(school, "admin", school.info["console_password"])
        admin.post("/console/submissions", what="results/I")
        assert _after(admin, "bị trả lại")
        text = admin.get("/console/submissions").text
        assert "6 dòng lỗi" in text
        assert school.live("students")[0]["data"]["full_name"] in text
        admin.post("/console/submissions", what="beginning_of_year/")
        assert _after(admin, "Sở đã tiếp nhận")
        assert admin.post("/console/submissions", what="everything").status_code == 422
        assert "Chuyển lên Bộ" in admin.get("/ministry").text
        assert re.search(r"BGD-79200001-0001-[0-9A-F]{8}", admin.post("/ministry", snapshot="1").text)
        assert admin.post("/ministry", snapshot="7").status_code == 422
        assert admin.post("/console/time", moment="term1").status_code == 200
        assert len(school.live("results")) == 6
        answer = admin.post("/console/year/register", start="1")
        assert "Đã đánh số cho 0 học sinh" in answer.text
        assert "kết chuyển" in admin.post("/console/year/declare", school_year="2026-2027", roll_over="1").text.lower()
        admin.http.close()


def _after(admin: Browser, text: str) -> bool:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if text in admin.get("/console/submissions").text:
            return True
        time.sleep(0.05)
    return False


def test_a_primary_class(tmp_path: Path) -> None:
    with smas(tmp_path, "primary:students=60,special=0") as (school,):
        admin = Browser(school, "admin", school.info["console_password"])
        school_class = school.live("classes")[0]
        where = {"class_id": school_class["id"]}
        result = next(
            item
            for item in school.live("results", **where)
            if item["data"]["learning"]["year"] == "Hoàn thành xuất sắc"
        )
        key, path = result["data"]["student_id"], f"/smas/v1/results/{result['id']}"
        for name in ("traits", "marks", "outcomes", "summer"):
            assert admin.get(f"/console/{name}", **where).status_code == 200, name
        form = {f"{key}:0": "C", f"{key}:comment": "Cần rèn tính kỉ luật.", f"{key}:height_cm": "120,5"}
        assert "Đã lưu 1 học sinh" in admin.post("/console/traits", **where, group="qualities", **form).text
        data = school.http.get(path).json()["data"]
        assert (data["qualities"][0]["level"], data["height_cm"], data["learning"]["year"]) == (
            "C",
            "120.5",
            "Chưa hoàn thành",
        )
        assert (
            admin.post("/console/traits", **where, group="qualities", **{f"{key}:weight_kg": "nặng"}).status_code == 422
        )
        admin.post(
            "/console/marks",
            **where,
            subject_id=f"{school.code}-TV",
            term="II",
            **{f"{key}:final": "C", f"{key}:test": "3"},
        )
        admin.post("/console/traits", **where, group="qualities", **{f"{key}:0": "T"})
        assert school.http.get(path).json()["data"]["promotion"] == "reassess"
        subject = f"{school.code}-TV"
        admin.post("/console/summer", **{f"{result['id']}:s:{subject}": "H", f"{result['id']}:t:{subject}": "6"})
        data = school.http.get(path).json()["data"]
        assert (data["learning"]["reassessed"], data["promotion"]) == ("Hoàn thành", "promoted")
        account = school.http.post(f"/smas/v1/staff/{school_class['data']['homeroom_staff_id']}/password").json()
        own = Browser(school, account["username"], account["password"])
        assert own.get("/console/traits", **where).status_code == 200
        assert own.get("/console/traits", class_id=school.live("classes")[1]["id"]).status_code == 404
        own.http.close()
        admin.http.close()


def test_a_teacher_writes_his_own_marks_only(served: School, teacher: tuple[Browser, dict]) -> None:
    browser, row = teacher
    mine = {"class_id": row["class_id"], "subject_id": row["subject_id"], "term": "I"}
    assert browser.get("/console/").status_code == 200
    text = browser.get("/console/marks", **mine).text
    student = re.search(r'name="([^":]+):final"', text)[1]
    kind = next(item["data"]["kind"] for item in served.live("subjects") if item["id"] == row["subject_id"])
    assert (
        "Đã lưu"
        in browser.post("/console/marks", **mine, **{f"{student}:final": "4,5" if kind == "marked" else "CĐ"}).text
    )
    other = next(
        item["data"]["subject_id"]
        for item in served.live("teaching_assignments", class_id=row["class_id"])
        if item["data"]["staff_id"] != row["staff_id"]
    )
    before = served.http.get(f"/smas/v1/results/{student}-{YEAR}").json()
    for form in ({**mine, "subject_id": other}, {**mine, "class_id": "nowhere"}):
        assert browser.post("/console/marks", **form, **{f"{student}:final": "1"}).status_code == 404
    assert (
        browser.post("/console/comments", class_id=row["class_id"], subject_id=other, **{student: "x"}).status_code
        == 404
    )
    browser.post("/console/comments", class_id=row["class_id"], subject_id="", **{student: "as if homeroom"})
    after = served.http.get(f"/smas/v1/results/{student}-{YEAR}").json()
    assert after["data"]["homeroom_comment"] == before["data"]["homeroom_comment"]
    for name in (
        "students",
        "staff",
        "classes",
        "assignments",
        "outcomes",
        "awards",
        "summer",
        "arrivals",
        "year",
        "submissions",
        "staff/new",
        f"students/{student}",
    ):
        assert browser.get(f"/console/{name}").status_code == 403, name
    assert browser.get("/ministry").status_code == 403
    assert browser.post(f"/console/staff/{row['staff_id']}/password").status_code == 403


def test_a_reset_password_ends_the_sessions(served: School, teacher: tuple[Browser, dict], admin: Browser) -> None:
    browser, row = teacher
    assert "mật khẩu mới" in admin.post(f"/console/staff/{row['staff_id']}/password").text
    assert browser.http.get("/console/").headers["location"] == "/console/login"


def test_another_sites_form_is_refused(admin: Browser) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert admin.http.post("/console/time", data={"moment": "summer"}, headers=headers).status_code == 403
    assert admin.http.post("/console/time", content=b"x" * 5_000_000).status_code == 413
    assert admin.http.post("/console/time", content="&".join("a=1" for _ in range(30_000)).encode()).status_code == 400


def test_the_year_is_exported_and_the_next_one_filled_from_the_console(tmp_path: Path) -> None:
    with smas(tmp_path, "lower_secondary:students=10,special=0,moment=summer") as (school,):
        browser = Browser(school, "admin", school.info["console_password"])
        try:
            file = browser.get("/console/workbook")
            assert file.content.startswith(b"PK") and file.headers["content-disposition"].endswith(
                f'smas-{school.code}-{YEAR}.xlsx"'
            )
            assert "/console/workbook" in browser.get("/console/").text
            assert (
                "Đã khai báo năm học 2026-2027"
                in browser.post("/console/year/declare", school_year="2026-2027", roll_over="1").text
            )
            assert re.search(
                r"Đã phân công [1-9]\d* môn, nhập điểm cho [1-9]\d* học sinh",
                browser.post("/console/year/trial", term="I").text,
            )
            assert "nhập điểm cho 0 học sinh" in browser.post("/console/year/trial", term="I").text, (
                "what is there stays"
            )
            assert browser.post("/console/year/trial", term="x").status_code == 422
        finally:
            browser.http.close()


def test_export_and_trial_are_the_administrators(teacher: tuple[Browser, dict]) -> None:
    browser, _ = teacher
    assert browser.get("/console/workbook").status_code == 403
    assert browser.post("/console/year/trial", term="I").status_code == 403
