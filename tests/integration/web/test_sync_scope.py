"""What a sync run is to bring, chosen on the page: its handlers, its words, and what a client makes up."""

from __future__ import annotations

from typing import Any

import pytest
from reflex.utils.format import format_event_handler, json_dumps

from hocba_app.state.sync import SyncState
from hocba_app.state.sync_scope import SyncScopeState, explanation, scope_of_classes
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - a fixture


@pytest.fixture
def office(two_schools: tuple[WebSchool, WebSchool], run: Any) -> Any:
    async def call(handler: Any, **payload: Any) -> str:
        return json_dumps(
            await run(
                format_event_handler(handler), two_schools[0].tokens["management"], "sync-tab", "/sync", **payload
            )
        )

    return call


async def test_classes_and_data_sets_are_chosen_and_said_in_words(
    two_schools: tuple[WebSchool, WebSchool], office: Any
) -> None:
    ours, theirs = (school.small.class_id for school in two_schools)
    assert ours in await office(SyncState.load)
    assert "Chưa chọn gì" in await office(SyncScopeState.choose_part, part="part")
    assert "Chọn ít nhất một loại dữ liệu" in await office(SyncState.start), "nothing chosen is not the whole school"
    assert "Chỉ lấy mọi loại dữ liệu của lớp 6A1" in await office(SyncScopeState.toggle_class, class_id=ours)
    assert "Chỉ lấy kết quả học tập của lớp 6A1" in await office(SyncScopeState.toggle_resource, key="results")
    for handler, payload in (
        (SyncScopeState.toggle_class, {"class_id": theirs}),
        (SyncScopeState.toggle_resource, {"key": "photos"}),
    ):
        sent = await office(handler, **payload)
        assert theirs not in sent and "photos" not in sent, "of another school, or not to be chosen"
    assert "Chỉ lấy kết quả học tập của cả trường" in await office(SyncScopeState.toggle_grade, grade=6)
    assert "Không có lớp nào" not in await office(SyncScopeState.search_classes, text="6a")
    assert "Chưa chọn gì" in await office(SyncScopeState.clear)


def test_a_partial_run_says_what_it_leaves_alone() -> None:
    words = explanation([], ["6A1", "6A2"])
    assert "của lớp 6A1, 6A2." in words and "các lớp khác không thay đổi" in words and "được lấy đủ" in words
    assert "chưa ghi, được nêu trong báo cáo" in explanation(["results"], [])
    assert "báo cáo" not in explanation(["staff"], [])
    assert scope_of_classes([f"6A{number}" for number in range(1, 10)]) == "lớp 6A1, 6A2, 6A3, 6A4, 6A5 và 4 lớp khác"


async def test_another_school_year_has_its_own_classes(two_schools: tuple[WebSchool, WebSchool], office: Any) -> None:
    ours = two_schools[0].small.class_id
    await office(SyncState.load)
    earlier = await office(SyncState.choose_year, year="2020-2021")
    assert '"2020-2021"' in earlier and ours not in earlier
    assert "1999" not in await office(SyncState.choose_year, year="1999-2000"), "a year nobody offered"
    assert ours in await office(SyncState.choose_year, year="2025-2026")
