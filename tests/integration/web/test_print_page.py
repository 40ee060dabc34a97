"""The print page's own handlers, through the whole event pipeline: what it shows and how it says no."""

from __future__ import annotations

from typing import Any

import pytest
from reflex.utils.format import format_event_handler, json_dumps
from sqlmodel import select

from hocba_app.models import Database, Student
from hocba_app.state.printing import PrintState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - a fixture


@pytest.fixture
def office(two_schools: tuple[WebSchool, WebSchool], run: Any) -> Any:
    """Call a handler as our school's management; the JSON that goes to the page."""

    async def call(handler: Any, path: str = "/print", **payload: Any) -> str:
        return json_dumps(
            await run(format_event_handler(handler), two_schools[0].tokens["management"], "print-tab", path, **payload)
        )

    return call


async def test_classes_are_shown_and_nothing_unsealed_is_printed_or_handed_out(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], office: Any
) -> None:
    ours = two_schools[0]
    assert "6A1 · 0 hồ sơ đã đóng dấu" in await office(PrintState.load)
    with web_database.read(ours.school_id) as session:
        student = session.exec(select(Student).order_by(Student.code)).first()
    shown = await office(PrintState.choose_class, class_id=ours.small.class_id)
    assert f"{student.full_name} · {student.code} · 0 hồ sơ" in shown
    assert "Chưa có hồ sơ nào đã đóng dấu để in." in await office(PrintState.start)
    await office(PrintState.choose_pupil, student_id=student.id)
    await office(PrintState.set_recipient, value="Mẹ học sinh")
    assert "Học sinh này chưa có hồ sơ nào đã đóng dấu." in await office(PrintState.create_link)


async def test_a_pupil_named_in_the_address_opens_with_his_class(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], office: Any
) -> None:
    ours = two_schools[0]
    with web_database.read(ours.school_id) as session:
        student = session.exec(select(Student).order_by(Student.code)).first()
    shown = await office(PrintState.load, path=f"/print?student={student.id}")
    assert ours.small.class_id in shown and student.full_name in shown


async def test_options_a_client_made_up_change_nothing(office: Any) -> None:
    for option, value in (
        ("margin_mm", "9" * 40),
        ("margin_mm", "²"),
        ("paper", "A5"),
        ("class_id", "x"),
        ("loaded", "no"),
        ("binding_mm", None),
    ):
        sent = await office(PrintState.set_option, option=option, value=value)
        assert "A5" not in sent and '"x"' not in sent and "999" not in sent
    assert "20" in await office(PrintState.set_option, option="margin_mm", value="20"), "a real one does"
    assert "Chọn lớp hoặc học sinh cần in." in await office(PrintState.start)
