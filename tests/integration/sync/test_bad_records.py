"""Records that are wrong, refer to nothing, clash or are sent again: each is named, none stops or spoils the others."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Database, Enrolment, Job, LoginName, SchoolClass, Staff, Student, StudentResult
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.storage import blobs
from hocba_app.services.sync.commands import (
    ReportRow,
    cancel_sync,
    report_csv,
    start_sync,
    sync_report,
    sync_runs,
    sync_status,
)
from hocba_app.settings import settings
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.fake_sector import (
    CODE,
    FakeSector,
    enrolment,
    filled,
    pupil,
    result,
    room,
    subject,
    teacher,
)
from tests.refusals import refused

ACCOUNT = {"code": CODE, "client_id": "c", "client_secret": "s"}


@pytest.fixture
def fake(configured: pytest.MonkeyPatch) -> Iterator[FakeSector]:
    sector = filled(FakeSector())
    with running(sector.app) as url:
        configured.setenv("HOCBA_SMAS_URL", url)
        settings.cache_clear()
        yield sector


@pytest.fixture
def ours(db: Database, fake: FakeSector) -> Here:
    return school_here(db, ACCOUNT)


def report(here: Here, **given: Any) -> list[ReportRow]:
    return sync_report(here.db, here.admin, here.sync(**given).id, size=500).rows


def brief(rows: list[ReportRow]) -> set[tuple[str, str, str, str]]:
    return {(row.resource, row.source_id, row.outcome, row.field) for row in rows}


def pupils(here: Here) -> dict[str, Student]:
    with here.db.read(here.school_id) as session:
        return {row.source_id: row for row in session.exec(select(Student)).all()}


WRONG: list[tuple[str, Any, str]] = [
    ("students", pupil(9, birth_date="2014-02-30"), "birth_date"),
    ("students", pupil(9, birth_date=20140302), "birth_date"),
    ("students", pupil(9, full_name="   "), "full_name"),
    ("students", pupil(9, full_name="A\x00B"), "full_name"),
    ("students", pupil(9, full_name="A\nB"), "full_name"),
    ("students", pupil(9, full_name="\ud800"), "full_name"),
    ("students", pupil(9, full_name="x" * 201), "full_name"),
    ("students", pupil(9, sex="Khác"), "sex"),
    ("students", pupil(9, id_number="79214000009"), "id_number"),
    ("students", pupil(9, id_number="٠٧٩٢١٤٠٠٠٠٠٩"), "id_number"),
    ("students", pupil(9, photo_sha256="../../etc/passwd"), "photo_sha256"),
    ("students", {key: value for key, value in pupil(9).items() if key != "code"}, "code"),
    ("students", None, "data"),
    ("staff", teacher(9, position="boss"), "position"),
    ("classes", room(code="6A9", grade=13), "grade"),
    ("classes", room(code="6A9", regime="TT99"), "regime"),
    ("classes", room(code="6A9", grade=True), "grade"),
    ("classes", room(code="6A9", school_year="2024-2025"), "school_year"),
    ("classes", room(code="6A9", homeroom_staff_id="T404"), "homeroom_staff_id"),
    ("subjects", subject("TO.AN"), "code"),
    ("enrolments", enrolment("P404"), "student_id"),
    ("enrolments", enrolment("P1", class_id="L404"), "class_id"),
    ("results", result("P404"), "student_id"),
    ("results", result("P1"), "student_id"),
    ("results", result("P1", subjects=[{"subject_id": "M404"}]), "subjects.0.subject_id"),
    ("results", result("P1", subjects=[{"subject_id": "M1"}, {"subject_id": "M1"}]), "subjects"),
    ("results", result("P1", subjects=[{"subject_id": "M1", "year": 8.1}]), "subjects.0.year"),
    ("results", result("P1", absences={"year": -1}), "absences.year"),
    ("results", result("P1", awards="Giỏi"), "awards"),
]


def test_each_wrong_record_is_refused_by_field_and_the_good_ones_go_in(ours: Here, fake: FakeSector) -> None:
    expected = set()
    for number, (resource, data, field) in enumerate(WRONG):
        fake.put(resource, f"X{number}", {"a": 1})
        fake.records[resource][f"X{number}"]["data"] = data
        expected.add((resource, f"X{number}", field))
    rows = [row for row in report(ours) if row.outcome == "rejected"]
    assert {(row.resource, row.source_id, row.field) for row in rows} == expected
    assert all(row.reason for row in rows)
    assert set(pupils(ours)) == {"P1", "P2"}
    with ours.db.read(ours.school_id) as session:
        assert {row.source_id for row in session.exec(select(StudentResult)).all()} == {"R1", "R2"}


@pytest.mark.parametrize(
    "row",
    [
        None,
        5,
        "x",
        [],
        {},
        {"id": 5},
        {"id": "a\x00", "version": 1, "event": "NEW", "data": {}},
        {"id": "Y", "version": 0, "event": "NEW"},
        {"id": "Y", "version": 10**30, "event": "NEW"},
        {"id": "Y", "version": 1, "event": "DROP"},
    ],
)
def test_what_is_no_record_at_all_is_refused(ours: Here, fake: FakeSector, row: Any) -> None:
    fake.raw("students", "Y", row)
    rows = [row for row in report(ours) if row.outcome == "rejected"]
    assert [row.resource for row in rows] == ["students"]
    assert set(pupils(ours)) == {"P1", "P2"}


def test_a_record_that_refers_to_nothing_goes_in_once_what_it_needs_is_there(ours: Here, fake: FakeSector) -> None:
    fake.put("results", "R3", result("P3"))
    assert ("results", "R3", "rejected", "student_id") in brief(report(ours))
    assert brief(report(ours)) == {("results", "R3", "rejected", "student_id")}, "named by every run until it is mended"
    assert sync_status(ours.db, ours.admin).refused == {"results": 1}
    fake.put("students", "P3", pupil(3))
    assert brief(report(ours)) == {("students", "P3", "new", ""), ("results", "R3", "new", "")}
    assert report(ours) == [] and sync_status(ours.db, ours.admin).refused == {}


def test_a_refused_record_is_replaced_by_its_correction_or_forgotten_when_cancelled(
    ours: Here, fake: FakeSector
) -> None:
    fake.put("students", "P3", pupil(3, sex="?"))
    fake.put("students", "P4", pupil(4, sex="?"))
    assert {row.source_id for row in report(ours) if row.outcome == "rejected"} == {"P3", "P4"}
    fake.put("students", "P3", pupil(3))
    fake.put("students", "P4", None)
    assert brief(report(ours)) == {("students", "P3", "new", "")}
    assert report(ours) == []


def test_a_version_known_or_older_is_passed_over(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P1", pupil(1, full_name="Nguyễn Văn Bảy"), version=7)
    report(ours)
    for version in (7, 6):
        fake.put("students", "P1", pupil(1, full_name="Tên Cũ"), version=version)
        assert report(ours) == []
    assert pupils(ours)["P1"].full_name == "Nguyễn Văn Bảy"
    fake.put("students", "P1", pupil(1, full_name="Nguyễn Văn Tám"), version=8)
    assert brief(report(ours)) == {("students", "P1", "changed", "full_name")}


def test_cancelled_records_are_gone_and_may_come_back(ours: Here, fake: FakeSector) -> None:
    report(ours)
    fake.put("results", "R2", None)
    fake.put("enrolments", "E2", None)
    fake.put("students", "P2", None)
    fake.put("students", "P404", None)
    rows = report(ours)
    assert brief(rows) == {
        ("results", "R2", "gone", ""),
        ("enrolments", "E2", "gone", ""),
        ("students", "P2", "gone", ""),
    }
    assert pupils(ours)["P2"].active is False
    with ours.db.read(ours.school_id) as session:
        assert [row.active for row in session.exec(select(Enrolment).order_by(Enrolment.source_id)).all()] == [
            True,
            False,
        ]
        assert len(session.exec(select(StudentResult)).all()) == 1
    fake.put("students", "P2", pupil(2))
    fake.put("results", "R2", result("P2"))
    report(ours)
    assert pupils(ours)["P2"].active is True


def test_a_result_under_a_new_id_replaces_the_cancelled_one(ours: Here, fake: FakeSector) -> None:
    report(ours)
    fake.put("results", "R9", result("P1", year="9.0"))
    assert brief(report(ours)) == {("results", "R9", "rejected", "student_id")}, "two results of one pupil and year"
    fake.put("results", "R1", None)
    assert brief(report(ours)) == {("results", "R1", "gone", ""), ("results", "R9", "new", "")}


def test_a_staff_member_who_left_is_gone_and_his_account_closed(ours: Here, fake: FakeSector) -> None:
    fake.put("staff", "T2", teacher(2))
    report(ours)
    fake.put("staff", "T2", teacher(2, status="left"))
    assert brief(report(ours)) == {("staff", "T2", "gone", "")}
    with ours.db.read(ours.school_id) as session:
        staff = session.exec(select(Staff).where(Staff.source_id == "T2")).one()
        account = session.exec(select(Account).where(Account.staff_id == staff.id)).one()
        assert not staff.active and account.disabled


def test_a_personal_id_two_pupils_claim_is_a_conflict_and_neither_side_is_lost(ours: Here, fake: FakeSector) -> None:
    report(ours)
    fake.put("students", "P5", pupil(5, id_number=pupil(1)["id_number"]))
    fake.put("students", "P6", pupil(6, code="HS001"))
    fake.put("students", "P7", pupil(7))
    rows = report(ours)
    assert brief(rows) == {
        ("students", "P5", "conflict", "id_number"),
        ("students", "P6", "conflict", "code"),
        ("students", "P7", "new", ""),
    }
    assert set(pupils(ours)) == {"P1", "P2", "P7"}
    fake.put("students", "P5", pupil(5))
    assert ("students", "P5", "new", "") in brief(report(ours)), "mended in SMAS, it comes in"


def test_a_changed_personal_id_waits_for_a_person(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P3", pupil(3, id_number=None))
    report(ours)
    fake.put("students", "P1", pupil(1, id_number="079214000099", full_name="Người Khác"))
    fake.put("students", "P3", pupil(3))
    assert brief(report(ours)) == {
        ("students", "P1", "conflict", "id_number"),
        ("students", "P3", "changed", "id_number"),
    }
    assert pupils(ours)["P1"].id_number == pupil(1)["id_number"] and pupils(ours)["P1"].full_name == "Nguyễn Văn Ân"


def test_text_typed_decomposed_is_stored_composed(ours: Here, fake: FakeSector) -> None:
    fake.put(
        "students",
        "P3",
        pupil(
            3,
            full_name=unicodedata.normalize("NFD", "Trần Thị Ngọc Ánh"),
            mother_name=unicodedata.normalize("NFD", "Lê Ái"),
        ),
    )
    report(ours)
    found = pupils(ours)["P3"]
    assert (found.full_name, found.details["mother_name"]) == ("Trần Thị Ngọc Ánh", "Lê Ái")


def jpeg(size: tuple[int, int] = (30, 40)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (9, 120, 200)).save(file, "JPEG")
    return file.getvalue()


def test_photos_are_taken_only_when_they_are_what_their_name_says(ours: Here, fake: FakeSector) -> None:
    good, png = fake.photo(jpeg()), io.BytesIO()
    Image.new("RGB", (3, 4)).save(png, "PNG")
    wrong = {
        "P1": fake.photo(b"other bytes", named="a" * 64),
        "P2": "b" * 64,
        "P3": fake.photo(png.getvalue()),
        "P4": fake.photo(b"\xff\xd8\xff" + b"0" * 5_000_000),
        "P5": fake.photo(b"\xff\xd8\xffGIF"),
    }
    for number, sha256 in enumerate(wrong.values(), 1):
        fake.put("students", f"P{number}", pupil(number, photo_sha256=sha256))
    fake.put("students", "P6", pupil(6, photo_sha256=good))
    rows = report(ours)
    assert {row.source_id for row in rows if (row.outcome, row.field) == ("rejected", "photo_sha256")} == set(wrong)
    assert {name: row.photo_sha256 for name, row in pupils(ours).items()} == dict.fromkeys(wrong) | {"P6": good}
    assert blobs.get(good) == jpeg()
    fake.photos["b" * 64] = b""
    late = jpeg((33, 44))
    fake.put("students", "P2", pupil(2, photo_sha256=fake.photo(late)))
    assert ("students", "P2", "changed", "photo_sha256") in brief(report(ours))
    assert blobs.get(pupils(ours)["P2"].photo_sha256 or "") == late


def test_a_photo_that_comes_later_is_fetched_by_the_next_run(ours: Here, fake: FakeSector) -> None:
    content = jpeg((36, 48))
    name = fake.photo(content)
    del fake.photos[name]
    fake.put("students", "P1", pupil(1, photo_sha256=name))
    report(ours)
    assert pupils(ours)["P1"].photo_sha256 is None
    fake.photo(content)
    assert brief(report(ours)) == {("students", "P1", "changed", "photo_sha256")}
    assert pupils(ours)["P1"].photo_sha256 == name and report(ours) == []


def test_a_forgotten_cursor_is_read_from_the_beginning(ours: Here, fake: FakeSector) -> None:
    report(ours)
    fake.know_cursors = False
    fake.put("students", "P3", pupil(3))
    assert brief(report(ours)) == {("students", "P3", "new", "")}


def test_nothing_is_asked_for_while_no_newer_snapshot_is_there(ours: Here, fake: FakeSector) -> None:
    report(ours)
    fake.asked.clear()
    assert report(ours) == [] and fake.asked == []


def test_chosen_data_sets_and_classes_only(ours: Here, fake: FakeSector) -> None:
    assert {row.resource for row in report(ours, resources=["classes", "staff"])} == {"classes", "staff"}
    with ours.db.read(ours.school_id) as session:
        class_id = session.exec(select(SchoolClass.id)).one()
    fake.put("classes", "L2", room(code="6A2", name="6A2"))
    fake.put("students", "P8", pupil(8))
    fake.put("enrolments", "E8", enrolment("P8", class_id="L2"))
    rows = report(ours, class_ids=[class_id])
    assert {row.source_id for row in rows if row.resource == "students"} == {"P1", "P2"}
    assert {row.source_id for row in rows if row.resource == "enrolments"} == {"E1", "E2"}
    assert ("students", "P8", "new", "") in brief(report(ours)), (
        "what a narrow run passed over comes with the next whole one"
    )
    whole, narrow, sets = sync_runs(ours.db, ours.admin)
    assert [(run.chosen_resources, run.chosen_classes) for run in (whole, narrow, sets)] == [
        ([], []),
        ([], ["6A1"]),
        (["classes", "staff"], []),
    ]


def test_the_report_file_holds_no_formula(ours: Here, fake: FakeSector) -> None:
    fake.put("students", "P3", pupil(3, full_name="=HYPERLINK(1)"))
    fake.put("students", "P4", pupil(4, full_name=" @SUM(1)"))
    text = report_csv(ours.db, ours.admin, ours.sync().id).decode("utf-8-sig")
    assert '"\'=HYPERLINK(1) (HS003)"' in text and '"\'@SUM(1) (HS004)"' in text
    assert text.splitlines()[0].startswith('"Tập dữ liệu"')


def test_another_school_sees_and_touches_nothing(ours: Here, db: Database) -> None:
    job_id = ours.sync().id
    other = school_here(db, {"code": "79770002", "client_id": "x", "client_secret": "y"})
    assert sync_runs(db, other.admin) == []
    for call in (sync_report, report_csv, cancel_sync):
        assert refused(call, db, other.admin, job_id) is ErrorCode.NOT_FOUND
    with ours.db.read(ours.school_id) as session:
        class_id = session.exec(select(SchoolClass.id)).one()
    with pytest.raises(HocbaError):
        start_sync(db, other.admin, class_ids=[class_id])
    with db.read(other.school_id) as session:
        assert session.exec(select(Student)).first() is None and session.exec(select(Job)).first() is None
    with db.installation() as session:
        assert {name.school_id for name in session.exec(select(LoginName)).all()} == {ours.school_id}


@pytest.mark.parametrize("role", ["teacher", "homeroom", "subject", "principal", "seal_operator"])
def test_only_the_office_may(ours: Here, role: str) -> None:
    nobody = Identity("a", ours.school_id, "s", "gv", "Giáo viên", frozenset({role}))
    for call in (
        lambda who: start_sync(ours.db, who), lambda who: sync_runs(ours.db, who), lambda who: sync_status(ours.db, who),
        lambda who: sync_report(ours.db, who, "x"), lambda who: report_csv(ours.db, who, "x"), lambda who: cancel_sync(ours.db, who, "x"),
    ):  # fmt: skip
        assert refused(call, nobody) is ErrorCode.FORBIDDEN
        assert refused(call, None) is ErrorCode.NOT_SIGNED_IN


@pytest.mark.parametrize(
    "given", [{"school_year": "2025"}, {"school_year": "2025-2027"}, {"resources": ["photos"]}, {"class_ids": ["x"]}]
)
def test_a_wrong_wish_is_refused(ours: Here, given: dict[str, Any]) -> None:
    with pytest.raises(HocbaError):
        start_sync(ours.db, ours.admin, **given)


def test_two_who_ask_at_once_get_one_run(ours: Here) -> None:
    assert start_sync(ours.db, ours.admin) == start_sync(ours.db, ours.admin)


def test_a_subject_that_becomes_a_comment_subject_is_judged_anew_and_its_code_stays(
    ours: Here, fake: FakeSector
) -> None:
    report(ours)
    fake.put("subjects", "M1", subject("TOAN", kind="comment"))
    report(ours)
    with ours.db.read(ours.school_id) as session:
        assert {entry["field"] for entry in session.exec(select(StudentResult)).first().mismatches} >= {
            "subjects.TOAN.year"
        }  # type: ignore[union-attr]
    fake.put("subjects", "M1", subject("TOAN1"))
    assert brief(report(ours)) == {("subjects", "M1", "rejected", "code")}
