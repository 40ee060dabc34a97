"""A pupil's page through the whole event pipeline: without any document, with other schools' files, locked for himself."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import select

from hocba_app.models import AttachedRecord, Database, Document, Enrolment, Job, Student
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.state.lock import LockState
from hocba_app.state.pupil import PupilState
from hocba_app.state.records import RecordsState
from tests.integration.verification.test_foreign_files import plain_pdf
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - a fixture
from tests.integration.web.test_record_pages import request


async def ask(*arguments: Any, **more: Any) -> httpx.Response:
    """A route asked from a test with a loop of its own."""
    return await asyncio.to_thread(request, *arguments, **more)


@pytest.fixture
def ours(two_schools: tuple[WebSchool, WebSchool]) -> WebSchool:
    return two_schools[0]


@pytest.fixture
def newcomer(web_database: Database, ours: WebSchool) -> str:
    """A pupil who has just moved in: no results, no documents."""
    return moved_in(web_database, ours, "900")


@pytest.fixture
def leaver(web_database: Database, ours: WebSchool) -> str:
    """Another one, who will not stay: whatever order the tests run in, the newcomer does."""
    return moved_in(web_database, ours, "901")


def moved_in(db: Database, school: WebSchool, number: str) -> str:
    with db.write(school.school_id) as session:
        found = session.exec(select(Student).where(Student.code == f"HS{number}")).first()
        if found is None:
            found = Student(
                source_id=f"p{number}",
                code=f"HS{number}",
                full_name="Thạch Sô Phi",
                sort_name="phi",
                birth_date="2014-01-02",
            )
            session.add(found)
            session.flush()
            session.add(
                Enrolment(
                    source_id=f"e{number}",
                    student_id=found.id,
                    class_id=school.small.class_id,
                    school_year="2025-2026",
                    status="moved_in",
                )
            )
        return found.id


@pytest.fixture
def act(ours: WebSchool, run: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call a handler as somebody of our school, on one pupil's page."""

    async def call(role: str, handler: Any, student_id: str, path: str = "/", **payload: Any) -> str:
        monkeypatch.setattr(PupilState, "student_id", student_id, raising=False)
        return json_dumps(await run(format_event_handler(handler), ours.tokens[role], f"pupil-{role}", path, **payload))

    return call


def work_off(db: Database, school: WebSchool, kind: str) -> None:
    with db.read(school.school_id) as session:
        jobs = session.exec(select(Job.id).where(Job.kind == kind, Job.state == "queued").order_by(Job.id)).all()
    for job_id in jobs:
        advance(db, RunningJobs(), school.school_id, job_id, "w0", threading.Event())


async def test_a_pupil_without_documents_has_a_page(ours: WebSchool, newcomer: str, act: Any, run: Any) -> None:
    shown = await act("admin", PupilState.load, newcomer)
    for words in (
        "Thạch Sô Phi",
        "Mã HS900",
        "Chuyển đến",
        "Bìa",
        "Quá trình học tập 2025-2026",
        "Kết quả học tập 2025-2026",
    ):
        assert words in shown, words
    assert (
        "Chưa có kết quả học tập của năm học." in shown
        and f"/lock?kind=results&class={ours.small.class_id}&student={newcomer}" in shown
    )
    seen = await act("homeroom", PupilState.load, newcomer)
    assert "Thạch Sô Phi" in seen and "/lock?" not in seen, "a teacher sees his class and locks nothing"
    listed = json_dumps(await run(format_event_handler(RecordsState.load), ours.tokens["admin"], "list", "/records"))
    found = json_dumps(
        await run(
            format_event_handler(RecordsState.set_search), ours.tokens["admin"], "list", "/records", search="so phi"
        )
    )
    assert f"/students/{newcomer}" in listed + found


async def test_nobody_of_another_school_opens_it(
    two_schools: tuple[WebSchool, WebSchool], newcomer: str, run: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(PupilState, "student_id", newcomer, raising=False)
    shown = json_dumps(await run(format_event_handler(PupilState.load), two_schools[1].tokens["admin"], "theirs", "/"))
    assert "Thạch Sô Phi" not in shown and "không có quyền" in shown.lower()


async def test_a_file_is_given_judged_and_decided_on(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], newcomer: str, act: Any
) -> None:
    ours, others = two_schools
    path = f"/uploads/attached/{newcomer}"
    scan = plain_pdf()
    files = {"files": ("<b>hoc ba.pdf", scan, "application/pdf")}
    assert (await ask(ours, "homeroom", "POST", path, files=files)).status_code == 403
    assert "notice=" in (await ask(others, "admin", "POST", path, files=files)).headers["location"]
    wrong = await ask(ours, "admin", "POST", path, files={"files": ("x.exe", b"MZ", "application/pdf")})
    assert wrong.status_code == 303 and wrong.headers["location"].startswith(f"/students/{newcomer}?notice=")
    assert (await ask(ours, "admin", "POST", path, files=files)).status_code == 303
    assert "Đang kiểm tra" in await act("admin", PupilState.load, newcomer)
    work_off(web_database, ours, "attached")
    shown = await act("admin", PupilState.load, newcomer)
    assert "Chưa kết luận" in shown and "Tệp không có chữ ký số nào." in shown and "Không đọc được chữ nào" in shown
    with web_database.read(ours.school_id) as session:
        (row,) = session.exec(select(AttachedRecord)).all()
    assert "Cần ghi lý do" in await act("admin", PupilState.accept, newcomer, attached_id=row.id)
    await act("admin", PupilState.open, newcomer, attached_id=row.id)
    await act("admin", PupilState.set_reason, newcomer, reason="Bản quét có dấu đỏ, đã đối chiếu bản giấy")
    assert "Đã đính kèm" in await act("admin", PupilState.accept, newcomer, attached_id=row.id)
    answer = await ask(ours, "homeroom", "GET", f"/files/attached/{row.id}")
    assert (
        answer.content == scan
        and answer.headers["content-disposition"].startswith("attachment;")
        and "sandbox" in answer.headers["content-security-policy"]
    )
    assert (await ask(others, "admin", "GET", f"/files/attached/{row.id}")).status_code == 404
    await act("admin", PupilState.set_reason, newcomer, reason="Nhầm học sinh")
    assert "Đã gỡ tệp" in await act("admin", PupilState.detach, newcomer, attached_id=row.id)
    assert "Nhầm học sinh" in await act("homeroom", PupilState.load, newcomer)


async def test_a_pupil_who_leaves_is_locked_for_himself(
    web_database: Database, ours: WebSchool, leaver: str, act: Any
) -> None:
    with web_database.write(ours.school_id) as session:
        row = session.exec(select(Enrolment).where(Enrolment.student_id == leaver)).one()
        row.status, row.to_date = "moved_out", "2025-11-14"
        session.add(row)
        before = len(session.exec(select(Document).where(Document.state != "open")).all())
    shown = await act("admin", PupilState.load, leaver)
    assert "Chuyển đi ngày 14/11/2025" in shown
    page = f"/lock?kind=results&class={ours.small.class_id}&student={leaver}"
    assert "Thạch Sô Phi" in await act("admin", LockState.load, leaver, page)
    assert "của riêng Thạch Sô Phi" in await act("admin", LockState.ask, leaver, page)
    await act("admin", LockState.lock, leaver, page)
    work_off(web_database, ours, "lock")
    with web_database.read(ours.school_id) as session:
        assert len(session.exec(select(Document).where(Document.state != "open")).all()) == before + 1
        locked = session.exec(select(Document).where(Document.student_id == leaver, Document.kind == "results")).one()
    assert locked.state == "locked"
    assert f"/records/{locked.id}" in await act("admin", PupilState.load, leaver)
