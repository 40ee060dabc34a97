"""A school of the simulator becomes two: what goes keeps its ids, what is shared stays, both can submit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hocba_app.simulators.smas import splitter
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.school_calendar import ensure_school
from hocba_app.simulators.smas.spec import parse
from hocba_app.simulators.smas.store import Store

OLD, NEW = "79500001", "79900001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    ensure_school(made, parse("lower_secondary+upper_secondary:students=14,special=0,classes=7,moment=year_end"))
    return made


def test_a_level_goes_to_a_school_of_its_own(store: Store) -> None:
    names = ("students", "enrolments", "classes", "results", "history", "staff")
    before = {name: store.records(OLD, name) for name in names}
    answer = splitter.split(store, {"from": OLD, "into": NEW, "level": "upper_secondary"})
    assert answer["left"] == "lower_secondary" and set(answer["classes"]) == {"10A1", "11A1", "12A1"}
    for name in names:
        here, there = store.records(OLD, name), store.records(NEW, name)
        assert not set(here) & set(there) and {**here, **there}.keys() == before[name].keys()
    assert {row["grade"] for row in store.records(NEW, "classes").values()} == {10, 11, 12}
    assert {row["student_id"] for row in store.records(NEW, "results").values()} == set(store.records(NEW, "students"))
    staff = store.records(NEW, "staff")
    assert [row["position"] for row in staff.values()].count("principal") == 1
    assert all(row["homeroom_staff_id"] in staff for row in store.records(NEW, "classes").values())
    assert all(row["staff_id"] in staff for row in store.records(NEW, "teaching_assignments").values())
    assert [store.school(code)["level"] for code in (OLD, NEW)] == ["lower_secondary", "upper_secondary"]  # type: ignore[index]


def test_not_a_level_it_does_not_teach_nor_into_a_code_that_is_taken(store: Store) -> None:
    for given in (
        {"from": OLD, "into": NEW, "level": "primary"},
        {"from": OLD, "into": OLD, "level": "upper_secondary"},
        {"from": "x", "into": NEW, "level": "upper_secondary"},
        None,
    ):
        with pytest.raises(Refused):
            splitter.split(store, given)
