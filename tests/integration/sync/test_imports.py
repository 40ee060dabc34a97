"""A workbook's way in: looked at before anything is written, put right on the page, imported as a job that holds nobody up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Job, Student, StudentResult, WorkbookImport
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.jobs.claim import SILENT_AFTER, finish, take
from hocba_app.services.jobs.registry import Work, function_of
from hocba_app.services.jobs.results import Done
from hocba_app.services.storage import blobs
from hocba_app.services.sync.apply import Applier
from hocba_app.services.sync.commands import cancel_sync
from hocba_app.services.workbooks import import_check_job, imports
from hocba_app.services.workbooks.import_plan import Plan
from hocba_app.services.workbooks.import_views import ImportView, PreviewRow
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.test_bad_records import ACCOUNT
from tests.integration.sync.test_excel import CLASSES, MARKS, PUPILS, SUBJECTS, WHOLE, book, bring
from tests.integration.sync.test_steps import rows_by_transaction, school_of
from tests.integration.sync.test_sync import everything
from tests.refusals import refused
from tests.unit.sync.wide_forms import by_xlwt, secondary_summary

HEADS_AS_FOREIGN = ("Toán", "GDTC")
ANH = ["HS1", "Nguyễn Thị Ánh", "06/05/2014", "8,2", "8,5", "8,4", "Đ", "Đ", "Đ", *("Tốt",) * 6, "3", None, "x"]
PO = ["HS2", "Lò Văn Pó", "28/02/2014", "7", "7,5", "7,3", "Đ", "Đ", "Đ", *("Khá",) * 6, "0", None, "x"]


@pytest.fixture
def empty(db: Database, configured: pytest.MonkeyPatch) -> Here:
    return school_here(db, ACCOUNT)


@pytest.fixture
def filled(empty: Here) -> Here:
    assert bring(empty, book(staff=WHOLE["staff"], classes=CLASSES, subjects=SUBJECTS, pupils=PUPILS)).problems == []
    return empty


def run(here: Here, job_id: str) -> Job:
    """Work on a job as a worker would."""
    claim = take(here.db, here.school_id, job_id, "test-worker")
    assert claim is not None
    with here.db.read(here.school_id) as session:
        row = session.get_one(Job, (here.school_id, job_id))
    work = Work(here.db, claim, row.arguments, row.created_by)
    try:
        assert function_of(row.kind)(work) == Done()
        finish(here.db, claim, "cancelled" if work.cancelled() else "done")
    except HocbaError as error:
        finish(here.db, claim, "failed", error_code=error.code.value, error_params={})
    with here.db.read(here.school_id) as session:
        return session.get_one(Job, (here.school_id, job_id))


def checked(here: Here, import_id: str) -> ImportView:
    with here.db.read(here.school_id) as session:
        job_id = session.exec(select(WorkbookImport.check_job_id).where(WorkbookImport.id == import_id)).one()
    assert job_id is not None
    run(here, job_id)
    return imports.view(here.db, here.admin, import_id)


def given(here: Here, data: bytes, name: str = "tong-ket.xls") -> ImportView:
    return checked(here, imports.give(here.db, here.admin, name, data))


def rows(here: Here, found: ImportView, outcome: str) -> list[PreviewRow]:
    return imports.preview(here.db, here.admin, found.id, outcome=outcome, size=200)[0]


def imported(here: Here, found: ImportView) -> Job:
    return run(here, imports.start(here.db, here.admin, found.id, found.digest))


def test_everything_is_shown_before_anything_is_written(filled: Here) -> None:
    before = everything(filled)
    changed = [
        PUPILS[0],
        ["HS1", "Nguyễn Thị Ánh", "06/05/2014", "Nữ", "6A1", "Tày"],
        ["HS3", "Y Moan Ênuôl", "01/02/2014", "Nam", "6A1", "Ê-đê"],
    ]
    found = given(filled, book(pupils=changed), "ds.xlsx")
    assert (found.state, found.ready, found.file_name, found.school_year) == ("preview", True, "ds.xlsx", "2025-2026")
    assert found.counts == {"new": 2, "changed": 1, "rejected": 0, "question": 0, "absent": 1}
    assert [(column["letter"], column["title"]) for column in found.columns][:2] == [
        ("A", "Mã học sinh"),
        ("B", "Họ và tên"),
    ]
    [change] = rows(filled, found, "changed")
    assert (change.cell, change.label, change.changes) == (
        "F2", "Nguyễn Thị Ánh (HS1)", [{"field": "ethnic_group", "label": "Dân tộc", "before": "Kinh", "after": "Tày"}],
    )  # fmt: skip
    assert {row.label for row in rows(filled, found, "new")} == {"Y Moan Ênuôl (HS3)", "Y Moan Ênuôl – 6A1"}
    assert [row.label for row in rows(filled, found, "absent")] == ["Lò Văn Pó (HS2) – 6A1"]
    assert everything(filled) == before, "a preview writes nothing of the school's data"
    assert imported(filled, found).state == "done"
    after = imports.view(filled.db, filled.admin, found.id)
    assert (after.state, after.import_job_id != "") == ("done", True)
    with filled.db.read(filled.school_id) as session:
        assert {row.code for row in session.exec(select(Student).where(Student.active)).all()} == {"HS1", "HS2", "HS3"}  # type: ignore[arg-type]


def test_wrong_cells_are_named_and_put_right_on_the_page(filled: Here) -> None:
    found = given(
        filled, by_xlwt(secondary_summary(HEADS_AS_FOREIGN, [[*ANH[:5], "chín", *ANH[6:]], [*PO[:3], 70.0, *PO[4:]]]))
    )
    assert (found.state, found.ready, found.counts["rejected"]) == ("preview", False, 2)
    wrong = rows(filled, found, "rejected")
    assert [(row.sheet, row.cell, row.value) for row in wrong] == [("6A1", "G6", "chín"), ("6A1", "E7", "70")]
    assert refused(imports.start, filled.db, filled.admin, found.id, found.digest) is ErrorCode.PREVIEW_OLD
    imports.put_right(filled.db, filled.admin, found.id, cells={("6A1", "G6"): "8,4", ("6A1", "E7"): "7,0"})
    found = checked(filled, found.id)
    assert found.ready and found.counts["new"] == 2
    imported(filled, found)
    with filled.db.read(filled.school_id) as session:
        marks = {row.payload["subjects"][0]["term1"] for row in session.exec(select(StudentResult)).all()}
        assert marks == {"8.2", "7.0"}


def test_a_row_may_be_left_out(filled: Here) -> None:
    found = given(filled, by_xlwt(secondary_summary(HEADS_AS_FOREIGN, [[*ANH[:5], "chín", *ANH[6:]], PO])))
    imports.put_right(filled.db, filled.admin, found.id, left_out=[("6A1", 6)])
    found = checked(filled, found.id)
    assert found.ready and [row.label for row in rows(filled, found, "new")] == ["Lò Văn Pó – 6A1"]
    assert [row.label for row in rows(filled, found, "absent")] == ["Nguyễn Thị Ánh (HS1) – 6A1"]


def test_foreign_heads_are_explained_once_and_remembered(filled: Here) -> None:
    foreign = secondary_summary(("Maths", "GDTC"), [ANH, PO])
    foreign.cells[2, 1] = "Student ID"
    found = given(filled, by_xlwt(foreign))
    assert found.state == "columns" and not found.ready
    unknown = [column for column in found.columns if not column["target"]]
    assert [(column["letter"], column["head"], column["examples"][0]) for column in unknown] == [
        ("B", "Student ID", "HS1"), ("E", "Điểm trung bình các môn ▸ Maths ▸ HK I", "8,2"),
        ("F", "Điểm trung bình các môn ▸ Maths ▸ HK II", "8,5"), ("G", "Điểm trung bình các môn ▸ Maths ▸ Cả năm", "8,4"),
    ]  # fmt: skip
    offered = dict(pair for _, group in imports.targets(filled.db, filled.admin, found.id) for pair in group)
    assert (
        offered["subject_results/TOAN/term1"] == "Môn Toán: học kì I" and offered["pupil/student_code"] == "Mã học sinh"
    )
    keys = (
        "pupil/student_code",
        "subject_results/TOAN/term1",
        "subject_results/TOAN/term2",
        "subject_results/TOAN/year",
    )
    imports.explain(
        filled.db, filled.admin, found.id, {("6A1", letter): key for letter, key in zip("BEFG", keys, strict=True)}
    )
    found = checked(filled, found.id)
    assert found.ready and found.counts["new"] == 2
    imported(filled, found)
    moved = secondary_summary(("GDTC", "Maths"), [[*ANH[:3], *ANH[6:9], "8,2", "8,5", "9,9", *ANH[9:]]])
    moved.cells[2, 1] = "Student ID"
    again = given(filled, by_xlwt(moved))
    assert again.ready, "another file of the same kind asks nothing more, wherever its columns stand"
    [change] = rows(filled, again, "changed")
    assert [(entry["label"], entry["before"], entry["after"]) for entry in change.changes] == [
        ("TOAN, Cả năm", "8.4", "9.9")
    ]


def test_near_matches_are_asked_about_and_never_made_silently(filled: Here) -> None:
    people = [
        ["HS01", "Hoàng Ngọc", "03/03/2014", *PUPILS[1][3:]],
        ["HS8", *PUPILS[1][1:]],
        ["HS2", "Thạch Sô Phi", "01/01/2014", "Nam", "6A1", "Khmer"],
        ["01", "Một", "05/05/2014", "Nam", "6A1", "Kinh"],
        ["1", "Hai", "06/06/2014", "Nam", "6A1", "Kinh"],
    ]
    found = given(filled, book(pupils=[PUPILS[0], *people]))
    asked = rows(filled, found, "question")
    assert [(row.cell, sorted(row.choices)) for row in asked] == [
        ("A3", ["other", "same"]),
        ("B4", ["other", "same"]),
        ("A6", ["other", "same"]),
    ]
    assert not found.ready
    answers = {asked[0].key: "same", asked[1].key: "other", asked[2].key: "other"}
    imports.put_right(filled.db, filled.admin, found.id, answers=answers)
    found = checked(filled, found.id)
    assert found.ready
    assert imported(filled, found).state == "done"
    with filled.db.read(filled.school_id) as session:
        names = {row.code: row.full_name for row in session.exec(select(Student)).all()}
    assert names == {"HS1": "Nguyễn Thị Ánh", "HS2": "Lò Văn Pó", "HS01": "Hoàng Ngọc", "01": "Một", "1": "Hai"}


def test_marks_under_another_pupils_code_are_asked_about(filled: Here) -> None:
    found = given(
        filled, by_xlwt(secondary_summary(HEADS_AS_FOREIGN, [["HS1", "Thạch Sô Phi", "01/01/2014", *ANH[3:]], PO]))
    )
    [asked] = rows(filled, found, "question")
    assert asked.cell == "C6" and "HS1 Nguyễn Thị Ánh (06/05/2014)" in asked.reason
    imports.put_right(filled.db, filled.admin, found.id, answers={asked.key: "other"})
    found = checked(filled, found.id)
    assert found.ready and [row.label for row in rows(filled, found, "new")] == ["Lò Văn Pó – 6A1"]


def test_what_is_written_is_what_was_shown(filled: Here) -> None:
    changed = book(pupils=[PUPILS[0], ["HS1", "Nguyễn Thị Ánh", "06/05/2014", "Nữ", "6A1", "Tày"]])
    found = given(filled, changed)
    bring(filled, book(pupils=[PUPILS[0], ["HS1", "Nguyễn Thị Ánh", "06/05/2014", "Nữ", "6A1", "Nùng"]]))
    job = imported(filled, found)
    assert (job.state, job.error_code) == ("failed", "preview_old")
    now = imports.view(filled.db, filled.admin, found.id)
    assert (now.state, now.ready) == ("stopped", False) and "kiểm tra lại" in now.problem
    imports.look_again(filled.db, filled.admin, found.id)
    assert imported(filled, checked(filled, found.id)).state == "done"


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_killed_check_is_made_anew(filled: Here, monkeypatch: pytest.MonkeyPatch, killed_at: int) -> None:
    class Killed(BaseException):
        pass

    calls = []
    row = import_check_job._row

    def dying(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == killed_at:
            raise Killed
        return row(*arguments)

    import_id = imports.give(filled.db, filled.admin, "a.xlsx", book(pupils=PUPILS, marks=MARKS))
    monkeypatch.setattr(import_check_job, "_row", dying)
    with pytest.raises(Killed):
        checked(filled, import_id)
    assert imports.view(filled.db, filled.admin, import_id).state == "checking"
    monkeypatch.setattr(import_check_job, "_row", row)
    found = checked(filled, import_id)
    assert found.ready and len(rows(filled, found, "new")) == found.counts["new"] == 2


def test_an_import_is_stopped_between_two_steps_and_gone_on_with(empty: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    found = given(empty, school_of(35), "truong.xlsx")
    assert found.counts["new"] > 100
    write, calls = Applier.write, []
    job_id = imports.start(empty.db, empty.admin, found.id, found.digest)
    assert imports.start(empty.db, empty.admin, found.id, found.digest) == job_id, "pressed twice it is one run"

    def stopping(self: Applier, session: Any, chunk: Any) -> None:
        write(self, session, chunk)
        calls.append(len(chunk))
        if len(calls) == 4:
            session.get_one(Job, (empty.school_id, job_id)).cancel_asked = True

    monkeypatch.setattr(Applier, "write", stopping)
    job = run(empty, job_id)
    assert job.state == "cancelled" and 0 < job.progress < job.total
    assert imports.view(empty.db, empty.admin, found.id).state == "stopped"
    monkeypatch.setattr(Applier, "write", write)
    imports.look_again(empty.db, empty.admin, found.id)
    rest = checked(empty, found.id)
    assert 0 < rest.counts["new"] < found.counts["new"], "what is in stays in"
    assert imported(empty, rest).state == "done"
    with empty.db.read(empty.school_id) as session:
        assert len(session.exec(select(StudentResult)).all()) == 35


def test_a_killed_import_goes_on_although_the_data_are_no_longer_what_was_shown(
    empty: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    write, calls = Applier.write, []

    def dying(self: Applier, session: Any, chunk: Any) -> None:
        write(self, session, chunk)
        calls.append(1)
        if len(calls) == 5:
            raise Killed

    found = given(empty, school_of(35), "truong.xlsx")
    job_id = imports.start(empty.db, empty.admin, found.id, found.digest)
    monkeypatch.setattr(Applier, "write", dying)
    with pytest.raises(Killed):
        run(empty, job_id)
    monkeypatch.setattr(Applier, "write", write)
    with empty.db.write(empty.school_id) as session:
        session.get_one(Job, (empty.school_id, job_id)).heartbeat_at = utc_now() - 2 * SILENT_AFTER
    done = run(empty, job_id)
    assert done.state == "done" and done.report["resources"]["results"]["new"] == 35


def test_a_check_and_an_import_write_in_short_transactions(empty: Here) -> None:
    with rows_by_transaction(empty.db) as few:
        imported(empty, given(empty, school_of(35), "a.xlsx"))
    with rows_by_transaction(empty.db) as many:
        imported(empty, given(empty, school_of(105), "b.xlsx"))
    assert max(many) <= max(max(few), 250), "more pupils make more transactions, not longer ones"


def test_what_takes_long_is_reckoned_while_nobody_waits(empty: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest of thousands of rows takes as long as a step: not inside a write transaction."""
    write, digest, open_now, seen = Work.write, Plan.digest, [0], []

    @contextmanager
    def watched(self: Work, **options: Any) -> Iterator[Any]:
        with write(self, **options) as session:
            open_now[0] += 1
            try:
                yield session
            finally:
                open_now[0] -= 1

    def told(self: Plan) -> str:
        seen.append(open_now[0])
        return str(digest.fget(self))  # type: ignore[attr-defined] # a property

    monkeypatch.setattr(Work, "write", watched)
    monkeypatch.setattr(Plan, "digest", property(told))
    imported(empty, given(empty, school_of(35), "a.xlsx"))
    assert len(seen) >= 2 and not any(seen)


def test_one_put_aside_is_gone_and_a_stranger_sees_nothing(filled: Here, db: Database) -> None:
    found = given(filled, book(pupils=PUPILS, marks=MARKS))
    other = school_here(db, ACCOUNT | {"code": "99999999"})
    teacher = Identity(
        account_id="x", school_id=filled.school_id, staff_id="s", username="gv", full_name="GV", roles=frozenset()
    )
    assert refused(imports.view, db, other.admin, found.id) is ErrorCode.NOT_FOUND
    for act in (
        lambda: imports.view(db, teacher, found.id), lambda: imports.views(db, teacher), lambda: imports.give(db, teacher, "a.xlsx", b""),
        lambda: imports.preview(db, teacher, found.id, outcome="new"), lambda: imports.targets(db, teacher, found.id),
        lambda: imports.explain(db, teacher, found.id, {}), lambda: imports.put_right(db, teacher, found.id), lambda: imports.drop(db, teacher, found.id),
        lambda: imports.start(db, teacher, found.id, found.digest), lambda: imports.look_again(db, teacher, found.id),
    ):  # fmt: skip
        assert refused(act) is ErrorCode.FORBIDDEN
    imports.drop(filled.db, filled.admin, found.id)
    assert found.id not in [row.id for row in imports.views(filled.db, filled.admin)]


def test_what_cannot_be_read_is_not_stored(empty: Here) -> None:
    kept = list(blobs.folder().rglob("*")) if blobs.folder().exists() else []
    assert refused(imports.give, empty.db, empty.admin, "a.xls", b"no workbook") is ErrorCode.FILE_TYPE
    assert (list(blobs.folder().rglob("*")) if blobs.folder().exists() else []) == kept
    assert imports.views(empty.db, empty.admin) == []


def test_an_import_waits_for_nobody_and_no_sync_begins_beside_it(filled: Here) -> None:
    found = given(filled, book(pupils=PUPILS, marks=MARKS))
    job_id = imports.start(filled.db, filled.admin, found.id, found.digest)
    assert (
        refused(imports.put_right, filled.db, filled.admin, found.id, left_out=[("Học sinh", 2)])
        is ErrorCode.SYNC_RUNNING
    )
    cancel_sync(filled.db, filled.admin, job_id)
    assert imports.view(filled.db, filled.admin, found.id).state == "stopped"
