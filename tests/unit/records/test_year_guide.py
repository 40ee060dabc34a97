"""The guide through the year, situation by situation."""

from __future__ import annotations

from typing import Any

import pytest

from hocba_app.services.overview.year_guide import GuideStep, YearFacts, steps_from

NEW = YearFacts(
    pupils=0,
    synced=False,
    connected=True,
    without_code=0,
    without_image=0,
    without_key=0,
    seal_ready=False,
    concluded=0,
    documents={},
)


def guide(**facts: Any) -> dict[int, GuideStep]:
    values = {field: getattr(NEW, field) for field in NEW.__dataclass_fields__} | facts
    return {step.number: step for step in steps_from(YearFacts(**values))}


def test_a_new_school_is_sent_to_sync() -> None:
    steps = guide()
    assert (steps[3].state, steps[3].href) == ("now", "/sync")
    assert (steps[1].state, steps[2].state) == ("elsewhere", "elsewhere"), "on SMAS: no task here"
    assert [steps[n].state for n in (4, 5, 6)] == ["later"] * 3
    assert [step.number for step in steps.values() if step.is_next] == [3], "one step is open, one button leads"
    unconnected = guide(connected=False)[3]
    assert "người quản trị hệ thống" in unconnected.text and unconnected.button == "Nhập từ Excel"


@pytest.mark.parametrize(
    ("facts", "href"),
    [
        ({"without_code": 4, "without_image": 3}, "/accounts?state=inactive"),
        ({"without_image": 3}, "/signature-images"),
        ({"without_key": 2}, "/signing-accounts"),
        ({}, "/signing-settings"),
        ({"seal_ready": True}, "/lock?kind=cover"),
        ({"seal_ready": True, "documents": {("cover", "locked"): 90}}, "/records?kind=cover"),
    ],
)
def test_after_the_first_sync_the_next_gap_comes_first(facts: dict[str, Any], href: str) -> None:
    step = guide(synced=True, pupils=90, **facts)[3]
    assert (step.state, step.href) == ("now", href)


def test_covers_signed_end_the_start_of_the_year() -> None:
    steps = guide(synced=True, pupils=90, seal_ready=True, documents={("cover", "signed"): 90})
    assert [steps[n].state for n in (1, 2, 3)] == ["done"] * 3
    assert (steps[4].state, steps[5].href, steps[6].state) == ("elsewhere", "/sync", "later")
    assert steps[5].is_next


def test_results_lead_to_lock_then_seal_then_print() -> None:
    base = {"synced": True, "pupils": 2, "concluded": 2, "seal_ready": True}
    covers = {("cover", "signed"): 2}
    assert guide(**base, documents=covers)[6].href == "/lock?kind=results"
    signing = covers | {("history", "signed"): 2, ("results", "signing"): 2}
    assert guide(**base, documents=signing)[6].text == "Đã đóng dấu 0/2 học bạ."
    sealed = {("cover", "sealed"): 2, ("history", "sealed"): 2, ("results", "sealed"): 2}
    last = guide(**base, documents=sealed)
    assert {step.state for step in last.values()} == {"done"} and last[6].href == "/print"
